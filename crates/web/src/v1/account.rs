//! The tenant as it sees itself.

use axum::Json;
use axum::extract::State;
use mailward_mailroom::Standing;
use mailward_store::Scopes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Web;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::standing::{LimitsView, UsageView};

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

/// Shows the caller's tenant. Any valid key may.
#[utoipa::path(get, path = "/v1/account", operation_id = "getAccount", tag = "account",
    responses((status = 200, body = AccountView)))]
pub(crate) async fn show(caller: Caller, State(web): State<Web>) -> Result<Json<AccountView>, Problem> {
    let principal = caller.anyone();
    let standing = web.room.account(principal).await?;
    let scopes = principal.scopes();
    Ok(Json(AccountView::new(principal.tenant().id().to_string(), standing, scopes)))
}

impl AccountView {
    fn new(id: String, standing: Standing, scopes: Scopes) -> Self {
        let limits = LimitsView::new(&standing.plan, scopes.contains(Scopes::SEND));
        let usage = UsageView::new(&standing, scopes.contains(Scopes::USAGE));
        let account = standing.account;
        Self {
            id,
            tier: tier(&account.plan),
            tier_name: account.plan,
            limits,
            usage,
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
    use mailward_mailroom::{Overrides, Plan};
    use mailward_store::{Account, JudgeUse, Use};

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
        let used = Use { stored_bytes: 4_096, today: 1, this_month: 3, arrival: 0 };
        let plan = Plan { daily_sends: 10_000, stored_bytes: 1 << 30, ..Plan::default() };
        let overrides = Overrides::default();
        let judge = Some(JudgeUse { requests: 5, bytes: 6, tokens: 8 });
        let standing = Standing { account, plan, overrides, used, webhooks: 1, judge };
        let view = AccountView::new("acme".into(), standing, Scopes::USAGE.with(Scopes::SEND));
        expect![[r#"{"id":"acme","tier":2,"tierName":"scale","limits":{"concurrentPolls":null,"concurrentPollsPerInbox":null,"concurrentStreams":null,"dailyJudgeBytes":null,"dailyJudgeRequests":null,"dailyMails":null,"dailyMailsPerInbox":null,"dailyNewRecipientsPerInbox":null,"dailySends":10000,"dailySendsPerInbox":null,"maxInboxes":null,"monthlyMails":null,"monthlyMailsPerInbox":null,"monthlySends":null,"receivePerMinute":null,"receivePerMinutePerInbox":null,"requestsPerSecond":null,"sendsPerMinutePerInbox":null,"storedBytes":1073741824,"storedBytesPerInbox":null,"webhookEndpoints":null,"dailyEmailLimit":10000,"canSend":true},"usage":{"inboxCount":2,"totalEmailsReceived":7,"emailsReceivedToday":1,"emailsReceivedThisMonth":3,"storedBytes":4096,"judgeRequestsToday":5,"judgeBytesToday":6,"judgeTokensToday":8,"webhookCount":1},"xVerificationPending":false,"createdAt":"2026-11-22T10:00:00.000Z","lastActiveAt":"2026-11-22T10:00:00.000Z"}"#]].assert_eq(&serde_json::to_string(&view).expect("JSON"));
    }
}
