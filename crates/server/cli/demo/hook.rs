//! The endpoint of the demo's webhooks: an agent's host that checks each signature.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What arrived with a good signature, and how much came with a bad one.
#[derive(Default)]
pub(super) struct Arrived {
    pub(super) events: Vec<Value>,
    pub(super) forged: usize,
}

/// A listening endpoint for several secrets.
#[derive(Clone, Default)]
pub(super) struct Hook {
    arrived: Arc<Mutex<Arrived>>,
    secrets: Arc<Mutex<Vec<String>>>,
    news: Arc<Notify>,
}

impl Hook {
    /// Listens on a free port of the loopback interface.
    pub(super) async fn listen() -> std::io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let hook = Self::default();
        let endpoint = hook.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let endpoint = endpoint.clone();
                let answer = service_fn(move |request| endpoint.clone().answer(request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer),
                );
            }
        });
        Ok((hook, address))
    }

    /// Adds a secret that calls may be signed with.
    pub(super) fn trust(&self, secret: &str) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).push(secret.to_owned());
    }

    /// Looks at what arrived.
    pub(super) fn look<T>(&self, at: impl FnOnce(&Arrived) -> T) -> T {
        at(&self.arrived.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for the next arrival.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        // Asked whether it wants to be called, it gives the challenge back; only then is it told of anything.
        if let Some(challenge) = challenge(&body) {
            return Ok(Response::new(Full::new(Bytes::from(challenge))));
        }
        let header =
            |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (id, at, signature) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let genuine = {
            let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
            secrets.iter().any(|secret| mailward_dispatch::verify(secret, id, at, &body, signature))
        };
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        match serde_json::from_slice(&body) {
            Ok(event) if genuine => arrived.events.push(event),
            _ => arrived.forged += 1,
        }
        drop(arrived);
        self.news.notify_one();
        Ok(Response::new(Full::new(Bytes::new())))
    }
}

fn challenge(body: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(body).ok()?;
    let is_challenge = event["type"] == "webhook.verify";
    event["data"]["challenge"].as_str().filter(|_| is_challenge).map(str::to_owned)
}
