//! A queue of queues: deficit round robin over lanes, one for each tenant (Shreedhar and Varghese, 1995).
//!
//! A lane that is backed up gets as many octets through as any other that is, whatever it piles up. What is being worked
//! on counts too: a lane with its share of the places waits while another lane below its share has something to do.
//! Nothing is ever left lying while a place is free, so who is alone has it all.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// What a lane may send in one turn, in octets.
pub const QUANTUM: u64 = 256 * 1024;
/// The least that anything costs: a turn is 256 KiB or 16 things, whichever is less.
const LEAST: u64 = QUANTUM / 16;
/// The least that a lane's share of the places is.
const LEAST_PLACES: usize = 2;

/// See the module. Memory grows with what waits or is worked on, and with nothing else.
#[derive(Debug)]
pub struct Turns<K, T> {
    lanes: HashMap<K, Lane<T>>,
    /// Lanes in which something waits; the first one has the turn.
    ring: VecDeque<K>,
    waiting: usize,
    places_each: usize,
}

#[derive(Debug)]
struct Lane<T> {
    queue: VecDeque<(u64, T)>,
    /// What it may still send in this turn, or kept from the last one because it was not enough.
    deficit: u64,
    /// Whether this turn's quantum was given.
    has_turn: bool,
    /// Places taken by things of this lane.
    busy: usize,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), deficit: 0, has_turn: false, busy: 0 }
    }
}

impl<K: Clone + Eq + Hash, T> Turns<K, T> {
    /// A queue in front of so many places. While others wait a lane takes an eighth of them, and at least two.
    pub fn new(places: usize) -> Self {
        let places_each = (places / 8).max(LEAST_PLACES);
        Self { lanes: HashMap::new(), ring: VecDeque::new(), waiting: 0, places_each }
    }

    /// Lets a thing of so many octets wait in its lane.
    pub fn push(&mut self, key: K, octets: u64, thing: T) {
        let lane = self.lanes.entry(key.clone()).or_default();
        if lane.queue.is_empty() {
            self.ring.push_back(key);
        }
        lane.queue.push_back((octets.max(LEAST), thing));
        self.waiting += 1;
    }

    /// Takes what comes next to a place. [`Turns::done`] gives the place back.
    pub fn take(&mut self) -> Option<(K, T)> {
        let each = self.places_each;
        self.pick(|lane| lane.busy < each).or_else(|| self.pick(|_| true))
    }

    /// A thing that was taken has left its place.
    pub fn done(&mut self, key: &K) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.busy = lane.busy.saturating_sub(1);
            self.forget_idle(key);
        }
    }

    /// Things that wait.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Places taken by a lane.
    pub fn busy(&self, key: &K) -> usize {
        self.lanes.get(key).map_or(0, |lane| lane.busy)
    }

    /// Things of a lane that wait or are worked on.
    pub fn held(&self, key: &K) -> usize {
        self.lanes.get(key).map_or(0, |lane| lane.busy + lane.queue.len())
    }

    /// Lanes in which something waits or is worked on.
    pub fn lanes(&self) -> impl Iterator<Item = &K> {
        self.lanes.keys()
    }

    fn pick(&mut self, fits: impl Fn(&Lane<T>) -> bool) -> Option<(K, T)> {
        loop {
            // The fewest whole rounds after which some lane can afford its thing.
            let mut rounds: Option<u64> = None;
            for _ in 0..self.ring.len() {
                let key = self.ring.front()?.clone();
                let lane = self.lanes.get_mut(&key)?;
                if let Some(cost) = lane.queue.front().map(|(cost, _)| *cost).filter(|_| fits(lane)) {
                    if !lane.has_turn {
                        lane.has_turn = true;
                        lane.deficit += QUANTUM;
                    }
                    if cost <= lane.deficit {
                        return self.serve(key);
                    }
                    let missing = (cost - lane.deficit).div_ceil(QUANTUM);
                    rounds = Some(rounds.map_or(missing, |least| least.min(missing)));
                }
                lane.has_turn = false;
                self.ring.rotate_left(1);
            }
            // Rounds in which nobody could go are gone through at once; the last of them is walked.
            let skipped = (rounds? - 1) * QUANTUM;
            for key in &self.ring {
                if let Some(lane) = self.lanes.get_mut(key).filter(|lane| fits(lane)) {
                    lane.deficit += skipped;
                }
            }
        }
    }

    fn serve(&mut self, key: K) -> Option<(K, T)> {
        let lane = self.lanes.get_mut(&key)?;
        let (cost, thing) = lane.queue.pop_front()?;
        lane.deficit -= cost;
        lane.busy += 1;
        self.waiting -= 1;
        if lane.queue.is_empty() {
            // What an idle lane did not use is not saved up for later.
            (lane.deficit, lane.has_turn) = (0, false);
            self.ring.pop_front();
        }
        Some((key, thing))
    }

    fn forget_idle(&mut self, key: &K) {
        if self.lanes.get(key).is_some_and(|lane| lane.busy == 0 && lane.queue.is_empty()) {
            self.lanes.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(turns: &mut Turns<&'static str, u32>, count: usize) -> String {
        let mut order = String::new();
        for _ in 0..count {
            let Some((key, _)) = turns.take() else { break };
            order.push_str(key);
            turns.done(&key);
        }
        order
    }

    #[test]
    fn a_turn_is_sixteen_small_things() {
        let mut turns = Turns::new(64);
        for number in 0..40 {
            turns.push("a", 100, number);
        }
        turns.push("b", 100, 0);
        assert_eq!(drain(&mut turns, 18), format!("{}ba", "a".repeat(16)));
    }

    #[test]
    fn a_turn_is_256_kib_of_large_things() {
        let mut turns = Turns::new(64);
        for number in 0..8 {
            turns.push("a", QUANTUM / 2, number);
            turns.push("b", QUANTUM, number);
        }
        assert_eq!(drain(&mut turns, 6), "aabaab");
    }

    #[test]
    fn a_thing_larger_than_many_turns_goes_when_it_has_saved_for_them() {
        let mut turns = Turns::new(64);
        turns.push("big", QUANTUM * 100, 0);
        assert_eq!(drain(&mut turns, 1), "big", "alone it has not to wait");
        turns.push("big", QUANTUM * 3, 0);
        for number in 0..10 {
            turns.push("b", QUANTUM, number);
        }
        assert_eq!(drain(&mut turns, 4), "bbbigb");
    }

    #[test]
    fn a_lane_with_its_share_of_the_places_waits_for_others_and_only_for_them() {
        let mut turns = Turns::new(32);
        for number in 0..10 {
            turns.push("a", 1, number);
        }
        let order = |turns: &mut Turns<&'static str, u32>| turns.take().map(|(key, _)| key);
        assert!((0..6).all(|_| order(&mut turns) == Some("a")), "alone it has all places");
        turns.push("b", 1, 0);
        turns.push("b", 1, 1);
        assert_eq!((order(&mut turns), order(&mut turns)), (Some("b"), Some("b")));
        assert_eq!(order(&mut turns), Some("a"), "nobody else waits any more");
    }

    #[test]
    fn nothing_is_remembered_of_a_lane_that_is_idle() {
        let mut turns = Turns::new(8);
        for number in 0..10_000 {
            turns.push(number, 1, ());
            let (key, ()) = turns.take().expect("it waits");
            turns.done(&key);
        }
        assert_eq!((turns.lanes().count(), turns.ring.len(), turns.len()), (0, 0, 0));
    }
}
