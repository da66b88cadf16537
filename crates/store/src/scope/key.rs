//! API keys: what a token may do, never the token.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::InboxId;

use crate::db::on;
use crate::{Error, Result, Scope};

macro_rules! scopes {
    ($($(#[$doc:meta])* $constant:ident = $bit:literal $text:literal,)+) => {
        /// A set of the closed list of scopes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Scopes(u16);

        impl Scopes {
            $($(#[$doc])* pub const $constant: Self = Self(1 << $bit);)+

            /// The names in this set, in the order of the contract.
            pub fn names(self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $(if self.contains(Self::$constant) { names.push($text); })+
                names
            }

            /// The scope of that name.
            pub fn named(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$constant),)+ _ => None }
            }
        }
    };
}

scopes! {
    /// Read mail that was delivered.
    READ = 0 "read",
    /// Send mail.
    SEND = 1 "send",
    /// Make, change and delete inboxes.
    INBOXES = 2 "inboxes",
    /// Manage webhooks.
    WEBHOOKS = 3 "webhooks",
    /// Manage custom domains.
    DOMAINS = 4 "domains",
    /// Mint and revoke keys.
    KEYS = 5 "keys",
    /// See usage.
    USAGE = 6 "usage",
    /// Read messages as they came from the wire.
    RAW = 7 "raw",
    /// See and decide on held mail.
    REVIEW = 8 "review",
    /// Change gates, policies and limits.
    SETTINGS = 9 "settings",
    /// Read the audit log.
    AUDIT = 10 "audit",
}

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self(0);
    /// What an inbox key holds.
    pub const INBOX: Self = Self(Self::READ.0 | Self::SEND.0);
    /// What a tenant key holds.
    pub const TENANT: Self = Self(
        Self::INBOX.0 | Self::INBOXES.0 | Self::WEBHOOKS.0 | Self::DOMAINS.0 | Self::KEYS.0 | Self::USAGE.0,
    );
    /// What a reviewer's key holds.
    pub const REVIEWER: Self =
        Self(Self::READ.0 | Self::RAW.0 | Self::REVIEW.0 | Self::SETTINGS.0 | Self::AUDIT.0 | Self::USAGE.0);

    /// Whether all of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets.
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Parses names; unknown ones are an error that names the first.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> std::result::Result<Self, String> {
        names.into_iter().try_fold(Self::NONE, |all, name| {
            Self::named(name).map(|one| all.with(one)).ok_or_else(|| name.to_owned())
        })
    }
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The public part of its token.
    pub keyid: String,
    /// The inbox it is bound to, if it is.
    pub inbox: Option<InboxId>,
    /// What it may do.
    pub scopes: Scopes,
    /// A name its owner gave it, sealed.
    pub name: Option<Vec<u8>>,
    /// The last characters of its token, to recognise it by.
    pub last4: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to 5 minutes.
    pub last_used_at: Option<Timestamp>,
    /// Networks it may be used from, with spaces between; none: anywhere.
    pub networks: Option<String>,
}

/// A key to be made.
pub struct NewKey {
    /// What is told of it.
    pub key: ApiKey,
    /// `t` or `i`.
    pub kind: char,
    /// The keyed hash of its token.
    pub verifier: [u8; 32],
    /// Under which version of the pepper.
    pub pepper_version: u32,
    /// The key that made it.
    pub created_by: Option<String>,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    keyid: String,
    inbox_id: Option<String>,
    scopes: String,
    name: Option<Vec<u8>>,
    last4: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    networks: Option<String>,
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = Error;
    fn try_from(row: KeyRow) -> Result<Self> {
        let bad = |what: String| Error::corrupt("api_key", &row.keyid, what);
        Ok(Self {
            inbox: row.inbox_id.map(InboxId::try_from).transpose().map_err(|e| bad(e.to_string()))?,
            scopes: Scopes::parse(row.scopes.split(' ').filter(|name| !name.is_empty())).map_err(bad)?,
            name: row.name,
            last4: row.last4,
            created_at: Timestamp(row.created_at),
            expires_at: row.expires_at.map(Timestamp),
            last_used_at: row.last_used_at.map(Timestamp),
            networks: row.networks,
            keyid: row.keyid,
        })
    }
}

