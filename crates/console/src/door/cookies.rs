//! The cookies: a session, half of one, and which organisation somebody signed in to last.
//!
//! `__Host-` binds them to this host, to TLS and to no other path (RFC 6265bis 4.1.3.2); browsers take loopback for TLS.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};

use crate::{Desk, Listener};

/// The cookies of a request.
pub(crate) struct Jar<'a> {
    headers: &'a HeaderMap,
    listener: Listener,
}

/// Cookies to be set, or ended where they are empty.
pub(crate) struct Cookies(Vec<String>);

impl<'a> Jar<'a> {
    pub(crate) fn of(headers: &'a HeaderMap, desk: &Desk) -> Self {
        Self { headers, listener: desk.listener }
    }

    /// The secret of a session.
    pub(crate) fn session(&self) -> Option<&'a str> {
        self.get(session(self.listener))
    }

    /// The secret of half a session.
    pub(crate) fn half(&self) -> Option<&'a str> {
        self.get(half(self.listener))
    }

    /// The organisation somebody signed in to last: no secret, and no proof of anything.
    pub(crate) fn organisation(&self) -> Option<&'a str> {
        self.get(ORGANISATION)
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let mut found = self
            .headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(known, _)| *known == name);
        // Two of one name: somebody else put one there, and nobody can say which.
        match (found.next(), found.next()) {
            (Some((_, value)), None) if value.len() <= 128 => Some(value),
            _ => None,
        }
    }
}

const ORGANISATION: &str = "__Host-mailward-organisation";

fn session(listener: Listener) -> &'static str {
    match listener {
        Listener::Public => "__Host-mailward",
        Listener::Private => "__Host-mailward-staff",
    }
}

fn half(listener: Listener) -> &'static str {
    match listener {
        Listener::Public => "__Host-mailward-half",
        Listener::Private => "__Host-mailward-staff-half",
    }
}

impl Cookies {
    /// A session, and no half of one any more.
    pub(crate) fn session(desk: &Desk, secret: &str) -> Self {
        Self(vec![cookie(session(desk.listener), secret, None), cookie(half(desk.listener), "", Some(0))])
    }

    /// Half a session, and where it belongs.
    pub(crate) fn half(desk: &Desk, secret: &str, organisation: Option<&str>) -> Self {
        let mut all = vec![cookie(half(desk.listener), secret, Some(300))];
        all.extend(organisation.map(|slug| cookie(ORGANISATION, slug, Some(180 * 86_400))));
        Self(all)
    }

    /// Neither.
    pub(crate) fn none(desk: &Desk) -> Self {
        Self(vec![cookie(session(desk.listener), "", Some(0)), cookie(half(desk.listener), "", Some(0))])
    }
}

fn cookie(name: &str, value: &str, max_age: Option<u32>) -> String {
    let age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{age}")
}

impl IntoResponseParts for Cookies {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        for cookie in self.0 {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                parts.headers_mut().append(SET_COOKIE, value);
            }
        }
        Ok(parts)
    }
}

impl IntoResponse for Cookies {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}
