//! `serve`, `init` and `demo`: the seam between the command line and the service itself.

use std::future::Future;
use std::io::Write;

use super::args::{Demo, Init, Serve};
use super::{Failure, demo, terminal};
use crate::StartError;
use crate::config::{Config, KeyProvider};
use crate::hardening;
use crate::providers::environment;
use crate::telemetry;

/// Runs the service until it is asked to stop.
pub(super) fn serve(arguments: &Serve) -> Result<(), Failure> {
    let mut config = arguments.config.load()?;
    config.roles = arguments.only.unwrap_or_default();
    alone_or_shared(&config)?;
    // In this order: the key leaves the environment before anything else runs, and what cannot be hardened is logged.
    environment::take(&mut config)?;
    let warnings = hardening::apply(config.keys.lock_memory);
    telemetry::start(&config.telemetry).map_err(|error| Failure::refused(error, ""))?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    on_runtime(crate::start::serve(config))
}

/// A part of the service needs the other parts, which find nothing in this process' files.
fn alone_or_shared(config: &Config) -> Result<(), Failure> {
    let shared = config.store.url.expose() != "sqlite" && config.keys.store_url.is_some();
    if shared || !config.roles.is_part() {
        return Ok(());
    }
    Err(Failure::refused(
        format!(
            "--only {} needs other nodes for the rest, and they could share neither mail nor keys",
            config.roles
        ),
        "set store.url and keys.store_url to PostgreSQL on all nodes; mailward db init makes both",
    ))
}

/// Makes the data directory and says where the operator's key is.
pub(super) fn init(arguments: &Init) -> Result<(), Failure> {
    let mut config = arguments.config.load()?;
    environment::take(&mut config)?;
    hardening::apply(false);
    let provider = config.keys.provider;
    let directory = config.data_dir.clone();
    let operator_key = on_runtime(crate::start::init(config))?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", terminal::json(&serde_json::json!({"operatorKey": operator_key})))?;
        return Ok(());
    }
    writeln!(out, "initialised {}", terminal::visible(&directory.to_string_lossy()))?;
    writeln!(out, "operator key: {operator_key} (also in operator.key there)")?;
    let keep = match provider {
        KeyProvider::File => "Keep a copy of master.key elsewhere",
        KeyProvider::Passphrase => "Keep the passphrase and a copy of master.salt elsewhere",
        _ => "Keep a copy of the master key elsewhere",
    };
    writeln!(out, "{keep}: without it none of the mail can be read.")?;
    Ok(())
}

/// Shows the way of real mail; fails unless everything happened as expected.
pub(super) fn demo(arguments: &Demo) -> Result<(), Failure> {
    if on_runtime(demo::run(arguments.exit))? {
        return Ok(());
    }
    Err(Failure::failed("the demo did not go as expected", "the lines marked above say where"))
}

/// Waits for work that needs a runtime.
pub(super) fn on_runtime<T>(work: impl Future<Output = Result<T, StartError>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::failed(format!("no threads can be started: {error}"), ""))?;
    Ok(runtime.block_on(work)?)
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Refused(why) => Self::refused(why, ""),
            StartError::Failed(why) => Self::failed(why, ""),
        }
    }
}
