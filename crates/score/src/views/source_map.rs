//! Text made of other text, with the way back: which bytes of the original a place came from.

use std::ops::Range;

/// Derived text together with the map to the original it was made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mapped {
    pub(crate) text: String,
    runs: Vec<Run>,
}

/// A stretch of derived text. In a `verbatim` run each byte has its own byte of the original;
/// otherwise the whole run stands for the whole of `source`.
#[derive(Clone, Copy, Debug)]
struct Run {
    at: usize,
    source: usize,
    source_end: usize,
    verbatim: bool,
}

impl Mapped {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), runs: Vec::new() }
    }

    /// Appends text that has the same length as its original, which starts at `source`.
    pub(crate) fn copy(&mut self, text: &str, source: usize) {
        let at = self.text.len();
        self.text.push_str(text);
        self.extend(at, source, text.len());
    }

    /// Appends one ASCII character that stands for one byte of the original.
    pub(crate) fn copy_byte(&mut self, byte: u8, source: usize) {
        let at = self.text.len();
        self.text.push(char::from(byte));
        self.extend(at, source, 1);
    }

    /// Appends text that stands for a stretch of the original of another length.
    pub(crate) fn replace(&mut self, text: &str, source: Range<usize>) {
        if text.is_empty() {
            return;
        }
        let at = self.text.len();
        self.text.push_str(text);
        self.runs.push(Run { at, source: source.start, source_end: source.end, verbatim: false });
    }

    /// The bytes of the original that a stretch of the derived text came from.
    pub(crate) fn origin(&self, place: Range<usize>) -> Range<usize> {
        let Some(first) = self.run_before(place.start + 1) else { return 0..0 };
        let start = if first.verbatim {
            (first.source + (place.start - first.at)).min(first.source_end)
        } else {
            first.source
        };
        let end = match self.run_before(place.end) {
            Some(last) if last.verbatim => (last.source + (place.end - last.at)).min(last.source_end),
            Some(last) => last.source_end,
            None => start,
        };
        start..end.max(start)
    }

    fn extend(&mut self, at: usize, source: usize, len: usize) {
        match self.runs.last_mut() {
            Some(run) if run.verbatim && run.source_end == source && run.at + (source - run.source) == at => {
                run.source_end += len;
            }
            _ => self.runs.push(Run { at, source, source_end: source + len, verbatim: true }),
        }
    }

    /// The last run that starts before `at`.
    fn run_before(&self, at: usize) -> Option<&Run> {
        let next = self.runs.partition_point(|run| run.at < at);
        next.checked_sub(1).map(|index| &self.runs[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_maps_back_through_copies_and_replacements() {
        let mut mapped = Mapped::default();
        mapped.copy("abc", 0);
        mapped.copy("d", 3);
        mapped.replace("<", 4..8);
        mapped.copy("ef", 8);
        assert_eq!(mapped.runs.len(), 3);
        assert_eq!(mapped.origin(1..3), 1..3);
        assert_eq!(mapped.origin(3..6), 3..9);
        assert_eq!(mapped.origin(4..5), 4..8);
        assert_eq!(mapped.origin(6..7), 9..10);
    }
}
