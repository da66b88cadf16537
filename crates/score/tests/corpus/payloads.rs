//! The attack is where a reader, and the scorer, can find it.

use mailward_score::{Sample, texts};

use crate::mails::{corpus, demand};

#[test]
fn every_payload_is_found_in_a_view_of_its_mail() {
    let mut faults = Vec::new();
    for mail in corpus().iter().filter(|mail| mail.is_injection()) {
        let views: Vec<String> = mail.letter().views().iter().map(|(_, text)| letters(text)).collect();
        let whole = mail.payload.as_slice();
        for words in mail.payload_parts.as_deref().unwrap_or(whole) {
            if !views.iter().any(|view| forms(words).iter().any(|form| view.contains(form))) {
                faults.push(format!(
                    "{}: no view has {words:?}; copy the payload as it stands in the decoded mail, or give its pieces \
                     as payload_parts",
                    mail.place()
                ));
            }
        }
    }
    demand(&faults);
}

/// The letters and digits of a text alone, lower case.
pub(crate) fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What the words may be folded to: what counts as a disguise depends on the words around it.
pub(crate) fn forms(words: &str) -> Vec<String> {
    let folded: String =
        texts(&Sample::text(words)).into_iter().filter(|(name, _)| !name.starts_with("decoded")).map(|(_, text)| text).collect();
    let subject = texts(&Sample { subject: words, ..Sample::default() });
    let subject = subject.first().map(|(_, text)| letters(text)).unwrap_or_default();
    vec![letters(&folded), subject, letters(words)]
}
