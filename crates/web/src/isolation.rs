//! What the operator's API tells of the walls between tenants: what they share, and how the last trial of them ended.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that two tenants of this deployment share.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Boundary {
    /// Of what kind: `process`, `database`, `disk`, `master key`, `domain`, `address`.
    pub what: String,
    /// What it is that they share here.
    pub shared: String,
    /// What keeps them apart in it.
    pub kept: String,
    /// What would give each its own.
    pub apart: String,
}

/// One door that was tried.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// Which.
    pub door: String,
    /// What was tried.
    pub tried: String,
    /// What was answered, without content.
    pub answered: String,
    /// `closed`, `leaks`, or `untried` with the reason in `answered`.
    pub verdict: Verdict,
}

/// How a door stood the trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing came through.
    Closed,
    /// Something did.
    Leaks,
    /// It could not be tried, so nothing is known of it.
    Untried,
}

/// A whole trial.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// When it ended, ISO 8601.
    pub at: String,
    /// Every door.
    pub doors: Vec<Tried>,
}

impl Trial {
    /// How many doors ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.doors.iter().filter(|door| door.verdict == verdict).count()
    }
}

/// What is known of the walls. A cheap clone; clones share the last trial.
#[derive(Clone, Debug, Default)]
pub struct Isolation(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    boundaries: Vec<Boundary>,
    /// Base URL of the public API, and where mail comes in.
    reached: OnceLock<(String, SocketAddr)>,
    last: Mutex<Option<Trial>>,
}

impl Isolation {
    /// What a deployment's tenants share.
    #[must_use]
    pub fn new(boundaries: Vec<Boundary>) -> Self {
        Self(Arc::new(Known { boundaries, ..Known::default() }))
    }

    /// What URLs of the public API begin with and where mail comes in, once that is known.
    pub fn reached_at(&self, http: String, smtp: SocketAddr) {
        let _ = self.0.reached.set((http, smtp));
    }

    /// Keeps a trial in place of the one before.
    pub fn keep(&self, trial: Trial) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(trial);
    }

    pub(crate) fn boundaries(&self) -> Vec<Boundary> {
        self.0.boundaries.clone()
    }

    pub(crate) fn reached(&self) -> Option<&(String, SocketAddr)> {
        self.0.reached.get()
    }

    pub(crate) fn last(&self) -> Option<Trial> {
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
