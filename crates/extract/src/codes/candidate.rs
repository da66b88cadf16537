//! What in a text has the form of a code, whatever it means.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Something of the form of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Where it stands.
    pub(crate) place: Range<usize>,
    /// As it is typed.
    pub(crate) code: String,
    /// What it is made of.
    pub(crate) form: Form,
}

/// What a candidate is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Digits.
    Digits,
    /// Four digits that are a year.
    Year,
    /// Capital letters and digits.
    Mixed,
    /// Letters of both cases and digits, or small ones.
    Small,
    /// Capital letters alone.
    Letters,
    /// Digits parted by points, or more than eight: as often a sum or a number of something.
    Odd,
    /// Words joined by dashes.
    Words,
}

/// A text has at most so many; what comes after is not looked at.
const MOST: usize = 2_000;

static FORMS: LazyLock<Regex> = LazyLock::new(|| {
    // Longest first: of two forms at one place the first is taken.
    let forms = r"(?x)
        [0-9](?:\x20{1,3}[0-9]){3,7} | [0-9](?:-[0-9]){3,7}
        | [0-9]{3}(?:[\x20-][0-9]{3}){2} | [0-9]{4}[\x20-][0-9]{4} | [0-9]{3}[\x20-][0-9]{4} | [0-9]{3}[\x20-][0-9]{3}
        | [0-9]{2}(?:\x20[0-9]{2}){1,3} | [0-9]{2}(?:-[0-9]{2}){2,3}
        | [A-Z0-9]{1,5}(?:-[A-Z0-9]{2,8}){1,3}
        | [A-Z](?:\x20[A-Z0-9]){3,7}
        | [0-9]{3}(?:[.·•][0-9]{3}){1,2} | [0-9]{2}(?:[.·•][0-9]{2}){2}
        | [a-z]{3,10}(?:-[a-z0-9]{2,10}){1,3}
        | [A-Za-z0-9]{4,12}
    ";
    Regex::new(forms).expect("a regular expression")
});

static ADDRESSES: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"(?i)\b(?:https?://|www\.)[^\s<>"]+|[^\s<>"(]+@[^\s<>")]+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/[^\s<>"]+"#;
    Regex::new(text).expect("a regular expression")
});

/// The candidates of a folded text, in order.
pub(crate) fn candidates(text: &str) -> Vec<Candidate> {
    let mut addresses = ADDRESSES.find_iter(text).map(|found| found.range()).peekable();
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(found) = FORMS.find_at(text, from) {
        let place = found.range();
        while addresses.peek().is_some_and(|address| address.end <= place.start) {
            addresses.next();
        }
        if let Some(address) = addresses.peek().filter(|address| address.start < place.end) {
            from = address.end.max(place.start + 1);
            from = text.ceil_char_boundary(from);
            continue;
        }
        from = place.end;
        if stands_alone(text, &place)
            && let Some((code, form)) = formed(found.as_str())
        {
            all.push(Candidate { place, code, form });
            if all.len() == MOST {
                break;
            }
        } else {
            // The beginning of a longer run is no code, and neither is what is left of it.
            let rest = text[from..].bytes().take_while(u8::is_ascii_alphanumeric).count();
            from += rest;
        }
    }
    all
}

/// Whether nothing joins it to a longer number, name, price, time or version.
fn stands_alone(text: &str, place: &Range<usize>) -> bool {
    let before = &text[..place.start];
    let after = &text[place.end..];
    let mut back = before.chars().rev();
    let (last, last_but_one) = (back.next().unwrap_or(' '), back.next().unwrap_or(' '));
    if last.is_ascii_alphanumeric() || "_./\\@#$€£¥₹₽₩+=%&~*№°".contains(last) && last != '*' {
        return false;
    }
    if matches!(last, '-' | '\'' | '’' | ',') && last_but_one.is_alphanumeric() {
        return false;
    }
    if last == ':' && last_but_one.is_ascii_digit() {
        return false;
    }
    // "+1 415 555 0148", "$ 4,000", "1 234 567": what stands before belongs to it.
    if last == ' ' && (last_but_one.is_ascii_digit() || "$€£¥₹₽₩+#№".contains(last_but_one)) {
        let is_list =
            last_but_one.is_ascii_digit() && text[place.clone()].bytes().any(|b| b.is_ascii_uppercase());
        if !is_list {
            return false;
        }
    }
    let mut on = after.chars();
    let (next, next_but_one) = (on.next().unwrap_or(' '), on.next().unwrap_or(' '));
    if next.is_ascii_alphanumeric() || "%°€$£¥₹₽₩_@/\\=&+#".contains(next) {
        return false;
    }
    if matches!(next, '.' | ',' | ':' | '-' | '\'' | '’') && next_but_one.is_ascii_alphanumeric() {
        return false;
    }
    if next == ' ' && (next_but_one.is_ascii_digit() || "%€$£¥₹₽₩".contains(next_but_one)) {
        return false;
    }
    !is_amount(after)
}

