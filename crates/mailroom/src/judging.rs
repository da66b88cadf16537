//! The judge: a language model that the operator already runs, asked about mail of which the scorer is in doubt.
//!
//! Never on the receiving path: grey mail is stored, acknowledged and waits as `pending`, which is held to every door,
//! with a job in the same transaction. The job asks, and lets the mail through or leaves it held. Whatever goes wrong
//! (no answer, no budget, an answer that is not to the letter) the calibrated score stands and `hold` applies. What the
//! judge says is one finding among others: [`bounds`] is all it can do.
//!
//! A job may run twice. The mail's state is compared when it is settled, so it is delivered once.

mod answer;
mod bounds;
mod count;
mod endpoint;
mod failure;
mod question;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, MessageId};
use mailward_mail::parsed::Parsed;
use mailward_score::{Level, Verdict};
use mailward_store::{Act, Action, EventKind, EventRow, Judged, JudgedAnew, Message, Outcome, Tenant};
use mailward_vault::PartKind;

use answer::Opinion;
pub(crate) use count::JudgeCounts;
pub use endpoint::Judge;
pub use failure::Failure;
pub use settings::{BadJudge, JudgeFormat, JudgeSettings};

use crate::keyring::TenantKeys;
use crate::limits::{Limit, OverLimit};
use crate::reading::{context, meta, parsed};
use crate::screening::gate::{GateNote, is_held};
use crate::snapshot::Meta;
use crate::{Error, Mailroom, Result};
use question::Question;

/// How often one mail is asked about. A mail whose judging ends the process counts too.
const MOST_TRIES: i64 = 3;
/// The wait after a first try; a second is waited for twice as long.
const PAUSE: Duration = Duration::from_secs(2);
/// An endpoint may ask for more time, but mail is waiting.
const MOST_PAUSE: Duration = Duration::from_secs(30);

/// What became of a pending mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It waits no longer.
    Settled,
    /// The judge is to be asked again then.
    Again(Timestamp),
}

/// What is known of a pending mail when the judge is asked.
struct Pending {
    message: Message,
    meta: Meta,
    verdict: Verdict,
    parsed: Option<Parsed>,
}

impl Mailroom {
    /// Whether a mail with this verdict waits for the judge before its agent may have it.
    pub(crate) fn is_grey(&self, tenant: &Tenant, verdict: &Verdict) -> bool {
        let Some(judge) = &self.0.judge else { return false };
        verdict.level != Level::Unknown && judge.settings().asks_about(tenant.id(), verdict.score)
    }

    /// Asks the judge about a pending mail and ends its waiting, or says when to try again. `tries` is how often this
    /// was begun, this time included; `since` is when the mail came to wait.
    ///
    /// # Errors
    /// When the store or the keys fail; the mail waits on.
    pub async fn judge_mail(
        &self,
        tenant: &Tenant,
        id: &MessageId,
        tries: i64,
        since: Timestamp,
    ) -> Result<Step> {
        let keys = self.0.keyring.tenant(tenant).await?;
        let mut scope = tenant.read().await?;
        let Some(message) = scope.message_for_review(id).await? else { return Ok(Step::Settled) };
        if !scope.is_undecided(id).await? {
            return Ok(Step::Settled);
        }
        let meta = meta(tenant, &mut scope, &keys, &message).await?;
        let parsed = parsed(tenant, &mut scope, &keys, &message).await?;
        drop(scope);
        let verdict = meta.verdict.clone().ok_or(Error::Damaged("a mail has no verdict"))?;
        let pending = Pending { message, meta, verdict, parsed };
        let Some(parsed) = &pending.parsed else {
            return self.settle(tenant, pending, Err(Failure::Off), None).await;
        };
        let nonces = [self.0.random.bytes(), self.0.random.bytes()];
        let most = self.0.judge.as_ref().map_or(0, |judge| judge.settings().most_bytes);
        let question = Question::new(parsed, most, nonces);
        let answer = self.ask_judge(tenant, &question, tries, since).await?;
        if let Err(failure) = &answer
            && let Some(wait) = self.try_again(failure, tries, since)
        {
            return Ok(Step::Again(wait));
        }
        self.settle(tenant, pending, answer, Some(&question)).await
    }

