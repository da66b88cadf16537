//! `audit`: verify, list and export, through the operator API or from files that were kept outside.

mod offline;

use std::io::Write;
use std::path::Path;

use mailward_mailroom::check_list;
use mailward_vault::note::Verifier;
use serde_json::{Value, json};

use super::args::Server;
use super::args::audit::Audit;
use super::operator::{Client, segment};
use super::tenant::cell;
use super::{Failure, terminal};

/// Heads that are asked about at once.
const AT_ONCE: usize = 500;

pub(super) fn run(command: Audit) -> Result<(), Failure> {
    match command {
        Audit::Verify { tenant, file: Some(file), server, .. } => {
            let walked = offline::walk(&file, tenant.as_deref().unwrap_or_default())?;
            tell(&[walked], server.json)
        }
        Audit::Verify { tenant, since, key, server, file: None } => {
            let client = Client::new(&server)?;
            if let Some(since) = since {
                still_there(&client, &since, key.as_deref(), tenant.as_deref())?;
            }
            let path = match &tenant {
                Some(tenant) => format!("/audit/verify?chain={}", segment(tenant)),
                None => "/audit/verify".to_owned(),
            };
            let walks = match &tenant {
                Some(_) => client.get(&path)?["data"].as_array().cloned().unwrap_or_default(),
                None => client.list(&path)?,
            };
            tell(&walks, server.json)
        }
        Audit::List { tenant, limit, server } => {
            let chain = tenant.map(|id| format!("&tenant={}", segment(&id))).unwrap_or_default();
            let rows = Client::new(&server)?.get(&format!("/audit?limit={limit}{chain}"))?;
            listed(&rows["data"], server.json)
        }
        Audit::Export { tenant, server } => export(tenant.as_deref(), &server),
    }
}

/// Every walk in a line, and the first fault as the outcome.
fn tell(walks: &[Value], as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(&json!({ "data": walks })))?;
    } else {
        let rows: Vec<Vec<String>> = walks
            .iter()
            .map(|walk| ["chain", "rows", "ok", "firstBad", "problem"].map(|name| cell(walk, name)).to_vec())
            .collect();
        write!(out, "{}", terminal::table(&["CHAIN", "ROWS", "OK", "FIRST BAD", "PROBLEM"], &rows))?;
    }
    match walks.iter().find(|walk| walk["ok"] != true) {
        None => Ok(()),
        Some(bad) => Err(Failure::fault(
            format!("chain {}: row {}: {}", cell(bad, "chain"), cell(bad, "firstBad"), cell(bad, "problem")),
            "compare with a backup or an export; rows before it hold",
        )),
    }
}

/// Checks a file of checkpoints by itself, then asks the server for every end that it names.
fn still_there(client: &Client, file: &Path, key: Option<&str>, tenant: Option<&str>) -> Result<(), Failure> {
    let asked = match key {
        Some(key) => key.to_owned(),
        None => client.get("/audit/key")?["verifier"].as_str().unwrap_or_default().to_owned(),
    };
    let verifier = Verifier::parse(&asked).ok_or_else(|| {
        Failure::usage("the key is no verifier key of a signed note", "it reads NAME+ID+KEY")
    })?;
    let list = offline::checkpoints(file)?;
    check_list(&list, &verifier).map_err(|fault| {
        Failure::fault(
            format!("{}: {fault}", file.display()),
            "is it this deployment's file, from its first line on?",
        )
    })?;
    let heads: Vec<&str> = list
        .iter()
        .flat_map(|one| one.leaves.lines())
        .filter(|leaf| tenant.is_none_or(|id| leaf.split(' ').next() == Some(id)))
        .collect();
    for some in heads.chunks(AT_ONCE) {
        let answer = client.post("/audit/missing", &json!({ "heads": some }))?;
        if let Some(missing) = answer["missing"].as_array().and_then(|missing| missing.first()) {
            return Err(Failure::fault(
                format!(
                    "a checkpoint names a row that is not there any more: {}",
                    missing.as_str().unwrap_or_default()
                ),
                "the end of that chain was cut off or replaced",
            ));
        }
    }
    Ok(())
}

fn listed(rows: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(&json!({ "data": rows })))?;
        return Ok(());
    }
    let names = ["seq", "at", "actorKind", "actor", "action", "object", "outcome", "detail"];
    let rows: Vec<Vec<String>> = rows
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| names.iter().map(|name| cell(row, name)).collect())
        .collect();
    let head = ["ROW", "AT", "BY", "KEY", "ACTION", "OBJECT", "OUTCOME", "DETAIL"];
    write!(out, "{}", terminal::table(&head, &rows))?;
    Ok(())
}

fn export(tenant: Option<&str>, server: &Server) -> Result<(), Failure> {
    let client = Client::new(server)?;
    let chain = tenant.map(|id| format!("&tenant={}", segment(id))).unwrap_or_default();
    let mut out = std::io::stdout().lock();
    let mut after = 0;
    loop {
        let page = client.get(&format!("/audit?limit=100&after={after}{chain}"))?;
        let rows = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        for row in rows {
            writeln!(out, "{}", terminal::json(row))?;
        }
        match rows.last().and_then(|row| row["seq"].as_i64()) {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}
