//! Receivers that others wrote: the verifier libraries of Standard Webhooks believe our calls, and no changed one.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::LOOPBACK;
use super::server::Endpoint;
use crate::world::mail::plain;
use crate::world::{World, both_databases, fixture};

both_databases!(the_published_verifiers_believe_our_calls_and_no_changed_one);

async fn the_published_verifiers_believe_our_calls_and_no_changed_one(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut endpoint = Endpoint::start(vec![], vec![]).await;
    let body = json!({ "url": endpoint.url(), "include": "body" });
    let made = ada.http("POST", "/v1/webhooks").json(&body).send().await.expect(201);
    let path = format!("/v1/webhooks/{}/rotate", made["id"].as_str().expect("an id"));
    world.deliver_raw(&plain("grüße", "Ünïcödé \u{1f600} and a backslash \\"), &[&inbox.address]).await;
    let first = endpoint.event().await;
    let rotated = ada.http("POST", path).send().await.expect(200);
    world.deliver_raw(&plain("after the rotation", "x"), &[&inbox.address]).await;
    let second = endpoint.event().await;
    let (old, new) = (&made["secret"], &rotated["secret"]);
    // Call, secret, and whether it is to be believed.
    let mut cases = vec![
        case(&first, old, true),
        case(&second, new, true),
        case(&second, old, true),
        case(&first, new, false),
    ];
    for (key, value) in [
        ("body", json!(String::from_utf8_lossy(&first.body).replace("email", "emall"))),
        ("id", json!("evt_01arz3ndektsv4rrffq69g5fav")),
        ("timestamp", json!("1614265330")),
        ("signature", json!("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
    ] {
        let mut changed = case(&first, old, false);
        changed[key] = value;
        cases.push(changed);
    }
    let wanted: Vec<bool> = cases.iter().map(|case| case["good"] == true).collect();
    let clients = fixture("tests/clients/webhooks");
    let node = run(Command::new("node").arg(clients.join("verify.mjs")), &cases).await;
    assert_eq!(node, wanted, "npm's");
    let python =
        run(Command::new(clients.join(".venv/bin/python")).arg(clients.join("verify.py")), &cases).await;
    assert_eq!(python, wanted, "PyPI's");
}

fn case(call: &super::Call, secret: &Value, good: bool) -> Value {
    json!({
        "secret": secret,
        "id": call.header("webhook-id"),
        "timestamp": call.header("webhook-timestamp"),
        "signature": call.header("webhook-signature"),
        "body": String::from_utf8(call.body.clone()).expect("UTF-8"),
        "good": good,
    })
}

async fn run(command: &mut Command, cases: &[Value]) -> Vec<bool> {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("tests/clients/install was run");
    let input = serde_json::to_vec(cases).expect("JSON");
    child.stdin.take().expect("a pipe").write_all(&input).await.expect("written");
    let output = child.wait_with_output().await.expect("it ends");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("a list of booleans")
}
