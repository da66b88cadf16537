//! What a tenant used, day by day.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use mailward_mail::calendar::Day;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::InboxId;
use mailward_mailroom::access::Principal;
use mailward_mailroom::{InboxDays, UsageDays, UsageRequest};
use mailward_store::{DayUse, Scopes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Web;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::Query;
use crate::sheet::{Sheet, date, is_wanted};

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
    /// `inbox`: each inbox for itself too, of the last 62 days.
    #[param(value_type = Option<String>)]
    by: Option<By>,
    /// `csv` for a table; the same as `Accept: text/csv`.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
}

/// What days are told apart by.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum By {
    Inbox,
}

/// The form of an answer.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Json,
    Csv,
}

impl Format {
    /// Whether it is a table.
    pub(crate) fn is_table(self) -> bool {
        matches!(self, Self::Csv)
    }
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
    /// Each inbox that anything happened in, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inboxes: Vec<InboxDaysView>,
}

/// What one inbox used, day by day.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageOfInbox)]
#[serde(rename_all = "camelCase")]
struct InboxDaysView {
    inbox_id: String,
    /// Null once it is deleted.
    address: Option<String>,
    /// All days together.
    total: DayView,
    /// Days on which anything happened, the earliest first.
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
    /// Recipients who complained.
    complained: i64,
    /// Mails that the receive policy turned away.
    turned_away: i64,
    /// Calls of webhook endpoints, those that failed too.
    webhook_attempts: i64,
    /// Bytes that mail took as it was stored; what was deleted since is in it.
    bytes_stored: i64,
}

/// Shows what the caller's tenant, or one inbox of it, used day by day, in UTC.
#[utoipa::path(get, path = "/v1/usage", operation_id = "getUsage", tag = "account", params(UsageOptions),
    responses((status = 200, content((UsageDaysView = "application/json"), (String = "text/csv")))))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    headers: HeaderMap,
    Query(options): Query<UsageOptions>,
) -> Result<Response, Problem> {
    options.answer(&web, caller.need(Scopes::USAGE)?, &headers).await
}

impl UsageOptions {
    /// The answer, for the tenant or for an operator that looks at it.
    pub(crate) async fn answer(
        self,
        web: &Web,
        principal: &Principal,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let is_table = self.format.map_or_else(|| is_wanted(headers), Format::is_table);
        let used = web.room.usage(principal, &self.request()).await?.ok_or_else(Problem::not_found)?;
        if is_table {
            return Ok(Sheet::of_usage(&used).into_response());
        }
        Ok(Json(UsageDaysView::of(used)).into_response())
    }

    /// What the mailroom is asked for.
    fn request(self) -> UsageRequest {
        UsageRequest {
            from: self.from.map(|Date(at)| at),
            to: self.to.map(|Date(at)| at),
            inbox: self.inbox_id,
            by_inbox: self.by.is_some(),
        }
    }
}

impl UsageDaysView {
    fn of(used: UsageDays) -> Self {
        let (total, days) = dated(used.days);
        Self {
            inbox_id: used.inbox.map(String::from),
            stored_bytes: used.stored_bytes,
            total,
            days,
            inboxes: used
                .inboxes
                .into_iter()
                .map(|InboxDays { inbox, address, days }| {
                    let (total, days) = dated(days);
                    InboxDaysView { inbox_id: inbox, address, total, days }
                })
                .collect(),
        }
    }
}

fn dated(days: BTreeMap<Day, DayUse>) -> (DayView, Vec<DatedView>) {
    let total = days.values().copied().fold(DayUse::default(), DayUse::plus);
    (
        total.into(),
        days.into_iter().map(|(day, used)| DatedView { date: date(day), used: used.into() }).collect(),
    )
}

impl From<DayUse> for DayView {
    fn from(used: DayUse) -> Self {
        Self {
            received: used.received,
            held: used.held,
            sent: used.sent,
            bounced: used.bounced,
            complained: used.complained,
            turned_away: used.turned_away,
            webhook_attempts: used.webhook_attempts,
            bytes_stored: used.bytes,
        }
    }
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
