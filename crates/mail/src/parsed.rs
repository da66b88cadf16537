//! One message as everybody reads it: the scorer, the agent, the console. The only use of `mail-parser`.
//!
//! [`parse`] is given what passed [`crate::prescan`], and bounds what it keeps. The result is our own type, so that
//! nothing else sees the library. It never fails on content: what cannot be decoded is kept as it stands.

use mail_parser::{HeaderName, HeaderValue, MessageParser, MessagePart, MimeHeaders, PartType};

use crate::ambiguous::ambiguities;
use crate::prescan::{Bounds, TooComplex, prescan};

mod attachment;
mod collect;

pub use attachment::{Attachment, TransferEncoding};

/// Decoded text kept of one message, over all its text parts.
pub const TEXT_LIMIT: usize = 2 * 1024 * 1024;
/// Decoded text kept of one header field.
pub const HEADER_LIMIT: usize = 64 * 1024;

/// A display name and an address, as a sender wrote them: neither is checked, and either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mailbox {
    /// The display name.
    pub name: String,
    /// The bare address.
    pub address: String,
}

/// A message within a message (`message/rfc822`), one level of it; what it holds itself is listed beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Embedded {
    /// Its subject.
    pub subject: String,
    /// Its author's display name and address.
    pub from: Mailbox,
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
    /// The names of its attachments.
    pub names: Vec<String>,
}

/// The snapshot of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Parsed {
    /// `From`; of several fields, the first.
    pub from: Vec<Mailbox>,
    /// `Sender`.
    pub sender: Vec<Mailbox>,
    /// `Reply-To`.
    pub reply_to: Vec<Mailbox>,
    /// `To`, as the sender claims.
    pub to: Vec<Mailbox>,
    /// `Cc`, as the sender claims.
    pub cc: Vec<Mailbox>,
    /// `Subject`, decoded.
    pub subject: String,
    /// `Date`, seconds since 1970, as the sender claims.
    pub date: Option<i64>,
    /// `Message-ID` without angle brackets.
    pub message_id: Option<String>,
    /// `In-Reply-To`.
    pub in_reply_to: Vec<String>,
    /// `References`, oldest first, at most 100.
    pub references: Vec<String>,
    /// The other fields that a sender writes, decoded.
    pub headers: Vec<(String, String)>,
    /// The plain text of the body, all inline text parts in order.
    pub text: String,
    /// The HTML of the body.
    pub html: String,
    /// Everything else, in order.
    pub attachments: Vec<Attachment>,
    /// Messages within this one, outermost first.
    pub embedded: Vec<Embedded>,
    /// Header ambiguities, see [`crate::ambiguous`].
    pub ambiguous: Vec<String>,
    /// Text was cut at a bound.
    pub truncated: bool,
}

impl Parsed {
    /// The one author, if the header leaves no doubt who that is.
    pub fn author(&self) -> Option<&Mailbox> {
        match self.from.as_slice() {
            [one] if self.ambiguous.is_empty() && one.address.contains('@') => Some(one),
            _ => None,
        }
    }

    /// Moves the attachments' ranges: the header before them was changed by so many bytes.
    pub fn shift(&mut self, by: i64) {
        for attachment in &mut self.attachments {
            attachment.offset = attachment.offset.saturating_add_signed(by);
        }
    }

