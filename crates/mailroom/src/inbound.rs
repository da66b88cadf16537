//! **The pipeline**: takes received mail from the wire to the mailbox: route, parse, screen, seal, store.
//!
//! Knows nothing of SMTP or HTTP; a front end turns a [`Refusal`] into a reply. Never keeps plaintext: what leaves
//! [`Mailroom::ingest`] for the store is sealed. The answer to a sender never depends on the verdict.

mod admitting;
mod seal;
mod stages;
mod thread;
mod trace;

pub(crate) use seal::{author_digest, domain_digest};
pub(crate) use thread::{among, id_digest, threading};
pub(crate) use trace::rfc5322_date as written_date;

use std::sync::Arc;
use std::time::Duration;

use mailward_mail::address::Address;
use mailward_mail::envelope::Received;
use mailward_mail::id::{InboxId, MessageId};
use mailward_mail::parsed::Parsed;
use mailward_mail::refusal::Refusal;
use mailward_score::Policy;
use mailward_store::{Committed, IntakeError, Quota, Tenant, TenantState};

use crate::outbound::returned_tag;
use crate::screening::Screened;
use crate::screening::policy::Effective;
use crate::sender_auth::SenderAuth;
use crate::snapshot::Meta;
use crate::{Mailroom, limits, sender_auth};
use stages::{Stages, Way};

/// After so long a pause the sender is told for good (RFC 5321 4.2.1: 5yz means "do not try again").
const PAUSE_FOR_GOOD: Duration = Duration::from_secs(30 * 24 * 3600);

/// Copies of one message that are sealed before the first of them is stored, in bytes; always at least one copy.
const COPIES_BYTES: usize = 8 << 20;

/// How long the threads that one message continues may be looked for, over all recipients.
const THREAD_BUDGET: Duration = Duration::from_secs(2);

/// Where one recipient's mail goes: a verdict about that recipient alone.
#[derive(Clone)]
pub struct Route {
    pub(crate) tenant: Tenant,
    pub(crate) inbox: InboxId,
    pub(crate) address: Address,
    pub(crate) quota: Quota,
    pub(crate) policy: Effective,
    /// It takes this mail, and lets it wait for a person: its author is none of those from whom it takes any.
    waits: bool,
}

/// Deliveries that are on the disk, and armed until the sender is known to have read that.
pub struct Taken {
    /// One for each recipient, in their order.
    pub ids: Vec<MessageId>,
    armed: Vec<(Tenant, MessageId)>,
    /// Those that were new.
    ways: Vec<Way>,
}

impl Mailroom {
    /// Whether mail can be taken at all right now.
    pub async fn ready_for_mail(&self) -> Result<(), Refusal> {
        let room = &self.0;
        if room.intake.is_crowded() || room.config.disk_is_full() || room.screening.is_exhausted() {
            return Err(Refusal::Busy);
        }
        Ok(())
    }

