//! The tenant as the key sees it.

use mailward_store::Scopes;
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use super::{Context, Tool};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Show {}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Account {
    /// The tenant.
    id: String,
    plan: String,
    /// The inbox that your key is bound to; null: it reaches all of the tenant's.
    inbox_id: Option<String>,
    /// What your key may do.
    scopes: Vec<&'static str>,
    inbox_count: i64,
    /// Null is no limit.
    max_inboxes: Option<u64>,
    /// Mails ever received.
    total_emails_received: i64,
    /// Whether your key may send mail.
    can_send: bool,
    /// Recipients a day; null is no limit.
    daily_sends: Option<u64>,
    created_at: String,
}

pub(super) fn show() -> Tool {
    const ABOUT: &str =
        "Tells whose account this is, what your key may do, and how many inboxes and sends are left.";
    let run = |call: Context, _: Show| async move {
        let principal = call.caller.principal();
        let standing = call.room.account(principal).await?;
        let limit = |value: u64| Some(value).filter(|value| *value > 0);
        Ok(Account {
            id: principal.tenant().id().to_string(),
            plan: standing.account.plan,
            inbox_id: principal.inbox().map(ToString::to_string),
            scopes: principal.scopes().names(),
            inbox_count: standing.account.inboxes,
            max_inboxes: limit(standing.plan.max_inboxes),
            total_emails_received: standing.account.received,
            can_send: principal.scopes().contains(Scopes::SEND),
            daily_sends: limit(standing.plan.daily_sends),
            created_at: standing.account.created_at.to_string(),
        })
    };
    Tool::new("get_account", "Show the account", ABOUT, run).needs(Scopes::NONE)
}
