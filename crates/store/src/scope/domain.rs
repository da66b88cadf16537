//! Domains that a tenant brought: claimed, held once proven, lost again.
//!
//! A name has one holder among all tenants; the unique index over held names decides, so two that prove it at the same
//! moment cannot both be told yes. Who holds a name is never read across tenants: it is only run into.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{DomainId, InboxId};

use crate::db::on;
use crate::{Error, Result, Scope};

/// Where the proof of a domain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainStatus {
    /// It was never proven.
    Pending,
    /// It is proven.
    Verified,
    /// It was proven, and is no more.
    Failed,
}

impl DomainStatus {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending_verification",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Verified, Self::Failed].into_iter().find(|status| status.as_str() == text)
    }
}

/// A claimed domain as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its id.
    pub id: DomainId,
    /// The name, lower case, in ASCII (RFC 5890 A-labels).
    pub name: String,
    /// Where its proof stands.
    pub status: DomainStatus,
    /// Since when the tenant holds the name; mail for it is taken while it does.
    pub held_since: Option<Timestamp>,
    /// Since when the proof is missing.
    pub failed_since: Option<Timestamp>,
    /// When the proof was last seen.
    pub seen_at: Option<Timestamp>,
    /// When it was last looked for.
    pub checked_at: Option<Timestamp>,
    /// When it was claimed.
    pub created_at: Timestamp,
    /// The private key for signatures by Ed25519, sealed.
    pub signing_key: Vec<u8>,
    /// The one for signatures by RSA, sealed; none where the domain was claimed before there was one.
    pub signing_rsa: Option<Vec<u8>>,
    /// The number of these keys.
    pub key_no: i64,
    /// The keys that take over once they are published, sealed as the others.
    pub next_keys: Option<(Vec<u8>, Vec<u8>)>,
    /// What was found at the last look, sealed; empty before the first.
    pub found: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    status: String,
    held_since: Option<i64>,
    failed_since: Option<i64>,
    seen_at: Option<i64>,
    checked_at: Option<i64>,
    created_at: i64,
    signing_key: Vec<u8>,
    signing_rsa: Option<Vec<u8>>,
    key_no: i64,
    next_key: Option<Vec<u8>>,
    next_rsa: Option<Vec<u8>>,
    found: Vec<u8>,
}

impl TryFrom<Row> for Domain {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |what: String| Error::corrupt("domain", &row.id, what);
        Ok(Self {
            id: DomainId::parse(&row.id).map_err(|e| bad(e.to_string()))?,
            status: DomainStatus::parse(&row.status).ok_or_else(|| bad(format!("status {}", row.status)))?,
            name: row.name,
            held_since: row.held_since.map(Timestamp),
            failed_since: row.failed_since.map(Timestamp),
            seen_at: row.seen_at.map(Timestamp),
            checked_at: row.checked_at.map(Timestamp),
            created_at: Timestamp(row.created_at),
            signing_key: row.signing_key,
            signing_rsa: row.signing_rsa,
            key_no: row.key_no,
            next_keys: row.next_key.zip(row.next_rsa),
            found: row.found,
        })
    }
}

impl Scope {
    /// Claims a name; `false` when this tenant has claimed it before.
    pub async fn insert_domain(&mut self, domain: &Domain) -> Result<bool> {
        const SQL: &str = "INSERT INTO domain (tenant_id, id, name, status, created_at, signing_key, found, signing_rsa)
            VALUES ($1, $2, $3, 'pending_verification', $4, $5, $6, $7) ON CONFLICT (tenant_id, name) DO NOTHING";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(domain.id.as_str())
            .bind(&domain.name)
            .bind(domain.created_at.millis())
            .bind(&domain.signing_key)
            .bind(&domain.found)
            .bind(&domain.signing_rsa)
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Writes a domain's keys, those to come too.
    pub async fn set_domain_keys(&mut self, domain: &Domain) -> Result<()> {
        const SQL: &str =
            "UPDATE domain SET signing_key = $3, signing_rsa = $4, key_no = $5, next_key = $6, next_rsa = $7
            WHERE tenant_id = $1 AND id = $2";
        let (next_key, next_rsa) = domain.next_keys.as_ref().map(|(key, rsa)| (key, rsa)).unzip();
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(domain.id.as_str())
            .bind(&domain.signing_key)
            .bind(&domain.signing_rsa)
            .bind(domain.key_no)
            .bind(next_key)
            .bind(next_rsa)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// One domain; another tenant's is simply not there.
    pub async fn domain(&mut self, id: &DomainId) -> Result<Option<Domain>> {
        const SQL: &str =
            "SELECT id, name, status, held_since, failed_since, seen_at, checked_at, created_at,
            signing_key, signing_rsa, key_no, next_key, next_rsa, found FROM domain WHERE tenant_id = $1 AND id = $2";
        let row: Option<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(Domain::try_from).transpose()
    }

    /// The tenant's own claim of a name.
    pub async fn domain_by_name(&mut self, name: &str) -> Result<Option<Domain>> {
        const SQL: &str =
            "SELECT id, name, status, held_since, failed_since, seen_at, checked_at, created_at,
            signing_key, signing_rsa, key_no, next_key, next_rsa, found FROM domain WHERE tenant_id = $1 AND name = $2";
        let row: Option<Row> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(name)
            .fetch_optional(conn)
            .await?);
        row.map(Domain::try_from).transpose()
    }

    /// All the tenant claimed, newest first.
    pub async fn domains(&mut self) -> Result<Vec<Domain>> {
        const SQL: &str =
            "SELECT id, name, status, held_since, failed_since, seen_at, checked_at, created_at,
            signing_key, signing_rsa, key_no, next_key, next_rsa, found FROM domain WHERE tenant_id = $1 ORDER BY id DESC";
        let rows: Vec<Row> =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(self.tenant.as_str()).fetch_all(conn).await?);
        rows.into_iter().map(Domain::try_from).collect()
    }

