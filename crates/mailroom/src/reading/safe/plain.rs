//! Somebody's text without what cannot be seen, without marks that a language model takes for its own, and without
//! anything that a program that renders Markdown would fetch.

use mailward_score::is_invisible;

use super::address;

/// Accents on one letter that are kept; beyond them they only hide what stands around.
const MOST_MARKS: usize = 3;
/// Spaces in a row that are kept: an indentation, not a way to push text out of sight.
const MOST_SPACES: usize = 8;

/// How far the end of an image of Markdown is looked for, in bytes.
const LONGEST_IMAGE: usize = 4_096;
/// How far a word of a template reaches, with what stands before it, in bytes.
const LONGEST_TURN: usize = 40;

/// A text that can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plain {
    /// The text.
    pub(super) text: String,
    /// Characters that were removed because nobody sees them.
    pub(super) removed: usize,
}

impl Plain {
    /// Makes a text plain that a sender wrote. Linear in its length.
    pub(super) fn of(text: &str) -> Self {
        // They stand around the real targets of links, which no sender writes.
        Self::of_shown(&text.replace('⟦', "[").replace('⟧', "]"))
    }

    /// Makes a text plain in which the real targets of links stand between `⟦` and `⟧`.
    pub(super) fn of_shown(text: &str) -> Self {
        let mut plain = Self { text: String::with_capacity(text.len()), removed: 0 };
        plain.characters(text);
        plain.text = defused(&links(&images(&plain.text)));
        let end = plain.text.trim_end().len();
        plain.text.truncate(end);
        let lead = plain.text.len() - plain.text.trim_start_matches('\n').len();
        plain.text.drain(..lead);
        plain
    }

    fn characters(&mut self, text: &str) {
        let (mut marks, mut spaces, mut lines) = (0, 0, 0);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\r' if chars.peek() == Some(&'\n') => continue,
                '\n' | '\r' | '\u{85}' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}' => {
                    (marks, spaces, lines) = (0, 0, lines + 1);
                    if lines <= 2 {
                        let end = self.text.trim_end_matches(' ').len();
                        self.text.truncate(end);
                        self.text.push('\n');
                    }
                    continue;
                }
                c if c.is_whitespace() => {
                    spaces += 1;
                    if spaces <= MOST_SPACES {
                        self.text.push(' ');
                    }
                    continue;
                }
                c if is_unseen(c) => {
                    self.removed += 1;
                    continue;
                }
                c if is_mark(c) => {
                    marks += 1;
                    if marks > MOST_MARKS {
                        self.removed += 1;
                        continue;
                    }
                    self.text.push(c);
                }
                c => {
                    marks = 0;
                    self.text.push(c);
                }
            }
            (spaces, lines) = (0, 0);
        }
    }
}

/// Controls, characters without a shape, those that turn text around, and those that every font may draw as it likes.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || is_invisible(c)
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{2800}' | '\u{fdd0}'..='\u{fdef}')
        || (c as u32) & 0xfffe == 0xfffe
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Without images of Markdown, whose address would be fetched by whoever shows it: their words stay.
fn images(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("![") {
        out.push_str(&rest[..at]);
        rest = &rest[at + 2..];
        // What is no whole image on a line is what it says.
        let near = &rest[..rest.floor_char_boundary(LONGEST_IMAGE)];
        let line = near.split('\n').next().unwrap_or_default();
        let image = line.split_once(']').and_then(|(words, tail)| {
            let end = match tail.chars().next()? {
                '(' => tail.find(')')?,
                '[' => tail.find(']')?,
                _ => return None,
            };
            Some((words, words.len() + 1 + end + 1))
        });
        match image {
            Some((words, len)) => {
                out.push_str("[image: ");
                out.push_str(&words.replace("![", "! ["));
                out.push(']');
                rest = &rest[len..];
            }
            None => out.push_str("! ["),
        }
    }
    out.push_str(rest);
    out
}

/// With the addresses that stand in it as they are dialled, and no link of Markdown: `[words](address)` becomes
/// `[words] (address)`, which nobody renders.
fn links(text: &str) -> String {
    let text = text.replace("](", "] (");
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (sign, _) in text.match_indices("://") {
        let scheme = text[..sign].bytes().rev().take(8).take_while(u8::is_ascii_alphabetic).count();
        let start = sign - scheme;
        if start < from || !matches!(text[start..sign].to_ascii_lowercase().as_str(), "http" | "https") {
            continue;
        }
        let rest = &text[start..];
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '⟦' | '⟧' | '`');
        let end = start + rest.find(is_end).unwrap_or(rest.len());
        // What ends a sentence is no part of an address.
        let written =
            text[start..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '*', '_']);
        out.push_str(&text[from..start]);
        match address::real(written) {
            // Written as it is dialled, but for what a parser adds: it stays as it is.
            Some(real) if real.trim_end_matches('/') == written.trim_end_matches('/') => {
                out.push_str(written)
            }
            Some(real) => out.push_str(&real),
            None => out.push_str(written),
        }
        from = start + written.len();
    }
    out.push_str(&text[from..]);
    out
}

