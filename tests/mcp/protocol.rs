//! Bounds: what is no message, too large, too deep, too much at once, from a page, or given up.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Client, message, modern, rpc};
use crate::world::http::Request;
use crate::world::{World, both_databases};

both_databases!(
    what_is_no_message_is_refused_and_nothing_else_suffers,
    a_page_of_another_origin_is_refused,
    a_key_has_eight_calls_at_once,
    a_wait_that_is_cancelled_gives_its_place_back,
    the_newest_revision_needs_no_session,
    every_tool_says_what_it_takes_gives_and_does,
);

async fn what_is_no_message_is_refused_and_nothing_else_suffers(world: World) {
    let ada = world.tenant("ada").await;
    let agent = Client::begin(&world, &ada.token).await;
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let bodies: [(&[u8], u16); 8] = [
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"{\"jsonrpc\":\"2.0\"", 400),
        (b"[]", 400),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, 400),
        (br#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#, 400),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#, 200),
        (deep.as_bytes(), 400),
    ];
    for (body, status) in bodies {
        let answer = agent.raw(body.to_vec()).send().await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        assert!(
            answer.status == status || (400..500).contains(&answer.status),
            "{shown}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(answer.status == 200 || answer.header("content-type") == Some("application/json"), "{shown}");
        assert!(answer.text().len() < 1_000, "{shown}");
    }
    let huge =
        rpc(1, "tools/call", json!({ "name": "get_email", "arguments": { "emailId": "x".repeat(1 << 20) } }));
    assert_eq!(agent.post(&huge).send().await.status, 413);
    let large = json!({ "emailId": "x".repeat(900_000) });
    assert!(agent.call("get_email", large).await.to_string().len() < 1_000, "an argument is not repeated");
    let unknown = agent.ask("mailboxes/burn", json!({})).await;
    assert_eq!(unknown["error"]["code"], json!(-32601), "{unknown}");
    for (tool, arguments) in [
        ("get_email", json!({})),
        ("get_email", json!({ "emailId": 7 })),
        ("get_email", json!({ "emailId": "eml_x", "isAdmin": true })),
        ("check_inbox", json!({ "inboxId": null, "cursor": "x" })),
        ("wait_for_email", json!({ "timeoutSeconds": -1 })),
        ("wait_for_email", json!({ "inboxId": "ibx_x", "since": "yesterday" })),
    ] {
        let word = agent.refused(tool, arguments.clone()).await;
        assert!(["validation_error", "not_found"].contains(&word.as_str()), "{tool} {arguments}: {word}");
    }
    assert_eq!(world.http("GET", "/mcp").token(&ada.token).send().await.status, 405);
    assert!(!agent.tools().await.is_empty(), "it goes on");
}

async fn a_page_of_another_origin_is_refused(world: World) {
    let world = world.start_with(&["mcp.allowed_origins=[\"https://console.test\"]"]).await;
    let ada = world.tenant("ada").await;
    let agent = Client::begin(&world, &ada.token).await;
    let own = format!("http://{}", world.http);
    for (origin, status) in [
        (own.as_str(), 200),
        ("https://console.test", 200),
        ("https://evil.test", 403),
        ("http://console.test", 403),
        ("null", 403),
        ("http://127.0.0.1:1", 403),
    ] {
        let answer = agent.post(&rpc(2, "tools/list", json!({}))).header("origin", origin).send().await;
        assert_eq!(answer.status, status, "{origin}: {}", answer.text());
    }
}

/// A wait that is begun and not ended. Where it was refused because a look of this test stood in its place, it asks again.
fn wait(request: Request) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        while message(&request.clone().send().await)["result"]["isError"] != json!(false) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
}

/// The wait of a session, by the id of its request.
fn of_session(agent: &Client, id: u32) -> Request {
    agent.post(&rpc(id, "tools/call", json!({ "name": "wait_for_email", "arguments": {} })))
}

