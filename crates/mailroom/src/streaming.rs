//! Follows an inbox: its events in the order of the log, each once, as they are committed here or on another node.
//!
//! Nothing is queued for who follows: events are read from the log when they are asked for, so a slow reader holds one
//! event in memory and delays nobody, and who comes back with the id of the last event it saw misses none.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{BoxStream, StreamExt, unfold};
use mailward_mail::id::{InboxId, TenantId};
use mailward_store::{EventKind, EventRow, LogFilter, Logged, Waiter};
use serde_json::Value;

use crate::access::Principal;
use crate::limits::{Limit, OverLimit};
use crate::reading::{Mail, meta, parsed};
use crate::{Error, Mailroom, Result};

/// Events that are looked up at once: ids and times, no mail.
const AT_ONCE: i64 = 32;

/// What happened in an inbox.
#[derive(Clone, Debug)]
pub struct Happening {
    /// The event.
    pub event: EventRow,
    /// The mail that it is about, opened, where the agent may read it now.
    pub mail: Option<Mail>,
    /// What else is told of it.
    pub detail: Option<Value>,
}

/// What who follows an inbox is given.
#[derive(Clone, Debug)]
pub enum Followed {
    /// Something happened.
    Happened(Box<Happening>),
    /// The inbox was deleted; there is nothing more.
    Gone,
}

/// An inbox' events, one after the other. Ends after an error and after [`Followed::Gone`].
pub type Following = BoxStream<'static, (InboxId, Result<Followed>)>;

/// How many streams each tenant has open.
#[derive(Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<TenantId, usize>>>);

/// One open stream's place; given back when it is dropped.
pub struct StreamPlace {
    open: Arc<Mutex<HashMap<TenantId, usize>>>,
    tenant: TenantId,
}

impl Mailroom {
    /// A place for one more stream of the caller's tenant.
    ///
    /// # Errors
    /// [`Error::Limit`] when it has as many as it may.
    pub async fn open_stream(&self, caller: &Principal) -> Result<StreamPlace> {
        let max = Limit::ConcurrentStreams.of(&*self.limits(caller.tenant()).await?);
        let entered = self.0.streams.enter(caller.tenant().id(), max);
        entered.map_err(|over| {
            self.tell_refused(caller.tenant(), None, &over);
            Error::Limit(over)
        })
    }

    /// Follows an inbox that the caller reaches from behind a place in the log, as [`Mailroom::place_in_log`] gives it.
    ///
    /// Whether the caller's key is still valid is the front end's to ask before each event it passes on.
    pub fn follow(&self, caller: &Principal, inbox: &InboxId, after: i64) -> Following {
        let follower = Follower {
            room: self.clone(),
            caller: caller.clone(),
            waiter: caller.tenant().waiter(inbox),
            inbox: inbox.clone(),
            after,
            found: VecDeque::new(),
        };
        unfold(Some(follower), |follower| async move {
            let mut follower = follower?;
            let next = follower.next().await;
            let inbox = follower.inbox.clone();
            let is_last = !matches!(next, Ok(Followed::Happened(_)));
            Some(((inbox, next), (!is_last).then_some(follower)))
        })
        .boxed()
    }
}

struct Follower {
    room: Mailroom,
    caller: Principal,
    inbox: InboxId,
    waiter: Waiter,
    after: i64,
    found: VecDeque<Logged>,
}

impl Follower {
    async fn next(&mut self) -> Result<Followed> {
        loop {
            if let Some(Logged { event, pos }) = self.found.pop_front() {
                let happened = self.open(event).await?;
                self.after = pos;
                return Ok(Followed::Happened(Box::new(happened)));
            }
            // Armed before the look, so that a commit between looking and waiting is not missed.
            let changed = self.waiter.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let mut scope = self.caller.tenant().read().await?;
            // Asked first: the last events of an inbox are told before its end.
            let gone = scope.inbox(&self.inbox).await?.is_none();
            let filter = LogFilter {
                inbox: Some(&self.inbox),
                after: self.after,
                review: self.caller.hears_of_review(),
                limit: AT_ONCE,
            };
            let found = scope.events(&filter).await?;
            drop(scope);
            if !found.is_empty() {
                self.found = found.into();
                continue;
            }
            if gone {
                return Ok(Followed::Gone);
            }
            // Woken or not: what counts is what is there.
            let _ = tokio::time::timeout(self.room.0.config.look_again, changed).await;
        }
    }

    async fn open(&self, event: EventRow) -> Result<Happening> {
        let opened = self.room.noting(self.caller.tenant(), self.mail(&event)).await;
        let mail = match opened {
            // It stays unread here, and is in the audit log; what comes behind it is not kept back.
            Err(Error::Unreadable { .. }) => None,
            opened => opened?,
        };
        let detail = self.caller.tenant().read().await?.event_detail(&event.id).await?;
        let detail = detail.map(|json| serde_json::from_str(&json)).transpose();
        let detail = detail.map_err(|_| Error::Damaged("the detail of an event is no JSON"))?;
        Ok(Happening { event, mail, detail })
    }

    /// The mail of an event, where it is delivered now. Its reading is not noted: nobody asked for it.
    async fn mail(&self, event: &EventRow) -> Result<Option<Mail>> {
        let Some(id) = &event.message else { return Ok(None) };
        if event.kind == EventKind::EmailQuarantined {
            return Ok(None);
        }
        let tenant = self.caller.tenant();
        let keys = self.room.0.keyring.tenant(tenant).await?;
        let mut scope = tenant.read().await?;
        let Some(message) = scope.message(&self.inbox, id).await? else { return Ok(None) };
        let meta = meta(tenant, &mut scope, &keys, &message).await?;
        let parsed = parsed(tenant, &mut scope, &keys, &message).await?;
        Ok(Some(Mail { message, meta, parsed }))
    }
}

impl Streams {
    fn enter(&self, tenant: &TenantId, max: u64) -> std::result::Result<StreamPlace, OverLimit> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = open.get(tenant).copied().unwrap_or_default();
        if max > 0 && used as u64 >= max {
            return Err(OverLimit {
                limit: Limit::ConcurrentStreams,
                max,
                used: used as u64,
                resets_at: None,
            });
        }
        open.insert(tenant.clone(), used + 1);
        Ok(StreamPlace { open: Arc::clone(&self.0), tenant: tenant.clone() })
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_so_many_streams_and_gets_them_back() {
        let streams = Streams::default();
        let tenant = |name: &str| TenantId::parse(name).expect("a slug");
        let places: Vec<_> = (0..2).map(|_| streams.enter(&tenant("ada"), 2).expect("room")).collect();
        let over = streams.enter(&tenant("ada"), 2).err().expect("no room");
        assert_eq!((over.limit, over.max, over.used), (Limit::ConcurrentStreams, 2, 2));
        assert!(streams.enter(&tenant("bob"), 2).is_ok() && streams.enter(&tenant("ada"), 0).is_ok());
        drop(places);
        assert!(streams.enter(&tenant("ada"), 2).is_ok());
        assert!(streams.0.lock().expect("no panic").is_empty(), "who has none is not remembered");
    }
}
