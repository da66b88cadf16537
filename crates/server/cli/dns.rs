//! `dns`: what is to be published for the domains of a running server, to be copied into a zone.

use std::io::Write;

use serde_json::Value;

use super::args::Dns;
use super::operator::Client;
use super::{Failure, terminal};
use crate::doctor::checks::Publish;

pub(super) fn run(arguments: &Dns) -> Result<(), Failure> {
    let found = domains(&Client::new(&arguments.server)?, arguments.tenant.as_deref())?;
    let mut out = std::io::stdout().lock();
    if arguments.server.json {
        writeln!(out, "{}", terminal::json(&found))?;
        return Ok(());
    }
    for domain in found["data"].as_array().into_iter().flatten() {
        let name = domain["domain"].as_str().unwrap_or_default();
        writeln!(out, "; {}", terminal::visible(name))?;
        for record in domain["dnsRecords"].as_array().into_iter().flatten() {
            let text = |key: &str| record[key].as_str().unwrap_or_default();
            writeln!(out, "; {}: {}", text("purpose"), text("status"))?;
            writeln!(out, "{}", terminal::visible(&read(record).line()))?;
        }
    }
    Ok(())
}

/// The domains that are asked about, with their records.
pub(super) fn domains(client: &Client, tenant: Option<&str>) -> Result<Value, Failure> {
    client.get(&match tenant {
        None => "/domains".to_owned(),
        Some(tenant) => format!("/tenants/{tenant}/domains"),
    })
}

/// A record as the API shows it.
pub(super) fn read(record: &Value) -> Publish {
    let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let value = match record["priority"].as_u64() {
        Some(priority) => format!("{priority} {}.", text("value")),
        None => text("value"),
    };
    Publish { kind: text("type"), host: text("host"), value }
}
