//! `person`: invitations to the console, through the operator API.

use std::io::Write;

use serde_json::{Value, json};

use super::args::Person;
use super::operator::Client;
use super::tenant::cell;
use super::{Failure, terminal};

pub(super) fn run(command: Person) -> Result<(), Failure> {
    let Person::Invite { email, tenant, role, server } = command;
    let mut body = json!({"email": email, "role": role});
    if let Some(tenant) = tenant {
        body["tenant"] = tenant.into();
    }
    let mut made = Client::new(&server)?.post("/people", &body)?;
    if made["url"].is_null() {
        // Staff come in where the operator's API is, and who runs this knows where that is.
        let base = server.server.trim_end_matches('/');
        made["url"] = format!("{base}{}", made["path"].as_str().unwrap_or_default()).into();
    }
    invited(&made, server.json)
}

fn invited(made: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(made))?;
        return Ok(());
    }
    writeln!(out, "invited {} as {}", cell(made, "email"), cell(made, "role"))?;
    writeln!(out, "link: {}", cell(made, "url"))?;
    writeln!(out, "It is shown this once, works once, and ends at {}.", cell(made, "expiresAt"))?;
    Ok(())
}
