//! What an agent asks to be sent, checked: a [`Letter`] that exists can be composed, and says what it says.
//!
//! Nothing is repaired: what could become another header, another recipient or another message is refused, with the
//! name of the field (RFC 5322 2.2, RFC 5321 4.1.2).

use mailward_mail::address::{Address, is_domain};
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{MessageId, ThreadId};

use crate::{Error, Result};

/// The longest composed message, in bytes: what the way in takes by default.
pub(super) const MOST_BYTES: usize = 25 << 20;
/// Recipients of one mail, copies too.
const MOST_RECIPIENTS: usize = 50;
/// Attachments of one mail.
const MOST_ATTACHMENTS: usize = 10;
/// Bytes of a subject: within the 998 octets of a line (RFC 5322 2.1.1), however it is encoded, it need not be folded far.
pub(super) const MOST_SUBJECT: usize = 500;
/// Bytes of a file's name.
pub(super) const MOST_FILENAME: usize = 200;
/// Bytes of text, and of HTML.
const MOST_TEXT: usize = 2 << 20;

/// What is to be sent, as it was asked for.
#[derive(Clone, Debug, Default)]
pub struct SendRequest {
    /// The address of one of the caller's inboxes.
    pub from: String,
    /// Who it is for.
    pub to: Vec<String>,
    /// Who gets a copy.
    pub cc: Vec<String>,
    /// Who gets a copy without the others' knowing.
    pub bcc: Vec<String>,
    /// One line.
    pub subject: String,
    /// The text; may be empty where there is HTML.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Where answers are to go.
    pub reply_to: Option<String>,
    /// The mail that is answered: its id here or its Message-ID.
    pub in_reply_to: Option<String>,
    /// The conversation it is to join.
    pub thread: Option<ThreadId>,
    /// Files.
    pub attachments: Vec<SendAttachment>,
    /// The mail of the inbox whose text and files it passes on.
    pub passes_on: Option<MessageId>,
    /// When it is to leave, if not at once.
    pub send_at: Option<Timestamp>,
    /// Of mail in bulk: what a link begins with by which its one recipient ends it.
    pub unsubscribe_at: Option<String>,
    /// The header `Idempotency-Key`, and a digest of the request it came with.
    pub idempotency: Option<(String, [u8; 32])>,
}

/// A file to be sent.
#[derive(Clone, Debug, Default)]
pub struct SendAttachment {
    /// Its name.
    pub filename: String,
    /// `type/subtype`.
    pub content_type: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// A request that can be composed.
pub(super) struct Letter {
    pub(super) from: Address,
    pub(super) to: Vec<Mailbox>,
    pub(super) cc: Vec<Mailbox>,
    bcc: Vec<Mailbox>,
    pub(super) subject: String,
    /// Lines end in CRLF.
    pub(super) text: String,
    pub(super) html: Option<String>,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) in_reply_to: Option<String>,
    pub(super) thread: Option<ThreadId>,
    pub(super) attachments: Vec<SendAttachment>,
    pub(super) passes_on: Option<MessageId>,
    pub(super) send_at: Option<Timestamp>,
    pub(super) unsubscribe_at: Option<String>,
    pub(super) idempotency: Option<(String, [u8; 32])>,
}

/// An address somewhere in the world: `local@domain` as RFC 5321 4.1.2 writes a `Mailbox`, without quoted local parts and
/// without what ever meant routing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mailbox {
    pub(super) local: String,
    pub(super) domain: String,
}

