//! Stored mail judged anew, by the present model and policies: what would change, or, on request, the new verdicts.
//!
//! A batch at a time, so that nothing has to be remembered: whoever asks goes on behind the last id, and a batch that is
//! asked for twice changes nothing the second time. Who may see a mail is never changed here: what a person decided
//! stands, what was delivered is not taken back, what is held waits for a person still.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mailward_mail::id::{MessageId, TenantId};
use mailward_score::{Level, Verdict};
use mailward_store::{Act, Action, Actor, ArchivedMessage, Direction, Operator, Rejudged, State, Tenant};
use mailward_vault::PartKind;

use crate::allowances::Gated;
use crate::keyring::TenantKeys;
use crate::reading::{context, meta, parsed};
use crate::screening::again::judged_again;
use crate::snapshot::Meta;
use crate::{Error, Mailroom, Result};

/// Mails of one batch.
pub const MOST: i64 = 500;
/// A batch ends after this, wherever it is: whoever asked waits for it.
const PATIENCE: Duration = Duration::from_secs(8);

/// Which mail is to be judged anew.
#[derive(Clone, Debug)]
pub struct RescoreRequest {
    /// Only tell what would change.
    pub dry_run: bool,
    /// Behind this one.
    pub after: Option<MessageId>,
    /// At most so many, and no more than [`MOST`].
    pub limit: i64,
}

/// What a batch came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rescored {
    /// Mails that were looked at.
    pub mails: u64,
    /// Of these: decided on by a person or by expiry, whose verdict stays.
    pub decided: u64,
    /// Of these: never read, or not to be judged now. Their verdict stays.
    pub unread: u64,
    /// Of these: judged by more than the mail itself - a judge, its thread, its sender's past - where the mail alone
    /// would say less, or anything else than the judge. Their verdict stays.
    pub kept: u64,
    /// Of these: another verdict than before.
    pub changed: u64,
    /// New verdicts that were stored.
    pub stored: u64,
    /// New verdicts that were not, for the mail was touched meanwhile. The next run finds it again.
    pub missed: u64,
    /// How many mails went from which level to which; those that stayed too.
    pub levels: BTreeMap<(&'static str, &'static str), u64>,
    /// By the domain of the sender.
    pub senders: BTreeMap<String, SenderDiff>,
    /// Delivered mail that would be held now. It stays delivered.
    pub would_hold: Vec<MessageId>,
    /// Held mail that would pass now. It stays held until a person decides.
    pub would_pass: Vec<MessageId>,
    /// Ask for those behind this one next; none: these were the last.
    pub next: Option<MessageId>,
}

/// What changed for one sender's domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderDiff {
    /// Mails that were judged.
    pub mails: u64,
    /// Of a higher level than before.
    pub raised: u64,
    /// Of a lower one.
    pub lowered: u64,
}

impl Mailroom {
    /// Judges a batch of a tenant's stored mail anew. The tenant's audit log has it. `None`: no such tenant.
    ///
    /// # Errors
    /// Whatever stands in the way of reading; what was stored until then stays.
    pub async fn rescore(
        &self,
        operator: &Operator,
        id: &TenantId,
        request: &RescoreRequest,
    ) -> Result<Option<Rescored>> {
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        if row.state.is_gone() {
            return Ok(None);
        }
        if !self.0.config.serves(tenant.region()) {
            return Err(Error::WrongRegion(tenant.region().to_owned()));
        }
        let act =
            || Act::new(Action::MailRescored).by(Actor::Operator(operator.keyid())).from(operator.origin());
        let mode = if request.dry_run { "dry run" } else { "store" };
        if request.after.is_none() {
            let mut scope = tenant.write().await?;
            scope.audit(&act().on(id.as_str()).word("mode", mode), self.0.clock.now()).await?;
            scope.commit().await?;
        }
        // One at a time on this node: others' mail is judged beside it.
        let _turn = self.0.rescoring.lock().await;
        let batch = self.noting(&tenant, self.rescore_batch(&tenant, request)).await?;
        if batch.stored > 0 {
            let stored = i64::try_from(batch.stored).unwrap_or(i64::MAX);
            let act = act().on(id.as_str()).word("mode", mode).number("stored", stored);
            let mut scope = tenant.write().await?;
            scope.audit(&act, self.0.clock.now()).await?;
            scope.commit().await?;
        }
        Ok(Some(batch))
    }

