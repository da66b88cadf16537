//! The new text of a mail: without what it quotes, and without signatures.
//!
//! Answers between quotes are new, and stay. Of a forwarded mail all is kept: it is what was sent.

use std::borrow::Cow;

/// Above this many bytes a line is text, whatever it begins with.
const LONG_LINE: usize = 400;

/// Ends of the line that a mail program puts above a quote: "On ... wrote:".
const WROTE: [&str; 44] = [
    "wrote:",
    "writes:",
    "schrieb:",
    "geschrieben:",
    "a écrit :",
    "a écrit:",
    "a écrit\u{a0}:",
    "écrit :",
    "escribió:",
    "escribio:",
    "ha scritto:",
    "scrisse:",
    "escreveu:",
    "schreef:",
    "schreef het volgende:",
    "skrev:",
    "skrev følgende:",
    "napisał(a):",
    "napisał:",
    "napisała:",
    "pisze:",
    "kirjoitti:",
    "napsal(a):",
    "napsal:",
    "napsala:",
    "yazdı:",
    "şunu yazdı:",
    "написал(а):",
    "написал:",
    "написала:",
    "пишет:",
    "написав(ла):",
    "написав:",
    "пише:",
    "написа:",
    "έγραψε:",
    "a scris:",
    "írta:",
    "menulis:",
    "va escriure:",
    "napisao je:",
    "je napisao/la:",
    "đã viết:",
    "ezt írta:",
];
/// The same where sentences end otherwise.
const WROTE_ELSEWHERE: [&str; 16] = [
    "写道：",
    "写道:",
    "寫道：",
    "寫道:",
    "のメール:",
    "のメール：",
    "書きました:",
    "書きました：",
    "님이 작성:",
    "작성:",
    "썼습니다:",
    "كتب:",
    "نوشت:",
    "כתב:",
    "ने लिखा:",
    "เขียนว่า:",
];
/// Lines below which a program puts the mail that is answered.
const ORIGINAL: [&str; 22] = [
    "original message",
    "ursprüngliche nachricht",
    "originalnachricht",
    "message d'origine",
    "message original",
    "mensaje original",
    "messaggio originale",
    "mensagem original",
    "oorspronkelijk bericht",
    "oryginalna wiadomość",
    "wiadomość oryginalna",
    "ursprungligt meddelande",
    "oprindelig meddelelse",
    "opprinnelig melding",
    "alkuperäinen viesti",
    "původní zpráva",
    "özgün ileti",
    "исходное сообщение",
    "оригінальне повідомлення",
    "原始邮件",
    "元のメッセージ",
    "원본 메시지",
];
/// Header fields of a quoted mail, as Outlook writes them.
const FROM: [&str; 26] = [
    "from:",
    "von:",
    "de:",
    "de :",
    "da:",
    "van:",
    "od:",
    "från:",
    "fra:",
    "lähettäjä:",
    "kimden:",
    "gönderen:",
    "от:",
    "від:",
    "από:",
    "feladó:",
    "dari:",
    "từ:",
    "发件人:",
    "发件人：",
    "寄件者:",
    "差出人:",
    "보낸 사람:",
    "من:",
    "מאת:",
    "प्रेषक:",
];
const SENT: [&str; 28] = [
    "sent:",
    "date:",
    "gesendet:",
    "datum:",
    "envoyé:",
    "envoyé :",
    "date :",
    "enviado:",
    "enviado el:",
    "enviada em:",
    "fecha:",
    "inviato:",
    "data:",
    "verzonden:",
    "wysłano:",
    "skickat:",
    "sendt:",
    "lähetetty:",
    "odesláno:",
    "gönderildi:",
    "отправлено:",
    "дата:",
    "надіслано:",
    "发送时间:",
    "发送时间：",
    "送信日時:",
    "보낸 날짜:",
    "תאריך:",
];
const TO_OR_SUBJECT: [&str; 40] = [
    "to:",
    "an:",
    "à:",
    "à :",
    "para:",
    "a:",
    "aan:",
    "do:",
    "till:",
    "til:",
    "komu:",
    "kime:",
    "кому:",
    "收件人:",
    "收件人：",
    "宛先:",
    "받는 사람:",
    "إلى:",
    "אל:",
    "subject:",
    "betreff:",
    "objet:",
    "objet :",
    "asunto:",
    "oggetto:",
    "assunto:",
    "onderwerp:",
    "temat:",
    "ämne:",
    "emne:",
    "aihe:",
    "předmět:",
    "konu:",
    "тема:",
    "主题:",
    "主题：",
    "件名:",
    "제목:",
    "الموضوع:",
    "נושא:",
];
/// What telephones put below.
const SENT_FROM: [&str; 14] = [
    "sent from my ",
    "von meinem ",
    "gesendet von ",
    "envoyé de mon ",
    "enviado desde mi ",
    "enviado do meu ",
    "inviato da ",
    "verstuurd vanaf ",
    "wysłane z ",
    "skickat från min ",
    "sendt fra min ",
    "отправлено с ",
    "iphoneから送信",
    "发自我的",
];
/// What stands before the subject of an answer.
const ANSWERS: [&str; 18] = [
    "re:",
    "aw:",
    "sv:",
    "vs:",
    "antw:",
    "odp:",
    "ynt:",
    "ref:",
    "rif:",
    "res:",
    "re：",
    "回复:",
    "回复：",
    "回覆:",
    "返信:",
    "답장:",
    "ha:",
    "bls:",
];