impl Letter {
    pub(super) fn new(request: SendRequest) -> Result<Self> {
        let from = Address::parse(&request.from).map_err(|_| Error::invalid("from", "is not an address"))?;
        let (to, cc, bcc) =
            (mailboxes("to", &request.to)?, mailboxes("cc", &request.cc)?, mailboxes("bcc", &request.bcc)?);
        if to.is_empty() {
            return Err(Error::invalid("to", "must name somebody"));
        }
        if to.len() + cc.len() + bcc.len() > MOST_RECIPIENTS {
            return Err(Error::invalid(
                "to",
                format!("to, cc and bcc name more than {MOST_RECIPIENTS} together"),
            ));
        }
        if request.unsubscribe_at.is_some() && to.len() + cc.len() + bcc.len() != 1 {
            let problem =
                "needs one recipient, so that the link in it ends that one's mail: send one for each";
            return Err(Error::invalid("bulk", problem));
        }
        if request.subject.len() > MOST_SUBJECT {
            return Err(Error::invalid("subject", format!("must have at most {MOST_SUBJECT} bytes")));
        }
        if request.subject.chars().any(char::is_control) {
            return Err(Error::invalid("subject", "must be one line without control characters"));
        }
        let text = lines("body.text", &request.text)?;
        let html = request.html.as_deref().map(|html| lines("body.html", html)).transpose()?;
        if request.attachments.len() > MOST_ATTACHMENTS {
            return Err(Error::invalid("attachments", format!("are more than {MOST_ATTACHMENTS}")));
        }
        request.attachments.iter().try_for_each(check_attachment)?;
        if request.idempotency.as_ref().is_some_and(|(key, _)| key.is_empty() || key.len() > 255) {
            return Err(Error::invalid("Idempotency-Key", "must have 1 to 255 bytes"));
        }
        let reply_to = request.reply_to.as_deref();
        let reply_to = reply_to.map(|text| mailbox("replyTo", text)).transpose()?;
        let in_reply_to = request.in_reply_to;
        if in_reply_to.as_ref().is_some_and(|id| !id.bytes().all(|b| b.is_ascii_graphic()) || id.len() > 900)
        {
            return Err(Error::invalid(
                "inReplyTo",
                "must be the id of an email of the inbox, or its Message-ID",
            ));
        }
        Ok(Self {
            from,
            to,
            cc,
            bcc,
            subject: request.subject,
            text,
            html: html.filter(|html| !html.is_empty()),
            reply_to,
            in_reply_to,
            thread: request.thread,
            attachments: request.attachments,
            passes_on: request.passes_on,
            send_at: request.send_at,
            unsubscribe_at: request.unsubscribe_at,
            idempotency: request.idempotency,
        })
    }

    /// All recipients, each once, in the order in which they were named.
    pub(super) fn recipients(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for one in self.to.iter().chain(&self.cc).chain(&self.bcc) {
            let address = one.to_string();
            if !all.iter().any(|known| known.eq_ignore_ascii_case(&address)) {
                all.push(address);
            }
        }
        all
    }
}

impl std::fmt::Display for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

fn mailboxes(field: &'static str, all: &[String]) -> Result<Vec<Mailbox>> {
    all.iter().map(|text| mailbox(field, text)).collect()
}

pub(super) fn mailbox(field: &'static str, text: &str) -> Result<Mailbox> {
    let bad =
        || Error::invalid(field, "must be bare addresses such as ada@example.com, without a display name");
    let (local, domain) = text.rsplit_once('@').ok_or_else(bad)?;
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atext);
    if local.len() > 64 || !local.split('.').all(is_atom) || !is_domain(domain) {
        return Err(bad());
    }
    Ok(Mailbox { local: local.to_owned(), domain: domain.to_ascii_lowercase() })
}

/// RFC 5322 3.2.3 `atext`, without `%` and `!`: those asked relays to pass mail on.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"#$&'*+-/=?^_`{|}~".contains(&byte)
}

/// Lines that end in CRLF. A CR that stands alone ends a line for some readers and none for others.
fn lines(field: &'static str, text: &str) -> Result<String> {
    if text.len() > MOST_TEXT {
        return Err(Error::invalid(field, format!("must have at most {MOST_TEXT} bytes")));
    }
    let text = text.replace("\r\n", "\n");
    if text.contains('\r') {
        return Err(Error::invalid(field, "holds a carriage return that does not end a line"));
    }
    if text.contains('\0') {
        return Err(Error::invalid(field, "holds a NUL"));
    }
    Ok(text.replace('\n', "\r\n"))
}

