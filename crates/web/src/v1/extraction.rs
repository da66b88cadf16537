//! The facts in a mail: codes, links, contacts, dates, amounts, events and what can be done.

use axum::Json;
use axum::extract::State;
use mailward_extract::{Action, Amount, Code, Contact, Event, Link, LinkKind, When};
use mailward_mail::id::{InboxId, MessageId};
use mailward_mailroom::Extracted;
use mailward_store::Scopes;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::code::hundredths;
use crate::Web;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::Ids;

/// What was found in a mail. All of it is its sender's word.
#[derive(Serialize, ToSchema)]
#[schema(as = Extraction)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExtractionView {
    id: String,
    email_id: String,
    /// Always `completed`: it is done at once.
    status: &'static str,
    /// The likeliest first.
    codes: Vec<SecretCode>,
    /// Links that sign in or confirm, the likeliest first.
    links: Vec<SecretLink>,
    contacts: Vec<ContactView>,
    dates: Vec<DateView>,
    amounts: Vec<AmountView>,
    scheduling: Vec<EventView>,
    actions: Vec<ActionView>,
    #[schema(value_type = Object)]
    metadata: Value,
    /// The rules that found it.
    model_used: Option<&'static str>,
    /// Null: no model counts tokens.
    input_tokens: Option<u32>,
    /// Null: no model counts tokens.
    output_tokens: Option<u32>,
    /// Null: it is done within the request.
    processing_ms: Option<u32>,
    /// Null: it does not fail.
    error_message: Option<String>,
    /// When it was asked for first.
    created_at: String,
    completed_at: Option<String>,
}

/// A code to type.
#[derive(Serialize, ToSchema)]
#[schema(as = ExtractedCode)]
struct SecretCode {
    code: String,
    /// 0.5 to 0.99.
    confidence: f64,
}

/// A link that signs in or confirms.
#[derive(Serialize, ToSchema)]
#[schema(as = ExtractedLink)]
struct SecretLink {
    url: String,
    /// `magic_link` or `confirm_link`.
    kind: &'static str,
    /// 0.5 to 0.99.
    confidence: f64,
}

/// Somebody, and how to reach them.
#[derive(Serialize, ToSchema)]
#[schema(as = ExtractedContact)]
struct ContactView {
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    role: Option<String>,
    organization: Option<String>,
}

/// A day.
#[derive(Serialize, ToSchema)]
#[schema(as = ExtractedDate)]
#[serde(rename_all = "camelCase")]
struct DateView {
    /// `YYYY-MM-DD`.
    value: String,
    /// The words before it.
    label: String,
    /// Year, or order of day and month, or the day itself is a guess.
    is_estimate: bool,
}

/// A sum of money.
#[derive(Serialize, ToSchema)]
#[schema(as = ExtractedAmount)]
struct AmountView {
    value: f64,
    /// ISO 4217.
    currency: String,
    /// The words before it.
    label: String,
}

/// An event of a calendar part.
#[derive(Serialize, ToSchema)]
#[schema(as = ExtractedScheduling)]
#[serde(rename_all = "camelCase")]
struct EventView {
    /// `meeting`, `cancellation` or `reply`.
    event_type: String,
    /// ISO 8601; without an offset where the mail names a zone or none.
    start_time: Option<String>,
    end_time: Option<String>,
    location: Option<String>,
    /// Addresses.
    attendees: Vec<String>,
    summary: String,
}

/// What can be done by following a link.
#[derive(Serialize, ToSchema)]
#[schema(as = ExtractedAction)]
struct ActionView {
    /// `sign_in`, `confirm`, `reset_password`, `unsubscribe`, `view_in_browser`, `pay`, `track` or `download`.
    r#type: String,
    /// The words on the link.
    description: String,
    url: Option<String>,
    /// `YYYY-MM-DD`.
    deadline: Option<String>,
}

/// Finds the facts in a mail, here and at once.
#[utoipa::path(post, path = "/v1/inboxes/{id}/emails/{email}/extract", operation_id = "extractEmail", tag = "emails",
    params(("id" = String, Path), ("email" = String, Path)), responses((status = 200, body = ExtractionView)))]
pub(crate) async fn create(
    caller: Caller,
    State(web): State<Web>,
    Ids((inbox, id)): Ids<(InboxId, MessageId)>,
) -> Result<Json<ExtractionView>, Problem> {
    let found = web.room.extract(caller.need(Scopes::READ)?, &inbox, &id).await?;
    Ok(Json(ExtractionView::of(found.ok_or_else(Problem::not_found)?)))
}

/// Shows the facts in a mail; 404 where they were not asked for before.
#[utoipa::path(get, path = "/v1/inboxes/{id}/emails/{email}/extraction", operation_id = "getExtraction", tag = "emails",
    params(("id" = String, Path), ("email" = String, Path)), responses((status = 200, body = ExtractionView)))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    Ids((inbox, id)): Ids<(InboxId, MessageId)>,
) -> Result<Json<ExtractionView>, Problem> {
    let found = web.room.extraction(caller.need(Scopes::READ)?, &inbox, &id).await?;
    Ok(Json(ExtractionView::of(found.ok_or_else(Problem::not_found)?)))
}

impl ExtractionView {
    fn of(extracted: Extracted) -> Self {
        let (id, found) = (String::from(extracted.email), extracted.found);
        let at = extracted.asked_at.to_string();
        Self {
            id: id.replacen("eml_", "ext_", 1),
            email_id: id,
            status: "completed",
            codes: each(found.codes, |Code { code, confidence }| SecretCode {
                code,
                confidence: hundredths(confidence),
            }),
            links: each(found.links, |Link { url, kind, confidence }| SecretLink {
                url,
                kind: match kind {
                    LinkKind::MagicLink => "magic_link",
                    LinkKind::ConfirmLink => "confirm_link",
                },
                confidence: hundredths(confidence),
            }),
            contacts: each(found.contacts, |Contact { name, email, phone, role, organization }| {
                ContactView { name, email, phone, role, organization }
            }),
            dates: each(found.dates, |When { value, label, is_estimate }| DateView {
                value,
                label,
                is_estimate,
            }),
            amounts: each(found.amounts, |Amount { value, currency, label }| AmountView {
                value,
                currency,
                label,
            }),
            scheduling: each(found.scheduling, |event| {
                let Event { event_type, start_time, end_time, location, attendees, summary } = event;
                EventView { event_type, start_time, end_time, location, attendees, summary }
            }),
            actions: each(found.actions, |Action { kind, description, url, deadline }| ActionView {
                r#type: kind,
                description,
                url,
                deadline,
            }),
            metadata: json!({}),
            model_used: Some("rules"),
            input_tokens: None,
            output_tokens: None,
            processing_ms: None,
            error_message: None,
            created_at: at.clone(),
            completed_at: Some(at),
        }
    }
}

fn each<A, B>(all: Vec<A>, view: impl Fn(A) -> B) -> Vec<B> {
    all.into_iter().map(view).collect()
}
