//! `keys`: list and rotate, through the operator API; and prepare, in the key file itself.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use mailward_mail::random::Random;
use serde_json::{Value, json};

use super::args::keys::Keys;
use super::operator::{Client, segment};
use super::tenant::cell;
use super::{Failure, terminal};
use crate::config::KeyProvider;
use crate::providers;

/// How often a running rotation is looked at.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn run(command: Keys) -> Result<(), Failure> {
    match command {
        Keys::List { server } => {
            let client = Client::new(&server)?;
            let mut first = client.get("/keys?limit=1")?;
            let tenants = client.list("/keys")?;
            first["data"] = tenants.into();
            if let Some(list) = first.as_object_mut() {
                list.remove("cursor");
            }
            listed(&first, server.json)
        }
        Keys::Rotate { master, tenant, reencrypt, keep_old, server } => {
            let mut body = json!({"master": master, "reencrypt": reencrypt, "keepOld": keep_old});
            if let Some(tenant) = tenant {
                body["tenant"] = tenant.into();
            }
            let client = Client::new(&server)?;
            let begun = client.post("/keys/rotate", &body)?;
            let ended = follow(&client, begun)?;
            rotated(&ended, server.json)
        }
        Keys::Prepare { config } => {
            let config = config.load()?;
            if config.keys.provider != KeyProvider::File {
                return Err(Failure::failed(
                    "only the provider file has a file to put a key in",
                    "add the new key where the other provider keeps the old one",
                ));
            }
            let path = providers::key_file(&config);
            let id = providers::prepare(&path, &Random::system())?;
            let mut out = std::io::stdout().lock();
            writeln!(out, "added master key {id} to {}", terminal::visible(&path.to_string_lossy()))?;
            writeln!(out, "Copy the file to every node, then: mailward keys rotate --master")?;
            Ok(())
        }
    }
}

/// Waits for the end, and tells how far it is: in one line on a terminal, a line for each change elsewhere. An
/// interrupted wait interrupts nothing else.
fn follow(client: &Client, mut rotation: Value) -> Result<Value, Failure> {
    let path = format!("/keys/rotations/{}", segment(rotation["id"].as_str().unwrap_or_default()));
    let mut err = std::io::stderr().lock();
    let is_terminal = std::io::stderr().is_terminal();
    let mut told = String::new();
    loop {
        let line = progress(&rotation);
        if line != told {
            let (before, after) = if is_terminal { ("\r\u{1b}[K", "") } else { ("", "\n") };
            write!(err, "{before}{line}{after}")?;
            err.flush()?;
            told = line;
        }
        if rotation["state"] != "running" {
            if is_terminal {
                writeln!(err)?;
            }
            return Ok(rotation);
        }
        std::thread::sleep(LOOK);
        rotation = client.get(&path)?;
    }
}

fn progress(rotation: &Value) -> String {
    let mut line = format!(
        "{}: {} tenants, {} keys, {} messages",
        cell(rotation, "state"),
        cell(rotation, "tenants"),
        cell(rotation, "keys"),
        cell(rotation, "messages")
    );
    if rotation["detail"].is_string() {
        line = format!("{line} ({})", cell(rotation, "detail"));
    }
    line
}

fn rotated(rotation: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(rotation))?;
    } else if rotation["state"] == "done" {
        writeln!(out, "{}", progress(rotation))?;
    }
    if rotation["state"] == "done" {
        return Ok(());
    }
    Err(Failure::failed(
        format!("the rotation was given up: {}", cell(rotation, "detail")),
        "nothing is lost; put it right and ask for it again",
    ))
}

fn listed(keys: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(keys))?;
        return Ok(());
    }
    let rows = |list: &str, columns: &[&str]| -> Vec<Vec<String>> {
        let list = keys[list].as_array().into_iter().flatten();
        list.map(|row| columns.iter().map(|name| cell(row, name)).collect()).collect()
    };
    let masters = rows("masterKeys", &["id", "state", "createdAt", "tenantKeys", "serviceKeys"]);
    let head = ["MASTER KEY", "STATE", "CREATED", "TENANT KEYS", "SERVICE KEYS"];
    writeln!(out, "{}", terminal::table(&head, &masters))?;
    let service = rows("serviceKeys", &["name", "version", "masterKeyId", "createdAt"]);
    writeln!(out, "{}", terminal::table(&["SERVICE KEY", "VERSION", "MASTER KEY", "CREATED"], &service))?;
    let mut tenants = Vec::new();
    for tenant in keys["data"].as_array().into_iter().flatten() {
        for version in tenant["versions"].as_array().into_iter().flatten() {
            let mut row = vec![cell(tenant, "tenant"), cell(tenant, "region")];
            row.extend(
                ["version", "masterKeyId", "purposeKeys", "createdAt"].map(|name| cell(version, name)),
            );
            tenants.push(row);
        }
    }
    let head = ["TENANT", "REGION", "VERSION", "MASTER KEY", "PURPOSE KEYS", "CREATED"];
    write!(out, "{}", terminal::table(&head, &tenants))?;
    Ok(())
}
