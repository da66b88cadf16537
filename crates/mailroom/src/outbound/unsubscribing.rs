//! Who is written to in bulk can end it with one click (RFC 8058): a link in the header that names whom it is for, sealed, and
//! needs no login, no question and no mail of ours to be there any more.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mailward_store::{SuppressionReason, Tenant};

use crate::{Mailroom, Result};

/// What a link of this kind says first, so that it is no link to anything else.
const WORD: &str = "unsubscribe";
/// So long a link works: mail is read late, and nobody is harmed by a link that ends something.
const LIFE: Duration = Duration::from_secs(400 * 24 * 3_600);

impl Mailroom {
    /// The signed part of a link that ends a tenant's mail to an address.
    pub(super) async fn unsubscribe_link(&self, tenant: &Tenant, address: &str) -> Result<String> {
        let sealed = self.seal_small(tenant, WORD, &address.to_ascii_lowercase()).await?;
        let rest = format!("{WORD} {}", URL_SAFE_NO_PAD.encode(sealed));
        self.sign_link(tenant.id(), &rest, self.0.clock.now().plus(LIFE)).await
    }

    /// Whether a link is one that ends mail.
    pub async fn may_unsubscribe(&self, link: &str) -> Result<bool> {
        Ok(self.unsubscribed_by(link).await?.is_some())
    }

    /// Ends a tenant's mail to whom a link names, for good; again is the same. `false`: the link does nothing.
    pub async fn unsubscribe(&self, link: &str) -> Result<bool> {
        let Some((tenant, address)) = self.unsubscribed_by(link).await? else { return Ok(false) };
        let now = self.0.clock.now();
        let mut scope = tenant.write().await?;
        self.suppress(&mut scope, &tenant, &address, SuppressionReason::Unsubscribe, now).await?;
        scope.commit().await?;
        Ok(true)
    }

    async fn unsubscribed_by(&self, link: &str) -> Result<Option<(Tenant, String)>> {
        let Some((tenant, rest)) = self.read_link(link).await? else { return Ok(None) };
        let sealed = rest.strip_prefix(WORD).and_then(|rest| rest.strip_prefix(' '));
        let Some(sealed) = sealed.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()) else { return Ok(None) };
        let address = self.open_small(&tenant, WORD, &sealed).await?;
        Ok(Some((tenant, address)))
    }
}
