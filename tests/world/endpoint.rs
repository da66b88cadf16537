//! A webhook endpoint of the test's own, and what it was told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::actors::Tenant;

/// A call that arrived.
pub struct Call {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        &self.headers.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}")).1
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// In place of a status: the call is never answered.
pub const SILENT: u16 = 0;

/// An endpoint that answers with the given statuses, then with 200.
pub async fn endpoint(statuses: &[u16]) -> (SocketAddr, mpsc::UnboundedReceiver<Call>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let (told, calls) = mpsc::unbounded_channel();
    let statuses = Arc::new(Mutex::new(statuses.iter().copied().collect::<VecDeque<u16>>()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (told, statuses) = (told.clone(), Arc::clone(&statuses));
            let answer = service_fn(move |request: hyper::Request<Incoming>| {
                let (told, statuses) = (told.clone(), Arc::clone(&statuses));
                async move {
                    let path = request.uri().path().to_owned();
                    let headers = request
                        .headers()
                        .iter()
                        .map(|(name, value)| {
                            (name.to_string(), value.to_str().unwrap_or_default().to_owned())
                        })
                        .collect();
                    let body = request.into_body().collect().await?.to_bytes().to_vec();
                    if let Some(challenge) = challenge(&body) {
                        return Ok(hyper::Response::new(Full::new(Bytes::from(challenge))));
                    }
                    let status = statuses.lock().expect("no panic").pop_front().unwrap_or(200);
                    let _ = told.send(Call { path, headers, body });
                    if status == SILENT {
                        std::future::pending::<()>().await;
                    }
                    let answer = hyper::Response::builder().status(status).body(Full::new(Bytes::new()));
                    Ok::<_, hyper::Error>(answer.expect("an answer"))
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer),
            );
        }
    });
    (address, calls)
}

/// What an endpoint gives back when it is asked whether it wants to be called.
pub fn challenge(body: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(body).ok()?;
    let is_challenge = event["type"] == "webhook.verify";
    event["data"]["challenge"].as_str().filter(|_| is_challenge).map(str::to_owned)
}

/// An endpoint as its tenant sees it, once it has a status.
pub async fn once(tenant: &Tenant, id: &str, status: &str) -> Value {
    for _ in 0..400 {
        let answer = tenant.http("GET", format!("/v1/webhooks/{id}")).send().await;
        if answer.status == 200 && answer.json()["status"] == status {
            return answer.json();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it never was {status}");
}
