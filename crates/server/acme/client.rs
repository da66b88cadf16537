//! The way to the authority: through our own egress, with its bounds on time and size, and never in clear.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::RETRY_AFTER;
use hyper::{Request, Response};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use mailward_net::dns::Dns;
use mailward_net::egress::{Egress, EgressRules};

use super::is_safe;
use crate::config::Acme as Settings;
use crate::{StartError, tls};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest answer that is read, in bytes: a chain of certificates is a tenth of it.
const MOST_ANSWER: usize = 128 * 1024;
/// The longest wait that an authority may ask for within an order, in seconds.
const MOST_WAIT: u64 = 3_600;

/// Networks that an authority may be in besides the public ones: the operator wrote its URL.
const NETWORKS: [&str; 6] =
    ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"];

/// A client of ACME over an [`Egress`].
pub(super) struct Client(Egress);

/// Makes the way, with the authorities of `acme.ca_file` beside the built-in ones.
pub(super) fn egress(settings: &Settings, dns: Dns) -> Result<Egress, StartError> {
    let extra_roots = settings.ca_file.as_deref().map(tls::certificates).transpose()?.unwrap_or_default();
    let allow_private = NETWORKS.iter().filter_map(|network| network.parse().ok()).collect();
    let rules = EgressRules { allow_private, extra_roots, inside_names: true, ..EgressRules::default() };
    let egress = Egress::new(dns, rules).map_err(|error| {
        StartError::refused(format!("acme.ca_file holds what is no certificate of an authority: {error}"))
    })?;
    egress
        .judge(&settings.directory)
        .map_err(|blocked| StartError::refused(format!("acme.directory: {blocked}")))?;
    Ok(egress)
}

impl Client {
    pub(super) fn new(egress: &Egress) -> Box<Self> {
        Box::new(Self(egress.clone()))
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let egress = self.0.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let Ok(body) = body.collect().await;
            // The directory names the other URLs.
            if !is_safe(&head.uri.to_string()) {
                return Err(Error::Other(format!("the authority leads to {}, in clear", head.uri).into()));
            }
            let request = Request::from_parts(head, body.to_bytes().to_vec());
            let answer = egress.exchange(request, PATIENCE, MOST_ANSWER).await;
            Ok(BytesResponse::from(bounded(answer.map_err(|error| Error::Other(Box::new(error)))?)))
        })
    }
}

/// A wait that no clock can count to would break down who adds it to the present.
fn bounded(answer: Response<Vec<u8>>) -> Response<Full<Bytes>> {
    let (mut head, body) = answer.into_parts();
    let wait = head.headers.get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.trim().parse::<u64>().ok());
    if wait.is_none_or(|seconds| seconds > MOST_WAIT) {
        head.headers.remove(RETRY_AFTER);
    }
    Response::from_parts(head, Full::new(Bytes::from(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_no_clock_can_count_to_is_no_wait() {
        let kept = |wait: &str| {
            let answer = Response::builder().header(RETRY_AFTER, wait).body(Vec::new()).expect("an answer");
            bounded(answer).headers().contains_key(RETRY_AFTER)
        };
        assert!(kept("3") && kept("3600"));
        assert!(!kept("18446744073709551615") && !kept("99999999999999999999999") && !kept("soon"));
        assert!(!kept("Fri, 31 Dec 9999 23:59:59 GMT"));
    }
}