    async fn rescore_batch(&self, tenant: &Tenant, request: &RescoreRequest) -> Result<Rescored> {
        let began = Instant::now();
        let keys = self.0.keyring.tenant(tenant).await?;
        let limit = request.limit.clamp(1, MOST);
        let mut scope = tenant.read().await?;
        let now = self.0.clock.now();
        let found = scope.archived_messages(request.after.as_ref(), now, limit).await?;
        drop(scope);
        let is_last = (found.len() as i64) < limit;
        let mut done = Rescored::default();
        for archived in found {
            done.next = Some(archived.message.id.clone());
            self.rescore_one(tenant, &keys, &archived, request.dry_run, &mut done).await?;
            if began.elapsed() > PATIENCE {
                return Ok(done);
            }
        }
        if is_last {
            done.next = None;
        }
        Ok(done)
    }

    async fn rescore_one(
        &self,
        tenant: &Tenant,
        keys: &Arc<TenantKeys>,
        archived: &ArchivedMessage,
        dry_run: bool,
        done: &mut Rescored,
    ) -> Result<()> {
        let message = &archived.message;
        if message.direction != Direction::Inbound {
            return Ok(());
        }
        done.mails += 1;
        if archived.decided_at.is_some() {
            done.decided += 1;
            return Ok(());
        }
        let mut scope = tenant.read().await?;
        // Deleted since the batch was read.
        if scope.message_dek(&message.id).await?.is_none() {
            done.mails -= 1;
            return Ok(());
        }
        let old = meta(tenant, &mut scope, keys, message).await?;
        let part = scope.part(&message.id, PartKind::Meta.as_str()).await?;
        let snapshot = parsed(tenant, &mut scope, keys, message).await?;
        let policy = self.effective_policy(tenant, &mut scope, &message.inbox).await?;
        drop(scope);
        let screened = match snapshot {
            Some(snapshot) => judged_again(snapshot, self.scoring()).await,
            None => None,
        };
        let (Some(screened), Some((no, sealed))) = (screened, part) else {
            done.unread += 1;
            return Ok(());
        };
        let (verdict, parsed) = (screened.verdict, screened.parsed.map(Arc::new));
        if old.verdict.as_ref().is_some_and(|was| rests_on_more(was, &verdict)) {
            done.kept += 1;
            return Ok(());
        }
        let gated = self.gate(tenant, &message.inbox, &policy, &verdict, parsed.as_ref(), &old.auth).await?;
        done.note(message.state, &message.id, &old, &gated);
        if old.verdict.as_ref() == Some(&gated.verdict) && old.gate == gated.note {
            return Ok(());
        }
        done.changed += u64::from(old.verdict.as_ref() != Some(&gated.verdict));
        if dry_run {
            return Ok(());
        }
        let stored = self.store_verdict(tenant, keys, archived, (no, sealed.len()), old, gated).await?;
        done.stored += u64::from(stored);
        done.missed += u64::from(!stored);
        Ok(())
    }

    async fn store_verdict(
        &self,
        tenant: &Tenant,
        keys: &Arc<TenantKeys>,
        archived: &ArchivedMessage,
        old_meta: (u32, usize),
        old: Meta,
        gated: Gated,
    ) -> Result<bool> {
        let message = &archived.message;
        let (level, score, model) =
            (gated.verdict.level.as_str(), gated.verdict.score, gated.verdict.model.clone());
        let new = Meta { verdict: Some(gated.verdict), gate: gated.note, ..old };
        let json = serde_json::to_vec(&new).map_err(|_| Error::Damaged("a summary cannot be written"))?;
        let context = context(tenant, message);
        let key = keys.message_key(&context, message.key_version, &message.dek).await?;
        let meta = key.seal(&context, PartKind::Meta, old_meta.0 + 1, &json).into_bytes();
        let mut scope = tenant.write().await?;
        let rejudged = Rejudged { was: archived, level, score, model: &model, old_meta, meta };
        if !scope.rejudge(&rejudged).await? {
            return Ok(false);
        }
        scope.commit().await?;
        Ok(true)
    }
}

