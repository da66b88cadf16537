//! A tenant's own brand: chosen by an operator, sealed with the tenant's key, gone with the tenant.
//!
//! Why sealed, where people see most of it before they sign in: they see it at the tenant's own host, and there alone. Whoever
//! finds the database learns no customer's name from it, and what is destroyed with the tenant's key is destroyed in every
//! backup. The key is at hand anyway, and an opened brand is kept.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::{Act, Action, Actor, BrandRow, Operator, Tenant};
use serde::{Deserialize, Serialize};

use super::{Accent, Brand, BrandName, Host, OwnBrand, Picture, Scheme, SupportLink};
use crate::{Error, Mailroom, Result};

/// Where it is sealed to.
const PLACE: &str = "brand";

/// What a tenant's brand is to be; what is absent is the deployment's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrandRequest {
    /// What the service is called.
    pub name: Option<String>,
    /// The file of its logo.
    pub logo: Option<Vec<u8>>,
    /// `#rrggbb`, for light grounds.
    pub accent: Option<String>,
    /// Likewise for dark ones.
    pub accent_dark: Option<String>,
    /// Where people find help.
    pub support_url: Option<String>,
    /// The host at which its people, and nobody else, come in.
    pub host: Option<String>,
}

impl BrandRequest {
    /// Whether nothing is chosen.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A tenant's own brand; empty where it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrandView {
    /// What was chosen.
    pub brand: Brand,
    /// The host at which its people come in.
    pub host: Option<Host>,
    /// Since when; none: it has none.
    pub changed_at: Option<Timestamp>,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Stored {
    name: Option<String>,
    logo: Option<String>,
    accent: Option<String>,
    accent_dark: Option<String>,
    support_url: Option<String>,
}

impl Mailroom {
    /// What a tenant has of a brand of its own. `None`: no such tenant.
    pub async fn tenant_brand(&self, operator: &Operator, id: &TenantId) -> Result<Option<BrandView>> {
        let Some(tenant) = self.tenant_to_brand(operator, id).await? else { return Ok(None) };
        let Some(row) = tenant.read().await?.brand().await? else { return Ok(Some(BrandView::default())) };
        let OwnBrand { brand, host, .. } = self.open_brand(&tenant, &row).await?;
        Ok(Some(BrandView { brand, host, changed_at: Some(row.changed_at) }))
    }

    /// Gives a tenant a brand, in place of what it had. `None`: no such tenant.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the part that will not do; [`Error::Conflict`] when another tenant has the host.
    pub async fn set_tenant_brand(
        &self,
        operator: &Operator,
        id: &TenantId,
        request: BrandRequest,
    ) -> Result<Option<BrandView>> {
        let Some(tenant) = self.tenant_to_brand(operator, id).await? else { return Ok(None) };
        let host = request.host.as_deref().map(Host::parse).transpose();
        let host = host.map_err(|bad| Error::invalid("host", bad.to_string()))?;
        if host.is_some() && host == self.0.config.own_host {
            return Err(Error::invalid("host", "is the service's own, at which everybody comes in"));
        }
        let brand = parse(request)?;
        let sealed = serde_json::to_string(&Stored::of(&brand)).expect("texts are JSON");
        let sealed = self.seal_small(&tenant, PLACE, &sealed).await?;
        let now = self.0.clock.now();
        let mut scope = tenant.write().await?;
        // Another moment than the last one, by which others know that it changed.
        let last = scope.brand().await?.map_or(Timestamp(0), |row| row.changed_at);
        let changed_at = Timestamp(now.millis().max(last.millis() + 1));
        let row = BrandRow { host: host.as_ref().map(|host| host.as_str().to_owned()), changed_at, sealed };
        scope.set_brand(&row).await.map_err(|error| match error.is_unique_violation() {
            true => Error::Conflict("another tenant has this host"),
            false => error.into(),
        })?;
        let act = act(Action::BrandSet, operator, id);
        let act = match &row.host {
            Some(host) => act.word("host", host),
            None => act,
        };
        scope.audit(&act, now).await?;
        scope.commit().await?;
        self.0.brands.changed();
        Ok(Some(BrandView { brand, host, changed_at: Some(changed_at) }))
    }

