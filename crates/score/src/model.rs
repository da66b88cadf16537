//! The trained model: what a text's windows look like beside those of injections that were learnt from, weighed
//! together with what the rules found.

pub(crate) mod evidence;
pub(crate) mod features;
pub(crate) mod heat;
pub(crate) mod words;
