//! Clients of the streams: a WebSocket by another library, and server-sent events by hand.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

/// An open socket.
pub struct Socket(pub WebSocketStream<TcpStream>);

impl Socket {
    /// Opens one with the token in the URL, as the published client does; the status when it is refused.
    pub async fn open(to: SocketAddr, token: &str) -> Result<Self, u16> {
        let stream = TcpStream::connect(to).await.expect("connected");
        match tokio_tungstenite::client_async(format!("ws://{to}/v1/ws?token={token}"), stream).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens one and hears that it is let in.
    pub async fn connect(to: SocketAddr, token: &str) -> Self {
        let mut socket = Self::open(to, token).await.expect("let in");
        assert_eq!(socket.hear().await, json!({ "type": "authenticated" }));
        socket
    }

    pub async fn say(&mut self, value: Value) {
        self.0.send(Message::text(value.to_string())).await.expect("sent");
    }

    /// What is said next; or the code with which the socket is closed.
    pub async fn next(&mut self) -> Result<Value, u16> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    let said: Value = serde_json::from_str(&text).expect("JSON");
                    if said["type"] == "ping" {
                        self.say(json!({ "type": "pong" })).await;
                    } else if !is_of_thread(&said) {
                        return Ok(said);
                    }
                }
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(0, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    }

    pub async fn hear(&mut self) -> Value {
        self.next().await.unwrap_or_else(|code| panic!("closed with {code}"))
    }

    /// The code with which it is closed, whatever is said before.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }

    /// Subscribes, and hears that it is.
    pub async fn subscribe(&mut self, inbox: &str) {
        self.say(json!({ "type": "subscribe", "id": "req_1", "inbox_ids": [inbox] })).await;
        let answer = self.hear().await;
        assert_eq!(answer, json!({ "type": "subscribed", "id": "req_1", "inbox_ids": [inbox] }));
    }

    /// Subscribes behind an event.
    pub async fn resume(&mut self, inbox: &str, after: &str) {
        self.say(json!({ "type": "subscribe", "id": 1, "inbox_ids": [inbox], "after": after })).await;
        assert_eq!(self.hear().await["type"], json!("subscribed"));
    }
}

/// Each mail brings a second event, of its thread; most tests count mails.
fn is_of_thread(event: &Value) -> bool {
    event["event_type"].as_str().is_some_and(|kind| kind.starts_with("email.thread."))
}

/// An open stream of server-sent events.
pub struct Sse(BufReader<TcpStream>);

/// An event of it.
#[derive(Debug)]
pub struct Sent {
    pub id: String,
    pub event: String,
    pub data: Value,
}

impl Sse {
    /// Opens one; the status when it is refused.
    pub async fn open(to: SocketAddr, token: &str, path: &str, last: Option<&str>) -> Result<Self, u16> {
        let mut stream = TcpStream::connect(to).await.expect("connected");
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {token}\r\n{last}\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut sse = Self(BufReader::new(stream));
        let status = sse.line().await.expect("a status");
        let status: u16 = status.split(' ').nth(1).expect("a code").parse().expect("a number");
        if status != 200 {
            return Err(status);
        }
        // The first comment says that the place in the log is taken.
        while !sse.line().await.expect("a comment").starts_with(": following") {}
        Ok(sse)
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
        }
    }

    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Sent> {
        let (mut id, mut event) = (String::new(), String::new());
        loop {
            let line = self.line().await?;
            // The last chunk of the transfer coding.
            if line == "0" {
                return None;
            }
            if let Some(text) = line.strip_prefix("id: ") {
                id = text.to_owned();
            } else if let Some(text) = line.strip_prefix("event: ") {
                event = text.to_owned();
            } else if let Some(text) = line.strip_prefix("data: ") {
                let data = serde_json::from_str(text).expect("JSON");
                if !is_of_thread(&data) {
                    return Some(Sent { id, event, data });
                }
            }
        }
    }

    /// Whether a comment comes before anything else.
    pub async fn beats(&mut self) -> bool {
        while let Some(line) = self.line().await {
            if line.starts_with(": still here") {
                return true;
            }
        }
        false
    }
}
