//! Programs that must not compile: nobody outside of this crate so much as names a caller.
//!
//! The twin names something that is there to be named.

/// ```compile_fail,E0603
/// use mailward_web::caller::Caller;
/// fn tenant(_: Caller) {}
/// ```
/// ```
/// use mailward_web::WebConfig as Caller;
/// fn tenant(_: Caller) {}
/// ```
mod a_caller_is_nobodys_to_make {}
