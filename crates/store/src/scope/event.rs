//! What happened, once, under an id that stays the same on every way it is delivered.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId, MessageId};

use crate::db::on;
use crate::{Error, Result, Scope};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What can happen, by the names of the HTTP contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventKind { $($(#[$doc])* $name,)+ }

        impl EventKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Finds an event by its name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

events! {
    /// A mail became available to the agent.
    EmailReceived = "email.received",
    /// A mail was held.
    EmailQuarantined = "email.quarantined",
    /// A person released a held mail.
    EmailReleased = "email.released",
    /// A person rejected a held mail.
    EmailRejected = "email.rejected",
    /// A mail that became available opened a thread.
    EmailThreadNew = "email.thread.new",
    /// A mail that became available answers in a thread.
    EmailThreadReply = "email.thread.reply",
    /// A relay took a mail for one of its recipients.
    EmailSent = "email.sent",
    /// A recipient has a mail.
    EmailDelivered = "email.delivered",
    /// A mail could not be delivered so far, and is tried again.
    EmailDeferred = "email.deferred",
    /// A mail will not reach one of its recipients.
    EmailFailed = "email.failed",
    /// Its sender took a mail back.
    EmailCancelled = "email.cancelled",
    /// A mail was handed out too often without being acknowledged.
    EmailDeadLetter = "email.dead_letter",
    /// An inbox was made.
    InboxCreated = "inbox.created",
    /// An inbox' time was over.
    InboxExpired = "inbox.expired",
    /// An inbox exchanged mail faster than people do, and is quiet until it is woken.
    InboxPaused = "inbox.paused",
    /// A webhook endpoint was switched off.
    WebhookDisabled = "webhook.disabled",
    /// A tenant proved that a domain is its own.
    DomainVerified = "domain.verified",
    /// The proof of a domain is missing; it is lost unless it comes back.
    DomainFailed = "domain.failed",
    /// A domain is held no more: its addresses take no mail.
    DomainLost = "domain.lost",
    /// A key was revoked.
    KeyRevoked = "key.revoked",
    /// Four fifths of a limit are used.
    LimitApproaching = "limit.approaching",
    /// A month of use is over, and will not change any more.
    UsageClosed = "usage.closed",
    /// An operator of the service may read mail for a while.
    TenantBreakGlass = "tenant.break_glass",
    /// A limit stood in the way.
    LimitExceeded = "limit.exceeded",
    /// A mail came back.
    EmailBounced = "email.bounced",
    /// A mail of the agent's waits for a person.
    EmailHeld = "email.held",
    /// A mail was judged by all that judge it.
    EmailScanComplete = "email.scan.complete",
}

impl EventKind {
    /// Whether it tells that mail was held, or how much, or who looks at mail: for who may know, and that is no agent.
    pub fn is_of_review(self) -> bool {
        matches!(
            self,
            Self::EmailQuarantined
                | Self::EmailReleased
                | Self::EmailRejected
                | Self::UsageClosed
                | Self::TenantBreakGlass
        )
    }
}

/// An event as it is stored.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// Where.
    pub inbox: Option<InboxId>,
    /// To which message.
    pub message: Option<MessageId>,
    /// When.
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    kind: String,
    inbox_id: Option<String>,
    message_id: Option<String>,
    created_at: i64,
}

impl TryFrom<Row> for EventRow {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |what: String| Error::corrupt("event", &row.id, what);
        Ok(Self {
            id: EventId::parse(&row.id).map_err(|e| bad(e.to_string()))?,
            kind: EventKind::parse(&row.kind).ok_or_else(|| bad(format!("kind {}", row.kind)))?,
            inbox: row.inbox_id.map(InboxId::try_from).transpose().map_err(|e| bad(e.to_string()))?,
            message: row.message_id.map(MessageId::try_from).transpose().map_err(|e| bad(e.to_string()))?,
            created_at: Timestamp(row.created_at),
        })
    }
}

impl Scope {
    /// Looks up one event.
    pub async fn event(&mut self, id: &EventId) -> Result<Option<EventRow>> {
        const SQL: &str =
            "SELECT id, kind, inbox_id, message_id, created_at FROM event WHERE tenant_id = $1 AND id = $2";
        let row: Option<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(EventRow::try_from).transpose()
    }

    /// What is told of an event that is about no message, as JSON.
    pub async fn event_detail(&mut self, id: &EventId) -> Result<Option<String>> {
        const SQL: &str = "SELECT detail FROM event WHERE tenant_id = $1 AND id = $2";
        let row: Option<(Option<String>,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.and_then(|(detail,)| detail))
    }

    /// Writes an event and a job for each webhook that asked for it, in the transaction of what caused it, and wakes
    /// who follows its inbox. The event's own row is written last in the transaction: see [`super::log`].
    pub async fn record(&mut self, event: &EventRow) -> Result<()> {
        self.record_with(event, None).await
    }

    /// Likewise, with JSON to be told of it: names, counts and times, never what somebody wrote.
    pub async fn record_with(&mut self, event: &EventRow, detail: Option<&str>) -> Result<()> {
        self.write_at_commit(event, detail);
        // The job's id is made of what it joins, so writing it twice is writing it once.
        // While one job tries the endpoint the others wait. They look by themselves soon, should the endpoint have been
        // opened in the same moment.
        const JOBS: &str = "INSERT INTO job (tenant_id, id, kind, event_id, webhook_id, state, due_at, parked_due, fence, attempts, created_at)
            SELECT tenant_id, $2 || ':' || id, 'webhook', $2, id, 'open', CASE WHEN probe_job IS NULL THEN $4 ELSE $4 + 5000 END,
            CASE WHEN probe_job IS NULL THEN NULL ELSE $4 END, 0, 0, $4 FROM webhook
            WHERE tenant_id = $1 AND is_active = 1 AND (inbox_id IS NULL OR inbox_id = $3)
            AND ',' || events || ',' LIKE '%,' || $5 || ',%' ON CONFLICT DO NOTHING";
        let jobs = on!(&mut self.tx, |conn| sqlx::query(JOBS)
            .bind(self.tenant.as_str())
            .bind(event.id.as_str())
            .bind(event.inbox.as_ref().map(InboxId::as_str))
            .bind(event.created_at.millis())
            .bind(event.kind.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        if jobs > 0 {
            self.wakes_jobs();
        }
        if let Some(inbox) = &event.inbox {
            self.wakes_inbox(inbox);
        }
        Ok(())
    }
}
