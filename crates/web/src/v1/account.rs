//! The tenant as it sees itself.

use axum::Json;
use axum::extract::State;
use mailward_mailroom::Plan;
use mailward_store::Account;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Web;
use crate::caller::Caller;
use crate::problem::Problem;

/// A tenant, its plan and its use.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountView {
    id: String,
    /// The plan as a number, by which clients tell whether they may send: 0 is the free one.
    tier: u8,
    /// The plan's name.
    tier_name: String,
    limits: LimitsView,
    usage: UsageView,
    /// No other account is ever asked for.
    x_verification_pending: bool,
    created_at: String,
    /// When a key was last used, to five minutes.
    last_active_at: String,
}

/// What the plan allows.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountLimits)]
#[serde(rename_all = "camelCase")]
struct LimitsView {
    /// Inboxes; null is no limit.
    max_inboxes: Option<u32>,
    /// Recipients a day.
    daily_email_limit: u32,
    /// Whether this deployment sends mail for tenants.
    can_send: bool,
}

/// What was used so far.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountUsage)]
#[serde(rename_all = "camelCase")]
struct UsageView {
    /// Inboxes that exist.
    inbox_count: i64,
    /// Mails ever received.
    total_emails_received: i64,
}

/// Shows the caller's tenant. Any valid key may.
#[utoipa::path(get, path = "/v1/account", operation_id = "getAccount", tag = "account",
    responses((status = 200, body = AccountView)))]
pub(crate) async fn show(caller: Caller, State(web): State<Web>) -> Result<Json<AccountView>, Problem> {
    let principal = caller.anyone();
    let (account, plan) = web.room.account(principal).await?;
    Ok(Json(AccountView::new(principal.tenant().id().to_string(), account, &plan)))
}

impl AccountView {
    fn new(id: String, account: Account, plan: &Plan) -> Self {
        let limits = LimitsView {
            max_inboxes: (plan.max_inboxes > 0).then_some(plan.max_inboxes),
            daily_email_limit: plan.daily_sends,
            can_send: false,
        };
        Self {
            id,
            tier: tier(&account.plan),
            tier_name: account.plan,
            limits,
            usage: UsageView { inbox_count: account.inboxes, total_emails_received: account.received },
            x_verification_pending: false,
            created_at: account.created_at.to_string(),
            last_active_at: account.last_active_at.to_string(),
        }
    }
}

/// Plans of an operator's own making count as paid for.
fn tier(plan: &str) -> u8 {
    match plan {
        "free" => 0,
        "builder" => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use mailward_mail::clock::Timestamp;

    use super::*;

    #[test]
    fn an_account_has_the_shape_of_the_contract() {
        let moment = Timestamp(1_795_341_600_000);
        let account = Account {
            plan: "scale".into(),
            created_at: moment,
            last_active_at: moment,
            inboxes: 2,
            received: 7,
        };
        let view = AccountView::new("acme".into(), account, &Plan { max_inboxes: 0, daily_sends: 10_000 });
        expect![[r#"{"id":"acme","tier":2,"tierName":"scale","limits":{"maxInboxes":null,"dailyEmailLimit":10000,"canSend":false},"usage":{"inboxCount":2,"totalEmailsReceived":7},"xVerificationPending":false,"createdAt":"2026-11-22T10:00:00.000Z","lastActiveAt":"2026-11-22T10:00:00.000Z"}"#]]
            .assert_eq(&serde_json::to_string(&view).expect("JSON"));
    }
}
