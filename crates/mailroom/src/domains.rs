//! Domains that tenants bring: claimed by anybody, held by who proves by DNS that it is theirs, lost with that proof.
//!
//! Only the ownership record decides. Mail, signatures and policies have records of their own, which are looked for and
//! shown, and prove nothing: a mail exchanger may point here for many reasons. Whether another tenant claims a name is
//! told to nobody; that another one *holds* it is told only to who has proven the name to be theirs.

mod name;
mod records;
mod standing;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{DomainId, EventId};
use mailward_store::{Act, Action, Domain, DomainStatus, EventKind, EventRow, Scope, Tenant};
use serde_json::json;

pub use records::{DnsRecord, Presence};

use crate::access::Principal;
use crate::dkim::SealedKeys;
use crate::{Error, Mailroom, Result};
use records::{Findings, Wanted};
use standing::Change;

/// Claims of one tenant: they are listed on one page, and each is looked for.
const MOST: usize = 100;

/// A domain as its tenant sees it.
#[derive(Clone, Debug)]
pub struct DomainView {
    /// What is stored.
    pub domain: Domain,
    /// What is to be published in DNS, and what was found there.
    pub records: Vec<DnsRecord>,
}

impl Mailroom {
    /// Claims a domain. Whoever else claimed it, the answer is the same.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no domain of the caller's to have, [`Error::Conflict`] for its second claim.
    pub async fn claim_domain(&self, caller: &Principal, wanted: &str) -> Result<DomainView> {
        whole_tenant(caller)?;
        let room = &self.0;
        let name = name::normalise(wanted).map_err(|problem| Error::invalid("domain", problem))?;
        if let Some(problem) = name::refusal(&name, &room.config.domains, &room.config.hostname) {
            return Err(Error::invalid("domain", problem));
        }
        let id = DomainId::generate(&room.clock, &room.random);
        let (signing_key, signing_rsa) = self.new_domain_keys(caller.tenant(), id.as_str()).await?;
        let now = room.clock.now();
        let domain = Domain {
            name,
            status: DomainStatus::Pending,
            held_since: None,
            failed_since: None,
            seen_at: None,
            checked_at: None,
            created_at: now,
            signing_key,
            signing_rsa: Some(signing_rsa),
            key_no: 1,
            next_keys: None,
            found: Vec::new(),
            id,
        };
        let mut scope = caller.tenant().write().await?;
        // Counted under the tenant's lock, so that two claims cannot both be the last one.
        scope.plan_for_update().await?;
        if scope.domains().await?.len() >= MOST {
            return Err(Error::Conflict("a hundred domains are claimed already; delete one first"));
        }
        if !scope.insert_domain(&domain).await? {
            return Err(Error::Conflict("you claimed this domain already; GET /v1/domains lists it"));
        }
        scope.audit(&caller.act(Action::DomainClaimed).on(domain.id.as_str()), now).await?;
        scope.commit().await?;
        self.view_domain(caller.tenant(), domain).await
    }

    /// The caller's domains, newest first.
    pub async fn domains(&self, caller: &Principal) -> Result<Vec<DomainView>> {
        whole_tenant(caller)?;
        let stored = caller.tenant().read().await?.domains().await?;
        let mut views = Vec::with_capacity(stored.len());
        for domain in stored {
            views.push(self.view_domain(caller.tenant(), domain).await?);
        }
        Ok(views)
    }

    /// One domain.
    pub async fn domain(&self, caller: &Principal, id: &DomainId) -> Result<Option<DomainView>> {
        whole_tenant(caller)?;
        match caller.tenant().read().await?.domain(id).await? {
            Some(domain) => Ok(Some(self.view_domain(caller.tenant(), domain).await?)),
            None => Ok(None),
        }
    }

    /// Looks for the domain's records now. Other than proven is an answer, not an error.
    ///
    /// # Errors
    /// [`Error::DomainHeld`] when the proof is there and another tenant holds the name.
    pub async fn verify_domain(&self, caller: &Principal, id: &DomainId) -> Result<Option<DomainView>> {
        whole_tenant(caller)?;
        let act = caller.act(Action::DomainVerified);
        match self.look_at_domain(caller.tenant(), id, &act).await? {
            Some(domain) => Ok(Some(self.view_domain(caller.tenant(), domain).await?)),
            None => Ok(None),
        }
    }

