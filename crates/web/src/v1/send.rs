//! Sending: a mail is accepted here, and goes its way as a job.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailward_mail::id::ThreadId;
use mailward_mailroom::{Error, Queued, RecipientStatus, SendAttachment, SendRequest};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::Web;
use crate::body::LargeBody;
use crate::caller::Caller;
use crate::headers::idempotency_key;
use crate::problem::{ErrorView, Problem};
use crate::query::moment;

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
    /// When it is to leave (RFC 3339), at most 30 days ahead; else at once.
    #[serde(default)]
    send_at: Option<String>,
    /// It is one of many: its one recipient gets a link in the header that ends such mail at once (RFC 8058).
    #[serde(default)]
    bulk: bool,
}

/// What a mail says.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = SendBody)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Text {
    /// At most 2 MiB.
    pub(super) text: String,
    /// The same as HTML.
    #[serde(default)]
    pub(super) html: Option<String>,
}

/// A file to be sent.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = SendAttachment)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct File {
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
#[serde(rename_all = "camelCase")]
pub(crate) struct QueuedView {
    /// The mail, as it is found in its inbox.
    id: String,
    /// `queued`, or `held` for a person; of a repeat, how the mail fares by now.
    status: &'static str,
    /// When it is to leave, while it waits for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    send_at: Option<String>,
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
    let bulk = request.bulk;
    let mut request = request.checked(&headers)?;
    if bulk {
        request.unsubscribe_at = Some(public(&web)?);
    }
    let queued = web.room.send(principal, request).await.map_err(|error| refused(&web, error))?;
    Ok((StatusCode::ACCEPTED, Json(QueuedView::of(queued.ok_or_else(Problem::not_found)?))))
}

/// What links for strangers begin with. A mail that is read elsewhere needs one that is reached from elsewhere.
fn public(web: &Web) -> Result<String, Problem> {
    let url = &web.config.public_url;
    match url.starts_with("https://") {
        true => Ok(url.clone()),
        false => Err(Problem::validation(
            "bulk: this service is not reached by https, which the link needs: the operator sets http.public_url",
        )),
    }
}

/// Why a mail is not sent.
pub(super) fn refused(web: &Web, error: Error) -> Problem {
    match error {
        Error::Limit(over) => Problem::limit(&over, web.limits.now()),
        Error::StillNew { over, full } => Problem::still_new(&over, full, web.limits.now()),
        error => error.into(),
    }
}

/// The header `Idempotency-Key`, and what the request is known by: it is written anew, so that the order of fields and white
/// space make no other request of it.
pub(super) fn remembered(
    headers: &HeaderMap,
    request: &impl Serialize,
) -> Result<Option<(String, [u8; 32])>, Problem> {
    let Some(key) = idempotency_key(headers)? else { return Ok(None) };
    let canonical = serde_json::to_vec(request).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Some((key, Sha256::digest(canonical).into())))
}

/// Files, decoded.
pub(super) fn files(files: Option<Vec<File>>) -> Result<Vec<SendAttachment>, Problem> {
    let decoded = files.unwrap_or_default().into_iter().enumerate().map(|(at, file)| {
        let content = STANDARD
            .decode(file.content.as_bytes())
            .map_err(|_| Problem::validation(format!("attachments[{at}].content: is not base64")))?;
        Ok(SendAttachment { filename: file.filename, content_type: file.content_type, content })
    });
    decoded.collect()
}

impl QueuedView {
    pub(super) fn of(queued: Queued) -> Self {
        Self {
            id: queued.id.into(),
            status: queued.status.as_str(),
            send_at: queued.send_at.map(|at| at.to_string()),
        }
    }
}

impl Request {
    fn checked(self, headers: &HeaderMap) -> Result<SendRequest, Problem> {
        let idempotency = remembered(headers, &self)?;
        let send_at = self.send_at.as_deref().map(|at| moment("sendAt", at)).transpose()?;
        let thread = self.thread_id.as_deref().map(ThreadId::parse).transpose();
        let thread = thread.map_err(|_| Problem::validation("threadId: is no thread of this inbox"))?;
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
            attachments: files(self.attachments)?,
            passes_on: None,
            send_at,
            unsubscribe_at: None,
            idempotency,
        })
    }
}

impl From<RecipientStatus> for RecipientView {
    fn from(one: RecipientStatus) -> Self {
        Self { address: one.address, status: one.status.as_str(), answer: one.answer }
    }
}
