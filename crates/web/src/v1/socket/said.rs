//! What is said on a socket: one JSON object in each text frame, with its kind in `type`.

use mailward_mail::id::{EventId, InboxId};
use serde::Deserialize;
use serde_json::{Value, json};

/// The longest name of a request that is repeated.
const MOST_NAME: usize = 128;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Said {
    /// It wants to hear of these inboxes.
    Subscribe {
        /// Repeated in the answer.
        #[serde(default)]
        id: Value,
        inbox_ids: Vec<String>,
        /// Only what came behind this event; from now on when absent.
        #[serde(default)]
        after: Option<String>,
    },
    /// It does not any more.
    Unsubscribe {
        #[serde(default)]
        id: Value,
        inbox_ids: Vec<String>,
    },
    /// It is there.
    Pong,
    /// It wants to know whether we are.
    Ping,
}

impl Said {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let said: Self = serde_json::from_str(text).ok()?;
        let is_short = |id: &Value| match id {
            Value::Null | Value::Number(_) => true,
            Value::String(name) => name.len() <= MOST_NAME,
            _ => false,
        };
        match &said {
            Self::Subscribe { id, .. } | Self::Unsubscribe { id, .. } => is_short(id).then_some(said),
            Self::Pong | Self::Ping => Some(said),
        }
    }
}

/// An inbox that a client names; what is no id is as absent as what nobody has.
pub(super) fn inbox(text: &str) -> Option<InboxId> {
    InboxId::parse(text).ok()
}

/// The event that a client saw last.
pub(super) fn event(text: Option<&str>) -> Result<Option<EventId>, ()> {
    text.map(|text| EventId::parse(text).map_err(|_| ())).transpose()
}

pub(super) fn authenticated() -> String {
    json!({ "type": "authenticated" }).to_string()
}

pub(super) fn ping() -> String {
    json!({ "type": "ping" }).to_string()
}

pub(super) fn pong() -> String {
    json!({ "type": "pong" }).to_string()
}

/// `kind` is `subscribed` or `unsubscribed`.
pub(super) fn done(kind: &str, id: &Value, inboxes: &[String]) -> String {
    json!({ "type": kind, "id": id, "inbox_ids": inboxes }).to_string()
}

pub(super) fn error(code: &str, message: &str, id: &Value, inboxes: &[String]) -> String {
    let mut said = json!({ "type": "error", "code": code, "message": message });
    if !id.is_null() {
        said["id"] = id.clone();
    }
    if !inboxes.is_empty() {
        said["inbox_ids"] = json!(inboxes);
    }
    said.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_say_is_read_with_what_it_does_not_know_left_out() {
        let said = Said::parse(r#"{"type":"subscribe","id":"req_1","inbox_ids":["ibx_1"],"more":1}"#);
        let Some(Said::Subscribe { id, inbox_ids, after: None }) = said else { panic!("{said:?}") };
        assert_eq!((id, inbox_ids), (json!("req_1"), vec!["ibx_1".to_owned()]));
        assert!(matches!(Said::parse(r#"{"type":"pong","at":7}"#), Some(Said::Pong)));
    }

    #[test]
    fn garbage_is_nothing() {
        let long = format!(r#"{{"type":"subscribe","id":"{}","inbox_ids":[]}}"#, "x".repeat(129));
        for text in [
            "",
            "x",
            "[]",
            "{}",
            "null",
            r#"{"type":"event"}"#,
            r#"{"type":"subscribe"}"#,
            r#"{"type":"subscribe","inbox_ids":"ibx_1"}"#,
            r#"{"type":"subscribe","inbox_ids":[7]}"#,
            r#"{"type":"subscribe","id":{},"inbox_ids":[]}"#,
            &long,
        ] {
            assert!(Said::parse(text).is_none(), "{text}");
        }
    }
}
