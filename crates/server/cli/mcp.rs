//! `mcp`: the Model Context Protocol on standard input and output, for clients that start a program and know no HTTP.
//!
//! A bridge and nothing else: each line is sent to the server's `/mcp` and its answer is written as a line, so that the
//! tools, their walls and their bounds are the server's. The key stays in this process and goes to that server alone.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{BufRead, Read, Write};

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use hyper::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Failure;
use super::args::Server;
use super::args::agent::Mcp;
use super::operator::{Client, Told};

/// The longest line, as the server bounds a message.
const MOST_LINE: u64 = 1 << 20;
/// Lines that wait to be sent.
const WAITING: usize = 64;

pub(super) fn run(arguments: &Mcp) -> Result<(), Failure> {
    let server = Server {
        server: arguments.server.clone(),
        data_dir: None,
        ca_cert: arguments.ca_cert.clone(),
        json: true,
    };
    let client = Client::of_tools(&server, &key(arguments)?)?;
    let bridge = Bridge { client: &client, state: RefCell::default() };
    client.run(bridge.carry(lines()))
}

fn key(arguments: &Mcp) -> Result<String, Failure> {
    match (&arguments.key, &arguments.key_file) {
        (Some(key), _) => Ok(key.clone()),
        (None, Some(file)) => crate::data_dir::read_secret(file)
            .map_err(|error| Failure::failed(error, "put the key into a file of mode 400")),
        (None, None) => {
            Err(Failure::usage("there is no key", "set MAILWARD_KEY, or name a file with --key-file"))
        }
    }
}

/// The lines of standard input. A read cannot be given up, so a thread of its own makes it.
fn lines() -> mpsc::Receiver<Vec<u8>> {
    let (sender, lines) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            // One more byte than a line may have: the server then says that it is too long.
            match input.by_ref().take(MOST_LINE + 1).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line.iter().all(u8::is_ascii_whitespace) => {}
                Ok(_) => {
                    if sender.blocking_send(line).is_err() {
                        return;
                    }
                }
            }
        }
    });
    lines
}

struct Bridge<'a> {
    client: &'a Client,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    session: Option<String>,
    revision: Option<String>,
    /// What began the session, to begin another one when the server has forgotten it.
    beginning: Option<Value>,
    /// Calls that wait for their answers, by their ids.
    calls: HashMap<String, AbortHandle>,
}

