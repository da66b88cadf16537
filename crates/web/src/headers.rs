//! The headers of every answer: nothing is cached, sniffed, framed or run. And one that several requests have.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::WebConfig;
use crate::problem::Problem;

/// Names the request in the answer, as `requestId` does in errors.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Browsers that load a file of ours elsewhere must not.
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The key by which repeats of a request are one request, if it came with one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => match key.to_str() {
            Ok(key) => Ok(Some(key.to_owned())),
            Err(_) => Err(Problem::validation("Idempotency-Key: must be visible ASCII")),
        },
        _ => Err(Problem::validation("Idempotency-Key: must come once")),
    }
}

/// Adds what is missing; a handler that set one of them knew better.
pub(crate) fn dress(headers: &mut HeaderMap, request_id: &str, config: &WebConfig) {
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (REFERRER_POLICY, "no-referrer"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // RFC 6797 7.2: not to be sent over plain HTTP, so a proxy that ends TLS must be what the URL names.
    if config.tls || config.public_url.starts_with("https://") {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(X_REQUEST_ID, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dressed(config: &WebConfig) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
        dress(&mut headers, "req_1", config);
        headers
    }

    #[test]
    fn every_answer_is_neither_cached_nor_sniffed_and_names_its_request() {
        let headers = dressed(&WebConfig::default());
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[X_REQUEST_ID], "req_1");
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "sandbox", "a handler's own policy stays");
    }

    #[test]
    fn only_a_service_that_is_reached_by_tls_insists_on_it() {
        let plain = WebConfig::default();
        assert!(!dressed(&plain).contains_key(STRICT_TRANSPORT_SECURITY));
        assert!(dressed(&WebConfig { tls: true, ..plain.clone() }).contains_key(STRICT_TRANSPORT_SECURITY));
        let proxied = WebConfig { public_url: "https://mail.test".into(), ..plain };
        assert!(dressed(&proxied).contains_key(STRICT_TRANSPORT_SECURITY));
    }
}
