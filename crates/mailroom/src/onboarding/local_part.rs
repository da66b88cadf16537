//! The part of an address before the `@`: what nobody may have, and how one is made that nobody has.

use mailward_mail::id::random_base32_16;
use mailward_mail::random::Random;

/// Names that speak for the domain, or for mail itself (RFC 2142), or that people would trust.
const RESERVED: [&str; 34] = [
    "abuse",
    "admin",
    "administrator",
    "autoconfig",
    "autodiscover",
    "billing",
    "bounce",
    "bounces",
    "daemon",
    "dns",
    "ftp",
    "help",
    "hostmaster",
    "info",
    "legal",
    "localhost",
    "mail",
    "mailerdaemon",
    "marketing",
    "mailward",
    "news",
    "noc",
    "noreply",
    "operator",
    "postmaster",
    "privacy",
    "root",
    "sales",
    "security",
    "ssladmin",
    "support",
    "system",
    "webmaster",
    "www",
];

/// Whether a chosen name is kept back. Separators do not make it another name.
pub(crate) fn is_reserved(local: &str) -> bool {
    let bare: String = local.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    RESERVED.contains(&bare.to_ascii_lowercase().as_str())
}

/// What is wrong with a chosen local part.
pub(super) fn problem(local: &str) -> Option<&'static str> {
    if !(3..=64).contains(&local.len()) {
        return Some("must have 3 to 64 characters");
    }
    if local.contains('+') {
        return Some("must not contain `+`: what follows it is a tag that a sender adds");
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if !local.bytes().all(allowed) || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Some("may contain letters, digits and, between them, `.`, `_` and `-`");
    }
    None
}

/// `<slug>-<16 random characters>`: 80 bits, so that no address tells of another.
pub(super) fn random(display_name: Option<&str>, dice: &Random) -> String {
    let slug = slug(display_name.unwrap_or_default());
    format!("{}-{}", if slug.is_empty() { "agent" } else { &slug }, random_base32_16(dice))
}

/// At most 24 letters and digits of a display name, words joined by hyphens.
fn slug(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= 24 {
            break;
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_local_part_begins_with_what_its_owner_is_called() {
        let dice = Random::seeded(1);
        assert!(random(Some("Döner & Söhne: Orders!"), &dice).starts_with("d-ner-s-hne-orders-"));
        assert!(random(None, &dice).starts_with("agent-"));
        assert!(random(Some("日本"), &dice).starts_with("agent-"));
        assert!(random(Some(&"x".repeat(99)), &dice).len() <= 64);
    }

    #[test]
    fn names_that_speak_for_the_domain_are_kept_back() {
        for name in ["postmaster", "Post-Master", "no.reply", "ADMIN"] {
            assert!(is_reserved(name), "{name}");
        }
        assert!(!is_reserved("administrator-of-cats"));
    }

    #[test]
    fn a_chosen_name_is_checked_before_anybody_is_asked() {
        assert_eq!(problem("shop.bot-1"), None);
        for bad in ["ab", "a+b", ".abc", "abc.", "a..b", "a b", "größe", &"x".repeat(65)] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }
}
