//! What the records of an archive must be, whoever wrote them: judged before the first of them is stored.

use std::collections::{HashMap, VecDeque};

use mailward_mail::address::Address;
use mailward_mail::id::{InboxId, MessageId};
use mailward_store::{Direction, EventKind, Include, Scopes, State};

use super::records::{
    AuditRecord, Counts, EventRecord, InboxRecord, KeyRecord, MessageRecord, WebhookRecord,
};
use super::unpack::{BadArchive, lines};
use super::{Entry, Kind};
use crate::access::Networks;

/// Scopes of a key, or events of an endpoint: more than there are.
const MOST_WORDS: usize = 64;
/// Bytes of the networks of a key: twenty of the longest.
const MOST_NETWORKS: usize = 2_000;

/// Places and counts stay exact in JSON up to here.
const MOST_NUMBER: i64 = 1 << 53;
/// The end of the year 9999, in milliseconds.
const END_OF_TIME: i64 = 253_402_300_799_999;
/// Inboxes, keys and endpoints that one archive may hold, each.
const MOST_RECORDS: usize = 500_000;

/// What an archive holds besides its mail and events, and how much of all.
#[derive(Default)]
pub(super) struct Census {
    pub(super) inboxes: Vec<InboxRecord>,
    pub(super) webhooks: Vec<WebhookRecord>,
    pub(super) keys: Vec<KeyRecord>,
    pub(super) counts: Counts,
    /// The next place of each inbox that is not deleted.
    places: HashMap<InboxId, i64>,
    /// Mails that were announced and did not come yet.
    awaited: VecDeque<MessageId>,
    last_event: Option<String>,
}

impl Census {
    /// Judges a page or a mail, and counts it.
    pub(super) fn take(&mut self, entry: &Entry, bytes: &[u8]) -> Result<(), BadArchive> {
        let path = entry.path();
        let bad = |what: &str| BadArchive::record(&path, what);
        match entry {
            Entry::Mail(id) if self.awaited.pop_front().as_ref() == Some(id) => return Ok(()),
            Entry::Mail(_) => return Err(bad("no record announces it here")),
            _ if !self.awaited.is_empty() => return Err(bad("mails that were announced did not come")),
            Entry::Page(Kind::Inboxes, _) => {
                for record in lines::<InboxRecord>(entry, bytes)? {
                    self.inbox(record).map_err(bad)?;
                }
            }
            Entry::Page(Kind::Webhooks, _) => {
                for record in lines::<WebhookRecord>(entry, bytes)? {
                    self.webhook(record).map_err(bad)?;
                }
            }
            Entry::Page(Kind::Keys, _) => {
                for record in lines::<KeyRecord>(entry, bytes)? {
                    self.key(record).map_err(bad)?;
                }
            }
            Entry::Page(Kind::Messages, _) => {
                for record in lines::<MessageRecord>(entry, bytes)? {
                    self.message(&record).map_err(bad)?;
                    self.awaited.push_back(record.id);
                }
            }
            Entry::Page(Kind::Events, _) => {
                for record in lines::<EventRecord>(entry, bytes)? {
                    self.event(&record).map_err(bad)?;
                }
            }
            Entry::Page(Kind::Audit, _) => {
                self.counts.audit += lines::<AuditRecord>(entry, bytes)?.len() as u64;
            }
            Entry::Header | Entry::Sums | Entry::Manifest => {}
        }
        Ok(())
    }

    /// Whether all came that was announced and counted.
    pub(super) fn finish(&self, counted: &Counts) -> Result<(), BadArchive> {
        if !self.awaited.is_empty() {
            return Err(BadArchive::OtherManifest("mails that were announced did not come"));
        }
        if self.counts != *counted {
            return Err(BadArchive::OtherManifest("it counts other records"));
        }
        Ok(())
    }

