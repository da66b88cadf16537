//! Programs that must not compile: nobody outside of this crate makes a [`Tenant`](crate::Tenant), a
//! [`Scope`](crate::Scope) or an [`Operator`](crate::Operator), takes one apart, or turns one into another's.
//!
//! Each stands beside a twin that differs in the forbidden thing alone and must compile, so that the first one fails
//! for that reason and not for a misspelt name.

/// A tenant is not made of its parts.
/// ```compile_fail,E0451
/// use mailward_store::{Store, Tenant};
/// fn ada(store: Store, id: mailward_mail::id::TenantId) -> Tenant {
///     Tenant { store, id, region: "local".into() }
/// }
/// ```
/// Whoever has one may copy it.
/// ```
/// use mailward_store::{Store, Tenant};
/// fn ada(_: Store, tenant: &Tenant) -> Tenant {
///     tenant.clone()
/// }
/// ```
mod a_tenant_is_not_made {}

/// One tenant does not become another by a change of its id.
/// ```compile_fail,E0451
/// use mailward_store::Tenant;
/// fn becomes(bob: Tenant, id: mailward_mail::id::TenantId) -> Tenant {
///     Tenant { id, ..bob }
/// }
/// ```
/// ```compile_fail,E0616
/// use mailward_store::Tenant;
/// fn becomes(mut bob: Tenant, id: mailward_mail::id::TenantId) -> Tenant {
///     bob.id = id;
///     bob
/// }
/// ```
/// Its id may be looked at.
/// ```
/// use mailward_store::Tenant;
/// fn becomes(bob: Tenant, id: mailward_mail::id::TenantId) -> bool {
///     *bob.id() == id
/// }
/// ```
mod a_tenant_does_not_become_another {}

/// No store hands out a tenant for a slug.
/// ```compile_fail,E0624
/// use mailward_store::{Store, Tenant};
/// fn ada(store: Store, id: mailward_mail::id::TenantId) -> Tenant {
///     store.tenant(id, "local")
/// }
/// ```
/// An operator may ask, and then it is an operator's act.
/// ```
/// use mailward_store::{Operator, Result, Tenant};
/// async fn ada(operator: Operator, id: mailward_mail::id::TenantId) -> Result<Option<Tenant>> {
///     Ok(operator.tenant(&id).await?.map(|(_, tenant)| tenant))
/// }
/// ```
mod a_store_hands_out_no_tenant {}

/// A tenant holds the store, and does not give it away.
/// ```compile_fail,E0451
/// use mailward_store::{Store, Tenant};
/// fn store(tenant: Tenant) -> Store {
///     let Tenant { store, .. } = tenant;
///     store
/// }
/// ```
/// ```
/// use mailward_store::{Result, Scope, Tenant};
/// async fn store(tenant: Tenant) -> Result<Scope> {
///     let scope = tenant.read().await;
///     scope
/// }
/// ```
mod a_tenant_is_not_taken_apart {}

/// A scope is entered through its tenant alone.
/// ```compile_fail,E0624
/// use mailward_store::{Result, Scope, Store};
/// async fn enter(store: Store, tx: impl Sized, id: mailward_mail::id::TenantId) -> Result<Scope> {
///     Scope::enter(store, panic!(), id).await
/// }
/// ```
/// ```
/// use mailward_store::{Result, Scope, Tenant};
/// async fn enter(tenant: Tenant) -> Result<Scope> {
///     Tenant::write(&tenant).await
/// }
/// ```
mod a_scope_is_entered_through_its_tenant {}

/// A scope has no way to another tenant: it neither switches, nor is it told another id.
/// ```compile_fail,E0624
/// use mailward_store::{Result, Scope};
/// async fn cross(mut scope: Scope, bob: mailward_mail::id::TenantId) -> Result<()> {
///     scope.switch(&bob).await
/// }
/// ```
/// ```compile_fail,E0616
/// use mailward_store::{Result, Scope};
/// async fn cross(mut scope: Scope, bob: mailward_mail::id::TenantId) -> Result<()> {
///     scope.tenant = bob;
///     scope.commit().await
/// }
/// ```
/// ```
/// use mailward_store::{Result, Scope};
/// async fn cross(scope: Scope, _: mailward_mail::id::TenantId) -> Result<()> {
///     scope.commit().await
/// }
/// ```
mod a_scope_has_no_way_to_another_tenant {}

/// Nor does a scope lend its transaction for statements of somebody else's making.
/// ```compile_fail,E0616
/// use mailward_store::Scope;
/// fn statement(scope: Scope) -> impl Sized {
///     scope.tx
/// }
/// ```
/// ```
/// use mailward_store::Scope;
/// fn statement(scope: Scope) -> impl Sized {
///     scope
/// }
/// ```
mod a_scope_lends_no_transaction {}

/// An operator is whoever holds an operator's token, not whoever says so.
/// ```compile_fail,E0451
/// use mailward_store::{Operator, Store};
/// fn operator(store: Store, keyid: String) -> Operator {
///     Operator { store, keyid }
/// }
/// ```
/// ```
/// use mailward_store::{Operator, Result, Store};
/// async fn operator(store: Store, keyid: String) -> Result<Option<Operator>> {
///     store.operator(&keyid, &[0; 32]).await
/// }
/// ```
mod an_operator_is_not_made {}

/// The tenant of a link is found for a link that was verified, not for one that was read.
/// ```compile_fail,E0308
/// use mailward_store::{Result, Store, Tenant};
/// async fn follow(store: Store, link: mailward_vault::SignedLink) -> Result<Option<Tenant>> {
///     store.tenant_of_link(&link).await
/// }
/// ```
/// ```
/// use mailward_store::{Result, Store, Tenant};
/// async fn follow(store: Store, link: mailward_vault::signed::Verified) -> Result<Option<Tenant>> {
///     store.tenant_of_link(&link).await
/// }
/// ```
mod a_link_that_was_not_verified_leads_nowhere {}
