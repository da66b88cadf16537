//! The pages, a file for each.

pub(crate) mod invitation;
pub(crate) mod people;
pub(crate) mod review;
pub(crate) mod sign_in;
