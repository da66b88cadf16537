//! Decisions: on one mail, on several at once, and taken back.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use mailward_mail::clock::Timestamp;
use mailward_mail::id::MessageId;
use mailward_mailroom::{AllowRequest, Decide, Error};
use mailward_store::{Decision, Role};

use super::queue;
use crate::Desk;
use crate::door::Form;
use crate::fields::Fields;
use crate::trouble::Trouble;

/// The longest reason, in characters.
const MOST_REASON: usize = 1_000;
/// Mails that are decided on at once.
const MOST: usize = 300;

/// `POST /console/review/{mail}`
pub(crate) async fn decide(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Form { seat, fields }: Form,
) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Reviewer)?;
    let id = MessageId::parse(&id).map_err(|_| Trouble::NotFound)?;
    let request = read(&fields, desk.room.clock().now())?;
    // Where it goes on from here, looked up before the mail leaves the list.
    let (queue, _) = queue::read(&desk, &principal, seat.member().id(), Some(&id)).await?;
    let (previous, next) = queue.around(id.as_str());
    desk.room.decide_later(&principal, &id, &request).await?.ok_or(Trouble::NotFound)?;
    let to = match next.or(previous) {
        Some(next) => format!("/console/review/{next}"),
        None => "/console/review".to_owned(),
    };
    Ok(Redirect::to(&to).into_response())
}

/// `POST /console/review`: the same decision on all mails that are named.
pub(crate) async fn bulk(State(desk): State<Desk>, Form { seat, fields }: Form) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Reviewer)?;
    let request = read(&fields, desk.room.clock().now())?;
    let ids: Vec<MessageId> =
        fields.all("id").take(MOST).filter_map(|id| MessageId::parse(id).ok()).collect();
    if ids.is_empty() {
        return Err(Trouble::bad("Choose at least one mail."));
    }
    for id in ids {
        match desk.room.decide_later(&principal, &id, &request).await {
            // Somebody was faster with one of them: the others are no less decided on.
            Ok(_) | Err(Error::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Redirect::to("/console/review").into_response())
}

/// `POST /console/review/undo`
pub(crate) async fn undo(State(desk): State<Desk>, Form { seat, fields }: Form) -> Result<Response, Trouble> {
    let principal = seat.principal(Role::Reviewer)?;
    let ids: Vec<MessageId> =
        fields.all("id").take(MOST).filter_map(|id| MessageId::parse(id).ok()).collect();
    let mut back = 0;
    for id in &ids {
        back += usize::from(desk.room.take_back(&principal, id).await?);
    }
    let to = match ids.as_slice() {
        [id] if back == 1 => format!("/console/review/{id}"),
        _ if back > 0 => "/console/review?done=undone".to_owned(),
        _ => "/console/review?done=late".to_owned(),
    };
    Ok(Redirect::to(&to).into_response())
}

fn read(fields: &Fields, now: Timestamp) -> Result<Decide, Trouble> {
    let decision = match fields.text("decision") {
        "release" => Decision::Release,
        "reject" => Decision::Reject,
        _ => return Err(Trouble::bad("Choose whether to release or to reject.")),
    };
    let reason = fields.text("reason").trim();
    if reason.chars().count() > MOST_REASON {
        return Err(Trouble::bad("The reason may have 1,000 characters at most."));
    }
    let until = match (decision, fields.text("allow")) {
        (Decision::Reject, _) | (_, "") => None,
        (_, "until") => {
            let day = format!("{}T23:59:59Z", fields.text("until"));
            Some(
                Timestamp::parse(&day)
                    .ok_or_else(|| Trouble::bad("Choose the day until which it is let through."))?,
            )
        }
        (_, days) => {
            let days: u64 = days
                .parse()
                .ok()
                .filter(|days| *days <= 366)
                .ok_or_else(|| Trouble::bad("Choose for how long."))?;
            Some(now.plus(Duration::from_secs(days * 86_400)))
        }
    };
    Ok(Decide {
        decision,
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        allow: until.map(|until| AllowRequest { until, everywhere: fields.text("everywhere") == "1" }),
    })
}
