//! The pages, a file for each.

pub(crate) mod audit;
pub(crate) mod home;
pub(crate) mod invitation;
pub(crate) mod overview;
pub(crate) mod people;
pub(crate) mod review;
pub(crate) mod sent;
pub(crate) mod service;
pub(crate) mod sign_in;
pub(crate) mod tenants;
pub(crate) mod usage;
