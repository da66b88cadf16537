//! Where randomness comes from: the operating system, or a test's fixed seed.

use std::sync::{Arc, Mutex};

/// A source of random bytes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Random(Option<Arc<Mutex<u64>>>);

impl Random {
    /// The operating system's generator, fit for keys.
    pub fn system() -> Self {
        Self(None)
    }

    /// A reproducible stream for tests and test vectors. Never fit for keys.
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(seed))))
    }

    /// Fills `out`.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: going on would mean guessable keys.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    pub fn fill(&self, out: &mut [u8]) {
        match &self.0 {
            None => getrandom::fill(out).expect("the operating system gives randomness"),
            Some(state) => {
                let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                for chunk in out.chunks_mut(8) {
                    chunk.copy_from_slice(&splitmix(&mut state).to_le_bytes()[..chunk.len()]);
                }
            }
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): a known stream from a seed, for tests alone.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_stream_and_the_system_gives_another_each_time() {
        assert_eq!(Random::seeded(7).bytes::<16>(), Random::seeded(7).bytes::<16>());
        assert_ne!(Random::system().bytes::<16>(), Random::system().bytes::<16>());
    }
}
