//! A map that remembers so many and forgets who was not seen for the longest time.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// See the module.
#[derive(Debug)]
pub struct Lru<K, V> {
    most: usize,
    clock: u64,
    values: HashMap<K, (u64, V)>,
    /// By the last use, the oldest first.
    order: BTreeMap<u64, K>,
}

impl<K: Clone + Eq + Hash, V> Lru<K, V> {
    /// A map of at most so many.
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), clock: 0, values: HashMap::new(), order: BTreeMap::new() }
    }

    /// Looks up and counts as a use.
    pub fn get(&mut self, key: &K) -> Option<&mut V> {
        self.clock += 1;
        let (used, value) = self.values.get_mut(key)?;
        self.order.remove(used);
        *used = self.clock;
        self.order.insert(self.clock, key.clone());
        Some(value)
    }

    /// Sets a value; the longest unused one goes when there is no room.
    pub fn put(&mut self, key: K, value: V) {
        self.clock += 1;
        if let Some((used, _)) = self.values.insert(key.clone(), (self.clock, value)) {
            self.order.remove(&used);
        }
        self.order.insert(self.clock, key);
        if self.values.len() > self.most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.values.remove(&oldest);
        }
    }

    /// Forgets one.
    pub fn remove(&mut self, key: &K) {
        if let Some((used, _)) = self.values.remove(key) {
            self.order.remove(&used);
        }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_goes_first_and_there_are_never_more_than_allowed() {
        let mut map = Lru::new(2);
        map.put("a", 1);
        map.put("b", 2);
        assert_eq!(map.get(&"a"), Some(&mut 1));
        map.put("c", 3);
        assert_eq!((map.len(), map.get(&"b")), (2, None));
        map.put("a", 4);
        map.remove(&"c");
        assert_eq!((map.len(), map.order.len(), map.get(&"a").copied()), (1, 1, Some(4)));
        for number in 0..10_000 {
            map.put(Box::leak(number.to_string().into_boxed_str()), number);
        }
        assert_eq!((map.len(), map.order.len()), (2, 2));
    }
}
