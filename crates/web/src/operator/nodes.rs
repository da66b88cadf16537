//! The processes that serve.

use axum::Json;
use axum::extract::State;
use mailward_mailroom::NodeState;
use mailward_store::Node;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Web;
use crate::caller::Operator;
use crate::cursor::Page;
use crate::problem::Problem;

/// A process of the service.
#[derive(Serialize, ToSchema)]
#[schema(as = Node)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeView {
    /// Its id, of this run.
    id: String,
    /// Its machine's name.
    name: String,
    /// The program's version.
    version: String,
    /// What it does: `smtp`, `web`, `dispatch`.
    roles: Vec<String>,
    /// `ready`; `unready`: it says that it cannot serve; `silent`: it was not heard of for 45 seconds.
    state: &'static str,
    /// Why it is not ready: `store`, `keys`, `disk` or `screening`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    started_at: String,
    /// When it was last heard of.
    seen_at: String,
}

impl NodeView {
    fn of((node, state): (Node, NodeState)) -> Self {
        let (state, reason) = match state {
            NodeState::Ready => ("ready", None),
            NodeState::Unready(why) => ("unready", Some(why)),
            NodeState::Silent => ("silent", None),
        };
        Self {
            roles: node.roles.split(',').map(str::to_owned).collect(),
            started_at: node.started_at.to_string(),
            seen_at: node.seen_at.to_string(),
            id: node.id,
            name: node.name,
            version: node.version,
            state,
            reason,
        }
    }
}

/// Lists the processes that serve, by name. One that ends in order is gone at once, one that was killed after a day.
#[utoipa::path(get, path = "/operator/v1/nodes", operation_id = "listNodes", tag = "nodes",
    responses((status = 200, body = Page<NodeView>)))]
pub(crate) async fn list(
    Operator(operator): Operator,
    State(web): State<Web>,
) -> Result<Json<Page<NodeView>>, Problem> {
    let nodes = web.room.nodes(&operator).await?;
    Ok(Json(Page::whole(nodes.into_iter().map(NodeView::of).collect())))
}
