//! `extract`: the facts in a mail file, without a server: codes, links, contacts, dates, amounts, events, deeds.

use std::io::{Read, Write};
use std::path::Path;

use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::parsed::parse;
use mailward_mail::prescan::Bounds;
use serde_json::Value;

use super::args::Extract;
use super::score::judge::on_own_thread;
use super::{Failure, terminal};

/// Of a longer file the rest is not read: no server takes such a mail.
const MOST: u64 = 64 * 1024 * 1024;

pub(super) fn run(arguments: &Extract) -> Result<(), Failure> {
    let raw = read(&arguments.file).map_err(|error| {
        let path = arguments.file.to_string_lossy();
        Failure::failed(format!("{}: {error}", terminal::visible(&path)), "")
    })?;
    let parsed = on_own_thread(move || parse(&raw, &Bounds::default()))?;
    let parsed = parsed.map_err(|error| Failure::failed(error, "such a mail is stored unread, and held"))?;
    let came = parsed.date.map_or_else(|| Clock::system().now(), |date| Timestamp(date.saturating_mul(1000)));
    let found = serde_json::to_value(mailward_mailroom::facts(&parsed, came))
        .map_err(|error| Failure::fault(error, ""))?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", terminal::json(&found))?;
        return Ok(());
    }
    for (kind, all) in found.as_object().into_iter().flatten() {
        for one in all.as_array().into_iter().flatten() {
            writeln!(out, "{kind}: {}", words(one))?;
        }
    }
    Ok(())
}

/// The values of a fact, those that there are.
fn words(fact: &Value) -> String {
    let word = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(terminal::visible(text).into_owned()).filter(|text| !text.is_empty()),
        // A confidence is single precision: more digits than it has would say nothing.
        Value::Number(number) => {
            number.as_f64().map(|number| format!("{}", (number * 100.0).round() / 100.0))
        }
        other => Some(terminal::json(other)),
    };
    let all = fact.as_object().into_iter().flatten().filter_map(|(_, value)| word(value));
    all.collect::<Vec<_>>().join("  ")
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(MOST).read_to_end(&mut raw)?;
    } else {
        std::fs::File::open(path)?.take(MOST).read_to_end(&mut raw)?;
    }
    Ok(raw)
}