/// Asks until a call is answered in this way: others begin and end beside it.
async fn until(agent: &Client, is_wanted: impl Fn(&Value) -> bool) {
    let mut last = Value::Null;
    for _ in 0..200 {
        last = agent.call("wait_for_email", json!({ "timeoutSeconds": 0 })).await;
        if is_wanted(&last) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(70)).await;
    }
    panic!("it never came to be: {last}");
}

/// So many may wait for one inbox at once.
async fn let_wait(world: &World, polls: u64) {
    let limit = json!({ "limits": { "concurrentPollsPerInbox": polls } });
    world.operator_http("PATCH", "/operator/v1/tenants/ada").json(&limit).send().await.expect(200);
}

async fn a_key_has_eight_calls_at_once(world: World) {
    let ada = world.tenant("ada").await;
    let_wait(&world, 0).await;
    let inbox = ada.inbox().await;
    let agent = Client::begin(&world, &inbox.token).await;
    let mut waiting = Vec::new();
    for id in 100..108 {
        waiting.push(wait(of_session(&agent, id)));
    }
    until(&agent, |answer| answer.to_string().contains("too many calls of this key")).await;
    let other = Client::begin(&world, &ada.token).await;
    assert_eq!(
        other.done("get_account", json!({})).await["id"],
        json!("ada"),
        "another key has places of its own"
    );
    for one in waiting {
        one.abort();
    }
}

async fn a_wait_that_is_cancelled_gives_its_place_back(world: World) {
    let ada = world.tenant("ada").await;
    let_wait(&world, 1).await;
    let inbox = ada.inbox().await;
    let agent = Client::begin(&world, &inbox.token).await;
    let waiting = wait(of_session(&agent, 100));
    let is_full = |answer: &Value| answer.to_string().contains("waiting polls of one inbox");
    until(&agent, is_full).await;
    let cancelled =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 100 } });
    assert_eq!(agent.post(&cancelled).send().await.status, 202);
    until(&agent, |answer| answer["result"]["isError"] == json!(false)).await;
    waiting.abort();
    // Without a session it is the connection that ends the wait.
    let waiting = wait(stateless(&agent, "wait_for_email", json!({})));
    until(&agent, is_full).await;
    waiting.abort();
    until(&agent, |answer| answer["result"]["isError"] == json!(false)).await;
}

/// A call without a session.
fn stateless(agent: &Client, tool: &str, arguments: Value) -> Request {
    let (call, headers) = modern(tool, arguments);
    let request = agent.world.http("POST", "/mcp").token(&agent.token).json(&call);
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

async fn the_newest_revision_needs_no_session(world: World) {
    let ada = world.tenant("ada").await;
    let agent = Client { world: world.clone(), token: ada.token.clone(), session: None };
    let answer = stateless(&agent, "get_account", json!({})).send().await;
    assert_eq!(answer.header("mcp-session-id"), None);
    assert_eq!(message(&answer)["result"]["structuredContent"]["id"], json!("ada"), "{}", answer.text());
    let answer = stateless(&agent, "no_such_tool", json!({})).send().await;
    assert_eq!(message(&answer)["error"]["code"], json!(-32602));
}

async fn every_tool_says_what_it_takes_gives_and_does(world: World) {
    let ada = world.tenant("ada").await;
    let agent = Client::begin(&world, &ada.token).await;
    let listed = agent.ask("tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().expect("tools");
    for tool in tools {
        let name = tool["name"].as_str().expect("a name");
        assert_eq!(tool["outputSchema"]["type"], json!("object"), "{name}");
        let destroys = ["delete_inbox", "send_email", "reply_to_email", "forward_email", "cancel_email"];
        let destroys = destroys.contains(&name);
        assert_eq!(tool["annotations"]["destructiveHint"], json!(destroys), "{name}");
        let writes = destroys || name == "create_inbox";
        assert_eq!(tool["annotations"]["readOnlyHint"], json!(!writes), "{name}");
        assert!(tool["title"].is_string(), "{name}");
    }
}
