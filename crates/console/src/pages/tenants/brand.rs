//! A tenant's own brand, as the operator's staff see and change it.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use mailward_mail::id::TenantId;
use mailward_mailroom::brand::{Accent, BrandRequest, BrandView};
use mailward_store::{Operator, Role};

use crate::Desk;
use crate::door::Form;
use crate::fields::Fields;
use crate::trouble::Trouble;

/// What stands in the form.
pub(super) struct BrandForm {
    pub(super) name: String,
    pub(super) accent: String,
    pub(super) accent_dark: String,
    pub(super) support: String,
    pub(super) host: String,
    /// Of what kind its logo is, and how large.
    pub(super) logo: Option<String>,
}

impl BrandForm {
    pub(super) async fn of(desk: &Desk, operator: &Operator, id: &TenantId) -> Result<Self, Trouble> {
        let BrandView { brand, host, .. } =
            desk.room.tenant_brand(operator, id).await?.ok_or(Trouble::NotFound)?;
        let colour = |accent: Option<Accent>| accent.map(|one| one.colour().to_string()).unwrap_or_default();
        Ok(Self {
            accent: colour(brand.accent),
            accent_dark: colour(brand.accent_dark),
            name: brand.name.map(|name| name.as_str().to_owned()).unwrap_or_default(),
            support: brand.support.map(|link| link.as_str().to_owned()).unwrap_or_default(),
            host: host.map(|host| host.as_str().to_owned()).unwrap_or_default(),
            logo: brand.logo.map(|logo| {
                format!(
                    "{} of {} × {} pixels",
                    logo.kind().extension().to_uppercase(),
                    logo.width(),
                    logo.height()
                )
            }),
        })
    }
}

/// `POST /console/tenants/{tenant}/brand`: all of it, as it stands in the form.
pub(crate) async fn brand(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let operator = seat.operator(Role::Admin)?;
    let id = TenantId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let present = desk.room.tenant_brand(&operator, &id).await?.ok_or(Trouble::NotFound)?;
    let kept = present.brand.logo.filter(|_| fields.text("without_logo") != "1");
    let kept = kept.map(|logo| logo.bytes().to_vec());
    let wanted = BrandRequest {
        name: text(&fields, "name"),
        logo: fields.file("logo").map(<[u8]>::to_vec).or(kept),
        accent: text(&fields, "accent"),
        accent_dark: text(&fields, "accent_dark"),
        support_url: text(&fields, "support_url"),
        host: text(&fields, "host"),
    };
    if wanted.is_empty() {
        desk.room.remove_tenant_brand(&operator, &id).await?.ok_or(Trouble::NotFound)?;
    } else {
        desk.room.set_tenant_brand(&operator, &id, wanted).await?.ok_or(Trouble::NotFound)?;
    }
    Ok(Redirect::to(&format!("/console/tenants/{id}?done=branded")).into_response())
}

fn text(fields: &Fields, name: &str) -> Option<String> {
    Some(fields.text(name).trim().to_owned()).filter(|text| !text.is_empty())
}
