//! The routes of operators, a file per noun. No content of mail is reached from here.

pub(crate) mod inboxes;
pub(crate) mod tenants;
