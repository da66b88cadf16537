//! A tenant's archive: fetched into a file that is there whole or not at all, and sent back decrypted.
//!
//! The identity that opens an archive stays in this process; what goes to the server is the plain tar, over loopback or
//! TLS.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::args::Server;
use crate::cli::args::life::{Export, Import};
use crate::cli::operator::{Client, segment};
use crate::cli::tenant::cell;
use crate::cli::{Failure, terminal};

pub(super) fn export(export: &Export) -> Result<(), Failure> {
    let bytes = fetch(&export.id, &export.out, &export.recipient, &export.server)?;
    let mut out = std::io::stdout().lock();
    if export.server.json {
        let done = json!({"id": export.id, "out": export.out.display().to_string(), "bytes": bytes});
        writeln!(out, "{}", terminal::json(&done))?;
        return Ok(());
    }
    let file = export.out.display().to_string();
    writeln!(out, "exported tenant {} to {} ({bytes} bytes)", export.id, terminal::visible(&file))?;
    writeln!(out, "Only the holder of {}'s identity can read it.", terminal::visible(&export.recipient))?;
    Ok(())
}

/// Fetches an archive; how many bytes it has.
pub(super) fn fetch(id: &str, path: &Path, recipient: &str, server: &Server) -> Result<u64, Failure> {
    let failed = |error: std::io::Error| {
        Failure::failed(format!("cannot write {}: {error}", path.display()), "name another file with --out")
    };
    if path.exists() {
        return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
    }
    let client = Client::new(server)?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(".part");
    let draft = std::path::PathBuf::from(draft);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    let body = json!({ "recipient": recipient });
    let fetched = client.download(&format!("/tenants/{}/export", segment(id)), &body, &mut file);
    let kept = fetched.and_then(|bytes| {
        file.sync_all().map_err(failed)?;
        std::fs::rename(&draft, path).map_err(failed)?;
        Ok(bytes)
    });
    if kept.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    kept
}

pub(super) fn import(import: &Import) -> Result<(), Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("cannot read {}: {error}", import.from.display()), "")
    };
    let file = File::open(&import.from).map_err(|error| unreadable(&error))?;
    let decryptor = age::Decryptor::new_buffered(BufReader::with_capacity(1 << 16, file))
        .map_err(|error| unreadable(&error))?;
    let identities = identities(&import.identity)?;
    let plain = decryptor.decrypt(identities.iter().map(|one| one.as_ref() as &dyn age::Identity)).map_err(
        |error| {
            let next = "name the identity of the recipient it was exported for";
            Failure::failed(format!("{} does not open: {error}", import.from.display()), next)
        },
    )?;
    let mut path = format!("/imports?dryRun={}", import.dry_run);
    for (name, value) in [("tenant", &import.tenant), ("plan", &import.plan), ("signer", &import.signer)] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", segment(value)));
        }
    }
    let report = Client::new(&import.server)?.upload(&path, plain)?;
    if import.server.json {
        writeln!(std::io::stdout().lock(), "{}", terminal::json(&report))?;
    } else {
        imported(&report)?;
    }
    match report["conflicts"].as_array().map(Vec::len).unwrap_or_default() {
        0 => Ok(()),
        n => Err(Failure::failed(format!("the archive cannot be taken up here: {n} conflicts"), "")),
    }
}

fn identities(path: &Path) -> Result<Vec<Box<dyn age::Identity + Send + Sync>>, Failure> {
    let bad = |why: String| {
        let next = "name a file that age-keygen wrote, with a line AGE-SECRET-KEY-1...";
        Failure::failed(format!("{}: {why}", path.display()), next)
    };
    let text = crate::data_dir::read_secret(path).map_err(|error| Failure::failed(error, ""))?;
    let file =
        age::IdentityFile::from_buffer(text.as_bytes()).map_err(|_| bad("holds no age identity".into()))?;
    let found = file.into_identities().map_err(|error| bad(error.to_string()))?;
    if found.is_empty() { Err(bad("holds no age identity".into())) } else { Ok(found) }
}

fn imported(report: &Value) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let verb = if report["dryRun"] == true { "would import" } else { "imported" };
    writeln!(out, "{verb} tenant {} as {}", cell(report, "fromTenant"), cell(report, "id"))?;
    writeln!(out, "from {}, packed {}", cell(report, "deployment"), cell(report, "createdAt"))?;
    writeln!(out, "signed by {}", cell(report, "signer"))?;
    let counts = &report["counts"];
    let rows: Vec<Vec<String>> = counts
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| vec![name.clone(), cell(counts, name)])
        .chain([vec!["heldAnew".to_owned(), cell(report, "heldAnew")]])
        .collect();
    write!(out, "{}", terminal::table(&["WHAT", "COUNT"], &rows))?;
    for conflict in report["conflicts"].as_array().into_iter().flatten() {
        writeln!(out, "conflict: {}", terminal::visible(conflict.as_str().unwrap_or_default()))?;
    }
    let list = |name: &str, columns: &[&str], head: &[&str]| {
        let rows: Vec<Vec<String>> = report[name]
            .as_array()
            .into_iter()
            .flatten()
            .map(|row| columns.iter().map(|column| cell(row, column)).collect())
            .collect();
        if rows.is_empty() { String::new() } else { terminal::table(head, &rows) }
    };
    let keys = ["replaces", "inboxId", "name", "token"];
    write!(out, "{}", list("keys", &keys, &["REPLACES", "INBOX", "NAME", "TOKEN"]))?;
    write!(out, "{}", list("webhooks", &["id", "url", "secret"], &["WEBHOOK", "URL", "SECRET"]))?;
    if report["dryRun"] != true {
        writeln!(out, "Tokens and secrets are shown this once.")?;
    }
    Ok(())
}
