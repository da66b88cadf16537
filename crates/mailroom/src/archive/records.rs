//! The lines of an archive. Names are the archive's own contract: they change with its version alone.

use std::collections::BTreeMap;

use mailward_mail::id::{EventId, InboxId, MessageId, WebhookId};
use serde::{Deserialize, Serialize};

use crate::snapshot::Meta;

/// The version of the format.
pub(crate) const FORMAT: &str = "mailward-archive-1";

/// `archive.json`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) format: String,
    pub(crate) tenant: String,
    pub(crate) region: String,
    pub(crate) plan: String,
    /// The mail host of the deployment it comes from.
    pub(crate) deployment: String,
    pub(crate) created_at: String,
}

/// What the manifest says, and signs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) format: String,
    pub(crate) tenant: String,
    pub(crate) deployment: String,
    pub(crate) created_at: String,
    /// Files without `SHA256SUMS` and the manifest.
    pub(crate) files: u64,
    /// SHA-256 of `SHA256SUMS`, in hexadecimal.
    pub(crate) sums: String,
    pub(crate) counts: Counts,
}

/// How much of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counts {
    /// Inboxes with an address of their own.
    pub inboxes: u64,
    /// Addresses of deleted inboxes: nobody else may get them.
    pub retired_addresses: u64,
    /// Webhook endpoints.
    pub webhooks: u64,
    /// API keys.
    pub keys: u64,
    /// Messages that agents see.
    pub delivered: u64,
    /// Messages that wait for a person.
    pub held: u64,
    /// Messages that a person rejected.
    pub rejected: u64,
    /// Events.
    pub events: u64,
    /// Rows of the audit chain.
    pub audit: u64,
}

impl Counts {
    /// Messages in whatever state.
    pub fn messages(&self) -> u64 {
        self.delivered + self.held + self.rejected
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InboxRecord {
    pub(crate) id: InboxId,
    pub(crate) address: String,
    pub(crate) display_name: String,
    pub(crate) is_active: bool,
    pub(crate) paused_at: Option<i64>,
    pub(crate) next_seq: i64,
    pub(crate) email_count: i64,
    pub(crate) last_at: i64,
    pub(crate) created_at: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) deleted_at: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WebhookRecord {
    pub(crate) id: WebhookId,
    pub(crate) inbox_id: Option<InboxId>,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) events: Vec<String>,
    pub(crate) include: String,
    pub(crate) is_active: bool,
    pub(crate) created_at: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyRecord {
    pub(crate) keyid: String,
    pub(crate) inbox_id: Option<InboxId>,
    pub(crate) scopes: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) last4: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) last_used_at: Option<i64>,
    pub(crate) networks: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MessageRecord {
    pub(crate) id: MessageId,
    pub(crate) inbox_id: InboxId,
    pub(crate) direction: String,
    /// `delivered`, `held`, `rejected`.
    pub(crate) state: String,
    pub(crate) seq: Option<i64>,
    pub(crate) received_at: i64,
    pub(crate) available_at: Option<i64>,
    pub(crate) is_read: bool,
    pub(crate) level: String,
    pub(crate) score: i64,
    pub(crate) model: String,
    pub(crate) decided_at: Option<i64>,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_reason: Option<String>,
    /// Of a mail that went: how it fared with each recipient, hidden copies too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) recipients: Vec<RecipientRecord>,
    /// Sender, subject, the verdict with its findings, sender authentication, the envelope.
    pub(crate) summary: Meta,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RecipientRecord {
    pub(crate) address: String,
    pub(crate) status: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EventRecord {
    pub(crate) id: EventId,
    pub(crate) kind: String,
    pub(crate) inbox_id: Option<InboxId>,
    pub(crate) message_id: Option<MessageId>,
    pub(crate) created_at: i64,
}

/// A row of the audit chain, in the form in which the API shows it. Without the sealed bytes: `sealed` is their digest,
/// which the hash covers, and `reason` is what they said.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AuditRecord {
    pub(crate) seq: i64,
    pub(crate) at: String,
    pub(crate) actor_kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) actor: Option<String>,
    pub(crate) action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<String>,
    pub(crate) outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) network: Option<String>,
    pub(crate) detail: serde_json::Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sealed: Option<String>,
    pub(crate) prev: String,
    pub(crate) hash: String,
}
