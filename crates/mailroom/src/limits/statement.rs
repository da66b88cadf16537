//! A month of use against the plan, and the closing of months that are over: each is told of once, as `usage.closed`, in
//! one transaction with what a statement says of it from then on.

use std::future::Future;
use std::time::Duration;

use mailward_mail::calendar::{Day, Month};
use mailward_mail::clock::Timestamp;
use mailward_store::{DayUse, Hour, Scope, Tenant, TenantState};
use serde::{Deserialize, Serialize};

use super::{Limit, Overrides};
use crate::access::Principal;
use crate::{Error, Mailroom, Result};

/// What was under way when a month ended is counted in it; after this nothing is any more.
const SETTLE: Duration = Duration::from_secs(3_600);
/// How often is looked whether a month is over.
const EVERY: Duration = Duration::from_secs(600);
/// How soon is looked again after trouble.
const AFTER_TROUBLE: Duration = Duration::from_secs(30);
/// Months that are made up for when nobody looked for long.
const MOST: i64 = 12;
/// Hours are kept for so many days.
const KEPT_HOURS: i64 = 8 * 24;

/// A month of use.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Which.
    pub month: Month,
    /// When it was closed; none: it may still change.
    pub closed_at: Option<Timestamp>,
    /// The plan; of a closed month the one it was closed with.
    pub plan: String,
    /// What was used, and how much of it the plan allows.
    pub lines: Vec<Line>,
}

/// One thing that is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its name, as JSON has it.
    pub item: String,
    /// How much was used.
    pub used: i64,
    /// How much the plan allows in a month, or at once of what is kept; none: as much as you like, or not limited by month.
    pub limit: Option<u64>,
}

/// What is stored and told of a closed month.
#[derive(Serialize, Deserialize)]
struct Told {
    month: String,
    plan: String,
    lines: Vec<Line>,
}

impl Mailroom {
    /// A month of the caller's tenant. `None`: the caller's key is an inbox' own, which is told of its inbox alone.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a month that has not begun.
    pub async fn statement(&self, caller: &Principal, month: Month) -> Result<Option<Statement>> {
        if caller.inbox().is_some() {
            return Ok(None);
        }
        if month > Day::of(self.0.clock.now()).month() {
            return Err(Error::invalid("month", "has not begun"));
        }
        let mut scope = caller.tenant().read().await?;
        let (closed_at, told) = match scope.closed_month(month).await? {
            Some(closed) => {
                let told = serde_json::from_str(&closed.detail)
                    .map_err(|_| Error::Damaged("a closed month cannot be read"))?;
                (Some(closed.closed_at), told)
            }
            None => (None, self.told(&mut scope, month).await?),
        };
        let Told { plan, lines, .. } = told;
        Ok(Some(Statement { month, closed_at, plan, lines }))
    }

    /// The month that is over last.
    pub fn last_month(&self) -> Month {
        Day::of(self.0.clock.now()).month().before()
    }

    /// Closes months that are over until told to stop. Several processes may do this beside each other.
    pub async fn run_closings(self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        // The last month that is closed for all, and the day on which old hours were forgotten last.
        let (mut closed, mut swept) = (None, None);
        loop {
            let now = self.0.clock.now();
            let month = Day::of(now.minus(SETTLE)).month().before();
            let mut again = EVERY;
            if closed != Some(month) || swept != Some(Day::of(now)) {
                match self.close_due(month, now).await {
                    Ok(()) => (closed, swept) = (Some(month), Some(Day::of(now))),
                    Err(error) => {
                        tracing::warn!(%error, "could not close a month of use for every tenant");
                        again = AFTER_TROUBLE;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(again) => {}
                () = &mut stop => return,
            }
        }
    }

    /// One round over all tenants. One tenant's trouble is no other's; it is told of at the end.
    async fn close_due(&self, month: Month, now: Timestamp) -> Result<()> {
        let mut trouble = Ok(());
        let mut after = None;
        loop {
            let found = self.0.store.metered(after.as_ref(), 100).await?;
            let Some((last, ..)) = found.last() else { return trouble };
            after = Some(last.id().clone());
            for (tenant, state, created_at) in found {
                // Of one that leaves, or is not wholly here yet, nothing may be written.
                let acts = matches!(state, TenantState::Active | TenantState::Suspended);
                if acts && self.0.config.serves(tenant.region()) {
                    let since = Day::of(created_at).month();
                    if let Err(error) = self.close_months(&tenant, since, month, now).await {
                        tracing::warn!(tenant_id = %tenant.id(), %error, "a month of use could not be closed");
                        trouble = Err(error);
                    }
                }
            }
        }
    }

    async fn close_months(&self, tenant: &Tenant, since: Month, last: Month, now: Timestamp) -> Result<()> {
        let done = tenant.read().await?.last_closed().await?;
        // A tenant that was never asked begins with the month that is over last: nobody billed by this before.
        let first = done.map_or(last.0, |done| done.next().0).max(since.0).max(last.0 - MOST + 1);
        for month in (first..=last.0).map(Month) {
            let mut scope = tenant.write().await?;
            let told = self.told(&mut scope, month).await?;
            let detail = serde_json::to_string(&told)
                .map_err(|_| Error::Damaged("a month of use cannot be written"))?;
            if scope.close_month(month, &detail, &self.0.clock, &self.0.random).await? {
                scope.commit().await?;
                tracing::info!(tenant_id = %tenant.id(), "a month of use is closed");
            }
        }
        let mut scope = tenant.write().await?;
        if scope.forget_hours(Hour(Hour::of(now).0 - KEPT_HOURS)).await? > 0 {
            scope.commit().await?;
        }
        Ok(())
    }

    async fn told(&self, scope: &mut Scope, month: Month) -> Result<Told> {
        let days = scope.use_by_day(None, month.first(), month.last()).await?;
        let total = days.into_values().fold(DayUse::default(), DayUse::plus);
        let now = scope.receive_use(None, self.0.clock.now()).await?;
        let plan = Overrides::read(&now.overrides)?.on(self.0.config.plan(&now.plan));
        let line = |item: &str, used, limit: Option<Limit>| {
            let limit = limit.map(|limit| limit.of(&plan)).filter(|max| *max > 0);
            Line { item: item.to_owned(), used, limit }
        };
        let lines = vec![
            line("received", total.received, Some(Limit::MonthlyMails)),
            line("held", total.held, None),
            line("sent", total.sent, Some(Limit::MonthlySends)),
            line("bounced", total.bounced, None),
            line("complained", total.complained, None),
            line("turnedAway", total.turned_away, None),
            line("webhookAttempts", total.webhook_attempts, None),
            line("bytesStored", total.bytes, None),
            line("storedBytes", now.tenant.stored_bytes, Some(Limit::StoredBytes)),
        ];
        Ok(Told { month: month.to_string(), plan: now.plan, lines })
    }
}
