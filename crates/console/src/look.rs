//! What a page wears: a brand's name, logo and colours, ready for templates, and the two files that they need.
//!
//! Their names hold a digest of what is in them, so that a browser may keep them and nobody finds those of a brand that was
//! not shown to her. The policy of pages lets nothing stand inline, so colours are a small style sheet of their own.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::{FromRequestParts, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use mailward_fair::Lru;
use mailward_mail::id::TenantId;
use mailward_mailroom::brand::{Accent, Brand, OwnBrand, Picture};
use sha2::{Digest, Sha256};

use crate::door::Seat;
use crate::trouble::Trouble;
use crate::{Desk, asked, assets};

/// What the service is called where nobody chose a name.
const NAME: &str = "Mailward";
/// Of a logo that is opened by itself: it runs nothing and loads nothing, whatever a browser takes it for.
const LOGO_POLICY: &str = "sandbox; default-src 'none'";
/// Tenants' looks that are kept.
const KEPT: usize = 256;

/// See the module.
pub(crate) struct Look {
    pub(crate) name: String,
    pub(crate) support: Option<String>,
    /// Style sheets, the later ones over the earlier.
    pub(crate) sheets: Vec<String>,
    pub(crate) icon: Icon,
    pub(crate) logo: Option<Logo>,
    /// Files that are this look's own.
    files: Vec<File>,
}

/// What stands in a browser's tab.
pub(crate) struct Icon {
    pub(crate) src: String,
    pub(crate) kind: &'static str,
}

/// A logo, as a page names it.
pub(crate) struct Logo {
    pub(crate) src: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

struct File {
    name: String,
    kind: &'static str,
    body: Body,
}

enum Body {
    Colours(String),
    Logo(Arc<Picture>),
}

impl Look {
    /// What a brand looks like; where it says nothing, the service's own.
    pub(crate) fn of(brand: &Brand) -> Self {
        let mut look = Self {
            name: brand.name.as_ref().map_or(NAME, |name| name.as_str()).to_owned(),
            support: brand.support.as_ref().map(|link| link.as_str().to_owned()),
            sheets: vec![assets::style()],
            icon: Icon { src: assets::icon(), kind: "image/svg+xml" },
            logo: None,
            files: Vec::new(),
        };
        let colours = colours(brand);
        if !colours.is_empty() {
            let name = format!("colours.{}.css", digest(colours.as_bytes()));
            look.sheets.push(place(&name));
            look.files.push(File { name, kind: "text/css; charset=utf-8", body: Body::Colours(colours) });
        }
        if let Some(picture) = &brand.logo {
            let (kind, end) = (picture.kind().media_type(), picture.kind().extension());
            let name = format!("logo.{}.{end}", digest(picture.bytes()));
            look.icon = Icon { src: place(&name), kind };
            look.logo = Some(Logo { src: place(&name), width: picture.width(), height: picture.height() });
            look.files.push(File { name, kind, body: Body::Logo(Arc::clone(picture)) });
        }
        look
    }

    fn file(&self, name: &str) -> Option<Response> {
        let file = self.files.iter().find(|file| file.name == name)?;
        let body = match &file.body {
            Body::Colours(text) => text.clone().into_response(),
            Body::Logo(picture) => picture.bytes().to_vec().into_response(),
        };
        let mut response = body;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.kind));
        // Private: whose it is may hang on a session.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(LOGO_POLICY));
        Some(response)
    }
}

/// A look, and the brand it was made of.
type Made = (Arc<OwnBrand>, Arc<Look>);

/// The looks of the deployment and of the tenants that were shown of late.
pub(crate) struct Looks {
    brand: Brand,
    deployment: Arc<Look>,
    tenants: Mutex<Lru<TenantId, Made>>,
}

impl Looks {
    pub(crate) fn new(brand: Brand) -> Self {
        let deployment = Arc::new(Look::of(&brand));
        Self { brand, deployment, tenants: Mutex::new(Lru::new(KEPT)) }
    }

    /// The deployment's own.
    pub(crate) fn deployment(&self) -> Arc<Look> {
        Arc::clone(&self.deployment)
    }
}

impl Desk {
    /// What a tenant's pages wear. A brand that cannot be opened now keeps nobody from working.
    async fn look_of(&self, tenant: &TenantId) -> Arc<Look> {
        let own = match self.room.own_brand(tenant).await {
            Ok(Some(own)) => own,
            Ok(None) => return self.looks.deployment(),
            Err(error) => {
                tracing::warn!(%error, tenant_id = %tenant, "a tenant's brand could not be opened");
                return self.looks.deployment();
            }
        };
        let mut looks = self.looks.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, look)) = looks.get(tenant)
            && Arc::ptr_eq(known, &own)
        {
            return Arc::clone(look);
        }
        let look = Arc::new(Look::of(&own.brand.clone().or(&self.looks.brand)));
        looks.put(tenant.clone(), (own, Arc::clone(&look)));
        look
    }
}

