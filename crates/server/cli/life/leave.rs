//! Letting a tenant leave, and taking it back.

use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::archive::fetch;
use crate::cli::args::Server;
use crate::cli::args::life::Offboard;
use crate::cli::operator::{Client, segment};
use crate::cli::tenant::cell;
use crate::cli::{Failure, terminal};

/// How often is asked how far the end of a tenant is.
const EVERY: Duration = Duration::from_millis(500);
/// How long is waited for it: many messages are removed a few at a time.
const PATIENCE: Duration = Duration::from_secs(3_600);

pub(super) fn offboard(wanted: &Offboard) -> Result<(), Failure> {
    let client = Client::new(&wanted.server)?;
    let path = format!("/tenants/{}/offboard", segment(&wanted.id));
    if wanted.dry_run {
        let view = client.post(&path, &json!({ "dryRun": true }))?;
        return shown(&view, wanted.server.json);
    }
    let confirm = match &wanted.confirm {
        Some(id) => id.clone(),
        None => ask(&wanted.id)?,
    };
    let mut body = json!({ "confirm": confirm, "shredNow": wanted.shred_now });
    if let Some(days) = wanted.grace_period_days {
        body["gracePeriodDays"] = days.into();
    }
    body["awaitExport"] = wanted.export.is_some().into();
    let mut view = client.post(&path, &body)?;
    if let (Some(out), Some(recipient)) = (&wanted.export, &wanted.recipient) {
        let bytes = fetch(&wanted.id, out, recipient, &wanted.server)?;
        writeln!(std::io::stderr().lock(), "wrote the archive, {bytes} bytes")?;
        view = client.get(&path)?;
    }
    if wanted.shred_now {
        view = wait(&client, &path)?;
    }
    shown(&view, wanted.server.json)
}

pub(super) fn restore(id: &str, server: &Server) -> Result<(), Failure> {
    let tenant = Client::new(server)?.post(&format!("/tenants/{}/restore", segment(id)), &json!({}))?;
    let mut out = std::io::stdout().lock();
    if server.json {
        writeln!(out, "{}", terminal::json(&tenant))?;
    } else {
        writeln!(out, "tenant {} is {}", cell(&tenant, "id"), cell(&tenant, "state"))?;
    }
    Ok(())
}

pub(super) fn receipts(server: &Server) -> Result<(), Failure> {
    let found = Client::new(server)?.list("/receipts")?;
    let mut out = std::io::stdout().lock();
    for one in found {
        writeln!(out, "{}", terminal::json(&one["receipt"]))?;
    }
    Ok(())
}

/// The id once more, by a person.
fn ask(id: &str) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let next = format!("--confirm {id}, or --dry-run to see what there is");
        return Err(Failure::usage("nobody is there to confirm the end of a tenant", next));
    }
    let mut err = std::io::stderr().lock();
    write!(err, "The end of a tenant cannot be undone once its keys are destroyed. Type its id to go on: ")?;
    err.flush()?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn wait(client: &Client, path: &str) -> Result<Value, Failure> {
    let mut waited = Duration::ZERO;
    let mut said = String::new();
    loop {
        let view = client.get(path)?;
        if view.get("receipt").is_some_and(|receipt| !receipt.is_null()) {
            return Ok(view);
        }
        let state =
            format!("{}, {} parts left", cell(&view["tenant"], "state"), cell(&view["holdings"], "parts"));
        if state != said {
            writeln!(std::io::stderr().lock(), "{state}")?;
            said = state;
        }
        if waited > PATIENCE {
            let next =
                "the server goes on by itself; its log says what keeps it, `tenant receipts` when it is done";
            return Err(Failure::failed("the tenant is not erased yet", next));
        }
        std::thread::sleep(EVERY);
        waited += EVERY;
    }
}

fn shown(view: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(view))?;
        return Ok(());
    }
    let receipt = &view["receipt"];
    if !receipt.is_null() {
        // As it is, so that it can be kept in a file and checked there.
        writeln!(out, "{}", terminal::json(receipt))?;
        return Ok(());
    }
    let tenant = &view["tenant"];
    writeln!(out, "tenant {} is {}", cell(tenant, "id"), cell(tenant, "state"))?;
    if view.get("graceUntil").is_some() {
        writeln!(out, "it may be taken back until {}", cell(view, "graceUntil"))?;
    }
    let holdings = &view["holdings"];
    let rows: Vec<Vec<String>> = holdings
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| vec![name.clone(), cell(holdings, name)])
        .collect();
    write!(out, "{}", terminal::table(&["TO ERASE", "COUNT"], &rows))?;
    let keys: Vec<Vec<String>> = view["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|key| vec![cell(key, "id"), cell(key, "wrappedBy")])
        .collect();
    write!(out, "{}", terminal::table(&["KEY TO DESTROY", "WRAPPED BY"], &keys))?;
    writeln!(out, "{} rows of its audit chain stay", cell(view, "auditRows"))?;
    Ok(())
}
