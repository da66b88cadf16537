//! One message for one recipient: its own id, its own key, its own copy of the envelope.

use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::envelope::Envelope;
use mailward_mail::id::{EventId, MessageId};
use mailward_mail::parsed::{Mailbox, Parsed};
use mailward_mail::random::Random;
use mailward_phishing::Evidence;
use mailward_store::{Delivery, EventKind, NewEvent, NewMessage, Next, Threading};
use mailward_vault::{MessageContext, PartKind};
use sha2::{Digest, Sha256};

use super::Route;
use crate::allowances::Gated;
use crate::keyring::TenantKeys;
use crate::snapshot::Meta;
use crate::{Error, Result};

/// What is the same for all recipients.
pub(super) struct Message<'a> {
    pub(super) envelope: &'a Envelope,
    /// As it came: what makes a repeat a repeat.
    pub(super) wire: &'a [u8],
    /// As it is kept.
    pub(super) raw: &'a [u8],
    /// What everybody reads; none where it could not be read.
    pub(super) parsed: Option<&'a Parsed>,
    /// What in it is aimed at people.
    pub(super) evidence: &'a Evidence,
    pub(super) meta: Meta,
    pub(super) received_at: Timestamp,
}

/// What is one recipient's alone.
pub(super) struct Judged {
    /// What the gate says.
    pub(super) gated: Gated,
    /// Whether the judge is asked before its agent may have it.
    pub(super) pending: bool,
    pub(super) threading: Option<Threading>,
    /// Who wrote to the thread before.
    pub(super) authors: Vec<Mailbox>,
    /// The inbox sent this very mail itself.
    pub(super) comes_back: bool,
}

impl Message<'_> {
    /// Seals the message for one recipient. A pending one is held, and nobody is told of it before it was judged.
    pub(super) fn seal(
        &self,
        route: &Route,
        judged: &Judged,
        keys: &TenantKeys,
        clock: &Clock,
        random: &Random,
    ) -> Result<Delivery> {
        let id = MessageId::generate(clock, random);
        let context = MessageContext {
            region: route.tenant.region(),
            tenant: route.tenant.id(),
            inbox: &route.inbox,
            message: &id,
        };
        let gated = &judged.gated;
        let (key, dek) = keys.current().new_message_key(&context, random);
        let mut meta = self.meta.clone();
        meta.flag(self.evidence, route.address.domain(), &judged.authors);
        if judged.comes_back {
            meta.automated = Some("own_message_id".to_owned());
        }
        meta.delivered_to = route.address.to_string();
        meta.tag = route.address.tag().map(str::to_owned);
        meta.verdict = Some(gated.verdict.clone());
        meta.gate = gated.note;
        let json = |what: serde_json::Result<Vec<u8>>| {
            what.map_err(|_| Error::Damaged("a snapshot cannot be written"))
        };
        let parsed = json(serde_json::to_vec(&self.parsed))?;
        let raw = key.seal(&context, PartKind::Raw, 0, self.raw).into_bytes();
        let parsed = key.seal(&context, PartKind::Parsed, 0, &parsed).into_bytes();
        let sealed_meta =
            key.seal(&context, PartKind::Meta, 0, &json(serde_json::to_vec(&meta))?).into_bytes();
        let kind = if gated.held { EventKind::EmailQuarantined } else { EventKind::EmailReceived };
        Ok(Delivery {
            message: NewMessage {
                inbox: route.inbox.clone(),
                held: gated.held || judged.pending,
                received_at: self.received_at,
                size: i64::try_from(self.raw.len()).unwrap_or(i64::MAX),
                level: gated.verdict.level.as_str(),
                score: gated.verdict.score,
                model: gated.verdict.model.clone(),
                has_attachments: !meta.attachments.is_empty(),
                is_automated: meta.automated.is_some(),
                key_version: keys.current().version(),
                dek: dek.as_bytes().to_vec(),
                from_digest: Some(author_digest(keys, &meta.from.address)),
                threading: judged.threading.clone(),
                delivery_digest: self.digest(route, keys),
                id,
            },
            tenant: route.tenant.clone(),
            raw,
            parsed,
            meta: sealed_meta,
            next: match judged.pending {
                true => Next::Judged,
                false => Next::Told(NewEvent { id: EventId::generate(clock, random), kind }),
            },
            quota: route.quota,
        })
    }

    /// What makes a second DATA of the same client the same message: sender, inbox and the bytes as received.
    fn digest(&self, route: &Route, keys: &TenantKeys) -> [u8; 16] {
        let from = self.envelope.from.as_deref();
        let digest: [u8; 32] = Sha256::digest(self.wire).into();
        let null = [u8::from(from.is_none())];
        keys.dedup.digest16(&[
            &null,
            from.unwrap_or_default().as_bytes(),
            b"\0",
            route.inbox.as_str().as_bytes(),
            &digest,
        ])
    }
}

/// The keyed digest of an author's domain: as much of a sender as is kept of a decision.
pub(crate) fn domain_digest(keys: &TenantKeys, address: &str) -> [u8; 16] {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    keys.search.digest16(&[b"domain", domain.to_lowercase().as_bytes()])
}

/// The keyed digest by which an author's mails are found without their address.
pub(crate) fn author_digest(keys: &TenantKeys, address: &str) -> [u8; 16] {
    keys.search.digest16(&[b"from", address.to_lowercase().as_bytes()])
}
