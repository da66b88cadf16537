//! The operator API of a running server, seen from the command line.
//!
//! One request, one answer, one connection; no redirect is followed, because the operator's key goes with each
//! request. The key never crosses a network in clear.

mod message;
mod stream;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Failure;
use super::args::Server;
use crate::config::{Layers, Sources};
pub(super) use message::Told;
use stream::Whole;

/// A whole call, from the name's lookup to the last byte of the answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// No answer of the operator API is longer.
const MOST_BYTES: usize = 16 << 20;

/// A server and the right to ask it.
pub(super) struct Client {
    base: Uri,
    host: String,
    port: u16,
    tls: Option<TlsConnector>,
    /// What every path begins with.
    prefix: &'static str,
    authorization: HeaderValue,
    runtime: tokio::runtime::Runtime,
}

/// Plain or within TLS.
trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection for S {}

/// What came back; `answer` is the body where that is JSON.
struct Reply {
    status: StatusCode,
    retry_after: Option<Duration>,
    answer: Option<Value>,
    text: String,
}

impl Client {
    /// Finds the server's address and the operator's key.
    pub(super) fn new(server: &Server) -> Result<Self, Failure> {
        Self::open(server, "/operator/v1", operator_key)
    }

    /// The API of tenants instead, with a tenant's key.
    pub(super) fn of_tenant(server: &Server, key: &str) -> Result<Self, Failure> {
        Self::open(server, "/v1", |_| Ok(key.trim().to_owned()))
    }

    /// The Model Context Protocol, with a tenant's key.
    pub(super) fn of_tools(server: &Server, key: &str) -> Result<Self, Failure> {
        Self::open(server, "/mcp", |_| Ok(key.trim().to_owned()))
    }

    /// What the private listener has beside its API.
    pub(super) fn of_metrics(server: &Server) -> Result<Self, Failure> {
        Self::open(server, "", operator_key)
    }

    /// `GET` of a text.
    pub(super) fn text(&self, path: &str) -> Result<String, Failure> {
        self.runtime.block_on(async {
            let asked = tokio::time::timeout(PATIENCE, self.exchange(Method::GET, path, None)).await;
            let late = |_| Failure::failed(format!("{} did not answer in time", self.base), "");
            let Reply { status, answer, text, .. } = asked.map_err(late)??;
            match status.is_success() {
                true => Ok(text),
                false => Err(self.refusal(status, &answer.unwrap_or_default())),
            }
        })
    }

    fn open(
        server: &Server,
        prefix: &'static str,
        key: impl FnOnce(&Server) -> Result<String, Failure>,
    ) -> Result<Self, Failure> {
        let how = "write --server http://127.0.0.1:8081 or https://HOST:PORT";
        let bad = |why: &str| Failure::usage(format!("--server {}: {why}", server.server), how);
        let base: Uri = server.server.parse().map_err(|_| bad("is not a URL"))?;
        let host = base.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_https = match base.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad("is neither http nor https")),
        };
        if base.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(bad("must not hold a name or password"));
        }
        if !is_https && !is_here(&host) {
            return Err(bad("would carry the key over the network in clear"));
        }
        let port = base.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let tls = if is_https { Some(connector(server.ca_cert.as_deref())?) } else { None };
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", key(server)?))
            .map_err(|_| Failure::failed("the key holds characters that no key has", KEY_HINT))?;
        authorization.set_sensitive(true);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::failed(format!("no runtime: {error}"), ""))?;
        Ok(Self { base, host, port, tls, prefix, authorization, runtime })
    }

    /// `GET`; `path` begins behind `/operator/v1`.
    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(Method::GET, path, None)
    }

    /// `POST` of a JSON body.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(Method::POST, path, Some(body))
    }

    /// `PUT` of a JSON body.
    pub(super) fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(Method::PUT, path, Some(body))
    }

    /// `PATCH` with a JSON body.
    pub(super) fn patch(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(Method::PATCH, path, Some(body))
    }

    /// `DELETE`.
    pub(super) fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.call(Method::DELETE, path, None)
    }

    /// All pages of a list.
    pub(super) fn list(&self, path: &str) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        let mut page = format!("{path}?limit=100");
        loop {
            let mut answer = self.get(&page)?;
            match answer.get_mut("data").map(Value::take) {
                Some(Value::Array(rows)) => all.extend(rows),
                _ => return Err(self.strange("the answer has no list")),
            }
            let Some(cursor) = answer.get("cursor").and_then(Value::as_str) else { return Ok(all) };
            let next = format!("{path}?limit=100&cursor={}", segment(cursor));
            if next == page {
                return Err(self.strange("the list does not end"));
            }
            page = next;
        }
    }

    fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        self.runtime.block_on(async {
            let late = |_| {
                Failure::failed(format!("{} did not answer within {} s", self.base, PATIENCE.as_secs()), "")
            };
            tokio::time::timeout(PATIENCE, self.patiently(&method, path, body)).await.map_err(late)?
        })
    }

    /// Asks again when the server said that it is asked too often and when to come back.
    async fn patiently(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        loop {
            let Reply { status, retry_after, answer, .. } = self.exchange(method.clone(), path, body).await?;
            match (status, retry_after) {
                (StatusCode::TOO_MANY_REQUESTS, Some(wait)) if wait < PATIENCE => {
                    tokio::time::sleep(wait).await
                }
                _ if status.is_success() => {
                    return answer.ok_or_else(|| self.strange("the answer is not JSON"));
                }
                _ => return Err(self.refusal(status, &answer.unwrap_or_default())),
            }
        }
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply, Failure> {
        let request = self.request(method, path, body)?;
        self.send(self.connect().await?, request).await
    }

    /// A connection to the server, by TLS where its URL says so.
    async fn connect(&self) -> Result<Box<dyn Connection>, Failure> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|error| {
            let next = "start it with `mailward serve`, or name another with --server";
            Failure::failed(format!("no server at {}: {error}", self.base), next)
        })?;
        let _ = tcp.set_nodelay(true);
        match &self.tls {
            None => Ok(Box::new(tcp)),
            Some(connector) => {
                let name = ServerName::try_from(self.host.clone())
                    .map_err(|_| Failure::usage(format!("{} is no name of a TLS server", self.host), ""))?;
                let stream = connector.connect(name, tcp).await.map_err(|error| {
                    let next = "for a certificate of your own, name its file with --ca-cert";
                    Failure::failed(format!("no TLS with {}: {error}", self.base), next)
                })?;
                Ok(Box::new(stream))
            }
        }
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Request<Whole>, Failure> {
        let (base, prefix) = (self.base.path().trim_end_matches('/'), self.prefix);
        let host = self.base.authority().map_or("", |authority| authority.as_str());
        Request::builder()
            .method(method)
            .uri(format!("{base}{prefix}{path}"))
            .header(HOST, host)
            .header(AUTHORIZATION, &self.authorization)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body.map(|value| Bytes::from(value.to_string())).unwrap_or_default()))
            .map_err(|error| Failure::usage(format!("{path} is no path: {error}"), ""))
    }

    async fn send(&self, stream: Box<dyn Connection>, request: Request<Whole>) -> Result<Reply, Failure> {
        let broken = |error: &dyn std::error::Error| self.broken(error);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let driver = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let status = response.status();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = Limited::new(response.into_body(), MOST_BYTES).collect().await;
        driver.abort();
        let body = body.map_err(|error| broken(error.as_ref()))?.to_bytes();
        let retry_after = retry_after.map(Duration::from_secs);
        let text = String::from_utf8_lossy(&body).into_owned();
        Ok(Reply { status, retry_after, answer: serde_json::from_slice(&body).ok(), text })
    }

    fn broken(&self, error: &dyn std::error::Error) -> Failure {
        let next = "is it the operator listener (operator.listen), and http or https as there?";
        Failure::failed(format!("{} does not answer as HTTP: {error}", self.base), next)
    }

    fn refusal(&self, status: StatusCode, answer: &Value) -> Failure {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        let message = match text("message") {
            "" => format!("{} answered {status}", self.base),
            message => match text("requestId") {
                "" => message.to_owned(),
                id => format!("{message} (request {id})"),
            },
        };
        let next = match text("fix") {
            // The server's advice is about headers, which nobody types here.
            _ if status == StatusCode::UNAUTHORIZED && self.prefix == "/v1" => {
                "set MAILWARD_KEY to a reviewer's key"
            }
            _ if status == StatusCode::UNAUTHORIZED => KEY_HINT,
            fix => fix,
        };
        Failure::failed(message, next)
    }

    fn strange(&self, what: &str) -> Failure {
        Failure::failed(format!("{}: {what}", self.base), "is it a Mailward operator API of this version?")
    }
}

