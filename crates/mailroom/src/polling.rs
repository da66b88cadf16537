//! The long poll: waits for a commit, not for a timer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, TenantId};
use mailward_store::Direction;
use sha2::{Digest, Sha256};

use crate::access::Principal;
use crate::limits::{Limit, OverLimit, Plan};
use crate::reading::{ListRequest, Mail, about};
use crate::{Error, Mailroom, Result};

/// A waiter that asks the same again gets the same mails again after this: its answer may have been lost.
const AGAIN: Duration = Duration::from_secs(2);
/// A poll answers with at most so many mails.
const MOST: u32 = 100;

/// What is waited for.
#[derive(Clone, Debug, Default)]
pub struct Poll {
    /// Mails available later than this.
    pub since: Option<Timestamp>,
    /// Mails after this place.
    pub after: Option<i64>,
    /// Only from this author.
    pub from: Option<String>,
    /// Only with this in the subject.
    pub subject: Option<String>,
    /// How long.
    pub timeout: Duration,
}

/// Who waits where, and what each was handed last.
#[derive(Default)]
pub(crate) struct Pollers {
    waiting: Arc<Mutex<Counts>>,
    handed: Mutex<HashMap<[u8; 32], (Timestamp, i64)>>,
}

#[derive(Default)]
struct Counts {
    inboxes: HashMap<InboxId, usize>,
    tenants: HashMap<TenantId, usize>,
}

/// A place in the line; given back when it is dropped.
pub(crate) struct Place {
    counts: Arc<Mutex<Counts>>,
    tenant: TenantId,
    inbox: InboxId,
}

impl Mailroom {
    /// Waits until there are mails that are wanted, at most `poll.timeout`. Empty: none came. `None`: the caller has
    /// no such inbox.
    pub async fn poll(&self, caller: &Principal, inbox: &InboxId, poll: &Poll) -> Result<Option<Vec<Mail>>> {
        // Armed before the first look, so that a commit between looking and waiting is not missed.
        let waiter = caller.tenant().waiter(inbox);
        let Some(mut after) = self.start_of(caller, inbox, poll).await? else { return Ok(None) };
        let _place = self.take_place(caller, inbox).await?;
        let deadline = tokio::time::Instant::now() + poll.timeout;
        let began = self.0.clock.now();
        let identity = identity(caller, inbox, poll);
        loop {
            let changed = waiter.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let request = ListRequest {
                limit: MOST,
                after: Some(after),
                since: poll.since,
                from: poll.from.clone(),
                // Who waits for mail does not wait for its own.
                direction: Some(Direction::Inbound),
                onward: true,
                ..ListRequest::default()
            };
            let is_last_look = tokio::time::Instant::now() >= deadline;
            let Some(mut page) = self.list(caller, inbox, &request).await? else { return Ok(None) };
            // Of a quiet inbox nobody is told, however long they wait; it is there for who lists it.
            let quiet = match page.mails.is_empty() {
                true => None,
                false => caller.tenant().read().await?.quiet_after(inbox).await?,
            };
            if let Some(last) = quiet {
                page.mails.retain(|mail| mail.message.seq.is_some_and(|seq| seq <= last));
                page.next = None;
            }
            let (seen, more) = (page.mails.last().and_then(|mail| mail.message.seq), page.next.is_some());
            let mut mails = about(page.mails, poll.subject.as_deref());
            mails.reverse();
            let mut wait = self.0.config.look_again;
            if mails.is_empty() {
                // What was looked at and not wanted need not be looked at again by this poll.
                after = seen.unwrap_or(after);
                if more {
                    continue;
                }
            } else {
                let newest = mails.iter().filter_map(|mail| mail.message.seq).max().unwrap_or(0);
                match self.0.pollers.too_soon(&identity, newest, began, self.0.clock.now()) {
                    Some(soon) => wait = soon,
                    None => return Ok(Some(mails)),
                }
            }
            if is_last_look {
                return Ok(Some(Vec::new()));
            }
            let until = deadline.min(tokio::time::Instant::now() + wait);
            // Woken or not: what counts is what is there.
            let _ = tokio::time::timeout_at(until, changed).await;
        }
    }