    fn inbox(&mut self, record: InboxRecord) -> Result<(), &'static str> {
        let address = Address::parse(&record.address).map_err(|_| "an address is none")?;
        let times = [Some(record.last_at), Some(record.created_at), record.paused_at, record.expires_at];
        if address.untagged() != record.address || !times.into_iter().flatten().all(is_time) {
            return Err("an inbox has an address or a time that cannot be");
        }
        if !(1..=MOST_NUMBER).contains(&record.next_seq) || !(0..=MOST_NUMBER).contains(&record.email_count) {
            return Err("an inbox has a place or a count that cannot be");
        }
        if record.display_name.chars().count() > 100 || record.display_name.chars().any(char::is_control) {
            return Err("an inbox has a name that cannot be");
        }
        if self.inboxes.len() >= MOST_RECORDS || self.inboxes.last().is_some_and(|last| last.id >= record.id)
        {
            return Err("inboxes are too many or out of order");
        }
        if record.deleted_at.is_some() {
            self.counts.retired_addresses += 1;
        } else {
            self.counts.inboxes += 1;
            self.places.insert(record.id.clone(), record.next_seq);
        }
        self.inboxes.push(record);
        Ok(())
    }

    fn webhook(&mut self, record: WebhookRecord) -> Result<(), &'static str> {
        self.known(record.inbox_id.as_ref())?;
        let is_sound = (1..=MOST_WORDS).contains(&record.events.len())
            && record.events.iter().all(|name| EventKind::parse(name).is_some())
            && Include::parse(&record.include).is_some()
            && record.url.len() <= 2_048
            && is_time(record.created_at)
            && crate::webhooks::check_headers(&record.headers).is_ok();
        if !is_sound || self.webhooks.len() as u64 >= crate::webhooks::MOST {
            return Err("an endpoint cannot be");
        }
        self.counts.webhooks += 1;
        self.webhooks.push(record);
        Ok(())
    }

    fn key(&mut self, record: KeyRecord) -> Result<(), &'static str> {
        self.known(record.inbox_id.as_ref())?;
        let scopes = Scopes::parse(record.scopes.iter().map(String::as_str)).ok();
        let is_sound = scopes.is_some_and(|scopes| scopes != Scopes::NONE)
            && record.name.as_ref().is_none_or(|name| name.chars().count() <= 100)
            && record.keyid.len() <= 40
            && record.scopes.len() <= MOST_WORDS
            && record.networks.as_ref().is_none_or(|networks| networks.len() <= MOST_NETWORKS)
            && Networks::stored(record.networks.as_deref()).is_some()
            && record.expires_at.is_none_or(is_time);
        if !is_sound || self.keys.len() >= MOST_RECORDS {
            return Err("a key cannot be");
        }
        self.counts.keys += 1;
        self.keys.push(record);
        Ok(())
    }

    fn message(&mut self, record: &MessageRecord) -> Result<(), &'static str> {
        let Some(next) = self.places.get(&record.inbox_id) else {
            return Err("a message lies in an inbox that is not in the archive");
        };
        let state = State::parse(&record.state).ok_or("a message is in an unknown state")?;
        let is_placed = record.seq.is_some_and(|seq| (1..*next).contains(&seq))
            && record.available_at.is_some_and(is_time);
        let is_nowhere = record.seq.is_none() && record.available_at.is_none();
        let short = |text: &Option<String>, most| text.as_ref().is_none_or(|text| text.len() <= most);
        let is_sound = if state == State::Delivered { is_placed } else { is_nowhere }
            && Direction::parse(&record.direction).is_some()
            && is_time(record.received_at)
            && record.decided_at.is_none_or(is_time)
            && short(&record.decided_by, 64)
            && short(&record.decided_reason, 16 << 10);
        if !is_sound {
            return Err("a message has a place, a state or a time that cannot be");
        }
        match state {
            State::Delivered => self.counts.delivered += 1,
            State::Held => self.counts.held += 1,
            State::Rejected => self.counts.rejected += 1,
        }
        Ok(())
    }

    fn event(&mut self, record: &EventRecord) -> Result<(), &'static str> {
        if self.last_event.as_deref().is_some_and(|last| last >= record.id.as_str()) {
            return Err("events are out of order");
        }
        if EventKind::parse(&record.kind).is_none() || !is_time(record.created_at) {
            return Err("an event cannot be");
        }
        self.last_event = Some(record.id.as_str().to_owned());
        self.counts.events += 1;
        Ok(())
    }

    fn known(&self, inbox: Option<&InboxId>) -> Result<(), &'static str> {
        match inbox {
            Some(inbox) if !self.places.contains_key(inbox) => Err("an inbox is named that is not there"),
            _ => Ok(()),
        }
    }
}

fn is_time(millis: i64) -> bool {
    (0..=END_OF_TIME).contains(&millis)
}
