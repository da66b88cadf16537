//! What this process armed and has not disarmed: a repeat of such a message is one, without asking other nodes.

use std::collections::{HashSet, VecDeque};

use mailward_mail::id::MessageId;

/// Arms that are remembered. Beyond them its own are taken for another node's, which only costs time.
const MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct Armed {
    ids: HashSet<MessageId>,
    order: VecDeque<MessageId>,
}

impl Armed {
    pub(super) fn contains(&self, id: &MessageId) -> bool {
        self.ids.contains(id)
    }

    pub(super) fn insert(&mut self, id: MessageId) {
        if self.order.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.order.push_back(id.clone());
        self.ids.insert(id);
    }

    pub(super) fn remove(&mut self, id: &MessageId) {
        if self.ids.remove(id) {
            // Near the front: what is disarmed at all is disarmed soon.
            let place = self.order.iter().position(|known| known == id);
            place.map(|place| self.order.remove(place));
        }
    }
}
