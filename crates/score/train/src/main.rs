//! Trains the scorer's fast model from folders of labelled mail, and writes windows for other learners.
//!
//! What it does is seeded: the same data gives the same model.

mod calibrate;
mod first;
mod mails;
mod random;
mod together;
mod windows;
mod write;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use mailward_score_eval::rows::{self, Row};

use mails::{Mail, lay_out};
use mailward_deep::Deep;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Trains the fast model.
    Fast {
        /// The folder of foreign data, JSON lines; what may not be trained on is left out.
        #[arg(long)]
        data: PathBuf,
        /// The folder of the project's own corpus.
        #[arg(long, default_value = "crates/score/corpus")]
        corpus: PathBuf,
        /// Where the model is written.
        #[arg(long, default_value = "crates/score/src/model/fast.bin")]
        out: PathBuf,
    },
    /// Finds what the deep model's word comes to beside the fast one's; run it after the program was built with the fast model.
    Together {
        /// The folder of mail for choosing.
        #[arg(long)]
        dev: PathBuf,
        /// The project's own corpus, to see what both say of what was left out.
        #[arg(long)]
        corpus: Option<PathBuf>,
        /// Where each mail's opinions are written, as JSON lines.
        #[arg(long)]
        opinions: Option<PathBuf>,
        /// Another deep model than the program's.
        #[arg(long)]
        deep: Option<PathBuf>,
        /// The model to complete.
        #[arg(long, default_value = "crates/score/src/model/fast.bin")]
        model: PathBuf,
    },
    /// Writes windows to standard output, as JSON lines.
    Windows {
        /// Folders of foreign data.
        #[arg(long)]
        data: Vec<PathBuf>,
        /// The folder of the project's own corpus.
        #[arg(long)]
        corpus: Option<PathBuf>,
        /// Most windows of a mail outside of the attack.
        #[arg(long, default_value_t = 6)]
        most: usize,
        /// All windows of every mail.
        #[arg(long)]
        all: bool,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse().command {
        Command::Fast { data, corpus, out } => fast(&data, &corpus, &out)?,
        Command::Together { dev, corpus, opinions, deep, model } => {
            together(&dev, corpus.as_deref(), opinions.as_deref(), deep.as_deref(), &model)?;
        }
        Command::Windows { data, corpus, most, all } => {
            let mut all_rows = Vec::new();
            for folder in &data {
                all_rows.extend(rows::foreign(folder)?);
            }
            if let Some(corpus) = corpus {
                all_rows.extend(rows::own(&corpus)?);
            }
            windows::write(&lay_out(all_rows), most, all)?;
        }
    }
    Ok(())
}

/// Sources whose licence is for measuring only, or not stated.
const NOT_TO_LEARN_FROM: &[&str] = &["tensortrust"];

/// Whether a row may be learnt from: its licence allows it, its label holds, and it is not for the test.
fn is_for_training(row: &Row) -> bool {
    !row.weak && !row.held_out && !NOT_TO_LEARN_FROM.contains(&row.source.as_str())
}

fn fast(data: &Path, corpus: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut all = rows::foreign(data)?;
    all.extend(rows::own(corpus)?);
    all.retain(is_for_training);
    let mails = lay_out(all);
    let training: Vec<&Mail> = mails.iter().collect();
    let table = first::train(&training).table();
    let knots = calibrate::knots(&training);
    let model = write::Model {
        table: &table,
        rules: calibrate::RULES,
        beside: (calibrate::RULES, 0.0),
        alone: &knots,
        together: &knots,
    };
    write::write(out, &model)?;
    Ok(())
}

fn together(
    dev: &Path,
    corpus: Option<&Path>,
    opinions: Option<&Path>,
    deep: Option<&Path>,
    model: &Path,
) -> Result<(), Box<dyn Error>> {
    let mut rows = rows::foreign(dev)?;
    rows.retain(|row| !row.weak && !CHAT.contains(&row.kind.as_str()));
    if let Some(corpus) = corpus {
        rows.extend(rows::own(corpus)?.into_iter().filter(|row| row.held_out));
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let deep = match deep {
        Some(path) => Deep::read(path, threads)?,
        None => Deep::load(threads)?,
    };
    let knots = together::choose(rows, &deep, opinions)?;
    let file = std::fs::read(model)?;
    std::fs::write(
        model,
        write::with_reader(&file, (together::RULES, together::WORTH), &knots)
            .ok_or("the file is no model")?,
    )?;
    Ok(())
}

/// Tells whoever runs this how it goes.
fn note(line: &str) {
    // Nobody may be listening.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Kinds that are no mail.
const CHAT: &[&str] = &["benign_chat", "jailbreak", "direct"];
