//! Parts the lines that answer from the lines that are answered to (`> `, RFC 3676 4.5).

use super::source_map::Mapped;

/// A plain text with its quoted lines taken out.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    pub(crate) own: Mapped,
    pub(crate) quoted: Mapped,
}

/// Parts a text; `None` if nothing in it is quoted.
pub(crate) fn thread(text: &str) -> Option<Thread> {
    if !text.starts_with('>') && memchr::memmem::find(text.as_bytes(), b"\n>").is_none() {
        return None;
    }
    let mut thread = Thread::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches(['>', ' ']);
        let marks = line.len() - bare.len();
        if line.starts_with('>') {
            thread.quoted.copy(bare, at + marks);
        } else {
            thread.own.copy(line, at);
        }
        at += line.len();
    }
    Some(thread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_lines_are_taken_out_and_map_back() {
        let text = "yes\n> would you\n>> come?\nfine";
        let thread = thread(text).expect("has quotes");
        assert_eq!(thread.own.text, "yes\nfine");
        assert_eq!(thread.quoted.text, "would you\ncome?\n");
        assert_eq!(&text[thread.quoted.origin(10..15)], "come?");
        assert!(super::thread("a > b\nc").is_none());
    }
}
