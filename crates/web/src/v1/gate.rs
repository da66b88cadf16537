//! What is held, as a tenant chose for itself and for its inboxes, and whom its reviewers let through.

use axum::Json;
use axum::extract::State;
use mailward_mail::id::{AllowedId, InboxId};
use mailward_mailroom::access::Principal;
use mailward_mailroom::{AllowedView, FourEyes, GatePolicy, Hold, OwnRule, PolicyChange, PolicyView};
use mailward_store::Scopes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DeletedView;
use super::receive_policy::ReceivePolicyShape;
use super::send_policy::{EffectiveSendView, InboxSendPolicy, SendPolicyShape};
use crate::Web;
use crate::body::Body;
use crate::caller::Caller;
use crate::cursor::{self, Page};
use crate::problem::Problem;
use crate::query::{Ids, Limit, Paging, Query};

/// What is chosen. What is absent is as the next wider policy says: the tenant's for an inbox, the server's for a tenant.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[schema(as = ChangeGate)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct GateRequest {
    /// From which level on mail waits for a person: `high`, `medium` or `never`. What could not be judged always waits.
    #[serde(default)]
    hold: Option<HoldShape>,
    /// Addresses and domains whose mail is not held for its level, where DMARC passed and nothing would hand data on.
    /// At most 200.
    #[serde(default)]
    trusted_senders: Option<Vec<String>>,
    /// Words and phrases of your own. At most 50.
    #[serde(default)]
    rules: Option<Vec<RuleShape>>,
    /// Whether a sign-in code may be handed out while its mail is held, where DMARC passed. Nobody says: no.
    #[serde(default)]
    codes_while_held: Option<bool>,
    /// To whom mail may go, and what is looked for in it. Not for a key of one inbox.
    #[serde(default)]
    send_policy: Option<InboxSendPolicy>,
    /// From whom mail is taken. Not for a key of one inbox.
    #[serde(default)]
    receive_policy: Option<ReceivePolicyShape>,
    /// Which held mail two different people (or keys) must release: `off`, `high` (what is high or could not be judged, and what
    /// goes) or `all`. Of the whole tenant. Lowered, it still rules for what came until then.
    #[serde(default)]
    four_eyes: Option<FourEyesShape>,
    /// Only if this is the version that stands: else 409.
    #[serde(default)]
    version: Option<i64>,
}

/// From which level on mail waits for a person.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = Hold)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HoldShape {
    /// Medium and above.
    Medium,
    /// High.
    High,
    /// Nothing that could be judged.
    Never,
}

/// Which held mail two people must release.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = FourEyes)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FourEyesShape {
    /// None.
    Off,
    /// What is high or could not be judged, and what goes.
    High,
    /// All of it.
    All,
}

/// A phrase that is a finding wherever it stands.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[schema(as = OwnRule)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleShape {
    /// 2 to 200 characters; case, white space and invisible characters do not matter.
    phrase: String,
    /// The score that it gives at least, 1 to 100; without one it only warns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<u8>,
}

/// `gate` of an inbox that is changed: a hold level alone, or all of it.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(as = InboxGate)]
#[serde(untagged)]
pub(crate) enum InboxGate {
    /// `high`, `medium` or `never`.
    Hold(HoldShape),
    /// What is named changes, the rest stays.
    Fields(Box<GateRequest>),
}

/// A policy.
#[derive(Serialize, ToSchema)]
#[schema(as = Gate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GateView {
    /// Null: the whole tenant.
    inbox_id: Option<String>,
    /// Counts from 1; 0: nothing was chosen yet.
    version: i64,
    /// Null: as the next wider policy says.
    hold: Option<&'static str>,
    /// Null: as the next wider policy says.
    trusted_senders: Option<Vec<String>>,
    /// Null: as the next wider policy says.
    rules: Option<Vec<RuleShape>>,
    /// Null: as the next wider policy says.
    codes_while_held: Option<bool>,
    /// Null: as the next wider policy says.
    send_policy: Option<SendPolicyShape>,
    /// Null: as the next wider policy says.
    receive_policy: Option<ReceivePolicyShape>,
    /// Null: nobody said, as `off`; null for an inbox.
    four_eyes: Option<&'static str>,
    effective: EffectiveView,
    changed_at: Option<String>,
    /// The key that chose it.
    changed_by: Option<String>,
}

/// What rules, with what the wider policies say.
#[derive(Serialize, ToSchema)]
#[schema(as = EffectiveGate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EffectiveView {
    hold: &'static str,
    trusted_senders: Vec<String>,
    rules: Vec<RuleShape>,
    codes_while_held: bool,
    send_policy: EffectiveSendView,
    receive_policy: ReceivePolicyShape,
    four_eyes: &'static str,
}

