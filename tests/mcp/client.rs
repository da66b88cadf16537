//! A plain client of the protocol, which can also misbehave.

use serde_json::{Value, json};

use crate::world::World;
use crate::world::http::{Answer, Request};

/// A revision that begins sessions.
pub const REVISION: &str = "2025-11-25";

/// The newest revision; it needs none.
pub const NEWEST: &str = "2026-07-28";

/// One session of one key.
#[derive(Clone)]
pub struct Client {
    pub world: World,
    pub token: String,
    pub session: Option<String>,
}

impl Client {
    /// Begins a session.
    pub async fn begin(world: &World, token: &str) -> Self {
        let mut client = Self { world: world.clone(), token: token.to_owned(), session: None };
        let params = json!({ "protocolVersion": REVISION, "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" } });
        let answer = client.post(&rpc(1, "initialize", params)).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        client.session = answer.header("mcp-session-id").map(str::to_owned);
        let told = result(&answer);
        assert_eq!(told["protocolVersion"], REVISION);
        let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(client.post(&begun).send().await.status, 202);
        client
    }

    /// A request with a message.
    pub fn post(&self, message: &Value) -> Request {
        self.raw(message.to_string().into_bytes())
    }

    /// A request with a body that may be no message.
    pub fn raw(&self, body: Vec<u8>) -> Request {
        let request = self
            .world
            .http("POST", "/mcp")
            .token(&self.token)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(body);
        match &self.session {
            None => request,
            Some(session) => {
                request.header("mcp-session-id", session).header("mcp-protocol-version", REVISION)
            }
        }
    }

    /// What a method answers.
    pub async fn ask(&self, method: &str, params: Value) -> Value {
        message(&self.post(&rpc(7, method, params)).send().await)
    }

    /// The names of the tools that are listed.
    pub async fn tools(&self) -> Vec<String> {
        let listed = self.ask("tools/list", json!({})).await;
        let tools = listed["result"]["tools"].as_array().unwrap_or_else(|| panic!("{listed}"));
        tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// The result of a call as it stands.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// What a call gave.
    pub async fn done(&self, tool: &str, arguments: Value) -> Value {
        let answer = self.call(tool, arguments).await;
        assert_eq!(answer["result"]["isError"], json!(false), "{tool}: {answer}");
        let given = answer["result"]["structuredContent"].clone();
        let written: Value =
            serde_json::from_str(answer["result"]["content"][0]["text"].as_str().expect("a text"))
                .expect("JSON");
        assert_eq!(given, written, "{tool} says the same twice");
        given
    }

    /// Why a call did nothing: its word.
    pub async fn refused(&self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments).await;
        assert_eq!(answer["result"]["isError"], json!(true), "{tool}: {answer}");
        let said = answer["result"]["content"][0]["text"].as_str().expect("a text");
        let said: Value = serde_json::from_str(said).expect("JSON");
        said["error"].as_str().expect("a word").to_owned()
    }
}

/// A request of JSON-RPC.
pub fn rpc(id: u32, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// A call in the newest revision, which needs no session, and the headers that go with it.
pub fn modern(tool: &str, arguments: Value) -> (Value, Vec<(&'static str, String)>) {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": NEWEST,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let call = rpc(1, "tools/call", json!({ "name": tool, "arguments": arguments, "_meta": meta }));
    let headers = vec![
        ("accept", "application/json, text/event-stream".to_owned()),
        ("mcp-protocol-version", NEWEST.to_owned()),
        ("mcp-method", "tools/call".to_owned()),
        ("mcp-name", tool.to_owned()),
    ];
    (call, headers)
}

/// The message that an answer holds, plain or as the last event of a stream.
pub fn message(answer: &Answer) -> Value {
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        let text = answer.text();
        let last =
            text.lines().filter_map(|line| line.strip_prefix("data:")).rfind(|data| !data.trim().is_empty());
        return serde_json::from_str(last.unwrap_or_else(|| panic!("no event in {text:?}"))).expect("JSON");
    }
    answer.json()
}

/// The result that an answer holds.
pub fn result(answer: &Answer) -> Value {
    let message = message(answer);
    assert!(message.get("result").is_some(), "{message}");
    message["result"].clone()
}
