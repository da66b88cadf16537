//! How a tenant leaves: suspended, its archive packed, a time in which it may come back, then its keys are destroyed and
//! its rows removed. Here is what an operator asks for; what time does by itself is in `lifecycle`.
//!
//! Every step is a change of state in the transaction of what belongs to it, compared with the state before: each may
//! be asked for twice, and a process that dies between two of them goes on at its next start.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::{Act, Action, Actor, Holdings, Leaving, Operator, Tenant, TenantRow, TenantState};
use mailward_vault::SigningKey;
use serde::{Deserialize, Serialize};

use crate::{Error, Mailroom, Result};

/// What receipts are signed for.
pub const PURPOSE: &str = "mailward.erasure-receipt.v1";

/// The service key whose seed signs receipts and archives.
const SIGNING_KEY: &str = "receipts";
/// The longest time in which a tenant may come back, in days.
const MOST_GRACE_DAYS: u32 = 3_650;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct OffboardRequest {
    /// Only say what there is.
    pub dry_run: bool,
    /// How long it may be taken back; none: as configured, or as it was.
    pub grace_days: Option<u32>,
    /// Not at all, and the master key changes with it.
    pub shred_now: bool,
    /// The time to come back begins when the archive was packed.
    pub await_export: bool,
    /// The tenant's id, typed once more.
    pub confirm: Option<String>,
}

/// What there is of a tenant that leaves, or would.
pub struct OffboardView {
    /// The tenant.
    pub row: TenantRow,
    /// What it has.
    pub holdings: Holdings,
    /// Its keys and what wraps each.
    pub keys: Vec<KeyDestroyed>,
    /// How far its leaving is.
    pub leaving: Option<Leaving>,
}

/// What was erased, when and by whom; signed when nothing is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErasureReceipt {
    /// [`PURPOSE`].
    #[serde(rename = "type")]
    pub kind: String,
    /// The tenant.
    pub tenant: String,
    /// Its region.
    pub region: String,
    /// The mail host of the deployment.
    pub deployment: String,
    /// When its leaving began.
    pub offboarded_at: String,
    /// The operator's key that began it.
    pub offboarded_by: String,
    /// When its keys were destroyed.
    pub shredded_at: String,
    /// When the last of its rows was removed.
    pub erased_at: Option<String>,
    /// What there was.
    pub erased: Erased,
    /// Keys that are in no keystore any more.
    pub keys_destroyed: Vec<KeyDestroyed>,
    /// Master keys that were destroyed too, so that copies of the keystore taken before open nothing.
    pub master_keys_destroyed: Vec<String>,
    /// Until when the operator's rules let copies of the keystore taken before exist; none when they open nothing.
    pub keystore_backups_until: Option<String>,
    /// The end of the tenant's audit chain, which stays.
    pub audit_chain: Option<ChainEnd>,
}

/// Counts of what was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each counts the rows of its name; see `Holdings`")]
pub struct Erased {
    pub inboxes: i64,
    pub addresses: i64,
    pub delivered: i64,
    pub held: i64,
    pub rejected: i64,
    pub parts: i64,
    pub bytes: i64,
    pub events: i64,
    pub webhooks: i64,
    pub keys: i64,
    pub jobs: i64,
    pub requests: i64,
}

/// A key by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyDestroyed {
    /// `tenant/1`, or a purpose.
    pub id: String,
    /// The master key, or the tenant key, that wrapped it.
    pub wrapped_by: String,
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainEnd {
    /// Rows.
    pub rows: i64,
    /// The hash of the last, in hexadecimal.
    pub hash: String,
}

