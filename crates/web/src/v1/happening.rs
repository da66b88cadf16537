//! An event as sockets and streams tell it: the same object on both, under the id it has everywhere.

use mailward_mail::id::InboxId;
use mailward_mailroom::Happening;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::emails::EmailView;

/// Something that happened in an inbox.
#[derive(Serialize, ToSchema)]
#[schema(as = StreamEvent)]
pub(crate) struct HappeningView {
    /// Always `event`.
    r#type: &'static str,
    /// The event's id, the same on every way it is delivered: go on behind it after a break.
    pub(crate) id: String,
    inbox_id: String,
    /// Such as `email.received`.
    pub(crate) event_type: &'static str,
    timestamp: String,
    /// A whole Email where the event is of a mail that may be read; else ids and what else is told.
    data: Value,
}

impl HappeningView {
    pub(crate) fn of(inbox: &InboxId, happening: Happening) -> Self {
        let Happening { event, mail, detail } = happening;
        let data = match (mail, &event.message, detail) {
            // A view has string keys, so it can be written.
            (Some(mail), ..) => serde_json::to_value(EmailView::of(mail)).unwrap_or_default(),
            (None, Some(message), detail) => {
                let mut data = json!({ "id": message.as_str(), "inboxId": inbox.as_str() });
                if let Some(by) = detail.and_then(|detail| detail.get("decidedBy").cloned()) {
                    data["decidedBy"] = by;
                }
                data
            }
            (None, None, detail) => detail.unwrap_or_else(|| json!({})),
        };
        Self {
            r#type: "event",
            id: event.id.into(),
            inbox_id: inbox.as_str().to_owned(),
            event_type: event.kind.as_str(),
            timestamp: event.created_at.to_string(),
            data,
        }
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
