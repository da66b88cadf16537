//! Trains the scorer's model.

mod figures;
mod first;
mod mails;
mod random;
mod rows;
mod second;
mod windows;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the windows that a classifier is to learn from, as JSON lines.
    Windows {
        /// The folder of foreign data (`train`, `dev`).
        #[arg(long)]
        data: Vec<PathBuf>,
        /// The folder of the own corpus.
        #[arg(long)]
        corpus: Option<PathBuf>,
        /// Most windows of a mail without attack.
        #[arg(long, default_value_t = 6)]
        most: usize,
        /// All windows of every mail, to be judged.
        #[arg(long)]
        all: bool,
    },
    /// Tries out the first stage.
    Try {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        dev: PathBuf,
        #[arg(long)]
        corpus: PathBuf,
    },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Arguments::parse().command {
        Command::Windows { data, corpus, most, all } => windows::write(&data, corpus.as_deref(), most, all)?,
        Command::Try { data, dev, corpus } => first::try_out(&data, &dev, &corpus)?,
    }
    Ok(())
}
