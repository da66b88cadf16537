//! Domains, and which of them are made to be taken for another.

use std::borrow::Cow;

/// The domain somebody registered, lower case and as IDNA writes it: `b.example.co.uk` gives `example.co.uk`. Nothing
/// for IP addresses and names without a dot.
pub(crate) fn registered(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.');
    if !host.contains('.') || host.contains(':') || host.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let ascii = idna::domain_to_ascii(host).ok()?;
    psl::domain_str(&ascii).map(str::to_owned)
}

/// The domain of an address.
pub(crate) fn of_address(address: &str) -> Option<String> {
    address.rsplit_once('@').and_then(|(_, domain)| registered(domain.trim_end_matches('>').trim()))
}

/// Whether a host lies below a suffix that strangers share: free hosting, dynamic names.
pub(crate) fn is_shared(host: &str) -> bool {
    psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(psl::Type::Private))
}

/// The label that names the owner of a registered domain, as a person sees it.
pub(crate) fn label(registered: &str) -> String {
    let first = registered.split('.').next().unwrap_or_default();
    let (shown, _) = idna::domain_to_unicode(first);
    shown.to_lowercase()
}

/// How one domain is made to look like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// Drawn alike: `paypa1`, `раураl`.
    Drawn,
    /// One letter more, less, other or exchanged.
    Mistyped,
}

/// How a registered domain looks like another that is not its own; nothing for the same name under another suffix,
/// which companies have many of.
pub(crate) fn likeness(domain: &str, other: &str) -> Option<Likeness> {
    likeness_of_labels(&label(domain), &label(other))
}

/// The same for their labels.
pub(crate) fn likeness_of_labels(one: &str, other: &str) -> Option<Likeness> {
    const SHORTEST_DRAWN: usize = 4;
    const SHORTEST_TYPED: usize = 6;
    // What is drawn alike is about as long; two letters for one make the difference.
    let (length, others) = (one.chars().count(), other.chars().count());
    if one == other || others < SHORTEST_DRAWN || length.abs_diff(others) > 4 {
        return None;
    }
    if skeleton(one) == skeleton(other) {
        return Some(Likeness::Drawn);
    }
    // A plural, or a digit at the end, is another name rather than a slip.
    let longer = if one.len() > other.len() { one } else { other };
    let shorter = if one.len() > other.len() { other } else { one };
    let continued = longer
        .strip_prefix(shorter)
        .is_some_and(|rest| rest == "s" || rest.bytes().all(|b| b.is_ascii_digit()));
    (other.len() >= SHORTEST_TYPED && !continued && is_one_slip(one, other)).then_some(Likeness::Mistyped)
}

/// Whether a label mixes scripts that are drawn alike.
pub(crate) fn is_mixed(label: &str) -> bool {
    let latin = label.chars().any(|c| c.is_ascii_alphabetic());
    latin
        && label
            .chars()
            .any(|c| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{531}'..='\u{58f}'))
}

/// A form in which letters that are drawn alike are equal.
pub(crate) fn skeleton(text: &str) -> String {
    let text: Cow<'_, str> = if text.contains("rn") || text.contains("vv") {
        text.replace("rn", "m").replace("vv", "w").into()
    } else {
        text.into()
    };
    text.chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{ad}')).map(twin).collect()
}

/// The Latin letter that a character is drawn like.
pub(crate) fn twin(c: char) -> char {
    match c {
        '0' | 'о' | 'ο' | 'ӧ' | 'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' => 'o',
        '1' | 'i' | '|' | 'і' | 'ι' | 'ӏ' | 'ı' | 'í' | 'ì' | 'î' | 'ï' | 'ł' => 'l',
        '5' | 'ѕ' | 'ś' | 'š' | 'ş' => 's',
        '3' | 'е' | 'ё' | 'є' | 'ε' | 'é' | 'è' | 'ê' | 'ë' | 'ė' | 'ę' => 'e',
        'а' | 'α' | '@' | 'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' => 'a',
        'с' | 'ϲ' | 'ç' | 'ć' | 'č' => 'c',
        'р' | 'ρ' => 'p',
        'у' | 'γ' | 'ý' => 'y',
        'х' | 'χ' => 'x',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'т' | 'τ' => 't',
        'н' | 'һ' => 'h',
        'в' => 'b',
        'ԁ' => 'd',
        'ɡ' | 'ğ' => 'g',
        'ո' | 'ñ' | 'ń' | 'η' => 'n',
        'υ' | 'ս' | 'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ѵ' | 'ν' => 'v',
        'ԝ' | 'ω' => 'w',
        'ԛ' => 'q',
        'ј' => 'j',
        other => other,
    }
}

/// One letter inserted, left out, replaced, or two neighbours exchanged.
fn is_one_slip(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (a, b) = (&one[start..], &other[start..]);
    match a.len().cmp(&b.len()) {
        std::cmp::Ordering::Less => a == &b[1..],
        std::cmp::Ordering::Greater => &a[1..] == b,
        std::cmp::Ordering::Equal if a.is_empty() => false,
        std::cmp::Ordering::Equal => {
            a[1..] == b[1..] || (a.len() > 1 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_told_from_a_companys_several_domains() {
        use Likeness::{Drawn, Mistyped};
        for (domain, other, expected) in [
            ("paypa1.com", "paypal.com", Some(Drawn)),
            ("xn--pypal-4ve.com", "paypal.com", Some(Drawn)),
            ("rnicrosoft.com", "microsoft.com", Some(Drawn)),
            ("micorsoft.com", "microsoft.com", Some(Mistyped)),
            ("microsof.com", "microsoft.com", Some(Mistyped)),
            ("acme-group.com", "acme.com", None),
            ("acme.de", "acme.com", None),
            ("acmes.com", "acme.com", None),
            ("windows.com", "window.com", None),
            ("ymail.com", "gmail.com", None),
            ("paypal.com", "paypal.com", None),
            ("münchen.de", "munchen.de", Some(Drawn)),
        ] {
            let registered = |name: &str| registered(name).unwrap_or_else(|| panic!("{name} is registered"));
            assert_eq!(likeness(&registered(domain), &registered(other)), expected, "{domain} {other}");
        }
    }

    #[test]
    fn the_registered_domain_ends_at_the_public_suffix() {
        assert_eq!(registered("a.b.example.co.uk.").as_deref(), Some("example.co.uk"));
        assert_eq!(registered("evil.github.io").as_deref(), Some("evil.github.io"));
        assert!(is_shared("evil.github.io") && !is_shared("example.com"));
        assert_eq!((registered("10.0.0.1"), registered("localhost"), registered("com")), (None, None, None));
        assert_eq!(of_address("Ann@Mail.Example.COM").as_deref(), Some("example.com"));
    }

    #[test]
    fn scripts_that_are_drawn_alike_are_not_mixed_by_chance() {
        assert!(is_mixed("pаypal") && !is_mixed("paypal") && !is_mixed("почта") && !is_mixed("münchen"));
    }
}
