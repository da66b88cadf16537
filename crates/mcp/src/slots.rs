//! How many calls of one key run at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Calls of one key at once; most of them wait for mail.
const MOST: usize = 8;

/// The calls that run, by key.
#[derive(Clone, Default)]
pub(crate) struct Slots(Arc<Mutex<HashMap<String, usize>>>);

/// One call's place; given back when it is dropped.
pub(crate) struct Slot {
    slots: Slots,
    keyid: String,
}

impl Slots {
    /// A place for a call of this key; `None` when it has all of its places.
    pub(crate) fn enter(&self, keyid: &str) -> Option<Slot> {
        let mut calls = self.lock();
        let running = calls.entry(keyid.to_owned()).or_default();
        if *running >= MOST {
            return None;
        }
        *running += 1;
        drop(calls);
        Some(Slot { slots: self.clone(), keyid: keyid.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut calls = self.slots.lock();
        if let Some(running) = calls.get_mut(&self.keyid) {
            *running -= 1;
            if *running == 0 {
                calls.remove(&self.keyid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_eight_places_and_gives_them_back() {
        let slots = Slots::default();
        let held: Vec<Slot> = (0..MOST).filter_map(|_| slots.enter("ada")).collect();
        assert_eq!(held.len(), MOST);
        assert!(slots.enter("ada").is_none());
        assert!(slots.enter("bob").is_some(), "another key's places are its own");
        drop(held);
        assert!(slots.lock().is_empty(), "nobody is remembered who does not call");
        assert!(slots.enter("ada").is_some());
    }
}
