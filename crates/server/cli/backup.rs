//! `backup`, `restore` and `migrate`: what is done to the databases beside the service, or before it.

use std::io::Write;

use serde_json::{Value, json};

use super::args::backup::{Backup, Migrate, Restore};
use super::{Failure, terminal};
use crate::backup::{self, BackupError, Ended, Source, Wanted};
use crate::config::Config;
use crate::hardening;
use crate::providers::environment;

/// Copies the databases while they are served.
pub(super) fn backup(arguments: &Backup) -> Result<(), Failure> {
    let config = ready(arguments.config.load()?)?;
    let keys = arguments.keys_out.as_ref().unwrap_or(&arguments.out);
    let wanted = Wanted {
        mail: (!arguments.keys_only).then(|| arguments.out.clone()),
        keys: (!arguments.mail_only).then(|| keys.clone()),
    };
    let taken = block_on(backup::take(&config, &wanted))?;
    let mut out = std::io::stdout().lock();
    let shown = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let (mail, keys) = (shown(&taken.mail), shown(&taken.keys));
    let found = taken.examined.unwrap_or_default();
    if arguments.json {
        let told = json!({
            "takenAt": taken.taken_at, "mail": mail, "keys": keys,
            "tenants": found.tenants, "messages": found.messages, "opened": found.opened,
        });
        writeln!(out, "{}", terminal::json(&told))?;
        return Ok(());
    }
    for (what, folder) in [("mail", &mail), ("keys", &keys)] {
        if let Some(folder) = folder {
            writeln!(out, "{what}: {}", terminal::visible(folder))?;
        }
    }
    if mail.is_some() && keys.is_some() {
        writeln!(
            out,
            "taken at {}: {} tenants, {} messages, {} of them opened",
            taken.taken_at, found.tenants, found.messages, found.opened
        )?;
        writeln!(out, "Keep the two apart, and the master key apart from both.")?;
    } else {
        writeln!(out, "taken at {}; that it opens shows only with the other half", taken.taken_at)?;
    }
    Ok(())
}

/// Brings a backup back.
pub(super) fn restore(arguments: &Restore) -> Result<(), Failure> {
    let config = ready(arguments.config.load()?)?;
    let source = match &arguments.from {
        None => Source::InPlace,
        Some(from) => Source::Folders {
            mail: from.join("mail"),
            keys: arguments.keys_from.as_ref().unwrap_or(from).join("keys"),
        },
    };
    let ended = Ended {
        receipts: arguments.receipts.clone(),
        signer: arguments.signer.clone(),
        previous: arguments.previous.clone(),
    };
    let done = block_on(backup::restore(&config, &source, &ended))?;
    let mut out = std::io::stdout().lock();
    let ended: Vec<Value> = done.ended.iter().map(|tenant| tenant.as_str().into()).collect();
    let found = &done.examined;
    if arguments.json {
        let told = json!({
            "takenAt": done.taken_at, "tenants": found.tenants, "messages": found.messages, "opened": found.opened,
            "endedAgain": ended, "waitingToLeave": done.waiting,
        });
        writeln!(out, "{}", terminal::json(&told))?;
        return Ok(());
    }
    let from = done.taken_at.as_deref().map(|at| format!(" of {at}")).unwrap_or_default();
    writeln!(
        out,
        "restored the backup{from}: {} tenants, {} messages, {} of them opened",
        found.tenants, found.messages, found.opened
    )?;
    for tenant in &done.ended {
        writeln!(out, "tenant {tenant} had left since: its keys are destroyed again")?;
    }
    if !done.ended.is_empty() {
        writeln!(out, "The backup still holds their keys: delete its folder `keys` when you can.")?;
    }
    if done.waiting > 0 {
        let waiting = done.waiting;
        writeln!(
            out,
            "{waiting} mails wait to leave; they may have left since, and then go once more under their Message-ID"
        )?;
    }
    writeln!(
        out,
        "API keys that were revoked since the backup are valid again: revoke them. Then start the service."
    )?;
    Ok(())
}

/// Brings the schema to this version, without serving.
pub(super) fn migrate(arguments: &Migrate) -> Result<(), Failure> {
    let config = ready(arguments.config.load()?)?;
    super::start::on_runtime(crate::start::migrate(config))?;
    writeln!(std::io::stdout().lock(), "mail and keys have the schema of {}", env!("CARGO_PKG_VERSION"))?;
    Ok(())
}

/// The key leaves the environment before there are threads, and is kept out of core dumps.
fn ready(mut config: Config) -> Result<Config, Failure> {
    environment::take(&mut config)?;
    hardening::apply(false);
    Ok(config)
}

fn block_on<T>(work: impl Future<Output = Result<T, BackupError>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::failed(format!("no threads can be started: {error}"), ""))?;
    runtime.block_on(work).map_err(|error| match error {
        BackupError::Fault(why) => Failure::fault(why, "nothing was kept of it; the original is as it was"),
        BackupError::Refused(why) => Failure::failed(why, ""),
        BackupError::Failed(why) => Failure::failed(why, ""),
    })
}
