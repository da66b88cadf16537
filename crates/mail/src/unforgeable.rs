//! Programs that must not compile: which tenant acts is never read out of a request.
//!
//! The twin differs in the kind of id alone and must compile.

/// ```compile_fail,E0277
/// fn read<'a, T: serde::Deserialize<'a>>() {}
/// read::<mailward_mail::id::TenantId>();
/// ```
/// ```
/// fn read<'a, T: serde::Deserialize<'a>>() {}
/// read::<mailward_mail::id::InboxId>();
/// ```
mod a_tenant_is_not_read_out_of_a_request {}
