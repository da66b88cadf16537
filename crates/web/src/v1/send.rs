//! Sending: a mail is accepted here, and goes its way as a job.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailward_mail::id::ThreadId;
use mailward_mailroom::{Error, RecipientStatus, SendAttachment, SendRequest};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::Web;
use crate::body::LargeBody;
use crate::caller::Caller;
use crate::headers::idempotency_key;
use crate::problem::{ErrorView, Problem};

/// A mail to be sent.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = SendEmail)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Request {
    /// The address of one of the caller's inboxes.
    from: String,
    /// Bare addresses; with `cc` and `bcc` at most 50.
    to: Vec<String>,
    #[serde(default)]
    cc: Option<Vec<String>>,
    #[serde(default)]
    bcc: Option<Vec<String>>,
    /// One line of at most 500 bytes.
    subject: String,
    body: Text,
    /// Where answers are to go.
    #[serde(default)]
    reply_to: Option<String>,
    /// The mail that is answered: the id of an email of the inbox, or its Message-ID.
    #[serde(default)]
    in_reply_to: Option<String>,
    /// The conversation it belongs to; a reply belongs to that of what it answers.
    #[serde(default)]
    thread_id: Option<String>,
    /// At most 10.
    #[serde(default)]
    attachments: Option<Vec<File>>,
}

/// What a mail says.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = SendBody)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Text {
    /// At most 2 MiB.
    text: String,
    /// The same as HTML.
    #[serde(default)]
    html: Option<String>,
}

/// A file to be sent.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = SendAttachment)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    /// A name without a path.
    filename: String,
    /// `type/subtype`.
    content_type: String,
    /// Base64.
    content: String,
}

/// A mail that was accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = Queued)]
pub(crate) struct QueuedView {
    /// The mail, as it is found in its inbox.
    id: String,
    /// `queued`, or `held` for a person; of a repeat, how the mail fares by now.
    status: &'static str,
}

/// How a mail fares with one recipient.
#[derive(Serialize, ToSchema)]
#[schema(as = Recipient)]
pub(crate) struct RecipientView {
    address: String,
    /// `queued`, `held`, `sending`, `sent`, `delivered`, `deferred`, `failed` or `cancelled`.
    status: &'static str,
    /// What was last said about it.
    answer: Option<String>,
}

/// Sends a mail from an inbox. Answers as soon as it is stored; what becomes of it is told by events and by its `status`.
#[utoipa::path(post, path = "/v1/emails/send", operation_id = "sendEmail", tag = "emails",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats with the same are one mail")),
    request_body(content = Request),
    responses(
        (status = 202, body = QueuedView),
        (status = 403, body = ErrorView, description = "`recipient_not_allowed`: the send policy, or a mail of risk, is against it"),
        (status = 404, body = ErrorView, description = "`from` is no inbox of the token"),
        (status = 413, body = ErrorView, description = "The mail is too large"),
        (status = 422, body = ErrorView, description = "`secret_in_body`: a secret stood in the mail; a token of this service is revoked by it; `idempotency_mismatch`"),
        (status = 423, body = ErrorView, description = "`inbox_paused`"),
        (status = 429, body = ErrorView, description = "`send_limit_exceeded`")))]
pub(crate) async fn send(
    caller: Caller,
    State(web): State<Web>,
    headers: HeaderMap,
    LargeBody(request): LargeBody<Request>,
) -> Result<(StatusCode, Json<QueuedView>), Problem> {
    let principal = caller.need(Scopes::SEND)?;
    let request = request.checked(&headers)?;
    let queued = web.room.send(principal, request).await.map_err(|error| match error {
        Error::Limit(over) => Problem::limit(&over, web.limits.now()),
        error => error.into(),
    })?;
    let queued = queued.ok_or_else(Problem::not_found)?;
    let view = QueuedView { id: queued.id.into(), status: queued.status.as_str() };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

impl Request {
    fn checked(self, headers: &HeaderMap) -> Result<SendRequest, Problem> {
        // Written anew, so that the order of fields and white space make no other request of it.
        let idempotency = match idempotency_key(headers)? {
            None => None,
            Some(key) => {
                let canonical =
                    serde_json::to_vec(&self).map_err(|error| Problem::internal(error.to_string()))?;
                Some((key, Sha256::digest(canonical).into()))
            }
        };
        let thread = self.thread_id.as_deref().map(ThreadId::parse).transpose();
        let thread = thread.map_err(|_| Problem::validation("threadId: is no thread of this inbox"))?;
        let mut attachments = Vec::new();
        for (at, file) in self.attachments.unwrap_or_default().into_iter().enumerate() {
            let content = STANDARD
                .decode(file.content.as_bytes())
                .map_err(|_| Problem::validation(format!("attachments[{at}].content: is not base64")))?;
            attachments.push(SendAttachment {
                filename: file.filename,
                content_type: file.content_type,
                content,
            });
        }
        Ok(SendRequest {
            from: self.from,
            to: self.to,
            cc: self.cc.unwrap_or_default(),
            bcc: self.bcc.unwrap_or_default(),
            subject: self.subject,
            text: self.body.text,
            html: self.body.html,
            reply_to: self.reply_to,
            in_reply_to: self.in_reply_to,
            thread,
            attachments,
            idempotency,
        })
    }
}

impl From<RecipientStatus> for RecipientView {
    fn from(one: RecipientStatus) -> Self {
        Self { address: one.address, status: one.status.as_str(), answer: one.answer }
    }
}
