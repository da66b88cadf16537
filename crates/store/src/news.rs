//! What nodes on one PostgreSQL tell each other of their commits, so that nobody waits for a timer.
//!
//! A notification carries ids and nothing else, and is a hint: what counts is what the listener then reads under its
//! own tenant. What is lost costs a look every few seconds, never a message. SQLite has one process and tells nobody.
//!
//! That a key or tenant changed is told within the transaction that changes it. That mail or work came is told right
//! after, in a transaction of its own: PostgreSQL lets notifying commits through one at a time, each until its disk
//! has it, and so mail of all nodes would wait in one line; and a queue of notifications that is full would refuse it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailward_mail::id::{InboxId, TenantId};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::db::{Db, Tx};
use crate::{Result, Store};

const CHANNEL: &str = "mailward";
const NOTIFY: &str = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload";
/// Inboxes that wait to be told of; who waits for one beyond it finds its mail by looking.
const MOST_UNTOLD: usize = 10_000;
/// PostgreSQL takes 8,000 bytes.
const MOST_BYTES: usize = 7_000;
/// The wait after the connection was lost and could not be made again.
const PAUSE: Duration = Duration::from_millis(500);
/// After so much silence the connection is asked whether it lives.
const SILENCE: Duration = Duration::from_secs(15);
const ANSWER: Duration = Duration::from_secs(5);

/// What happened elsewhere, for whoever remembers what it once read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A key was revoked or changed.
    Key(String),
    /// A tenant's state changed.
    Tenant(TenantId),
    /// The connection was lost for a while: anything may have happened.
    Missed,
}

/// What one transaction changed that somebody may wait for, or remember.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) inboxes: Vec<InboxId>,
    pub(crate) keys: Vec<String>,
    pub(crate) tenants: Vec<TenantId>,
    pub(crate) jobs: bool,
    pub(crate) sweep: bool,
}

impl Store {
    /// Wakes who waits here for what is committed on other nodes, tells `heard` what it may have remembered, and tells
    /// the other nodes of what is committed here. Connects again when the connection is lost. Ends with the store; on
    /// SQLite at once.
    pub async fn listen(&self, heard: impl Fn(News)) {
        let (Db::Postgres(pool), Some(node)) = (&self.inner.db, &self.inner.node) else { return };
        tokio::select! {
            () = self.hear_on(pool, heard) => {}
            () = self.tell(pool, node) => {}
        }
    }

