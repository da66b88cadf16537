//! Calendar items and contact cards (RFC 5545, RFC 6350): each property's value unfolded and unescaped, and the
//! parameters that hold names.
//!
//! It knows no property's meaning: whatever a calendar shows, an agent reads.

use super::source_map::Mapped;

/// One property of an item.
#[derive(Debug)]
pub(crate) struct Field {
    /// The property's name in lower case, `summary`; of a parameter `attendee.cn`.
    pub(crate) name: String,
    pub(crate) value: Mapped,
    /// The value is an HTML document, as in `X-ALT-DESC`.
    pub(crate) html: bool,
}

/// Whether a text is a calendar or a card, by how it starts.
pub(crate) fn is_content_lines(text: &str) -> bool {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\r', '\n']);
    let starts = |word: &str| start.get(..word.len()).is_some_and(|lead| lead.eq_ignore_ascii_case(word));
    starts("BEGIN:VCALENDAR") || starts("BEGIN:VCARD") || starts("BEGIN:VEVENT")
}

/// Reads every property that may hold words; at most 4,096.
pub(crate) fn fields(text: &str) -> Vec<Field> {
    const MOST: usize = 4096;
    let mut out: Vec<Field> = Vec::new();
    let mut at = 0;
    let mut line = Mapped::default();
    for part in text.split_inclusive('\n').chain(std::iter::once("")) {
        let bare = part.trim_end_matches(['\r', '\n']);
        // RFC 5545 3.1: a line that starts with white space goes on with the one before, that space apart.
        match bare.strip_prefix([' ', '\t']) {
            Some(rest) => line.copy(rest, at + 1),
            None => {
                field(&std::mem::take(&mut line), &mut out);
                line.copy(bare, at);
            }
        }
        at += part.len();
        if out.len() >= MOST {
            break;
        }
    }
    out
}

fn field(line: &Mapped, out: &mut Vec<Field>) {
    let text = line.text.as_str();
    let Some(colon) = end_of_name(text) else {
        // No property, but somebody's words.
        if !text.trim().is_empty() {
            out.push(Field { name: "text".to_owned(), value: piece(line, 0..text.len()), html: false });
        }
        return;
    };
    let (head, value) = (&text[..colon], &text[colon + 1..]);
    let name = head.split([';', ':']).next().unwrap_or_default().trim().to_ascii_lowercase();
    // `item1.NOTE` groups properties of a card.
    let name = name.rsplit('.').next().unwrap_or_default().to_owned();
    let mut html = false;
    let mut offset = 0;
    for parameter in head.split(';') {
        let start = offset;
        offset += parameter.len() + 1;
        let Some((key, value)) = parameter.split_once('=') else { continue };
        html |= key.eq_ignore_ascii_case("FMTTYPE") && value.eq_ignore_ascii_case("text/html");
        let names = ["CN", "FILENAME", "X-FILENAME", "ALTREP", "X-TITLE", "LABEL", "TITLE"];
        if names.iter().any(|known| key.eq_ignore_ascii_case(known)) {
            let start = start + key.len() + 1;
            out.push(Field {
                name: format!("{name}.{}", key.to_ascii_lowercase()),
                value: piece(line, start..start + value.len()),
                html: false,
            });
        }
    }
    html |= name == "x-alt-desc";
    let silent = matches!(
        name.as_str(),
        "begin"
            | "end"
            | "version"
            | "dtstart"
            | "dtend"
            | "dtstamp"
            | "uid"
            | "sequence"
            | "rrule"
            | "created"
            | "last-modified"
            | "transp"
            | "calscale"
            | "photo"
            | "tzoffsetfrom"
            | "tzoffsetto"
            | "duration"
            | "rev"
    );
    if !silent && value.chars().any(char::is_alphabetic) {
        out.push(Field { name, value: piece(line, colon + 1..text.len()), html });
    }
}

/// The colon between name and value: parameters may hold others between quotation marks.
fn end_of_name(line: &str) -> Option<usize> {
    let mut quoted = false;
    line.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b':' && !quoted
    })
}

/// A stretch of a line with its escapes undone (RFC 5545 3.3.11).
fn piece(line: &Mapped, place: std::ops::Range<usize>) -> Mapped {
    let mut own = Mapped::default();
    let text = &line.text[place.clone()];
    let mut from = 0;
    for at in memchr::memchr_iter(b'\\', text.as_bytes()) {
        if at < from {
            continue;
        }
        let plain = match text.as_bytes().get(at + 1) {
            Some(b'n' | b'N') => "\n",
            Some(b',') => ",",
            Some(b';') => ";",
            Some(b'\\') => "\\",
            _ => continue,
        };
        own.copy(&text[from..at], place.start + from);
        own.replace(plain, place.start + at..place.start + at + 2);
        from = at + 2;
    }
    own.copy(&text[from..], place.start + from);
    own.through(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_unfolded_unescaped_and_map_back() {
        let text = "BEGIN:VCALENDAR\r\nSUMMARY:Budget\\, round tw\r\n o\r\nATTENDEE;CN=\"Bo: the bold\";ROLE=CHAIR:mailto:bo@a.example\r\n\
                    DESCRIPTION:one\\ntwo \r\n\tthree\r\nDTSTART:20260101T1000Z\r\nX-ALT-DESC;FMTTYPE=text/html:<p hidden>x y</p>\r\nEND:VCALENDAR";
        assert!(is_content_lines(text));
        let fields = fields(text);
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["summary", "attendee.cn", "attendee", "description", "x-alt-desc"]);
        assert_eq!(fields[0].value.text, "Budget, round two");
        assert_eq!(fields[1].value.text, "\"Bo: the bold\"");
        assert_eq!(fields[3].value.text, "one\ntwo three");
        assert!(fields[4].html);
        let at = fields[0].value.text.find("two").expect("there");
        assert_eq!(&text[fields[0].value.origin(at..at + 3)], "tw\r\n o");
        assert_eq!(&text[fields[0].value.origin(6..7)], "\\,");
    }

    #[test]
    fn an_ordinary_text_is_no_calendar() {
        assert!(!is_content_lines("Begin: the calendar\nx"));
        assert!(fields("\n \n").is_empty());
    }
}
