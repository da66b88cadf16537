//! The listener of an authority's challenges (RFC 8555 8.3): answers those that are open, and leads everybody else to HTTPS.
//!
//! It faces the whole internet in clear, so it knows no database, no key and no tenant, reads no body, and takes nothing of
//! a request into its answer but a path of its own origin.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

const PREFIX: &str = "/.well-known/acme-challenge/";
/// A longer path or query leads nowhere.
const MOST_PATH: usize = 2_048;

/// The challenges that are open. A cheap clone; clones share them.
#[derive(Clone, Default)]
pub struct Challenges(Arc<Mutex<BTreeMap<String, String>>>);

/// A challenge that is open for as long as this lives.
pub struct Open {
    all: Challenges,
    token: String,
}

impl Challenges {
    /// Opens one: who asks for `token` gets `answer`.
    #[must_use]
    pub fn open(&self, token: &str, answer: &str) -> Open {
        self.lock().insert(token.to_owned(), answer.to_owned());
        Open { all: self.clone(), token: token.to_owned() }
    }

    fn answer(&self, token: &str) -> Option<String> {
        self.lock().get(token).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.all.lock().remove(&self.token);
    }
}

/// The whole listener. `https` is what URLs of the API begin with, if that is HTTPS; without it nobody is led anywhere.
pub fn challenge_router(challenges: Challenges, https: Option<String>) -> Router {
    let https = https.filter(|url| url.starts_with("https://"));
    Router::new().fallback(async move |method: Method, uri: Uri| {
        let mut answer = answer(&challenges, https.as_deref(), &method, &uri);
        // A connection is for one question: nobody keeps a place for nothing.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        answer
    })
}

fn answer(challenges: &Challenges, https: Option<&str>, method: &Method, uri: &Uri) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    if let Some(token) = uri.path().strip_prefix(PREFIX) {
        // As it stands: a token has no character that could be written otherwise.
        return match challenges.answer(token) {
            Some(answer) => (plain(), answer).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        };
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match https.map(|https| HeaderValue::try_from(format!("{https}{path}"))) {
        Some(Ok(there)) if path.starts_with('/') && path.len() <= MOST_PATH => {
            (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, there)]).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Not a page, whatever it holds.
fn plain() -> HeaderMap {
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(challenges: &Challenges, https: Option<&str>, method: Method, uri: &str) -> (u16, String) {
        let answer = answer(challenges, https, &method, &uri.parse().expect("a URI"));
        let there = answer.headers().get(header::LOCATION).map(|there| there.to_str().expect("text"));
        (answer.status().as_u16(), there.unwrap_or_default().to_owned())
    }

    #[test]
    fn only_an_open_challenge_is_answered() {
        let challenges = Challenges::default();
        let open = challenges.open("abc-_1", "abc-_1.thumb");
        let get = |uri: &str| ask(&challenges, None, Method::GET, uri).0;
        assert_eq!(get("/.well-known/acme-challenge/abc-_1"), 200);
        assert_eq!(get("/.well-known/acme-challenge/abc-_1?x=1"), 200);
        for other in ["", "abc", "abc-_1/", "abc-_1/..", "../abc-_1", "%61bc-_1", "./abc-_1", "abc-_1%00"] {
            assert_eq!(get(&format!("/.well-known/acme-challenge/{other}")), 404, "{other}");
        }
        drop(open);
        assert_eq!(get("/.well-known/acme-challenge/abc-_1"), 404, "it is over");
    }

    #[test]
    fn everybody_else_is_led_to_the_service_s_own_https_and_nowhere_else() {
        let challenges = Challenges::default();
        let ask = |method, uri: &str| ask(&challenges, Some("https://mail.test"), method, uri);
        let led = |to: &str| (308, to.to_owned());
        assert_eq!(ask(Method::GET, "/console?a=1"), led("https://mail.test/console?a=1"));
        assert_eq!(ask(Method::GET, "http://evil.test/x"), led("https://mail.test/x"));
        assert_eq!(ask(Method::GET, "//evil.test/x"), led("https://mail.test//evil.test/x"));
        assert_eq!(ask(Method::GET, "evil.test:80"), led("https://mail.test/"));
        assert_eq!(ask(Method::GET, "*").0, 404);
        assert_eq!(ask(Method::GET, &format!("/{}", "a".repeat(2_048))).0, 404);
        assert_eq!(ask(Method::POST, "/.well-known/acme-challenge/a").0, 405);
        assert_eq!(ask(Method::DELETE, "/").0, 405);
    }
}