    /// Locks one until the transaction ends; as [`Scope::domain`].
    pub async fn domain_for_update(&mut self, id: &DomainId) -> Result<Option<Domain>> {
        const LOCK: &str = "UPDATE domain SET name = name WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(LOCK)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(conn)
            .await
            .map(drop))?;
        self.domain(id).await
    }

    /// Locks the domain of that name, and gives its id, where it is proven: an inbox may be made at it.
    pub async fn usable_domain(&mut self, name: &str) -> Result<Option<DomainId>> {
        const SQL: &str = "UPDATE domain SET name = name WHERE tenant_id = $1 AND name = $2
            AND status = 'verified' AND held_since IS NOT NULL RETURNING id";
        let row: Option<(String,)> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(name)
            .fetch_optional(conn)
            .await?);
        row.map(|(id,)| DomainId::parse(&id).map_err(|bad| Error::corrupt("domain", &id, bad))).transpose()
    }

    /// Writes where its proof stands.
    ///
    /// # Errors
    /// One that [`Error::is_unique_violation`] knows when it begins to be held while another tenant holds the name;
    /// the transaction is of no more use then.
    pub async fn set_domain(&mut self, domain: &Domain) -> Result<()> {
        const SQL: &str = "UPDATE domain SET status = $3, held_since = $4, failed_since = $5, seen_at = $6,
            checked_at = $7, found = $8 WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(domain.id.as_str())
            .bind(domain.status.as_str())
            .bind(domain.held_since.map(Timestamp::millis))
            .bind(domain.failed_since.map(Timestamp::millis))
            .bind(domain.seen_at.map(Timestamp::millis))
            .bind(domain.checked_at.map(Timestamp::millis))
            .bind(&domain.found)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// How many inboxes are at a domain. Exact while the domain is locked.
    pub async fn count_inboxes_at(&mut self, id: &DomainId) -> Result<i64> {
        const SQL: &str =
            "SELECT COUNT(*) FROM inbox WHERE tenant_id = $1 AND domain_id = $2 AND deleted_at IS NULL";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .fetch_one(conn)
            .await?);
        Ok(count)
    }

    /// Whether an inbox is at one of the service's domains, or at one that its tenant holds.
    pub async fn holds_domain_of(&mut self, inbox: &InboxId) -> Result<bool> {
        const SQL: &str =
            "SELECT COUNT(*) FROM inbox WHERE tenant_id = $1 AND id = $2 AND (domain_id IS NULL OR EXISTS
            (SELECT 1 FROM domain WHERE domain.tenant_id = inbox.tenant_id AND domain.id = inbox.domain_id
            AND domain.held_since IS NOT NULL))";
        let (count,): (i64,) = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.as_str())
            .fetch_one(conn)
            .await?);
        Ok(count > 0)
    }

    /// Removes a claim and its re-checks.
    pub async fn delete_domain(&mut self, id: &DomainId) -> Result<()> {
        const SQL: [&str; 2] = [
            "DELETE FROM domain WHERE tenant_id = $1 AND id = $2",
            "DELETE FROM job WHERE tenant_id = $1 AND id = 'domain:' || $2",
        ];
        for sql in SQL {
            on!(&mut self.tx, |conn| sqlx::query(sql)
                .bind(self.tenant.as_str())
                .bind(id.as_str())
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }

    /// Has a held domain looked at again then; writing it twice is writing it once.
    pub async fn insert_domain_job(&mut self, id: &DomainId, at: Timestamp, now: Timestamp) -> Result<()> {
        const SQL: &str = "INSERT INTO job (tenant_id, id, kind, state, due_at, fence, attempts, created_at)
            VALUES ($1, 'domain:' || $2, 'domain', 'open', $3, 0, 0, $4) ON CONFLICT DO NOTHING";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .bind(at.millis())
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        self.wakes_jobs();
        Ok(())
    }
}

/// The domain that a job's id names.
pub(crate) fn domain_of(job: &str) -> std::result::Result<DomainId, String> {
    let id = job.strip_prefix("domain:").ok_or_else(|| "it names no domain".to_owned())?;
    DomainId::parse(id).map_err(|bad| bad.to_string())
}
