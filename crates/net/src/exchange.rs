//! One request over one fresh connection to an address that has been judged already.
//!
//! Everything the other side sends is bounded: time, head, body. Nothing is decompressed, followed or kept.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::egress::{Answer, PostError};
use crate::target::Target;

/// How long connecting may take, over all addresses of the name.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the TLS handshake may take.
const TLS: Duration = Duration::from_secs(5);
/// The largest head of an answer, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// How much of a body is read, in bytes.
const MAX_BODY: usize = 4 * 1024;
/// How much of a body is handed on, in bytes.
const BODY_START: usize = 256;

type Asked = Request<Full<Bytes>>;

/// The TLS side of the guard: the built-in roots and `extra_roots`, by ring and no other provider.
pub(crate) fn tls(
    extra_roots: Vec<CertificateDer<'static>>,
) -> Result<Arc<rustls::ClientConfig>, rustls::Error> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for root in extra_roots {
        roots.add(root)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session would tie this connection to an earlier one that was dialled for somebody else.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

/// Writes the request; what HTTP itself needs is set by us and cannot be overridden by `headers`.
pub(crate) fn request(
    method: Method,
    target: &Target,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> Result<Asked, PostError> {
    let unfit = |error: &dyn std::error::Error| PostError::Protocol(error.to_string());
    let mut request = Request::builder()
        .method(method)
        .uri(target.path())
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| unfit(&error))?;
    for (name, value) in headers {
        let name = HeaderName::try_from(name).map_err(|error| unfit(&error))?;
        let value = HeaderValue::try_from(value).map_err(|error| unfit(&error))?;
        request.headers_mut().append(name, value);
    }
    for ours in
        [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE, header::EXPECT, header::TE]
    {
        request.headers_mut().remove(ours);
    }
    let host = HeaderValue::try_from(target.authority()).map_err(|error| unfit(&error))?;
    request.headers_mut().insert(header::HOST, host);
    request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}

/// How much of an answer's body is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// The start of it; the head is the answer.
    Start,
    /// All of it, at most so many bytes.
    All(usize),
}

/// What came back, as it came.
pub(crate) struct Came {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) kind: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Came {
    /// What of it may be shown to whoever chose the URL.
    pub(crate) fn answer(self) -> Answer {
        Answer { status: self.status, retry_after: self.retry_after, body_start: printable(&self.body) }
    }
}

