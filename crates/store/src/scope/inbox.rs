//! Inboxes and the addresses that lead to them.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{DomainId, InboxId};

use crate::db::on;
use crate::scope::quiet::Quiet;
use crate::scope::stopped::{CountedFrom, Stopped};
use crate::{Error, Result, Scope};

/// An inbox as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    /// Its id.
    pub id: InboxId,
    /// Its address, without tag.
    pub address: String,
    /// The domain of that address.
    pub domain: String,
    /// Whether it takes mail.
    pub is_active: bool,
    /// Messages received so far.
    pub email_count: i64,
    /// When it stops to exist.
    pub expires_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// That nobody is told of its mail, because it exchanged too much of it.
    pub quiet: Option<Quiet>,
    /// That it sends nothing, because too much came back.
    pub stopped: Option<Stopped>,
    /// From where on that is counted, where somebody let it send again.
    pub counted_from: Option<CountedFrom>,
    /// What its owner wrote about it, sealed.
    pub profile: Vec<u8>,
}

/// An inbox to be made.
pub struct NewInbox {
    /// Its id.
    pub id: InboxId,
    /// Its address.
    pub claim: AddressClaim,
    /// The tenant's own domain that it is at; none: it is at one of the service's.
    pub domain: Option<DomainId>,
    /// A keyed digest of the caller's own name for it: a second one with the same is the first.
    pub client_digest: Option<[u8; 16]>,
    /// Sealed profile.
    pub profile: Vec<u8>,
    /// Now.
    pub created_at: Timestamp,
    /// When it stops to exist.
    pub expires_at: Option<Timestamp>,
}

/// An address somebody wants.
pub struct AddressClaim {
    /// As it will be shown.
    pub address: String,
    /// Its domain.
    pub domain: String,
    /// As it is routed.
    pub canonical: String,
    /// As it looks.
    pub skeleton: String,
    /// Refuse it when another address looks the same. Random addresses need not ask.
    pub refuse_look_alikes: bool,
    /// The keyed digest by which it is remembered for ever.
    pub tombstone: [u8; 32],
}

/// What can be changed of an inbox; `None` leaves it.
#[derive(Default)]
pub struct InboxChange {
    /// New sealed profile.
    pub profile: Option<Vec<u8>>,
    /// Pause or resume, and when.
    pub is_active: Option<(bool, Timestamp)>,
}

#[derive(sqlx::FromRow)]
struct InboxRow {
    id: String,
    address: String,
    domain: String,
    is_active: i64,
    email_count: i64,
    expires_at: Option<i64>,
    created_at: i64,
    profile: Vec<u8>,
    quiet_since: Option<i64>,
    quiet_reason: Option<String>,
    quiet_after: i64,
    stopped_since: Option<i64>,
    stopped_reason: Option<String>,
    counted_from: Option<String>,
}

impl TryFrom<InboxRow> for Inbox {
    type Error = Error;
    fn try_from(row: InboxRow) -> Result<Self> {
        Ok(Self {
            id: InboxId::parse(&row.id).map_err(|bad| Error::corrupt("inbox", &row.id, bad))?,
            address: row.address,
            domain: row.domain,
            is_active: row.is_active != 0,
            email_count: row.email_count,
            expires_at: row.expires_at.map(Timestamp),
            created_at: Timestamp(row.created_at),
            quiet: row.quiet_since.map(|since| Quiet {
                since: Timestamp(since),
                reason: row.quiet_reason.unwrap_or_default(),
                after: row.quiet_after,
            }),
            stopped: row.stopped_since.map(|since| Stopped {
                since: Timestamp(since),
                reason: row.stopped_reason.unwrap_or_default(),
            }),
            counted_from: row.counted_from.as_deref().and_then(CountedFrom::read),
            profile: row.profile,
        })
    }
}