    /// The first value of one of [`Parsed::headers`].
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Reads a message that may be hostile.
///
/// # Errors
/// [`TooComplex`] when it exceeds `bounds`; nothing of it was parsed then.
pub fn parse(raw: &[u8], bounds: &Bounds) -> Result<Parsed, TooComplex> {
    prescan(raw, bounds)?;
    let Some(message) = MessageParser::default().parse(raw) else {
        // No header at all: RFC 5322 has no word for it, a reader sees a body.
        let mut parsed = Parsed { ambiguous: vec!["no_header".into()], ..Parsed::default() };
        collect::append(&mut parsed.text, &String::from_utf8_lossy(raw), &mut parsed.truncated);
        return Ok(parsed);
    };
    let mut parsed = Parsed::default();
    if let Some(root) = message.parts.first() {
        read_header(root, &mut parsed);
    }
    collect::bodies(&message, raw, &mut parsed);
    parsed.ambiguous = ambiguities(raw, &parsed.from, !parsed.sender.is_empty());
    Ok(parsed)
}

fn read_header(root: &MessagePart<'_>, parsed: &mut Parsed) {
    for header in &root.headers {
        match &header.name {
            HeaderName::From if parsed.from.is_empty() => parsed.from = mailboxes(&header.value),
            HeaderName::Sender if parsed.sender.is_empty() => parsed.sender = mailboxes(&header.value),
            HeaderName::ReplyTo => parsed.reply_to.extend(mailboxes(&header.value)),
            HeaderName::To => parsed.to.extend(mailboxes(&header.value)),
            HeaderName::Cc => parsed.cc.extend(mailboxes(&header.value)),
            HeaderName::Subject if parsed.subject.is_empty() => {
                parsed.subject = words(&header.value).join(" ")
            }
            HeaderName::Date => {
                parsed.date = header.value.as_datetime().map(mail_parser::DateTime::to_timestamp)
            }
            HeaderName::MessageId => parsed.message_id = words(&header.value).into_iter().next(),
            HeaderName::InReplyTo => parsed.in_reply_to = words(&header.value),
            HeaderName::References => parsed.references = words(&header.value),
            HeaderName::Received | HeaderName::ReturnPath | HeaderName::DkimSignature => {}
            HeaderName::Bcc | HeaderName::ResentBcc => {}
            name => {
                let mut value = words(&header.value).join(" ");
                for mailbox in mailboxes(&header.value) {
                    value = format!("{value} {} {}", mailbox.name, mailbox.address);
                }
                if !value.trim().is_empty() {
                    parsed.headers.push((clean(name.as_str()), value.trim().to_owned()));
                }
            }
        }
    }
    parsed.references.truncate(100);
    parsed.in_reply_to.truncate(100);
}

/// The mailboxes of an address field; a group's members count as its own.
fn mailboxes(value: &HeaderValue<'_>) -> Vec<Mailbox> {
    let Some(addresses) = value.as_address() else { return Vec::new() };
    let read = addresses.iter().map(|addr| Mailbox {
        name: clean(addr.name.as_deref().unwrap_or_default()),
        address: clean(addr.address.as_deref().unwrap_or_default()).trim().to_owned(),
    });
    names_joined(read)
}

/// `Doe, Jane <jane@d.test>` is one person: RFC 5322 wants the comma quoted, much mail has it bare. What stands before it is no
/// address, and belongs to the name that is shown for the next one.
fn names_joined(read: impl Iterator<Item = Mailbox>) -> Vec<Mailbox> {
    let (mut mailboxes, mut bare): (Vec<Mailbox>, Vec<Mailbox>) = (Vec::new(), Vec::new());
    for mut next in read {
        // A quoted address is one to some programs.
        if !next.address.contains('@') && !next.name.contains('@') {
            bare.push(next);
            continue;
        }
        if !bare.is_empty() {
            let before = bare.drain(..).flat_map(|one| [one.name, one.address]);
            let parts: Vec<String> = before.chain([next.name]).filter(|part| !part.is_empty()).collect();
            next.name = clean(&parts.join(", "));
        }
        mailboxes.push(next);
    }
    mailboxes.append(&mut bare);
    mailboxes
}

/// The text or texts of a field, each within [`HEADER_LIMIT`].
fn words(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(text) => vec![clean(text)],
        HeaderValue::TextList(list) => list.iter().map(|text| clean(text)).collect(),
        HeaderValue::ContentType(kind) => {
            let mut all = vec![clean(&format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))];
            for attribute in kind.attributes().unwrap_or_default() {
                all.push(clean(&attribute.value));
            }
            all
        }
        _ => Vec::new(),
    }
}

/// A header's text: NUL becomes visible, the length is bounded at a character.
fn clean(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(HEADER_LIMIT)];
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}

/// The file name a part claims, or nothing.
fn file_name(part: &MessagePart<'_>) -> String {
    clean(part.attachment_name().unwrap_or_default())
}

/// `type/subtype` of a part, lower case; what it would be taken for when it does not say.
fn content_type(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(kind) => {
            clean(&format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream"))).to_lowercase()
        }
        None if matches!(part.body, PartType::Message(_)) => "message/rfc822".into(),
        None => "text/plain".into(),
    }
}
