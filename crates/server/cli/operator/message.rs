//! Messages that are not the API's JSON: sent and received as they are.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;

use super::{Client, Failure, MOST_BYTES};

/// What came back.
pub(in crate::cli) struct Told {
    /// The status.
    pub(in crate::cli) status: StatusCode,
    /// The header.
    pub(in crate::cli) headers: HeaderMap,
    /// The whole body.
    pub(in crate::cli) body: Bytes,
}

impl Client {
    /// Runs what asks this server.
    pub(in crate::cli) fn run<T>(&self, asking: impl Future<Output = T>) -> T {
        self.runtime.block_on(asking)
    }

    /// Sends a message and waits for the whole answer, however long that takes.
    pub(in crate::cli) async fn tell(
        &self,
        method: Method,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Told, Failure> {
        let base = self.base.path().trim_end_matches('/');
        let host = self.base.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{base}{}", self.prefix))
            .header(HOST, host)
            .header(AUTHORIZATION, &self.authorization)
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| Failure::failed(format!("no request: {error}"), ""))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(self.connect().await?))
                .await
                .map_err(|error| self.broken(&error))?;
        // Ends with the answer, or with who waits for it: a call that is given up is given up there, too.
        let driver = Driver(tokio::spawn(connection));
        let answer = sender.send_request(request).await.map_err(|error| self.broken(&error))?;
        let (parts, body) = answer.into_parts();
        let body =
            Limited::new(body, MOST_BYTES).collect().await.map_err(|error| self.broken(error.as_ref()))?;
        drop(driver);
        Ok(Told { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    }
}

/// A connection's task; it ends when it is dropped.
struct Driver<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for Driver<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
