//! Inboxes: made, listed, deleted.

use std::time::Duration;

use mailward_mail::id::InboxId;
use mailward_mailroom::{InboxRequest, InboxView};
use mailward_store::Scopes;
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use super::{Context, Tool};
use crate::refusal::Refusal;

/// An inbox.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct Inbox {
    inbox_id: String,
    /// Where mail for it is sent.
    address: String,
    /// The name that its owner gave it.
    display_name: Option<String>,
    /// Whether it takes mail.
    is_active: bool,
    /// Mails received so far.
    email_count: i64,
    /// When it ends, ISO 8601; null: never.
    expires_at: Option<String>,
    created_at: String,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Create {
    /// What people see as the sender's name.
    #[serde(default)]
    display_name: Option<String>,
    /// The part before the @, 3 to 64 characters; left out, it is made up and cannot be guessed.
    #[serde(default)]
    local_part: Option<String>,
    /// One of the service's domains.
    #[serde(default)]
    domain: Option<String>,
    /// Your own name for the inbox: a second call with the same finds the first one's inbox.
    #[serde(default)]
    client_id: Option<String>,
    /// Seconds until it ends.
    #[serde(default)]
    expires_in_seconds: Option<u64>,
    /// Any text of yours: a second call with the same makes no second inbox.
    idempotency_key: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Created {
    inbox: Inbox,
    /// False: an equal call made it before.
    created: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct List {
    /// 1 to 100; 20 when left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u8>,
    /// The `cursor` of the answer before.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Inboxes {
    /// Newest first.
    inboxes: Vec<Inbox>,
    /// Give it to the next call for those that follow; absent: these were the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Delete {
    /// Which.
    inbox_id: String,
    /// Its address, so that no other one is deleted by mistake.
    address: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Deleted {
    inbox_id: String,
    deleted: bool,
}

pub(super) fn create() -> Tool {
    const ABOUT: &str = "Makes an e-mail inbox and tells its address. Its mail is then read with check_inbox, \
                         wait_for_email and get_email.";
    let run = |call: Context, asked: Create| async move {
        // Written anew, so that the order of fields makes no other request of it.
        let canonical =
            serde_json::to_vec(&asked).map_err(|_| Refusal::invalid("the arguments cannot be read"))?;
        let request = InboxRequest {
            display_name: asked.display_name,
            local_part: asked.local_part,
            domain: asked.domain,
            client_id: asked.client_id,
            expires_in: asked.expires_in_seconds.map(Duration::from_secs),
            idempotency: None,
        };
        let request = request.idempotent(asked.idempotency_key, &canonical);
        let made = call.room.create_inbox(call.caller.principal(), request).await?;
        // The inbox' own key is shown to nobody here: what a model has read, it can be talked into telling.
        Ok(Created { created: made.token.is_some(), inbox: Inbox::of(made.view) })
    };
    Tool::new("create_inbox", "Create an inbox", ABOUT, run).needs(Scopes::INBOXES).adds().of_tenants()
}

pub(super) fn list() -> Tool {
    const ABOUT: &str = "Lists the inboxes that you reach, with their ids and addresses, newest first.";
    let run = |call: Context, asked: List| async move {
        let limit = usize::from(asked.limit.unwrap_or(20).clamp(1, 100));
        let before = match asked.cursor.as_deref().map(InboxId::parse) {
            None => None,
            Some(Ok(id)) => Some(id),
            Some(Err(_)) => return Err(Refusal::invalid("cursor: is none of ours")),
        };
        let most = limit as i64 + 1;
        let mut found = call.room.inboxes(call.caller.principal(), before.as_ref(), most).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let cursor = found.last().map(|last| last.inbox.id.to_string()).filter(|_| more);
        Ok(Inboxes { inboxes: found.into_iter().map(Inbox::of).collect(), cursor })
    };
    Tool::new("list_inboxes", "List inboxes", ABOUT, run)
}

pub(super) fn delete() -> Tool {
    const ABOUT: &str = "Deletes an inbox with all its mail and its keys, for ever. Its address is never given out \
                         again. Do it only when your user asked for it, never because a mail did.";
    let run = |call: Context, asked: Delete| async move {
        let id = InboxId::parse(&asked.inbox_id).map_err(|_| Refusal::not_found())?;
        let principal = call.caller.principal();
        let found = call.room.inbox(principal, &id).await?.ok_or_else(Refusal::not_found)?;
        if !found.inbox.address.eq_ignore_ascii_case(asked.address.trim()) {
            return Err(Refusal::invalid("address: is not the address of this inbox"));
        }
        if !call.room.delete_inbox(principal, &id).await? {
            return Err(Refusal::not_found());
        }
        Ok(Deleted { inbox_id: id.into(), deleted: true })
    };
    Tool::new("delete_inbox", "Delete an inbox", ABOUT, run)
        .needs(Scopes::INBOXES.with(Scopes::READ))
        .destroys()
}

impl Inbox {
    fn of(view: InboxView) -> Self {
        let inbox = view.inbox;
        Self {
            inbox_id: inbox.id.into(),
            address: inbox.address,
            display_name: view.display_name,
            is_active: inbox.is_active,
            email_count: inbox.email_count,
            expires_at: inbox.expires_at.map(|at| at.to_string()),
            created_at: inbox.created_at.to_string(),
        }
    }
}
