//! What may be written to a terminal: text of strangers, without the power to move the cursor or to mislead.

use std::borrow::Cow;
use std::fmt::Write;

/// Makes control, invisible and direction-changing characters visible as `\u001b`; line breaks too.
///
/// The form is JSON's, so that a JSON text stays one.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// One line of JSON that a terminal shows as it is.
pub(crate) fn json(value: &serde_json::Value) -> String {
    visible(&value.to_string()).into_owned()
}

/// Columns, each as wide as its widest cell; the last is not padded.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let clean: Vec<Vec<Cow<'_, str>>> =
        std::iter::once(head.iter().map(|cell| Cow::Borrowed(*cell)).collect())
            .chain(rows.iter().map(|row| row.iter().map(|cell| visible(cell)).collect()))
            .collect();
    let width = |column: usize| {
        clean.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut out = String::new();
    for row in &clean {
        let line: String =
            row.iter().enumerate().map(|(column, cell)| format!("{cell:<w$}  ", w = width(column))).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_move_the_cursor_or_mislead_is_written_out() {
        assert_eq!(
            visible("a\x1b[2J\r\nb\u{9b}c\u{202e}d\u{e0041}"),
            "a\\u001b[2J\\u000d\\u000ab\\u009bc\\u202ed\\udb40\\udc41"
        );
        assert!(matches!(visible("Grüße, 東京 👋"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_reads_back_as_what_it_was() {
        let value = serde_json::json!({"name": "a\u{9b}\u{202e}\u{e0041}\n\"b"});
        let line = json(&value);
        assert!(!line.contains(is_hidden), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).expect("still JSON"), value);
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["acme".to_owned(), "x".to_owned()], vec!["b\n".to_owned(), "y".to_owned()]];
        assert_eq!(table(&["ID", "PLAN"], &rows), "ID       PLAN\nacme     x\nb\\u000a  y\n");
    }
}
