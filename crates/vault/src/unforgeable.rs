//! Programs that must not compile: what was verified or opened is not made by hand.
//!
//! Each stands beside a twin that differs in the forbidden thing alone and must compile.

/// ```compile_fail,E0423
/// use mailward_vault::signed::Verified;
/// fn verified(payload: Vec<u8>) -> Verified {
///     Verified(payload)
/// }
/// ```
/// ```
/// use mailward_vault::signed::Verified;
/// fn verified(payload: Verified) -> Vec<u8> {
///     payload.payload().to_vec()
/// }
/// ```
mod a_verified_link_is_not_made {}

/// ```compile_fail,E0616
/// use mailward_vault::signed::Verified;
/// fn changed(mut link: Verified) -> Verified {
///     link.0 = b"bob".to_vec();
///     link
/// }
/// ```
/// ```
/// use mailward_vault::signed::Verified;
/// fn changed(link: Verified) -> Verified {
///     link
/// }
/// ```
mod a_verified_link_is_not_changed {}

/// A message's key comes out of its tenant's key, and its bytes come out of nothing.
/// ```compile_fail,E0616
/// use mailward_vault::MessageKey;
/// fn bytes(key: MessageKey) -> impl Sized {
///     key.0
/// }
/// ```
/// ```
/// use mailward_vault::MessageKey;
/// fn bytes(key: MessageKey) -> impl Sized {
///     key
/// }
/// ```
mod a_message_key_is_not_taken_apart {}

/// ```compile_fail,E0624
/// use mailward_vault::TenantKey;
/// fn key(version: u32, random: &mailward_mail::random::Random) -> TenantKey {
///     TenantKey::new(version, panic!())
/// }
/// ```
/// ```
/// use mailward_vault::TenantKey;
/// fn key(version: u32, random: &mailward_mail::random::Random) -> TenantKey {
///     TenantKey::generate(version, random)
/// }
/// ```
mod a_tenant_key_is_not_chosen {}
