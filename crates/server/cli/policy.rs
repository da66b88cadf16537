//! `policy`: what is held, of a tenant or one inbox, through the operator API.

use std::io::Write;

use serde_json::{Value, json};

use super::args::policy::Policy;
use super::operator::{Client, segment};
use super::tenant::cell;
use super::{Failure, terminal};

pub(super) fn run(command: Policy) -> Result<(), Failure> {
    match command {
        Policy::Show { tenant, inbox, server } => {
            let policy = Client::new(&server)?.get(&path(&tenant, inbox.as_deref()))?;
            shown(&policy, server.json)
        }
        Policy::Set { tenant, inbox, hold, codes_while_held, four_eyes, file, server } => {
            let path = path(&tenant, inbox.as_deref());
            let client = Client::new(&server)?;
            let named = hold.is_some() || codes_while_held.is_some() || four_eyes.is_some();
            let policy = match (named, file) {
                (true, _) => {
                    let mut change = serde_json::Map::new();
                    change.extend(hold.map(|level| ("hold".to_owned(), json!(level.as_str()))));
                    change.extend(codes_while_held.map(|may| ("codesWhileHeld".to_owned(), json!(may))));
                    change.extend(four_eyes.map(|which| ("fourEyes".to_owned(), json!(which.as_str()))));
                    client.patch(&path, &Value::Object(change))?
                }
                (false, Some(file)) => {
                    let bad = |why: String| {
                        let next = "`mailward policy set --help` shows what it may hold";
                        Failure::usage(format!("{}: {why}", file.display()), next)
                    };
                    let text = std::fs::read_to_string(&file).map_err(|error| bad(error.to_string()))?;
                    let body: Value = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
                    client.put(&path, &body)?
                }
                (false, None) => {
                    return Err(Failure::usage(
                        "nothing is chosen",
                        "give --hold, --codes-while-held, --four-eyes or --file",
                    ));
                }
            };
            shown(&policy, server.json)
        }
    }
}

fn path(tenant: &str, inbox: Option<&str>) -> String {
    match inbox {
        Some(inbox) => format!("/tenants/{}/inboxes/{}/gate", segment(tenant), segment(inbox)),
        None => format!("/tenants/{}/gate", segment(tenant)),
    }
}

fn shown(policy: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(policy))?;
        return Ok(());
    }
    let own = |name: &str| match &policy[name] {
        Value::Null => "as the next wider policy".to_owned(),
        _ => listed(&policy[name]),
    };
    let rows: Vec<Vec<String>> = ["hold", "trustedSenders", "rules", "codesWhileHeld", "fourEyes"]
        .iter()
        .map(|name| vec![(*name).to_owned(), own(name), listed(&policy["effective"][name])])
        .collect();
    let version = cell(policy, "version");
    writeln!(out, "version {version}, since {}", cell(policy, "changedAt"))?;
    write!(out, "{}", terminal::table(&["FIELD", "CHOSEN", "RULES"], &rows))?;
    Ok(())
}

/// A word, or the words of a list.
fn listed(value: &Value) -> String {
    let word = |value: &Value| match value {
        Value::String(text) => terminal::visible(text).into_owned(),
        Value::Object(rule) => match rule.get("weight") {
            Some(weight) => format!("{} ({weight})", rule["phrase"]),
            None => format!("{} (warns)", rule["phrase"]),
        },
        other => terminal::json(other),
    };
    match value.as_array() {
        Some(list) if list.is_empty() => "-".to_owned(),
        Some(list) => list.iter().map(word).collect::<Vec<_>>().join(", "),
        None => word(value),
    }
}
