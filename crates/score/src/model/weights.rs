//! The model as it was learnt: read once out of the file that the training program wrote.
//!
//! The file, little-endian: 8 bytes of magic; `u32` bits of a feature and number of knots; `f32` scale, bias and the
//! worth of the rules; the knots as pairs of log-odds and score; a signed byte for each feature.

use super::features::BITS;
use super::heat::Table;

pub(crate) const MAGIC: &[u8; 8] = b"MWFAST1\0";
const MOST_KNOTS: u32 = 64;

/// A trained model.
#[derive(Debug)]
pub(crate) struct Model<'m> {
    /// What each feature of a window is worth.
    pub(crate) table: Table<'m>,
    /// What is added to the heat for a score of 100 by the rules.
    rules: f32,
    /// Log-odds and the score they stand for, ascending.
    knots: Vec<(f32, f32)>,
    /// Names the file by its content.
    pub(crate) version: u32,
}

impl<'m> Model<'m> {
    /// Reads a model; `None` if the file is of another shape than this program.
    pub(crate) fn read(file: &'m [u8]) -> Option<Self> {
        let version = super::words::bytes_hash(file);
        let mut bytes = file.strip_prefix(MAGIC)?;
        let (bits, knots) = (number(&mut bytes)?, number(&mut bytes)?);
        if bits != BITS || !(2..=MOST_KNOTS).contains(&knots) {
            return None;
        }
        let (scale, bias, rules) = (float(&mut bytes)?, float(&mut bytes)?, float(&mut bytes)?);
        let knots = (0..knots)
            .map(|_| Some((float(&mut bytes)?, float(&mut bytes)?)))
            .collect::<Option<Vec<(f32, f32)>>>()?;
        let ascending = knots.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let table =
            (ascending && bytes.len() == 1 << BITS).then_some(Table { scale, bias, weights: bytes })?;
        Some(Self { table, rules, knots, version })
    }

    /// What the hottest window and the rules' score come to, as log-odds.
    pub(crate) fn odds(&self, heat: f32, by_rules: u8) -> f32 {
        heat + self.rules * f32::from(by_rules) / 100.0
    }

    /// The score that log-odds stand for, 0 to 99. Straight between the knots.
    pub(crate) fn calibrated(&self, odds: f32) -> f32 {
        let after = self.knots.partition_point(|(at, _)| *at <= odds);
        match (after.checked_sub(1).map(|before| self.knots[before]), self.knots.get(after).copied()) {
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
        file.extend(BITS.to_le_bytes());
        file.extend((knots.len() as u32).to_le_bytes());
        for value in [0.5_f32, -1.0, 2.0].into_iter().chain(knots.iter().flat_map(|knot| [knot.0, knot.1])) {
            file.extend(value.to_le_bytes());
        }
        file.resize(file.len() + (1 << BITS), 0);
        file
    }

    #[test]
    fn odds_become_a_score_along_the_knots() {
        let file = file(&[(-2.0, 0.0), (0.0, 50.0), (4.0, 99.0)]);
        let model = Model::read(&file).expect("a model");
        let scores = [-9.0, -1.0, 0.0, 2.0, 9.0].map(|odds| model.calibrated(odds));
        assert_eq!(scores, [0.0, 25.0, 50.0, 74.5, 99.0]);
        assert!(model.odds(1.0, 50) > model.odds(1.0, 0));
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