impl Bridge<'_> {
    async fn carry(&self, mut lines: mpsc::Receiver<Vec<u8>>) -> Result<(), Failure> {
        let mut under_way = FuturesUnordered::new();
        let mut is_open = true;
        while is_open || !under_way.is_empty() {
            tokio::select! {
                line = lines.recv(), if is_open => match line {
                    None => {
                        is_open = false;
                        // Nobody reads what would still come.
                        self.state.borrow().calls.values().for_each(AbortHandle::abort);
                    }
                    Some(line) => under_way.push(self.line(line)),
                },
                Some(said) = under_way.next() => said?,
            }
        }
        let headers = self.headers(&Value::Null);
        if self.state.borrow().session.is_some() {
            let _ = self.client.tell(Method::DELETE, &headers, Vec::new()).await;
        }
        Ok(())
    }

    /// Carries one line, and writes what is answered.
    async fn line(&self, line: Vec<u8>) -> Result<(), Failure> {
        let message: Value = serde_json::from_slice(&line).unwrap_or_default();
        let id = message.get("id").filter(|_| message.get("method").is_some()).cloned();
        let (abort, registration) = AbortHandle::new_pair();
        if let Some(id) = &id {
            self.state.borrow_mut().calls.insert(id.to_string(), abort);
        }
        let given_up = (message["method"] == "notifications/cancelled")
            .then(|| message["params"]["requestId"].to_string());
        let answered = Abortable::new(self.answer(&message, line), registration).await;
        if let Some(id) = &id {
            self.state.borrow_mut().calls.remove(&id.to_string());
        }
        // Told to the server first: in a session it is that which ends the call there.
        if let Some(call) = given_up.and_then(|id| self.state.borrow_mut().calls.remove(&id)) {
            call.abort();
        }
        let Ok(messages) = answered else { return Ok(()) };
        for message in messages {
            // A notification is answered by nothing, whatever became of it.
            if id.is_some() || message.get("method").is_some() {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{message}")?;
                out.flush()?;
            }
        }
        Ok(())
    }

    /// The messages that answer one; what went wrong is one, too.
    async fn answer(&self, message: &Value, line: Vec<u8>) -> Vec<Value> {
        let told = match self.client.tell(Method::POST, &self.headers(message), line.clone()).await {
            Ok(told) if told.status.as_u16() == 404 && self.begins_anew(message).await => {
                self.client.tell(Method::POST, &self.headers(message), line).await
            }
            told => told,
        };
        let refused = |said: String| {
            vec![
                json!({ "jsonrpc": "2.0", "id": message["id"], "error": { "code": -32000, "message": said } }),
            ]
        };
        match told {
            Err(failure) => refused(failure.to_string()),
            Ok(told) if told.status.is_success() => {
                let messages = messages(&told);
                if message["method"] == "initialize" {
                    self.begun(message, &told, &messages);
                }
                messages
            }
            Ok(told) => {
                let said: Value = serde_json::from_slice(&told.body).unwrap_or_default();
                let text = |value: &Value| value.as_str().map(str::to_owned);
                let said = text(&said["error"]["message"]).or_else(|| text(&said["message"]));
                refused(said.unwrap_or_else(|| format!("the server answered {}", told.status)))
            }
        }
    }

    fn begun(&self, beginning: &Value, told: &Told, messages: &[Value]) {
        let session = told.headers.get("mcp-session-id").and_then(|id| id.to_str().ok());
        let agreed = messages.iter().find_map(|message| message["result"]["protocolVersion"].as_str());
        let mut state = self.state.borrow_mut();
        state.session = session.map(str::to_owned);
        state.revision = agreed.map(str::to_owned);
        state.beginning = Some(beginning.clone());
    }

    /// Begins another session where the server has forgotten this one: it was restarted, or the session rested too long.
    async fn begins_anew(&self, message: &Value) -> bool {
        let beginning = self.state.borrow().beginning.clone();
        let Some(beginning) = beginning.filter(|_| message["method"] != "initialize") else { return false };
        let calls = std::mem::take(&mut self.state.borrow_mut().calls);
        *self.state.borrow_mut() = State { calls, ..State::default() };
        let line = beginning.to_string().into_bytes();
        let Ok(told) = self.client.tell(Method::POST, &self.headers(&beginning), line).await else {
            return false;
        };
        self.begun(&beginning, &told, &messages(&told));
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let line = ready.to_string().into_bytes();
        told.status.is_success() && self.client.tell(Method::POST, &self.headers(&ready), line).await.is_ok()
    }

    /// The headers that go with a message (MCP 2026-07-28, streamable HTTP; earlier ones ignore what they do not know).
    fn headers(&self, message: &Value) -> Vec<(&'static str, String)> {
        let state = self.state.borrow();
        let mut headers = Vec::new();
        let own = message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].as_str();
        let revision = own.map(str::to_owned).or_else(|| state.revision.clone());
        headers.extend(revision.map(|revision| ("mcp-protocol-version", revision)));
        if own.is_none() {
            headers.extend(state.session.clone().map(|session| ("mcp-session-id", session)));
        }
        let plain = |value: &Value| {
            value.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic())).map(str::to_owned)
        };
        headers.extend(plain(&message["method"]).map(|method| ("mcp-method", method)));
        headers.extend(plain(&message["params"]["name"]).map(|name| ("mcp-name", name)));
        headers
    }
}

/// The messages of an answer: one, or those of a stream of events.
fn messages(told: &Told) -> Vec<Value> {
    let kind = told.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&told.body);
    if !kind.starts_with("text/event-stream") {
        return serde_json::from_str(&text).into_iter().collect();
    }
    text.lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .filter_map(|data| serde_json::from_str(data.trim()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;
    use hyper::body::Bytes;
    use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn an_answer_is_one_message_or_a_stream_of_them() {
        let told = |kind: &'static str, body: &'static str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
            messages(&Told { status: StatusCode::OK, headers, body: Bytes::from_static(body.as_bytes()) })
        };
        assert_eq!(told("application/json", r#"{"id":1}"#), [json!({ "id": 1 })]);
        let stream = ": ping\n\nid: 0\ndata:\n\nid: 1\ndata: {\"id\":1}\n\ndata:{\"id\":2}\n\n";
        assert_eq!(told("text/event-stream", stream), [json!({ "id": 1 }), json!({ "id": 2 })]);
        assert!(told("application/json", "").is_empty());
    }
}