/// A sender that a reviewer let through for some time.
#[derive(Serialize, ToSchema)]
#[schema(as = AllowedSender)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AllowedSenderView {
    id: String,
    address: String,
    /// Null: to all inboxes.
    inbox_id: Option<String>,
    until: String,
    /// The mail with whose release it was made.
    email_id: String,
    created_at: String,
    created_by: String,
}

/// Shows the tenant's policy.
#[utoipa::path(get, path = "/v1/gate", operation_id = "getGate", tag = "gate",
    responses((status = 200, body = GateView)))]
pub(crate) async fn show(caller: Caller, State(web): State<Web>) -> Result<Json<GateView>, Problem> {
    shown(&web, caller.need(Scopes::SETTINGS)?, None).await
}

/// Chooses the tenant's policy: all of it anew.
#[utoipa::path(put, path = "/v1/gate", operation_id = "replaceGate", tag = "gate",
    request_body(content = GateRequest), responses((status = 200, body = GateView)))]
pub(crate) async fn replace(
    caller: Caller,
    State(web): State<Web>,
    Body(request): Body<GateRequest>,
) -> Result<Json<GateView>, Problem> {
    chosen(&web, caller.need(Scopes::SETTINGS)?, None, request, PolicyChange::Replace).await
}

/// Changes what is named of the tenant's policy.
#[utoipa::path(patch, path = "/v1/gate", operation_id = "changeGate", tag = "gate",
    request_body(content = GateRequest), responses((status = 200, body = GateView)))]
pub(crate) async fn change(
    caller: Caller,
    State(web): State<Web>,
    Body(request): Body<GateRequest>,
) -> Result<Json<GateView>, Problem> {
    chosen(&web, caller.need(Scopes::SETTINGS)?, None, request, PolicyChange::Merge).await
}

/// Shows an inbox's policy.
#[utoipa::path(get, path = "/v1/inboxes/{id}/gate", operation_id = "getInboxGate", tag = "gate",
    params(("id" = String, Path)), responses((status = 200, body = GateView)))]
pub(crate) async fn show_inbox(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<InboxId>,
) -> Result<Json<GateView>, Problem> {
    shown(&web, caller.need(Scopes::SETTINGS)?, Some(&id)).await
}

/// Chooses an inbox's policy: all of it anew. An empty one leaves everything to the tenant's.
#[utoipa::path(put, path = "/v1/inboxes/{id}/gate", operation_id = "replaceInboxGate", tag = "gate",
    params(("id" = String, Path)), request_body(content = GateRequest),
    responses((status = 200, body = GateView)))]
pub(crate) async fn replace_inbox(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<InboxId>,
    Body(request): Body<GateRequest>,
) -> Result<Json<GateView>, Problem> {
    chosen(&web, caller.need(Scopes::SETTINGS)?, Some(&id), request, PolicyChange::Replace).await
}

/// Changes what is named of an inbox's policy.
#[utoipa::path(patch, path = "/v1/inboxes/{id}/gate", operation_id = "changeInboxGate", tag = "gate",
    params(("id" = String, Path)), request_body(content = GateRequest),
    responses((status = 200, body = GateView)))]
pub(crate) async fn change_inbox(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<InboxId>,
    Body(request): Body<GateRequest>,
) -> Result<Json<GateView>, Problem> {
    chosen(&web, caller.need(Scopes::SETTINGS)?, Some(&id), request, PolicyChange::Merge).await
}

/// Lists senders that are let through now, newest first.
#[utoipa::path(get, path = "/v1/gate/senders", operation_id = "listAllowedSenders", tag = "gate", params(Paging),
    responses((status = 200, body = Page<AllowedSenderView>)))]
pub(crate) async fn senders(
    caller: Caller,
    State(web): State<Web>,
    Query(options): Query<Paging>,
) -> Result<Json<Page<AllowedSenderView>>, Problem> {
    let principal = caller.need(Scopes::SETTINGS)?;
    let Limit(limit) = options.limit;
    let before = cursor::read(options.cursor.as_deref(), |place| AllowedId::parse(place).ok())?;
    let found = web.room.allowed_senders(principal, before.as_ref(), i64::from(limit) + 1).await?;
    Ok(Json(Page::of(found, limit, |one| one.allowed.id.to_string(), AllowedSenderView::of)))
}

/// Lets a sender through no more, at once.
#[utoipa::path(delete, path = "/v1/gate/senders/{id}", operation_id = "revokeAllowedSender", tag = "gate",
    params(("id" = String, Path)), responses((status = 200, body = DeletedView)))]
pub(crate) async fn revoke(
    caller: Caller,
    State(web): State<Web>,
    Ids(id): Ids<AllowedId>,
) -> Result<Json<DeletedView>, Problem> {
    match web.room.revoke_sender(caller.need(Scopes::SETTINGS)?, &id).await? {
        true => Ok(DeletedView::of(id)),
        false => Err(Problem::not_found()),
    }
}

