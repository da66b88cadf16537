//! Replies, forwards, and mail that is taken back.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mailward_mail::id::{InboxId, MessageId};
use mailward_mailroom::{Queued, Said};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::send::{File, QueuedView, Text, files, refused, remembered};
use crate::Web;
use crate::body::LargeBody;
use crate::caller::Caller;
use crate::problem::{ErrorView, Problem};
use crate::query::{Ids, moment};

/// An answer to a mail. Whom it goes to, its subject and its thread are that mail's.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = Reply)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ReplyRequest {
    body: Text,
    /// Copies to everybody the mail was for; else it goes to its `Reply-To`, or its author, alone.
    #[serde(default)]
    reply_all: bool,
    /// At most 10.
    #[serde(default)]
    attachments: Option<Vec<File>>,
    /// When it is to leave (RFC 3339), at most 30 days ahead; else at once.
    #[serde(default)]
    send_at: Option<String>,
}

/// A mail that is passed on: its visible text, as a conversation of its own.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = Forward)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ForwardRequest {
    /// Bare addresses; with `cc` and `bcc` at most 50.
    to: Vec<String>,
    #[serde(default)]
    cc: Option<Vec<String>>,
    #[serde(default)]
    bcc: Option<Vec<String>>,
    /// What is said above it.
    #[serde(default)]
    text: Option<String>,
    /// Whether its attachments go along; they do unless this is false.
    #[serde(default)]
    attachments: Option<bool>,
    /// When it is to leave (RFC 3339), at most 30 days ahead; else at once.
    #[serde(default)]
    send_at: Option<String>,
}

/// Answers a mail. The same checks and limits hold as for any other that is sent.
#[utoipa::path(post, path = "/v1/inboxes/{id}/emails/{email}/reply", operation_id = "replyEmail", tag = "emails",
    params(("id" = String, Path), ("email" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats with the same are one mail")),
    request_body(content = ReplyRequest),
    responses(
        (status = 202, body = QueuedView),
        (status = 403, body = ErrorView, description = "`recipient_not_allowed`; `insufficient_scope`: `read` is needed besides `send`"),
        (status = 404, body = ErrorView),
        (status = 413, body = ErrorView, description = "The mail is too large"),
        (status = 422, body = ErrorView, description = "`secret_in_body`; `idempotency_mismatch`"),
        (status = 423, body = ErrorView, description = "`inbox_paused`"),
        (status = 429, body = ErrorView, description = "`send_limit_exceeded`")))]
pub(crate) async fn reply(
    caller: Caller,
    State(web): State<Web>,
    Ids((inbox, id)): Ids<(InboxId, MessageId)>,
    headers: HeaderMap,
    LargeBody(request): LargeBody<ReplyRequest>,
) -> Result<(StatusCode, Json<QueuedView>), Problem> {
    let principal = caller.need(Scopes::SEND.with(Scopes::READ))?;
    let said = Said {
        idempotency: remembered(&headers, &("reply", id.as_str(), &request))?,
        send_at: request.send_at.as_deref().map(|at| moment("sendAt", at)).transpose()?,
        text: request.body.text,
        html: request.body.html,
        attachments: files(request.attachments)?,
    };
    let queued = web.room.reply(principal, &inbox, &id, request.reply_all, said).await;
    accepted(&web, queued)
}

/// Passes a mail on. The same checks and limits hold as for any other that is sent.
#[utoipa::path(post, path = "/v1/inboxes/{id}/emails/{email}/forward", operation_id = "forwardEmail", tag = "emails",
    params(("id" = String, Path), ("email" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats with the same are one mail")),
    request_body(content = ForwardRequest),
    responses(
        (status = 202, body = QueuedView),
        (status = 403, body = ErrorView, description = "`recipient_not_allowed`; `insufficient_scope`: `read` is needed besides `send`"),
        (status = 404, body = ErrorView),
        (status = 413, body = ErrorView, description = "The mail is too large"),
        (status = 422, body = ErrorView, description = "`secret_in_body`; `idempotency_mismatch`"),
        (status = 423, body = ErrorView, description = "`inbox_paused`"),
        (status = 429, body = ErrorView, description = "`send_limit_exceeded`")))]
pub(crate) async fn forward(
    caller: Caller,
    State(web): State<Web>,
    Ids((inbox, id)): Ids<(InboxId, MessageId)>,
    headers: HeaderMap,
    LargeBody(request): LargeBody<ForwardRequest>,
) -> Result<(StatusCode, Json<QueuedView>), Problem> {
    let principal = caller.need(Scopes::SEND.with(Scopes::READ))?;
    let said = Said {
        idempotency: remembered(&headers, &("forward", id.as_str(), &request))?,
        send_at: request.send_at.as_deref().map(|at| moment("sendAt", at)).transpose()?,
        text: request.text.unwrap_or_default(),
        ..Said::default()
    };
    let whom = (request.to, request.cc.unwrap_or_default(), request.bcc.unwrap_or_default());
    let files = request.attachments.unwrap_or(true);
    let queued = web.room.forward(principal, &inbox, &id, whom, files, said).await;
    accepted(&web, queued)
}

/// Takes a sent mail back from everybody whom it did not reach yet.
#[utoipa::path(post, path = "/v1/inboxes/{id}/emails/{email}/cancel", operation_id = "cancelEmail", tag = "emails",
    params(("id" = String, Path), ("email" = String, Path)),
    responses(
        (status = 200, body = QueuedView),
        (status = 404, body = ErrorView),
        (status = 409, body = ErrorView, description = "`conflict`: it has left, or waits for a person")))]
pub(crate) async fn cancel(
    caller: Caller,
    State(web): State<Web>,
    Ids((inbox, id)): Ids<(InboxId, MessageId)>,
) -> Result<Json<QueuedView>, Problem> {
    let back = web.room.cancel(caller.need(Scopes::SEND)?, &inbox, &id).await?;
    Ok(Json(QueuedView::of(back.ok_or_else(Problem::not_found)?)))
}

fn accepted(
    web: &Web,
    queued: mailward_mailroom::Result<Option<Queued>>,
) -> Result<(StatusCode, Json<QueuedView>), Problem> {
    let queued = queued.map_err(|error| refused(web, error))?;
    Ok((StatusCode::ACCEPTED, Json(QueuedView::of(queued.ok_or_else(Problem::not_found)?))))
}
