//! A small HTTP client: one request, one connection, everything the server said.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    to: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    host: Option<String>,
}

/// A connection that outlives a request.
#[derive(Default)]
pub struct Kept(Option<SendRequest<Full<Bytes>>>);

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(to: SocketAddr, method: &str, path: impl Into<String>) -> Self {
        Self {
            to,
            method: method.to_owned(),
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
            host: None,
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, of a host of that name.
    pub fn named(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(mut self, value: &Value) -> Self {
        self.body = value.to_string().into_bytes();
        self.header("content-type", "application/json")
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it on a connection that is kept for the next one; opened again when the server closed it.
    pub async fn over(self, kept: &mut Kept) -> Answer {
        if kept.0.as_ref().is_none_or(SendRequest::is_closed) {
            let stream = TcpStream::connect(self.to).await.expect("a connection");
            stream.set_nodelay(true).expect("set");
            let (sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
            tokio::spawn(connection);
            kept.0 = Some(sender);
        }
        let sender = kept.0.as_mut().expect("it was just opened");
        sender.ready().await.expect("it is open");
        let answer = read(sender.send_request(self.build().expect("a request")).await.expect("an answer"));
        answer.await.expect("a whole answer")
    }

    /// Sends it, and again as long as its key or its tenant asks too often: how fast a test runs is its machine's affair.
    pub async fn send(self) -> Answer {
        loop {
            let answer = self.clone().at_once().await;
            if !answer.is_hurried() {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    }

    /// Sends it once, whatever is said.
    pub async fn at_once(self) -> Answer {
        self.try_send().await.expect("an answer")
    }

    pub async fn try_send(self) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.to).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let answer = read(sender.send_request(self.build()?).await?).await?;
        driver.abort();
        Ok(answer)
    }

    fn build(self) -> Result<hyper::Request<Full<Bytes>>, hyper::http::Error> {
        let mut request = hyper::Request::builder()
            .method(self.method.as_str())
            .uri(self.path)
            .header("host", self.host.unwrap_or_else(|| self.to.to_string()));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(Bytes::from(self.body)))
    }
}

async fn read(response: hyper::Response<Incoming>) -> Result<Answer, hyper::Error> {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = response.into_body().collect().await?.to_bytes().to_vec();
    Ok(Answer { status, headers, body })
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether more was asked in a second than may be, so that nothing was done.
    fn is_hurried(&self) -> bool {
        let said: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let is_of_requests =
            said["message"] == "this token asks too often" || said["limit"] == "requestsPerSecond";
        self.status == 429 && is_of_requests
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body, after checking the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }
}