/// Whether a currency or unit follows.
fn is_amount(after: &str) -> bool {
    const UNITS: [&str; 26] = [
        "eur", "usd", "gbp", "chf", "jpy", "kr", "kč", "zł", "руб", "грн", "円", "元", "원", "ft", "lei",
        "tl", "лв", "₫", "đ", "vnd", "km", "kg", "kwh", "mb", "gb", "px",
    ];
    let word: String = after.trim_start_matches(' ').chars().take(5).collect::<String>().to_lowercase();
    UNITS.iter().any(|unit| {
        word.strip_prefix(unit).is_some_and(|rest| rest.chars().next().is_none_or(|c| !c.is_alphanumeric()))
    })
}

/// The code of a form, and what it is made of; `None` when it is a word or a number of another length.
fn formed(text: &str) -> Option<(String, Form)> {
    let joined: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let digits = joined.bytes().filter(u8::is_ascii_digit).count();
    let capitals = joined.bytes().filter(u8::is_ascii_uppercase).count();
    if digits == joined.len() {
        let is_year = text.len() == 4 && (text.starts_with("19") || text.starts_with("20"));
        let form = if is_year { Form::Year } else { Form::Digits };
        let groups: Vec<usize> =
            text.split([' ', '-', '.', '·', '•']).map(str::len).filter(|length| *length > 0).collect();
        // 2025-03-14 and 14-03-2025 are days: groups of a code are alike, but for 482-0916.
        let is_grouped = groups.iter().all(|length| *length == groups[0]) || groups == [3, 4];
        let is_odd = joined.len() > 8 || text.contains(['.', '·', '•']);
        let form = if is_odd { Form::Odd } else { form };
        return (is_grouped && (4..=10).contains(&joined.len())).then_some((joined, form));
    }
    if capitals == 0 && text.contains('-') {
        return Some((text.to_owned(), Form::Words));
    }
    let code = if text.contains(' ') { joined.clone() } else { text.to_owned() };
    if digits + capitals == joined.len() {
        let form = if digits == 0 { Form::Letters } else { Form::Mixed };
        return (4..=12).contains(&joined.len()).then_some((code, form));
    }
    (digits > 0 && (5..=12).contains(&joined.len())).then_some((code, Form::Small))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let is_loose = |form| matches!(form, Form::Letters | Form::Odd | Form::Words);
        candidates(text).into_iter().filter(|one| !is_loose(one.form)).map(|one| one.code).collect()
    }

    #[test]
    fn codes_are_joined_from_their_groups_and_keep_the_dashes_of_letters() {
        for (text, code) in [
            ("739204", "739204"),
            ("is 581 046.", "581046"),
            ("1582 7046", "15827046"),
            ("07 41 33", "074133"),
            ("4 8 2 9 1 3", "482913"),
            ("(482-0916)", "4820916"),
            ("[281-640]", "281640"),
            ("G-204881 is", "G-204881"),
            ("是067318，五", "067318"),
            ("code:K7Q2MX", "K7Q2MX"),
            ("G7-4K9Q", "G7-4K9Q"),
        ] {
            assert_eq!(found(text), [code], "{text}");
        }
    }

    #[test]
    fn what_belongs_to_something_longer_is_no_candidate() {
        for text in [
            "+1 415 555 0148",
            "0800 555 0123",
            "$4000",
            "$72.00",
            "4,829.13",
            "192.0.2.33",
            "#48213",
            "№ 4418207",
            "2025-03-18",
            "11:04:09",
            "v5.2.1",
            "https://a.test/482913",
            "app.test/v/270463",
            "a482913@b.test",
            "4000 EUR",
            "1999 €",
            "1234567890",
            "20%",
            "7d1b0c4e-93fa-4a0e-b1f2-5c2e8a6d9f10",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
