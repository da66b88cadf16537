//! Reads short windows of mail with a small multilingual transformer and says of each how likely it is that the
//! program which reads the mail is being turned against its owner.
//!
//! Knows nothing of mail, scores or levels: which windows are worth asking about, and what an answer is worth beside
//! the rules and the fast model, is for the caller. It reads no clock and has no deadline; a window costs a few
//! milliseconds, bounded by [`TOKENS`]. Hostile text is its subject: no text makes it fail.

mod artefact;
mod attention;
mod encoder;
mod linear;
mod pieces;
mod workers;

use std::borrow::Cow;
use std::path::Path;

pub use artefact::Error;
use encoder::Encoder;
use pieces::Pieces;
use workers::Workers;

/// Pieces of a window that are read, its subject and the marks around it included; what lies beyond is not.
pub const TOKENS: usize = 96;

/// Pieces of a subject that are read.
const SUBJECT: usize = 12;

/// Windows in one pass through the layers: bounds the memory of a call, which is about 1 MB a window.
const PASS: usize = 8;

static SHIPPED: &[u8] = include_bytes!("../model/deep.bin");

/// A stretch of a mail that is asked about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window<'a> {
    /// About 20 to 64 words in whole sentences, as a program would read them: decoded, invisible characters removed,
    /// otherwise as written (case and accents help).
    pub text: &'a str,
    /// The mail's subject, for its context; may be empty.
    pub subject: &'a str,
}

/// The model, ready to be asked from any thread.
#[derive(Debug)]
pub struct Deep {
    pieces: Pieces,
    encoder: Encoder,
    workers: Workers,
    version: String,
}

impl Deep {
    /// The model that is shipped, with `workers` threads of its own. Each call runs on one of them, so that never
    /// more cores are taken than there are workers; callers beyond that wait.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn load(workers: usize) -> Result<Self, Error> {
        Self::from_bytes(Cow::Borrowed(SHIPPED), workers)
    }

    /// A model out of a file, in the form that `crates/score/train/deep/export.py` writes.
    ///
    /// # Errors
    /// When the file cannot be read or is not such a model.
    pub fn read(path: &Path, workers: usize) -> Result<Self, Error> {
        Self::from_bytes(Cow::Owned(std::fs::read(path)?), workers)
    }

    fn from_bytes(bytes: Cow<'static, [u8]>, workers: usize) -> Result<Self, Error> {
        let (pieces, encoder, sum) = artefact::read(bytes)?;
        let version = format!("deep-{sum:08x}");
        Ok(Self { pieces, encoder, workers: Workers::start(workers)?, version })
    }

    /// Names the model by its checksum, such as `deep-1b2c3d4e`: another model has another name.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How likely each window holds an injection, 0 to 1, in the order asked.
    ///
    /// Not calibrated to any mix of mail: that is for the caller, who knows how windows were chosen.
    #[must_use]
    pub fn probabilities(&self, windows: &[Window<'_>]) -> Vec<f32> {
        self.logits(windows).into_iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect()
    }

    /// The same as log-odds, which add up better with other evidence.
    #[must_use]
    pub fn logits(&self, windows: &[Window<'_>]) -> Vec<f32> {
        self.workers.run(|| {
            windows
                .chunks(PASS)
                .flat_map(|pass| {
                    let rows: Vec<Vec<u32>> = pass.iter().map(|window| self.ids(window)).collect();
                    self.encoder.logits(&rows)
                })
                .collect()
        })
    }

    /// The pieces of a window as the encoder takes them: `<s> subject </s> text </s>`.
    fn ids(&self, window: &Window<'_>) -> Vec<u32> {
        let special = self.pieces.special();
        let mut ids = vec![special.start];
        if !window.subject.trim().is_empty() && window.subject != window.text {
            self.pieces.encode(window.subject, SUBJECT, &mut ids);
            ids.push(special.end);
        }
        let room = TOKENS - ids.len() - 1;
        self.pieces.encode(window.text, room, &mut ids);
        ids.push(special.end);
        ids
    }
}
