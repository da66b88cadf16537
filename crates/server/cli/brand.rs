//! `tenant brand`: under whose name a tenant's people see the service.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailward_mailroom::brand::MOST_LOGO_BYTES;
use serde_json::{Value, json};

use super::args::tenant::Brand;
use super::operator::{Client, segment};
use super::tenant::cell;
use super::{Failure, terminal};

/// What a brand is made of, as the API calls it.
const PARTS: [&str; 6] = ["name", "logo", "accent", "accentDark", "supportUrl", "host"];

pub(super) fn run(chosen: Brand) -> Result<(), Failure> {
    let client = Client::new(&chosen.server)?;
    let path = format!("/tenants/{}/brand", segment(&chosen.id));
    if chosen.clear {
        let removed = client.delete(&path)?;
        return told(
            &removed,
            chosen.server.json,
            "the brand is taken away; its people see the service's own",
        );
    }
    let changes = changes(&chosen)?;
    let mut brand = client.get(&path)?;
    if !changes.is_empty() {
        // All of it is replaced, so what is not named is sent back as it is.
        let mut body = json!({});
        for part in PARTS {
            body[part] = brand[part].clone();
        }
        for (part, value) in changes {
            body[part] = value;
        }
        brand = client.put(&path, &body)?;
    }
    shown(&brand, chosen.server.json)
}

/// The parts that were named; an empty one is taken away.
fn changes(chosen: &Brand) -> Result<Vec<(&'static str, Value)>, Failure> {
    let logo = match &chosen.logo {
        Some(path) if !path.is_empty() => Some(STANDARD.encode(read(Path::new(path))?)),
        Some(_) => Some(String::new()),
        None => None,
    };
    let parts = [
        ("name", chosen.name.clone()),
        ("logo", logo),
        ("accent", chosen.accent.clone()),
        ("accentDark", chosen.accent_dark.clone()),
        ("supportUrl", chosen.support_url.clone()),
        ("host", chosen.host.clone()),
    ];
    let value = |text: String| if text.is_empty() { Value::Null } else { text.into() };
    Ok(parts.into_iter().filter_map(|(part, text)| Some((part, value(text?)))).collect())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // What is larger is refused by the server; all of it need not go there for that.
    let read =
        File::open(path).and_then(|file| file.take(MOST_LOGO_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| Failure::failed(format!("{}: {error}", path.display()), "name a PNG or WebP file"))?;
    Ok(bytes)
}

fn told(answer: &Value, as_json: bool, text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(answer))?
    } else {
        writeln!(out, "{text}")?
    }
    Ok(())
}

fn shown(brand: &Value, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(brand))?;
        return Ok(());
    }
    let rows = PARTS.iter().chain(&["changedAt"]).map(|part| {
        let value = match *part {
            "logo" if brand["logo"].is_string() => {
                let side = |name| brand[name].to_string();
                format!("{}, {} x {} pixels", cell(brand, "logoType"), side("logoWidth"), side("logoHeight"))
            }
            part => cell(brand, part),
        };
        vec![(*part).to_owned(), value]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    write!(out, "{}", terminal::table(&["PART", "VALUE"], &rows))?;
    Ok(())
}
