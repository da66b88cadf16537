//! What the second stage weighs: the hottest windows by where they stand, and what the rules say.

use super::heat::{Hot, WIDTHS};
use crate::rules::Weighed;
use crate::views::Sight;

/// Kinds of places: seen, a name, hidden, encoded.
const SIGHTS: usize = 4;
/// The rules' families that are told apart.
const FAMILIES: [&str; 10] = [
    "override",
    "role",
    "exfiltration",
    "tool",
    "address",
    "secrecy",
    "posing",
    "hidden",
    "encoded",
    "disguised",
];
const HEATS: usize = SIGHTS * WIDTHS.len();
/// How many numbers the second stage is given.
pub(crate) const SIZE: usize = HEATS + SIGHTS + FAMILIES.len() + 8;
/// The heat of a place that is not there.
const COLD: f32 = -6.0;

/// The evidence of one message.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    heats: [[f32; WIDTHS.len()]; SIGHTS],
    words: [usize; SIGHTS],
    tricks: usize,
}

impl Default for Evidence {
    fn default() -> Self {
        Self { heats: [[COLD; WIDTHS.len()]; SIGHTS], words: [0; SIGHTS], tricks: 0 }
    }
}

impl Evidence {
    /// Takes in one view.
    pub(crate) fn view(&mut self, sight: Sight, hottest: &[Option<Hot>], words: usize, tricks: usize) {
        let place = sight as usize;
        self.words[place] += words;
        self.tricks += tricks;
        for (known, hot) in self.heats[place].iter_mut().zip(hottest) {
            if let Some(hot) = hot {
                *known = known.max(hot.heat);
            }
        }
    }

    /// The numbers, together with what the rules found.
    pub(crate) fn numbers(&self, found: &[Weighed]) -> [f32; SIZE] {
        let mut out = [0.0; SIZE];
        let mut at = 0;
        let mut put = |value: f32| {
            out[at] = value;
            at += 1;
        };
        for (sight, heats) in self.heats.iter().enumerate() {
            // What fits one width stands for the wider ones too.
            let mut last = COLD;
            for heat in heats {
                last = if *heat > COLD { *heat } else { last };
                put(last / 4.0);
            }
            put(f32::from(u8::from(self.words[sight] > 0)));
        }
        let strongest = |pick: &dyn Fn(&Weighed) -> bool| {
            found
                .iter()
                .filter(|one| pick(one))
                .map(|one| one.finding.weight)
                .max()
                .map_or(0.0, |w| f32::from(w) / 100.0)
        };
        let mut families = 0.0;
        for family in FAMILIES {
            let weight = strongest(&|one| family_of(&one.finding.rule) == family && !one.talk);
            families += f32::from(u8::from(weight >= 0.3));
            put(weight);
        }
        let top = strongest(&|one| !one.talk);
        put(top);
        put(top * top);
        put(strongest(&|one| one.talk));
        put(families / 4.0);
        let hottest = self.heats.iter().flatten().copied().fold(COLD, f32::max) / 4.0;
        put(hottest);
        put(hottest * top);
        put((self.words[0] as f32 + 1.0).ln() / 8.0);
        put((self.tricks as f32 + 1.0).ln() / 4.0);
        out
    }
}

fn family_of(rule: &str) -> &str {
    rule.split('.').next().unwrap_or_default()
}