    /// Asks, if asking is possible and paid for.
    async fn ask_judge(
        &self,
        tenant: &Tenant,
        question: &Question,
        tries: i64,
        since: Timestamp,
    ) -> Result<std::result::Result<Opinion, Failure>> {
        let now = self.0.clock.now();
        let Some(judge) = &self.0.judge else { return Ok(Err(Failure::Off)) };
        // Settings may have changed while the mail waited.
        if !judge.settings().is_for(tenant.id()) {
            return Ok(Err(Failure::Off));
        }
        if tries > MOST_TRIES {
            return Ok(Err(Failure::Tries));
        }
        if since.plus(judge.settings().patience) < now {
            return Ok(Err(Failure::Late));
        }
        let body = judge.body(question);
        if !judge.may_ask(now) {
            return Ok(Err(Failure::Away));
        }
        let day = Day::of(now);
        if !self.pay(tenant, day, body.len()).await? {
            return Ok(Err(Failure::Budget));
        }
        let asked = judge.ask(body, question).await;
        judge.note(self.0.clock.now(), &asked);
        if let Ok((_, tokens)) = &asked
            && *tokens > 0
        {
            let mut scope = tenant.write().await?;
            scope.count_judge_tokens(day, *tokens).await?;
            scope.commit().await?;
        }
        Ok(asked.map(|(opinion, _)| opinion))
    }

    /// Counts a request before it is made, so that nothing is asked that is not counted. `false`: the day's budget is
    /// used up, and the tenant is told.
    async fn pay(&self, tenant: &Tenant, day: Day, bytes: usize) -> Result<bool> {
        let size = i64::try_from(bytes).unwrap_or(i64::MAX);
        let mut scope = tenant.write().await?;
        let plan = self.plan_of(&mut scope).await?;
        let (requests, most) = (plan.daily_judge_requests, plan.daily_judge_bytes);
        let bound = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
        if scope.take_judge_budget(day, size, bound(requests), bound(most)).await? {
            scope.commit().await?;
            return Ok(true);
        }
        let used = scope.judge_use(day).await?;
        drop(scope);
        let (limit, max, used) = if requests > 0 && used.requests.unsigned_abs() >= requests {
            (Limit::DailyJudgeRequests, requests, used.requests)
        } else {
            (Limit::DailyJudgeBytes, most, used.bytes)
        };
        let over = OverLimit { limit, max, used: used.unsigned_abs(), resets_at: Some(day.next().start()) };
        self.tell_refused(tenant, None, &over);
        Ok(false)
    }

    /// When to try again; `None`: what was asked stays without an answer.
    fn try_again(&self, failure: &Failure, tries: i64, since: Timestamp) -> Option<Timestamp> {
        let wished = failure.passes()?;
        if tries >= MOST_TRIES {
            return None;
        }
        let settings = self.0.judge.as_ref()?.settings();
        // Whoever gives an answer less time than that has no reason to wait longer between two.
        let pause = PAUSE.min(settings.deadline) * u32::try_from(tries.max(1)).unwrap_or(1);
        let at = self.0.clock.now().plus(pause.max(wished).min(MOST_PAUSE));
        let patience = settings.patience;
        (at < since.plus(patience)).then_some(at)
    }

