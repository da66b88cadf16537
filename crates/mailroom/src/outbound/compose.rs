//! Writes a letter as a message of RFC 5322, with `lettre`.
//!
//! The only header fields are those of this file: nobody who asks for a mail names one. What stands in them was checked
//! by [`super::letter`]; `lettre` would take CR LF within a field's name and send a bare CR in a body.

use std::time::{Duration, SystemTime};

use lettre::address::{Address, Envelope};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{
    Attachment, Body, Mailbox, Message, MessageBuilder, MultiPart, MultiPartKind, SinglePart,
};
use mailward_mail::clock::Timestamp;

use super::letter::{self, Letter};
use crate::{Error, Result};

/// What stands in the header beside what was asked for.
pub(super) struct Header<'a> {
    /// The inbox' address.
    pub(super) address: &'a str,
    /// What people see of it; may be empty.
    pub(super) name: &'a str,
    /// Without angle brackets, as all ids here.
    pub(super) message_id: String,
    pub(super) date: Timestamp,
    /// Random: no text holds it.
    pub(super) boundary: String,
    pub(super) in_reply_to: Option<String>,
    pub(super) references: Vec<String>,
    /// Where its recipient ends mail of its kind.
    pub(super) unsubscribe: Option<String>,
}

/// The message, every line ending in CRLF.
pub(super) fn compose(letter: &Letter, header: &Header<'_>) -> Result<Vec<u8>> {
    let message = body(head(letter, header)?, letter, &header.boundary)?;
    let raw = message.formatted();
    // What no server may be sent (RFC 5321 2.3.8): looked for in what leaves, whatever put it there.
    let bare = memchr::memchr2_iter(b'\r', b'\n', &raw).any(|at| match raw[at] {
        b'\r' => raw.get(at + 1) != Some(&b'\n'),
        _ => at == 0 || raw[at - 1] != b'\r',
    });
    if bare || memchr::memchr(0, &raw).is_some() {
        return Err(Error::Damaged("a mail of our own has a line that does not end in CRLF"));
    }
    Ok(raw)
}

/// Whether a text is a Message-ID's inside, and nothing else (RFC 5322 3.6.4, without quoting).
pub(super) fn is_message_id(text: &str) -> bool {
    text.len() <= 250
        && text.contains('@')
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\"\\".contains(&byte))
}

fn head(letter: &Letter, header: &Header<'_>) -> Result<MessageBuilder> {
    let own: Address = header.address.parse().map_err(|_| Error::Damaged("an inbox has no address"))?;
    let name = (!header.name.is_empty()).then(|| header.name.to_owned());
    let to = letter.to.iter().map(address).collect::<Result<Vec<_>>>()?;
    // Whoever is told of the mail is told by us: the envelope of this message is never used.
    let envelope = Envelope::new(Some(own.clone()), to.clone())
        .map_err(|_| Error::Damaged("a letter without a recipient"))?;
    let millis = u64::try_from(header.date.millis()).unwrap_or_default();
    let mut builder = Message::builder()
        .envelope(envelope)
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        .from(Mailbox::new(name, own))
        .message_id(Some(format!("<{}>", header.message_id)))
        .subject(letter.subject.as_str());
    for one in to {
        builder = builder.to(Mailbox::new(None, one));
    }
    for one in &letter.cc {
        builder = builder.cc(Mailbox::new(None, address(one)?));
    }
    if let Some(one) = &letter.reply_to {
        builder = builder.reply_to(Mailbox::new(None, address(one)?));
    }
    if let Some(id) = &header.in_reply_to {
        builder = builder.in_reply_to(format!("<{id}>"));
    }
    if !header.references.is_empty() {
        let all: Vec<String> = header.references.iter().map(|id| format!("<{id}>")).collect();
        builder = builder.references(all.join(" "));
    }
    if let Some(link) = &header.unsubscribe {
        // RFC 8058 3.1: both fields, an https URI, and no other parameter.
        for (name, value) in [
            ("List-Unsubscribe", format!("<{link}>")),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ] {
            builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
        }
    }
    // RFC 3834 5: no vacation notice answers a machine.
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    Ok(builder.raw_header(HeaderValue::new(name, "auto-generated".to_owned())))
}

