//! Search over sealed mail: what the caller may see is opened, newest first, looked through and forgotten.
//!
//! There is no index of words: it would tell whoever has the disk what mail is about. So a request looks at a bounded
//! number of mails and bytes, and says where to go on, even when it found nothing.

mod words;

use std::sync::Arc;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, TenantId};
use mailward_mail::parsed::Parsed;
use mailward_store::{Direction, SealedMail, SearchFilter, SearchPlace, Tenant};
use mailward_vault::{MessageKey, PartKind};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::{Mail, context, parsed};
use crate::access::Principal;
use crate::keyring::TenantKeys;
use crate::snapshot::{Meta, body_text};
use crate::{Error, Mailroom, Result};
use words::{Terms, folded};

/// Mails that one request looks at.
const MOST_MAILS: usize = 500;
/// Sealed bytes that one request opens.
const MOST_BYTES: usize = 16 << 20;
/// Mails that are opened together.
const AT_ONCE: i64 = 32;
/// A snapshot that is larger is read by itself, and only where it is needed, in bytes.
const LARGE: i64 = 256 << 10;
/// Tenants whose turn is remembered.
const MOST_TENANTS: usize = 10_000;

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct SearchRequest {
    /// Words, all of which a mail must hold, in whatever case and with whatever accents; all mails where there are none.
    pub text: String,
    /// Only in this inbox.
    pub inbox: Option<InboxId>,
    /// Only what came, or went.
    pub direction: Option<Direction>,
    /// Only from an address or a name that contains this.
    pub from: Option<String>,
    /// Only what became available later.
    pub since: Option<Timestamp>,
    /// Only what became available earlier.
    pub until: Option<Timestamp>,
    /// Only with, or without, attachments.
    pub has_attachments: Option<bool>,
    /// At most so many.
    pub limit: u32,
    /// Behind this place.
    pub behind: Option<SearchPlace>,
}

/// What was found, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    /// Newest first.
    pub mails: Vec<Mail>,
    /// Ask for what lies behind this place next; none: everything was looked at.
    pub next: Option<SearchPlace>,
}

/// Whose turn it is to search: one step of each tenant at a time, and not more than there are cores for.
pub(crate) struct Searches {
    together: Arc<Semaphore>,
    tenants: std::sync::Mutex<mailward_fair::Lru<TenantId, Arc<Mutex<()>>>>,
}

impl Default for Searches {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            // The rest is for mail that comes in.
            together: Arc::new(Semaphore::new((cores / 2).max(1))),
            tenants: std::sync::Mutex::new(mailward_fair::Lru::new(MOST_TENANTS)),
        }
    }
}

impl Searches {
    async fn turn(&self, tenant: &TenantId) -> Result<(OwnedMutexGuard<()>, OwnedSemaphorePermit)> {
        let own = {
            let mut tenants = self.tenants.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match tenants.get(tenant) {
                Some(own) => Arc::clone(own),
                None => {
                    let own = Arc::default();
                    tenants.put(tenant.clone(), Arc::clone(&own));
                    own
                }
            }
        };
        let own = own.lock_owned().await;
        let core = Arc::clone(&self.together).acquire_owned().await;
        Ok((own, core.map_err(|_| Error::Damaged("the searches have ended"))?))
    }
}

