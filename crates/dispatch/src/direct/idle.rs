//! Conversations that go on with the next mail for the same destination, for a moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::conversation::Conversation;
use super::tls::Need;

/// How long one is kept for the next mail.
const KEPT: Duration = Duration::from_secs(3);
/// Kept at once, over all destinations.
const MOST: usize = 64;
/// Mails in one conversation.
const MOST_MAILS: usize = 50;

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Idle(Arc<Mutex<HashMap<String, Vec<Kept>>>>);

struct Kept {
    host: String,
    need: Need,
    talk: Conversation,
    until: Instant,
}

impl Idle {
    /// One with this destination, the host's name, and how well it is protected.
    pub(crate) fn take(&self, domain: &str) -> Option<(String, Need, Conversation)> {
        let mut all = self.lock();
        let kept = all.get_mut(domain)?.pop();
        if all.get(domain).is_some_and(Vec::is_empty) {
            all.remove(domain);
        }
        kept.filter(|kept| kept.until > Instant::now()).map(|kept| (kept.host, kept.need, kept.talk))
    }

    /// Keeps one, or ends it where there are enough.
    pub(crate) fn keep(&self, domain: &str, host: &str, need: Need, talk: Conversation) {
        let until = Instant::now() + KEPT;
        let too_many = {
            let mut all = self.lock();
            if talk.mails() >= MOST_MAILS || all.values().map(Vec::len).sum::<usize>() >= MOST {
                Some(talk)
            } else {
                let kept = Kept { host: host.to_owned(), need, talk, until };
                all.entry(domain.to_owned()).or_default().push(kept);
                None
            }
        };
        let idle = self.clone();
        tokio::spawn(async move {
            if let Some(talk) = too_many {
                return talk.quit().await;
            }
            tokio::time::sleep_until(until).await;
            for kept in idle.over() {
                kept.talk.quit().await;
            }
        });
    }

    /// Those whose time is over.
    fn over(&self) -> Vec<Kept> {
        let (mut all, now, mut over) = (self.lock(), Instant::now(), Vec::new());
        all.retain(|_, kept| {
            over.extend(kept.extract_if(.., |one| one.until <= now));
            !kept.is_empty()
        });
        over
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Kept>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