/// The new text of a mail.
pub fn new_text(text: &str) -> Cow<'_, str> {
    let lines: Vec<&str> = text.lines().collect();
    let mut kept: Vec<&str> = Vec::with_capacity(lines.len());
    let mut has_cut = false;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        if is_quoted(line) {
            has_cut = true;
            at += 1;
        } else if let Some(next) = attribution(&lines, at) {
            has_cut = true;
            at = next;
        } else if begins_original(&lines, at) {
            // All below is the mail that is answered.
            has_cut = true;
            break;
        } else if line == "-- " || (line == "--" && at > 0) || is_sent_from(line, &lines[at + 1..]) {
            has_cut = true;
            // Below a signature may come the quote, and below that an answer to it.
            at += 1;
            while at < lines.len() && !is_quoted(lines[at]) && attribution(&lines, at).is_none() {
                if begins_original(&lines, at) {
                    at = lines.len();
                    break;
                }
                at += 1;
            }
        } else {
            kept.push(line);
            at += 1;
        }
    }
    if !has_cut {
        return Cow::Borrowed(text);
    }
    Cow::Owned(joined(&kept))
}

/// Whether a subject says that a mail is an answer.
pub(crate) fn is_answer(subject: &str) -> bool {
    let subject = crate::fold::cut(subject.trim_start(), 40).to_lowercase();
    ANSWERS.iter().any(|prefix| subject.starts_with(prefix))
}

fn is_quoted(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('>') && !line.starts_with(">>>>>>>")
}

/// Where the text goes on after the line, or two or three, above a quote; `None`: there is no such line here.
fn attribution(lines: &[&str], at: usize) -> Option<usize> {
    let first = lines[at].trim();
    if first.is_empty() || first.len() > LONG_LINE {
        return None;
    }
    for count in 1..=3 {
        let line = lines.get(at + count - 1)?.trim();
        if line.is_empty() || line.len() > LONG_LINE {
            return None;
        }
        if is_wrote(line) {
            // A time or an address stands in it: else somebody tells what somebody wrote.
            let whole = lines[at..at + count].iter();
            let has_when =
                whole.clone().any(|line| line.contains('@') || line.bytes().any(|b| b.is_ascii_digit()));
            let quotes_next = lines[at + count..]
                .iter()
                .find(|line| !line.trim().is_empty())
                .is_none_or(|line| is_quoted(line));
            return (has_when && (quotes_next || count == 1 && names_somebody(first))).then_some(at + count);
        }
    }
    None
}

/// Whether a line has an address or a time of day in it, as only such lines have both with "wrote:".
fn names_somebody(line: &str) -> bool {
    let has_time = line.as_bytes().windows(5).any(|five| {
        five[0].is_ascii_digit()
            && five[1].is_ascii_digit()
            && matches!(five[2], b':' | b'.')
            && five[3].is_ascii_digit()
            && five[4].is_ascii_digit()
    });
    (line.contains('<') && line.contains('@')) || has_time
}

fn is_wrote(line: &str) -> bool {
    let line = line.to_lowercase();
    let ends = |list: &[&str]| list.iter().any(|end| line.ends_with(end));
    // "schrieb Mia <mia@a.test>:" has the name behind the word.
    let inside = || {
        line.ends_with(':')
            && [" schrieb ", " schreef ", " skrev ", "écrit", " kirjoitti "]
                .iter()
                .any(|word| line.contains(word))
    };
    ends(&WROTE) || ends(&WROTE_ELSEWHERE) || inside()
}

/// Whether the mail that is answered begins here, without marks.
fn begins_original(lines: &[&str], at: usize) -> bool {
    let line = lines[at].trim();
    if line.is_empty() || line.len() > LONG_LINE {
        return false;
    }
    let low = line.to_lowercase();
    if low.starts_with('-') && ORIGINAL.iter().any(|words| low.contains(words)) {
        return true;
    }
    // From and a date within the next lines, and no "forwarded" above them.
    let is_field = |line: &str, names: &[&str]| {
        let low = crate::fold::cut(line.trim_start_matches(['*', ' ']), 40)
            .to_lowercase()
            .replace("*:", ":")
            .replace(":*", ":");
        names.iter().any(|name| low.starts_with(name))
    };
    if !is_field(line, &FROM) || at == 0 {
        return false;
    }
    let above = lines[..at].iter().rev().take(3).any(|line| {
        let line = line.trim();
        line.starts_with("----") && !ORIGINAL.iter().any(|words| line.to_lowercase().contains(words))
            || line.to_lowercase().starts_with("begin forwarded")
    });
    let next = || lines[at + 1..].iter().take(5);
    !above && next().any(|line| is_field(line, &SENT)) && next().any(|line| is_field(line, &TO_OR_SUBJECT))
}

