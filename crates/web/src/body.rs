//! The JSON body of a request, read within bounds of size, time and depth.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::Web;
use crate::problem::Problem;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// How deep arrays and objects may nest. The contract's own bodies need three.
const MOST_DEPTH: usize = 32;

/// A JSON body; an absent one is `{}`.
pub(crate) struct Body<T>(pub(crate) T);

/// A request whose body is whole and no deeper than any, for who reads it as something else.
pub(crate) struct Whole(pub(crate) Parts, pub(crate) Bytes);

/// Likewise one that carries files.
pub(crate) struct LargeBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Web> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let (parts, bytes) = collect(request, web.config.body_limit).await?;
        read(&parts.headers, &bytes).map(Body)
    }
}

impl<T: DeserializeOwned> FromRequest<Web> for LargeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let (parts, bytes) = collect(request, web.config.large_body_limit).await?;
        read(&parts.headers, &bytes).map(LargeBody)
    }
}

impl FromRequest<Web> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let (parts, bytes) = collect(request, web.config.body_limit).await?;
        if nests_deeper(&bytes, MOST_DEPTH) {
            return Err(Problem::validation(format!("the body nests deeper than {MOST_DEPTH} levels")));
        }
        Ok(Self(parts, bytes))
    }
}

/// The whole body, within bounds of size and time.
async fn collect(request: Request, limit: usize) -> Result<(Parts, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let collected = tokio::time::timeout(PATIENCE, Limited::new(body, limit).collect()).await;
    match collected {
        Err(_) => Err(Problem::too_slow()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(limit)),
        Ok(Err(_)) => Err(Problem::validation("the body ended before its end")),
        Ok(Ok(collected)) => Ok((parts, collected.to_bytes())),
    }
}

fn read<T: DeserializeOwned>(headers: &HeaderMap, bytes: &Bytes) -> Result<T, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return parse(b"{}");
    }
    if !headers.get(CONTENT_TYPE).is_some_and(is_json) {
        return Err(Problem::unsupported_media_type());
    }
    // What reads structs would also take their fields from an array, in order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::validation("the body: must be a JSON object"));
    }
    if nests_deeper(bytes, MOST_DEPTH) {
        return Err(Problem::validation(format!("the body nests deeper than {MOST_DEPTH} levels")));
    }
    parse(bytes)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::validation(format!("the body: {error}")))
}

/// `application/json`, or a type that is written in JSON (RFC 6839 3.1).
fn is_json(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Counts brackets outside of strings; cheaper than finding out by parsing, and bounds what a parser recurses into.
fn nests_deeper(json: &[u8], most: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug, Default, PartialEq)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Example {
        client_id: Option<String>,
    }

    fn status(content_type: Option<&'static str>, body: &'static str) -> Result<Example, u16> {
        let mut headers = HeaderMap::new();
        headers.extend(content_type.map(|value| (CONTENT_TYPE, HeaderValue::from_static(value))));
        read(&headers, &Bytes::from_static(body.as_bytes()))
            .map_err(|problem| problem.into_response().status().as_u16())
    }

    #[test]
    fn an_absent_body_is_an_empty_object() {
        assert_eq!(status(None, ""), Ok(Example::default()));
        assert_eq!(status(Some("application/json"), "\n"), Ok(Example::default()));
    }

    #[test]
    fn a_body_is_json_and_says_so() {
        let body = r#"{"clientId":"a"}"#;
        let read = Ok(Example { client_id: Some("a".into()) });
        assert_eq!(status(Some("application/json; charset=utf-8"), body), read);
        assert_eq!(status(Some("application/merge-patch+json"), body), read);
        assert_eq!(status(None, body), Err(415));
        assert_eq!(status(Some("text/plain"), body), Err(415));
    }

    #[test]
    fn fields_nobody_knows_and_fields_twice_are_refused() {
        for body in [
            r#"{"isAdmin":true}"#,
            r#"{"clientId":"a","clientId":"b"}"#,
            "[",
            "[]",
            r#" ["a"]"#,
            "null",
            r#"{"clientId":1}"#,
        ] {
            assert_eq!(status(Some("application/json"), body), Err(400), "{body}");
        }
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(!nests_deeper(nested(32).as_bytes(), 32));
        assert!(nests_deeper(nested(33).as_bytes(), 32));
        assert!(!nests_deeper(nested(32).repeat(5).as_bytes(), 32));
        assert!(!nests_deeper(br#"["[[[[\"[[[["]"#, 2));
        assert!(nests_deeper(br#"["\\",[[1]]]"#, 2));
    }
}
