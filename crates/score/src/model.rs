//! The trained model: what a text's windows look like beside those of injections that were learnt from.

pub(crate) mod features;
pub(crate) mod words;