    /// Finds the inbox of a recipient. Unknown, deleted and expired addresses are one and the same refusal.
    pub async fn route(&self, to: &Address) -> Result<Route, Refusal> {
        let found = self.0.store.route(&to.canonical()).await.map_err(|error| down(&error))?;
        // Nothing tells a stranger that the address exists in another region.
        let found =
            found.filter(|found| self.0.config.serves(found.tenant.region())).ok_or(Refusal::NoSuchInbox)?;
        let now = self.0.clock.now();
        if found.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::NoSuchInbox);
        }
        if found.state.is_gone() {
            return Err(Refusal::NoSuchInbox);
        }
        let suspended = (found.state != TenantState::Active).then_some(found.state_since);
        if let Some(since) = suspended.or(found.paused_at) {
            // Whoever leaves may still come back, and then its mail does too.
            let for_good = found.state != TenantState::Grace && since.plus(PAUSE_FOR_GOOD) < now;
            return Err(if for_good { Refusal::PausedForGood } else { Refusal::Paused });
        }
        let (quota, policy) = self.within_limits(&found.tenant, &found.inbox).await?;
        Ok(Route {
            tenant: found.tenant,
            inbox: found.inbox,
            address: to.clone(),
            quota,
            policy,
            waits: false,
        })
    }

    /// Whether a tenant and its inbox may receive one more mail; what they may, for the commit that counts it, and what
    /// rules for it.
    async fn within_limits(&self, tenant: &Tenant, inbox: &InboxId) -> Result<(Quota, Effective), Refusal> {
        if self.0.inflight.is_used_up(tenant.id()) {
            return Err(Refusal::InFlight);
        }
        let now = self.0.clock.now();
        let found = async {
            let mut scope = tenant.read().await?;
            let found = scope.receive_use(Some(inbox), now).await?;
            let policy = self.effective_policy(tenant, &mut scope, inbox).await?;
            crate::Result::Ok((found, policy))
        };
        let (found, policy) = found.await.map_err(|error| down(&error))?;
        let overrides = limits::Overrides::read(&found.overrides).map_err(|error| down(&error))?;
        let quota = limits::quota(&overrides.on(self.0.config.plan(&found.plan)));
        limits::receive(&found, &quota, now).map_err(|(refusal, over, of_inbox)| {
            self.tell_refused(tenant, of_inbox.then_some(inbox), &over);
            refusal
        })?;
        Ok((quota, policy))
    }

    /// How mail is scored here.
    pub(crate) fn scoring(&self) -> Policy {
        Policy::asking(self.0.config.ask)
    }

    /// Takes one message to the mailboxes it is addressed to. Resolves when all of them are on the disk.
    pub async fn ingest(&self, received: Received, routes: Vec<Route>) -> Result<Taken, Refusal> {
        self.take(received, None, routes).await
    }

    /// Likewise a message that one inbox of this house sends to others: who sends it is known.
    pub(crate) async fn ingest_own(
        &self,
        (received, known): (Received, SenderAuth),
        routes: Vec<Route>,
    ) -> Result<Taken, Refusal> {
        self.take(received, Some(known), routes).await
    }

    async fn take(
        &self,
        mut received: Received,
        known: Option<SenderAuth>,
        routes: Vec<Route>,
    ) -> Result<Taken, Refusal> {
        let room = &self.0;
        if trace::is_loop(&received.bytes, &room.config.hostname) {
            return Err(Refusal::Loop);
        }
        let received_at = room.clock.now();
        let tenants = routes.iter().map(|route| route.tenant.id().clone()).collect();
        let _held = room.inflight.hold(tenants, received.bytes.len());
        let wire = Arc::new(std::mem::take(&mut received.bytes));
        // One screening for all recipients; whose turn it takes is the first one's.
        let Some(payer) = routes.first().map(|route| route.tenant.id().clone()) else {
            return Err(Refusal::NoSuchInbox);
        };
        // Screened before sealing: afterwards only the tenant's key can read it.
        let mut stages = Stages::begin();
        let screened = room.screening.screen(payer, Arc::clone(&wire), self.scoring()).await;
        stages.done("screen");
        // Authenticated as it came, since what is stamped below would break a signature; and only what could be
        // parsed within bounds, since that reader has none of its own.
        let Screened { mut parsed, verdict, evidence } = screened;
        let is_foreign = known.is_none();
        let auth = match known {
            Some(known) => known,
            None => self.authenticate(&received, &wire, parsed.as_ref()).await,
        };
        stages.done("authenticate");
        let raw = trace::stamp(&received.envelope, &wire, &auth, &room.config.hostname, received_at);
        if let Some(parsed) = &mut parsed {
            parsed.shift(raw.len() as i64 - wire.len() as i64);
        }
        let meta = Meta::new(&received, parsed.as_ref(), &verdict, auth);
        let envelope = &received.envelope;
        // Our own reports go to who caused them, whoever else may write there.
        let routes = match is_foreign || envelope.from.is_some() {
            true => self.admitted(routes, envelope.from.as_deref(), parsed.as_ref(), &meta.auth).await?,
            false => routes,
        };
        let parsed = parsed.map(Arc::new);
        let message = seal::Message {
            envelope,
            wire: &wire,
            raw: &raw,
            parsed: parsed.as_deref(),
            evidence: &evidence,
            meta,
            received_at,
        };
        let deadline = tokio::time::Instant::now() + THREAD_BUDGET;
        let returned: Vec<Route> = routes
            .iter()
            .filter(|route| is_foreign && returned_tag(&route.address).is_some())
            .cloned()
            .collect();

        // One reply for all: if one of them failed, the sender tries again, and those that are on the disk are
        // recognised by their digest. A few copies at a time, so that memory does not grow with the recipients.
        let mut taken = Taken { ids: Vec::new(), armed: Vec::new(), ways: Vec::new() };
        let together = (COPIES_BYTES / raw.len().max(1)).clamp(1, 64);
        for routes in one_for_each_inbox(routes).chunks(together) {
            let mut stages = stages.clone();
            let mut waiting = Vec::with_capacity(routes.len());
            let mut placed = Vec::with_capacity(routes.len());
            for route in routes {
                let keys = room.keyring.tenant(&route.tenant).await.map_err(|error| down(&error))?;
                // What it says as the end of a thread is this recipient's alone, like the thread; what is held for it, each
                // owner chose.
                let place = self.place(route, &keys, &wire, parsed.as_ref(), &verdict, deadline).await;
                let mut gated = self
                    .gate(
                        &route.tenant,
                        &route.inbox,
                        &route.policy,
                        &place.verdict,
                        parsed.as_ref(),
                        &message.meta.auth,
                    )
                    .await
                    .map_err(|error| down(&error))?;
                if route.waits {
                    (gated.held, gated.note.unlisted) = (true, true);
                }
                let pending = self.is_grey(&route.tenant, &gated.verdict);
                let judged = seal::Judged {
                    gated,
                    pending,
                    threading: place.threading,
                    authors: place.authors,
                    comes_back: place.comes_back,
                };
                let delivery = message
                    .seal(route, &judged, &keys, &room.clock, &room.random)
                    .map_err(|error| down(&error))?;
                waiting.push(room.intake.commit(delivery));
                placed.push(judged);
            }
            stages.done("seal");
            let outcomes = futures_util::future::join_all(waiting).await;
            stages.done("commit");
            for ((route, judged), outcome) in routes.iter().zip(&placed).zip(outcomes) {
                let outcome = match outcome {
                    Err(IntakeError::OldKey) => self.commit_anew(&message, route, judged).await?,
                    outcome => outcome,
                };
                match outcome {
                    Ok(committed) => {
                        if !committed.repeat {
                            taken.ways.push(Way::of(route, &committed.id, &judged.gated, &stages));
                        }
                        taken.ids.push(committed.id.clone());
                        taken.armed.push((route.tenant.clone(), committed.id));
                    }
                    // Deleted since RCPT: nothing may be said of it any more, and nobody is there to read it.
                    Err(IntakeError::Gone) => {}
                    Err(IntakeError::Full) => return Err(Refusal::Busy),
                    Err(IntakeError::OldKey | IntakeError::Unavailable) => return Err(Refusal::StoreDown),
                }
            }
        }
        // Behind the mail itself: if it fails the sender comes again, and what is on the disk is recognised.
        for route in &returned {
            self.take_report(route, envelope.from.is_none(), &wire).await.map_err(|error| down(&error))?;
        }
        if taken.ids.is_empty() { Err(Refusal::NoSuchInbox) } else { Ok(taken) }
    }

    /// The sender has read that the mail was taken: the same bytes again are a message of their own.
    pub fn acknowledged(&self, taken: Taken) {
        for (tenant, id) in taken.armed {
            self.0.intake.disarm(tenant, vec![id]);
        }
    }

    /// The tenant's key was rotated between sealing and writing: sealed again with the newest. More than one rotation
    /// within a delivery is nobody's wish, and the sender can come back.
    async fn commit_anew(
        &self,
        message: &seal::Message<'_>,
        route: &Route,
        judged: &seal::Judged,
    ) -> Result<Result<Committed, IntakeError>, Refusal> {
        let room = &self.0;
        let keys = room.keyring.renew(&route.tenant).await.map_err(|error| down(&error))?;
        let delivery =
            message.seal(route, judged, &keys, &room.clock, &room.random).map_err(|error| down(&error))?;
        Ok(room.intake.commit(delivery).await)
    }

    async fn authenticate(&self, received: &Received, wire: &[u8], parsed: Option<&Parsed>) -> SenderAuth {
        let Some(parsed) = parsed else { return SenderAuth::default() };
        let envelope = &received.envelope;
        let author = parsed.author().map(|author| author.address.as_str());
        let now = self.0.clock.now();
        sender_auth::authenticate(
            &self.0.dns,
            envelope.from.as_deref(),
            &envelope.helo,
            envelope.client,
            wire,
            author,
            now,
        )
        .await
    }
}

/// Two tags or spellings of one inbox are one delivery: the first that was named.
fn one_for_each_inbox(routes: Vec<Route>) -> Vec<Route> {
    let mut seen = std::collections::HashSet::new();
    routes.into_iter().filter(|route| seen.insert((route.tenant.id().clone(), route.inbox.clone()))).collect()
}

fn down(error: &dyn std::error::Error) -> Refusal {
    let causes: Vec<String> =
        std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string).collect();
    tracing::error!(%error, ?causes, "mail could not be taken");
    Refusal::StoreDown
}
