//! The wiring of the judge: its settings from the configuration, and the worker that runs its jobs.
//!
//! The worker runs whether or not there is a judge: mail that waits for one that was switched off is let through or
//! held by its score.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_dispatch::{Handler, Handlers, Lane, Outcome};
use mailward_mail::clock::Clock;
use mailward_mail::id::TenantId;
use mailward_mailroom::{Judge, JudgeSettings, Mailroom, Step};
use mailward_net::dns::Dns;
use mailward_store::{ClaimedJob, JobKind};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::StartError;
use crate::config::Config;

/// Beside the question, a run reads and writes the store.
const BESIDE: Duration = Duration::from_secs(10);
/// The wait after the store or the keys failed; it doubles up to an hour.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// Makes the judge, where one is configured.
///
/// # Errors
/// [`StartError`], when its key cannot be read or its URL may not be called.
pub(crate) fn open(config: &Config, dns: Dns) -> Result<Option<Judge>, StartError> {
    let Some(settings) = settings(config)? else { return Ok(None) };
    Judge::new(settings, dns).map(Some).map_err(|error| StartError::refused(error.to_string()))
}

fn settings(config: &Config) -> Result<Option<JudgeSettings>, StartError> {
    let screening = &config.screening;
    let Some(url) = screening.judge_url.clone() else { return Ok(None) };
    let key = match (&screening.judge_key, &screening.judge_key_file) {
        (Some(key), _) => Some(Zeroizing::new(key.expose().to_owned())),
        (None, Some(path)) => {
            let read = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
                StartError::refused(format!("screening.judge_key_file {}: {error}", path.display()))
            })?;
            Some(Zeroizing::new(read.trim().to_owned()))
        }
        (None, None) => None,
    };
    Ok(Some(JudgeSettings {
        url,
        key,
        model: screening.judge_model.clone(),
        format: screening.judge_format,
        deadline: screening.judge_deadline,
        patience: screening.judge_patience,
        grey: screening.judge_grey_from..=screening.judge_grey_to,
        most_bytes: screening.judge_max_bytes,
        // Checked with the configuration.
        tenants: screening.judge_tenants.iter().filter_map(|name| TenantId::parse(name).ok()).collect(),
        allow_private: screening.judge_allow_private.clone(),
    }))
}

/// How many questions are asked at once, and how long one may take.
pub(crate) fn lane(config: &Config) -> Lane {
    let screening = &config.screening;
    Lane {
        kind: JobKind::Judge,
        at_once: screening.judge_concurrency,
        per_tenant: screening.judge_concurrency / 2,
        longest: screening.judge_deadline + BESIDE,
    }
}

/// What runs the jobs.
pub(crate) fn handlers(room: &Mailroom, clock: &Clock, stop: &CancellationToken) -> Handlers {
    let judging = Judging { room: room.clone(), clock: clock.clone(), stop: stop.clone() };
    Handlers::from([(JobKind::Judge, Arc::new(judging) as Arc<dyn Handler>)])
}

struct Judging {
    room: Mailroom,
    clock: Clock,
    stop: CancellationToken,
}

impl Handler for Judging {
    fn run(&self, job: ClaimedJob) -> BoxFuture<'_, Outcome> {
        async move {
            let Some(id) = &job.message else { return Outcome::Done };
            let judged = self.room.judge_mail(&job.tenant, id, job.attempts, job.created_at);
            // A question that is under way when the service stops is asked again after the next start.
            let Some(judged) = self.stop.run_until_cancelled(judged).await else {
                return Outcome::Retry(self.clock.now(), None);
            };
            match judged {
                Ok(Step::Settled) => Outcome::Done,
                Ok(Step::Again(at)) => Outcome::Retry(at, None),
                Err(error) => {
                    let causes: Vec<String> =
                        std::iter::successors(std::error::Error::source(&error), |cause| cause.source())
                            .map(ToString::to_string)
                            .collect();
                    tracing::warn!(%error, ?causes, job = job.id, "a mail that waits for the judge could not be settled");
                    let doubled = u32::try_from(job.attempts.clamp(1, 10)).map_or(1, |tries| 1 << (tries - 1));
                    let wait = (AFTER_TROUBLE * doubled).min(Duration::from_secs(3_600));
                    Outcome::Retry(self.clock.now().plus(wait), None)
                }
            }
        }
        .boxed()
    }
}
