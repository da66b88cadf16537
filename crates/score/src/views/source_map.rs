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

    /// Appends another text that was made of the same original.
    pub(crate) fn append(&mut self, other: &Self) {
        let at = self.text.len();
        self.text.push_str(&other.text);
        self.runs.extend(other.runs.iter().map(|run| Run { at: run.at + at, ..*run }));
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

    /// The same text, mapped to what `base` was made of, where this was made of the text of `base`.
    pub(crate) fn through(self, base: &Self) -> Self {
        let mut out = Self { text: self.text, runs: Vec::with_capacity(self.runs.len()) };
        for (index, run) in self.runs.iter().enumerate() {
            let end = self.runs.get(index + 1).map_or(out.text.len(), |next| next.at);
            if !run.verbatim {
                let origin = base.origin(run.source..run.source_end);
                out.runs.push(Run { source: origin.start, source_end: origin.end, ..*run });
                continue;
            }
            // A verbatim stretch may cross several runs of the base.
            let mut at = run.at;
            while at < end {
                let here = run.source + (at - run.at);
                let next = base.runs.partition_point(|base| base.at <= here);
                let stop = base.runs.get(next).map_or(usize::MAX, |base| base.at);
                let len = (end - at).min(stop.saturating_sub(here).max(1));
                let origin = base.origin(here..here + len);
                let verbatim = next.checked_sub(1).is_some_and(|index| base.runs[index].verbatim);
                out.runs.push(Run { at, source: origin.start, source_end: origin.end, verbatim });
                at += len;
            }
        }
        out
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
    fn two_maps_in_a_row_are_one() {
        let original = "ab&lt;cd";
        let mut base = Mapped::default();
        base.copy("ab", 0);
        base.replace("<", 2..6);
        base.copy("cd", 6);
        let mut upper = Mapped::default();
        upper.copy("b<c", 1);
        upper.replace("!", 4..5);
        let whole = upper.through(&base);
        assert_eq!(whole.text, "b<c!");
        let origin = |place| &original[whole.origin(place)];
        assert_eq!([origin(0..1), origin(1..2), origin(2..3), origin(3..4)], ["b", "&lt;", "c", "d"]);
        assert_eq!(origin(0..3), "b&lt;c");
    }

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