/// Whether a line is what a telephone puts below, and nothing but a quote comes after it.
fn is_sent_from(line: &str, rest: &[&str]) -> bool {
    let line = line.trim();
    if line.is_empty() || line.len() > 80 {
        return false;
    }
    let low = line.to_lowercase();
    SENT_FROM.iter().any(|words| low.starts_with(words))
        && rest
            .iter()
            .find(|line| !line.trim().is_empty())
            .is_none_or(|line| is_quoted(line) || is_wrote(line.trim()))
}

/// The lines again, without the empty ones around and between what was cut.
fn joined(lines: &[&str]) -> String {
    let mut out = String::new();
    let mut empty = 0;
    for line in lines {
        if line.trim().is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        out.push_str(line.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_what_stands_above_its_quote() {
        for above in [
            "On Mon, 3 Mar 2025 at 10:00, Mia <mia@a.test> wrote:",
            "On Mon, 3 Mar 2025 at 10:00, Mia Long-Name\n<mia@a.test> wrote:",
            "Am 03.03.2025 um 10:00 schrieb Mia:",
            "Am Mo., 3. März 2025 um 10:00 Uhr schrieb Mia <mia@a.test>:",
            "Le lun. 3 mars 2025 à 10:00, Mia <mia@a.test> a écrit :",
            "El lun, 3 mar 2025 a las 10:00, Mia (<mia@a.test>) escribió:",
            "Il giorno lun 3 mar 2025 alle ore 10:00 Mia <mia@a.test> ha scritto:",
            "Em seg., 3 de mar. de 2025 às 10:00, Mia <mia@a.test> escreveu:",
            "Op ma 3 mrt 2025 om 10:00 schreef Mia <mia@a.test>:",
            "Den mån 3 mars 2025 kl 10:00 skrev Mia <mia@a.test>:",
            "pon., 3 mar 2025 o 10:00 Mia <mia@a.test> napisał(a):",
            "пн, 3 мар. 2025 г. в 10:00, Mia <mia@a.test>:\nMia написал(а):",
            "3 Mar 2025 Pzt, 10:00 tarihinde Mia <mia@a.test> şunu yazdı:",
            "Mia <mia@a.test> 于2025年3月3日周一 10:00写道：",
            "2025年3月3日(月) 10:00 Mia <mia@a.test>のメール:",
            "2025년 3월 3일 (월) 오전 10:00, Mia <mia@a.test>님이 작성:",
            "po 3. 3. 2025 v 10:00 odesílatel Mia <mia@a.test> napsal:",
        ] {
            let text = format!("Noon is fine.\n\n{above}\n> Lunch?\n> Mia\n");
            assert_eq!(new_text(&text), "Noon is fine.", "{above}");
        }
    }

    #[test]
    fn answers_between_quotes_are_kept() {
        let text = "Hi,\n\nOn 3 Mar 2025 at 10:00, Mia <mia@a.test> wrote:\n> Where?\n\nAt the harbour.\n\n> When?\nAt noon.\n\n-- \nBob\nTel 123\n";
        assert_eq!(new_text(text), "Hi,\n\nAt the harbour.\n\nAt noon.");
    }

    #[test]
    fn what_outlook_puts_below_goes_and_a_forwarded_mail_stays() {
        let answer = "Yes.\n\nVon: Mia <mia@a.test>\nGesendet: Montag, 3. März 2025 10:00\nAn: Bob\nBetreff: Lunch\n\nLunch?";
        assert_eq!(new_text(answer), "Yes.");
        assert_eq!(new_text("Yes.\n-----Original Message-----\nFrom: Mia\n\nLunch?"), "Yes.");
        let forward = "See below.\n\n---------- Forwarded message ---------\nFrom: Mia <mia@a.test>\nDate: Mon\nSubject: Lunch\n\nLunch?";
        assert_eq!(new_text(forward), forward);
    }

    #[test]
    fn text_that_only_looks_like_it_is_kept() {
        for text in [
            "She wrote:\nbe there at noon.",
            "In 1999 she wrote:\nbe there at noon.",
            "From: the harbour\nTo: the hill",
            "a -- b\n--- c",
            "Sent from my heart\nand meant.",
            "",
        ] {
            assert_eq!(new_text(text), text, "{text}");
        }
        assert_eq!(new_text("Fine.\n\nSent from my iPhone\n"), "Fine.");
    }
}
