//! Bodies of any length, to and from the operator API: written as they come, sent as they are read.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{Client, Failure, MOST_BYTES};

/// How long either side may say nothing: a large archive is checked to its end before the answer comes.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// What is read before it is sent, in bytes.
const PIECE: usize = 256 << 10;

impl Client {
    /// `POST` of a JSON body whose answer is a file; how many bytes it has.
    pub(in crate::cli) fn download(
        &self,
        path: &str,
        body: &Value,
        out: &mut impl Write,
    ) -> Result<u64, Failure> {
        self.runtime.block_on(async {
            let stream = self.connect().await?;
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                .await
                .map_err(|error| self.broken(&error))?;
            let driver = tokio::spawn(connection);
            let request = self.request(Method::POST, path, Some(body))?;
            let answer = sender.send_request(request).await.map_err(|error| self.broken(&error))?;
            let status = answer.status();
            let mut body = answer.into_body();
            if !status.is_success() {
                let said = Limited::new(body, MOST_BYTES).collect().await.map(|said| said.to_bytes());
                let said = said.ok().and_then(|said| serde_json::from_slice(&said).ok());
                return Err(self.refusal(status, &said.unwrap_or_default()));
            }
            let mut written = 0;
            while let Some(frame) =
                tokio::time::timeout(PATIENCE, body.frame()).await.map_err(|_| self.silent())?
            {
                let frame = frame.map_err(|_| {
                    let next = "the server's log says why; try again";
                    Failure::failed("the server cut the answer off before its end", next)
                })?;
                if let Some(bytes) = frame.data_ref() {
                    out.write_all(bytes).map_err(|error| {
                        Failure::failed(format!("the file cannot be written: {error}"), "")
                    })?;
                    written += bytes.len() as u64;
                }
            }
            driver.abort();
            Ok(written)
        })
    }

    /// `POST` of a file; the answer.
    pub(in crate::cli) fn upload(
        &self,
        path: &str,
        mut file: impl Read + Send + 'static,
    ) -> Result<Value, Failure> {
        let (out, pieces) = mpsc::channel::<std::io::Result<Frame<Bytes>>>(2);
        let trouble = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&trouble);
        // On a thread of its own: reading decrypts, and waits for the disk.
        std::thread::spawn(move || {
            loop {
                let mut piece = vec![0; PIECE];
                let read = file.read(&mut piece);
                match read {
                    Ok(0) => return,
                    Ok(n) => {
                        piece.truncate(n);
                        if out.blocking_send(Ok(Frame::data(piece.into()))).is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                        let _ = out.blocking_send(Err(error));
                        return;
                    }
                }
            }
        });
        let answer = self.runtime.block_on(self.send_pieces(path, pieces));
        // What could not be read is the reason for whatever the server made of its end.
        match trouble.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(Failure::failed(
                format!("the archive cannot be read to its end: {error}"),
                "it is damaged, or was cut off: export it again; nothing of it was taken",
            )),
            None => answer,
        }
    }

    async fn send_pieces(
        &self,
        path: &str,
        pieces: mpsc::Receiver<std::io::Result<Frame<Bytes>>>,
    ) -> Result<Value, Failure> {
        let stream = self.connect().await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broken(&error))?;
        let driver = tokio::spawn(connection);
        let pieces = futures_util::stream::unfold(pieces, async |mut pieces| {
            pieces.recv().await.map(|piece| (piece, pieces))
        });
        let prefix = self.base.path().trim_end_matches('/');
        let host = self.base.authority().map_or("", |authority| authority.as_str());
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{prefix}/operator/v1{path}"))
            .header(HOST, host)
            .header(AUTHORIZATION, &self.authorization)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-tar")
            .body(StreamBody::new(Box::pin(pieces)))
            .map_err(|error| Failure::usage(format!("{path} is no path: {error}"), ""))?;
        let answer = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
        let answer = answer.map_err(|_| self.silent())?.map_err(|error| self.broken(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
        driver.abort();
        let body = body.map_err(|error| self.broken(error.as_ref()))?.to_bytes();
        let said: Option<Value> = serde_json::from_slice(&body).ok();
        if !status.is_success() {
            return Err(self.refusal(status, &said.unwrap_or_default()));
        }
        said.ok_or_else(|| self.strange("the answer is not JSON"))
    }

    fn silent(&self) -> Failure {
        Failure::failed(format!("{} says nothing any more", self.base), "")
    }
}

/// The body of a request that is known as a whole.
pub(super) type Whole = Full<Bytes>;
