//! The command line: what may be typed, and what each command does with it.
//!
//! Commands that need a running server speak to it over HTTP or SMTP like anybody else. Data goes to stdout, everything
//! else to stderr; [`run`] turns the outcome into the exit code.

mod args;
mod audit;
mod backup;
mod brand;
mod db;
mod deliver;
mod demo;
mod dns;
mod doctor;
mod eval;
mod extract;
mod failure;
mod inbox;
mod keys;
mod life;
mod mcp;
mod nodes;
mod openclaw;
mod operator;
mod person;
mod policy;
mod rescore;
mod review;
mod sandbox;
mod score;
mod settings;
mod shell;
mod start;
mod tenant;
pub(crate) mod terminal;
mod top;
mod usage;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

pub use args::{Arguments, Command};
pub use failure::{Exit, Failure};

/// Runs the command that this process was started with.
pub fn run() -> ExitCode {
    run_with(std::env::args_os())
}

/// Runs a command line; the first word is the program's name.
fn run_with(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Two TLS libraries bring a provider each; rustls panics at the first use unless one is chosen. A second choice
    // fails, and the first stands.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(said) => {
            let _ = said.print();
            return ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(2));
        }
    };
    match dispatch(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closed the pipe has seen enough and needs no message.
        Err(failure) if failure.is_closed_pipe() => failure.exit.into(),
        Err(failure) => {
            let _ = writeln!(std::io::stderr().lock(), "{failure}");
            failure.exit.into()
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(demo) => start::demo(&demo),
        Command::Serve(serve) => start::serve(&serve),
        Command::Db(db) => db::run(&db),
        Command::Init(init) => start::init(&init),
        Command::Tenant(tenant) => tenant::run(tenant),
        Command::Inbox(inbox) => inbox::run(inbox),
        Command::Person(person) => person::run(person),
        Command::Audit(audit) => audit::run(audit),
        Command::Keys(keys) => keys::run(keys),
        Command::VerifyReceipt(receipt) => life::verify_receipt(&receipt),
        Command::Policy(policy) => policy::run(policy),
        Command::Review(review) => review::run(review),
        Command::Rescore(rescore) => rescore::run(&rescore),
        Command::Score(score) => score::run(&score),
        Command::Eval(eval) => eval::run(&eval),
        Command::Extract(extract) => extract::run(&extract),
        Command::Deliver(deliver) => deliver::run(&deliver),
        Command::Mcp(mcp) => mcp::run(&mcp),
        Command::Openclaw(openclaw) => openclaw::run(&openclaw),
        Command::Dns(dns) => dns::run(&dns),
        Command::Doctor(doctor) => doctor::run(&doctor),
        Command::Usage(usage) => usage::run(&usage),
        Command::Top(top) => top::run(&top),
        Command::Nodes(nodes) => nodes::run(&nodes),
        Command::Sandbox(sandbox) => sandbox::run(&sandbox),
        Command::Backup(backup) => backup::backup(&backup),
        Command::Restore(restore) => backup::restore(&restore),
        Command::Migrate(migrate) => backup::migrate(&migrate),
        Command::Config(config) => settings::run(&config),
        Command::Completions(completions) => shell::completions(&completions),
        Command::Man(man) => shell::man(&man),
    }
}
