//! The model as it was learnt: read once out of the file that the training program wrote.
//!
//! The file, little-endian: 8 bytes of magic; `u32` bits of a feature, number of knots alone and with a second reader;
//! `f32` scale, bias, the worth of the rules without a second reader and beside one, the worth of that reader; the knots,
//! as pairs of log-odds and score; a signed byte for each feature.

use super::features::BITS;
use super::heat::Table;

pub(crate) const MAGIC: &[u8; 8] = b"MWFAST3\0";
const MOST_KNOTS: u32 = 64;

/// A trained model.
#[derive(Debug)]
pub(crate) struct Model<'m> {
    /// What each feature of a window is worth.
    pub(crate) table: Table<'m>,
    /// What is added to the heat for a score of 100 by the rules.
    rules: f32,
    /// The same beside a second reader, who knows some of their alarms for false.
    rules_together: f32,
    /// What the log-odds of a second reader are multiplied with.
    reader: f32,
    alone: Knots,
    together: Knots,
    /// Names the file by its content.
    pub(crate) version: u32,
}

impl<'m> Model<'m> {
    /// Reads a model; `None` if the file is of another shape than this program.
    pub(crate) fn read(file: &'m [u8]) -> Option<Self> {
        let version = super::words::bytes_hash(file);
        let mut bytes = file.strip_prefix(MAGIC)?;
        let bits = number(&mut bytes)?;
        let (alone, together) = (number(&mut bytes)?, number(&mut bytes)?);
        let (scale, bias) = (float(&mut bytes)?, float(&mut bytes)?);
        let (rules, rules_together) = (float(&mut bytes)?, float(&mut bytes)?);
        let reader = float(&mut bytes)?;
        let alone = Knots::read(&mut bytes, alone)?;
        let together = Knots::read(&mut bytes, together)?;
        let fits = bits == BITS && bytes.len() == 1 << BITS;
        let table = fits.then_some(Table { scale, bias, weights: bytes })?;
        Some(Self { table, rules, rules_together, reader, alone, together, version })
    }

    /// The score of a message by its hottest window and the rules, 0 to 99.
    pub(crate) fn alone(&self, heat: f32, by_rules: u8) -> f32 {
        self.alone.score(heat + self.rules * f32::from(by_rules) / 100.0)
    }

    /// The score of a message that a second reader has read, 0 to 99.
    pub(crate) fn together(&self, heat: f32, by_rules: u8, reader: f32) -> f32 {
        let by_rules = self.rules_together * f32::from(by_rules) / 100.0;
        self.together.score(heat + by_rules + self.reader * reader)
    }
}

/// Log-odds and the scores they stand for, ascending; straight in between.
#[derive(Debug)]
struct Knots(Vec<(f32, f32)>);

impl Knots {
    fn read(bytes: &mut &[u8], count: u32) -> Option<Self> {
        if !(2..=MOST_KNOTS).contains(&count) {
            return None;
        }
        let knots: Vec<(f32, f32)> =
            (0..count).map(|_| Some((float(bytes)?, float(bytes)?))).collect::<Option<_>>()?;
        let ascend = knots.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        ascend.then_some(Self(knots))
    }

    fn score(&self, odds: f32) -> f32 {
        let Self(knots) = self;
        let after = knots.partition_point(|(at, _)| *at <= odds);
        match (after.checked_sub(1).map(|before| knots[before]), knots.get(after).copied()) {
            (None, None) => 0.0,
            (None, Some((_, score))) | (Some((_, score)), None) => score,
            (Some((low, from)), Some((high, to))) => from + (to - from) * (odds - low) / (high - low),
        }
    }
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*first))
}

fn float(bytes: &mut &[u8]) -> Option<f32> {
    number(bytes).map(f32::from_bits).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(knots: &[(f32, f32)]) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        for count in [BITS, knots.len() as u32, knots.len() as u32] {
            file.extend(count.to_le_bytes());
        }
        let both = [knots, knots].concat();
        for value in
            [0.5_f32, -1.0, 2.0, 1.0, 3.0].into_iter().chain(both.iter().flat_map(|knot| [knot.0, knot.1]))
        {
            file.extend(value.to_le_bytes());
        }
        file.resize(file.len() + (1 << BITS), 0);
        file
    }

    #[test]
    fn odds_become_a_score_along_the_knots() {
        let file = file(&[(-2.0, 0.0), (0.0, 50.0), (4.0, 99.0)]);
        let model = Model::read(&file).expect("a model");
        assert_eq!(
            [-9.0, -1.0, 0.0, 2.0, 9.0].map(|heat| model.alone(heat, 0)),
            [0.0, 25.0, 50.0, 74.5, 99.0]
        );
        assert!(model.alone(0.0, 50) > model.alone(0.0, 0));
        assert!(model.together(0.0, 0, 0.5) > model.together(0.0, 0, -0.5));
        assert_eq!(
            model.together(0.0, 100, 0.0),
            model.alone(0.0, 50),
            "beside a reader rules are worth their own share"
        );
    }

    #[test]
    fn a_file_of_another_shape_is_no_model() {
        let good = file(&[(-2.0, 0.0), (4.0, 99.0)]);
        assert!(Model::read(&good).is_some());
        assert!(Model::read(&good[1..]).is_none());
        assert!(Model::read(&good[..good.len() - 1]).is_none());
        assert!(Model::read(&file(&[(4.0, 0.0), (-2.0, 99.0)])).is_none(), "scores must rise with the odds");
        assert!(Model::read(&file(&[(f32::NAN, 0.0), (1.0, 99.0)])).is_none());
    }
}