fn body(builder: MessageBuilder, letter: &Letter, boundary: &str) -> Result<Message> {
    let plain = || SinglePart::plain(letter.text.clone());
    let html = letter.html.as_ref().map(|html| SinglePart::html(html.clone()));
    let of_kind =
        |kind: MultiPartKind, no: u8| MultiPart::builder().kind(kind).boundary(format!("{boundary}-{no}"));
    let built =
        if letter.attachments.is_empty() {
            match html {
                None => builder.singlepart(plain()),
                Some(html) => builder
                    .multipart(of_kind(MultiPartKind::Alternative, 1).singlepart(plain()).singlepart(html)),
            }
        } else {
            let mixed = of_kind(MultiPartKind::Mixed, 0);
            let mut mixed = match html {
                None => mixed.singlepart(plain()),
                Some(html) => mixed
                    .multipart(of_kind(MultiPartKind::Alternative, 1).singlepart(plain()).singlepart(html)),
            };
            for file in &letter.attachments {
                let kind = ContentType::parse(&file.content_type).map_err(|_| {
                    Error::invalid("attachments.contentType", "is not a type that can be written in a mail")
                })?;
                // Always: what looks like text would be sent as it is, with whatever stands in it for line ends.
                let content = Body::new_with_encoding(file.content.clone(), ContentTransferEncoding::Base64)
                    .map_err(|_| Error::Damaged("a file could not be encoded"))?;
                mixed = mixed.singlepart(Attachment::new(file.filename.clone()).body(content, kind));
            }
            builder.multipart(mixed)
        };
    built.map_err(|_| Error::Damaged("a letter could not be composed"))
}

fn address(one: &letter::Mailbox) -> Result<Address> {
    Address::new(&one.local, &one.domain)
        .map_err(|_| Error::invalid("to", format!("{one} cannot be written in a mail")))
}

#[cfg(test)]
mod tests {
    use mailward_mail::parsed::parse;
    use mailward_mail::prescan::Bounds;

    use super::super::letter::{SendAttachment, SendRequest};
    use super::*;

    fn composed(request: SendRequest) -> String {
        let letter = Letter::new(request).expect("a letter");
        let header = Header {
            address: "agent@agents.test",
            name: "Ägent \"7\", Ltd",
            message_id: "0123@agents.test".into(),
            date: Timestamp(1_795_341_600_000),
            boundary: "b".repeat(32),
            in_reply_to: Some("9@a.test".into()),
            references: vec!["1@a.test".into(), "9@a.test".into()],
            unsubscribe: None,
        };
        String::from_utf8(compose(&letter, &header).expect("composed")).expect("ASCII")
    }

    fn request() -> SendRequest {
        SendRequest {
            from: "agent@agents.test".into(),
            to: vec!["ada@example.com".into(), "o'neil@example.com".into()],
            bcc: vec!["secret@example.com".into()],
            subject: "Grüße".into(),
            text: ".\nFrom here\n..\näöü".into(),
            ..SendRequest::default()
        }
    }

    #[test]
    fn what_is_composed_reads_as_it_was_written() {
        let mut request = request();
        request.html = Some("<p>äöü</p>".into());
        request.attachments = vec![SendAttachment {
            filename: "Übersicht \"2\"; x=y.txt".into(),
            content_type: "text/csv".into(),
            content: b"a\r.\rb\0".to_vec(),
        }];
        let raw = composed(request);
        assert!(raw.is_ascii() && !raw.contains("secret@"), "{raw}");
        assert!(raw.lines().all(|line| line.len() <= 998));
        assert!(raw.contains("\r\nAuto-Submitted: auto-generated\r\n"), "{raw}");
        assert!(raw.contains("Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n"), "{raw}");
        let parsed = parse(raw.as_bytes(), &Bounds::default()).expect("parsed");
        assert_eq!(parsed.subject, "Grüße");
        assert_eq!(
            (parsed.from[0].address.as_str(), parsed.from[0].name.as_str()),
            ("agent@agents.test", "Ägent \"7\", Ltd")
        );
        assert_eq!(parsed.to.len(), 2);
        assert_eq!(parsed.text.replace("\r\n", "\n").trim_end(), ".\nFrom here\n..\näöü");
        assert_eq!(parsed.html.trim_end(), "<p>äöü</p>");
        assert_eq!(parsed.attachments[0].filename, "Übersicht \"2\"; x=y.txt");
        assert_eq!(parsed.message_id.as_deref(), Some("0123@agents.test"));
        assert_eq!(parsed.in_reply_to, ["9@a.test"]);
        assert_eq!(parsed.references, ["1@a.test", "9@a.test"]);
        assert!(parsed.ambiguous.is_empty(), "{:?}", parsed.ambiguous);
    }

    #[test]
    fn a_message_id_is_one_and_nothing_else() {
        for fine in ["a@b", "x.y-z+1@mail.example.com", "CA+=abc_def@mail.gmail.com"] {
            assert!(is_message_id(fine), "{fine}");
        }
        for bad in
            ["", "a", "a b@c", "a@b>", "a@b\r\nBcc: x@y", "<a@b", "ä@b", &format!("{}@b", "a".repeat(250))]
        {
            assert!(!is_message_id(bad), "{bad}");
        }
    }
}
