//! People who sign in, a house at a time: a tenant's own, or the operator's staff.
//!
//! What finds a person before it is known whose she is, is a keyed digest ([`Store::entry`]); all else is asked within her
//! [`House`]. Knows no password, no code and no name: those are in a record that is sealed above.

mod entry;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::PersonId;

use crate::audit::SYSTEM;
use crate::db::{Tx, on};
use crate::{Act, Error, Operator, Result, Store, Tenant};

pub use entry::{EntryKind, Found, NewEntry};

/// Whose people they are. Only the store makes one: of a tenant, of an operator, or of what an entry names.
#[derive(Clone)]
pub struct House {
    store: Store,
    tenant: Option<Tenant>,
}

/// One transaction, and nothing in it but the people of one house. Dropping it rolls back.
pub struct Household {
    tx: Tx,
    house: String,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See figures, states and the audit log; no mail.
    Viewer,
    /// That, and decide on held mail.
    Reviewer,
    /// That, and change settings and people.
    Admin,
}

/// How a person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonState {
    /// Holds an invitation, perhaps.
    Invited,
    /// May sign in.
    Active,
    /// May not any more.
    Removed,
}

/// A person as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Her id.
    pub id: PersonId,
    /// What she may do.
    pub role: Role,
    /// How she stands.
    pub state: PersonState,
    /// Grows with each change.
    pub version: i64,
    /// When she was invited.
    pub created_at: Timestamp,
    /// By whom: a person, or a key.
    pub created_by: String,
    /// When she last asked for anything, to a minute.
    pub seen_at: Option<Timestamp>,
    /// Wrong codes since the last right one.
    pub failures: i64,
    /// When the last of them was given.
    pub failed_at: Timestamp,
    /// Name, address, password and second factor.
    pub sealed: Vec<u8>,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Reviewer, Self::Admin];

    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Admin => "admin",
        }
    }

    /// Reads what [`Role::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl PersonState {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Removed => "removed",
        }
    }
}

impl Tenant {
    /// Its people.
    pub fn house(&self) -> House {
        House { store: self.store().clone(), tenant: Some(self.clone()) }
    }
}

impl Operator {
    /// The operator's staff.
    pub fn house(&self) -> House {
        House { store: self.store().clone(), tenant: None }
    }
}

impl House {
    /// The tenant; none: the operator's staff.
    pub fn tenant(&self) -> Option<&Tenant> {
        self.tenant.as_ref()
    }

    /// The slug of the tenant, or a word that no slug can be.
    pub fn name(&self) -> &str {
        self.tenant.as_ref().map_or(SYSTEM, |tenant| tenant.id().as_str())
    }

    /// Reads.
    pub async fn read(&self) -> Result<Household> {
        let mut tx = self.store.db().read().await?;
        tx.act_for(self.name()).await?;
        Ok(Household { tx, house: self.name().to_owned() })
    }

    /// May write.
    pub async fn write(&self) -> Result<Household> {
        let mut tx = self.store.db().write().await?;
        tx.act_for(self.name()).await?;
        Ok(Household { tx, house: self.name().to_owned() })
    }

    /// The operator that a member of staff acts as; none where she is a tenant's, or may not sign in.
    pub fn operator(&self, person: &Person) -> Option<Operator> {
        let is_staff = self.tenant.is_none() && person.state == PersonState::Active;
        is_staff.then(|| Operator::of_staff(&self.store, &person.id))
    }
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: String,
    role: String,
    state: String,
    version: i64,
    created_at: i64,
    created_by: String,
    seen_at: Option<i64>,
    failures: i64,
    failed_at: i64,
    sealed: Vec<u8>,
}

