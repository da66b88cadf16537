//! A judge on loopback: real HTTP, any answer. It reads the question as a model would get it, and keeps all of them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A question that arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    pub head: String,
    pub body: Value,
}

/// What the judge does with a question.
pub enum Reply {
    /// A completion with this content.
    Says(String),
    /// These bytes, as they are.
    Raw(Vec<u8>),
    /// Nothing, for as long as the other side waits.
    Stalls,
    /// Nothing, and the connection ends.
    HangsUp,
    /// Waits until [`Endpoint::open`], then says this.
    AfterOpening(String),
}

pub struct Endpoint {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    gate: watch::Sender<bool>,
}

impl Endpoint {
    /// Starts a judge that answers by a function of the question.
    pub async fn start(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (gate, opened) = watch::channel(false);
        let (kept, reply) = (Arc::clone(&asked), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, reply, opened) = (Arc::clone(&kept), Arc::clone(&reply), opened.clone());
                tokio::spawn(async move { serve(stream, &kept, &*reply, opened).await });
            }
        });
        Self { address, asked, gate }
    }

    /// The setting that names it.
    pub fn url(&self) -> String {
        format!("screening.judge_url=http://{}/v1", self.address)
    }

    /// Every question so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    /// Lets those answer that wait for it, now and from now on.
    pub fn open(&self) {
        self.gate.send_replace(true);
    }
}

impl Asked {
    /// The mail within its frame and the word to be repeated, read as strictly as can be.
    pub fn mail(&self) -> (Value, String) {
        let text = self.body["messages"][1]["content"].as_str().expect("a text");
        let lines: Vec<&str> =
            text.split(|c: char| c.is_control() || "\u{2028}\u{2029}".contains(c)).collect();
        let [opening, marker, data, end, closing] = lines[..] else {
            panic!("{} lines: {text}", lines.len())
        };
        assert!(opening.contains(marker) && marker == end && marker.len() == 32, "{text}");
        assert!(!data.contains(marker) && !closing.contains(marker), "{text}");
        let check = closing.split("\"check\":\"").nth(1).and_then(|rest| rest.split('"').next());
        (serde_json::from_str(data).expect("one JSON object"), check.expect("a word").to_owned())
    }

    /// The subject of the mail.
    pub fn subject(&self) -> String {
        self.mail().0["subject"].as_str().unwrap_or_default().to_owned()
    }

    /// An answer to the letter that finds the mail harmless.
    pub fn benign(&self) -> String {
        json!({ "check": self.mail().1, "verdict": "benign", "aim": "none", "confidence": 100, "quote": "" })
            .to_string()
    }

    /// One that finds it an injection.
    pub fn injection(&self, quote: &str) -> String {
        json!({ "check": self.mail().1, "verdict": "injection", "aim": "disclose", "confidence": 100,
            "quote": quote })
        .to_string()
    }
}

/// A completion as such endpoints write it.
pub fn completion(content: &str) -> Value {
    json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "judge-1",
        "choices": [{ "index": 0, "finish_reason": "stop", "logprobs": null,
            "message": { "role": "assistant", "content": content } }],
        "usage": { "prompt_tokens": 900, "completion_tokens": 34, "total_tokens": 934 } })
}

/// A response with a status line, some headers and a body.
pub fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

async fn serve(
    mut stream: TcpStream,
    kept: &Mutex<Vec<Asked>>,
    reply: &(dyn Fn(&Asked) -> Reply + Send + Sync),
    mut opened: watch::Receiver<bool>,
) {
    let Some(asked) = read(&mut stream).await else { return };
    kept.lock().expect("no panic").push(asked.clone());
    let says = |content: &str| {
        response("200 OK", "Content-Type: application/json\r\n", &completion(content).to_string())
    };
    let bytes = match reply(&asked) {
        Reply::Says(content) => says(&content),
        Reply::Raw(bytes) => bytes,
        Reply::Stalls => {
            let mut end = [0];
            let _ = stream.read(&mut end).await;
            return;
        }
        Reply::HangsUp => return,
        Reply::AfterOpening(content) => {
            if opened.wait_for(|open| *open).await.is_err() {
                return;
            }
            says(&content)
        }
    };
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 8192];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1)?.lines().next()?.trim().parse::<usize>().ok()?;
        if bytes.len() >= end + 4 + length {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            return Some(Asked { head, body: serde_json::from_slice(&bytes[end + 4..]).ok()? });
        }
    }
}
