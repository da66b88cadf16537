//! Where a link really leads, written so that it can be read: the host in ASCII, no user name that looks like a host, no
//! scheme that runs anything.

use url::Url;

/// Characters of an address that are shown; a link to sign in by may be long, and must be whole to work.
const MOST: usize = 2_000;

/// What stands behind a link's text: its address, or nothing where the text is the address.
pub(super) fn behind(text: &str, href: &str) -> Option<String> {
    let href = href.trim();
    if href.is_empty() || href.starts_with('#') {
        return None;
    }
    let Some(real) = real(href) else { return Some("link removed".to_owned()) };
    let is_same = real.trim_end_matches('/') == text.trim().trim_end_matches('/');
    (!is_same).then_some(real)
}

/// An address as it is dialled; `None` for what is no address of a page, a mailbox or a telephone.
pub(super) fn real(href: &str) -> Option<String> {
    // A browser drops these within an address (WHATWG URL 4.4).
    let href: String = href.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let href = if href.starts_with("//") { format!("https:{href}") } else { href };
    let mut url = Url::parse(&href).ok()?;
    match url.scheme() {
        "http" | "https" => {
            url.host_str()?;
            // "https://bank.test@evil.test/" leads to evil.test.
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        "mailto" | "tel" => {}
        _ => return None,
    }
    let text = url.to_string();
    // Percent-encoded by the parser or not, nothing that turns text around or ends our brackets is let through.
    let clean = text.chars().all(|c| c.is_ascii_graphic());
    if !clean {
        return None;
    }
    Some(if text.len() > MOST { format!("{}...cut", &text[..MOST]) } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_target_is_shown_and_nothing_that_runs() {
        for (href, expected) in [
            ("https://a.test/x?y=1#z", Some("https://a.test/x?y=1#z")),
            ("https://bank.test@evil.test/", Some("https://evil.test/")),
            ("https://b\u{fc}cher.test/", Some("https://xn--bcher-kva.test/")),
            ("https://\u{440}aypal.test", Some("https://xn--aypal-uye.test/")),
            ("HTTPS://A.TEST/\u{202e}gpj", Some("https://a.test/%E2%80%AEgpj")),
            ("//a.test/x", Some("https://a.test/x")),
            ("https:\n//a.\ttest/", Some("https://a.test/")),
            ("mailto:a@b.test", Some("mailto:a@b.test")),
            ("javascript:alert(1)", None),
            ("java\nscript:alert(1)", None),
            ("data:text/html,<b>", None),
            ("/relative", None),
            ("https://", None),
            ("file:///etc/passwd", None),
        ] {
            assert_eq!(real(href).as_deref(), expected, "{href}");
        }
        assert!(real(&format!("https://a.test/{}", "x".repeat(9_000))).expect("an address").len() < 2_100);
    }

    #[test]
    fn an_address_that_is_its_own_text_is_shown_once() {
        assert_eq!(behind("https://a.test", "https://a.test/"), None);
        assert_eq!(behind("https://bank.test", "https://evil.test/").as_deref(), Some("https://evil.test/"));
        assert_eq!(behind("top", "#top"), None);
        assert_eq!(behind("run", "javascript:x").as_deref(), Some("link removed"));
    }
}
