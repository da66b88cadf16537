//! The event log: all events of a tenant in one order that never changes, for who reads on from where it was.
//!
//! Places are given at the very end of the transaction that writes the events, under a lock of the tenant's that lasts
//! until it is committed: who sees a place sees all places before it. It is the last lock that a transaction takes, so
//! nobody who holds it waits for anything but the disk.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId, MessageId, TenantId};

use super::event::{EventKind, EventRow, Row};
use crate::db::on;
use crate::{Result, Scope, Store};

/// Events of one tenant that are removed in one transaction.
const AT_ONCE: i64 = 500;

/// An event that waits for the end of its transaction.
pub(crate) struct Unwritten {
    tenant: TenantId,
    event: EventRow,
    detail: Option<String>,
}

/// Which events of a tenant.
#[derive(Clone, Debug)]
pub struct LogFilter<'a> {
    /// Only of this inbox.
    pub inbox: Option<&'a InboxId>,
    /// Only behind this place.
    pub after: i64,
    /// Those that tell of held mail, too.
    pub review: bool,
    /// At most so many.
    pub limit: i64,
}

/// An event and its place in the log.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The event.
    pub event: EventRow,
    /// Its place; grows from each event of the tenant to the next.
    pub pos: i64,
}

#[derive(sqlx::FromRow)]
struct LoggedRow {
    #[sqlx(flatten)]
    event: Row,
    pos: i64,
}

/// How far back in the log setbacks are looked for, in events.
const FAR: i64 = 5_000;

impl Scope {
    /// The last events of some kinds among the last 5,000, newest first, and what is told of each.
    pub async fn last_events(
        &mut self,
        kinds: &[EventKind],
        limit: i64,
    ) -> Result<Vec<(EventRow, Option<String>)>> {
        const SQL: &str =
            "SELECT id, kind, inbox_id, message_id, created_at, detail FROM event WHERE tenant_id = $1
            AND pos > (SELECT COALESCE(MAX(pos), 0) FROM event_head WHERE tenant_id = $1) - $4
            AND $2 LIKE '%,' || kind || ',%' ORDER BY pos DESC LIMIT $3";
        let wanted: String = std::iter::once(",".to_owned())
            .chain(kinds.iter().map(|kind| format!("{},", kind.as_str())))
            .collect();
        #[derive(sqlx::FromRow)]
        struct Told {
            #[sqlx(flatten)]
            event: Row,
            detail: Option<String>,
        }
        let rows: Vec<Told> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(&wanted)
            .bind(limit)
            .bind(FAR)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(|row| Ok((EventRow::try_from(row.event)?, row.detail))).collect()
    }

    /// Events behind a place, oldest first.
    pub async fn events(&mut self, filter: &LogFilter<'_>) -> Result<Vec<Logged>> {
        // Two texts: with an inbox that may be none PostgreSQL would use no index for either.
        const ALL: &str = "SELECT id, kind, inbox_id, message_id, created_at, pos FROM event
            WHERE tenant_id = $1 AND $2 = '' AND pos > $3 AND ($4 = 1 OR kind NOT IN ('email.quarantined',
            'email.released', 'email.rejected', 'usage.closed', 'tenant.break_glass')) ORDER BY pos LIMIT $5";
        const OF_INBOX: &str = "SELECT id, kind, inbox_id, message_id, created_at, pos FROM event
            WHERE tenant_id = $1 AND inbox_id = $2 AND pos > $3 AND ($4 = 1 OR kind NOT IN ('email.quarantined',
            'email.released', 'email.rejected', 'usage.closed', 'tenant.break_glass')) ORDER BY pos LIMIT $5";
        let sql = if filter.inbox.is_some() { OF_INBOX } else { ALL };
        let rows: Vec<LoggedRow> = on!(&mut self.tx, |conn| sqlx::query_as(sql)
            .bind(self.tenant.as_str())
            .bind(filter.inbox.map_or("", InboxId::as_str))
            .bind(filter.after)
            .bind(i64::from(filter.review))
            .bind(filter.limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(|row| Ok(Logged { event: row.event.try_into()?, pos: row.pos })).collect()
    }

    /// The place of an event; `None` when there is none, or not any more.
    pub async fn event_pos(&mut self, id: &EventId) -> Result<Option<i64>> {
        const SQL: &str = "SELECT pos FROM event WHERE tenant_id = $1 AND id = $2 AND pos IS NOT NULL";
        let row: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(pos,)| pos))
    }

