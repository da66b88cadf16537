//! `openclaw`: everything that one OpenClaw cell needs to have mail, made and written with one command.
//!
//! The cell gets a key of one inbox, which reads and no more unless it may send. Its hook is told of mail in ids alone:
//! what a sender wrote reaches only the reader, an isolated agent without tools, and only within the frame of the tools.

mod files;

use std::io::Write;

use mailward_mail::random::Random;
use serde_json::{Value, json};

use super::args::Server;
use super::args::agent::OpenClaw;
use super::operator::{Client, segment};
use super::{Failure, terminal};
use files::{Cell, Files};

/// The path of the hook, below the gateway's `/hooks`.
const HOOK: &str = "mailward";

pub(super) fn run(arguments: &OpenClaw) -> Result<(), Failure> {
    // Before anything is made on the server: a second run must not leave an inbox behind for nothing.
    let files = Files::at(&arguments.out, arguments.force)?;
    let (key, issued) = match &arguments.key {
        Some(key) => (key.trim().to_owned(), None),
        None => {
            let path = format!("/tenants/{}/keys", segment(&arguments.tenant));
            let made = Client::new(&arguments.server)?.post(&path, &json!({ "kind": "tenant" }))?;
            (text(&made, "token")?, Some(text(&made, "id")?))
        }
    };
    let server = Server { server: arguments.http.clone(), ..arguments.server.clone() };
    let api = Client::of_tenant(&server, &key)?;
    let made = make(&api, arguments);
    // Whatever became of it, the key that was issued for this is of no further use.
    let ended = issued.map(|id| api.delete(&format!("/keys/{}", segment(&id))));
    let cell = made?;
    ended.transpose()?;
    let written = files.write(&cell)?;
    let mut out = std::io::stdout().lock();
    if arguments.server.json {
        let shown = json!({ "inboxId": cell.inbox, "address": cell.address, "webhookId": cell.webhook,
            "hookUrl": cell.hook_url, "files": written });
        writeln!(out, "{}", terminal::json(&shown))?;
        return Ok(());
    }
    writeln!(out, "the cell's address: {}", cell.address)?;
    for file in &written {
        writeln!(out, "wrote {file}")?;
    }
    writeln!(
        out,
        "Next: merge openclaw.json into the cell's configuration (it holds secrets), copy skills/ into"
    )?;
    writeln!(
        out,
        "its workspace, then `openclaw config validate` and `openclaw mcp doctor mailward --probe`"
    )?;
    Ok(())
}

/// Makes the inbox, its key and its webhook.
fn make(api: &Client, arguments: &OpenClaw) -> Result<Cell, Failure> {
    let account = api.get("/account")?;
    if account["id"].as_str() != Some(&arguments.tenant) {
        return Err(Failure::usage(format!("the key is not one of {}", arguments.tenant), "name its tenant"));
    }
    let inbox = match &arguments.inbox {
        None => api.post("/inboxes", &json!({ "displayName": "OpenClaw" }))?,
        Some(address) => {
            let found = api.get(&format!("/inboxes?address={}", segment(address)))?;
            match &found["data"][0] {
                Value::Null => {
                    return Err(Failure::failed(
                        format!("there is no inbox {address}"),
                        "leave --inbox out for a new one",
                    ));
                }
                inbox => inbox.clone(),
            }
        }
    };
    let (id, address) = (text(&inbox, "id")?, text(&inbox, "address")?);
    let scopes = if arguments.may_send { json!(["read", "send"]) } else { json!(["read"]) };
    let minted = api.post("/keys", &json!({ "inboxId": id, "scopes": scopes, "name": "OpenClaw" }))?;
    // The one that a new inbox comes with may send, and nobody is to have it.
    if let Some(whole) = inbox["token"].as_str().and_then(|token| token.split('_').nth(2)) {
        api.delete(&format!("/keys/key_{}", segment(whole)))?;
    }
    let hook_url = format!("{}/hooks/{HOOK}", arguments.gateway.trim_end_matches('/'));
    let bytes: [u8; 32] = Random::system().bytes();
    let hook_token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let hook = json!({
        "url": hook_url,
        "inboxId": id,
        "events": ["email.received"],
        "include": "ids",
        "headers": { "Authorization": format!("Bearer {hook_token}") },
    });
    let webhook = api.post("/webhooks", &hook).map_err(|failure| {
        let next = "a gateway on loopback must be in the operator's webhooks.allow_private, for example \
                    --set 'webhooks.allow_private=[\"127.0.0.1/32\"]'";
        Failure::failed(format!("the hook {hook_url} was not taken ({failure})"), next)
    })?;
    Ok(Cell {
        inbox: id,
        address,
        token: text(&minted, "token")?,
        mcp_url: format!("{}/mcp", arguments.http.trim_end_matches('/')),
        hook_url,
        hook_token,
        webhook: text(&webhook, "id")?,
        webhook_secret: text(&webhook, "secret")?,
        may_send: arguments.may_send,
    })
}

fn text(value: &Value, name: &str) -> Result<String, Failure> {
    let found = value[name].as_str().map(str::to_owned);
    found.ok_or_else(|| {
        Failure::failed(format!("the server's answer has no {name}"), "is it a Mailward of this version?")
    })
}