/// Refuses a server to which the operator's key would go over a network in clear.
pub(super) fn refuse_clear(server: &Server) -> Result<(), Failure> {
    Client::new(server).map(drop)
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A text as one segment of a path or one value of a query.
pub(super) fn segment(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // A dot too: `..` would climb out of the path.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

const KEY_HINT: &str = "name the server's data directory with --data-dir, or set MAILWARD_OPERATOR_KEY";

pub(super) fn operator_key(server: &Server) -> Result<String, Failure> {
    if let Ok(key) = std::env::var("MAILWARD_OPERATOR_KEY") {
        return Ok(key.trim().to_owned());
    }
    let directory = match &server.data_dir {
        Some(directory) => directory.clone(),
        None => Layers::read(&Sources::of_process(None, None, Vec::new()))?.data_dir(),
    };
    crate::data_dir::read_secret(&directory.join("operator.key"))
        .map_err(|error| Failure::failed(error, KEY_HINT))
}

pub(super) fn connector(ca_cert: Option<&Path>) -> Result<TlsConnector, Failure> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = ca_cert {
        let bad = |why: String| {
            Failure::failed(format!("{}: {why}", path.display()), "give a PEM file of certificates")
        };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| bad(error.to_string()))?;
            roots.add(certificate).map_err(|error| bad(error.to_string()))?;
        }
    }
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::failed(format!("no TLS: {error}"), ""))?
            .with_root_certificates(roots)
            .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Server {
        Server { server: url.to_owned(), data_dir: Some("/nowhere".into()), ca_cert: None, json: false }
    }

    fn refusal(url: &str) -> String {
        Client::new(&server(url)).err().expect("refused").to_string()
    }

    #[test]
    fn the_key_never_leaves_the_machine_in_clear() {
        for url in ["http://10.0.0.5:8081", "http://mail.example.com", "http://localhost.example.com"] {
            assert!(refusal(url).contains("in clear"), "{url}");
        }
        for url in
            ["http://127.0.0.1:8081", "http://[::1]:8081", "http://localhost", "https://mail.example.com"]
        {
            assert!(refusal(url).contains("/nowhere/operator.key"), "{url}: only the key is missing");
        }
        assert!(refusal("ftp://localhost").contains("neither http nor https"));
        assert!(refusal("http://me:pw@localhost").contains("must not hold"));
    }

    #[test]
    fn an_id_cannot_climb_out_of_its_path() {
        assert_eq!(segment("../audit?x=1&y"), "%2E%2E%2Faudit%3Fx%3D1%26y");
        assert_eq!(segment("acme-2"), "acme-2");
    }
}
