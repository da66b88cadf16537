//! Ways to a person: her address, an invitation, a session; each a keyed digest that is looked up before it is known
//! whose she is.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::PersonId;

use super::{House, Household};
use crate::audit::SYSTEM;
use crate::db::on;
use crate::system::slug;
use crate::{Error, Result, Store, TenantState};

/// What a digest was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// An address within an organisation.
    Address,
    /// An invitation, good once.
    Invitation,
    /// A session that lacks its second factor.
    Half,
    /// A session.
    Session,
}

/// A way to a person, to be stored.
#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    /// The keyed digest.
    pub digest: &'a [u8; 32],
    /// To whom.
    pub person: &'a PersonId,
    /// Of what.
    pub kind: EntryKind,
    /// Until when; none: as long as the person.
    pub expires_at: Option<Timestamp>,
}

/// Whose a digest is.
#[derive(Clone)]
pub struct Found {
    /// The house.
    pub house: House,
    /// The tenant's state; none: the operator's staff.
    pub state: Option<TenantState>,
    /// The person.
    pub person: PersonId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl EntryKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Invitation => "invitation",
            Self::Half => "half",
            Self::Session => "session",
        }
    }
}

impl Store {
    /// Finds whose digest that is, of one kind. Expiry is the caller's to judge by its clock.
    pub async fn entry(&self, digest: &[u8; 32], kind: EntryKind) -> Result<Option<Found>> {
        const SQLITE: &str =
            "SELECT entry.tenant_id, tenant.region, tenant.state, person_id, kind, entry.created_at, seen_at,
            expires_at FROM entry LEFT JOIN tenant ON tenant.id = entry.tenant_id WHERE digest = $1";
        const POSTGRES: &str = "SELECT * FROM mw_entry($1)";
        #[derive(sqlx::FromRow)]
        struct Row {
            tenant_id: String,
            region: Option<String>,
            state: Option<String>,
            person_id: String,
            kind: String,
            created_at: i64,
            seen_at: i64,
            expires_at: Option<i64>,
        }
        let mut tx = self.db().read().await?;
        let sql = tx.pick(SQLITE, POSTGRES);
        let row: Option<Row> =
            on!(&mut tx, |conn| sqlx::query_as(sql).bind(&digest[..]).fetch_optional(conn).await?);
        let Some(row) = row.filter(|row| row.kind == kind.as_str()) else { return Ok(None) };
        let (tenant, state) = match (&row.region, &row.state) {
            (Some(region), Some(state)) => {
                let tenant = self.tenant(slug(&row.tenant_id)?, region);
                (Some(tenant), Some(TenantState::parse(state, &row.tenant_id)?))
            }
            _ if row.tenant_id == SYSTEM => (None, None),
            // Its tenant's row is gone: so is everybody's way in.
            _ => return Ok(None),
        };
        let person = PersonId::parse(&row.person_id)
            .map_err(|bad| Error::corrupt("entry", &row.person_id, bad.to_string()))?;
        Ok(Some(Found {
            house: House { store: self.clone(), tenant },
            state,
            person,
            created_at: Timestamp(row.created_at),
            seen_at: Timestamp(row.seen_at),
            expires_at: row.expires_at.map(Timestamp),
        }))
    }
}

impl Household {
    /// Adds a way to a person. `false`: it is there already.
    pub async fn insert_entry(&mut self, entry: &NewEntry<'_>, now: Timestamp) -> Result<bool> {
        const SQL: &str =
            "INSERT INTO entry (tenant_id, digest, person_id, kind, created_at, seen_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT DO NOTHING";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(&self.house)
            .bind(&entry.digest[..])
            .bind(entry.person.as_str())
            .bind(entry.kind.as_str())
            .bind(now.millis())
            .bind(entry.expires_at.map(Timestamp::millis))
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Uses a way up. `false`: it was used before.
    pub async fn take_entry(&mut self, digest: &[u8; 32]) -> Result<bool> {
        const SQL: &str = "DELETE FROM entry WHERE tenant_id = $1 AND digest = $2";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(&self.house)
            .bind(&digest[..])
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Ends the sessions and invitations of a person; her address with them where she is gone.
    pub async fn end_entries(&mut self, person: &PersonId, address_too: bool) -> Result<()> {
        const SQL: &str =
            "DELETE FROM entry WHERE tenant_id = $1 AND person_id = $2 AND (kind <> 'address' OR $3 = 1)";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(&self.house)
            .bind(person.as_str())
            .bind(i64::from(address_too))
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Notes that a session is in use.
    pub async fn touch_entry(&mut self, digest: &[u8; 32], person: &PersonId, now: Timestamp) -> Result<()> {
        const ENTRY: &str = "UPDATE entry SET seen_at = $3 WHERE tenant_id = $1 AND digest = $2";
        const PERSON: &str = "UPDATE person SET seen_at = $3 WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(ENTRY)
            .bind(&self.house)
            .bind(&digest[..])
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        on!(&mut self.tx, |conn| sqlx::query(PERSON)
            .bind(&self.house)
            .bind(person.as_str())
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Forgets what has ended.
    pub async fn drop_ended(&mut self, now: Timestamp) -> Result<()> {
        const SQL: &str = "DELETE FROM entry WHERE tenant_id = $1 AND expires_at < $2";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(&self.house)
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }
}
