//! What one tenant's scope can do, a file per noun. Every statement names the tenant.

pub(crate) mod account;
pub(crate) mod acts;
pub(crate) mod allowed;
pub(crate) mod archive;
pub(crate) mod conversation;
pub(crate) mod decision;
pub(crate) mod erase;
pub(crate) mod event;
pub(crate) mod idempotency;
pub(crate) mod inbox;
pub(crate) mod judging;
pub(crate) mod key;
pub(crate) mod leaving;
pub(crate) mod message;
pub(crate) mod notice;
pub(crate) mod outgoing;
pub(crate) mod part;
pub(crate) mod policy;
pub(crate) mod rejudged;
pub(crate) mod review;
pub(crate) mod rotation;
pub(crate) mod search;
pub(crate) mod send_use;
pub(crate) mod thread;
pub(crate) mod usage;
pub(crate) mod webhook;