    /// The place of the tenant's newest event, 0 when there was none.
    pub async fn newest_pos(&mut self) -> Result<i64> {
        const SQL: &str = "SELECT pos FROM event_head WHERE tenant_id = $1";
        let row: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map_or(0, |(pos,)| pos))
    }

    /// The event of a kind that a message caused last.
    pub async fn event_of(&mut self, message: &MessageId, kind: EventKind) -> Result<Option<EventId>> {
        const SQL: &str = "SELECT id, kind, inbox_id, message_id, created_at FROM event
            WHERE tenant_id = $1 AND message_id = $2 AND kind = $3 ORDER BY id DESC LIMIT 1";
        let row: Option<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(message.as_str())
            .bind(kind.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(EventRow::try_from).transpose()?.map(|event| event.id))
    }

    /// Has an event told again, under its id, to each endpoint that asked for its kind and is not being told now; how
    /// many those are. With an inbox, only to the endpoints of that inbox.
    pub async fn redeliver(&mut self, event: &EventRow, of: Option<&InboxId>, now: Timestamp) -> Result<u64> {
        const SQL: &str =
            "INSERT INTO job (tenant_id, id, kind, event_id, webhook_id, state, due_at, fence, attempts, created_at)
            SELECT tenant_id, $2 || ':' || id, 'webhook', $2, id, 'open', $4, 0, 0, $4 FROM webhook
            WHERE tenant_id = $1 AND is_active = 1 AND (inbox_id IS NULL OR inbox_id = $3)
            AND ($6 = '' OR inbox_id = $6) AND ',' || events || ',' LIKE '%,' || $5 || ',%'
            ON CONFLICT (tenant_id, id) DO UPDATE SET state = 'open', due_at = $4, attempts = 0, fence = job.fence + 1,
                created_at = $4 WHERE job.state = 'dead'";
        let jobs = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(event.id.as_str())
            .bind(event.inbox.as_ref().map(InboxId::as_str))
            .bind(now.millis())
            .bind(event.kind.as_str())
            .bind(of.map_or("", InboxId::as_str))
            .execute(conn)
            .await?
            .rows_affected());
        if jobs > 0 {
            self.wakes_jobs();
        }
        Ok(jobs)
    }

    pub(super) fn write_at_commit(&mut self, event: &EventRow, detail: Option<&str>) {
        let (tenant, detail) = (self.tenant.clone(), detail.map(str::to_owned));
        self.unwritten.push(Unwritten { tenant, event: event.clone(), detail });
    }

    /// Writes what waits for the end of the transaction, tenant by tenant in one order.
    pub(crate) async fn write_events(&mut self) -> Result<()> {
        const PLACES: &str = "INSERT INTO event_head (tenant_id, pos) VALUES ($1, $2)
            ON CONFLICT (tenant_id) DO UPDATE SET pos = event_head.pos + $2 RETURNING pos";
        // An archive may be read twice; of what is new each id is new.
        const EVENT: &str =
            "INSERT INTO event (tenant_id, id, kind, inbox_id, message_id, created_at, detail, pos)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, id) DO NOTHING";
        let mut unwritten = std::mem::take(&mut self.unwritten);
        // A stable order: within a tenant as they happened.
        unwritten.sort_by(|one, other| one.tenant.cmp(&other.tenant));
        for events in unwritten.chunk_by(|one, other| one.tenant == other.tenant) {
            let tenant = &events[0].tenant;
            self.switch(tenant).await?;
            let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
            let (last,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(PLACES)
                .bind(tenant.as_str())
                .bind(count)
                .fetch_one(conn)
                .await?);
            for (pos, Unwritten { event, detail, .. }) in (last - count + 1..).zip(events) {
                on!(&mut self.tx, |conn| sqlx::query(EVENT)
                    .bind(tenant.as_str())
                    .bind(event.id.as_str())
                    .bind(event.kind.as_str())
                    .bind(event.inbox.as_ref().map(InboxId::as_str))
                    .bind(event.message.as_ref().map(MessageId::as_str))
                    .bind(event.created_at.millis())
                    .bind(detail)
                    .bind(pos)
                    .execute(conn)
                    .await
                    .map(drop))?;
            }
        }
        Ok(())
    }

    /// Removes some of the tenant's events from before a moment; how many.
    async fn forget_events(&mut self, before: Timestamp) -> Result<u64> {
        // Ids begin with their time, so the oldest are found without looking at the others.
        const SQL: &str = "DELETE FROM event WHERE tenant_id = $1 AND id IN (SELECT id FROM
            (SELECT id, created_at FROM event WHERE tenant_id = $1 ORDER BY id LIMIT $3) AS oldest
            WHERE created_at < $2)";
        Ok(on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(before.millis())
            .bind(AT_ONCE)
            .execute(conn)
            .await?
            .rows_affected()))
    }

    async fn oldest_event(&mut self) -> Result<Option<Timestamp>> {
        const SQL: &str = "SELECT created_at FROM event WHERE tenant_id = $1 ORDER BY id LIMIT 1";
        let row: Option<(i64,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(row.map(|(at,)| Timestamp(at)))
    }
}

impl Store {
    /// Removes every tenant's events from before a moment, a few at a time; how many.
    pub async fn forget_events(&self, before: Timestamp) -> Result<u64> {
        let (mut forgotten, mut after) = (0, None);
        loop {
            let rows = self.tenant_rows(after.as_ref(), 100).await?;
            let Some(last) = rows.last() else { return Ok(forgotten) };
            after = Some(last.id.clone());
            for row in rows.into_iter().filter(|row| !row.state.is_gone()) {
                let tenant = self.tenant(row.id, &row.region);
                while tenant.read().await?.oldest_event().await?.is_some_and(|at| at < before) {
                    let mut scope = tenant.write().await?;
                    let some = scope.forget_events(before).await?;
                    scope.commit().await?;
                    if some == 0 {
                        break;
                    }
                    forgotten += some;
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}