impl Rescored {
    fn note(&mut self, state: State, id: &MessageId, old: &Meta, gated: &Gated) {
        let was = old.verdict.as_ref().map_or(Level::Unknown, |verdict| verdict.level);
        let is = gated.verdict.level;
        *self.levels.entry((was.as_str(), is.as_str())).or_default() += 1;
        let sender = self.senders.entry(domain(&old.from.address)).or_default();
        sender.mails += 1;
        sender.raised += u64::from(rank(is) > rank(was));
        sender.lowered += u64::from(rank(is) < rank(was));
        match state {
            State::Delivered if gated.held => self.would_hold.push(id.clone()),
            State::Held if !gated.held => self.would_pass.push(id.clone()),
            _ => {}
        }
    }
}

/// Whether a verdict says what the mail alone cannot: what a judge said stands, and what the thread or the sender's past
/// added is not taken away by looking at less.
fn rests_on_more(was: &Verdict, alone: &Verdict) -> bool {
    let from_elsewhere =
        was.findings.iter().any(|one| one.view == "thread" || one.rule.starts_with("sender."));
    was.model.ends_with("+judge") || (from_elsewhere && alone.score < was.score)
}

/// How much is held against a mail of this level. What is unknown is held like what is high, and above it.
fn rank(level: Level) -> u8 {
    match level {
        Level::Low => 0,
        Level::Medium => 1,
        Level::High => 2,
        Level::Unknown => 3,
    }
}

/// The domain that a mail says it is from, where it is one: anybody may have written it.
fn domain(address: &str) -> String {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase();
    let is_domain = !domain.is_empty()
        && domain.len() <= 253
        && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if is_domain { domain } else { "(none)".to_owned() }
}

#[cfg(test)]
mod tests {
    use mailward_score::{Coverage, Finding};

    use super::*;

    #[test]
    fn what_a_judge_or_a_thread_said_is_not_lost_by_looking_at_the_mail_alone() {
        let verdict = |score: u8, model: &str, rule: &str, view: &str| {
            let finding = Finding::new(rule, score, view, 0..0, "x");
            let (findings, coverage, model) = (vec![finding], Coverage::Full, model.to_owned());
            Verdict { score, level: Level::of(score), findings, coverage, model }
        };
        let low = verdict(10, "rules-2", "tool.pay", "text");
        let high = verdict(90, "rules-2", "tool.pay", "text");
        assert!(rests_on_more(&verdict(60, "rules-2", "tool.pay", "thread"), &low));
        assert!(rests_on_more(&verdict(60, "rules-2", "sender.changed", "sender"), &low));
        assert!(!rests_on_more(&verdict(60, "rules-2", "tool.pay", "thread"), &high), "more is more");
        assert!(rests_on_more(&verdict(60, "rules-2+judge", "tool.pay", "text"), &low));
        assert!(rests_on_more(&verdict(60, "rules-2+judge", "tool.pay", "text"), &high));
        assert!(!rests_on_more(&high, &low), "a new model may say less");
    }

    #[test]
    fn a_sender_is_known_by_a_domain_or_by_none() {
        assert_eq!(domain("Mia@Example.COM"), "example.com");
        for odd in ["", "mia", "mia@", "mia@a b", "mia@\u{1b}[2J.test", "mia@b\u{fc}cher.example"] {
            assert_eq!(domain(odd), "(none)", "{odd:?}");
        }
    }
}
