//! The policies of a tenant, and its stored mail judged anew. No mail is shown here.

use axum::Json;
use axum::extract::State;
use mailward_mail::id::{InboxId, MessageId, TenantId};
use mailward_mailroom::{MOST_RESCORED, PolicyChange, RescoreRequest, Rescored};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::inboxes::acting_for;
use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::problem::Problem;
use crate::query::Ids;
use crate::v1::gate::{GateRequest, GateView, chosen, shown};

/// A batch of stored mail to be judged anew.
#[derive(Deserialize, ToSchema)]
#[schema(as = Rescore)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RescoreBody {
    /// Only tell what would change; so it is when nothing is said.
    #[serde(default = "yes")]
    dry_run: bool,
    /// Mail behind this one; from the batch before.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    after: Option<MessageId>,
    /// 1 to 500.
    #[serde(default)]
    limit: Option<i64>,
}

/// What a batch came to.
#[derive(Serialize, ToSchema)]
#[schema(as = Rescored)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RescoredView {
    /// Mails that were looked at.
    mails: u64,
    /// Of these: decided on already; their verdict stays.
    decided: u64,
    /// Of these: never read, or not to be judged now; their verdict stays.
    unread: u64,
    /// Of these: judged by more than the mail itself (a judge, its thread, its sender's past); their verdict stays.
    kept: u64,
    /// Of these: another verdict than before.
    changed: u64,
    /// New verdicts that were stored.
    stored: u64,
    /// New verdicts that were not: the mail was touched meanwhile.
    missed: u64,
    levels: Vec<LevelView>,
    senders: Vec<SenderView>,
    /// Delivered mail that would be held now; it stays delivered.
    would_hold: Vec<String>,
    /// Held mail that would pass now; it stays held.
    would_pass: Vec<String>,
    /// Ask with this as `after` next; null: these were the last.
    next: Option<String>,
}

/// Mails that went from a level to a level.
#[derive(Serialize, ToSchema)]
#[schema(as = RescoredLevel)]
pub(crate) struct LevelView {
    from: &'static str,
    to: &'static str,
    mails: u64,
}

/// What changed for the mail of one domain.
#[derive(Serialize, ToSchema)]
#[schema(as = RescoredSender)]
pub(crate) struct SenderView {
    domain: String,
    mails: u64,
    raised: u64,
    lowered: u64,
}

/// Shows a tenant's policy.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/gate", operation_id = "getTenantGate", tag = "tenants",
    params(("id" = String, Path)), responses((status = 200, body = GateView)))]
pub(crate) async fn show(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
) -> Result<Json<GateView>, Problem> {
    shown(&web, &acting_for(&web, &operator, &id).await?, None).await
}

/// Chooses a tenant's policy: all of it anew. The tenant's audit log says that an operator did.
#[utoipa::path(put, path = "/operator/v1/tenants/{id}/gate", operation_id = "replaceTenantGate", tag = "tenants",
    params(("id" = String, Path)), request_body(content = GateRequest),
    responses((status = 200, body = GateView)))]
pub(crate) async fn replace(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Body(request): Body<GateRequest>,
) -> Result<Json<GateView>, Problem> {
    chosen(&web, &acting_for(&web, &operator, &id).await?, None, request, PolicyChange::Replace).await
}

/// Changes what is named of a tenant's policy.
#[utoipa::path(patch, path = "/operator/v1/tenants/{id}/gate", operation_id = "changeTenantGate", tag = "tenants",
    params(("id" = String, Path)), request_body(content = GateRequest),
    responses((status = 200, body = GateView)))]
pub(crate) async fn change(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Body(request): Body<GateRequest>,
) -> Result<Json<GateView>, Problem> {
    chosen(&web, &acting_for(&web, &operator, &id).await?, None, request, PolicyChange::Merge).await
}

/// Shows the policy of a tenant's inbox.
#[utoipa::path(get, path = "/operator/v1/tenants/{id}/inboxes/{inbox}/gate", operation_id = "getTenantInboxGate",
    tag = "tenants", params(("id" = String, Path), ("inbox" = String, Path)),
    responses((status = 200, body = GateView)))]
pub(crate) async fn show_inbox(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids((id, inbox)): Ids<(String, InboxId)>,
) -> Result<Json<GateView>, Problem> {
    shown(&web, &acting_for(&web, &operator, &id).await?, Some(&inbox)).await
}

/// Chooses the policy of a tenant's inbox: all of it anew.
#[utoipa::path(put, path = "/operator/v1/tenants/{id}/inboxes/{inbox}/gate",
    operation_id = "replaceTenantInboxGate", tag = "tenants",
    params(("id" = String, Path), ("inbox" = String, Path)), request_body(content = GateRequest),
    responses((status = 200, body = GateView)))]
pub(crate) async fn replace_inbox(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids((id, inbox)): Ids<(String, InboxId)>,
    Body(request): Body<GateRequest>,
) -> Result<Json<GateView>, Problem> {
    let principal = acting_for(&web, &operator, &id).await?;
    chosen(&web, &principal, Some(&inbox), request, PolicyChange::Replace).await
}

/// Changes what is named of the policy of a tenant's inbox.
#[utoipa::path(patch, path = "/operator/v1/tenants/{id}/inboxes/{inbox}/gate",
    operation_id = "changeTenantInboxGate", tag = "tenants",
    params(("id" = String, Path), ("inbox" = String, Path)), request_body(content = GateRequest),
    responses((status = 200, body = GateView)))]
pub(crate) async fn change_inbox(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids((id, inbox)): Ids<(String, InboxId)>,
    Body(request): Body<GateRequest>,
) -> Result<Json<GateView>, Problem> {
    let principal = acting_for(&web, &operator, &id).await?;
    chosen(&web, &principal, Some(&inbox), request, PolicyChange::Merge).await
}

/// Judges a batch of a tenant's stored mail anew, by the present model and policies.
#[utoipa::path(post, path = "/operator/v1/tenants/{id}/rescore", operation_id = "rescoreTenant", tag = "tenants",
    params(("id" = String, Path)), request_body(content = Option<RescoreBody>),
    responses((status = 200, body = RescoredView)))]
pub(crate) async fn rescore(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Body(request): Body<RescoreBody>,
) -> Result<Json<RescoredView>, Problem> {
    let limit = request.limit.unwrap_or(MOST_RESCORED);
    if !(1..=MOST_RESCORED).contains(&limit) {
        return Err(Problem::validation(format!("limit: must be between 1 and {MOST_RESCORED}")));
    }
    let id = TenantId::parse(&id).map_err(|_| Problem::not_found())?;
    let request = RescoreRequest { dry_run: request.dry_run, after: request.after, limit };
    let done = web.room.rescore(&operator, &id, &request).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(RescoredView::of(done)))
}

fn yes() -> bool {
    true
}

impl RescoredView {
    fn of(done: Rescored) -> Self {
        let level = |((from, to), mails)| LevelView { from, to, mails };
        let sender = |(domain, diff): (String, mailward_mailroom::SenderDiff)| SenderView {
            domain,
            mails: diff.mails,
            raised: diff.raised,
            lowered: diff.lowered,
        };
        Self {
            mails: done.mails,
            decided: done.decided,
            unread: done.unread,
            kept: done.kept,
            changed: done.changed,
            stored: done.stored,
            missed: done.missed,
            levels: done.levels.into_iter().map(level).collect(),
            senders: done.senders.into_iter().map(sender).collect(),
            would_hold: done.would_hold.into_iter().map(String::from).collect(),
            would_pass: done.would_pass.into_iter().map(String::from).collect(),
            next: done.next.map(String::from),
        }
    }
}
