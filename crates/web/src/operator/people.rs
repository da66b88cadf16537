//! Invitations to the console, for the operator's staff and for the first person of a tenant.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::TenantId;
use mailward_mailroom::people::InviteRequest;
use mailward_store::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Web;
use crate::body::Body;
use crate::caller::Operator;
use crate::problem::Problem;

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[schema(as = InvitePerson)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonRequest {
    /// The address she will sign in with.
    email: String,
    /// What she may do.
    role: RoleName,
    /// Whose person she is; absent: the operator's staff.
    #[serde(default)]
    tenant: Option<String>,
}

/// What a person may do at the console.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[schema(as = PersonRole)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoleName {
    /// See figures, states and the audit log; no mail.
    Viewer,
    /// That, and decide on held mail.
    Reviewer,
    /// That, and change settings and people.
    Admin,
}

/// An invitation. Its path is told this once.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationView {
    /// The person's id.
    id: String,
    /// The address she will sign in with.
    email: String,
    /// What she may do.
    role: RoleName,
    /// Whose person she is; null: the operator's staff.
    tenant: Option<String>,
    /// Where the invitation is taken up, on the public listener for a tenant's person, on the operator's for staff.
    path: String,
    /// The whole link, for a tenant's person; null for staff, who come in at the operator's listener, wherever that is, and
    /// where this process has no public listener and no `http.public_url`.
    url: Option<String>,
    /// Until when, ISO 8601.
    expires_at: String,
}

/// Invites somebody to the console, for 48 hours. Inviting once more ends the invitation before; who has joined
/// is answered 409.
#[utoipa::path(post, path = "/operator/v1/people", operation_id = "invitePerson", tag = "people",
    request_body(content = PersonRequest), responses((status = 201, body = InvitationView)))]
pub(crate) async fn invite(
    Operator(operator): Operator,
    State(web): State<Web>,
    Body(request): Body<PersonRequest>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    let tenant = match &request.tenant {
        Some(id) => Some(TenantId::parse(id).map_err(|_| Problem::not_found())?),
        None => None,
    };
    let wanted = InviteRequest { email: request.email, role: request.role.into() };
    let made = web.room.invite_as_operator(&operator, tenant.as_ref(), &wanted).await?;
    let made = made.ok_or_else(Problem::not_found)?;
    let path = format!("/console/invitation/{}", made.secret);
    let url = match (&tenant, &web.config.people_url) {
        (Some(tenant), Some(base)) => Some(format!("{}{path}", web.room.door_of(tenant, base).await?)),
        _ => None,
    };
    let view = InvitationView {
        id: made.person.to_string(),
        email: made.email,
        role: request.role,
        url,
        tenant: tenant.map(|id| id.to_string()),
        path,
        expires_at: made.expires_at.to_string(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Self::Viewer,
            RoleName::Reviewer => Self::Reviewer,
            RoleName::Admin => Self::Admin,
        }
    }
}
