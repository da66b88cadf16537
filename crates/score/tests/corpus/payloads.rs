//! The attack is where a reader, and the scorer, can find it.

use mailward_score::{Sample, texts};

use crate::mails::{corpus, demand};

/// Mails whose payload the scorer's views do not decode: rot13 and reversal with few of the words they are known by, and
/// base64 right behind an equals sign. A gap of the scorer, not of the mails; nothing is added here for another reason.
const NOT_DECODED: [&str; 8] =
    ["s01-079", "s01-081", "s29-019", "s30-027", "s42-059", "s43-080", "s54-025", "s55-029"];

#[test]
fn every_payload_is_found_in_a_view_of_its_mail() {
    let mut faults = Vec::new();
    for mail in corpus().iter().filter(|mail| mail.is_injection()) {
        if NOT_DECODED.contains(&mail.id.as_str()) {
            continue;
        }
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

/// The letters and digits of a text alone, lower case. Digits become the letters that the scorer may take them for:
/// whether it does depends on the characters around them.
pub(crate) fn letters(text: &str) -> String {
    let plain = |c| match c {
        '0' => 'o',
        '1' | 'l' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().flat_map(char::to_lowercase).map(plain).filter(|c| c.is_alphanumeric()).collect()
}

/// What words may look like in a view: folded as a text, folded as a subject (of which nothing counts as quoted), and as
/// they stand.
pub(crate) fn forms(words: &str) -> [String; 3] {
    let folded = texts(&Sample::text(words));
    let folded: String =
        folded.into_iter().filter(|(name, _)| !name.starts_with("decoded")).map(|(_, text)| text).collect();
    let subject = texts(&Sample { subject: words, ..Sample::default() });
    let subject = subject.first().map(|(_, text)| letters(text)).unwrap_or_default();
    [letters(&folded), subject, letters(words)]
}
