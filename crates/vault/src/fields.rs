//! The one way in which names become associated data.
//!
//! A text is its length in bytes as u32 big-endian, then the bytes; a number is u32 big-endian. Two different lists
//! of names of the same shape never give the same bytes, whatever stands in them: `a|bc` is not `ab|c`.

/// Names, encoded one after the other.
#[derive(Default)]
pub(crate) struct Fields(Vec<u8>);

impl Fields {
    /// Room for the names of a message, so that the usual case allocates once.
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(192))
    }

    /// Appends a text or any bytes.
    pub(crate) fn text(mut self, text: impl AsRef<[u8]>) -> Self {
        let bytes = text.as_ref();
        self.0.extend_from_slice(&length(bytes));
        self.0.extend_from_slice(bytes);
        self
    }

    /// Appends a number.
    pub(crate) fn number(mut self, number: u32) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// What was appended so far.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The length that precedes `bytes`.
pub(crate) fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).expect("a name is shorter than 4 GiB").to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_lengths_and_names() {
        let fields = Fields::new().text("ab").number(7).text("");
        assert_eq!(fields.as_bytes(), b"\0\0\0\x02ab\0\0\0\x07\0\0\0\0");
    }

    #[test]
    fn a_border_that_moves_changes_the_bytes() {
        assert_ne!(
            Fields::new().text("a").text("bc").as_bytes(),
            Fields::new().text("ab").text("c").as_bytes()
        );
    }
}
