//! Sums of money with their currency. A number without one is no sum.

use std::sync::LazyLock;

use regex::Regex;

use crate::Amount;
use crate::fold::folded;

/// At most so many.
const MOST: usize = 50;

static SUMS: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"[0-9]{1,3}(?:[., '’][0-9]{3})+(?:[.,][0-9]{1,2})?|[0-9]{1,12}(?:[.,][0-9]{1,2})?";
    let before = r"US\$|A\$|C\$|R\$|HK\$|[$€£¥₹₩₽₺₴₫₪฿]|EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK|INR|Rs\.?|CNY|AUD|CAD|BRL|TRY|UAH";
    let after = r"€|£|₽|₫|₴|₺|₪|¥|EUR|Euro|euros?|USD|dollars?|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK|INR|CNY|TRY|UAH|BRL|kr|zł|Kč|руб|грн|円|元|원|TL|лв|lei|Ft|VND|đ";
    let text = format!(r"(?:({before})\x20?({number}))|(?:({number})\x20?({after}))");
    Regex::new(&text).expect("a regular expression")
});

/// The sums of a text, in order.
pub(crate) fn amounts(text: &str) -> Vec<Amount> {
    let text = folded(text).text;
    let mut all: Vec<Amount> = Vec::new();
    for found in SUMS.captures_iter(&text) {
        let Some(whole) = found.get(0) else { continue };
        let (sign, number) = match (found.get(1), found.get(2), found.get(3), found.get(4)) {
            (Some(sign), Some(number), ..) | (_, _, Some(number), Some(sign)) => {
                (sign.as_str(), number.as_str())
            }
            _ => continue,
        };
        let joined_before = text[..whole.start()]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | '-' | '/'));
        let joined_after = text[whole.end()..].chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
        let (Some(value), false, false) = (
            value(number),
            joined_before && whole.as_str().starts_with(|c: char| c.is_ascii_alphanumeric()),
            joined_after,
        ) else {
            continue;
        };
        let amount =
            Amount { value, currency: currency(sign).to_owned(), label: label(&text[..whole.start()]) };
        if !all.contains(&amount) {
            all.push(amount);
        }
        if all.len() == MOST {
            break;
        }
    }
    all
}

/// The number of a text in which either mark may be the decimal one: the last, when one or two digits follow it.
fn value(text: &str) -> Option<f64> {
    let last = text.rfind(['.', ',']);
    let (whole, cents) = match last {
        Some(at) if text.len() - at <= 3 => (&text[..at], &text[at + 1..]),
        _ => (text, ""),
    };
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    format!("{whole}.{}", if cents.is_empty() { "0" } else { cents }).parse().ok()
}

fn currency(sign: &str) -> &'static str {
    match sign {
        "€" | "EUR" | "Euro" | "euro" | "euros" => "EUR",
        "£" | "GBP" => "GBP",
        "¥" | "円" | "JPY" => "JPY",
        "元" | "CNY" => "CNY",
        "₹" | "INR" | "Rs" | "Rs." => "INR",
        "₩" | "원" => "KRW",
        "₽" | "руб" => "RUB",
        "₺" | "TL" | "TRY" => "TRY",
        "₴" | "грн" | "UAH" => "UAH",
        "₫" | "đ" | "VND" => "VND",
        "₪" => "ILS",
        "฿" => "THB",
        "CHF" => "CHF",
        "kr" | "SEK" => "SEK",
        "NOK" => "NOK",
        "DKK" => "DKK",
        "zł" | "PLN" => "PLN",
        "Kč" | "CZK" => "CZK",
        "лв" => "BGN",
        "lei" => "RON",
        "Ft" => "HUF",
        "R$" | "BRL" => "BRL",
        "A$" | "AUD" => "AUD",
        "C$" | "CAD" => "CAD",
        "HK$" => "HKD",
        _ => "USD",
    }
}

/// The words before something on its line, at most 60 characters of them.
pub(crate) fn label(before: &str) -> String {
    let start = before.floor_char_boundary(before.len().saturating_sub(160));
    let line = before[start..].rsplit('\n').next().unwrap_or_default().trim();
    let skip = line.chars().count().saturating_sub(60);
    let line: String = line.chars().skip(skip).collect();
    line.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '-' | '|' | '(' | ',')).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_in_the_ways_of_many_countries() {
        for (text, value, currency) in [
            ("Total: $1,234.50 due", 1234.5, "USD"),
            ("Summe 1.234,50 EUR", 1234.5, "EUR"),
            ("48,90 €", 48.9, "EUR"),
            ("1 234,50 zł", 1234.5, "PLN"),
            ("¥12,000", 12000.0, "JPY"),
            ("3,500円", 3500.0, "JPY"),
            ("R$ 99,90", 99.9, "BRL"),
            ("990 ₽", 990.0, "RUB"),
            ("₹4,829.13", 4829.13, "INR"),
            ("1200 грн", 1200.0, "UAH"),
        ] {
            let found = amounts(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!((found[0].value, found[0].currency.as_str()), (value, currency), "{text}");
        }
        assert_eq!(amounts("Total: $5")[0].label, "Total");
        assert_eq!(amounts("order 1234, year 2025, call 0800 555"), []);
    }
}