pub(super) fn check_attachment(file: &SendAttachment) -> Result<()> {
    let name = &file.filename;
    if name.is_empty() || name.len() > MOST_FILENAME {
        return Err(Error::invalid("attachments.filename", format!("must have 1 to {MOST_FILENAME} bytes")));
    }
    if name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) || matches!(name.as_str(), "." | "..")
    {
        return Err(Error::invalid(
            "attachments.filename",
            "must be a name without a path or control characters",
        ));
    }
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    let parts = file.content_type.split_once('/');
    // RFC 2046 5: what holds further entities would be read as part of this mail; RFC 2045 6.4 lets it not be base64.
    let is_whole =
        |kind: &str| !["multipart", "message"].iter().any(|taken| kind.eq_ignore_ascii_case(taken));
    if file.content_type.len() > 127
        || !parts.is_some_and(|(kind, subtype)| token(kind) && token(subtype) && is_whole(kind))
    {
        let problem = "must be type/subtype without parameters, and neither multipart nor message";
        return Err(Error::invalid("attachments.contentType", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> SendRequest {
        SendRequest {
            from: "agent@agents.test".into(),
            to: vec!["Ada.L+x@Example.COM".into()],
            subject: "Hello".into(),
            text: "one\ntwo\r\nthree".into(),
            ..SendRequest::default()
        }
    }

    fn refused(change: impl FnOnce(&mut SendRequest)) -> String {
        let mut request = request();
        change(&mut request);
        match Letter::new(request).err() {
            Some(Error::Invalid { field, .. }) => field.to_owned(),
            other => panic!("it was not refused as invalid: {other:?}"),
        }
    }

    #[test]
    fn a_letter_keeps_what_it_was_given() {
        let letter = Letter::new(request()).expect("a letter");
        assert_eq!(letter.recipients(), ["Ada.L+x@example.com"]);
        assert_eq!(letter.text, "one\r\ntwo\r\nthree");
    }

    #[test]
    fn who_is_named_twice_gets_it_once() {
        let mut request = request();
        request.cc = vec!["ADA.l+X@example.com".into(), "b@example.com".into()];
        request.bcc = vec!["b@example.com".into()];
        let letter = Letter::new(request).expect("a letter");
        assert_eq!(letter.recipients(), ["Ada.L+x@example.com", "b@example.com"]);
    }

    #[test]
    fn addresses_that_say_more_than_one_address_are_refused() {
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada@example.com\n",
            "ada\0@example.com",
            "ada@example.com,eve@example.com",
            "<ada@example.com>",
            "Ada <ada@example.com>",
            "\"ada eve\"@example.com",
            "ada%example.com@relay.test",
            "relay.test!ada@example.com",
            "@relay.test:ada@example.com",
            "a..b@example.com",
            ".a@example.com",
            "ada@[127.0.0.1]",
            "ada@exämple.com",
            "ada@example.com SIZE=1",
        ] {
            assert_eq!(refused(|request| request.to = vec![bad.into()]), "to", "{bad:?}");
            assert_eq!(refused(|request| request.bcc = vec![bad.into()]), "bcc", "{bad:?}");
            assert_eq!(refused(|request| request.reply_to = Some(bad.into())), "replyTo", "{bad:?}");
        }
    }

    #[test]
    fn lines_that_are_none_are_refused() {
        for bad in ["a\r\nBcc: eve@example.com", "a\nb", "a\rb", "a\0", "\u{85}"] {
            assert_eq!(refused(|request| request.subject = bad.into()), "subject", "{bad:?}");
        }
        for bad in ["a\rb", "\r", "a\r\r\nb", "a\0b", "\r.\r"] {
            assert_eq!(refused(|request| request.text = bad.into()), "body.text", "{bad:?}");
            assert_eq!(refused(|request| request.html = Some(bad.into())), "body.html", "{bad:?}");
        }
        for bad in ["a b", "<a@b>\r\nBcc: x", "ä", ""] {
            if !bad.is_empty() {
                assert_eq!(refused(|request| request.in_reply_to = Some(bad.into())), "inReplyTo", "{bad:?}");
            }
        }
    }

    #[test]
    fn files_have_a_name_and_a_plain_type() {
        let file = |filename: &str, content_type: &str| SendAttachment {
            filename: filename.into(),
            content_type: content_type.into(),
            content: Vec::new(),
        };
        for bad in ["", "a\r\nb", "a\0b", "../a", "a\\b", "..", &"x".repeat(201)] {
            let field = refused(|request| request.attachments = vec![file(bad, "text/plain")]);
            assert_eq!(field, "attachments.filename", "{bad:?}");
        }
        for bad in [
            "",
            "text",
            "text/",
            "/plain",
            "text/plain; x=1",
            "text/pl ain",
            "text/plain\r\nX: y",
            "multipart/mixed",
            "message/rfc822",
        ] {
            let field = refused(|request| request.attachments = vec![file("a.txt", bad)]);
            assert_eq!(field, "attachments.contentType", "{bad:?}");
        }
        let mut fine = request();
        fine.attachments = vec![file("Rechnung für März \"1\".pdf", "application/vnd.ms-excel+x")];
        assert!(Letter::new(fine).is_ok());
    }

    #[test]
    fn too_much_is_refused_by_name() {
        assert_eq!(refused(|request| request.to = vec!["a@b.test".into(); 51]), "to");
        assert_eq!(refused(|request| request.to = Vec::new()), "to");
        assert_eq!(refused(|request| request.subject = "x".repeat(501)), "subject");
        assert_eq!(refused(|request| request.text = "x".repeat(MOST_TEXT + 1)), "body.text");
    }
}