/// Dials `addresses` in order until one accepts, sends `request` and reads what is wanted of the answer before
/// `deadline`.
pub(crate) async fn exchange(
    target: &Target,
    addresses: &[SocketAddr],
    request: Asked,
    tls: &Arc<rustls::ClientConfig>,
    deadline: Instant,
    wanted: Wanted,
) -> Result<Came, PostError> {
    let stream = timeout_at(deadline, timeout(CONNECT, connect(addresses)))
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or(PostError::Timeout)??;
    if !target.is_https() {
        return converse(stream, request, deadline, wanted).await;
    }
    // The name, never the address: the certificate has to be the host's own. Brackets belong to URLs alone.
    let name = target.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(name).map_err(|error| PostError::Tls(std::io::Error::other(error)))?;
    let handshake = TlsConnector::from(Arc::clone(tls)).connect(name, stream);
    let stream = timeout_at(deadline, timeout(TLS, handshake))
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or(PostError::Timeout)?
        .map_err(PostError::Tls)?;
    converse(stream, request, deadline, wanted).await
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, PostError> {
    let mut last = std::io::Error::new(std::io::ErrorKind::AddrNotAvailable, "the host has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let peer = stream.peer_addr().map_err(PostError::Connect)?;
                confirm(*address, peer)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(PostError::Connect(last))
}

/// Nothing is sent to a peer that is not the one that was judged.
fn confirm(dialled: SocketAddr, peer: SocketAddr) -> Result<(), PostError> {
    if (dialled.ip().to_canonical(), dialled.port()) == (peer.ip().to_canonical(), peer.port()) {
        Ok(())
    } else {
        Err(PostError::Connect(std::io::Error::other("connected to another address than the one dialled")))
    }
}

async fn converse<S>(stream: S, request: Asked, deadline: Instant, wanted: Wanted) -> Result<Came, PostError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let talk = async {
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await?;
        let connection = Closing(tokio::spawn(connection));
        let response = sender.send_request(request).await?;
        Ok::<_, hyper::Error>((response, connection))
    };
    let (response, _connection) =
        timeout_at(deadline, talk).await.map_err(|_| PostError::Timeout)?.map_err(broken)?;
    let (status, retry_after) = (response.status().as_u16(), retry_after(response.headers()));
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.map(str::to_owned);
    let headers = response.headers().clone();
    let body = match wanted {
        // The head is the answer: a body that stalls, breaks off or never ends takes nothing from it.
        Wanted::Start => read(response, deadline).await,
        Wanted::All(most) => read_all(response, deadline, most).await?,
    };
    Ok(Came { status, retry_after, kind, headers, body })
}

/// Ends the connection when the exchange is over, however it ended.
struct Closing(tokio::task::JoinHandle<Result<(), hyper::Error>>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn broken(error: hyper::Error) -> PostError {
    if error.is_parse_too_large() { PostError::TooLarge } else { PostError::Protocol(error.to_string()) }
}

async fn read(response: Response<Incoming>, deadline: Instant) -> Vec<u8> {
    let (mut body, mut read) = (response.into_body(), Vec::new());
    while read.len() < MAX_BODY {
        let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await else { break };
        if let Some(data) = frame.data_ref() {
            read.extend_from_slice(&data[..data.len().min(MAX_BODY - read.len())]);
        }
    }
    read
}

async fn read_all(
    response: Response<Incoming>,
    deadline: Instant,
    most: usize,
) -> Result<Vec<u8>, PostError> {
    let (mut body, mut read) = (response.into_body(), Vec::new());
    while let Some(frame) = timeout_at(deadline, body.frame()).await.map_err(|_| PostError::Timeout)? {
        let frame = frame.map_err(broken)?;
        let Some(data) = frame.data_ref() else { continue };
        if data.len() > most - read.len() {
            return Err(PostError::LongBody);
        }
        read.extend_from_slice(data);
    }
    Ok(read)
}

fn printable(body: &[u8]) -> String {
    let shown = &body[..body.len().min(BODY_START)];
    shown.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '?' }).collect()
}

/// RFC 9110 10.2.3: seconds, or a date. A date is read against the answer's own Date, so neither clock matters.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let sent: SystemTime = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    httpdate::parse_http_date(text).ok()?.duration_since(sent).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_is_not_the_dialled_one_gets_nothing() {
        let dialled: SocketAddr = "93.184.216.34:443".parse().expect("an address");
        assert!(confirm(dialled, dialled).is_ok());
        assert!(confirm(dialled, "[::ffff:93.184.216.34]:443".parse().expect("an address")).is_ok());
        for other in ["127.0.0.1:443", "93.184.216.34:444", "93.184.216.35:443"] {
            assert!(confirm(dialled, other.parse().expect("an address")).is_err(), "{other}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date_against_the_answer_s_own() {
        let read = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_str(retry).expect("a header value"));
            if let Some(date) = date {
                headers.insert(header::DATE, HeaderValue::from_str(date).expect("a header value"));
            }
            retry_after(&headers)
        };
        let sent = Some("Sun, 22 Nov 2026 10:00:00 GMT");
        assert_eq!(read("120", None), Some(Duration::from_secs(120)));
        assert_eq!(read("Sun, 22 Nov 2026 10:01:30 GMT", sent), Some(Duration::from_secs(90)));
        assert_eq!(read("Sun, 22 Nov 2026 09:59:00 GMT", sent), None);
        assert_eq!(read("Sun, 22 Nov 2026 10:01:30 GMT", None), None);
        assert_eq!(read("-1", sent), None);
        assert_eq!(read("soon", sent), None);
    }

    #[test]
    fn what_is_shown_of_a_body_is_short_and_printable() {
        assert_eq!(printable(b"ok\r\n\x1b[31m\xff~"), "ok???[31m?~");
        assert_eq!(printable(&[b'a'; 5000]).len(), 256);
    }
}
