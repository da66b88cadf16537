//! The walls between tenants: what is shared, how the last trial ended, and the part of a trial that must happen inside.

use axum::Json;
use axum::extract::State;
use mailward_mail::id::{InboxId, MessageId, TenantId, WebhookId};
use mailward_mailroom::Foreign;
use mailward_store::{Act, Action, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::isolation::{Boundary, Trial, Verdict};
use crate::problem::Problem;

/// Doors of one trial.
const MOST_DOORS: usize = 1_000;

/// What is known of the walls.
#[derive(Serialize, ToSchema)]
#[schema(as = Isolation)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IsolationView {
    /// What URLs of the public API begin with.
    http: Option<String>,
    /// Where mail comes in.
    smtp: Option<String>,
    /// What two tenants of this deployment share.
    boundaries: Vec<Boundary>,
    /// How the last trial since the start ended.
    last: Option<Trial>,
}

/// One tenant's attempt on another's rows.
#[derive(Deserialize, ToSchema)]
#[schema(as = Trespass)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TrespassRequest {
    /// The tenant that tries.
    by: String,
    /// An inbox of the other.
    #[schema(value_type = String)]
    inbox: InboxId,
    /// A delivered mail of the other.
    #[schema(value_type = String)]
    email: MessageId,
    /// A held one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    held: Option<MessageId>,
    /// An endpoint of the other.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    webhook: Option<WebhookId>,
    /// A key of the other.
    key: String,
}

/// What it found: counts alone.
#[derive(Serialize, ToSchema)]
#[schema(as = TrespassResult)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrespassView {
    /// What statements without a condition saw; absent where the database has no roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    tables: Option<Vec<TableView>>,
    /// Statements of the service that were given the other's ids.
    statements: u32,
    /// How many found something.
    found: u32,
}

/// What one table showed.
#[derive(Serialize, ToSchema)]
#[schema(as = TrespassedTable)]
struct TableView {
    table: String,
    own: i64,
    foreign: i64,
}

/// Shows what tenants share, and how the last trial of the walls ended.
#[utoipa::path(get, path = "/operator/v1/isolation", operation_id = "getIsolation", tag = "isolation",
    responses((status = 200, body = IsolationView)))]
pub(crate) async fn show(_: Operator, State(web): State<Web>) -> Json<IsolationView> {
    let known = &web.config.isolation;
    Json(IsolationView {
        http: known.reached().map(|(http, _)| http.clone()),
        smtp: known.reached().map(|(_, smtp)| smtp.to_string()),
        boundaries: known.boundaries(),
        last: known.last(),
    })
}

/// Keeps the outcome of a trial, and puts it into the service's audit log.
#[utoipa::path(post, path = "/operator/v1/isolation", operation_id = "recordIsolation", tag = "isolation",
    request_body(content = Trial), responses((status = 200, body = Trial)))]
pub(crate) async fn record(
    Operator(operator): Operator,
    State(web): State<Web>,
    Body(trial): Body<Trial>,
) -> Result<Json<Trial>, Problem> {
    if trial.doors.len() > MOST_DOORS {
        return Err(Problem::validation(format!("doors: at most {MOST_DOORS}")));
    }
    let number = |verdict| i64::try_from(trial.count(verdict)).unwrap_or(i64::MAX);
    let leaks = number(Verdict::Leaks);
    let act = Act::new(Action::IsolationChecked)
        .number("doors", i64::try_from(trial.doors.len()).unwrap_or(i64::MAX))
        .number("leaks", leaks)
        .number("untried", number(Verdict::Untried))
        .ended(if leaks == 0 { Outcome::Done } else { Outcome::Failed });
    operator.audit(act, web.room.clock().now()).await?;
    web.config.isolation.keep(trial.clone());
    Ok(Json(trial))
}

/// Lets one tenant look for another's rows in the database, and tells how many it found.
#[utoipa::path(post, path = "/operator/v1/isolation/trespass", operation_id = "tryTrespass", tag = "isolation",
    request_body(content = TrespassRequest), responses((status = 200, body = TrespassView)))]
pub(crate) async fn trespass(
    Operator(operator): Operator,
    State(web): State<Web>,
    Body(request): Body<TrespassRequest>,
) -> Result<Json<TrespassView>, Problem> {
    let by = TenantId::parse(&request.by).map_err(|_| Problem::not_found())?;
    let foreign = Foreign {
        inbox: request.inbox,
        email: request.email,
        held: request.held,
        webhook: request.webhook,
        keyid: request.key.trim_start_matches("key_").to_owned(),
    };
    let found = web.room.trespass(&operator, &by, &foreign).await?.ok_or_else(Problem::not_found)?;
    let tables = found.tables.map(|tables| {
        let view = |one: mailward_store::Sighting| TableView {
            table: one.table,
            own: one.own,
            foreign: one.foreign,
        };
        tables.into_iter().map(view).collect()
    });
    Ok(Json(TrespassView { tables, statements: found.statements, found: found.found }))
}
