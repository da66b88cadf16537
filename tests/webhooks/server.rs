//! An endpoint that behaves as a test says: call by call, down to the octets, and what it was told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{Call, challenge};
use crate::world::actors::Tenant;

/// What an endpoint does with a call.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers with a status, headers and a body.
    Answer(u16, String, String),
    /// Closes the connection without a word.
    Close,
    /// Says something that is no HTTP.
    Babble,
    /// Answers 200, and then more than anybody asked for.
    Flood,
}

/// An answer of a status alone.
pub fn status(status: u16) -> Act {
    Act::Answer(status, String::new(), String::new())
}

/// A listening endpoint.
pub struct Endpoint {
    pub address: SocketAddr,
    pub calls: mpsc::UnboundedReceiver<Call>,
}

impl Endpoint {
    /// An endpoint that meets challenges and events so, one after the other; when there are none left, challenges are
    /// given back and events taken.
    pub async fn start(challenges: Vec<Act>, acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let (told, calls) = mpsc::unbounded_channel();
        let queue = |acts: Vec<Act>| Arc::new(Mutex::new(VecDeque::from(acts)));
        let queues = (queue(challenges), queue(acts));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, queues.clone(), told.clone()));
            }
        });
        Self { address, calls }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Makes it an endpoint of a tenant's; its id.
    pub async fn of(&self, tenant: &Tenant, more: Value) -> String {
        let mut body = json!({ "url": self.url() });
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        let made = tenant.http("POST", "/v1/webhooks").json(&body).send().await.expect(201);
        made["id"].as_str().expect("an id").to_owned()
    }

    /// The next call that is no challenge.
    pub async fn event(&mut self) -> Call {
        loop {
            let call = self.calls.recv().await.expect("a call");
            if challenge(&call.body).is_none() {
                return call;
            }
        }
    }

    /// The next call that is a challenge.
    pub async fn challenged(&mut self) -> Call {
        let call = self.calls.recv().await.expect("a call");
        assert!(challenge(&call.body).is_some(), "an event came unasked: {}", call.json());
        call
    }
}

type Queue = Arc<Mutex<VecDeque<Act>>>;

async fn serve(mut stream: TcpStream, queues: (Queue, Queue), told: mpsc::UnboundedSender<Call>) {
    let Some(call) = read(&mut stream).await else { return };
    let asked = challenge(&call.body);
    let queue = if asked.is_some() { &queues.0 } else { &queues.1 };
    let act = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let act = act.unwrap_or_else(|| Act::Answer(200, String::new(), asked.unwrap_or_default()));
    drop(told.send(call));
    // The caller may hang up first; that is its right.
    match act {
        Act::Close => {}
        Act::Babble => drop(stream.write_all(b"220 mail.example ESMTP\r\n").await),
        Act::Answer(status, headers, body) => {
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            drop(stream.write_all(answer.as_bytes()).await);
        }
        Act::Flood => {
            drop(stream.write_all(b"HTTP/1.1 500 x\r\ncontent-encoding: gzip\r\n\r\n").await);
            while stream.write_all(&[b'a'; 65_536]).await.is_ok() {}
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Call> {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4_096];
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let headers: Vec<(String, String)> = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let length: usize = length.map_or(0, |(_, value)| value.parse().expect("a number"));
            if bytes.len() >= end + 4 + length {
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                return Some(Call { path, headers, body: bytes[end + 4..].to_vec() });
            }
        }
        match stream.read(&mut some).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&some[..read]),
            _ => return None,
        }
    }
}

/// The log of an endpoint's calls, once it is so long; newest first.
pub async fn deliveries(tenant: &Tenant, id: &str, at_least: usize) -> Vec<Value> {
    for _ in 0..400 {
        let path = format!("/v1/webhooks/{id}/deliveries?limit=100");
        let answer = tenant.http("GET", path).send().await;
        if answer.status == 200 {
            let list = answer.json()["data"].as_array().expect("a list").clone();
            if list.len() >= at_least {
                return list;
            }
        }
        // Not for luck: what is waited for is written right after the answer that was given.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no {at_least} calls in the log");
}
