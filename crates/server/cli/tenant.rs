//! `tenant`: create, list, show and set-quota, through the operator API.

mod quota;

use std::io::Write;

use serde_json::{Value, json};

use super::args::Server;
use super::args::tenant::Tenant;
use super::operator::{Client, segment};
use super::{Failure, terminal};

pub(super) fn run(command: Tenant) -> Result<(), Failure> {
    match command {
        Tenant::Create { id, plan, region, server } => {
            let mut body = json!({"id": id, "plan": plan});
            if let Some(region) = region {
                body["region"] = region.into();
            }
            let made = Client::new(&server)?.post("/tenants", &body)?;
            created(&made, server.json)
        }
        Tenant::List { all, server } => {
            let mut tenants = Client::new(&server)?.list("/tenants")?;
            tenants.retain(|tenant| all || tenant["state"] != "purged");
            listed(&tenants, server.json)
        }
        Tenant::SetQuota { id, quotas, server } => {
            let body = quota::request(&quotas)?;
            let tenant = Client::new(&server)?.patch(&format!("/tenants/{}", segment(&id)), &body)?;
            shown(&tenant, server.json)
        }
        Tenant::Brand(brand) => super::brand::run(brand),
        Tenant::Life(life) => super::life::run(life),
        Tenant::Show { id, server } => {
            let tenant = Client::new(&server)?.get(&format!("/tenants/{}", segment(&id)))?;
            shown(&tenant, server.json)
        }
        Tenant::Key { id, reviewer, server } => {
            let kind = if reviewer { "reviewer" } else { "tenant" };
            let path = format!("/tenants/{}/keys", segment(&id));
            let key = Client::new(&server)?.post(&path, &json!({ "kind": kind }))?;
            if server.json {
                return shown(&key, true);
            }
            let mut out = std::io::stdout().lock();
            writeln!(out, "{}", cell(&key, "token"))?;
            Ok(())
        }
        Tenant::Suspend { id, reason, server } => stand(&id, "suspend", reason, &server),
        Tenant::Resume { id, reason, server } => stand(&id, "resume", reason, &server),
    }
}

fn stand(id: &str, verb: &str, reason: Option<String>, server: &Server) -> Result<(), Failure> {
    let path = format!("/tenants/{}/{verb}", segment(id));
    let tenant = Client::new(server)?.post(&path, &json!({ "reason": reason }))?;
    shown(&tenant, server.json)
}

fn created(made: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        let keys = json!({"id": made["id"], "token": made["token"], "reviewToken": made["reviewToken"]});
        writeln!(out, "{}", terminal::json(&keys))?;
        return Ok(());
    }
    writeln!(out, "created tenant {} ({}, {})", cell(made, "id"), cell(made, "plan"), cell(made, "region"))?;
    writeln!(out, "tenant key: {}", cell(made, "token"))?;
    writeln!(out, "review key: {}", cell(made, "reviewToken"))?;
    writeln!(out, "Both are shown this once. Next: mailward inbox create --tenant {}", cell(made, "id"))?;
    Ok(())
}

fn listed(tenants: &[Value], as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(&json!({"data": tenants})))?;
        return Ok(());
    }
    let columns = ["id", "plan", "region", "state", "createdAt", "lastActiveAt"];
    let rows: Vec<Vec<String>> =
        tenants.iter().map(|tenant| columns.iter().map(|name| cell(tenant, name)).collect()).collect();
    write!(
        out,
        "{}",
        terminal::table(&["TENANT", "PLAN", "REGION", "STATE", "CREATED", "LAST ACTIVE"], &rows)
    )?;
    Ok(())
}

fn shown(tenant: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(tenant))?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> = tenant
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(name, value)| match value.as_object() {
            // One level deep: what it may use, what differs from its plan, and what it does use.
            Some(inner) => inner.keys().map(|key| vec![format!("{name}.{key}"), cell(value, key)]).collect(),
            None => vec![vec![name.clone(), cell(tenant, name)]],
        })
        .collect();
    write!(out, "{}", terminal::table(&["FIELD", "VALUE"], &rows))?;
    Ok(())
}

/// A field for people: text without quotes, nothing as a dash.
pub(super) fn cell(row: &Value, name: &str) -> String {
    match &row[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => terminal::visible(text).into_owned(),
        other => terminal::json(other),
    }
}
