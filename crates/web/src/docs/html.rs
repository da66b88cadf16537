//! Text on its way into a page.

/// Text as HTML shows it, in attributes too.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

/// Sentences, with what stands in backticks as code; nothing for nothing.
pub(super) fn prose(text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let parts: Vec<&str> = text.trim().split('`').collect();
    // An odd number of parts: each backtick has its partner.
    let is_paired = parts.len() % 2 == 1;
    let said: String = parts
        .iter()
        .enumerate()
        .map(|(at, part)| match at % 2 == 1 && is_paired {
            true => format!("<code>{}</code>", escaped(part)),
            false => escaped(part),
        })
        .collect();
    format!("<p>{said}</p>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_are_code_where_they_come_in_pairs() {
        assert_eq!(prose("a `b` c"), "<p>a <code>b</code> c</p>");
        assert_eq!(prose("it's"), "<p>it&#39;s</p>");
        assert_eq!(prose("a ` b"), "<p>a  b</p>");
        assert_eq!(prose(" \n"), "");
    }
}