/// What a request's pages wear: at first what its host does, then what her organisation does who turns out to ask.
#[derive(Clone)]
pub(crate) struct Worn {
    host: Arc<Look>,
    /// Whose people alone come in at this host; none: everybody.
    tenant: Option<TenantId>,
    member: Arc<OnceLock<Arc<Look>>>,
}

impl Worn {
    /// What the deployment's pages wear.
    pub(crate) fn deployment(desk: &Desk) -> Self {
        Self { host: desk.looks.deployment(), tenant: None, member: Arc::default() }
    }

    /// What pages wear at the host that is asked for.
    pub(crate) async fn at(headers: &HeaderMap, desk: &Desk) -> Result<Self, Trouble> {
        let plain = Self::deployment(desk);
        let Some(host) = asked::host(headers, desk) else { return Ok(plain) };
        let Some(tenant) = desk.room.tenant_at(&host).await? else { return Ok(plain) };
        Ok(Self { host: desk.look_of(&tenant).await, tenant: Some(tenant), ..plain })
    }

    /// Whose people alone come in here.
    pub(crate) fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// Whether people of that organisation, or of the operator's staff, come in here.
    pub(crate) fn lets_in(&self, organisation: Option<&str>) -> bool {
        self.tenant.as_ref().is_none_or(|tenant| organisation == Some(tenant.as_str()))
    }

    /// From here on what the pages of that tenant wear.
    pub(crate) async fn wear(&self, desk: &Desk, tenant: &TenantId) {
        let look = desk.look_of(tenant).await;
        // A request has one person; a second note would be the same.
        let _ = self.member.set(look);
    }

    /// The look.
    pub(crate) fn look(&self) -> Arc<Look> {
        Arc::clone(self.member.get().unwrap_or(&self.host))
    }
}

impl FromRequestParts<Desk> for Worn {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_else(|| Self::deployment(desk)))
    }
}

/// `GET /console/brand/{file}`: of the host's look, or of hers who is signed in.
pub(crate) async fn show(
    State(desk): State<Desk>,
    worn: Worn,
    seat: Result<Seat, Trouble>,
    Path(file): Path<String>,
) -> Response {
    let own = seat.ok().and_then(|seat| seat.look().file(&file));
    // Pages from before she signed in may still be asking.
    let found = own.or_else(|| worn.look().file(&file)).or_else(|| desk.looks.deployment.file(&file));
    found.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// The colours of a brand over those of the style sheet, each for its scheme.
fn colours(brand: &Brand) -> String {
    let mut sheet = String::new();
    for (scheme, accent) in [("light", brand.accent), ("dark", brand.accent_dark)] {
        let Some(accent) = accent else { continue };
        sheet.push_str(&rules(scheme, accent));
    }
    sheet
}

/// A button is not made lighter under the pointer: its colour may be as light as its text bears.
fn rules(scheme: &str, accent: Accent) -> String {
    let (colour, ink, wash) = (accent.colour(), accent.ink(), accent.wash());
    format!(
        "@media (prefers-color-scheme: {scheme}) {{ :root {{ --accent: {colour}; --accent-ink: {ink}; --accent-wash: {wash}; }} \
         .button.primary:hover {{ filter: none; text-decoration: underline; }} }}\n"
    )
}

fn place(name: &str) -> String {
    format!("/console/brand/{name}")
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use mailward_mailroom::brand::Scheme;

    use super::*;

    #[test]
    fn the_grounds_that_colours_are_measured_on_are_those_of_the_style_sheet() {
        let sheet = include_str!("../assets/console.css");
        let (light, dark) = sheet.split_once("@media (prefers-color-scheme: dark)").expect("both schemes");
        for (scheme, part) in [(Scheme::Light, light), (Scheme::Dark, dark)] {
            for (name, (ground, _)) in ["ground", "sheet", "sunken"].into_iter().zip(scheme.grounds()) {
                let first = part.split(&format!("--{name}: ")).nth(1).expect("it is there");
                assert!(first.starts_with(&format!("{ground};")), "{scheme:?} {name} is not {ground}");
            }
        }
    }

    #[test]
    fn a_brand_without_colours_needs_no_sheet_of_its_own() {
        let plain = Look::of(&Brand::default());
        assert_eq!((plain.name.as_str(), plain.sheets.len(), plain.files.len()), ("Mailward", 1, 0));
        let accent = Accent::parse("#2747a6", Scheme::Light).ok();
        let blue = Look::of(&Brand { accent, ..Brand::default() });
        assert_eq!(blue.sheets.len(), 2);
        let sheet = colours(&Brand { accent, ..Brand::default() });
        assert!(sheet.contains("(prefers-color-scheme: light)") && !sheet.contains("dark"), "{sheet}");
        assert!(blue.file("colours.css").is_none() && blue.file(&blue.files[0].name).is_some());
    }
}
