//! Who is there: a session's cookie in, a [`Seat`] out. Nothing behind the door is reached without one.

mod cookies;
mod form;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use mailward_mailroom::GlassView;
use mailward_mailroom::access::Principal;
use mailward_mailroom::people::Member;
use mailward_store::{Operator, Origin, Role};
use mailward_web::Peer;

pub(crate) use cookies::{Cookies, Jar};
pub(crate) use form::{Form, Letter};

use crate::look::{Look, Worn};
use crate::trouble::Trouble;
use crate::{Desk, Listener};

/// Somebody who is signed in, at the listener that is hers.
#[derive(Clone)]
pub(crate) struct Seat {
    member: Member,
    worn: Worn,
    /// Operators' grants that are open at her tenant: every page of hers says so.
    glasses: Arc<[GlassView]>,
}

/// Where a request comes from.
#[derive(Clone)]
pub(crate) struct From {
    /// The address.
    pub(crate) address: IpAddr,
    /// As logs keep it.
    pub(crate) origin: Origin,
}

impl Seat {
    /// Who.
    pub(crate) fn member(&self) -> &Member {
        &self.member
    }

    /// What her pages wear.
    pub(crate) fn look(&self) -> Arc<Look> {
        self.worn.look()
    }

    /// Grants of operators to read her tenant's mail, that are open now.
    pub(crate) fn glasses(&self) -> &[GlassView] {
        &self.glasses
    }

    /// Whether she may do what such a role may.
    pub(crate) fn may(&self, role: Role) -> bool {
        self.member.role() >= role
    }

    /// The word that her forms bring.
    pub(crate) fn proof(&self) -> &str {
        self.member.proof()
    }

    /// What she is to her tenant, for pages that need such a role.
    pub(crate) fn principal(&self, role: Role) -> Result<Principal, Trouble> {
        self.need(role)?;
        self.member.principal().ok_or(Trouble::NotFound)
    }

    /// What she is to the service, for pages that need such a role.
    pub(crate) fn operator(&self, role: Role) -> Result<Operator, Trouble> {
        self.need(role)?;
        self.member.operator().ok_or(Trouble::NotFound)
    }

    /// That she has at least such a role.
    pub(crate) fn need(&self, role: Role) -> Result<(), Trouble> {
        if self.may(role) { Ok(()) } else { Err(Trouble::Forbidden(role)) }
    }
}

impl FromRequestParts<Desk> for Seat {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Trouble> {
        let jar = Jar::of(&parts.headers, desk);
        let secret = jar.session().ok_or(Trouble::SignIn)?;
        let member = desk.room.member(secret).await?.ok_or(Trouble::SignIn)?;
        // Cookies know no ports: a session of one listener may be shown to the other, and is nobody's there.
        let is_staff = member.organisation().is_none();
        if is_staff != (desk.listener == Listener::Private) {
            return Err(Trouble::SignIn);
        }
        let Ok(worn) = Worn::from_request_parts(parts, desk).await;
        if !worn.lets_in(member.organisation()) {
            return Err(Trouble::SignIn);
        }
        if let Some(tenant) = member.tenant() {
            worn.wear(desk, tenant).await;
        }
        let from = From::of(parts, desk);
        let member = member.from(from.origin);
        let glasses = match member.principal() {
            Some(principal) => desk.room.open_glasses(&principal).await?,
            None => Vec::new(),
        };
        Ok(Self { member, worn, glasses: glasses.into() })
    }
}

impl FromRequestParts<Desk> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts, desk))
    }
}

impl From {
    /// Behind a proxy, the last entry of `X-Forwarded-For` is the proxy's own word.
    fn of(parts: &Parts, desk: &Desk) -> Self {
        let peer = parts.extensions.get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip());
        let header = parts.headers.get_all("x-forwarded-for").iter().next_back();
        let last = header.and_then(|value| value.to_str().ok()).and_then(|list| list.rsplit(',').next());
        let said = last.filter(|_| desk.config.behind_proxy).and_then(|text| text.trim().parse().ok());
        let address: IpAddr = said.unwrap_or(peer);
        let network = match address.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(v6) => {
                let [a, b, c, ..] = v6.segments();
                format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        };
        Self { address, origin: Origin { request_id: None, network: Some(network) } }
    }
}
