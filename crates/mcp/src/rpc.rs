//! What is no JSON-RPC is refused before anything reads further, and every refusal is JSON.

use std::borrow::Cow;

use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use crate::{Answer, whole};

/// An answer that says no (JSON-RPC 2.0, 5.1).
#[derive(Clone, Debug)]
pub struct RpcError {
    status: StatusCode,
    code: i32,
    message: Cow<'static, str>,
}

/// For a session that never was, is over, or is somebody else's.
pub(crate) const NO_SESSION: RpcError =
    RpcError::new(StatusCode::NOT_FOUND, -32001, "there is no such session");

impl RpcError {
    pub(crate) const fn new(status: StatusCode, code: i32, message: &'static str) -> Self {
        Self { status, code, message: Cow::Borrowed(message) }
    }

    /// As it is sent.
    pub fn answer(&self) -> Answer {
        let body =
            json!({ "jsonrpc": "2.0", "id": null, "error": { "code": self.code, "message": self.message } });
        let mut answer = Answer::new(whole(body.to_string()));
        *answer.status_mut() = self.status;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer
    }
}

/// Whether a body is one message of JSON-RPC 2.0. Lists of messages were taken out of the protocol in its revision
/// 2025-06-18, and each would be many requests that count as one.
pub(crate) fn check(body: &Bytes) -> Result<(), RpcError> {
    let bad = |code, message| RpcError::new(StatusCode::BAD_REQUEST, code, message);
    let Ok(message) = serde_json::from_slice::<Value>(body) else {
        return Err(bad(-32700, "the body is no JSON"));
    };
    let Value::Object(message) = message else {
        return Err(bad(-32600, "the body must be one JSON-RPC message; lists of them are not taken"));
    };
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(bad(-32600, "the message must say \"jsonrpc\": \"2.0\""));
    }
    let id_is_sound = match message.get("id") {
        None | Some(Value::String(_)) => true,
        Some(Value::Number(number)) => number.is_i64() || number.is_u64(),
        Some(_) => false,
    };
    let is_call = message.get("method").is_some_and(Value::is_string);
    let is_reply =
        message.contains_key("id") && (message.contains_key("result") || message.contains_key("error"));
    if id_is_sound && (is_call || is_reply) {
        Ok(())
    } else {
        Err(bad(-32600, "the message is neither a request, a notification nor an answer"))
    }
}

/// Refusals of the library that are plain text, as JSON.
pub(crate) async fn in_json(mut answer: Answer) -> Answer {
    let status = answer.status();
    let is_text =
        answer.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if status.is_success() || !is_text {
        return answer;
    }
    let said = std::mem::replace(answer.body_mut(), whole(Bytes::new()));
    let said = said.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    // Its words on what did not parse repeat what was sent, and may be long.
    let said: String = String::from_utf8_lossy(&said).chars().take(200).collect();
    let plain = RpcError { status, code: -32600, message: Cow::Owned(said) }.answer();
    answer.headers_mut().remove(CONTENT_LENGTH);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *answer.body_mut() = plain.into_body();
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_of_json_rpc_passes_and_nothing_else() {
        let code =
            |text: &'static str| check(&Bytes::from_static(text.as_bytes())).err().map(|error| error.code);
        for message in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":"a","method":"nobody/knows","params":{}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        ] {
            assert_eq!(code(message), None, "{message}");
        }
        for (message, refused) in [
            ("", -32700),
            ("{", -32700),
            ("\u{0}", -32700),
            ("[]", -32600),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
            (r#""ping""#, -32600),
            (r#"{"id":1,"method":"ping"}"#, -32600),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":1}"#, -32600),
        ] {
            assert_eq!(code(message), Some(refused), "{message}");
        }
    }
}
