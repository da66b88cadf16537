//! The server that a tenant's mail is handed to instead of the service's own way: chosen by who may change settings, its
//! password sealed with the tenant's key and shown to nobody again.
//!
//! Who chooses it reads all that the tenant sends, so no key of one inbox does. Where it leads is judged when it is
//! chosen and each time it is dialled ([`Exchangers::relay`]): its owner changes where its name leads.

use mailward_mail::clock::Timestamp;
use mailward_net::exchangers::{Exchangers, NoRelay};
use mailward_store::{Action, RelayRow, Scope, Tenant};
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::access::Principal;
use crate::{Error, Mailroom, Result};

/// Where it is sealed to.
const PLACE: &str = "relay";
/// Bytes of a name or a password.
const MOST: usize = 512;

/// What is chosen.
pub struct RelayRequest {
    /// `smtp://host:587` (STARTTLS, or nothing is said) or `smtps://host:465`.
    pub url: String,
    /// The name to log in with.
    pub user: String,
    /// The password; none: the one that is there, where host and name are the same.
    pub password: Option<Zeroizing<String>>,
}

/// What may be shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayView {
    /// Where it is.
    pub url: String,
    /// The name to log in with.
    pub user: String,
    /// Since when.
    pub changed_at: Timestamp,
}

/// All of it, for whoever hands mail to it.
#[derive(Clone)]
pub struct TenantRelay {
    /// Its name, or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS from the first byte; otherwise STARTTLS.
    pub implicit_tls: bool,
    /// The name to log in with.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    url: String,
    user: String,
    password: Zeroizing<String>,
}

impl std::fmt::Debug for TenantRelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantRelay").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Mailroom {
    /// The caller's relay, without its password.
    pub async fn relay(&self, caller: &Principal) -> Result<Option<RelayView>> {
        whole_tenant(caller)?;
        let row = caller.tenant().read().await?.relay().await?;
        let Some(row) = row else { return Ok(None) };
        let stored = self.open_relay(caller.tenant(), &row).await?;
        Ok(Some(RelayView { url: stored.url, user: stored.user, changed_at: row.changed_at }))
    }

    /// Chooses the caller's relay.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a URL that is none, or leads where nobody may be sent.
    pub async fn set_relay(&self, caller: &Principal, wanted: RelayRequest) -> Result<RelayView> {
        whole_tenant(caller)?;
        let tenant = caller.tenant();
        let (host, port, _) = parse(&wanted.url)?;
        let fits = |text: &str| (1..=MOST).contains(&text.len()) && !text.chars().any(|c| c.is_control());
        if !fits(&wanted.user) {
            return Err(Error::invalid("user", "must have 1 to 512 bytes and no control characters"));
        }
        if wanted.password.as_ref().is_some_and(|password| !fits(password)) {
            return Err(Error::invalid("password", "must have 1 to 512 bytes and no control characters"));
        }
        match self.0.relays.relay(&host, port).await {
            // Nobody's answer now is no reason to refuse it for ever: it is judged at each try.
            Ok(_) | Err(NoRelay::Temporary) => {}
            Err(why) => return Err(Error::invalid("url", why.to_string())),
        }
        let now = self.0.clock.now();
        let mut scope = tenant.write().await?;
        let password = match wanted.password {
            Some(password) => password,
            None => self.kept_password(&mut scope, tenant, &wanted.url, &wanted.user).await?,
        };
        let stored = Stored { url: wanted.url, user: wanted.user, password };
        let json = serde_json::to_string(&stored).map(Zeroizing::new);
        let json = json.map_err(|_| Error::Damaged("a relay cannot be written"))?;
        let sealed = self.seal_small(tenant, PLACE, &json).await?;
        scope.set_relay(&RelayRow { changed_at: now, sealed }).await?;
        scope.audit(&caller.act(Action::RelaySet), now).await?;
        scope.commit().await?;
        Ok(RelayView { url: stored.url, user: stored.user, changed_at: now })
    }

    /// Has the caller's mail go the service's own way again; `false` when it does already.
    pub async fn remove_relay(&self, caller: &Principal) -> Result<bool> {
        whole_tenant(caller)?;
        let mut scope = caller.tenant().write().await?;
        if !scope.remove_relay().await? {
            return Ok(false);
        }
        scope.audit(&caller.act(Action::RelayRemoved), self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(true)
    }

    /// What finds and judges where relays are.
    pub fn relays(&self) -> &Exchangers {
        &self.0.relays
    }

    /// The relay of a tenant whose mail is about to be sent.
    pub(crate) async fn relay_of(&self, tenant: &Tenant, scope: &mut Scope) -> Result<Option<TenantRelay>> {
        let Some(row) = scope.relay().await? else { return Ok(None) };
        let Stored { url, user, password } = self.open_relay(tenant, &row).await?;
        let (host, port, implicit_tls) = parse(&url)?;
        Ok(Some(TenantRelay { host, port, implicit_tls, user, password }))
    }

    /// The password that is there, for the same place and name alone: nobody gets to read it by sending it elsewhere.
    async fn kept_password(
        &self,
        scope: &mut Scope,
        tenant: &Tenant,
        url: &str,
        user: &str,
    ) -> Result<Zeroizing<String>> {
        let needed =
            || Error::invalid("password", "is needed: it is kept only where url and user stay as they are");
        let row = scope.relay().await?.ok_or_else(needed)?;
        let stored = self.open_relay(tenant, &row).await?;
        if stored.url == url && stored.user == user { Ok(stored.password) } else { Err(needed()) }
    }

    async fn open_relay(&self, tenant: &Tenant, row: &RelayRow) -> Result<Stored> {
        let json = Zeroizing::new(self.open_small(tenant, PLACE, &row.sealed).await?);
        serde_json::from_str(&json).map_err(|_| Error::Damaged("a relay cannot be read"))
    }
}

/// Host, port, and whether TLS is spoken from the first byte.
fn parse(text: &str) -> Result<(String, u16, bool)> {
    let bad = || {
        Error::invalid(
            "url",
            "write smtp://host:587 (STARTTLS) or smtps://host:465 (TLS), without name and password",
        )
    };
    if text.len() > 300 {
        return Err(bad());
    }
    let url = Url::parse(text).map_err(|_| bad())?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    // A scheme that the URL standard does not know leaves addresses unread.
    let host = match url.host().filter(|_| is_bare).ok_or_else(bad)? {
        Host::Domain(name) => name.to_ascii_lowercase(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    if host.is_empty() || host.len() > 253 || !host.is_ascii() {
        return Err(bad());
    }
    match url.scheme() {
        "smtp" => Ok((host, url.port().unwrap_or(587), false)),
        "smtps" => Ok((host, url.port().unwrap_or(465), true)),
        _ => Err(bad()),
    }
}

/// Who chooses the relay reads what every inbox sends.
fn whole_tenant(caller: &Principal) -> Result<()> {
    if caller.inbox().is_some() { Err(Error::Scope("settings".into())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_reached_by_tls_and_nothing_else_is_in_its_url() {
        assert_eq!(
            parse("smtp://Mail.example.com").expect("a relay"),
            ("mail.example.com".to_owned(), 587, false)
        );
        assert_eq!(parse("smtps://192.0.2.1:4650/").expect("a relay"), ("192.0.2.1".to_owned(), 4650, true));
        for bad in [
            "",
            "mail.example.com",
            "http://mail.example.com",
            "smtp://user:secret@mail.example.com",
            "smtp://mail.example.com?tls=none",
            "smtp://mail.example.com/path",
            "smtp://mail.example.com#x",
            "smtp://",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
