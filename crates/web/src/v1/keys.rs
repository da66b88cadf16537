//! Keys: minted, listed, rotated, revoked. A token is shown once, in the answer that made it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mailward_mail::id::InboxId;
use mailward_mailroom::access::{KeyRequest, MintedKey};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DeletedView;
use crate::Web;
use crate::body::Body;
use crate::caller::Caller;
use crate::cursor::Page;
use crate::problem::Problem;
use crate::query::{Ids, Moment};

/// What every key's id begins with; the rest is the public part of its token.
const PREFIX: &str = "key_";

/// What key is wanted.
#[derive(Deserialize, ToSchema)]
#[schema(as = CreateKey)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CreateRequest {
    /// Bound to this inbox alone.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    inbox_id: Option<InboxId>,
    /// What it may do; as its kind commonly may when absent.
    #[serde(default)]
    scopes: Option<Vec<String>>,
    /// When it ends, ISO 8601.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    expires_at: Option<Moment>,
    /// At most 100 characters.
    #[serde(default)]
    name: Option<String>,
    /// Networks it may be used from, such as `192.0.2.0/24`, at most 20; as the caller's key when absent.
    #[serde(default)]
    allowed_cidrs: Option<Vec<String>>,
}

/// How a key is to be rotated.
#[derive(Deserialize, ToSchema)]
#[schema(as = RotateKey)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RotateRequest {
    /// How long the old secret works beside the new one, at most 7 days; not at all when absent.
    #[serde(default)]
    overlap_seconds: u64,
}

/// A key.
#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView {
    id: String,
    name: Option<String>,
    /// What its token begins with.
    prefix: String,
    /// What its token ends with.
    last4: String,
    inbox_id: Option<String>,
    scopes: Vec<&'static str>,
    created_at: String,
    expires_at: Option<String>,
    /// To five minutes.
    last_used_at: Option<String>,
    /// Networks it may be used from; null is anywhere.
    allowed_cidrs: Option<Vec<String>>,
    /// Shown once: when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// The id of a key in a path.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct KeyId(String);

/// Mints a key that does no more and lives no longer than the caller's.
#[utoipa::path(post, path = "/v1/keys", operation_id = "createKey", tag = "keys",
    request_body(content = Option<CreateRequest>), responses((status = 201, body = KeyView)))]
pub(crate) async fn create(
    caller: Caller,
    State(web): State<Web>,
    Body(request): Body<CreateRequest>,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    let principal = caller.need(Scopes::KEYS)?;
    let request = KeyRequest {
        inbox: request.inbox_id,
        scopes: request.scopes,
        expires_at: request.expires_at.map(|Moment(at)| at),
        name: request.name,
        networks: request.allowed_cidrs,
    };
    let minted = web.room.mint(principal, request).await?.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::CREATED, Json(KeyView::minted(minted))))
}

/// Lists the keys that are not revoked, newest first.
#[utoipa::path(get, path = "/v1/keys", operation_id = "listKeys", tag = "keys",
    responses((status = 200, body = Page<KeyView>)))]
pub(crate) async fn list(caller: Caller, State(web): State<Web>) -> Result<Json<Page<KeyView>>, Problem> {
    let keys = web.room.keys(caller.need(Scopes::KEYS)?).await?;
    Ok(Json(Page::whole(keys.into_iter().map(KeyView::of).collect())))
}

/// Ends a key at once.
#[utoipa::path(delete, path = "/v1/keys/{id}", operation_id = "revokeKey", tag = "keys",
    params(("id" = String, Path)), responses((status = 200, body = DeletedView)))]
pub(crate) async fn revoke(
    caller: Caller,
    State(web): State<Web>,
    Ids(KeyId(keyid)): Ids<KeyId>,
) -> Result<Json<DeletedView>, Problem> {
    if web.room.revoke(caller.need(Scopes::KEYS)?, &keyid).await? {
        Ok(DeletedView::of(format!("{PREFIX}{keyid}")))
    } else {
        Err(Problem::not_found())
    }
}

/// Replaces a key by one that does the same.
#[utoipa::path(post, path = "/v1/keys/{id}/rotate", operation_id = "rotateKey", tag = "keys",
    params(("id" = String, Path)), request_body(content = Option<RotateRequest>),
    responses((status = 201, body = KeyView)))]
pub(crate) async fn rotate(
    caller: Caller,
    State(web): State<Web>,
    Ids(KeyId(keyid)): Ids<KeyId>,
    Body(request): Body<RotateRequest>,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    let overlap = Duration::from_secs(request.overlap_seconds);
    let minted = web.room.rotate(caller.need(Scopes::KEYS)?, &keyid, overlap).await?;
    Ok((StatusCode::CREATED, Json(KeyView::minted(minted.ok_or_else(Problem::not_found)?))))
}

impl TryFrom<String> for KeyId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        let keyid = text
            .strip_prefix(PREFIX)
            .filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_alphanumeric()));
        keyid.map(|id| Self(id.to_owned())).ok_or("not a valid key id")
    }
}

impl KeyView {
    fn of(view: mailward_mailroom::access::KeyView) -> Self {
        let key = view.key;
        let kind = if key.inbox.is_some() { 'i' } else { 't' };
        Self {
            id: format!("{PREFIX}{}", key.keyid),
            name: view.name,
            prefix: format!("mw_{kind}_{}", key.keyid),
            last4: key.last4,
            inbox_id: key.inbox.map(String::from),
            scopes: key.scopes.names(),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|at| at.to_string()),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
            allowed_cidrs: key.networks.map(|nets| nets.split(' ').map(str::to_owned).collect()),
            token: None,
        }
    }

    pub(crate) fn minted(minted: MintedKey) -> Self {
        let token = Some(minted.token.expose().to_owned());
        Self { token, ..Self::of(minted.view) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_s_id_is_its_public_part_behind_a_prefix() {
        let read = |text: &str| KeyId::try_from(text.to_owned()).ok().map(|KeyId(id)| id);
        assert_eq!(read("key_0123456789Ab"), Some("0123456789Ab".into()));
        for bad in ["0123456789Ab", "key_", "key_0123456789Abc", "key_0123456789A'", "ibx_0123456789Ab"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