    /// Makes the keys that take over from those that sign now, once DNS has them; asked again, the same ones.
    pub async fn rotate_domain_keys(&self, caller: &Principal, id: &DomainId) -> Result<Option<DomainView>> {
        whole_tenant(caller)?;
        let tenant = caller.tenant();
        let next = self.new_domain_keys(tenant, id.as_str()).await?;
        let mut scope = tenant.write().await?;
        let Some(mut domain) = scope.domain_for_update(id).await? else { return Ok(None) };
        if domain.next_keys.is_none() {
            domain.next_keys = Some(next);
            scope.set_domain_keys(&domain).await?;
            let act = caller.act(Action::DomainKeysRotated).on(id.as_str()).number("key", domain.key_no + 1);
            scope.audit(&act, self.0.clock.now()).await?;
            scope.commit().await?;
        }
        Ok(Some(self.view_domain(tenant, domain).await?))
    }

    /// Deletes a domain, so that somebody else may hold it.
    ///
    /// # Errors
    /// [`Error::DomainInUse`] while there are inboxes at it.
    pub async fn delete_domain(&self, caller: &Principal, id: &DomainId) -> Result<bool> {
        whole_tenant(caller)?;
        let mut scope = caller.tenant().write().await?;
        // Locked, so that no inbox is made at it between the count and the end.
        if scope.domain_for_update(id).await?.is_none() {
            return Ok(false);
        }
        let inboxes = scope.count_inboxes_at(id).await?;
        if inboxes > 0 {
            return Err(Error::DomainInUse(inboxes));
        }
        scope.delete_domain(id).await?;
        scope.audit(&caller.act(Action::DomainDeleted).on(id.as_str()), self.0.clock.now()).await?;
        scope.commit().await?;
        Ok(true)
    }

    /// The daily look at a domain that is held; when to look again, if ever.
    pub async fn recheck_domain(&self, tenant: &Tenant, id: &DomainId) -> Result<Option<Timestamp>> {
        let looked = self.look_at_domain(tenant, id, &Act::new(Action::DomainVerified)).await;
        let domain = match looked {
            Ok(domain) => domain,
            // Lost, and somebody else's by now: there is nothing more to look for.
            Err(Error::DomainHeld) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(domain.and_then(|domain| self.next_look(&domain)))
    }

    /// What is to be published for one of the service's own domains, and what DNS has of it now.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a domain that is none of the service's.
    pub async fn own_records(&self, domain: &str) -> Result<Vec<DnsRecord>> {
        let name = domain.to_ascii_lowercase();
        if !self.0.config.domains.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
            return Err(Error::invalid("domain", "is no domain of this service"));
        }
        let signing = self.own_signing_keys(&name).await?.published();
        let wanted = Wanted {
            name,
            exchanger: self.0.config.hostname.to_ascii_lowercase(),
            proof: String::new(),
            signs_now: signing.len(),
            signing,
        };
        let findings = records::look(&self.0.dns.uncached(), &wanted).await;
        let mut records = wanted.with(findings);
        // Nobody need prove what the operator says.
        records.retain(|record| record.purpose != "ownership");
        Ok(records)
    }

    /// The name of an inbox' wanted domain, if it is none of the service's own.
    pub(crate) fn brought_domain(&self, wanted: &str) -> Result<String> {
        name::normalise(wanted).map_err(|problem| Error::invalid("domain", problem))
    }

    /// Asks DNS, then writes what follows. No transaction is open while DNS is asked.
    async fn look_at_domain(&self, tenant: &Tenant, id: &DomainId, act: &Act<'_>) -> Result<Option<Domain>> {
        let Some(stored) = tenant.read().await?.domain(id).await? else { return Ok(None) };
        let wanted = self.wanted(tenant, &stored).await?;
        let now = self.0.clock.now();
        // Past the cache: who has just published a record asks again at once.
        let findings = records::look(&self.0.dns.uncached(), &wanted).await;
        let json =
            serde_json::to_string(&findings).map_err(|_| Error::Damaged("findings cannot be written"))?;
        let found = self.seal_small(tenant, id.as_str(), &json).await?;

        let mut scope = tenant.write().await?;
        let Some(mut domain) = scope.domain_for_update(id).await? else { return Ok(None) };
        // A look that began later was written sooner: it knows better.
        if domain.checked_at.is_some_and(|checked| checked > now) {
            return Ok(Some(domain));
        }
        domain.found.clone_from(&found);
        domain.checked_at = Some(now);
        let before = domain.clone();
        let change = match self.0.dns.is_off() {
            true => None,
            false => standing::judge(&mut domain, findings.ownership(), now),
        };
        match scope.set_domain(&domain).await {
            Ok(()) => {}
            Err(error) if error.is_unique_violation() => {
                drop(scope);
                // What was found is kept; that it is somebody else's changes nothing here.
                let mut scope = tenant.write().await?;
                scope.set_domain(&before).await?;
                scope.commit().await?;
                return Err(Error::DomainHeld);
            }
            Err(error) => return Err(error.into()),
        }
        if findings.has_next_keys(&wanted)
            && let Some((key, rsa)) = domain.next_keys.take()
        {
            domain.key_no += 1;
            (domain.signing_key, domain.signing_rsa) = (key, Some(rsa));
            scope.set_domain_keys(&domain).await?;
            let act = Act::new(Action::DomainKeysRotated).on(id.as_str()).number("key", domain.key_no);
            scope.audit(&act, now).await?;
        }
        if let Some(change) = change {
            self.note_change(&mut scope, &domain, change, act, now).await?;
        }
        if let Some(next) = self.next_look(&domain) {
            scope.insert_domain_job(id, next, now).await?;
        }
        scope.commit().await?;
        Ok(Some(domain))
    }

