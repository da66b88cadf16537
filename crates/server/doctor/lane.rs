//! A way to a listener: over the network, or inside of this process.
//!
//! One request, one connection; no redirect is followed, because tokens go with requests.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Trouble;

/// A whole call, from the connection to the last byte of the answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// No answer is longer.
const MOST_BYTES: usize = 16 << 20;
/// How often a request is made again that was told to come back later.
const MOST_AGAIN: u32 = 20;

/// Opens a connection to a listener of this process, without a socket.
pub type Inside = Arc<dyn Fn() -> DuplexStream + Send + Sync>;

/// A way to a listener. A cheap clone.
#[derive(Clone)]
pub struct Lane(Way);

#[derive(Clone)]
enum Way {
    Network { host: String, port: u16, prefix: String, tls: Option<TlsConnector> },
    Inside(Inside),
}

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// Who asks.
    pub token: Option<String>,
    /// A JSON body.
    pub body: Option<Value>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Ask {
    /// A request without a body.
    #[must_use]
    pub fn new(method: &'static str, path: impl Into<String>, token: &str) -> Self {
        Self { method, path: path.into(), token: Some(token.to_owned()), body: None, headers: Vec::new() }
    }

    /// With a JSON body.
    #[must_use]
    pub fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

impl Heard {
    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// All that was told, in one piece: to be searched.
    #[must_use]
    pub fn everything(&self) -> Vec<u8> {
        let mut all = format!("{}\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            all.extend_from_slice(format!("{name}: {value}\n").as_bytes());
        }
        all.extend_from_slice(&self.body);
        all
    }

    /// All of it but what names the request and the moment: what two answers to equal requests have in common.
    #[must_use]
    pub fn alike(&self) -> (u16, Vec<(String, String)>, String) {
        let id = self.header("x-request-id").unwrap_or("none");
        // A proxy in front adds its own names and moments.
        let is_common = |name: &str| {
            ["content-type", "cache-control", "content-length", "www-authenticate", "allow", "location"]
                .contains(&name)
        };
        let mut headers: Vec<_> = self.headers.iter().filter(|(name, _)| is_common(name)).cloned().collect();
        headers.sort();
        (self.status, headers, String::from_utf8_lossy(&self.body).replace(id, "req"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Lane {
    /// A way over the network to `http://` or `https://`; `tls` is used for the latter.
    ///
    /// # Errors
    /// [`Trouble`] when it is no such URL.
    pub fn to(url: &str, tls: &TlsConnector) -> Result<Self, Trouble> {
        let bad = || Trouble(format!("{url} is not a URL that begins with http:// or https://"));
        let uri: hyper::Uri = url.parse().map_err(|_| bad())?;
        let (is_https, port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            _ => return Err(bad()),
        };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        Ok(Self(Way::Network {
            host,
            port: uri.port_u16().unwrap_or(port),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            tls: is_https.then(|| tls.clone()),
        }))
    }

    /// A way inside of this process.
    #[must_use]
    pub fn inside(inside: Inside) -> Self {
        Self(Way::Inside(inside))
    }

    /// Asks, and asks again when it was told that it asks too often.
    ///
    /// # Errors
    /// [`Trouble`] when there is no answer.
    pub async fn ask(&self, ask: &Ask) -> Result<Heard, Trouble> {
        let mut again = 0;
        loop {
            let late = |_| Trouble(format!("{} {}: no answer in time", ask.method, ask.path));
            let heard = tokio::time::timeout(PATIENCE, self.once(ask)).await.map_err(late)??;
            let wait = heard.header(RETRY_AFTER.as_str()).and_then(|text| text.parse().ok());
            match wait.filter(|_| heard.status == 429 && again < MOST_AGAIN) {
                None => return Ok(heard),
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds).min(PATIENCE)).await,
            }
            again += 1;
        }
    }

    /// Asks for what must succeed, and answers with its JSON.
    ///
    /// # Errors
    /// [`Trouble`] when it does not.
    pub async fn must(&self, ask: &Ask) -> Result<Value, Trouble> {
        let heard = self.ask(ask).await?;
        if (200..300).contains(&heard.status) {
            return Ok(heard.json());
        }
        let said = heard.json();
        let word = said["message"].as_str().unwrap_or_default();
        Err(Trouble(format!("{} {} was answered {} {word}", ask.method, ask.path, heard.status)))
    }

    async fn once(&self, ask: &Ask) -> Result<Heard, Trouble> {
        let failed = |error: &dyn std::fmt::Display| Trouble(format!("{} {}: {error}", ask.method, ask.path));
        match &self.0 {
            Way::Inside(inside) => exchange(inside(), self.request(ask, "localhost", "")?).await,
            Way::Network { host, port, prefix, tls } => {
                let stream =
                    TcpStream::connect((host.as_str(), *port)).await.map_err(|error| failed(&error))?;
                let request = self.request(ask, &format!("{host}:{port}"), prefix)?;
                let Some(tls) = tls else { return exchange(stream, request).await };
                let name = ServerName::try_from(host.clone()).map_err(|error| failed(&error))?;
                let stream = tls.connect(name, stream).await.map_err(|error| failed(&error))?;
                exchange(stream, request).await
            }
        }
    }

    fn request(&self, ask: &Ask, host: &str, prefix: &str) -> Result<Request<Full<Bytes>>, Trouble> {
        let mut request = Request::builder()
            .method(ask.method)
            .uri(format!("{prefix}{}", ask.path))
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = &ask.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let body = ask.body.as_ref().map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        request.body(Full::new(body)).map_err(|error| Trouble(format!("{} is no path: {error}", ask.path)))
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Heard, Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let said = format!("{} {}", request.method(), request.uri());
    let failed = |error: &dyn std::fmt::Display| Trouble(format!("{said}: {error}"));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = Limited::new(response.into_body(), MOST_BYTES).collect().await;
    driver.abort();
    let body = body.map_err(|error| failed(&error))?.to_bytes().to_vec();
    Ok(Heard { status, headers, body })
}
