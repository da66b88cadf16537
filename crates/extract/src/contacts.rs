//! People and ways to reach them: who wrote, and whom the text names.

use std::sync::LazyLock;

use regex::Regex;

use crate::fold::{cut, folded};
use crate::{Contact, Source};

/// At most so many.
const MOST: usize = 20;

static ADDRESSES: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}";
    Regex::new(text).expect("a regular expression")
});

static PHONES: LazyLock<Regex> = LazyLock::new(|| {
    let said = r"(?i:tel|tél|phone|call|mobile|mobil|fon|fax|telefono|teléfono|telefone|telefon|телефон|тел|電話|电话|전화|هاتف|טלפון|फोन)[.:]*\x20{0,2}";
    let text = format!(
        r"(?:{said}(?P<said>\+?[0-9(][0-9()\x20./-]{{6,20}}[0-9]))|(?P<plain>\+[0-9][0-9()\x20./-]{{7,20}}[0-9])"
    );
    Regex::new(&text).expect("a regular expression")
});

/// The contacts of a mail; its author first.
pub(crate) fn contacts(source: &Source<'_>, text: &str) -> Vec<Contact> {
    let text = folded(cut(text, 128 * 1024)).text;
    let mut all = Vec::new();
    if !source.from.is_empty() {
        all.push(Contact {
            name: present(source.from_name),
            email: present(source.from),
            ..Contact::default()
        });
    }
    for found in ADDRESSES.find_iter(&text) {
        let email = found.as_str().trim_end_matches(['.', '-']);
        let known =
            all.iter().any(|one| one.email.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(email)));
        if !known && all.len() < MOST {
            all.push(Contact {
                name: name_before(&text[..found.start()]),
                email: present(email),
                ..Contact::default()
            });
        }
    }
    for found in PHONES.captures_iter(&text) {
        let Some(phone) = found.name("said").or_else(|| found.name("plain")) else { continue };
        let digits: String = phone.as_str().chars().filter(char::is_ascii_digit).collect();
        let same = |one: &Contact| {
            one.phone
                .as_deref()
                .is_some_and(|known| known.chars().filter(char::is_ascii_digit).eq(digits.chars()))
        };
        if (7..=15).contains(&digits.len()) && !all.iter().any(same) && all.len() < MOST {
            all.push(Contact { phone: present(phone.as_str()), ..Contact::default() });
        }
    }
    all
}

/// The name before an address in angle brackets.
fn name_before(before: &str) -> Option<String> {
    let line = before[before.floor_char_boundary(before.len().saturating_sub(200))..].rsplit('\n').next()?;
    let name = line.trim_end().strip_suffix('<')?.trim();
    let name = name.rsplit([',', ';', ':']).next()?.trim().trim_matches('"');
    let words = name.split_whitespace().count();
    (1..=5).contains(&words).then(|| name.to_owned())
}

fn present(text: &str) -> Option<String> {
    let text = cut(text.trim(), 320);
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_author_comes_first_and_nobody_twice() {
        let source = Source { from: "mia@a.test", from_name: "Mia", ..Source::default() };
        let found = contacts(
            &source,
            "Write MIA@a.test, Bob Lee <bob@b.test> or call: 0800 555 0123. Order 12345678.",
        );
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!((found[0].name.as_deref(), found[0].email.as_deref()), (Some("Mia"), Some("mia@a.test")));
        assert_eq!(
            (found[1].name.as_deref(), found[1].email.as_deref()),
            (Some("Bob Lee"), Some("bob@b.test"))
        );
        assert_eq!(found[2].phone.as_deref(), Some("0800 555 0123"));
    }
}
