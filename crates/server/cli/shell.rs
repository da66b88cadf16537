//! `completions` and `man`: what shells and `man` know of the command line, made from its grammar.

use std::io::Write;

use clap::CommandFactory;

use super::args::backup::{Completions, Man};
use super::{Arguments, Failure};

/// Prints what a shell needs to complete commands.
pub(super) fn completions(arguments: &Completions) -> Result<(), Failure> {
    let mut command = Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "mailward", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(())
}

/// Writes a page of the manual for each command.
pub(super) fn man(arguments: &Man) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::failed(format!("cannot write to {}: {error}", arguments.out.display()), "")
    };
    std::fs::create_dir_all(&arguments.out).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), &arguments.out).map_err(failed)?;
    writeln!(
        std::io::stdout().lock(),
        "wrote the manual to {}; read it with man -l",
        arguments.out.display()
    )?;
    Ok(())
}
