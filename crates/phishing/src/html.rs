//! Reads out of HTML what a link, a form and the text around them need: a single pass over its bytes, no tree.
//!
//! It does not say what a person sees; whoever hides text from a person does not press that person with it.

/// What happens in a document, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'h> {
    /// Text, as it is written.
    Text(&'h str),
    /// A tag: lower-case name, whether it closes, and its attributes as they are written.
    Tag(String, bool, Vec<(String, &'h str)>),
}

/// Attributes of a tag that are read.
const MOST_ATTRIBUTES: usize = 32;

/// Takes a document apart. Linear in its length.
pub(crate) fn events(html: &str) -> Vec<Event<'_>> {
    let mut out = Vec::new();
    let mut rest = html;
    // Where an end is missing it is missing for all that follows: it is looked for once.
    let mut endless = [false; 3];
    while let Some(at) = rest.find('<') {
        if at > 0 {
            out.push(Event::Text(&rest[..at]));
        }
        let tag = &rest[at..];
        let skip = |end: &str, index: usize, endless: &mut [bool; 3]| {
            let found = if endless[index] { None } else { tag.find(end).map(|at| at + end.len()) };
            endless[index] |= found.is_none();
            found
        };
        if tag.starts_with("<!--") {
            rest = &tag[skip("-->", 0, &mut endless).unwrap_or(4)..];
            continue;
        }
        let closes = tag.as_bytes().get(1) == Some(&b'/');
        let name_at = 1 + usize::from(closes);
        let name: String = tag[name_at..]
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .take(16)
            .collect::<String>()
            .to_ascii_lowercase();
        if name.is_empty() {
            out.push(Event::Text(&tag[..1]));
            rest = &tag[1..];
            continue;
        }
        let (attributes, length) = attributes(&tag[name_at + name.len()..]);
        rest = &tag[name_at + name.len() + length..];
        if !closes && (name == "style" || name == "script") {
            let index = if name == "style" { 1 } else { 2 };
            if !endless[index] {
                match find_ignoring_case(rest, &format!("</{name}")) {
                    Some(end) => rest = &rest[end..],
                    None => endless[index] = true,
                }
            }
        }
        out.push(Event::Tag(name, closes, attributes));
    }
    if !rest.is_empty() {
        out.push(Event::Text(rest));
    }
    out
}

/// The attributes of a tag, and how long it is from behind its name.
fn attributes(tag: &str) -> (Vec<(String, &str)>, usize) {
    let bytes = tag.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    let is_space = |b: &u8| b.is_ascii_whitespace() || *b == b'/';
    loop {
        at += bytes[at..].iter().take_while(|b| is_space(b)).count();
        match bytes.get(at) {
            None => return (out, at),
            Some(b'>') => return (out, at + 1),
            Some(_) => {}
        }
        let start = at;
        at += bytes[at..].iter().take_while(|b| !is_space(b) && !matches!(b, b'=' | b'>')).count();
        let name = &tag[start..at];
        let spaces = bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        let mut value = "";
        if bytes.get(at + spaces) == Some(&b'=') {
            at += spaces + 1;
            at += bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
            let (start, end, next) = match bytes.get(at) {
                Some(quote @ (b'"' | b'\'')) => {
                    let length = bytes[at + 1..].iter().take_while(|b| *b != quote).count();
                    (at + 1, at + 1 + length, (at + 2 + length).min(bytes.len()))
                }
                _ => {
                    let length =
                        bytes[at..].iter().take_while(|b| !b.is_ascii_whitespace() && **b != b'>').count();
                    (at, at + length, at + length)
                }
            };
            value = &tag[start..end];
            at = next;
        } else if at == start {
            // A sign that begins no attribute.
            at += tag[at..].chars().next().map_or(1, char::len_utf8);
        }
        if out.len() < MOST_ATTRIBUTES && !name.is_empty() {
            out.push((name.to_ascii_lowercase(), value));
        }
    }
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    let wanted = wanted.as_bytes();
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted))
}

/// Text with its character references replaced: the numeric ones and the few that stand in links and sentences.
pub(crate) fn decoded(text: &str) -> String {
    const NAMED: [(&str, &str); 12] = [
        ("amp;", "&"),
        ("lt;", "<"),
        ("gt;", ">"),
        ("quot;", "\""),
        ("apos;", "'"),
        ("nbsp;", " "),
        ("zwnj;", ""),
        ("shy;", ""),
        ("sol;", "/"),
        ("colon;", ":"),
        ("period;", "."),
        ("commat;", "@"),
    ];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let reference = &rest[at + 1..];
        let named = NAMED.iter().find(|(name, _)| reference.starts_with(name));
        if let Some((name, text)) = named {
            out.push_str(text);
            rest = &reference[name.len()..];
        } else if let Some((c, length)) = numeric(reference) {
            out.push(c);
            rest = &reference[length..];
        } else {
            out.push('&');
            rest = reference;
        }
    }
    out.push_str(rest);
    out
}

fn numeric(reference: &str) -> Option<(char, usize)> {
    let digits = reference.strip_prefix('#')?;
    let (digits, radix, lead) = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 2),
        None => (digits, 10, 1),
    };
    let length = digits.bytes().take(8).take_while(|b| char::from(*b).is_digit(radix)).count();
    let c = char::from_u32(u32::from_str_radix(&digits[..length], radix).ok()?)?;
    let end = lead + length;
    Some((c, end + usize::from(reference.as_bytes().get(end) == Some(&b';'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_their_attributes_however_they_are_written() {
        let html = "a<A HREF = 'x y' b=c/d data-e>t</a ><!-- <a href=z> --><style>p<a></STYLE>u";
        let tag = |name: &str, closes, attributes: &[(&str, &'static str)]| {
            Event::Tag(name.into(), closes, attributes.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect())
        };
        let expected = [
            Event::Text("a"),
            tag("a", false, &[("href", "x y"), ("b", "c/d"), ("data-e", "")]),
            Event::Text("t"),
            tag("a", true, &[]),
            tag("style", false, &[]),
            tag("style", true, &[]),
            Event::Text("u"),
        ];
        assert_eq!(events(html), expected);
    }

    #[test]
    fn hostile_markup_ends() {
        for piece in ["<", "<a ", "<!--", "<style>", "<a b='", "&#", "<a =", "</", "<a \u{e9}=\u{e9} \u{e9}"]
        {
            let html = piece.repeat(3_000);
            assert!(events(&html).len() <= 2 * 3_000, "{piece}");
            assert!(decoded(&html).len() <= html.len());
        }
    }

    #[test]
    fn references_are_replaced() {
        assert_eq!(
            decoded("a&amp;b &#104;&#x74;tp&colon;&#47; &unknown; &#xffffffff; &"),
            "a&b http:/ &unknown; &#xffffffff; &"
        );
    }
}
