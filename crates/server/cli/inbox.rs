//! `inbox`: create and list, through the operator API.

use std::io::Write;

use serde_json::{Value, json};

use super::args::Inbox;
use super::operator::{Client, segment};
use super::tenant::cell;
use super::{Failure, terminal};

pub(super) fn run(command: Inbox) -> Result<(), Failure> {
    match command {
        Inbox::Create { tenant, local_part, display_name, server } => {
            let mut body = json!({});
            // What is not given is not sent: the server knows no field that is null.
            if let Some(local_part) = local_part {
                body["localPart"] = local_part.into();
            }
            if let Some(display_name) = display_name {
                body["displayName"] = display_name.into();
            }
            let made = Client::new(&server)?.post(&path(&tenant), &body)?;
            created(&made, server.json)
        }
        Inbox::List { tenant, server } => {
            let inboxes = Client::new(&server)?.list(&path(&tenant))?;
            listed(&inboxes, server.json)
        }
    }
}

fn path(tenant: &str) -> String {
    format!("/tenants/{}/inboxes", segment(tenant))
}

fn created(made: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(made))?;
        return Ok(());
    }
    writeln!(out, "created inbox {} ({})", cell(made, "address"), cell(made, "id"))?;
    writeln!(out, "inbox key: {}", cell(made, "token"))?;
    writeln!(out, "It is shown this once. Next: mailward deliver FILE --to {}", cell(made, "address"))?;
    Ok(())
}

fn listed(inboxes: &[Value], as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(&json!({"data": inboxes})))?;
        return Ok(());
    }
    let columns = ["id", "address", "displayName", "isActive", "emailCount", "createdAt"];
    let rows: Vec<Vec<String>> =
        inboxes.iter().map(|inbox| columns.iter().map(|name| cell(inbox, name)).collect()).collect();
    write!(out, "{}", terminal::table(&["INBOX", "ADDRESS", "NAME", "ACTIVE", "MAILS", "CREATED"], &rows))?;
    Ok(())
}
