//! What a person sees of HTML, and where its links lead. One pass, no tree: what is broken is read as far as it goes.

/// A link and the words on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// Where it leads.
    pub(crate) href: String,
    /// Where its words stand in the text.
    pub(crate) at: usize,
    /// Where they end.
    pub(crate) end: usize,
}

/// A page as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The text, a line for each block.
    pub(crate) text: String,
    /// The links, in order.
    pub(crate) anchors: Vec<Anchor>,
}

/// As much HTML is read.
const MOST: usize = 512 * 1024;
/// As many links are kept.
const MOST_ANCHORS: usize = 500;
/// The longest link.
const MOST_HREF: usize = 4096;

const BLOCKS: [&str; 18] = [
    "p",
    "div",
    "br",
    "tr",
    "table",
    "li",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "section",
    "center",
    "blockquote",
];
/// What in them is not shown.
const SILENT: [&str; 5] = ["style", "script", "head", "title", "noscript"];

/// Reads a page.
pub(crate) fn page(html: &str) -> Page {
    let html = crate::fold::cut(html, MOST);
    let mut page = Page::default();
    let mut rest = html;
    let mut open: Option<Anchor> = None;
    while let Some(at) = rest.find('<') {
        push_text(&mut page.text, &rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(end) = tag_end(rest) else { break };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        let closes = tag.starts_with('/');
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .take(12)
            .collect::<String>()
            .to_ascii_lowercase();
        if SILENT.contains(&name.as_str()) && !closes {
            rest = skip_to_close(rest, &name);
        } else if BLOCKS.contains(&name.as_str()) {
            push_break(&mut page.text);
        } else if name == "td" || name == "th" {
            // Cells stand beside each other: a code is often shown with a digit in each.
            if !page.text.is_empty() && !page.text.ends_with([' ', '\n']) {
                page.text.push(' ');
            }
        } else if name == "a" {
            finish(&mut page, open.take());
            if !closes && let Some(href) = attribute(tag, "href") {
                open = Some(Anchor {
                    href: decoded(crate::fold::cut(href, MOST_HREF)),
                    at: page.text.len(),
                    end: 0,
                });
            }
        } else if name == "img"
            && let Some(alt) = attribute(tag, "alt")
        {
            push_text(&mut page.text, alt);
        }
    }
    if !rest.starts_with('<') {
        push_text(&mut page.text, rest);
    }
    finish(&mut page, open);
    page
}

fn finish(page: &mut Page, open: Option<Anchor>) {
    if let Some(anchor) = open
        && page.anchors.len() < MOST_ANCHORS
    {
        page.anchors.push(Anchor { end: page.text.len(), ..anchor });
    }
}

/// The end of a tag, quotes respected.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate().take(16 * 1024) {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    // A quote that never closes: the tag ends at the first bracket.
    text.find('>')
}

/// What follows the end of an element that is not shown.
fn skip_to_close<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        if rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return rest.find('>').map_or("", |end| &rest[end + 1..]);
        }
    }
    ""
}

/// The value of an attribute.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    while let Some(at) = rest.find('=') {
        let is_name =
            rest[..at].trim_end().rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).next();
        let is_wanted = is_name.is_some_and(|found| found.eq_ignore_ascii_case(name));
        rest = rest[at + 1..].trim_start();
        let (value, behind) = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let value = &rest[1..];
                value.find(quote).map_or((value, ""), |end| (&value[..end], &value[end + 1..]))
            }
            _ => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (&rest[..end], &rest[end..])
            }
        };
        if is_wanted {
            return Some(value.trim());
        }
        rest = behind;
    }
    None
}

fn push_break(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

fn push_text(out: &mut String, raw: &str) {
    for word in decoded(raw).split_inclusive(char::is_whitespace) {
        let trimmed = word.trim_end();
        out.push_str(trimmed);
        if trimmed.len() < word.len() && !out.ends_with([' ', '\n']) && !out.is_empty() {
            out.push(' ');
        }
    }
}

/// The text of a text with character references.
fn decoded(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        match end.and_then(|end| reference(&rest[1..end]).map(|c| (c, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?;
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "zwnj" | "shy" => '\u{200c}',
        "mdash" => '—',
        "ndash" => '–',
        "middot" => '·',
        "copy" => '©',
        "euro" => '€',
        "pound" => '£',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "szlig" => 'ß',
        "rsquo" => '’',
        "lsquo" => '‘',
        "rdquo" => '”',
        "ldquo" => '“',
        "hellip" => '…',
        "ccedil" => 'ç',
        "ntilde" => 'ñ',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_is_shown_and_links_carry_their_words() {
        let html = "<html><head><title>x</title><style>p{color:red}</style></head><body><!-- 123456 --><p>Hi&nbsp;Mia,</p>\
            <A class=b HREF='https://a.test/?x=1&amp;y=2'>Sign <b>in</b></A><br>Bye<script>1</script></body>";
        let page = page(html);
        assert_eq!(page.text, "Hi Mia,\nSign in\nBye");
        assert_eq!(page.anchors.len(), 1);
        let anchor = &page.anchors[0];
        assert_eq!(anchor.href, "https://a.test/?x=1&y=2");
        assert_eq!(&page.text[anchor.at..anchor.end], "Sign in");
    }

    #[test]
    fn what_is_broken_is_read_as_far_as_it_goes() {
        for html in [
            "<",
            "<a",
            "<a href",
            "<a href=",
            "<a href='",
            "</",
            "<!--",
            "&",
            "&#;",
            "&#x110000;",
            "<style>",
            "a<b",
        ] {
            let _ = page(html);
        }
        assert_eq!(page("<a href=\"x>y</a> z").anchors.len(), 1);
    }
}