    async fn note_change(
        &self,
        scope: &mut Scope,
        domain: &Domain,
        change: Change,
        act: &Act<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let (kind, act) = match change {
            Change::Verified => (EventKind::DomainVerified, act.clone()),
            Change::Failed => (EventKind::DomainFailed, Act::new(Action::DomainFailed)),
            Change::Lost => (EventKind::DomainLost, Act::new(Action::DomainLost)),
        };
        scope.audit(&act.on(domain.id.as_str()), now).await?;
        let detail = json!({
            "id": domain.id.as_str(),
            "domain": domain.name,
            "status": domain.status.as_str(),
            "receivesUntil": standing::receives_until(domain).map(|end| end.to_string()),
        });
        let event = EventRow {
            id: EventId::generate(&self.0.clock, &self.0.random),
            kind,
            inbox: None,
            message: None,
            created_at: now,
        };
        Ok(scope.record_with(&event, Some(&detail.to_string())).await?)
    }

    /// Spread over an hour, so that a thousand domains are not looked for at once.
    fn next_look(&self, domain: &Domain) -> Option<Timestamp> {
        let spread = u64::from(u16::from_be_bytes(self.0.random.bytes())) * 3_600_000 / 65_536;
        standing::next_look(domain, self.0.clock.now(), std::time::Duration::from_millis(spread))
    }

    async fn view_domain(&self, tenant: &Tenant, domain: Domain) -> Result<DomainView> {
        let wanted = self.wanted(tenant, &domain).await?;
        let findings: Findings = match domain.found.is_empty() {
            true => Findings::default(),
            false => serde_json::from_str(&self.open_small(tenant, domain.id.as_str(), &domain.found).await?)
                .map_err(|_| Error::Damaged("findings cannot be read"))?,
        };
        Ok(DomainView { records: wanted.with(findings), domain })
    }

    /// What is to be published. The proof is a keyed digest of tenant, claim and name: nobody else can know it, and a
    /// claim that was deleted leaves nothing that proves a later one.
    async fn wanted(&self, tenant: &Tenant, domain: &Domain) -> Result<Wanted> {
        let keys = self.0.keyring.tenant(tenant).await?;
        let (owner, id) = (tenant.id().as_str().as_bytes(), domain.id.as_str().as_bytes());
        let proof = keys.dedup.digest16(&[b"domain", owner, id, domain.name.as_bytes()]);
        let now =
            SealedKeys { no: domain.key_no, seed: &domain.signing_key, rsa: domain.signing_rsa.as_deref() };
        let mut signing = self.domain_keys(tenant, domain, now).await?.published();
        let signs_now = signing.len();
        if let Some((seed, rsa)) = &domain.next_keys {
            let next = SealedKeys { no: domain.key_no + 1, seed, rsa: Some(rsa) };
            signing.extend(self.domain_keys(tenant, domain, next).await?.published());
        }
        Ok(Wanted {
            name: domain.name.clone(),
            exchanger: self.0.config.hostname.to_ascii_lowercase(),
            proof: proof.iter().map(|byte| format!("{byte:02x}")).collect(),
            signing,
            signs_now,
        })
    }
}

/// Domains are the whole tenant's: no agent of one inbox sees or changes them.
fn whole_tenant(caller: &Principal) -> Result<()> {
    if caller.inbox().is_some() { Err(Error::Scope("domains".into())) } else { Ok(()) }
}
