//! The routes of tenants and agents, a file per noun: the handlers and the views they answer with.

pub(crate) mod account;
pub(crate) mod answers;
pub(crate) mod attachments;
pub(crate) mod audit;
pub(crate) mod code;
pub(crate) mod deliveries;
pub(crate) mod domains;
pub(crate) mod emails;
pub(crate) mod events;
pub(crate) mod extraction;
pub(crate) mod files;
pub(crate) mod gate;
pub(crate) mod glass;
mod happening;
pub(crate) mod inboxes;
pub(crate) mod keys;
pub(crate) mod leases;
pub(crate) mod poll;
pub(crate) mod raw;
pub(crate) mod receive_policy;
pub(crate) mod relay;
pub(crate) mod review;
pub(crate) mod safe;
pub(crate) mod search;
pub(crate) mod send;
pub(crate) mod send_policy;
pub(crate) mod signup;
pub(crate) mod socket;
pub(crate) mod statement;
pub(crate) mod stream;
pub(crate) mod suppressions;
pub(crate) mod threads;
pub(crate) mod token_scan;
pub(crate) mod unsubscribe;
pub(crate) mod usage;
pub(crate) mod verify;
pub(crate) mod webhooks;

use serde::Serialize;
use utoipa::ToSchema;

/// What was deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = Deleted)]
pub(crate) struct DeletedView {
    /// Its id.
    id: String,
    /// Always true.
    deleted: bool,
}

impl DeletedView {
    pub(crate) fn of(id: impl Into<String>) -> axum::Json<Self> {
        axum::Json(Self { id: id.into(), deleted: true })
    }
}
