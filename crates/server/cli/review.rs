//! `review`: held mail and the decisions on it, through the API of tenants, with a reviewer's key.

use std::io::Write;

use serde_json::{Value, json};

use super::args::Server;
use super::args::policy::{Review, Reviewer};
use super::operator::{Client, segment};
use super::tenant::cell;
use super::{Failure, terminal};

pub(super) fn run(command: Review) -> Result<(), Failure> {
    match command {
        Review::List { server } => {
            let held = client(&server)?.list("/review")?;
            listed(&held, server.json)
        }
        Review::Show { email, server } => {
            let mail = client(&server)?.get(&format!("/review/{}", segment(&email)))?;
            shown(&mail, server.json)
        }
        Review::Release { email, reason, allow_until, all_inboxes, server } => {
            let mut body = json!({ "reason": reason });
            if let Some(until) = allow_until {
                body["allowSender"] = json!({ "until": until, "allInboxes": all_inboxes });
            }
            decide(&server, &email, "release", &body)
        }
        Review::Reject { email, reason, server } => {
            decide(&server, &email, "reject", &json!({ "reason": reason }))
        }
    }
}

fn client(server: &Reviewer) -> Result<Client, Failure> {
    let at = Server {
        server: server.server.clone(),
        data_dir: None,
        ca_cert: server.ca_cert.clone(),
        json: server.json,
    };
    Client::of_tenant(&at, &server.key)
}

fn decide(server: &Reviewer, email: &str, verb: &str, body: &Value) -> Result<(), Failure> {
    let mail = client(server)?.post(&format!("/review/{}/{verb}", segment(email)), body)?;
    let mut out = std::io::stdout().lock();
    if server.json {
        writeln!(out, "{}", terminal::json(&mail))?;
        return Ok(());
    }
    if mail["state"] == "held" {
        writeln!(out, "{} waits for a second person: released {}", cell(&mail, "id"), approved(&mail))?;
        writeln!(out, "Somebody else, with another key, must release it too.")?;
        return Ok(());
    }
    writeln!(out, "{} is {}", cell(&mail, "id"), cell(&mail, "state"))?;
    if let Some(allowed) = mail.get("allowedSender") {
        writeln!(out, "{} is let through until {}", cell(allowed, "address"), cell(allowed, "until"))?;
    }
    Ok(())
}

fn listed(held: &[Value], as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(&json!({ "data": held })))?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> = held
        .iter()
        .map(|mail| {
            let security = &mail["security"];
            let mut row = ["id", "receivedAt", "from", "subject"].map(|name| cell(mail, name)).to_vec();
            row.push(format!("{} {}", cell(security, "injectionRisk"), cell(security, "injectionScore")));
            row.push(approved(mail));
            row
        })
        .collect();
    write!(out, "{}", terminal::table(&["EMAIL", "RECEIVED", "FROM", "SUBJECT", "RISK", "RELEASED"], &rows))?;
    Ok(())
}

fn shown(mail: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(mail))?;
        return Ok(());
    }
    for name in ["id", "state", "receivedAt", "from", "fromName", "subject"] {
        writeln!(out, "{name}: {}", cell(mail, name))?;
    }
    writeln!(out, "released: {}", approved(mail))?;
    let security = &mail["security"];
    for name in ["injectionRisk", "injectionScore", "spf", "dkim", "dmarc", "coverage", "model"] {
        writeln!(out, "{name}: {}", cell(security, name))?;
    }
    let findings = security["findings"].as_array().cloned().unwrap_or_default();
    let rows: Vec<Vec<String>> = findings
        .iter()
        .map(|one| ["rule", "weight", "where", "excerpt"].map(|name| cell(one, name)).to_vec())
        .collect();
    writeln!(out, "\n{}", terminal::table(&["FINDING", "WEIGHT", "WHERE", "EXCERPT"], &rows))?;
    // A stranger's text, line by line: none of it moves the cursor.
    for line in mail["body"].as_str().unwrap_or_default().lines() {
        writeln!(out, "{}", terminal::visible(line))?;
    }
    Ok(())
}

/// Of a mail that two must release: how far it has come, and who released it.
fn approved(mail: &Value) -> String {
    let approvals = &mail["approvals"];
    match approvals["given"].as_u64() {
        None => "-".to_owned(),
        Some(0) => "0 of 2".to_owned(),
        Some(given) => format!("{given} of 2, by {}", cell(approvals, "by")),
    }
}
