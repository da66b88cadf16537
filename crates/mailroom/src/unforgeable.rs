//! Programs that must not compile: a principal comes from a token that was checked, and stays what it is.
//!
//! Each stands beside a twin that differs in the forbidden thing alone and must compile.

/// ```compile_fail,E0451
/// use mailward_mailroom::access::Principal;
/// fn principal(held: mailward_store::Authenticated) -> Principal {
///     Principal { held }
/// }
/// ```
/// ```
/// use mailward_mailroom::access::{Denied, Principal};
/// async fn principal(room: mailward_mailroom::Mailroom, token: &str) -> Result<Principal, Denied> {
///     room.principal(token, std::net::Ipv4Addr::LOCALHOST.into()).await
/// }
/// ```
mod a_principal_is_not_made {}

/// ```compile_fail,E0616
/// use mailward_mailroom::access::Principal;
/// fn becomes(mut bob: Principal, ada: mailward_store::Tenant) -> Principal {
///     bob.held.tenant = ada;
///     bob
/// }
/// ```
/// ```
/// use mailward_mailroom::access::Principal;
/// fn becomes(bob: Principal, ada: mailward_store::Tenant) -> bool {
///     bob.tenant().id() == ada.id()
/// }
/// ```
mod a_principal_does_not_become_another {}

/// Keys stay in the mailroom.
/// ```compile_fail,E0616
/// use mailward_mailroom::Mailroom;
/// fn keys(room: &Mailroom) -> impl Sized {
///     room.0.clone()
/// }
/// ```
/// ```
/// use mailward_mailroom::Mailroom;
/// fn keys(room: &Mailroom) -> impl Sized {
///     room.clone()
/// }
/// ```
mod a_mailroom_is_not_taken_apart {}