    /// Takes a tenant's brand away: its people see the deployment's. `None`: no such tenant; `false`: it has none.
    pub async fn remove_tenant_brand(&self, operator: &Operator, id: &TenantId) -> Result<Option<bool>> {
        let Some(tenant) = self.tenant_to_brand(operator, id).await? else { return Ok(None) };
        let mut scope = tenant.write().await?;
        if !scope.remove_brand().await? {
            return Ok(Some(false));
        }
        scope.audit(&act(Action::BrandRemoved, operator, id), self.0.clock.now()).await?;
        scope.commit().await?;
        self.0.brands.changed();
        Ok(Some(true))
    }

    /// Opens what is stored. What would not be taken today is left out: nobody is shown it, and it can be chosen anew.
    pub(super) async fn open_brand(&self, tenant: &Tenant, row: &BrandRow) -> Result<OwnBrand> {
        let json = self.open_small(tenant, PLACE, &row.sealed).await?;
        let stored: Stored =
            serde_json::from_str(&json).map_err(|_| Error::Damaged("a brand cannot be read"))?;
        let logo = stored
            .logo
            .and_then(|text| STANDARD.decode(text).ok())
            .and_then(|bytes| Picture::read(bytes).ok());
        let accent = |text: Option<String>, scheme| text.and_then(|text| Accent::parse(&text, scheme).ok());
        let brand = Brand {
            name: stored.name.and_then(|text| BrandName::parse(&text).ok()),
            logo: logo.map(Arc::new),
            accent: accent(stored.accent, Scheme::Light),
            accent_dark: accent(stored.accent_dark, Scheme::Dark),
            support: stored.support_url.and_then(|text| SupportLink::parse(&text).ok()),
        };
        let host = row.host.as_deref().and_then(|host| Host::parse(host).ok());
        Ok(OwnBrand { tenant: tenant.id().clone(), brand, host })
    }

    async fn tenant_to_brand(&self, operator: &Operator, id: &TenantId) -> Result<Option<Tenant>> {
        let Some((row, tenant)) = operator.tenant(id).await?.filter(|(row, _)| !row.state.is_gone()) else {
            return Ok(None);
        };
        if !self.0.config.serves(&row.region) {
            return Err(Error::WrongRegion(row.region));
        }
        Ok(Some(tenant))
    }
}

fn act<'a>(action: Action, operator: &'a Operator, id: &'a TenantId) -> Act<'a> {
    Act::new(action).by(Actor::Operator(operator.keyid())).from(operator.origin()).on(id.as_str())
}

fn parse(request: BrandRequest) -> Result<Brand> {
    fn part<T, E: std::fmt::Display>(
        field: &'static str,
        text: Option<String>,
        parse: impl FnOnce(&str) -> std::result::Result<T, E>,
    ) -> Result<Option<T>> {
        text.map(|text| parse(&text)).transpose().map_err(|bad| Error::invalid(field, bad.to_string()))
    }
    let logo = request.logo.map(Picture::read).transpose();
    Ok(Brand {
        name: part("name", request.name, BrandName::parse)?,
        logo: logo.map_err(|bad| Error::invalid("logo", bad.to_string()))?.map(Arc::new),
        accent: part("accent", request.accent, |text| Accent::parse(text, Scheme::Light))?,
        accent_dark: part("accentDark", request.accent_dark, |text| Accent::parse(text, Scheme::Dark))?,
        support: part("supportUrl", request.support_url, SupportLink::parse)?,
    })
}

impl Stored {
    fn of(brand: &Brand) -> Self {
        let colour = |accent: Option<Accent>| accent.map(|accent| accent.colour().to_string());
        Self {
            name: brand.name.as_ref().map(|name| name.as_str().to_owned()),
            logo: brand.logo.as_ref().map(|logo| STANDARD.encode(logo.bytes())),
            accent: colour(brand.accent),
            accent_dark: colour(brand.accent_dark),
            support_url: brand.support.as_ref().map(|link| link.as_str().to_owned()),
        }
    }
}