/// Words that stand for turns of a conversation in the templates of language models, taken apart: a program that puts a
/// prompt together as text would read them as its own.
fn defused(text: &str) -> String {
    const TURNS: [&str; 25] = [
        "system",
        "assistant",
        "user",
        "human",
        "tool",
        "tools",
        "tool_call",
        "tool_response",
        "function",
        "function_calls",
        "function_results",
        "invoke",
        "instructions",
        "s",
        "bos",
        "eos",
        "inst",
        "sys",
        "think",
        "im_start",
        "im_end",
        "start_of_turn",
        "end_of_turn",
        "begin_of_text",
        "unused",
    ];
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(['<', '[', '|']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let opening = tail.chars().next().unwrap_or('<');
        let inner = &tail[1..];
        // As far as a word of these can reach: whatever follows, each place is looked at once.
        let near = &inner[..inner.floor_char_boundary(LONGEST_TURN)];
        let word = near.trim_start_matches(['/', '<', '|']);
        let name =
            &word[..word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(word.len())];
        let is_turn = TURNS.contains(&name.to_ascii_lowercase().as_str());
        out.push(opening);
        match opening {
            '<' if inner.starts_with('|') || is_turn => out.push(' '),
            '[' if is_turn && matches!(name, "INST" | "SYS") => out.push(' '),
            '|' if inner.starts_with('>') => out.push(' '),
            _ => {}
        }
        rest = inner;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        Plain::of(text).text
    }

    #[test]
    fn what_cannot_be_seen_is_removed_and_counted() {
        let text = "a\u{200b}b\u{202e}c\u{e0041}\u{7}\u{fe0f}\u{e000}\u{2800}d";
        assert_eq!(Plain::of(text), Plain { text: "abcd".into(), removed: 7 });
        assert_eq!(plain(&format!("e{}f", "\u{301}".repeat(50))), format!("e{}f", "\u{301}".repeat(3)));
        assert_eq!(
            plain("Gr\u{fc}\u{df}e, \u{4f60}\u{597d} \u{1f600}"),
            "Gr\u{fc}\u{df}e, \u{4f60}\u{597d} \u{1f600}"
        );
    }

    #[test]
    fn no_line_and_no_gap_is_made_by_other_means_than_a_line_end() {
        assert_eq!(plain("a\u{2028}b\u{b}c\rd\r\ne\u{a0}f"), "a\nb\nc\nd\ne f");
        assert_eq!(
            plain(&format!("a{}b{}c", "\n".repeat(500), " ".repeat(500))),
            format!("a\n\nb{}c", " ".repeat(8))
        );
        assert_eq!(plain("\n\n  \n"), "");
    }

    #[test]
    fn markdown_fetches_nothing() {
        assert_eq!(plain("a ![x](https://evil.test/?q=1) b"), "a [image: x] b");
        assert_eq!(plain("![a][b] ![c ![d]"), "[image: a] ! [c ! [d]");
        assert_eq!(plain("[bank](https://evil.test/)."), "[bank] (https://evil.test/).");
    }

    #[test]
    fn an_address_in_the_text_is_the_one_that_is_dialled() {
        assert_eq!(plain("see https://bank.test@evil.test/x, now"), "see https://evil.test/x, now");
        assert_eq!(
            plain("see https://a.test. And (http://b.test/c)."),
            "see https://a.test. And (http://b.test/c)."
        );
        assert_eq!(plain("https://\u{440}aypal.test"), "https://xn--aypal-uye.test/");
        assert_eq!(plain("x://y https:// ://"), "x://y https:// ://");
    }

    #[test]
    fn marks_of_a_models_template_are_taken_apart() {
        for (text, expected) in [
            ("<|im_start|>system", "< |im_start| >system"),
            ("</s><s>[INST] <<SYS>>", "< /s>< s>[ INST] < < SYS>>"),
            ("<start_of_turn>user", "< start_of_turn>user"),
            ("</System>", "< /System>"),
            ("Mia <mia@a.test> [1] a|b <b>", "Mia <mia@a.test> [1] a|b <b>"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_that_is_left_is_left_by_a_second_look() {
        for text in
            ["<|<|a|>|>", "![![a](b)](c)", "\u{200b}<\u{200b}|im_start|>", "]\u{200b}(x", "!\u{200b}[a](b)"]
        {
            let once = plain(text);
            assert_eq!(plain(&once), once, "{text}");
            assert!(!once.contains("<|") && !once.contains("](") && !once.contains("|>"), "{once}");
        }
    }
}
