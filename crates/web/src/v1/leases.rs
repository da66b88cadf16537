//! Mail as a queue: claimed, acknowledged, given back.

use axum::Json;
use axum::extract::State;
use mailward_mail::id::{InboxId, LeaseId};
use mailward_mailroom::{Lease, LeaseRequest};
use mailward_store::{Scopes, Settled};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::emails::EmailView;
use crate::Web;
use crate::body::Body;
use crate::caller::Caller;
use crate::cursor::{self, Page};
use crate::problem::Problem;
use crate::query::{Ids, Paging, Query};

/// How much is wanted, and for how long.
#[derive(Deserialize, ToSchema)]
#[schema(as = ClaimMail)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClaimRequest {
    /// Mails at most, 1 to 100; 10 when absent.
    #[serde(default = "ten")]
    max: u32,
    /// Until the claim ends by itself, 1 to 43200; 60 when absent.
    #[serde(default = "minute")]
    seconds: u32,
}

/// What was claimed, oldest first; empty when there is nothing to claim.
#[derive(Serialize, ToSchema)]
#[schema(as = Leases)]
pub(crate) struct LeasesView {
    data: Vec<LeaseView>,
}

/// A mail that is the caller's until it is settled or the lease ends.
#[derive(Serialize, ToSchema)]
#[schema(as = Lease)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeaseView {
    /// Names the lease: settle it with this.
    id: String,
    expires_at: String,
    /// How often this mail was handed out; after the fifth time it is put aside.
    tries: i64,
    email: EmailView,
}

/// What became of a lease.
#[derive(Serialize, ToSchema)]
#[schema(as = SettledLease)]
pub(crate) struct SettledView {
    /// The lease.
    id: String,
    /// `acked`, `returned`, or `dead`: put aside after the fifth try.
    status: &'static str,
}

/// A mail that was put aside.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct DeadView {
    /// How often it was handed out.
    tries: i64,
    email: EmailView,
}

/// Claims mail: nobody else is handed it until it is settled or the lease ends.
#[utoipa::path(post, path = "/v1/inboxes/{id}/leases", operation_id = "leaseEmails", tag = "leases",
    params(("id" = String, Path)), request_body = ClaimRequest, responses((status = 200, body = LeasesView)))]
pub(crate) async fn claim(
    caller: Caller,
    State(web): State<Web>,
    Ids(inbox): Ids<InboxId>,
    Body(wanted): Body<ClaimRequest>,
) -> Result<Json<LeasesView>, Problem> {
    let request = LeaseRequest { max: wanted.max, seconds: wanted.seconds };
    let leases = web.room.lease(caller.need(Scopes::READ)?, &inbox, request).await?;
    let leases = leases.ok_or_else(Problem::not_found)?;
    Ok(Json(LeasesView { data: leases.into_iter().map(LeaseView::of).collect() }))
}

/// Lists mail that was put aside, newest first.
#[utoipa::path(get, path = "/v1/inboxes/{id}/leases/dead", operation_id = "listDeadLetters", tag = "leases",
    params(("id" = String, Path), Paging), responses((status = 200, body = Page<DeadView>)))]
pub(crate) async fn dead(
    caller: Caller,
    State(web): State<Web>,
    Ids(inbox): Ids<InboxId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<DeadView>>, Problem> {
    let before = cursor::read(paging.cursor.as_deref(), |place| place.parse().ok())?;
    let limit = i64::from(paging.limit.0) + 1;
    let found = web.room.dead_letters(caller.need(Scopes::READ)?, &inbox, before, limit).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let place = |(mail, _): &(mailward_mailroom::Mail, i64)| mail.message.seq.unwrap_or_default().to_string();
    let view = |(mail, tries)| DeadView { tries, email: EmailView::of(mail) };
    Ok(Json(Page::of(found, paging.limit.0, place, view)))
}

/// Acknowledges: the mail is done and handed out no more. A repeat is answered alike.
#[utoipa::path(post, path = "/v1/inboxes/{id}/leases/{lease}/ack", operation_id = "ackLease", tag = "leases",
    params(("id" = String, Path), ("lease" = String, Path)), responses((status = 200, body = SettledView)))]
pub(crate) async fn ack(
    caller: Caller,
    State(web): State<Web>,
    Ids(ids): Ids<(InboxId, LeaseId)>,
) -> Result<Json<SettledView>, Problem> {
    settle(&caller, &web, ids, true).await
}

/// Gives the mail back: it can be claimed again at once. After the fifth try it is put aside instead.
#[utoipa::path(post, path = "/v1/inboxes/{id}/leases/{lease}/nack", operation_id = "nackLease", tag = "leases",
    params(("id" = String, Path), ("lease" = String, Path)), responses((status = 200, body = SettledView)))]
pub(crate) async fn nack(
    caller: Caller,
    State(web): State<Web>,
    Ids(ids): Ids<(InboxId, LeaseId)>,
) -> Result<Json<SettledView>, Problem> {
    settle(&caller, &web, ids, false).await
}

async fn settle(
    caller: &Caller,
    web: &Web,
    (inbox, id): (InboxId, LeaseId),
    is_done: bool,
) -> Result<Json<SettledView>, Problem> {
    let settled = web.room.settle_lease(caller.need(Scopes::READ)?, &inbox, &id, is_done).await?;
    let status = match settled.ok_or_else(Problem::not_found)? {
        Settled::Done => "acked",
        Settled::Back => "returned",
        Settled::Dead => "dead",
        Settled::Ended => return Err(Problem::conflict("this lease has ended and settles nothing")),
    };
    Ok(Json(SettledView { id: id.into(), status }))
}

impl LeaseView {
    fn of(lease: Lease) -> Self {
        Self {
            id: lease.id.into(),
            expires_at: lease.until.to_string(),
            tries: lease.tries,
            email: EmailView::of(lease.mail),
        }
    }
}

fn ten() -> u32 {
    10
}

fn minute() -> u32 {
    60
}
