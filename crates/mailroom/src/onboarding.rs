//! New tenants, new inboxes, and the end of an inbox.

mod inbox;
mod local_part;

use mailward_mail::id::TenantId;
use mailward_store::{Act, Action, Actor, Operator, Scopes, Tenant, TenantRow, TenantState};
use mailward_vault::Token;

pub(crate) use local_part::is_reserved;

pub use inbox::{CreatedInbox, InboxPatch, InboxRequest, InboxView};

use crate::access::{KeyRequest, MintedKey};
use crate::{Error, Mailroom, Result};

/// A tenant and its first keys, which are told this once.
pub struct CreatedTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// Its plan.
    pub plan: String,
    /// What its agents' programs hold.
    pub token: Token,
    /// What its reviewers hold.
    pub review_token: Token,
}

impl Mailroom {
    /// Makes a tenant, as an operator.
    pub async fn create_tenant(
        &self,
        operator: &Operator,
        id: TenantId,
        plan: &str,
        region: Option<&str>,
    ) -> Result<CreatedTenant> {
        tracing::info!(tenant_id = %id, by = operator.keyid(), "creating a tenant");
        let config = &self.0.config;
        let region = region.unwrap_or(&config.region);
        if !config.serves(region) {
            let served = config.regions.join("`, `");
            return Err(Error::invalid("region", format!("`{region}` is not served here, only `{served}`")));
        }
        let act =
            Act::new(Action::TenantCreated).by(Actor::Operator(operator.keyid())).from(operator.origin());
        self.found(id, plan, region, act).await
    }

    /// Makes a tenant of plan `free` for somebody nobody knows.
    pub async fn sign_up(&self) -> Result<CreatedTenant> {
        if !self.0.config.signup_open {
            return Err(Error::SignupClosed);
        }
        let act = Act::new(Action::TenantCreated).by(Actor::Anybody);
        let id = TenantId::generate(&self.0.clock, &self.0.random);
        self.found(id, "free", &self.0.config.region, act).await
    }

    /// Tenants by slug, as an operator.
    pub async fn tenants(
        &self,
        operator: &Operator,
        after: Option<&TenantId>,
        limit: i64,
    ) -> Result<Vec<TenantRow>> {
        Ok(operator.tenants(after, limit).await?)
    }

    /// Makes a tenant another key of its own kind, as an operator: its agents' programs lost theirs, or its reviewers
    /// did. The tenant's log says so. `None`: no such tenant.
    pub async fn issue_key(
        &self,
        operator: &Operator,
        id: &TenantId,
        scopes: Scopes,
    ) -> Result<Option<MintedKey>> {
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        if row.state != TenantState::Active {
            return Err(Error::Conflict("the tenant is not active; `mailward tenant show` says its state"));
        }
        self.warm(&tenant).await?;
        let mut scope = tenant.write().await?;
        let by = KeyRequest { name: Some("issued by the operator".into()), ..KeyRequest::default() };
        let minted = self.new_key(&tenant, &mut scope, scopes, by, Some(operator.keyid())).await?;
        let act = Act::new(Action::KeyCreated)
            .by(Actor::Operator(operator.keyid()))
            .from(operator.origin())
            .on(&minted.view.key.keyid)
            .word("scopes", &scopes.names().join(" "));
        scope.audit(&act, self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(Some(minted))
    }

    async fn found(&self, id: TenantId, plan: &str, region: &str, act: Act<'_>) -> Result<CreatedTenant> {
        let room = &self.0;
        self.check_plan(plan)?;
        let now = room.clock.now();
        let taken = Error::Conflict("there is, or was, a tenant of this name");
        // Asked first: the keys of a tenant that is gone are not to be made again.
        if room.store.is_known(&id).await? {
            return Err(taken);
        }
        room.keyring.create(&id, region).await?;
        let created = room.store.create_tenant(&id, region, plan, now).await?;
        // Tenant and keys are one transaction: a name without a key would be lost for ever.
        let Some((tenant, mut scope)) = created else { return Err(taken) };
        let by = KeyRequest { name: Some("first key".into()), ..KeyRequest::default() };
        let token = self.new_key(&tenant, &mut scope, Scopes::TENANT, by, None).await?.token;
        let by = KeyRequest { name: Some("review".into()), ..KeyRequest::default() };
        let review_token = self.new_key(&tenant, &mut scope, Scopes::REVIEWER, by, None).await?.token;
        let act = act.on(tenant.id().as_str()).word("plan", plan);
        scope.audit(&act, now).await?;
        scope.audit_system(&act, now).await?;
        scope.commit().await?;
        Ok(CreatedTenant { tenant, plan: plan.to_owned(), token, review_token })
    }

    /// Seals a short text of a tenant's, bound to where it is kept.
    pub(crate) async fn seal_small(&self, tenant: &Tenant, place: &str, text: &str) -> Result<Vec<u8>> {
        let keys = self.0.keyring.tenant(tenant).await?;
        Ok(keys.search.seal(
            &[tenant.id().as_str().as_bytes(), place.as_bytes()],
            text.as_bytes(),
            &self.0.random,
        ))
    }

    /// Opens what [`Mailroom::seal_small`] sealed.
    pub(crate) async fn open_small(&self, tenant: &Tenant, place: &str, sealed: &[u8]) -> Result<String> {
        let keys = self.0.keyring.tenant(tenant).await?;
        let opened = keys.search.open(&[tenant.id().as_str().as_bytes(), place.as_bytes()], sealed);
        let text = opened.map_err(|error| Error::unreadable(place, error))?;
        String::from_utf8(text).map_err(|_| Error::Damaged("a sealed text is no text"))
    }
}