impl Mailroom {
    /// Lets a tenant leave, or says what there is of it. `None`: no such tenant. Asking again changes nothing, but a
    /// time or an immediate end that is asked for counts.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless the tenant's id was typed once more: the end comes by itself, and cannot be undone.
    pub async fn offboard(
        &self,
        operator: &Operator,
        id: &TenantId,
        request: &OffboardRequest,
    ) -> Result<Option<OffboardView>> {
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        if request.dry_run {
            return self.leaving_view(row, &tenant).await.map(Some);
        }
        if request.confirm.as_deref() != Some(id.as_str()) {
            return Err(Error::invalid("confirm", format!("must be the tenant's id, `{id}`")));
        }
        if request.grace_days.is_some_and(|days| days > MOST_GRACE_DAYS) {
            return Err(Error::invalid("gracePeriodDays", format!("must be at most {MOST_GRACE_DAYS}")));
        }
        // What was sent may not have arrived: there must be time to notice.
        let is_at_once = request.shred_now || request.grace_days.unwrap_or(self.0.config.grace_days) == 0;
        if request.await_export && is_at_once {
            return Err(Error::invalid(
                "gracePeriodDays",
                "must be at least 1 with an export: check that the archive has arrived, then end the tenant",
            ));
        }
        if row.state == TenantState::Importing {
            return Err(Error::Conflict("the tenant is being imported; that must end first"));
        }
        if !row.state.is_gone() {
            self.begin_leaving(operator, &row, &tenant, request).await?;
        }
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        self.leaving_view(row, &tenant).await.map(Some)
    }

    /// Takes a leaving tenant back. `None`: no such tenant. One that stays is answered as it is.
    ///
    /// # Errors
    /// [`Error::Conflict`] once its keys are destroyed.
    pub async fn restore_tenant(&self, operator: &Operator, id: &TenantId) -> Result<Option<TenantRow>> {
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        match row.state {
            TenantState::Active | TenantState::Suspended => return Ok(Some(row)),
            TenantState::Shredded | TenantState::Purged => return Err(TOO_LATE),
            TenantState::Importing => return Err(Error::Conflict("the tenant is being imported")),
            TenantState::Exporting | TenantState::Grace => {}
        }
        let now = self.0.clock.now();
        let mut scope = tenant.write().await?;
        let leaving = scope.leaving().await?;
        let to = match leaving {
            Some(leaving) if leaving.was_suspended => TenantState::Suspended,
            _ => TenantState::Active,
        };
        if !scope.change_state(&[TenantState::Exporting, TenantState::Grace], to, now).await? {
            return Err(TOO_LATE);
        }
        scope.stay().await?;
        scope.audit(&by(operator, Action::TenantRestored).on(id.as_str()), now).await?;
        scope.commit().await?;
        self.0.sessions.forget_tenant(id);
        Ok(operator.tenant(id).await?.map(|(row, _)| row))
    }

    /// How far a tenant's leaving is. `None`: no such tenant.
    pub async fn leaving(&self, operator: &Operator, id: &TenantId) -> Result<Option<OffboardView>> {
        let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
        self.leaving_view(row, &tenant).await.map(Some)
    }

    /// Signed receipts by tenant, those behind `after`: whose, and the receipt.
    pub async fn receipts(
        &self,
        operator: &Operator,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, String)>> {
        Ok(operator.receipts(after, limit).await?)
    }

    /// What signs receipts and archives.
    pub async fn signing_key(&self) -> Result<SigningKey> {
        Ok(SigningKey::derive(self.0.keyring.service(SIGNING_KEY).await?.as_ref(), SIGNING_KEY))
    }

    /// The archive of a tenant that leaves was packed: from now on its time to come back runs.
    pub(crate) async fn archive_packed(&self, tenant: &Tenant) -> Result<()> {
        let now = self.0.clock.now();
        let mut scope = tenant.write().await?;
        let Some(mut leaving) = scope.leaving().await? else { return Ok(()) };
        if !scope.change_state(&[TenantState::Exporting], TenantState::Grace, now).await? {
            return Ok(());
        }
        leaving.grace_until = Some(now.plus(days(leaving.grace_days)));
        scope.set_leaving(&leaving).await?;
        let act = Act::new(Action::TenantOffboarded).on(tenant.id().as_str()).word("state", "grace");
        scope.audit(&act.number("graceDays", leaving.grace_days), now).await?;
        scope.commit().await?;
        self.0.endings.notify_one();
        Ok(())
    }

