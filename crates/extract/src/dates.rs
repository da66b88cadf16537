//! Days that a text names. A day without a year is the next such day, and said to be a guess.

use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::Date;
use regex::{Captures, Regex};

use crate::When;
use crate::amounts::label;
use crate::fold::folded;

/// At most so many.
const MOST: usize = 50;

/// Beginnings of the names of months, twelve to a language.
const MONTHS: [[&str; 12]; 11] = [
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    ["jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez"],
    ["janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc"],
    ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
    ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"],
    ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"],
    ["jan", "feb", "maart", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"],
    ["stycz", "lut", "mar", "kwie", "maj", "czerw", "lip", "sierp", "wrze", "paźd", "list", "grud"],
    ["jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec"],
    ["янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"],
    ["січ", "лют", "берез", "квіт", "трав", "черв", "лип", "серп", "верес", "жовт", "листоп", "груд"],
];

static DAYS: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?x)
        (?P<iy>(?:19|20)[0-9]{2})[-/.](?P<im>[0-9]{1,2})[-/.](?P<id>[0-9]{1,2})
        | (?P<cy>(?:19|20)[0-9]{2})\x20?[年년]\x20?(?P<cm>[0-9]{1,2})\x20?[月월]\x20?(?P<cd>[0-9]{1,2})\x20?[日일]
        | (?P<nd>[0-9]{1,2})(?P<sep>[./-])\x20?(?P<nm>[0-9]{1,2})[./-]\x20?(?P<ny>(?:19|20)[0-9]{2})
        | (?P<dd>[0-9]{1,2})(?:st|nd|rd|th|\.|º)?\x20(?:de\x20|of\x20)?(?P<dm>\p{L}{3,12})\.?,?(?:\x20(?:de\x20|del\x20)?(?P<dy>(?:19|20)[0-9]{2}))?
        | (?P<mm>\p{L}{3,9})\.?\x20(?P<md>[0-9]{1,2})(?:st|nd|rd|th)?(?:,?\x20(?P<my>(?:19|20)[0-9]{2}))?
    ";
    Regex::new(text).expect("a regular expression")
});

/// The days of a text, in order.
pub(crate) fn dates(text: &str, today: Date) -> Vec<When> {
    let text = folded(text).low;
    let mut all: Vec<When> = Vec::new();
    let mut from = 0;
    while let Some(found) = DAYS.captures_at(&text, from) {
        let Some(whole) = found.get(0) else { break };
        let joined = |c: char| c.is_ascii_digit() || matches!(c, '/' | '-' | '_');
        let is_part = text[..whole.start()].chars().next_back().is_some_and(joined)
            || text[whole.end()..].chars().next().is_some_and(joined);
        let Some((day, is_estimate)) = named(&found, today).filter(|_| !is_part) else {
            // "due 14 March": what looked like a month was none, and the day begins behind it.
            let word = whole.as_str().find(|c: char| !c.is_alphanumeric()).unwrap_or(whole.len());
            from = if is_part { whole.end() } else { whole.start() + word.max(1) };
            continue;
        };
        from = whole.end();
        let when = When { value: day.to_string(), label: label(&text[..whole.start()]), is_estimate };
        if !all.iter().any(|known| known.value == when.value) {
            all.push(when);
        }
        if all.len() == MOST {
            return all;
        }
    }
    for (words, days) in
        [(["tomorrow", "morgen um", "demain", "mañana", "domani", "amanhã", "завтра", "明天", "明日"], 1)]
    {
        if words.iter().any(|word| text.contains(word))
            && let Ok(day) = today.checked_add(days.days())
        {
            let value = day.to_string();
            if !all.iter().any(|known| known.value == value) {
                all.push(When { value, label: String::new(), is_estimate: true });
            }
        }
    }
    all
}

/// The day that a match names, and whether it is a guess.
fn named(found: &Captures<'_>, today: Date) -> Option<(Date, bool)> {
    let number = |name: &str| found.name(name).and_then(|digits| digits.as_str().parse::<i16>().ok());
    let month = |name: &str| found.name(name).and_then(|word| month(word.as_str()));
    let first = (number("iy").or(number("cy")), number("im").or(number("cm")), number("id").or(number("cd")));
    if let (Some(y), Some(m), Some(d)) = first {
        return date(y, m, d).map(|day| (day, false));
    }
    if let (Some(d), Some(m), Some(y)) = (number("nd"), number("nm"), number("ny")) {
        // With a point the day comes first; with a slash only who writes knows, unless one is no month.
        let is_point = found.name("sep").is_some_and(|sep| sep.as_str() == ".");
        let guess = !is_point && d <= 12 && m <= 12 && d != m;
        return match m > 12 {
            true => date(y, d, m).map(|day| (day, false)),
            false => date(y, m, d).map(|day| (day, guess)),
        };
    }
    let (d, m) = (number("dd").or(number("md"))?, month("dm").or(month("mm"))?);
    match number("dy").or(number("my")) {
        Some(y) => date(y, m, d).map(|day| (day, false)),
        None => next(today, m, d).map(|day| (day, true)),
    }
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The first such day that is not long past.
fn next(today: Date, month: i16, day: i16) -> Option<Date> {
    let this = date(today.year(), month, day);
    let floor = today.checked_sub(60.days()).unwrap_or(today);
    this.filter(|day| *day >= floor).or_else(|| date(today.year() + 1, month, day))
}

/// The number of a month by its name in one of our languages.
fn month(word: &str) -> Option<i16> {
    let whole = |name: &str| word == name || (word.starts_with(name) && word.chars().count() >= 3);
    let known = MONTHS.iter().find_map(|names| names.iter().position(|name| whole(name)))?;
    // "mark", "decide", "apricot" begin like months too.
    const NOT: [&str; 18] = [
        "mark",
        "market",
        "marked",
        "decide",
        "decided",
        "december's",
        "mayor",
        "maybe",
        "julia",
        "marketing",
        "general",
        "set",
        "list",
        "lista",
        "lip",
        "sept-îles",
        "settings",
        "listen",
    ];
    (!NOT.contains(&word)).then(|| i16::try_from(known + 1).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, bool)> {
        let today = Date::constant(2025, 3, 10);
        dates(text, today).into_iter().map(|when| (when.value, when.is_estimate)).collect()
    }

    #[test]
    fn days_are_read_in_the_ways_of_many_languages() {
        for text in [
            "2025-03-14",
            "14.03.2025",
            "14 March 2025",
            "March 14, 2025",
            "14. März 2025",
            "14 mars 2025",
            "14 de marzo de 2025",
            "14 marzo 2025",
            "14 de março de 2025",
            "14 maart 2025",
            "14 marca 2025",
            "14 марта 2025",
            "14 березня 2025",
            "2025年3月14日",
            "2025년 3월 14일",
            "14/03/2025",
            "3/14/2025",
        ] {
            assert_eq!(found(text), [("2025-03-14".to_owned(), false)], "{text}");
        }
    }

    #[test]
    fn what_is_not_said_is_guessed_and_said_to_be() {
        assert_eq!(found("by April 2"), [("2025-04-02".to_owned(), true)]);
        assert_eq!(found("on 5 January"), [("2026-01-05".to_owned(), true)]);
        assert_eq!(found("03/04/2025"), [("2025-04-03".to_owned(), true)]);
        assert_eq!(found("$50, due 14 March 2027"), [("2027-03-14".to_owned(), false)]);
        assert_eq!(found("see you tomorrow"), [("2025-03-11".to_owned(), true)]);
        assert_eq!(found("room 12, mark 3, 31.02.2025, 2025-13-01, 10.0.0.2025"), []);
    }
}