    async fn hear_on(&self, pool: &PgPool, heard: impl Fn(News)) {
        loop {
            // Only a closed pool ends it, and then nobody waits any more.
            if let Err(error) = self.hear(pool, &heard).await {
                tracing::warn!(%error, "lost the connection that hears of other nodes; looking every few seconds meanwhile");
            }
            if pool.is_closed() {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    async fn hear(&self, pool: &PgPool, heard: &impl Fn(News)) -> Result<()> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        self.missed(heard);
        loop {
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(notification))) => self.told(notification.payload(), heard),
                // It was lost, and is there again.
                Ok(Ok(None)) => self.missed(heard),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    let asked = timeout(ANSWER, sqlx::query("SELECT 1").execute(&mut listener)).await;
                    asked.map_err(|_| sqlx::Error::PoolTimedOut)??;
                }
            }
        }
    }

    fn told(&self, payload: &str, heard: &impl Fn(News)) {
        let Some((node, changes)) = Changes::parse(payload) else {
            tracing::warn!(bytes = payload.len(), "a notification that no node of ours sends");
            return;
        };
        // What this node committed, it has told those who wait here already.
        if self.inner.node.as_deref() == Some(node) {
            return;
        }
        self.inner.wakes.wake(&changes);
        changes.keys.into_iter().map(News::Key).for_each(heard);
        changes.tenants.into_iter().map(News::Tenant).for_each(heard);
    }

    fn missed(&self, heard: &impl Fn(News)) {
        self.inner.wakes.wake_all();
        heard(News::Missed);
    }

    /// Tells the other nodes what they may remember and must not, if and when the transaction commits.
    pub(crate) async fn announce(&self, tx: &mut Tx, changes: &Changes) -> Result<()> {
        let (Tx::Postgres(tx), Some(node)) = (tx, &self.inner.node) else { return Ok(()) };
        let Changes { keys, tenants, .. } = changes.clone();
        let payloads = Changes { keys, tenants, ..Changes::default() }.payloads(node);
        if !payloads.is_empty() {
            sqlx::query(NOTIFY).bind(CHANNEL).bind(payloads).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Tells the other nodes of what somebody may wait for, after the commit and behind the committer's back.
    pub(crate) fn tell_later(&self, changes: Changes) {
        if self.inner.node.is_none() {
            return;
        }
        // Work is told of only by a node that runs none: else this node's own worker takes it, and the others would
        // all reach for the same rows.
        let has_worker = self.inner.wakes.has_worker();
        let mut untold = self.inner.untold.lock();
        untold.jobs |= changes.jobs && !has_worker;
        untold.sweep |= changes.sweep && !has_worker;
        if untold.inboxes.len() < MOST_UNTOLD {
            untold.inboxes.extend(changes.inboxes);
        }
        drop(untold);
        self.inner.untold.more.notify_one();
    }

    async fn tell(&self, pool: &PgPool, node: &str) {
        loop {
            self.inner.untold.more.notified().await;
            let mut changes = std::mem::take(&mut *self.inner.untold.lock());
            changes.inboxes.sort_unstable();
            changes.inboxes.dedup();
            let payloads = changes.payloads(node);
            if payloads.is_empty() {
                continue;
            }
            if let Err(error) = say(pool, payloads).await {
                tracing::warn!(%error, "could not tell other nodes; they look every few seconds");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn say(pool: &PgPool, payloads: Vec<String>) -> Result<()> {
    let mut tx = pool.begin().await?;
    // Notifying commits take turns in the whole cluster, and a turn must not last as long as a disk takes. There is
    // nothing here that a crash could lose.
    sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut *tx).await?;
    sqlx::query(NOTIFY).bind(CHANNEL).bind(payloads).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

/// What was committed here and not yet told.
#[derive(Default)]
pub(crate) struct Untold {
    changes: Mutex<Changes>,
    more: Notify,
}

impl Untold {
    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Changes {
    /// In words: the node, then `jobs`, `sweep` and ids with their kind.
    fn payloads(&self, node: &str) -> Vec<String> {
        let words = self
            .jobs
            .then(|| "jobs".to_owned())
            .into_iter()
            .chain(self.sweep.then(|| "sweep".to_owned()))
            .chain(self.inboxes.iter().map(|id| format!("inbox:{id}")))
            .chain(self.keys.iter().map(|id| format!("key:{id}")))
            .chain(self.tenants.iter().map(|id| format!("tenant:{id}")));
        let mut payloads: Vec<String> = Vec::new();
        for word in words {
            match payloads.last_mut() {
                Some(last) if last.len() + word.len() < MOST_BYTES => {
                    last.push(' ');
                    last.push_str(&word);
                }
                _ => payloads.push(format!("{node} {word}")),
            }
        }
        payloads
    }

    /// Reads one back; anything that is not exactly of this form is nothing.
    fn parse(payload: &str) -> Option<(&str, Self)> {
        let mut words = payload.split(' ');
        let node = words.next().filter(|node| !node.is_empty())?;
        let mut changes = Self::default();
        for word in words {
            match (word, word.split_once(':')) {
                ("jobs", _) => changes.jobs = true,
                ("sweep", _) => changes.sweep = true,
                (_, Some(("inbox", id))) => changes.inboxes.push(InboxId::parse(id).ok()?),
                (_, Some(("key", id))) => changes.keys.push(keyid(id)?),
                (_, Some(("tenant", id))) => changes.tenants.push(TenantId::parse(id).ok()?),
                _ => return None,
            }
        }
        Some((node, changes))
    }
}

fn keyid(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use mailward_mail::clock::{Clock, Timestamp};
    use mailward_mail::random::Random;

    use super::*;

    fn some(count: usize) -> Changes {
        let (clock, random) = (Clock::manual(Timestamp(0)), Random::seeded(1));
        Changes {
            inboxes: (0..count).map(|_| InboxId::generate(&clock, &random)).collect(),
            keys: vec!["k3y".to_owned()],
            tenants: vec![TenantId::parse("ada").expect("a slug")],
            jobs: true,
            sweep: true,
        }
    }

    #[test]
    fn what_is_told_is_what_is_heard() {
        let told = some(2);
        let payloads = told.payloads("n");
        assert_eq!(payloads.len(), 1);
        assert_eq!(Changes::parse(&payloads[0]), Some(("n", told)));
        assert_eq!(Changes::default().payloads("n"), Vec::<String>::new());
    }

    #[test]
    fn a_large_group_is_told_in_pieces_that_the_database_takes() {
        let told = some(1_000);
        let payloads = told.payloads("n");
        assert!(payloads.len() > 1 && payloads.iter().all(|one| one.len() < 8_000));
        let heard: Vec<InboxId> =
            payloads.iter().flat_map(|one| Changes::parse(one).expect("ours").1.inboxes).collect();
        assert_eq!(heard, told.inboxes);
    }

    #[test]
    fn what_no_node_sends_is_nothing() {
        for payload in [
            "",
            " jobs",
            "n what",
            "n inbox:../x",
            "n inbox:",
            "n key:a b",
            "n key:a_b",
            "n tenant:A",
            "n jobs ",
        ] {
            assert_eq!(Changes::parse(payload), None, "{payload:?}");
        }
    }
}
