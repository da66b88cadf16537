//! The routes of operators, a file per noun. Content of mail is reached by break-glass alone.

pub(crate) mod archives;
pub(crate) mod audit;
pub(crate) mod brand;
pub(crate) mod domains;
pub(crate) mod gate;
pub(crate) mod glass;
pub(crate) mod inboxes;
pub(crate) mod isolation;
pub(crate) mod keys;
pub(crate) mod nodes;
pub(crate) mod offboarding;
pub(crate) mod people;
pub(crate) mod standing;
pub(crate) mod tenants;
pub(crate) mod usage;