impl Scope {
    /// Makes an inbox; `false` when its address is, or ever was, somebody's, or looks like one.
    pub async fn create_inbox(&mut self, new: &NewInbox) -> Result<bool> {
        if new.claim.refuse_look_alikes {
            const SQLITE: &str =
                "SELECT COUNT(*) FROM (SELECT 1 FROM address WHERE skeleton = $1 LIMIT 1) AS found";
            const POSTGRES: &str = "SELECT mw_looks_like($1)";
            let sql = self.tx.pick(SQLITE, POSTGRES);
            let (alike,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(sql)
                .bind(&new.claim.skeleton)
                .fetch_one(conn)
                .await?);
            if alike > 0 {
                return Ok(false);
            }
        }
        const TOMBSTONE: &str =
            "INSERT INTO tombstone (digest, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let fresh = on!(&mut self.tx, |conn| sqlx::query(TOMBSTONE)
            .bind(&new.claim.tombstone[..])
            .bind(new.created_at.millis())
            .execute(conn)
            .await?
            .rows_affected());
        if fresh == 0 {
            return Ok(false);
        }
        const INBOX: &str =
            "INSERT INTO inbox (tenant_id, id, address, domain, is_active, next_seq, email_count,
            last_at, created_at, expires_at, client_digest, profile, domain_id)
            VALUES ($1, $2, $3, $4, 1, 1, 0, 0, $5, $6, $7, $8, $9)";
        on!(&mut self.tx, |conn| sqlx::query(INBOX)
            .bind(self.tenant.as_str())
            .bind(new.id.as_str())
            .bind(&new.claim.address)
            .bind(&new.claim.domain)
            .bind(new.created_at.millis())
            .bind(new.expires_at.map(Timestamp::millis))
            .bind(new.client_digest.as_ref().map(|digest| &digest[..]))
            .bind(&new.profile)
            .bind(new.domain.as_ref().map(DomainId::as_str))
            .execute(conn)
            .await
            .map(drop))?;
        const ADDRESS: &str =
            "INSERT INTO address (canonical, skeleton, tenant_id, inbox_id) VALUES ($1, $2, $3, $4)";
        on!(&mut self.tx, |conn| sqlx::query(ADDRESS)
            .bind(&new.claim.canonical)
            .bind(&new.claim.skeleton)
            .bind(self.tenant.as_str())
            .bind(new.id.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(true)
    }

    /// Locks an inbox until the transaction ends; `false` when it is gone.
    pub(crate) async fn lock_inbox(&mut self, id: &InboxId) -> Result<bool> {
        const SQL: &str =
            "UPDATE inbox SET next_seq = next_seq WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL";
        let found = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(found > 0)
    }

    /// How many inboxes this tenant has, without those whose time is over: they take no more mail. Locks the tenant's row, so that two creations cannot both be the last one.
    pub async fn count_inboxes_for_update(&mut self) -> Result<i64> {
        const LOCK: &str = "UPDATE tenant SET state = state WHERE id = $1";
        on!(&mut self.tx, |conn| sqlx::query(LOCK).bind(self.tenant.as_str()).execute(conn).await.map(drop))?;
        const SQL: &str =
            "SELECT COUNT(*) FROM inbox WHERE tenant_id = $1 AND deleted_at IS NULL AND expired_at IS NULL";
        let (count,): (i64,) =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_one(conn).await?);
        Ok(count)
    }

    /// Looks up one inbox; a deleted one and another tenant's is simply not there.
    pub async fn inbox(&mut self, id: &InboxId) -> Result<Option<Inbox>> {
        const SQL: &str =
            "SELECT id, address, domain, is_active, email_count, expires_at, created_at, profile,
            quiet_since, quiet_reason, quiet_after, stopped_since, stopped_reason, counted_from
            FROM inbox WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL";
        let row: Option<InboxRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(Inbox::try_from).transpose()
    }

    /// The inbox that was made with this client digest.
    pub async fn inbox_by_client(&mut self, digest: &[u8; 16]) -> Result<Option<Inbox>> {
        const SQL: &str =
            "SELECT id, address, domain, is_active, email_count, expires_at, created_at, profile,
            quiet_since, quiet_reason, quiet_after, stopped_since, stopped_reason, counted_from
            FROM inbox WHERE tenant_id = $1 AND client_digest = $2 AND deleted_at IS NULL";
        let row: Option<InboxRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(&digest[..])
            .fetch_optional(conn)
            .await?);
        row.map(Inbox::try_from).transpose()
    }

    /// This tenant's inbox at a canonical address.
    pub async fn inbox_by_address(&mut self, canonical: &str) -> Result<Option<Inbox>> {
        const SQL: &str =
            "SELECT inbox.id, address, domain, is_active, email_count, expires_at, created_at, profile,
            quiet_since, quiet_reason, quiet_after, stopped_since, stopped_reason, counted_from
            FROM inbox JOIN address ON address.tenant_id = inbox.tenant_id AND address.inbox_id = inbox.id
            WHERE inbox.tenant_id = $1 AND canonical = $2 AND deleted_at IS NULL";
        let row: Option<InboxRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(canonical)
            .fetch_optional(conn)
            .await?);
        row.map(Inbox::try_from).transpose()
    }

    /// Inboxes by id, newest first, those before `before`.
    pub async fn inboxes(&mut self, before: Option<&InboxId>, limit: i64) -> Result<Vec<Inbox>> {
        const SQL: &str =
            "SELECT id, address, domain, is_active, email_count, expires_at, created_at, profile,
            quiet_since, quiet_reason, quiet_after, stopped_since, stopped_reason, counted_from
            FROM inbox WHERE tenant_id = $1 AND deleted_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3";
        // An id begins with at most `7`, so all sort before this bound, in any collation.
        let before = before.map_or("ibx_8", InboxId::as_str);
        let rows: Vec<InboxRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(before)
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(Inbox::try_from).collect()
    }

    /// Changes an inbox; `false` when it is not there.
    pub async fn change_inbox(&mut self, id: &InboxId, change: &InboxChange) -> Result<bool> {
        const SQL: &str = "UPDATE inbox SET profile = COALESCE($3, profile), is_active = COALESCE($4, is_active),
            paused_at = CASE WHEN $4 = 1 THEN NULL WHEN $4 = 0 AND paused_at IS NULL THEN $5 ELSE paused_at END
            WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(&change.profile)
            .bind(change.is_active.map(|(on, _)| i64::from(on)))
            .bind(change.is_active.map(|(_, at)| at.millis()))
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Notes that an inbox' time is over. `false`: it was noted before, or it is not over.
    pub(crate) async fn expire_inbox(&mut self, id: &InboxId, now: Timestamp) -> Result<bool> {
        const SQL: &str =
            "UPDATE inbox SET expired_at = $3 WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
            AND expired_at IS NULL AND expires_at <= $3";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Deletes an inbox; its address stays reserved for ever, its row stays for the books.
    ///
    /// Its mail is unreadable from this commit on, for each message loses its key. The bytes are removed afterwards, a
    /// little at a time: one transaction over all of them would keep everybody else's mail waiting.
    pub async fn delete_inbox(&mut self, id: &InboxId, now: Timestamp) -> Result<bool> {
        const SQL: &str = "UPDATE inbox SET deleted_at = $3, is_active = 0, profile = $4
            WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(now.millis())
            .bind(&[][..] as &[u8])
            .execute(conn)
            .await?
            .rows_affected());
        if done == 0 {
            return Ok(false);
        }
        const WITH_IT: [&str; 9] = [
            "DELETE FROM address WHERE tenant_id = $1 AND inbox_id = $2",
            "UPDATE message SET dek = '', state = 'rejected', seq = NULL, armed = 0
                WHERE tenant_id = $1 AND inbox_id = $2",
            "DELETE FROM job WHERE tenant_id = $1 AND webhook_id IN
                (SELECT id FROM webhook WHERE tenant_id = $1 AND inbox_id = $2)",
            "DELETE FROM webhook WHERE tenant_id = $1 AND inbox_id = $2",
            "DELETE FROM job WHERE tenant_id = $1 AND kind = 'send' AND id IN (SELECT 'send:' || id FROM message
                WHERE tenant_id = $1 AND inbox_id = $2 AND status IN ('queued', 'sending', 'deferred'))",
            "DELETE FROM correspondent WHERE tenant_id = $1 AND inbox_id = $2",
            "DELETE FROM policy WHERE tenant_id = $1 AND inbox_id = $2",
            "DELETE FROM allowed_sender WHERE tenant_id = $1 AND inbox_id = $2",
            "DELETE FROM approval WHERE tenant_id = $1 AND message_id IN
                (SELECT id FROM message WHERE tenant_id = $1 AND inbox_id = $2)",
        ];
        const KEYS: &str = "DELETE FROM api_key WHERE tenant_id = $1 AND inbox_id = $2 RETURNING keyid";
        for sql in WITH_IT {
            on!(&mut self.tx, |conn| sqlx::query(sql)
                .bind(self.tenant.as_str())
                .bind(id.as_str())
                .execute(conn)
                .await
                .map(drop))?;
        }
        let keys: Vec<(String,)> = on!(&mut self.tx, |conn| sqlx::query_as(KEYS)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_all(conn)
            .await?);
        keys.iter().for_each(|(keyid,)| self.changes_key(keyid));
        self.wakes_inbox(id);
        self.wakes_sweep();
        Ok(true)
    }
}