impl Scope {
    /// Stores a new key.
    pub async fn insert_key(&mut self, new: &NewKey) -> Result<()> {
        const SQL: &str = "INSERT INTO api_key (tenant_id, keyid, inbox_id, kind, scopes, name, verifier, pepper_version,
            last4, created_at, created_by, expires_at, networks) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(&new.key.keyid)
            .bind(new.key.inbox.as_ref().map(InboxId::as_str))
            .bind(new.kind.to_string())
            .bind(new.key.scopes.names().join(" "))
            .bind(&new.key.name)
            .bind(&new.verifier[..])
            .bind(i64::from(new.pepper_version))
            .bind(&new.key.last4)
            .bind(new.key.created_at.millis())
            .bind(&new.created_by)
            .bind(new.key.expires_at.map(Timestamp::millis))
            .bind(&new.key.networks)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The keys that are not revoked, newest first; an inbox' own, or all.
    pub async fn keys(&mut self, inbox: Option<&InboxId>, limit: i64) -> Result<Vec<ApiKey>> {
        const SQL: &str =
            "SELECT keyid, inbox_id, scopes, name, last4, created_at, expires_at, last_used_at, networks FROM api_key
            WHERE tenant_id = $1 AND revoked_at IS NULL AND ($2 = '' OR inbox_id = $2)
            ORDER BY created_at DESC, keyid LIMIT $3";
        let rows: Vec<KeyRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(inbox.map_or("", InboxId::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    /// One key that is not revoked.
    pub async fn key(&mut self, keyid: &str) -> Result<Option<ApiKey>> {
        const SQL: &str =
            "SELECT keyid, inbox_id, scopes, name, last4, created_at, expires_at, last_used_at, networks FROM api_key
            WHERE tenant_id = $1 AND keyid = $2 AND revoked_at IS NULL";
        let row: Option<KeyRow> = on!(&mut self.tx, |conn| sqlx::query_as(SQL)
            .bind(self.tenant.as_str())
            .bind(keyid)
            .fetch_optional(conn)
            .await?);
        row.map(ApiKey::try_from).transpose()
    }

    /// Revokes a key; `false` when there is none to revoke.
    pub async fn revoke_key(&mut self, keyid: &str, now: Timestamp) -> Result<bool> {
        const SQL: &str =
            "UPDATE api_key SET revoked_at = $3 WHERE tenant_id = $1 AND keyid = $2 AND revoked_at IS NULL";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(keyid)
            .bind(now.millis())
            .execute(conn)
            .await?
            .rows_affected());
        self.changes_key(keyid);
        Ok(done > 0)
    }

    /// Ends a key at a moment, for a rotation with overlap. Never makes it live longer.
    pub async fn expire_key(&mut self, keyid: &str, at: Timestamp) -> Result<bool> {
        const SQL: &str = "UPDATE api_key SET expires_at = $3 WHERE tenant_id = $1 AND keyid = $2
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)";
        let done = on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(keyid)
            .bind(at.millis())
            .execute(conn)
            .await?
            .rows_affected());
        self.changes_key(keyid);
        Ok(done > 0)
    }

    /// Notes that a key, and so the tenant, is alive. Called at most every five minutes a key.
    pub async fn touch_key(&mut self, keyid: &str, now: Timestamp) -> Result<()> {
        const KEY: &str = "UPDATE api_key SET last_used_at = $3 WHERE tenant_id = $1 AND keyid = $2";
        on!(&mut self.tx, |conn| sqlx::query(KEY)
            .bind(self.tenant.as_str())
            .bind(keyid)
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        const TENANT: &str = "UPDATE tenant SET last_active_at = $2 WHERE id = $1";
        on!(&mut self.tx, |conn| sqlx::query(TENANT)
            .bind(self.tenant.as_str())
            .bind(now.millis())
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_closed_list() {
        assert_eq!(Scopes::parse(["read", "send"]), Ok(Scopes::INBOX));
        assert_eq!(Scopes::parse(["read", "root"]), Err("root".into()));
        assert!(Scopes::TENANT.contains(Scopes::INBOX));
        assert!(!Scopes::TENANT.contains(Scopes::REVIEW) && !Scopes::TENANT.contains(Scopes::RAW));
        assert_eq!(Scopes::parse(Scopes::REVIEWER.names()), Ok(Scopes::REVIEWER));
    }
}
