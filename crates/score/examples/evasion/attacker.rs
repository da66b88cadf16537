//! A greedy attacker: keeps a mutation if the score does not rise.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::judge::Judge;
use crate::mail::Mail;
use crate::mutations::MUTATIONS;

/// How an attack ended.
pub(crate) struct Fall {
    /// The score at the end.
    pub(crate) score: u8,
    /// The mutation that lowered it last.
    pub(crate) by: Option<usize>,
    /// What became of the mail.
    pub(crate) mail: Mail,
}

/// Attacks each mail with some of the mutations, on all cores; the falls in their order, the same on any machine.
pub(crate) fn attack_all(judge: &Judge, mail: &[Mail], with: &[usize], steps: usize) -> Vec<Fall> {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let attack_some = || {
        let mut falls = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(mail) = mail.get(at) else { return falls };
            falls.push((at, attack(judge, mail, with, steps, at as u64)));
        }
    };
    let mut falls: Vec<(usize, Fall)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(attack_some)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no attack panics")).collect()
    });
    falls.sort_by_key(|(at, _)| *at);
    falls.into_iter().map(|(_, fall)| fall).collect()
}

fn attack(judge: &Judge, mail: &Mail, with: &[usize], steps: usize, seed: u64) -> Fall {
    let mut dice = Dice(seed ^ 0x6d61_696c);
    let mut fall = Fall { score: mail.score(judge), by: None, mail: mail.clone() };
    for _ in 0..steps {
        if fall.score < 50 {
            break;
        }
        let at = with[dice.below(with.len())];
        let mut next = fall.mail.clone();
        MUTATIONS[at].1(&mut next, &mut dice);
        // A payload that has grown beyond reason is read by nobody.
        if next.payload.len() > mail.payload.len() * 4 + 400 {
            continue;
        }
        let score = next.score(judge);
        if score <= fall.score {
            if score < fall.score {
                fall.by = Some(at);
            }
            fall.score = score;
            fall.mail = next;
        }
    }
    fall
}

/// SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// One of some.
    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