impl Household {
    /// Everybody who is not removed, the longest known first.
    pub async fn people(&mut self) -> Result<Vec<Person>> {
        const SQL: &str =
            "SELECT id, role, state, version, created_at, created_by, seen_at, failures, failed_at, sealed
            FROM person WHERE tenant_id = $1 AND state <> 'removed' ORDER BY id LIMIT 1000";
        let rows: Vec<PersonRow> =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(&self.house).fetch_all(conn).await?);
        rows.into_iter().map(Person::try_from).collect()
    }

    /// One person, in whatever state.
    pub async fn person(&mut self, id: &PersonId) -> Result<Option<Person>> {
        const SQL: &str =
            "SELECT id, role, state, version, created_at, created_by, seen_at, failures, failed_at, sealed
            FROM person WHERE tenant_id = $1 AND id = $2";
        let row: Option<PersonRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(&self.house)
            .bind(id.as_str())
            .fetch_optional(conn)
            .await?);
        row.map(Person::try_from).transpose()
    }

    /// Adds a person.
    pub async fn insert_person(&mut self, person: &Person) -> Result<()> {
        const SQL: &str = "INSERT INTO person (tenant_id, id, role, state, version, created_at, created_by, seen_at, code_step,
            failures, failed_at, sealed) VALUES ($1, $2, $3, $4, 0, $5, $6, NULL, 0, 0, 0, $7)";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(&self.house)
            .bind(person.id.as_str())
            .bind(person.role.as_str())
            .bind(person.state.as_str())
            .bind(person.created_at.millis())
            .bind(&person.created_by)
            .bind(&person.sealed)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Writes role, state and record of a person as she was read. `false`: somebody was faster.
    pub async fn save_person(&mut self, person: &Person) -> Result<bool> {
        const SQL: &str =
            "UPDATE person SET role = $4, state = $5, sealed = $6, version = version + 1, failures = 0
            WHERE tenant_id = $1 AND id = $2 AND version = $3";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(&self.house)
            .bind(person.id.as_str())
            .bind(person.version)
            .bind(person.role.as_str())
            .bind(person.state.as_str())
            .bind(&person.sealed)
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Uses a code of the second factor up. `false`: it, or a later one, was used before.
    pub async fn use_code(&mut self, id: &PersonId, step: i64) -> Result<bool> {
        const SQL: &str = "UPDATE person SET code_step = $3, failures = 0
            WHERE tenant_id = $1 AND id = $2 AND state = 'active' AND code_step < $3";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(&self.house)
            .bind(id.as_str())
            .bind(step)
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done > 0)
    }

    /// Counts a wrong code.
    pub async fn wrong_code(&mut self, id: &PersonId, now: Timestamp) -> Result<()> {
        const SQL: &str =
            "UPDATE person SET failures = failures + 1, failed_at = $3 WHERE tenant_id = $1 AND id = $2";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(&self.house)
            .bind(id.as_str())
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// How many people may sign in and do everything.
    pub async fn admins(&mut self) -> Result<i64> {
        const SQL: &str =
            "SELECT COUNT(*) FROM person WHERE tenant_id = $1 AND role = 'admin' AND state = 'active'";
        let (count,): (i64,) =
            on!(&mut self.tx, |conn| sqlx::query_as(SQL).bind(&self.house).fetch_one(conn).await?);
        Ok(count)
    }

    /// Adds an act to the chain of the house; it is committed with what it tells of, or not at all.
    pub async fn audit(&mut self, act: &Act<'_>, now: Timestamp) -> Result<()> {
        crate::audit::append(&mut self.tx, &self.house, act, now).await
    }

    /// Makes everything durable.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await
    }
}

impl TryFrom<PersonRow> for Person {
    type Error = Error;
    fn try_from(row: PersonRow) -> Result<Self> {
        let bad = |what: String| Error::corrupt("person", &row.id, what);
        Ok(Self {
            role: Role::parse(&row.role).ok_or_else(|| bad(format!("role {}", row.role)))?,
            state: match row.state.as_str() {
                "invited" => PersonState::Invited,
                "active" => PersonState::Active,
                "removed" => PersonState::Removed,
                other => return Err(bad(format!("state {other}"))),
            },
            id: PersonId::parse(&row.id).map_err(|error| bad(error.to_string()))?,
            version: row.version,
            created_at: Timestamp(row.created_at),
            created_by: row.created_by,
            seen_at: row.seen_at.map(Timestamp),
            failures: row.failures,
            failed_at: Timestamp(row.failed_at),
            sealed: row.sealed,
        })
    }
}
