//! Where in a text the writer's own words end: an answered mail below, a signature, a footer.
//!
//! Such a stretch is named, not cut out: an attack must not get lost by standing across its border.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Words that start a footer. Each is what a mailing or a firm is bound to say.
const FOOTERS: [&str; 34] = [
    "unsubscribe",
    "you are receiving this",
    "you received this email",
    "manage your preferences",
    "this message and any attachment",
    "this email and any attachment",
    "this e-mail and any attachment",
    "is confidential and",
    "are confidential and",
    "if you are not the intended recipient",
    "all rights reserved",
    "abbestellen",
    "abmelden",
    "diese e-mail enthält vertrauliche",
    "desabonner",
    "désabonner",
    "désinscrire",
    "ce message est confidentiel",
    "darse de baja",
    "cancelar suscripción",
    "cancelar la suscripción",
    "este mensaje es confidencial",
    "annulla l'iscrizione",
    "disiscriv",
    "cancelar inscrição",
    "afmelden",
    "uitschrijven",
    "avsluta prenumeration",
    "afmeld",
    "wypisz się",
    "отписаться",
    "退订",
    "配信停止",
    "수신거부",
];

/// Lines above an answered mail. They stand at the start of a line.
const ANSWERED: [&str; 9] = [
    "-----Original Message-----",
    "-----Ursprüngliche Nachricht-----",
    "----- Original Message",
    "---------- Forwarded message",
    "-------- Forwarded Message",
    "-----Message d'origine-----",
    "-----Mensaje original-----",
    "-----Messaggio originale-----",
    "Begin forwarded message:",
];

/// Names the stretches of a plain text. In order, not overlapping.
pub(crate) fn regions(text: &str) -> Vec<(Range<usize>, &'static str)> {
    static FOOTER: LazyLock<AhoCorasick> = LazyLock::new(|| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(FOOTERS)
            .expect("the phrases make an automaton")
    });
    const FOOTER_REACH: usize = 1500;
    crate::work::count(text.len());
    let mut end = text.len();
    let mut out = Vec::new();
    if let Some(at) = line_starts(text).find(|at| ANSWERED.iter().any(|mark| text[*at..].starts_with(mark))) {
        out.push((at..end, "quoted"));
        end = at;
    }
    // RFC 3676 4.3: a signature stands below "-- ".
    let signature = line_starts(&text[..end])
        .filter(|at| {
            let line = text[*at..end].lines().next().unwrap_or_default();
            line == "-- " || line == "--"
        })
        .last();
    if let Some(at) = signature {
        out.push((at..end, "signature"));
        end = at;
    }
    let from = text.floor_char_boundary(end.saturating_sub(FOOTER_REACH));
    if let Some(found) = FOOTER.find(&text[from..end]) {
        let lead = &text[..from + found.start()];
        let start = lead.rfind("\n\n").map_or(from, |at| at + 2).max(from);
        out.push((start..end, "footer"));
    }
    out.reverse();
    out
}

fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<(&str, &'static str)> {
        regions(text).into_iter().map(|(place, name)| (&text[place], name)).collect()
    }

    #[test]
    fn signature_footer_and_answered_mail_are_told_apart() {
        let text = "Yes.\n\nYou may unsubscribe here.\n\n-- \nBo\n-----Original Message-----\nCome?";
        assert_eq!(
            named(text),
            [
                ("You may unsubscribe here.\n\n", "footer"),
                ("-- \nBo\n", "signature"),
                ("-----Original Message-----\nCome?", "quoted"),
            ]
        );
    }

    #[test]
    fn a_text_of_its_own_words_has_no_regions() {
        for text in ["", "Hello -- there", "a\n---\nb", "Original Message below"] {
            assert!(regions(text).is_empty(), "{text:?}");
        }
    }
}