    /// Lets the mail through or leaves it held, with what the judge said among its findings.
    async fn settle(
        &self,
        tenant: &Tenant,
        pending: Pending,
        answer: std::result::Result<Opinion, Failure>,
        question: Option<&Question>,
    ) -> Result<Step> {
        let Pending { message, mut meta, verdict, parsed } = pending;
        let anew = match (&answer, question, &self.0.judge) {
            (Ok(opinion), Some(question), Some(judge)) => {
                bounds::weigh(&verdict, opinion, question, &judge.settings().grey)
            }
            _ => None,
        };
        let final_verdict = anew.as_ref().unwrap_or(&verdict).clone();
        let found_out = matches!(answer, Ok(Opinion::Injection { .. }));
        let parsed = parsed.map(Arc::new);
        let (held, note) =
            self.gate_again(tenant, &message, &meta, &final_verdict, parsed.as_ref(), found_out).await?;
        meta.gate = note;
        let anew = match anew {
            None => None,
            Some(verdict) => {
                meta.verdict = Some(verdict);
                let mut keys = self.0.keyring.tenant(tenant).await?;
                if keys.version(message.key_version).is_none() {
                    // Made by a rotation since.
                    keys = self.0.keyring.renew(tenant).await?;
                }
                Some(self.reseal(tenant, &keys, &message, &meta).await?)
            }
        };
        let now = self.0.clock.now();
        let mut scope = tenant.write().await?;
        let judged = Judged { message: &message, held, anew };
        if !scope.settle_judged(&judged, now).await? {
            drop(scope);
            // Decided, deleted, or its key was exchanged: the next look says which.
            let waits = tenant.read().await?.is_undecided(&message.id).await?;
            return Ok(if waits { Step::Again(now.plus(PAUSE)) } else { Step::Settled });
        }
        let event = EventRow {
            id: EventId::generate(&self.0.clock, &self.0.random),
            kind: if held { EventKind::EmailQuarantined } else { EventKind::EmailReceived },
            inbox: Some(message.inbox.clone()),
            message: Some(message.id.clone()),
            created_at: now,
        };
        scope.record(&event).await?;
        let id = EventId::generate(&self.0.clock, &self.0.random);
        scope.tell_of_thread(&message.id, id, now).await?;
        let word = answer.as_ref().map_or_else(|failure| failure.word(), Opinion::word);
        let act = Act::new(Action::MailJudged)
            .on(message.id.as_str())
            .ended(if answer.is_ok() { Outcome::Done } else { Outcome::Failed })
            .word("judge", word)
            .word("became", if held { "held" } else { "delivered" })
            .number("score_before", verdict.score.into())
            .number("score", final_verdict.score.into());
        scope.audit(&act, now).await?;
        scope.commit().await?;
        self.0.judge_counts.count(&answer);
        if let Err(failure) = &answer {
            let (tenant_id, message_id) = (tenant.id(), &message.id);
            tracing::warn!(%tenant_id, %message_id, why = failure.word(), "the judge was of no help; the score stands");
        }
        Ok(Step::Settled)
    }

    /// Whether the mail waits for a person, by the policy as it is now. What the owner's phrases found is in the verdict
    /// already. No trust clears what the judge found out: a trusted sender's account may be another's.
    async fn gate_again(
        &self,
        tenant: &Tenant,
        message: &Message,
        meta: &Meta,
        verdict: &Verdict,
        parsed: Option<&Arc<Parsed>>,
        found_out: bool,
    ) -> Result<(bool, GateNote)> {
        let mut scope = tenant.read().await?;
        let policy = self.effective_policy(tenant, &mut scope, &message.inbox).await?;
        drop(scope);
        if found_out {
            let unlisted = meta.gate.unlisted;
            let note = GateNote { policy: policy.versions, trust: None, unlisted };
            return Ok((unlisted || is_held(verdict.level, policy.hold), note));
        }
        let policy = policy.without_rules();
        let gated = self.gate(tenant, &message.inbox, &policy, verdict, parsed, &meta.auth).await?;
        let unlisted = meta.gate.unlisted;
        Ok((gated.held || unlisted, GateNote { unlisted, ..gated.note }))
    }

    /// Seals a summary for the place of the one before it: under the message's key, with a number of its own.
    async fn reseal(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
        message: &Message,
        meta: &Meta,
    ) -> Result<JudgedAnew> {
        let context = context(tenant, message);
        let key = keys.message_key(&context, message.key_version, &message.dek).await?;
        // Wrapped anew under the same version: a rotation that exchanges the keys of all parts has yet to come by here, and
        // must see that there is a new one.
        let version = keys.version(message.key_version).ok_or(Error::Damaged("a tenant key is missing"))?;
        let dek = version.wrap_message_key(&context, &key, &self.0.random);
        let part = tenant.read().await?.part(&message.id, PartKind::Meta.as_str()).await?;
        let no = part.map_or(1, |(no, _)| no + 1);
        let json = serde_json::to_vec(meta).map_err(|_| Error::Damaged("a summary cannot be written"))?;
        let verdict = meta.verdict.as_ref().ok_or(Error::Damaged("a mail has no verdict"))?;
        Ok(JudgedAnew {
            level: verdict.level.as_str(),
            score: verdict.score,
            model: verdict.model.clone(),
            dek: dek.as_bytes().to_vec(),
            no,
            meta: key.seal(&context, PartKind::Meta, no, &json).into_bytes(),
        })
    }

    /// What the judge was asked since the start of this process; `None` where there is none.
    pub fn judge_counts(&self) -> Option<Vec<(&'static str, u64)>> {
        self.0.judge.as_ref().map(|_| self.0.judge_counts.all())
    }
}
