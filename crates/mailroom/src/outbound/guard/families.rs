//! What a secret looks like: the families of keys, tokens and numbers that are not to leave in a mail.
//!
//! Patterns run in linear time (`regex`), and name a family in a word that may be shown and logged; what was found is not kept.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// Looked for with and without white space: each begins with something that no prose holds.
const ANYWHERE: &[(&str, &str)] = &[
    ("private_key", r"-{4,5}\s*BEGIN[A-Z0-9 ]{0,40}PRIVATE\s*KEY(?:\s*BLOCK)?\s*-{4,5}"),
    ("private_key", r"PuTTY-User-Key-File-[0-9]"),
    ("private_key", r"b3BlbnNzaC1rZXktdjE[0-9A-Za-z+/]{20}"),
    ("private_key", r"AGE-SECRET-KEY-1[0-9A-Z]{40}"),
    ("aws", r"AKIA[0-9A-Z]{16}|\bASIA[0-9A-Z]{16}\b"),
    ("google", r"AIza[0-9A-Za-z_-]{35}|GOCSPX-[0-9A-Za-z_-]{28}|ya29\.[0-9A-Za-z_-]{30}"),
    ("azure", r"AccountKey=[0-9A-Za-z+/]{80}"),
    ("github", r"gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{40}"),
    ("gitlab", r"glpat-[0-9A-Za-z_-]{20}"),
    (
        "slack",
        r"xox[abeoprs]-[0-9]{6,}-[0-9A-Za-z-]{10,}|hooks\.slack\.com/services/T[0-9A-Z]{8,}/B[0-9A-Z]{8,}",
    ),
    ("stripe", r"(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{16,}|whsec_[0-9A-Za-z+/]{32}"),
    ("anthropic", r"sk-ant-[a-z0-9]{3,8}-[0-9A-Za-z_-]{32}"),
    ("openai", r"sk-(?:proj|svcacct|admin)-[0-9A-Za-z_-]{40}|sk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}"),
    ("huggingface", r"hf_[0-9A-Za-z]{34}"),
    ("npm", r"npm_[0-9A-Za-z]{36}"),
    ("pypi", r"pypi-AgE[0-9A-Za-z_-]{50}"),
    ("sendgrid", r"SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}"),
    ("digitalocean", r"do[opr]_v1_[0-9a-f]{64}"),
    ("vault", r"hv[sb]\.[0-9A-Za-z_-]{24}"),
    ("telegram", r"[0-9]{8,10}:AA[0-9A-Za-z_-]{33}"),
    ("discord_webhook", r"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[0-9A-Za-z_-]{60}"),
];

#[expect(clippy::expect_used, reason = "the patterns are constants, and a test builds them")]
static SET: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(ANYWHERE.iter().map(|(_, pattern)| pattern)).expect("patterns"));

/// A card number as people write it: digits, with one mark at most between two of them.
#[expect(clippy::expect_used, reason = "the pattern is a constant, and a test builds it")]
static CARD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9](?:[ .\-/_]?[0-9]){11,}").expect("a pattern"));

/// The family of the first secret in a text that stands as it is.
pub(super) fn family_of(plain: &str, joined: &str) -> Option<&'static str> {
    let first = |text: &str| SET.matches(text).iter().next().map(|no| ANYWHERE[no].0);
    first(plain).or_else(|| first(joined)).or_else(|| has_card(plain).then_some("payment_card"))
}

/// Whether a payment card's number stands in a text: an issuer's prefix, the length that goes with it, and the check digit.
/// A longer run of digits is some other number.
fn has_card(text: &str) -> bool {
    CARD.find_iter(text).any(|found| {
        let (before, after) = (text[..found.start()].chars().next_back(), text[found.end()..].chars().next());
        // Within a word it is part of an identifier.
        if [before, after].into_iter().flatten().any(|c| c.is_alphanumeric()) {
            return false;
        }
        let digits: Vec<u32> = found.as_str().chars().filter_map(|c| c.to_digit(10)).collect();
        is_card(&digits)
    })
}

fn is_card(digits: &[u32]) -> bool {
    let head = |length: usize| digits.iter().take(length).fold(0, |all, digit| all * 10 + digit);
    let fits = match digits.len() {
        13 => head(1) == 4,
        14 => matches!(head(2), 36 | 38 | 39) || (300..=305).contains(&head(3)),
        15 => matches!(head(2), 34 | 37),
        16 => {
            head(1) == 4
                || (51..=55).contains(&head(2))
                || (2221..=2720).contains(&head(4))
                || matches!(head(2), 62 | 65)
                || head(4) == 6011
                || (644..=649).contains(&head(3))
                || (3528..=3589).contains(&head(4))
        }
        19 => head(1) == 4 || head(2) == 62,
        _ => false,
    };
    fits && luhn(digits) && digits.iter().any(|digit| *digit != digits[0])
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { *digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_s_number_has_an_issuer_a_length_and_a_check_digit() {
        for card in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "5500-0000-0000-0004",
            "3782 822463 10005",
            "4.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
        ] {
            assert!(has_card(&format!("card: {card}, thanks")), "{card}");
        }
        for other in [
            "4111111111111112",
            "1234567812345670",
            "41111111111111111111111",
            "id4111111111111111x",
            "0000000000000000",
            "+49 30 1234567890",
        ] {
            assert!(!has_card(&format!("number {other} of ours")), "{other}");
        }
    }
}
