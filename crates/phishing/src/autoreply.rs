//! Subjects that programs put on their answers: automatic replies and notes of absence, in the words of common mail
//! programs.
//!
//! A person may write of such an answer ("Re: Automatic reply: ..."), or about offices and absence. So the words must begin the
//! subject, and end it or be set off from what follows, as programs do.

/// By language; lower case.
const PHRASES: [(&str, &[&str]); 15] = [
    (
        "en",
        &[
            "automatic reply",
            "auto reply",
            "auto-reply",
            "autoreply",
            "auto response",
            "auto-response",
            "autoresponse",
            "automatic response",
            "automated reply",
            "automated response",
            "out of office",
            "out-of-office",
            "out of the office",
            "out of office autoreply",
            "out of office reply",
            "vacation reply",
            "vacation auto-reply",
            "away from the office",
            "away from my mail",
            "i am out of the office",
            "i'm out of the office",
        ],
    ),
    (
        "de",
        &[
            "automatische antwort",
            "automatische rückantwort",
            "autom. antwort",
            "autoantwort",
            "abwesenheitsnotiz",
            "abwesenheitsmeldung",
            "abwesenheitsnachricht",
            "automatische abwesenheitsnotiz",
            "abwesenheit",
        ],
    ),
    (
        "fr",
        &[
            "réponse automatique",
            "reponse automatique",
            "absence du bureau",
            "absent du bureau",
            "absente du bureau",
            "message d'absence",
            "message d’absence",
            "notification d'absence",
            "avis d'absence",
        ],
    ),
    (
        "es",
        &[
            "respuesta automática",
            "respuesta automatica",
            "contestación automática",
            "fuera de la oficina",
            "fuera de oficina",
            "ausencia de la oficina",
            "aviso de ausencia",
        ],
    ),
    (
        "it",
        &[
            "risposta automatica",
            "fuori sede",
            "fuori ufficio",
            "assenza dall'ufficio",
            "messaggio di assenza",
            "avviso di assenza",
        ],
    ),
    (
        "pt",
        &[
            "resposta automática",
            "resposta automatica",
            "fora do escritório",
            "ausência do escritório",
            "ausente do escritório",
            "ausência temporária",
            "mensagem de ausência",
        ],
    ),
    (
        "nl",
        &[
            "automatisch antwoord",
            "automatische reactie",
            "automatisch bericht",
            "afwezigheidsbericht",
            "afwezigheidsmelding",
            "niet op kantoor",
        ],
    ),
    (
        "nordic",
        &[
            "automatiskt svar",
            "autosvar",
            "frånvaromeddelande",
            "automatisk svar",
            "fraværsbesked",
            "fraværsmelding",
            "ikke på kontoret",
            "ikke til stede",
            "inte på kontoret",
            "automaattinen vastaus",
            "poissaoloilmoitus",
        ],
    ),
    (
        "pl, cs",
        &[
            "automatyczna odpowiedź",
            "odpowiedź automatyczna",
            "autoodpowiedź",
            "poza biurem",
            "nieobecność w biurze",
            "automatická odpověď",
            "mimo kancelář",
        ],
    ),
    (
        "ru, uk",
        &[
            "автоматический ответ",
            "автоответ",
            "автоматическое уведомление об отсутствии",
            "вне офиса",
            "нет на работе",
            "автоматична відповідь",
            "автовідповідь",
            "поза офісом",
        ],
    ),
    ("tr", &["otomatik yanıt", "otomatik cevap", "ofis dışında", "ofis dışındayım"]),
    ("ja", &["自動応答", "自動返信", "自動返信メール", "不在通知", "不在のお知らせ", "不在メッセージ"]),
    ("zh", &["自动回复", "自動回覆", "自动答复", "自動回復", "不在办公室", "不在辦公室", "外出自动回复"]),
    ("ko", &["자동 회신", "자동회신", "자동 응답", "자동응답", "부재중 알림", "부재 중", "부재중"]),
    ("ar", &["رد تلقائي", "الرد التلقائي", "خارج المكتب"]),
];

/// Whether a program's automatic answer begins so.
pub(crate) fn is_subject(subject: &str) -> bool {
    let subject = subject.trim_start().trim_start_matches(['[', '(', '【', '［', '（', '<', '*', '"', '«']);
    // What is compared is short, however long the subject is.
    let start: String = subject.chars().take(64).flat_map(char::to_lowercase).collect();
    let start = start.split_whitespace().collect::<Vec<_>>().join(" ");
    PHRASES
        .iter()
        .flat_map(|(_, phrases)| *phrases)
        .any(|phrase| start.strip_prefix(phrase).is_some_and(is_set_off))
}

/// The end, or what programs put between their words and the subject they answer.
fn is_set_off(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.chars().next().is_none_or(|c| ":：-–—([（【])】］）>*\"»|!".contains(c))
        || ["re:", "re ", "aw:", "fwd:"].iter().any(|mark| rest.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_put_before_their_answers_is_known_in_many_languages() {
        for subject in [
            "Automatic reply: Your order",
            "Out of Office: Jane Doe",
            "OUT OF OFFICE Re: Invoice",
            "Auto-Reply",
            "[Auto-reply] Ticket",
            "Out of the office (back on Monday)",
            "Automatische Antwort: Rechnung",
            "Abwesenheitsnotiz: Angebot",
            "Réponse automatique : Facture",
            "Respuesta automática: Pedido",
            "Fuera de la oficina",
            "Risposta automatica: Ordine",
            "Resposta automática: Pedido",
            "Automatisch antwoord: Factuur",
            "Automatiskt svar: Faktura",
            "Fraværsmelding",
            "Odpowiedź automatyczna: Faktura",
            "Автоматический ответ: Счёт",
            "Автоответ",
            "Otomatik yanıt: Fatura",
            "自動返信: ご注文",
            "【自動返信】お問い合わせ",
            "自动回复：订单",
            "자동 회신: 주문",
            "رد تلقائي: فاتورة",
            "  automatic   reply:  x",
        ] {
            assert!(is_subject(subject), "{subject}");
        }
    }

    #[test]
    fn what_people_write_of_such_things_is_no_automatic_answer() {
        for subject in [
            "Re: Automatic reply: Your order",
            "Fwd: Out of Office: Jane",
            "Out of office policy for the summer",
            "Automatic reply settings do not work",
            "How do I set an automatic reply?",
            "Out of the office supplies again",
            "Abwesenheit nächste Woche",
            "AW: Abwesenheitsnotiz: Angebot",
            "Antwort auf Ihre Anfrage",
            "Réponse à votre demande",
            "Réponse automatique ne fonctionne pas",
            "Fuera de la oficina no hay cobertura",
            "Respuesta a su pregunta",
            "Fuori sede domani",
            "Vacation photos",
            "Отпуск в июле",
            "Вне офиса встретимся",
            "自動返信の設定について",
            "自动回复功能怎么设置",
            "부재중 전화",
            "Auto replies considered harmful",
            "Order update: automatic reply",
            "",
            "Hello",
        ] {
            assert!(!is_subject(subject), "{subject}");
        }
    }
}
