//! Rows of the audit log as they are shown, to a tenant and to operators.

use mailward_mail::clock::Timestamp;
use mailward_store::audit::link::hex;
use mailward_store::audit::rows::Entry;
use mailward_store::audit::verify::Walked;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// One row of a chain. Hashes are in hex; how they are computed is in `docs/audit.md`.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryView {
    /// From 1, without a gap.
    seq: i64,
    /// When.
    at: String,
    /// `key`, `operator`, `service` or `sender`.
    actor_kind: String,
    /// The public id of the actor's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// What was done, such as `mail.release`.
    action: String,
    /// To what.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    /// `done`, `refused` or `failed`.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// The client's network: /24 or /48.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    /// Numbers and words.
    #[schema(value_type = Object)]
    detail: Value,
    /// What a person gave as the reason; for the tenant alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// SHA-256 of the sealed reason, which the hash covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
    prev: String,
    hash: String,
}

/// What a walk along a chain found.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditWalk)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WalkView {
    /// The tenant, or `~system`.
    chain: String,
    /// Rows that hold.
    rows: u64,
    /// The hash of the last of them.
    head: String,
    /// Whether all hold.
    ok: bool,
    /// The first row that does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_bad: Option<i64>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

impl EntryView {
    pub(crate) fn of(entry: Entry, reason: Option<String>) -> Self {
        let row = entry.row;
        Self {
            seq: entry.seq,
            at: Timestamp(row.at).to_string(),
            actor_kind: row.actor_kind,
            actor: row.actor,
            action: row.action,
            object: row.object,
            outcome: row.outcome,
            request_id: row.request_id,
            network: row.network,
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
            reason,
            sealed: row.sealed,
            prev: hex(&entry.prev),
            hash: hex(&entry.hash),
        }
    }
}

impl From<Walked> for WalkView {
    fn from(walked: Walked) -> Self {
        let (first_bad, problem) = walked.fault.map(|fault| (fault.seq, fault.what)).unzip();
        Self {
            chain: walked.chain,
            rows: walked.rows,
            head: hex(&walked.head),
            ok: first_bad.is_none(),
            first_bad,
            problem,
        }
    }
}