    /// A place among those who wait for an inbox, for as long as it is kept.
    ///
    /// # Errors
    /// [`Error::Limit`] when as many wait as may.
    pub(crate) async fn take_place(&self, caller: &Principal, inbox: &InboxId) -> Result<Place> {
        let limits = self.limits(caller.tenant()).await?;
        self.0.pollers.enter(caller.tenant().id(), inbox, &limits).map_err(|over| {
            let of_inbox = over.limit == Limit::ConcurrentPollsPerInbox;
            self.tell_refused(caller.tenant(), of_inbox.then_some(inbox), &over);
            Error::Limit(over)
        })
    }

    /// The place after which a poll looks. With neither `since` nor `after` it waits for what comes after it.
    async fn start_of(&self, caller: &Principal, inbox: &InboxId, poll: &Poll) -> Result<Option<i64>> {
        let mut scope = caller.tenant().read().await?;
        if !caller.reaches(inbox) || scope.inbox(inbox).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(match (poll.after, poll.since) {
            (Some(after), _) => after,
            (None, Some(_)) => 0,
            (None, None) => scope.newest_seq(inbox).await?,
        }))
    }
}

impl Pollers {
    fn enter(
        &self,
        tenant: &TenantId,
        inbox: &InboxId,
        limits: &Plan,
    ) -> std::result::Result<Place, OverLimit> {
        let mut counts = lock(&self.waiting);
        let of_inbox = counts.inboxes.get(inbox).copied().unwrap_or_default();
        let of_tenant = counts.tenants.get(tenant).copied().unwrap_or_default();
        for (limit, used) in [(Limit::ConcurrentPollsPerInbox, of_inbox), (Limit::ConcurrentPolls, of_tenant)]
        {
            let (max, used) = (limit.of(limits), used as u64);
            if max > 0 && used >= max {
                return Err(OverLimit { limit, max, used, resets_at: None });
            }
        }
        *counts.inboxes.entry(inbox.clone()).or_default() += 1;
        *counts.tenants.entry(tenant.clone()).or_default() += 1;
        Ok(Place { counts: Arc::clone(&self.waiting), tenant: tenant.clone(), inbox: inbox.clone() })
    }

    /// How long a waiter that began then must still wait for mails up to a place that it was handed already; `None`: it
    /// may have them now.
    ///
    /// Clients are known that never move `since` on and ask 900 times in 1.5 s; but an answer can be lost, so the
    /// same mails come again, only not at once. Who waited already when they were handed out is another waiter of the same
    /// agent, and not one that asks again.
    fn too_soon(
        &self,
        identity: &[u8; 32],
        newest: i64,
        began: Timestamp,
        now: Timestamp,
    ) -> Option<Duration> {
        let mut handed = lock(&self.handed);
        if handed.len() >= 10_000 {
            handed.retain(|_, (at, _)| now.minus(AGAIN) < *at);
        }
        if let Some((at, last)) = handed.get(identity)
            && newest <= *last
            && began >= *at
            && now.minus(AGAIN) < *at
        {
            let left = at.plus(AGAIN).millis() - now.millis();
            return Some(Duration::from_millis(u64::try_from(left).unwrap_or(1).max(1)));
        }
        handed.insert(*identity, (now, newest));
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        leave(&mut counts.inboxes, &self.inbox);
        leave(&mut counts.tenants, &self.tenant);
    }
}

fn leave<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// The same waiter: the same key asking the same question.
fn identity(caller: &Principal, inbox: &InboxId, poll: &Poll) -> [u8; 32] {
    let question = format!(
        "{}\n{inbox}\n{:?}\n{:?}\n{:?}\n{:?}",
        caller.keyid(),
        poll.since,
        poll.after,
        poll.from,
        poll.subject
    );
    Sha256::digest(question).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_again_waits_and_who_waited_beside_does_not() {
        let (pollers, agent) = (Pollers::default(), [7; 32]);
        let at = |millis: i64| Timestamp(1_000_000 + millis);
        assert_eq!(pollers.too_soon(&agent, 5, at(0), at(100)), None, "new mail");
        assert_eq!(
            pollers.too_soon(&agent, 5, at(50), at(101)),
            None,
            "it waited already when that mail came"
        );
        assert_eq!(
            pollers.too_soon(&agent, 5, at(102), at(102)),
            Some(Duration::from_millis(1_999)),
            "again"
        );
        assert_eq!(pollers.too_soon(&agent, 6, at(103), at(103)), None, "there is more now");
        assert_eq!(pollers.too_soon(&agent, 6, at(104), at(2_104)), None, "the answer may have been lost");
        assert_eq!(pollers.too_soon(&[8; 32], 6, at(2_105), at(2_105)), None, "another agent");
    }
}
