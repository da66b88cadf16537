//! `nodes`: the processes that serve, through the operator API.

use std::io::Write;

use serde_json::{Value, json};

use super::args::top::Nodes;
use super::operator::Client;
use super::tenant::cell;
use super::{Failure, terminal};

const HEAD: [&str; 6] = ["NAME", "STATE", "ROLES", "VERSION", "SINCE", "SEEN"];

pub(super) fn run(wanted: &Nodes) -> Result<(), Failure> {
    let nodes = Client::new(&wanted.server)?.list("/nodes")?;
    let mut out = std::io::stdout().lock();
    if wanted.server.json {
        writeln!(out, "{}", terminal::json(&json!({ "data": nodes })))?;
    } else {
        let rows: Vec<Vec<String>> = nodes.iter().map(row).collect();
        write!(out, "{}", terminal::table(&HEAD, &rows))?;
    }
    Ok(())
}

fn row(node: &Value) -> Vec<String> {
    let roles: Vec<&str> = node["roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let state = match node["reason"].as_str() {
        Some(reason) => format!("{}: {reason}", cell(node, "state")),
        None => cell(node, "state"),
    };
    vec![
        cell(node, "name"),
        state,
        roles.join(","),
        cell(node, "version"),
        cell(node, "startedAt"),
        cell(node, "seenAt"),
    ]
}
