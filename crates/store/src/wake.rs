//! Wakes long polls and workers when a commit brings them something. What is lost here costs a poll, never a message.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use mailward_mail::id::InboxId;
use tokio::sync::Notify;

use crate::JobKind;
use crate::news::Changes;

/// Who waits for which inbox, within this process.
#[derive(Default)]
pub(crate) struct Wakes {
    inboxes: Mutex<HashMap<InboxId, Weak<Notify>>>,
    /// One for each kind of job: a wake-up that one worker takes is no other's.
    jobs: [Notify; 6],
    sweep: Notify,
    has_worker: AtomicBool,
}

/// Waits for commits to one inbox. Arm it with [`Waiter::changed`] before looking, so that nothing falls between.
pub struct Waiter(Arc<Notify>);

impl Waiter {
    /// A future that is done at the next commit to the inbox after it was first polled or enabled.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.0.notified()
    }
}

impl Wakes {
    pub(crate) fn waiter(&self, inbox: &InboxId) -> Waiter {
        let mut inboxes = self.inboxes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = inboxes.get(inbox).and_then(Weak::upgrade) {
            return Waiter(known);
        }
        // The dead are swept when the map would grow, so it stays as large as the number of waiters.
        if inboxes.len() == inboxes.capacity() {
            inboxes.retain(|_, waiter| waiter.strong_count() > 0);
        }
        let notify = Arc::new(Notify::new());
        inboxes.insert(inbox.clone(), Arc::downgrade(&notify));
        Waiter(notify)
    }

    pub(crate) fn wake(&self, changes: &Changes) {
        if !changes.inboxes.is_empty() {
            let waiting = self.inboxes.lock().unwrap_or_else(PoisonError::into_inner);
            for inbox in &changes.inboxes {
                if let Some(notify) = waiting.get(inbox).and_then(Weak::upgrade) {
                    notify.notify_waiters();
                }
            }
        }
        if changes.jobs {
            self.jobs.iter().for_each(Notify::notify_one);
        }
        if changes.sweep {
            self.sweep.notify_one();
        }
    }

    /// Wakes everybody: what happened is not known.
    pub(crate) fn wake_all(&self) {
        let waiting = self.inboxes.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.values().filter_map(Weak::upgrade).for_each(|notify| notify.notify_waiters());
        self.jobs.iter().for_each(Notify::notify_one);
        self.sweep.notify_one();
    }

    /// Whether a worker of this process takes jobs.
    pub(crate) fn has_worker(&self) -> bool {
        self.has_worker.load(Ordering::Relaxed)
    }

    pub(crate) async fn sweep(&self) {
        self.sweep.notified().await;
    }

    pub(crate) async fn jobs(&self, kind: JobKind) {
        self.has_worker.store(true, Ordering::Relaxed);
        let place = match kind {
            JobKind::Webhook => 0,
            JobKind::Judge => 1,
            JobKind::Send => 2,
            JobKind::Domain => 3,
            JobKind::Decide => 4,
            JobKind::Report => 5,
        };
        self.jobs[place].notified().await;
    }
}
