//! Which names may be claimed at all: real domains below a public suffix that are nobody's by design.

use mailward_mail::address::Address;

/// Names that mean something else than a domain of the internet (RFC 6761, RFC 6762, RFC 7686, RFC 8375), or that
/// resolvers keep to themselves.
const SPECIAL: [&str; 11] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "invalid",
    "onion",
    "arpa",
    "lan",
    "home",
    "svc",
];

/// A domain in the one form that is compared, stored and published: lower case, A-labels (RFC 5891), no last dot.
pub(super) fn normalise(text: &str) -> Result<String, &'static str> {
    const BAD: &str = "must be a domain name such as `mail.example.com`";
    let text = text.trim();
    let text = text.strip_suffix('.').unwrap_or(text);
    // The URL rules would decode escapes and read numbers as addresses; no domain is written so.
    if text.is_empty()
        || text.contains(|c: char| "%/\\@:?#[]*_".contains(c) || c.is_whitespace() || c.is_control())
    {
        return Err(BAD);
    }
    let Ok(url::Host::Domain(name)) = url::Host::parse(text) else { return Err(BAD) };
    let routable =
        Address::parse(&format!("postmaster@{name}")).is_ok_and(|address| address.domain() == name);
    if name.len() > 200 || !name.contains('.') || !routable {
        return Err(BAD);
    }
    Ok(name)
}

/// Why nobody may claim a name.
pub(super) fn refusal(name: &str, own: &[String], hostname: &str) -> Option<&'static str> {
    let within =
        |parent: &str| name == parent || name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'));
    if own.iter().map(String::as_str).chain([hostname]).any(|own| within(&own.to_ascii_lowercase())) {
        return Some("this is a domain of the service itself, or below one");
    }
    if SPECIAL.iter().any(|special| within(special)) {
        return Some("names with this ending are no domains of the public internet");
    }
    if psl::domain_str(name).is_none() {
        return Some("this is a public suffix, below which domains are registered; claim your own domain");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_domain_has_one_form() {
        for text in ["Bücher.Example.COM", "xn--bcher-kva.example.com.", " bücher.example.com "] {
            assert_eq!(normalise(text), Ok("xn--bcher-kva.example.com".to_owned()), "{text}");
        }
        assert_eq!(normalise("ＭＡＩＬ。Corp．example"), Ok("mail.corp.example".to_owned()));
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for text in [
            "",
            "com",
            "127.0.0.1",
            "[::1]",
            "1.2.3",
            "0x7f.1",
            "a..b",
            "*.example.com",
            "a_b.example.com",
            "user@example.com",
            "https://example.com",
            "example.com/x",
            "ex%61mple.com",
            "-a.example.com",
            "exa mple.com",
            "xn--\u{0}.com",
        ] {
            assert!(normalise(text).is_err(), "{text:?} passed as {:?}", normalise(text));
        }
    }

    #[test]
    fn suffixes_special_names_and_the_service_itself_are_nobodys() {
        let own = ["agents.example.net".to_owned()];
        let refused = |name: &str| refusal(name, &own, "MX.example.net").is_some();
        for name in [
            "co.uk",
            "github.io",
            "agents.example.net",
            "a.agents.example.net",
            "mx.example.net",
            "printer.local",
            "x.localhost",
            "metadata.google.internal",
            "1.168.192.in-addr.arpa",
            "c.kobe.jp",
        ] {
            assert!(refused(name), "{name}");
        }
        for name in
            ["example.co.uk", "ada.github.io", "example.net", "notagents.example.net", "mylocal.example.com"]
        {
            assert!(!refused(name), "{name}");
        }
    }
}
