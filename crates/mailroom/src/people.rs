//! People who sign in at the console, and what they then are to the rest: a [`Principal`] of their tenant, or an
//! [`Operator`].
//!
//! A person is found by keyed digests alone (her address within her organisation, an invitation, a session); what she is
//! called, her password and her second factor are one record, sealed under her tenant's key, or a key of the service for the
//! operator's staff. Knows no cookie and no page.

mod invitations;
mod members;
mod record;
mod sessions;
mod sign_in;

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::{House, Operator, Origin, Person, Role, Scopes};
use zeroize::Zeroizing;

pub use invitations::{Accepted, Invitation, InviteRequest, Invited, Joining};
pub use members::{PersonChange, PersonView};
pub use sign_in::{Refused, SignInRequest};

pub(crate) use sign_in::Doors;

use crate::Mailroom;
use crate::access::Principal;

/// A session that is not used for so long ends.
pub const IDLE: Duration = Duration::from_secs(15 * 60);
/// No session lasts longer.
pub const LONGEST: Duration = Duration::from_secs(8 * 3_600);
/// An invitation that is not taken up ends.
pub const INVITED_FOR: Duration = Duration::from_secs(48 * 3_600);

/// A person who is signed in. Only [`Mailroom::member`] makes one.
#[derive(Clone)]
pub struct Member {
    pub(crate) house: House,
    pub(crate) person: Person,
    name: String,
    email: String,
    proof: String,
    origin: Origin,
    until: Timestamp,
}

/// The secret of a session, for a cookie and nothing else.
pub struct SessionSecret(pub(crate) Zeroizing<String>);

impl SessionSecret {
    /// As it is given away.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Member {
    /// What she is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Her address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Her id.
    pub fn id(&self) -> &str {
        self.person.id.as_str()
    }

    /// What she may do.
    pub fn role(&self) -> Role {
        self.person.role
    }

    /// The slug of her tenant; none: she is of the operator's staff.
    pub fn organisation(&self) -> Option<&str> {
        self.house.tenant().map(|tenant| tenant.id().as_str())
    }

    /// Her tenant; none: she is of the operator's staff.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.house.tenant().map(|tenant| tenant.id())
    }

    /// A word that only pages of this session know: what a form must bring to be hers.
    pub fn proof(&self) -> &str {
        &self.proof
    }

    /// When the session ends, whatever she does.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// The same member, asking from there.
    pub fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// What she is to her tenant; none for the operator's staff.
    pub fn principal(&self) -> Option<Principal> {
        let tenant = self.house.tenant()?;
        Some(Principal::of_person(tenant, &self.person, scopes(self.role())).from(self.origin.clone()))
    }

    /// What she is to the service; none for a tenant's people.
    pub fn operator(&self) -> Option<Operator> {
        Some(self.house.operator(&self.person)?.from(self.origin.clone()))
    }
}

impl Mailroom {
    /// Whose word a decision of a person's is, when she is not there to be asked: she must still be who she was.
    pub(crate) async fn absent_person(
        &self,
        tenant: &mailward_store::Tenant,
        id: &str,
    ) -> crate::Result<Option<Principal>> {
        let Ok(id) = mailward_mail::id::PersonId::parse(id) else { return Ok(None) };
        let person = tenant.house().read().await?.person(&id).await?;
        let active = person.filter(|person| person.state == mailward_store::PersonState::Active);
        Ok(active.map(|person| Principal::of_person(tenant, &person, scopes(person.role))))
    }
}

/// What a role may do at the rest of the service.
fn scopes(role: Role) -> Scopes {
    let looks = Scopes::USAGE.with(Scopes::AUDIT);
    match role {
        Role::Viewer => looks,
        Role::Reviewer => Scopes::REVIEWER,
        Role::Admin => Scopes::REVIEWER.with(Scopes::TENANT),
    }
}
