//! A month of use against the plan.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use mailward_mail::calendar::Month;
use mailward_mailroom::access::Principal;
use mailward_mailroom::{Line, Statement};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::usage::Format;
use crate::Web;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::query::Query;
use crate::sheet::{Sheet, is_wanted};

/// Which month, and in which form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementOptions {
    /// `2026-10`; the month that is over last when absent.
    #[param(value_type = Option<String>)]
    month: Option<Named>,
    /// `csv` for a table; the same as `Accept: text/csv`.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
}

/// A month by its name.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Named(Month);

impl TryFrom<String> for Named {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        Month::parse(&text).map(Self).ok_or("must be a month such as 2026-10")
    }
}

/// A month of use.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageStatement)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatementView {
    /// `2026-10`, in UTC.
    month: String,
    /// When it was closed, an hour or more after its end; null: it may still change.
    closed_at: Option<String>,
    /// The plan; of a closed month the one that it was closed with.
    plan: String,
    /// What is counted, against the plan.
    lines: Vec<LineView>,
}

/// What was used of one thing.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageLine)]
struct LineView {
    /// `received`, `held`, `sent`, `bounced`, `complained`, `turnedAway`, `webhookAttempts`, `bytesStored`, or `storedBytes` for what is kept.
    item: String,
    /// How much was used.
    used: i64,
    /// How much the plan allows; null: it does not say.
    limit: Option<u64>,
}

/// Shows a month of use of the caller's tenant against its plan.
#[utoipa::path(get, path = "/v1/usage/statement", operation_id = "getUsageStatement", tag = "account", params(StatementOptions),
    responses((status = 200, content((StatementView = "application/json"), (String = "text/csv")))))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    headers: HeaderMap,
    Query(options): Query<StatementOptions>,
) -> Result<Response, Problem> {
    options.answer(&web, caller.need(Scopes::USAGE)?, &headers).await
}

impl StatementOptions {
    /// The answer, for the tenant or for an operator that looks at it.
    pub(crate) async fn answer(
        self,
        web: &Web,
        principal: &Principal,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let month = self.month.map_or_else(|| web.room.last_month(), |Named(month)| month);
        let found = web.room.statement(principal, month).await?.ok_or_else(Problem::not_found)?;
        if self.format.map_or_else(|| is_wanted(headers), Format::is_table) {
            return Ok(Sheet::of_statement(&found).into_response());
        }
        Ok(Json(StatementView::of(found)).into_response())
    }
}

impl StatementView {
    fn of(found: Statement) -> Self {
        Self {
            month: found.month.to_string(),
            closed_at: found.closed_at.map(|at| at.to_string()),
            plan: found.plan,
            lines: found
                .lines
                .into_iter()
                .map(|Line { item, used, limit }| LineView { item, used, limit })
                .collect(),
        }
    }
}
