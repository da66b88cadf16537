//! What a tenant used, day by day.

use axum::Json;
use axum::extract::State;
use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::InboxId;
use mailward_mailroom::{UsageDays, UsageRequest};
use mailward_store::{DayUse, Scopes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Web;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::Query;

/// Which days, and whose.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct UsageOptions {
    /// The first day, `2026-11-01` or ISO 8601; 30 days with the last when absent.
    #[param(value_type = Option<String>)]
    from: Option<Date>,
    /// The last day, which is counted too; today when absent.
    #[param(value_type = Option<String>)]
    to: Option<Date>,
    /// Only this inbox; its days are kept for 62 days.
    #[param(value_type = Option<String>)]
    inbox_id: Option<InboxId>,
}

/// A day in UTC, or a moment in it.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Date(Timestamp);

impl TryFrom<String> for Date {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        let text = if text.len() == 10 { text + "T00:00:00Z" } else { text };
        Timestamp::parse(&text)
            .map(Self)
            .ok_or("must be a day such as 2026-11-01, or ISO 8601 with an offset")
    }
}

/// What was used, day by day.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageByDay)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageDaysView {
    /// Of which inbox; null: of the whole tenant.
    inbox_id: Option<String>,
    /// Bytes that are kept now, as they are stored.
    stored_bytes: i64,
    /// All days together.
    total: DayView,
    /// Every day, the earliest first.
    days: Vec<DatedView>,
}

/// What was used in a day.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageOfDay)]
struct DatedView {
    /// The day, UTC.
    date: String,
    #[serde(flatten)]
    used: DayView,
}

/// What was used.
#[derive(Clone, Copy, Default, Serialize, ToSchema)]
#[schema(as = Used)]
#[serde(rename_all = "camelCase")]
struct DayView {
    /// Mails that came, held ones too.
    received: i64,
    /// Of these: held.
    held: i64,
    /// Recipients that were sent a mail.
    sent: i64,
    /// Mails that came back.
    bounced: i64,
    /// Calls of webhook endpoints, those that failed too.
    webhook_attempts: i64,
    /// Bytes that mail took as it was stored; what was deleted since is in it.
    bytes_stored: i64,
}

/// Shows what the caller's tenant, or one inbox of it, used day by day, in UTC.
#[utoipa::path(get, path = "/v1/usage", operation_id = "getUsage", tag = "account", params(UsageOptions),
    responses((status = 200, body = UsageDaysView)))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    Query(options): Query<UsageOptions>,
) -> Result<Json<UsageDaysView>, Problem> {
    let principal = caller.need(Scopes::USAGE)?;
    let used = web.room.usage(principal, &options.request()).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(UsageDaysView::of(used)))
}

impl UsageOptions {
    /// What the mailroom is asked for.
    pub(crate) fn request(self) -> UsageRequest {
        UsageRequest {
            from: self.from.map(|Date(at)| at),
            to: self.to.map(|Date(at)| at),
            inbox: self.inbox_id,
        }
    }
}

impl UsageDaysView {
    pub(crate) fn of(used: UsageDays) -> Self {
        let mut total = DayUse::default();
        for day in used.days.values() {
            total.received += day.received;
            total.bytes += day.bytes;
            total.held += day.held;
            total.sent += day.sent;
            total.bounced += day.bounced;
            total.webhook_attempts += day.webhook_attempts;
        }
        Self {
            inbox_id: used.inbox.map(String::from),
            stored_bytes: used.stored_bytes,
            total: total.into(),
            days: used
                .days
                .into_iter()
                .map(|(day, used)| DatedView { date: date(day), used: used.into() })
                .collect(),
        }
    }
}

impl From<DayUse> for DayView {
    fn from(used: DayUse) -> Self {
        Self {
            received: used.received,
            held: used.held,
            sent: used.sent,
            bounced: used.bounced,
            webhook_attempts: used.webhook_attempts,
            bytes_stored: used.bytes,
        }
    }
}

/// `2026-11-22`.
fn date(day: Day) -> String {
    day.start().to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_and_read_as_one() {
        let day = Date::try_from("2026-11-22".to_owned()).map(|Date(at)| Day::of(at));
        assert_eq!(day.map(date).as_deref(), Ok("2026-11-22"));
        assert!(Date::try_from("2026-11-22T10:00:00+02:00".to_owned()).is_ok());
        for bad in ["", "2026-13-01", "yesterday", "2026-11-2", "2026-11-22x"] {
            assert!(Date::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
