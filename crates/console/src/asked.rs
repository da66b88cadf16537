//! Which host a request asks for: what its `Host` says, or behind a proxy of the operator's, what that says it was.

use axum::http::HeaderMap;
use axum::http::header::HOST;
use mailward_mailroom::brand::Host;

use crate::Desk;

/// Host and port, as the browser named them. `None` where nobody can say.
pub(crate) fn authority<'a>(headers: &'a HeaderMap, desk: &Desk) -> Option<&'a str> {
    told(headers, desk.config.behind_proxy)
}

/// The host alone, where it is a name.
pub(crate) fn host(headers: &HeaderMap, desk: &Desk) -> Option<Host> {
    authority(headers, desk).and_then(Host::of_authority)
}

fn told(headers: &HeaderMap, behind_proxy: bool) -> Option<&str> {
    // The last entry is the word of the proxy next to us; those before it are anybody's.
    let forwarded = headers.get_all("x-forwarded-host").iter().next_back().filter(|_| behind_proxy);
    if let Some(value) = forwarded {
        return value.to_str().ok()?.rsplit(',').next().map(str::trim);
    }
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        // RFC 9112 3.2: there is one.
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn who_is_no_proxy_names_no_other_host() {
        let headers = |all: &[(&'static str, &'static str)]| -> HeaderMap {
            let pairs = all
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            pairs.collect()
        };
        let both =
            headers(&[("host", "10.0.0.7:8080"), ("x-forwarded-host", "evil.example, mail.a.example")]);
        assert_eq!(told(&both, false), Some("10.0.0.7:8080"));
        assert_eq!(told(&both, true), Some("mail.a.example"));
        assert_eq!(told(&headers(&[("host", "mail.a.example")]), true), Some("mail.a.example"));
        let mut twice = headers(&[("host", "mail.a.example")]);
        twice.append("host", HeaderValue::from_static("mail.b.example"));
        assert_eq!(told(&twice, false), None);
        assert_eq!(told(&headers(&[]), true), None);
    }
}
