//! `config`: the effective configuration, with the origin of each value.

use std::io::Write;

use super::args::ShowConfig;
use super::{Failure, terminal};

pub(super) fn run(arguments: &ShowConfig) -> Result<(), Failure> {
    let layers = arguments.config.layers()?;
    let settings = layers.settings();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let list: Vec<serde_json::Value> = settings
            .iter()
            .map(|one| {
                let origin = one.origin.to_string();
                serde_json::json!({"key": one.key, "value": one.value, "origin": origin, "doc": one.doc})
            })
            .collect();
        writeln!(out, "{}", terminal::json(&list.into()))?;
    } else {
        // Each line is TOML: what is shown can be copied into a file.
        let rows: Vec<Vec<String>> = settings
            .iter()
            .map(|one| {
                vec![format!("{} = {}", one.key, one.value), format!("# {}", one.origin), one.doc.to_owned()]
            })
            .collect();
        write!(out, "{}", terminal::table(&["# key = value", "# origin", "what it is for"], &rows))?;
    }
    // Shown first, so that a refused value can be looked at beside the others.
    layers.config()?;
    Ok(())
}
