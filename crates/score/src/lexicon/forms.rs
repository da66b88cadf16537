//! Further forms of words in languages that bend them, and the ordinary phrases that hold a word of an attack.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (
        // "Do not forget": the opposite of an override. And the orders that shops talk of.
        Noise,
        "n'oublie pas|n'oubliez pas|n'oublie jamais|ne pas oublier|vergiss nicht|vergessen sie nicht|nicht vergessen|no olvides|no olvide|no te olvides|no se olvide|non dimenticare|non dimenticate|não se esqueça|não esqueça|não se esqueçam|vergeet niet|niet vergeten|glöm inte|glem ikke|ikke glem|nie zapomnij|nie zapomnijcie|nezapomeň|nezapomeňte|не забудь|не забудьте|не забывай|не забувай|не забудьмо|unutma|unutmayın|jangan lupa|jangan lupakan|đừng quên|nu uita|nu uitați|ne felejtsd|ne felejtse|μην ξεχάσ*|μην ξεχνά*|*אל תשכח*|*לא לשכוח*|*لا تنس*|别忘|別忘|不要忘记|忘れないで|忘れずに|お忘れなく|잊지 마|잊지 말|*मत भूल*|*न भूल*|älä unohda|don't forget|do not forget|order ⟨number/no/id/confirmation/status/details/form⟩*|⟨your/my/our/his/her/the/this/that/an/purchase⟩ ⟨order/orders⟩|in order to|order of|in good order",
    ),
    (
        Ai,
        "modelem językowym|modelu językowego|asystentem ai|asystenta ai|agentem ai|jazykový model|jazykovým modelem|ai asistenta|ai asistentem|ai asistente|мовна модель|мовною моделлю|ші-асистент*|ші-агент*|языковой моделью|agents ia|agent ia|assistants ia|assistant ia|agentes de ia|agente de ia|asistentes de ia|assistenti ia|assistente ia|agenti ia|assistentes de ia|ai-assistenten|ai-agenten|ai-assistent|ai-agent|ki-agent*|ki-assistent*|språkmodell|sprogmodel",
    ),
    (
        Vocative,
        "aux|à tous les|à toutes les|agli|alle|jeśli jesteś|jeżeli jesteś|dla|do asystenta|pokud jsi|jestliže jsi|pro ai|якщо ти|для ші*|için not:|-na not:|till ai*|til ai*",
    ),
    (
        Reading,
        "qui lisent ce|qui lit ce|qui lisez ce|qui traitent ce|que leen este|que lee este|que leen esta|que procesan este|che leggono questa|che leggono questo|che legge questa|che legge questo|che elaborano questo|que leem este|que lê este|que leem esta|que processam este|die deze mail lezen|die dit lezen|die dit bericht lezen|die deze e-mail lezen|die diese mail lesen|die dies lesen|die diese nachricht lesen|które czytają ten|który czyta ten|kteří čtou tento|který čte tento|які читають цей|который читает это|которые читают это",
    ),
    (
        Steer,
        "ve své odpovědi|ve svém shrnutí|v odpovědi napiš|у своїй відповіді|у своєму підсумку|в своєму підсумку|в своём ответе|в своей сводке|w swojej odpowiedzi|w swoim podsumowaniu|yanıtında|yanıtına|özetinde|özetine|i ditt svar|i din sammanfattning|i dit svar|i dit resumé|in je samenvatting|in je antwoord|in uw samenvatting|dans votre résumé|dans ton résumé|dans ta réponse|dans votre réponse|en tu resumen|en tu respuesta|en su resumen|nel tuo riassunto|nella tua risposta|no seu resumo|na sua resposta|no teu resumo",
    ),
    (
        Secret,
        "einmalpasswort*|einmalkennwort*|einmal-code*|einmalcode*|zugangscode*|zugangsdaten|anmeldecode*",
    ),
    (
        Mine,
        "everything i|everything that i|everything i said|all that i|anything i said|everything we|what i said|alles, was ich|tout ce que j'ai|todo lo que dije|tutto quello che ho detto|tudo o que eu disse|alles wat ik",
    ),
    (
        Everything,
        "allt du har fått höra|allt du fått höra|allt du blivit tillsagd|allt du har lärt|alt du har fått beskjed|alt du er blevet|alt du har lært",
    ),
    (
        Talk,
        "tokenizer*|tokeniser*|tokenisation|tokenization|chat template*|chat-template*|stop token*|special token*|template tag*|end-of-turn|sicherheitslücke*|angreifer*",
    ),
];