impl Mailroom {
    /// Looks for mails, newest first, in all inboxes that the caller reaches. `None`: it has no such inbox.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more or longer words than are looked for.
    pub async fn search(&self, caller: &Principal, request: &SearchRequest) -> Result<Option<SearchPage>> {
        let wanted = Wanted {
            terms: Terms::of(&request.text).map_err(|problem| Error::invalid("q", problem))?,
            from: request.from.as_deref().map(folded).filter(|from| !from.is_empty()),
        };
        let inbox = request.inbox.as_ref().or(caller.inbox()).cloned();
        if let Some(inbox) = &inbox
            && (!caller.reaches(inbox) || caller.tenant().read().await?.inbox(inbox).await?.is_none())
        {
            return Ok(None);
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut filter = SearchFilter {
            inbox,
            since: request.since,
            until: request.until,
            direction: request.direction,
            has_attachments: request.has_attachments,
            behind: request.behind.clone(),
            most_bytes: if wanted.terms.is_empty() { -1 } else { LARGE },
            limit: AT_ONCE,
        };
        let wanted = Arc::new(wanted);
        let mut page = SearchPage::default();
        let (mut mails, mut bytes) = (0, 0);
        while mails < MOST_MAILS && bytes < MOST_BYTES {
            let _turn = self.0.searches.turn(caller.tenant().id()).await?;
            let found = caller.tenant().read().await?.sealed_mails(&filter).await?;
            let is_last = (found.len() as i64) < filter.limit;
            mails += found.len();
            bytes += found.iter().map(size).sum::<usize>();
            let looked_at = self.look_through(caller.tenant(), &keys, &wanted, found).await?;
            for (place, mail) in looked_at {
                // Behind the last that is given out, not behind the last that was looked at.
                if page.mails.len() == request.limit as usize {
                    return Ok(Some(page));
                }
                page.next = Some(place.clone());
                filter.behind = Some(place);
                if let Some(step) = mail {
                    bytes += step.extra;
                    page.mails.extend(step.mail);
                }
            }
            if is_last {
                page.next = None;
                return Ok(Some(page));
            }
        }
        Ok(Some(page))
    }

    /// Each mail's place, and what came of looking at it.
    async fn look_through(
        &self,
        tenant: &Tenant,
        keys: &Arc<TenantKeys>,
        wanted: &Arc<Wanted>,
        found: Vec<SealedMail>,
    ) -> Result<Vec<(SearchPlace, Option<Step>)>> {
        let mut opened = Vec::with_capacity(found.len());
        for sealed in found {
            let context = context(tenant, &sealed.message);
            let key = keys.message_key(&context, sealed.message.key_version, &sealed.message.dek).await;
            let key = key.map_err(|error| Error::unreadable(sealed.message.id.as_str(), error))?;
            opened.push((sealed, key));
        }
        // Opening and folding is work for a core, and others' requests are not to wait for it.
        let (wanted_there, tenant_there) = (Arc::clone(wanted), tenant.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let looks =
                opened.into_iter().map(|(sealed, key)| look(&tenant_there, &key, &wanted_there, sealed));
            looks.collect::<Result<Vec<Look>>>()
        });
        let looked = looked.await.map_err(|_| Error::Damaged("a search could not look at mail"))??;
        let mut steps = Vec::with_capacity(looked.len());
        for look in looked {
            let mail = match look.mail {
                Outcome::Not => None,
                Outcome::Found(mail) => Some(Step { mail: Some(mail), extra: 0 }),
                Outcome::Large(mail) => {
                    let mut scope = tenant.read().await?;
                    // Gone since: then it is not there.
                    let still = scope.message(&mail.message.inbox, &mail.message.id).await?;
                    let snapshot = match &still {
                        Some(message) => parsed(tenant, &mut scope, keys, message).await?,
                        None => None,
                    };
                    drop(scope);
                    let wanted = Arc::clone(wanted);
                    let judged = tokio::task::spawn_blocking(move || {
                        let text = snapshot.as_ref().map(body_text).unwrap_or_default();
                        let extra = text.len();
                        let holds = wanted.terms.all_in(fields(&mail.meta).chain([text.as_str()]));
                        Step { mail: holds.then_some(mail), extra }
                    });
                    Some(judged.await.map_err(|_| Error::Damaged("a search could not look at a mail"))?)
                }
            };
            steps.push((look.place, mail));
        }
        Ok(steps)
    }
}

/// What a mail must hold, folded.
struct Wanted {
    terms: Terms,
    from: Option<String>,
}

struct Look {
    place: SearchPlace,
    mail: Outcome,
}

enum Outcome {
    Not,
    Found(Mail),
    /// It is not decided without its text, which is large.
    Large(Mail),
}

struct Step {
    mail: Option<Mail>,
    /// Bytes that were opened beside the sealed ones of the batch.
    extra: usize,
}

fn size(sealed: &SealedMail) -> usize {
    sealed.meta.1.len() + sealed.parsed.1.as_ref().map_or(0, Vec::len)
}

/// Opens a mail as far as it is needed.
fn look(tenant: &Tenant, key: &MessageKey, wanted: &Wanted, sealed: SealedMail) -> Result<Look> {
    let SealedMail { message, meta, parsed } = sealed;
    let unreadable = |error: Error| Error::unreadable(message.id.as_str(), error);
    let context = context(tenant, &message);
    let open = |kind, (no, bytes): (u32, &[u8])| {
        key.open(&context, kind, no, bytes).map_err(|error| unreadable(error.into()))
    };
    let json = open(PartKind::Meta, (meta.0, &meta.1))?;
    let meta: Meta =
        serde_json::from_slice(&json).map_err(|_| unreadable(Error::Damaged("a summary cannot be read")))?;
    let place = SearchPlace {
        at: message.available_at.unwrap_or(message.received_at),
        id: message.id.clone(),
        seq: message.seq.unwrap_or_default(),
    };
    let is_from = wanted.from.as_ref().is_none_or(|from| {
        [&meta.from.address, &meta.from.name].iter().any(|one| folded(one).contains(from))
    });
    let outcome = if !is_from {
        Outcome::Not
    } else if wanted.terms.all_in(fields(&meta)) {
        Outcome::Found(Mail { message, meta, parsed: None })
    } else if let (no, Some(bytes)) = &parsed {
        let json = open(PartKind::Parsed, (*no, bytes))?;
        let snapshot: Option<Parsed> = serde_json::from_slice(&json)
            .map_err(|_| unreadable(Error::Damaged("a snapshot cannot be read")))?;
        let text = snapshot.as_ref().map(body_text).unwrap_or_default();
        match wanted.terms.all_in(fields(&meta).chain([text.as_str()])) {
            true => Outcome::Found(Mail { message, meta, parsed: None }),
            false => Outcome::Not,
        }
    } else {
        Outcome::Large(Mail { message, meta, parsed: None })
    };
    Ok(Look { place, mail: outcome })
}

/// What a list shows of a mail, as far as somebody wrote it.
fn fields(meta: &Meta) -> impl Iterator<Item = &str> {
    let people = [meta.from.name.as_str(), meta.from.address.as_str(), meta.subject.as_str()];
    let others = meta.to.iter().chain(&meta.cc).map(String::as_str);
    people.into_iter().chain(others).chain(meta.attachments.iter().map(|one| one.filename.as_str()))
}