/// A policy as an answer.
pub(crate) async fn shown(
    web: &Web,
    principal: &Principal,
    inbox: Option<&InboxId>,
) -> Result<Json<GateView>, Problem> {
    let view = web.room.policy(principal, inbox).await?;
    Ok(Json(GateView::of(view.ok_or_else(Problem::not_found)?)))
}

/// A policy chosen anew, as an answer.
pub(crate) async fn chosen(
    web: &Web,
    principal: &Principal,
    inbox: Option<&InboxId>,
    request: GateRequest,
    how: fn(GatePolicy) -> PolicyChange,
) -> Result<Json<GateView>, Problem> {
    let (policy, version) = request.split();
    let view = web.room.change_policy(principal, inbox, how(policy), version).await?;
    Ok(Json(GateView::of(view.ok_or_else(Problem::not_found)?)))
}

impl GateRequest {
    /// The same with another send policy, where one is given.
    pub(crate) fn and_send(self, send_policy: Option<InboxSendPolicy>) -> Self {
        Self { send_policy: send_policy.or(self.send_policy), ..self }
    }

    pub(crate) fn split(self) -> (GatePolicy, Option<i64>) {
        let rule = |rule: RuleShape| OwnRule { phrase: rule.phrase, weight: rule.weight };
        let rules = self.rules.map(|rules| rules.into_iter().map(rule).collect());
        let hold = self.hold.map(|hold| match hold {
            HoldShape::Medium => Hold::Medium,
            HoldShape::High => Hold::High,
            HoldShape::Never => Hold::Never,
        });
        let policy = GatePolicy {
            hold,
            trusted_senders: self.trusted_senders,
            rules,
            codes_while_held: self.codes_while_held,
            send: self.send_policy.map(InboxSendPolicy::policy),
            receive: self.receive_policy.map(ReceivePolicyShape::policy),
            four_eyes: self.four_eyes.map(|rule| match rule {
                FourEyesShape::Off => FourEyes::Off,
                FourEyesShape::High => FourEyes::High,
                FourEyesShape::All => FourEyes::All,
            }),
            lowered: None,
        };
        (policy, self.version)
    }
}

impl InboxGate {
    pub(crate) fn request(self) -> GateRequest {
        match self {
            Self::Hold(hold) => GateRequest { hold: Some(hold), ..GateRequest::default() },
            Self::Fields(request) => *request,
        }
    }
}

impl GateView {
    pub(crate) fn of(view: PolicyView) -> Self {
        let send_policy = view.policy.send.map(SendPolicyShape::of);
        let rules = |rules: Vec<OwnRule>| -> Vec<RuleShape> {
            rules.into_iter().map(|rule| RuleShape { phrase: rule.phrase, weight: rule.weight }).collect()
        };
        let (changed_at, changed_by) = view.changed.unzip();
        Self {
            inbox_id: view.inbox.map(String::from),
            version: view.version,
            hold: view.policy.hold.map(Hold::as_str),
            trusted_senders: view.policy.trusted_senders,
            rules: view.policy.rules.map(rules),
            codes_while_held: view.policy.codes_while_held,
            send_policy,
            receive_policy: view.policy.receive.map(ReceivePolicyShape::of),
            four_eyes: view.policy.four_eyes.map(FourEyes::as_str),
            effective: EffectiveView {
                hold: view.effective.hold.as_str(),
                trusted_senders: view.effective.trusted,
                rules: rules(view.effective.rules),
                codes_while_held: view.effective.codes_while_held,
                send_policy: EffectiveSendView::of(view.send),
                receive_policy: ReceivePolicyShape::ruling(view.effective.receive),
                four_eyes: view.effective.four_eyes.as_str(),
            },
            changed_at: changed_at.map(|at| at.to_string()),
            changed_by,
        }
    }
}

impl AllowedSenderView {
    pub(crate) fn of(view: AllowedView) -> Self {
        let allowed = view.allowed;
        Self {
            id: allowed.id.into(),
            address: view.address,
            inbox_id: allowed.inbox.map(String::from),
            until: allowed.until.to_string(),
            email_id: allowed.message.into(),
            created_at: allowed.created_at.to_string(),
            created_by: allowed.created_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_of_an_inbox_is_a_level_or_its_fields() {
        let read = |json: &str| serde_json::from_str::<InboxGate>(json).ok().map(InboxGate::request);
        assert_eq!(read("\"medium\"").expect("a level").split().0.hold, Some(Hold::Medium));
        let all = r#"{"hold":"never","trustedSenders":["a.test"],"rules":[{"phrase":"pay me","weight":60}],"version":3}"#;
        let (policy, version) = read(all).expect("fields").split();
        assert_eq!((policy.hold, version), (Some(Hold::Never), Some(3)));
        assert_eq!(policy.rules.expect("rules")[0].weight, Some(60));
        for bad in
            ["\"low\"", "3", r#"{"hold":"low"}"#, r#"{"held":"high"}"#, r#"{"rules":[{"regex":"a*"}]}"#]
        {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
