//! What people send: a form of one of our own pages, or nothing. A form from elsewhere is refused by where it says it comes
//! from, by its session's cookie, which browsers do not send along, and by the word that only our pages know.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use subtle::ConstantTimeEq;

use super::Seat;
use crate::fields::Fields;
use crate::look::Worn;
use crate::trouble::Trouble;
use crate::{Desk, asked};

/// The largest form, in bytes.
const MOST: usize = 64 * 1024;
/// One that brings a file: a logo has 64 KiB at most, and what is a little more is told so.
const MOST_WITH_FILE: usize = 256 * 1024;

/// A form of somebody who is signed in.
pub(crate) struct Form {
    pub(crate) seat: Seat,
    pub(crate) fields: Fields,
}

/// A form of somebody who is not, yet.
pub(crate) struct Letter {
    pub(crate) fields: Fields,
}

impl FromRequest<Desk> for Form {
    type Rejection = Trouble;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Trouble> {
        let (mut parts, body) = request.into_parts();
        let seat = Seat::from_request_parts(&mut parts, desk).await?;
        let Letter { fields } = Letter::from_request(Request::from_parts(parts, body), desk).await?;
        let brought = fields.text("proof").as_bytes();
        if !bool::from(brought.ct_eq(seat.proof().as_bytes())) {
            return Err(Trouble::Foreign);
        }
        Ok(Self { seat, fields })
    }
}

impl FromRequest<Desk> for Letter {
    type Rejection = Trouble;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Trouble> {
        // At a tenant's host a form comes from that host, and not from the service's own.
        let worn = request.extensions().get::<Worn>();
        let is_own_door = worn.is_some_and(|worn| worn.tenant().is_some());
        let public_url = Some(desk.config.public_url.as_str()).filter(|_| !is_own_door);
        let authority = asked::authority(request.headers(), desk);
        if !is_ours(request.headers(), authority, public_url, desk.config.tls) {
            return Err(Trouble::Foreign);
        }
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(kind).ok();
        let most = if boundary.is_some() { MOST_WITH_FILE } else { MOST };
        let bytes = axum::body::to_bytes(request.into_body(), most).await;
        let bytes = bytes.map_err(|_| Trouble::bad("This form is too long."))?;
        let fields = match boundary {
            None => Some(Fields::read(&bytes)),
            Some(boundary) => Fields::read_parts(bytes, boundary).await,
        };
        Ok(Self { fields: fields.ok_or_else(|| Trouble::bad("This form came in pieces that do not fit."))? })
    }
}

/// Whether a request comes from a page of ours: its origin is this host's, as the browser calls it, or the service's own
/// public one. One that does not say comes from nowhere we know.
fn is_ours(headers: &HeaderMap, authority: Option<&str>, public_url: Option<&str>, tls: bool) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (Some(origin), None) = (origins.next().and_then(|value| value.to_str().ok()), origins.next()) else {
        return false;
    };
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return false;
    }
    let scheme = if tls { "https" } else { "http" };
    public_url == Some(origin) || authority.is_some_and(|host| origin == format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn ours(headers: &[(&'static str, &'static str)], tls: bool) -> bool {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let map: HeaderMap = map.collect();
        let host = map.get("host").and_then(|value| value.to_str().ok());
        is_ours(&map, host, Some("https://mail.example"), tls)
    }

    #[test]
    fn at_a_tenants_host_the_services_own_pages_are_foreign() {
        let from = |origin| {
            let pair = (HeaderName::from_static("origin"), HeaderValue::from_static(origin));
            is_ours(&[pair].into_iter().collect(), Some("mail.customer.example"), None, true)
        };
        assert!(from("https://mail.customer.example"));
        assert!(!from("https://mail.example") && !from("http://mail.customer.example"));
    }

    #[test]
    fn a_form_of_another_page_is_foreign() {
        let host = ("host", "127.0.0.1:8080");
        assert!(ours(&[host, ("origin", "http://127.0.0.1:8080")], false));
        assert!(ours(&[host, ("origin", "https://mail.example"), ("sec-fetch-site", "same-origin")], true));
        for foreign in [
            &[host][..],
            &[host, ("origin", "null")],
            &[host, ("origin", "https://evil.example")],
            &[host, ("origin", "http://127.0.0.1:8081")],
            &[host, ("origin", "https://mail.example.evil.example")],
            &[host, ("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "cross-site")],
            &[host, ("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-site")],
        ] {
            assert!(!ours(foreign, false), "{foreign:?}");
        }
        assert!(!ours(&[host, ("origin", "http://127.0.0.1:8080")], true), "by TLS there is no other way");
    }
}
