//! The `mailward` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    mailward::cli::run()
}
