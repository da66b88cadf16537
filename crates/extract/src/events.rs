//! Events of calendar parts (RFC 5545). Recurrence is not unrolled; a zone that is only named stays a local time.

use crate::Event;
use crate::fold::cut;

/// As much of one part is read.
const MOST_PART: usize = 256 * 1024;
/// At most so many events.
const MOST: usize = 20;
/// At most so many addresses of one.
const MOST_ATTENDEES: usize = 100;
/// The longest value.
const MOST_VALUE: usize = 1000;

/// The events of some calendar parts.
pub(crate) fn events(parts: &[&str]) -> Vec<Event> {
    let mut all = Vec::new();
    for part in parts {
        read(cut(part, MOST_PART), &mut all);
    }
    all
}

fn read(part: &str, all: &mut Vec<Event>) {
    let mut method = String::new();
    let mut open: Option<Event> = None;
    let mut nested = 0_usize;
    for line in unfolded(part) {
        let Some((name, parameters, value)) = split(&line) else { continue };
        match (name.as_str(), &mut open) {
            ("METHOD", None) => method = value.to_ascii_uppercase(),
            ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => {
                open = Some(Event { event_type: kind(&method).to_owned(), ..Event::default() })
            }
            // An alarm within an event has a summary of its own.
            ("BEGIN", Some(_)) => nested += 1,
            ("END", Some(_)) if nested > 0 => nested -= 1,
            ("END", Some(_)) => {
                if let Some(event) = open.take().filter(|_| all.len() < MOST) {
                    all.push(event);
                }
            }
            (_, Some(event)) if nested == 0 => field(event, &name, &parameters, value),
            _ => {}
        }
    }
}

fn field(event: &mut Event, name: &str, parameters: &str, value: &str) {
    match name {
        "SUMMARY" => event.summary = text(value),
        "LOCATION" => event.location = Some(text(value)).filter(|place| !place.is_empty()),
        "DTSTART" => event.start_time = moment(value),
        "DTEND" => event.end_time = moment(value),
        "STATUS" if value.eq_ignore_ascii_case("CANCELLED") => event.event_type = "cancellation".to_owned(),
        "ATTENDEE" | "ORGANIZER" if event.attendees.len() < MOST_ATTENDEES => {
            let address = value
                .get(..7)
                .filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"))
                .map_or(value, |_| &value[7..]);
            let address = cut(address.trim(), 320).to_owned();
            let _ = parameters;
            if address.contains('@') && !event.attendees.contains(&address) {
                event.attendees.push(address);
            }
        }
        _ => {}
    }
}

fn kind(method: &str) -> &'static str {
    match method {
        "CANCEL" => "cancellation",
        "REPLY" | "COUNTER" => "reply",
        _ => "meeting",
    }
}

/// RFC 5545 3.1: a line that begins with a space or tab goes on with the one before.
fn unfolded(part: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in part.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// Name, parameters and value of a line; a colon within quotes ends nothing.
fn split(line: &str) -> Option<(String, String, &str)> {
    let mut quoted = false;
    let colon = line.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b':' && !quoted
    })?;
    let (head, value) = (&line[..colon], &line[colon + 1..]);
    let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
    Some((name.to_ascii_uppercase(), parameters.to_owned(), value))
}

/// RFC 5545 3.3.5: `20250319T100000Z`, local without the `Z`, or a day.
fn moment(value: &str) -> Option<String> {
    let digits = |at: usize, count: usize| {
        value.get(at..at + count).filter(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    let day = format!("{}-{}-{}", digits(0, 4)?, digits(4, 2)?, digits(6, 2)?);
    if value.len() == 8 {
        return Some(day);
    }
    let zone = if value.ends_with('Z') { "Z" } else { "" };
    Some(format!("{day}T{}:{}:{}{zone}", digits(9, 2)?, digits(11, 2)?, digits(13, 2)?))
}

/// RFC 5545 3.3.11.
fn text(value: &str) -> String {
    let mut out = String::new();
    let mut chars = cut(value, MOST_VALUE).chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            _ => out.push(c),
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_an_event() {
        let part = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nDTSTART:20250319T100000Z\r\nDTEND;TZID=Europe/Berlin:20250319T110000\r\n\
            SUMMARY:Weekly\\, sync\r\n , long\r\nLOCATION:Room 4\r\nATTENDEE;CN=\"Lee: Bob\":mailto:bob@b.test\r\nBEGIN:VALARM\r\nSUMMARY:no\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let found = events(&[part]);
        assert_eq!(found.len(), 1);
        let event = &found[0];
        assert_eq!(event.summary, "Weekly, sync, long");
        assert_eq!(event.start_time.as_deref(), Some("2025-03-19T10:00:00Z"));
        assert_eq!(event.end_time.as_deref(), Some("2025-03-19T11:00:00"));
        assert_eq!(
            (event.location.as_deref(), event.attendees.as_slice()),
            (Some("Room 4"), ["bob@b.test".to_owned()].as_slice())
        );
        assert_eq!(event.event_type, "meeting");
    }

    #[test]
    fn what_is_broken_is_left_out() {
        for part in
            ["", "BEGIN:VEVENT", "BEGIN:VEVENT\nDTSTART:2025\nEND:VEVENT", ":", ";:", " x", "DTSTART:é"]
        {
            let _ = events(&[part]);
        }
        assert_eq!(events(&["BEGIN:VEVENT\nDTSTART:2025031é\nEND:VEVENT"])[0].start_time, None);
    }
}
