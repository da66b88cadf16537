//! The audit log as operators see it: every chain without what was sealed in it, and the checkpoints.

use axum::Json;
use axum::extract::State;
use mailward_store::audit::checkpoint::Checkpoint;
use mailward_store::audit::verify::Walked;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Web;
use crate::audit::{EntryView, WalkView};
use crate::body::Body;
use crate::caller::Operator;
use crate::cursor::{self, Page};
use crate::problem::Problem;
use crate::query::{Limit, Paging, Query};

/// Chains that are walked for one answer: a walk takes time.
const MOST_WALKS: u32 = 20;
/// Heads that one question may hold.
const MOST_HEADS: usize = 1_000;

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsQuery {
    /// A tenant; the service's own chain when absent.
    tenant: Option<String>,
    /// Rows after this one, oldest first; newest first when absent.
    after: Option<i64>,
    /// 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// From the page before, when newest first.
    cursor: Option<String>,
}

/// Which chains.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyQuery {
    /// One tenant's chain, or `~system`; all when absent.
    chain: Option<String>,
    /// From the page before.
    cursor: Option<String>,
    /// Ignored beyond 20: a walk takes time.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
}

/// A signed note and what it added.
#[derive(Serialize, ToSchema)]
#[schema(as = Checkpoint)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckpointView {
    number: i64,
    created_at: String,
    /// `chain seq hash`, the ends this note added.
    leaves: Vec<String>,
    /// C2SP tlog-checkpoint.
    note: String,
}

/// Who signs.
#[derive(Serialize, ToSchema)]
#[schema(as = CheckpointKey)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView {
    /// `name+id+key`, as signed notes write it.
    verifier: String,
}

/// Ends of chains that must still be there.
#[derive(Deserialize, ToSchema)]
#[schema(as = AuditHeads)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadsRequest {
    /// `chain seq hash`, at most 1000.
    heads: Vec<String>,
}

/// Those that are not.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditMissing)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MissingView {
    missing: Vec<String>,
}

/// Lists one chain: the service's, or a tenant's. What people wrote as reasons is the tenant's to read.
#[utoipa::path(get, path = "/operator/v1/audit", operation_id = "listServiceAudit", tag = "audit",
    params(RowsQuery), responses((status = 200, body = Page<EntryView>)))]
pub(crate) async fn list(
    Operator(operator): Operator,
    State(web): State<Web>,
    Query(options): Query<RowsQuery>,
) -> Result<Json<Page<EntryView>>, Problem> {
    let Limit(limit) = options.limit;
    let most = i64::from(limit) + 1;
    let chain = options.tenant.as_deref();
    let found = match options.after {
        Some(after) => web.room.audit_after(&operator, chain, after, most).await?,
        None => {
            let before = cursor::read(options.cursor.as_deref(), |place| place.parse().ok())?;
            web.room.audit_before(&operator, chain, before.unwrap_or(i64::MAX), most).await?
        }
    };
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(Json(Page::of(found, limit, |entry| entry.seq.to_string(), |entry| EntryView::of(entry, None))))
}

/// Walks chains by name, a page of them at a time.
#[utoipa::path(get, path = "/operator/v1/audit/verify", operation_id = "verifyServiceAudit", tag = "audit",
    params(VerifyQuery), responses((status = 200, body = Page<WalkView>)))]
pub(crate) async fn verify(
    Operator(operator): Operator,
    State(web): State<Web>,
    Query(options): Query<VerifyQuery>,
) -> Result<Json<Page<WalkView>>, Problem> {
    if let Some(chain) = &options.chain {
        let walked = web.room.verify_chain(&operator, chain).await?.ok_or_else(Problem::not_found)?;
        return Ok(Json(Page::whole(vec![walked.into()])));
    }
    let limit = options.limit.0.min(MOST_WALKS);
    let after = cursor::read(options.cursor.as_deref(), |place| Some(place.to_owned()))?.unwrap_or_default();
    let chains = operator.chains(&after, i64::from(limit) + 1).await?;
    let page = Page::of(chains, limit, String::clone, |chain| chain);
    let mut data = Vec::with_capacity(page.data.len());
    for chain in &page.data {
        let walked = web.room.verify_chain(&operator, chain).await?;
        data.push(walked.unwrap_or_else(|| Walked::orphan(chain)).into());
    }
    Ok(Json(Page { data, cursor: page.cursor }))
}

/// Lists the signed checkpoints, oldest first.
#[utoipa::path(get, path = "/operator/v1/audit/checkpoints", operation_id = "listCheckpoints", tag = "audit",
    params(Paging), responses((status = 200, body = Page<CheckpointView>)))]
pub(crate) async fn checkpoints(
    Operator(operator): Operator,
    Query(options): Query<Paging>,
) -> Result<Json<Page<CheckpointView>>, Problem> {
    let Limit(limit) = options.limit;
    let after = cursor::read(options.cursor.as_deref(), |place| place.parse().ok())?.unwrap_or(0);
    let found = operator.checkpoints(after, i64::from(limit) + 1).await?;
    Ok(Json(Page::of(found, limit, |one| one.number.to_string(), CheckpointView::from)))
}

/// Names the key that signs checkpoints.
#[utoipa::path(get, path = "/operator/v1/audit/key", operation_id = "getCheckpointKey", tag = "audit",
    responses((status = 200, body = KeyView)))]
pub(crate) async fn key(_: Operator, State(web): State<Web>) -> Result<Json<KeyView>, Problem> {
    Ok(Json(KeyView { verifier: web.room.checkpoint_verifier().await?.to_string() }))
}

/// Says which of these ends of chains are not rows of them any more.
#[utoipa::path(post, path = "/operator/v1/audit/missing", operation_id = "findMissingHeads", tag = "audit",
    request_body(content = HeadsRequest), responses((status = 200, body = MissingView)))]
pub(crate) async fn missing(
    Operator(operator): Operator,
    Body(request): Body<HeadsRequest>,
) -> Result<Json<MissingView>, Problem> {
    if request.heads.len() > MOST_HEADS {
        return Err(Problem::validation(format!("heads: at most {MOST_HEADS} at once")));
    }
    let mut missing = Vec::new();
    for head in request.heads {
        let (chain, seq, hash) = parse(&head)
            .ok_or_else(|| Problem::validation("heads: each is `chain seq hash`, the hash in hex"))?;
        if !operator.audit_holds(chain, seq, &hash).await? {
            missing.push(head);
        }
    }
    Ok(Json(MissingView { missing }))
}

fn parse(head: &str) -> Option<(&str, i64, Vec<u8>)> {
    let mut words = head.split(' ');
    let (chain, seq, hash) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    if words.next().is_some() || hash.len() != 64 || !hash.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..64).step_by(2).map(|at| u8::from_str_radix(&hash[at..at + 2], 16).ok()).collect();
    Some((chain, seq, bytes?))
}

impl From<Checkpoint> for CheckpointView {
    fn from(one: Checkpoint) -> Self {
        Self {
            number: one.number,
            created_at: one.created_at.to_string(),
            leaves: one.leaves.lines().map(str::to_owned).collect(),
            note: one.note,
        }
    }
}
