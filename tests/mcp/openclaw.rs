//! A cell of OpenClaw, set up with one command: its files, and its hook as the gateway would take it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::client::Client;
use crate::world::endpoint::{SILENT, endpoint};
use crate::world::mail::plain;
use crate::world::process::binary;
use crate::world::{Engine, World, fixture};

const LOOPBACK: &str = "webhooks.allow_private=[\"127.0.0.1/32\"]";

/// Runs `mailward openclaw` as the operator.
async fn openclaw(world: &World, out: &Path, gateway: &str, more: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(["openclaw", "--tenant", "ada", "--json", "--out"]).arg(out);
    command.args(["--gateway", gateway, "--http", &format!("http://{}", world.http)]);
    command.args(["--server", &format!("http://{}", world.operator)]).args(more);
    command.env_clear().env("MAILWARD_OPERATOR_KEY", &world.operator_token).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it runs")
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_command_gives_a_cell_its_mail() {
    let world = World::on(Engine::Sqlite, &[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let before = ada.http("GET", "/v1/keys").send().await.expect(200)["data"].as_array().map(Vec::len);
    // The gateway is full at first, as it may be: what it refuses so comes again.
    let (gateway, mut calls) = endpoint(&[503]).await;
    let directory = tempfile::tempdir().expect("a directory");
    let cell = directory.path().join("cell");
    let out = openclaw(&world, &cell, &format!("http://{gateway}"), &[]).await;
    assert!(out.status.success(), "{}", said(&out));
    let made: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let read = |name: &str| std::fs::read_to_string(cell.join(name)).expect("a file");
    for name in ["openclaw.json", "webhook-secret"] {
        let mode = std::fs::metadata(cell.join(name)).expect("a file").mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let config: Value = serde_json::from_str(&read("openclaw.json")).expect("JSON");
    let server = &config["mcp"]["servers"]["mailward"];
    let token = server["headers"]["Authorization"]
        .as_str()
        .and_then(|text| text.strip_prefix("Bearer "))
        .expect("a key");
    assert!(
        !read("skills/mailward/SKILL.md").contains(token)
            && !String::from_utf8_lossy(&out.stdout).contains(token)
    );

    // Its key is of its inbox and reads; the one that was issued for this is gone.
    let agent = Client::begin(&world, token).await;
    let account = agent.done("get_account", json!({})).await;
    assert_eq!((&account["inboxId"], &account["scopes"]), (&made["inboxId"], &json!(["read"])));
    let served: Vec<&str> = server["toolFilter"]["include"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for tool in agent.tools().await {
        assert!(served.contains(&tool.as_str()), "{tool} is not offered");
    }
    let after = ada.http("GET", "/v1/keys").send().await.expect(200)["data"].as_array().map(Vec::len);
    assert_eq!(after, before.map(|keys| keys + 1), "one key more: the cell's");

    // The hook, as the gateway admits it.
    let address = made["address"].as_str().expect("an address");
    world.deliver_raw(&plain("Obey", "CANARY ignore nothing"), &[address]).await;
    let mut came = Vec::new();
    for _ in 0..2 {
        came.push(calls.recv().await.expect("it comes again"));
    }
    let hook = &config["hooks"];
    for call in &came {
        let has = |name: &str, value: &str| call.headers.contains(&(name.to_owned(), value.to_owned()));
        assert!(has("authorization", &format!("Bearer {}", hook["token"].as_str().expect("a token"))));
        assert!(has("content-type", "application/json"), "{:?}", call.headers);
        assert!(call.body.len() < 4_096 && !String::from_utf8_lossy(&call.body).contains("CANARY"));
        let payload = call.json();
        let key = payload["idempotencyKey"].as_str().expect("a key");
        assert!(!key.is_empty() && key.len() <= 256);
        let message =
            rendered(hook["mappings"][0]["messageTemplate"].as_str().expect("a template"), &payload);
        assert!(
            message.contains(payload["data"]["id"].as_str().expect("an id")) && !message.contains("{{"),
            "{message}"
        );
        assert!(message.contains("injection risk is low"), "{message}");
    }
    let keys: Vec<Value> = came.iter().map(|call| call.json()["idempotencyKey"].clone()).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "a repeat is known as one: {keys:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_not_ready_is_asked_again_and_one_that_says_no_is_not() {
    let world = World::on(Engine::Sqlite, &[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let directory = tempfile::tempdir().expect("a directory");
    // The last is silent, until it is called anew.
    let mut cells = Vec::new();
    for status in [400, 409, 502, SILENT] {
        let (gateway, calls) = endpoint(&[status]).await;
        let cell = directory.path().join(status.to_string());
        let out = openclaw(&world, &cell, &format!("http://{gateway}"), &[]).await;
        assert!(out.status.success(), "{}", said(&out));
        let made: Value = serde_json::from_slice(&out.stdout).expect("JSON");
        let address = made["address"].as_str().expect("an address");
        world.deliver_raw(&plain("Hello", "text"), &[address]).await;
        cells.push((status, made, calls));
    }
    for (status, made, calls) in &mut cells {
        let key = |call: &crate::world::endpoint::Call| call.json()["idempotencyKey"].clone();
        let first = calls.recv().await.expect("a call");
        if *status == 400 {
            // What comes next is another mail's.
            let address = made["address"].as_str().expect("an address");
            world.deliver_raw(&plain("Second", "text"), &[address]).await;
            assert_ne!(key(&first), key(&calls.recv().await.expect("a call")));
            continue;
        }
        assert_eq!(key(&first), key(&calls.recv().await.expect("it comes again")), "{status}");
    }
    // Long after the others' repeats the refused one was not said again.
    let (_, made, calls) = &mut cells[0];
    assert!(calls.try_recv().is_err());
    let id = made["webhookId"].as_str().expect("an id");
    let log = ada.http("GET", format!("/v1/webhooks/{id}/deliveries")).send().await.expect(200);
    let told: Vec<&Value> =
        log["data"].as_array().expect("a list").iter().filter(|one| one["status"] == 400).collect();
    assert_eq!((told.len(), &told[0]["outcome"]), (1, &json!("failed")), "{log}");
}

/// OpenClaw's own opinion of a configuration.
fn valid(config: &Path, home: &Path) -> Value {
    let installed = Command::new(fixture("tests/clients/openclaw/install")).stdin(Stdio::null()).output();
    let installed = installed.expect("bash runs tests/clients/openclaw/install");
    assert!(installed.status.success(), "{}", said(&installed));
    let mut command = Command::new(fixture("tests/clients/mcp/node/node"));
    command.arg(fixture("tests/clients/openclaw/node_modules/openclaw/openclaw.mjs"));
    command.args(["config", "validate", "--json"]).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home);
    command.env("OPENCLAW_CONFIG_PATH", config).env("OPENCLAW_STATE_DIR", home.join("state"));
    let out = command.stdin(Stdio::null()).output().expect("node starts");
    serde_json::from_slice(&out.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&out)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openclaw_takes_the_configuration_that_is_written_for_it() {
    let world = World::on(Engine::Sqlite, &[LOOPBACK]).await;
    world.tenant("ada").await;
    let (gateway, _calls) = endpoint(&[]).await;
    let directory = tempfile::tempdir().expect("a directory");
    let cell = directory.path().join("cell");
    let out = openclaw(&world, &cell, &format!("http://{gateway}"), &["--may-send"]).await;
    assert!(out.status.success(), "{}", said(&out));
    let file = cell.join("openclaw.json");
    let config: Value = serde_json::from_slice(&std::fs::read(&file).expect("a file")).expect("JSON");
    let wrong = directory.path().join("wrong.json");
    let mut other = config;
    other["hooks"]["mappings"][0]["agent"] = json!("mail-reader");
    std::fs::write(&wrong, other.to_string()).expect("written");
    let home = directory.path().to_owned();
    let opinions = tokio::task::spawn_blocking(move || [valid(&file, &home), valid(&wrong, &home)]);
    let [right, wrong] = opinions.await.expect("no panic");
    assert_eq!((&right["valid"], &right["warnings"]), (&json!(true), &json!([])), "{right}");
    assert_eq!(wrong["valid"], json!(false), "it does look: {wrong}");
}

/// What the gateway makes of a template: `{{a.b}}` is a field of the payload, and nothing when there is none.
fn rendered(template: &str, payload: &Value) -> String {
    let mut parts = template.split("{{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (path, rest) = part.split_once("}}").expect("it closes");
        let value = path.trim().split('.').fold(payload, |value, name| &value[name]);
        text += &value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text += rest;
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_is_not_set_up_over_another_or_on_a_loopback_that_nobody_allowed() {
    let world = World::on(Engine::Sqlite, &[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let (gateway, _calls) = endpoint(&[]).await;
    let gateway = format!("http://{gateway}");
    let directory = tempfile::tempdir().expect("a directory");
    let cell = directory.path().join("cell");
    assert!(openclaw(&world, &cell, &gateway, &[]).await.status.success());
    let inboxes =
        async || ada.http("GET", "/v1/inboxes").send().await.expect(200)["data"].as_array().map(Vec::len);
    let (config, count) = (std::fs::read(cell.join("openclaw.json")).expect("a file"), inboxes().await);
    let again = openclaw(&world, &cell, &gateway, &[]).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("--force"), "{}", said(&again));
    assert_eq!(std::fs::read(cell.join("openclaw.json")).expect("a file"), config);
    assert_eq!(inboxes().await, count, "nothing was made for nothing");
    let forced = openclaw(&world, &cell, &gateway, &["--force", "--may-send"]).await;
    assert!(forced.status.success(), "{}", said(&forced));

    let strict = world.start_with(&[]).await;
    strict.tenant("ada").await;
    let out = openclaw(&strict, &directory.path().join("other"), "http://127.0.0.1:18789", &[]).await;
    assert_eq!(out.status.code(), Some(1));
    assert!(said(&out).contains("webhooks.allow_private"), "{}", said(&out));
}
