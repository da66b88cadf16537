//! Wakes long polls and workers when a commit brings them something. What is lost here costs a poll, never a message.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use mailward_mail::id::InboxId;
use tokio::sync::Notify;

/// Who waits for which inbox, within this process.
#[derive(Default)]
pub(crate) struct Wakes {
    inboxes: Mutex<HashMap<InboxId, Weak<Notify>>>,
    jobs: Notify,
    sweep: Notify,
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

    pub(crate) fn wake(&self, inboxes: &[InboxId], jobs: bool, sweep: bool) {
        if !inboxes.is_empty() {
            let waiting = self.inboxes.lock().unwrap_or_else(PoisonError::into_inner);
            for inbox in inboxes {
                if let Some(notify) = waiting.get(inbox).and_then(Weak::upgrade) {
                    notify.notify_waiters();
                }
            }
        }
        if jobs {
            self.jobs.notify_one();
        }
        if sweep {
            self.sweep.notify_one();
        }
    }

    pub(crate) async fn sweep(&self) {
        self.sweep.notified().await;
    }

    pub(crate) async fn jobs(&self) {
        self.jobs.notified().await;
    }
}
