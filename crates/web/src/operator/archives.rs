//! Archives of tenants, on their way out and in: bodies of any length, never held in memory.

use std::io;
use std::time::Duration;

use axum::Json;
use axum::body::{Body as Stream, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use mailward_mail::id::TenantId;
use mailward_mailroom::archive::{Counts, ImportOptions, ImportReport};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::problem::Problem;
use crate::query::{Ids, Query};

/// Pieces of an archive that wait between its two ends.
const AHEAD: usize = 4;
/// How long a peer may send nothing.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the rest of a refused archive is read for, so that its sender sees the answer.
const DRAIN: Duration = Duration::from_secs(20);

/// For whom an archive is packed.
#[derive(Deserialize, ToSchema)]
#[schema(as = ExportRequest)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportRequest {
    /// An age recipient, `age1…`: whoever holds its identity can read the archive, and nobody else.
    recipient: String,
}

/// How an archive is to be taken up.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// Under this id instead of its own.
    tenant: Option<String>,
    /// On this plan instead of its own.
    plan: Option<String>,
    /// Refuse it unless this key signed it: base64, or `SHA256:` and hex.
    signer: Option<String>,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// What was taken up, or would be. Tokens and secrets are shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportReport)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportView {
    id: String,
    from_tenant: String,
    deployment: String,
    created_at: String,
    /// Fingerprint of the key that signed the archive.
    signer: String,
    dry_run: bool,
    #[schema(value_type = Object)]
    counts: Counts,
    /// Delivered where it came from, held here.
    held_anew: u64,
    conflicts: Vec<String>,
    keys: Vec<NewKeyView>,
    webhooks: Vec<NewSecretView>,
}

/// A key in place of one that stayed behind.
#[derive(Serialize, ToSchema)]
#[schema(as = ReplacedKey)]
#[serde(rename_all = "camelCase")]
struct NewKeyView {
    /// Id of the key that it replaces.
    replaces: Option<String>,
    inbox_id: Option<String>,
    scopes: Vec<&'static str>,
    name: Option<String>,
    token: String,
}

/// A webhook secret in place of one that stayed behind.
#[derive(Serialize, ToSchema)]
#[schema(as = ReplacedSecret)]
struct NewSecretView {
    id: String,
    url: String,
    secret: String,
}

/// Packs the archive of a tenant, encrypted to an age recipient. The tenant's audit log names the recipient.
#[utoipa::path(post, path = "/operator/v1/tenants/{id}/export", operation_id = "exportTenant", tag = "tenants",
    params(("id" = String, Path)), request_body(content = ExportRequest),
    responses((status = 200, content_type = "application/octet-stream", description = "A tar within an age file")))]
pub(crate) async fn export(
    Operator(operator): Operator,
    State(web): State<Web>,
    Ids(id): Ids<String>,
    Body(request): Body<ExportRequest>,
) -> Result<Response, Problem> {
    let id = TenantId::parse(&id).map_err(|_| Problem::not_found())?;
    let export = web.room.export(&operator, &id, &request.recipient).await?;
    let export = export.ok_or_else(Problem::not_found)?;
    let (out, pieces) = mpsc::channel(AHEAD);
    let name = id.clone();
    tokio::spawn(async move {
        if let Err(error) = export.pack(out.clone()).await {
            tracing::warn!(tenant_id = %name, %error, "an archive was not packed to its end");
            // Cuts the answer off, so that nobody takes it for whole.
            let _ = out.send(Err(io::ErrorKind::Other.into())).await;
        }
    });
    let pieces = futures_util::stream::unfold(pieces, async |mut pieces| {
        pieces.recv().await.map(|piece: io::Result<Vec<u8>>| (piece.map(Bytes::from), pieces))
    });
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{id}.tar.age\""));
    headers.extend(disposition.ok().map(|value| (CONTENT_DISPOSITION, value)));
    Ok((headers, Stream::from_stream(pieces)).into_response())
}

/// Takes up a tenant from an archive: the decrypted tar is the body. All of it is checked before any of it is stored.
#[utoipa::path(post, path = "/operator/v1/imports", operation_id = "importTenant", tag = "tenants",
    params(ImportQuery), request_body(content_type = "application/x-tar"),
    responses((status = 200, body = ImportView)))]
pub(crate) async fn import(
    Operator(operator): Operator,
    State(web): State<Web>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Json<ImportView>, Problem> {
    let tenant = query.tenant.as_deref().map(TenantId::parse).transpose();
    let tenant = tenant.map_err(|_| {
        Problem::validation("tenant: must have 1 to 40 characters of a-z, 0-9 and -, and no - at its ends")
    })?;
    let dry_run = query.dry_run;
    let options = ImportOptions { tenant, plan: query.plan, signer: query.signer, dry_run };
    let (out, pieces) = mpsc::channel(AHEAD);
    let room = web.room.clone();
    // On its own, so that a client that goes away does not leave half of a tenant.
    let work = tokio::spawn(async move { room.import(&operator, options, pieces).await });
    forward(request.into_body(), out).await;
    let report = work.await.map_err(|_| Problem::internal("an import panicked"))??;
    Ok(Json(ImportView::of(report, dry_run)))
}

/// Hands the body on as it comes. When nobody wants it any more, what follows is read and dropped for a while.
async fn forward(body: Stream, out: mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut body = body.into_data_stream();
    let mut drain_until = None;
    loop {
        let piece = match tokio::time::timeout(PATIENCE, body.next()).await {
            Ok(Some(Ok(piece))) => Ok(piece.to_vec()),
            Ok(Some(Err(_))) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(None) => return,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let is_over = piece.is_err();
        let is_refused = drain_until.is_some() || out.send(piece).await.is_err();
        let now = tokio::time::Instant::now();
        let until = *drain_until.get_or_insert(now + DRAIN);
        if !is_refused {
            drain_until = None;
        }
        if is_over || is_refused && now >= until {
            return;
        }
    }
}

impl ImportView {
    fn of(report: ImportReport, dry_run: bool) -> Self {
        Self {
            id: report.tenant.to_string(),
            from_tenant: report.from_tenant,
            deployment: report.deployment,
            created_at: report.created_at,
            signer: report.signer,
            dry_run,
            counts: report.counts,
            held_anew: report.held_anew,
            conflicts: report.conflicts,
            keys: report
                .keys
                .into_iter()
                .map(|key| NewKeyView {
                    replaces: key.replaces,
                    inbox_id: key.inbox.map(|inbox| inbox.to_string()),
                    scopes: key.scopes.names(),
                    name: key.name,
                    token: key.token.expose().to_owned(),
                })
                .collect(),
            webhooks: report
                .secrets
                .into_iter()
                .map(|one| NewSecretView { id: one.webhook.to_string(), url: one.url, secret: one.secret })
                .collect(),
        }
    }
}
