//! Sessions: each belongs to one key. Revisions of the protocol before 2026-07-28 begin one; later ones need none.
//!
//! The id of a session is no credential: every request brings its own key, and the id is worth something with the key
//! that began it alone. What the library keeps for a session is bounded here in number, and by it in time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::HeaderMap;
use hyper::StatusCode;
use mailward_mail::clock::{Clock, Timestamp};
use rmcp::transport::streamable_http_server::SessionManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use crate::SESSION;
use crate::rpc::RpcError;

/// Sessions of one key; a further one ends the one that rested longest.
const MOST_OF_KEY: usize = 16;
/// Sessions of all keys.
const MOST: usize = 4_000;
/// A session in which nothing happens ends after this.
const REST: Duration = Duration::from_secs(3_600);

/// The library's sessions.
pub(crate) type Local = LocalSessionManager;

/// Whose session is whose.
pub(crate) struct Sessions {
    local: Arc<Local>,
    owners: Mutex<HashMap<String, Owner>>,
    clock: Clock,
}

struct Owner {
    keyid: String,
    used: Timestamp,
}

impl Sessions {
    pub(crate) fn new(clock: Clock) -> Self {
        let mut local = Local::default();
        local.session_config.keep_alive = Some(REST);
        local.session_config.sse_retry = None;
        // An answer that was given is kept for nobody.
        local.session_config.completed_cache_ttl = Duration::ZERO;
        Self { local: Arc::new(local), owners: Mutex::default(), clock }
    }

    pub(crate) fn local(&self) -> Arc<Local> {
        Arc::clone(&self.local)
    }

    /// Whether a session is this key's, and notes its use.
    pub(crate) fn is_of(&self, session: &str, keyid: &str) -> bool {
        let now = self.clock.now();
        self.lock().get_mut(session).filter(|owner| owner.keyid == keyid).is_some_and(|owner| {
            owner.used = now;
            true
        })
    }

    /// A key began a session; those that are too many end.
    pub(crate) async fn began(&self, session: &str, keyid: &str) {
        let now = self.clock.now();
        let ended: Vec<String> = {
            let mut owners = self.lock();
            // The library has ended these by itself.
            owners.retain(|_, owner| now.minus(REST) < owner.used);
            owners.insert(session.to_owned(), Owner { keyid: keyid.to_owned(), used: now });
            let mut ended = surplus(&owners, MOST_OF_KEY, |owner| owner.keyid == keyid);
            ended.extend(surplus(&owners, MOST, |_| true));
            ended.retain(|id| owners.remove(id).is_some());
            ended
        };
        for id in ended {
            if let Err(error) = self.local.close_session(&id.as_str().into()).await {
                tracing::debug!(%error, "a session could not be ended");
            }
        }
    }

    /// A session was ended by its key.
    pub(crate) fn forget(&self, session: &str) {
        self.lock().remove(session);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Owner>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session that a request names, which is at most one.
pub(crate) fn named(headers: &HeaderMap) -> Result<Option<String>, RpcError> {
    let mut values = headers.get_all(SESSION).iter();
    match (values.next().map(|value| value.to_str()), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(id)), None) => Ok(Some(id.to_owned())),
        _ => Err(RpcError::new(StatusCode::BAD_REQUEST, -32600, "a request is of one session")),
    }
}

/// Those that rested longest, beyond `most`.
fn surplus(owners: &HashMap<String, Owner>, most: usize, counts: impl Fn(&Owner) -> bool) -> Vec<String> {
    let mut all: Vec<(&String, Timestamp)> =
        owners.iter().filter(|(_, owner)| counts(owner)).map(|(id, owner)| (id, owner.used)).collect();
    if all.len() <= most {
        return Vec::new();
    }
    all.sort_by_key(|(_, used)| *used);
    all[..all.len() - most].iter().map(|(id, _)| (*id).clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_session_is_of_the_key_that_began_it() {
        let sessions = Sessions::new(Clock::manual(Timestamp(1_000_000_000)));
        sessions.began("s", "ada").await;
        assert!(sessions.is_of("s", "ada"));
        assert!(!sessions.is_of("s", "bob"));
        assert!(!sessions.is_of("t", "ada"));
        sessions.forget("s");
        assert!(!sessions.is_of("s", "ada"));
    }

    #[tokio::test]
    async fn of_too_many_sessions_the_one_ends_that_rested_longest() {
        let clock = Clock::manual(Timestamp(1_000_000_000));
        let sessions = Sessions::new(clock.clone());
        sessions.began("bob's", "bob").await;
        for n in 0..MOST_OF_KEY {
            clock.advance(Duration::from_secs(1));
            sessions.began(&format!("s{n}"), "ada").await;
        }
        clock.advance(Duration::from_secs(1));
        assert!(sessions.is_of("s0", "ada"), "and it is used now");
        sessions.began("new", "ada").await;
        assert!(!sessions.is_of("s1", "ada"));
        for kept in ["s0", "s2", "new"] {
            assert!(sessions.is_of(kept, "ada"), "{kept}");
        }
        assert!(sessions.is_of("bob's", "bob"), "nobody ends another key's");
    }

    #[tokio::test]
    async fn a_session_that_rests_an_hour_is_over() {
        let clock = Clock::manual(Timestamp(1_000_000_000));
        let sessions = Sessions::new(clock.clone());
        sessions.began("old", "ada").await;
        clock.advance(REST);
        sessions.began("new", "ada").await;
        assert_eq!((sessions.is_of("old", "ada"), sessions.is_of("new", "ada")), (false, true));
    }
}
