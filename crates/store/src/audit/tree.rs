//! An append-only Merkle tree (RFC 6962 section 2.1) of which only the edge is kept: enough to add leaves and to name
//! the root.

use sha2::{Digest, Sha256};

/// The edge of a tree: the roots of its perfect subtrees, the largest first. 32 bytes each, one for each bit of `size`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    peaks: Vec<[u8; 32]>,
}

impl Edge {
    /// As [`Edge::peaks`] gave it; `None` when the bytes do not fit the size.
    pub fn restore(size: u64, peaks: &[u8]) -> Option<Self> {
        let (peaks, rest) = peaks.as_chunks::<32>();
        (rest.is_empty() && peaks.len() == size.count_ones() as usize)
            .then(|| Self { size, peaks: peaks.to_vec() })
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: &[u8]) {
        let mut node: [u8; 32] = Sha256::new().chain_update([0]).chain_update(leaf).finalize().into();
        // As in binary addition: each carry joins two subtrees of one size.
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak for each bit of the size");
            node = join(&left, &node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What [`Edge::restore`] takes.
    pub fn peaks(&self) -> Vec<u8> {
        self.peaks.concat()
    }

    /// The root of the whole.
    pub fn root(&self) -> [u8; 32] {
        let mut peaks = self.peaks.iter().rev();
        let Some(smallest) = peaks.next() else { return Sha256::digest([]).into() };
        peaks.fold(*smallest, |right, left| join(left, &right))
    }
}

fn join(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, word for word.
    fn defined(leaves: &[Vec<u8>]) -> [u8; 32] {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => Sha256::new().chain_update([0]).chain_update(leaf).finalize().into(),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                join(&defined(&leaves[..split]), &defined(&leaves[split..]))
            }
        }
    }

    #[test]
    fn the_root_is_the_one_that_rfc_6962_defines_whenever_the_edge_was_stored_between() {
        let leaves: Vec<Vec<u8>> = (0_u16..70).map(|n| n.to_be_bytes().to_vec()).collect();
        let mut edge = Edge::default();
        for (count, leaf) in leaves.iter().enumerate() {
            assert_eq!(edge.root(), defined(&leaves[..count]), "{count} leaves");
            edge.push(leaf);
            edge = Edge::restore(edge.size(), &edge.peaks()).expect("what was stored");
        }
        assert_eq!(edge.root(), defined(&leaves));
        assert_eq!(Edge::restore(3, &[0; 32]), None);
        assert_eq!(Edge::restore(1, &[0; 31]), None);
    }
}
