//! The HTTP contract: every route as a tenant's program meets it, and what each refuses.

mod edges;
mod inboxes;
mod keys;
mod mail;

use serde_json::Value;

use crate::world::actors::Inbox;
use crate::world::http::Answer;

const NEVER: &str = "00000000000000000000000000";

/// What an error looks like, but for the request's id.
fn problem(answer: &Answer) -> Value {
    let mut body = answer.json();
    let id = body.as_object_mut().expect("an object").remove("requestId").expect("a request id");
    assert_eq!(answer.header("x-request-id"), id.as_str());
    body
}

/// Asks an inbox' long poll.
async fn poll(inbox: &Inbox, query: &str) -> Answer {
    inbox.http("GET", format!("/v1/inboxes/{}/emails/poll?{query}", inbox.id)).send().await
}