    async fn begin_leaving(
        &self,
        operator: &Operator,
        row: &TenantRow,
        tenant: &Tenant,
        request: &OffboardRequest,
    ) -> Result<()> {
        let now = self.0.clock.now();
        let mut scope = tenant.write().await?;
        let known = scope.leaving().await?;
        let mut leaving = known.clone().unwrap_or_else(|| Leaving {
            begun_at: now,
            begun_by: operator.keyid().to_owned(),
            was_suspended: row.state == TenantState::Suspended,
            grace_days: self.0.config.grace_days.into(),
            grace_until: None,
            renew_master: false,
            draft: None,
            receipt: None,
        });
        leaving.renew_master |= request.shred_now;
        if request.shred_now {
            leaving.grace_days = 0;
        } else if let Some(days) = request.grace_days {
            leaving.grace_days = days.into();
        }
        let waits = request.await_export && !request.shred_now && row.state != TenantState::Grace;
        let to = if waits { TenantState::Exporting } else { TenantState::Grace };
        let is_asked = request.shred_now || request.grace_days.is_some();
        if to == TenantState::Grace && (leaving.grace_until.is_none() || is_asked) {
            leaving.grace_until = Some(now.plus(days(leaving.grace_days)));
        }
        if row.state == to && known.as_ref() == Some(&leaving) {
            return Ok(());
        }
        let id = row.id.as_str();
        if row.state == TenantState::Active {
            scope.change_state(&[TenantState::Active], TenantState::Suspended, now).await?;
            scope.audit(&by(operator, Action::TenantSuspended).on(id), now).await?;
        }
        let from = if row.state == TenantState::Active { TenantState::Suspended } else { row.state };
        if !scope.change_state(&[from], to, now).await? {
            return Err(Error::Conflict("the tenant's state was changed meanwhile"));
        }
        scope.set_leaving(&leaving).await?;
        let act = by(operator, Action::TenantOffboarded).on(id).word("state", to.as_str());
        scope.audit(&act.number("graceDays", leaving.grace_days), now).await?;
        scope.commit().await?;
        self.0.sessions.forget_tenant(&row.id);
        self.0.endings.notify_one();
        Ok(())
    }

    async fn leaving_view(&self, row: TenantRow, tenant: &Tenant) -> Result<OffboardView> {
        let mut scope = tenant.read().await?;
        let holdings = scope.holdings().await?;
        let leaving = scope.leaving().await?;
        drop(scope);
        Ok(OffboardView { holdings, leaving, keys: self.key_names(&row.id).await?, row })
    }

    pub(crate) async fn key_names(&self, tenant: &TenantId) -> Result<Vec<KeyDestroyed>> {
        let ids = self.0.keyring.key_ids(tenant).await?;
        Ok(ids.into_iter().map(|(id, wrapped_by)| KeyDestroyed { id, wrapped_by }).collect())
    }
}

impl From<Holdings> for Erased {
    fn from(had: Holdings) -> Self {
        Self {
            inboxes: had.inboxes,
            addresses: had.addresses,
            delivered: had.delivered,
            held: had.held,
            rejected: had.rejected,
            parts: had.parts,
            bytes: had.bytes,
            events: had.events,
            webhooks: had.webhooks,
            keys: had.keys,
            jobs: had.jobs,
            requests: had.requests,
        }
    }
}

const TOO_LATE: Error = Error::Conflict("the tenant's keys are destroyed: nothing brings it back");

fn by<'a>(operator: &'a Operator, action: Action) -> Act<'a> {
    Act::new(action).by(Actor::Operator(operator.keyid())).from(operator.origin())
}

fn days(days: i64) -> Duration {
    Duration::from_secs(u64::try_from(days).unwrap_or_default().saturating_mul(86_400))
}

/// The moment until which copies of the keystore may exist, by the rule that `docs/offboarding.md` states.
pub(crate) fn backups_until(shredded: Timestamp) -> Timestamp {
    shredded.plus(days(30))
}
