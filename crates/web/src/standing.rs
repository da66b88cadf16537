//! A tenant's limits and use, as it sees them itself and as operators see them.

use std::collections::BTreeMap;

use mailward_mailroom::{Limit, Plan, Standing};
use serde::Serialize;
use utoipa::ToSchema;

/// What a tenant may use; null is no limit.
#[derive(Serialize, ToSchema)]
#[schema(as = Limits)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LimitsView {
    /// Every limit by its name.
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Option<u64>>)]
    all: BTreeMap<&'static str, Option<u64>>,
    /// Recipients a day; 0 is no limit.
    daily_email_limit: u64,
    /// Whether the caller's key may send mail.
    can_send: bool,
}

/// What is in use.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageView {
    /// Inboxes that exist.
    inbox_count: i64,
    /// Mails ever received.
    total_emails_received: i64,
    /// What held mail is in too, for keys with the scope `usage`: an agent is not to count what it may not see.
    #[serde(flatten)]
    held_included: Option<ReceivedView>,
    /// Webhook endpoints that exist.
    webhook_count: i64,
}

/// What was received, held mail included.
#[derive(Serialize, ToSchema)]
#[schema(as = ReceivedUsage)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceivedView {
    /// Mails received today, UTC.
    emails_received_today: i64,
    /// Mails received this month, UTC.
    emails_received_this_month: i64,
    /// Bytes kept, as they are stored.
    stored_bytes: i64,
    #[serde(flatten)]
    judge: Option<JudgeView>,
}

/// What the judge was asked of the tenant's mail, today, UTC.
#[derive(Serialize, ToSchema)]
#[schema(as = JudgeUsage)]
#[serde(rename_all = "camelCase")]
struct JudgeView {
    /// Questions, those that failed too.
    judge_requests_today: i64,
    /// Bytes that were sent.
    judge_bytes_today: i64,
    /// Tokens, as the judge's endpoint counted them.
    judge_tokens_today: i64,
}

impl LimitsView {
    pub(crate) fn new(plan: &Plan, can_send: bool) -> Self {
        let value = |limit: &Limit| Some(limit.of(plan)).filter(|value| *value > 0);
        Self {
            all: Limit::ALL.iter().map(|limit| (limit.json(), value(limit))).collect(),
            daily_email_limit: plan.daily_sends,
            can_send,
        }
    }
}

impl UsageView {
    /// With what held mail is in too, for who may know of it.
    pub(crate) fn new(standing: &Standing, knows_of_held: bool) -> Self {
        let received = ReceivedView {
            emails_received_today: standing.used.today,
            emails_received_this_month: standing.used.this_month,
            stored_bytes: standing.used.stored_bytes,
            judge: standing.judge.map(|used| JudgeView {
                judge_requests_today: used.requests,
                judge_bytes_today: used.bytes,
                judge_tokens_today: used.tokens,
            }),
        };
        Self {
            held_included: knows_of_held.then_some(received),
            inbox_count: standing.account.inboxes,
            total_emails_received: standing.account.received,
            webhook_count: standing.webhooks,
        }
    }
}
