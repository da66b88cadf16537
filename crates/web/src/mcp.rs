//! `/mcp`: the Model Context Protocol over streamable HTTP. Who asks is found out as for every other route; what is
//! asked is the business of [`mailward_mcp`].
//!
//! There is no `GET`: this server begins no conversation, and the protocol lets it answer 405.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Web;
use crate::body::Whole;
use crate::caller::Caller;
use crate::problem::{ErrorView, Problem};
use crate::server::Shutdown;

/// A message of JSON-RPC 2.0: a request, a notification or an answer.
#[derive(Serialize, ToSchema)]
#[schema(as = RpcMessage)]
pub(crate) struct RpcMessageView {
    /// `2.0`.
    jsonrpc: &'static str,
    /// Of a request and of its answer: an integer or a text.
    #[schema(value_type = Option<Object>)]
    id: Value,
    /// Of a request or a notification.
    method: Option<String>,
    /// Of a request or a notification.
    params: Option<Value>,
}

/// Why a message was not taken.
#[derive(Serialize, ToSchema)]
#[schema(as = RpcRefusal)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes what the protocol's server writes")]
pub(crate) enum RpcRefusalView {
    /// As JSON-RPC says it.
    Rpc {
        /// `2.0`.
        jsonrpc: &'static str,
        /// Which request, where that is known.
        #[schema(value_type = Option<Object>)]
        id: Value,
        /// `code` and `message`.
        #[schema(value_type = Object)]
        error: Value,
    },
    /// As the rest of this API says it.
    Error(ErrorView),
}

/// Takes one message of the Model Context Protocol. Needs a key; the tools are those that its scopes allow.
#[utoipa::path(post, path = "/mcp", operation_id = "mcp", tag = "mcp",
    params(("Mcp-Session-Id" = Option<String>, Header, description = "The session, in revisions before 2026-07-28"),
        ("MCP-Protocol-Version" = Option<String>, Header, description = "The revision of the protocol")),
    request_body(content = RpcMessageView),
    responses((status = 200, description = "An answer, or a stream of events that ends with it", content(
            (RpcMessageView = "application/json"), (String = "text/event-stream"))),
        (status = 202, description = "A notification was taken"),
        (status = 400, body = RpcRefusalView), (status = 403, body = RpcRefusalView),
        (status = 404, body = RpcRefusalView), (status = 406, body = RpcRefusalView),
        (status = 415, body = RpcRefusalView), (status = 422, body = RpcRefusalView)))]
pub(crate) async fn ask(
    caller: Caller,
    State(web): State<Web>,
    shutdown: Shutdown,
    Whole(parts, body): Whole,
) -> Result<Response, Problem> {
    Ok(web.mcp.answer(caller.for_tools(&shutdown), parts, body).await.map(Body::new))
}

/// Ends a session of the Model Context Protocol.
#[utoipa::path(delete, path = "/mcp", operation_id = "endMcpSession", tag = "mcp",
    params(("Mcp-Session-Id" = Option<String>, Header, description = "The session")),
    responses((status = 202, description = "It is over"), (status = 400, body = RpcRefusalView),
        (status = 403, body = RpcRefusalView), (status = 404, body = RpcRefusalView),
        (status = 405, body = RpcRefusalView)))]
pub(crate) async fn end(
    caller: Caller,
    State(web): State<Web>,
    shutdown: Shutdown,
    Whole(parts, body): Whole,
) -> Result<Response, Problem> {
    Ok(web.mcp.answer(caller.for_tools(&shutdown), parts, body).await.map(Body::new))
}
