//! `usage`: what tenants used, through the operator API.

use std::io::Write;

use serde_json::{Value, json};

use super::args::usage::Usage;
use super::operator::{Client, segment};
use super::tenant::cell;
use super::{Failure, terminal};

/// What is counted, as the API names it, and as a table does.
const COUNTED: [(&str, &str); 6] = [
    ("received", "RECEIVED"),
    ("held", "HELD"),
    ("sent", "SENT"),
    ("bounced", "BOUNCED"),
    ("webhookAttempts", "CALLS"),
    ("bytesStored", "BYTES"),
];

pub(super) fn run(wanted: &Usage) -> Result<(), Failure> {
    if wanted.csv && wanted.server.json {
        return Err(Failure::usage("--csv and --json are two forms of one answer", "choose one"));
    }
    let client = Client::new(&wanted.server)?;
    let tenants = match &wanted.tenant {
        Some(tenant) => vec![tenant.clone()],
        None => {
            let mut all = client.list("/tenants")?;
            // Of whoever left nothing is counted any more.
            all.retain(|tenant| tenant["state"] != "shredded" && tenant["state"] != "purged");
            all.iter().map(|tenant| cell(tenant, "id")).collect()
        }
    };
    let days = [("from", &wanted.from), ("to", &wanted.to)];
    let days: Vec<String> = days
        .iter()
        .filter_map(|(name, day)| day.as_ref().map(|day| format!("{name}={}", segment(day))))
        .collect();
    let mut used = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let answer = client.get(&format!("/tenants/{}/usage?{}", segment(&tenant), days.join("&")))?;
        used.push((tenant, answer));
    }
    used.sort_by_key(|(_, answer)| {
        let total = |name: &str| answer["total"][name].as_i64().unwrap_or_default();
        std::cmp::Reverse(total("received") + total("sent"))
    });
    let mut out = std::io::stdout().lock();
    if wanted.server.json {
        for (tenant, answer) in &mut used {
            answer["tenant"] = json!(tenant);
        }
        let list: Vec<Value> = used.into_iter().map(|(_, answer)| answer).collect();
        writeln!(out, "{}", terminal::json(&json!({ "data": list })))?;
    } else if wanted.csv {
        write!(out, "{}", csv(&used))?;
    } else {
        write!(out, "{}", table(wanted.tenant.is_some(), &used))?;
    }
    Ok(())
}

/// Ids and numbers alone: nothing that a spreadsheet would take for a formula.
fn csv(used: &[(String, Value)]) -> String {
    let names: Vec<&str> = COUNTED.iter().map(|(name, _)| *name).collect();
    let mut text = format!("tenant,date,{}\r\n", names.join(","));
    for (tenant, answer) in used {
        for day in answer["days"].as_array().into_iter().flatten() {
            let numbers: Vec<String> = names.iter().map(|name| cell(day, name)).collect();
            text.push_str(&format!("{tenant},{},{}\r\n", cell(day, "date"), numbers.join(",")));
        }
    }
    text
}

fn table(by_day: bool, used: &[(String, Value)]) -> String {
    let row = |first: String, counts: &Value| -> Vec<String> {
        std::iter::once(first).chain(COUNTED.iter().map(|(name, _)| cell(counts, name))).collect()
    };
    let mut rows = Vec::new();
    for (tenant, answer) in used {
        if by_day {
            let days = answer["days"].as_array().into_iter().flatten();
            rows.extend(days.map(|day| row(cell(day, "date"), day)));
            rows.push(row("in all".to_owned(), &answer["total"]));
        } else {
            rows.push(row(tenant.clone(), &answer["total"]));
        }
    }
    let first = if by_day { "DAY" } else { "TENANT" };
    let head: Vec<&str> = std::iter::once(first).chain(COUNTED.iter().map(|(_, head)| *head)).collect();
    terminal::table(&head, &rows)
}
