//! Replies and forwards: what they say and whom they go to is read from the mail that they are about; all else is
//! [`Mailroom::send`]'s, so that no limit, policy or look at them is passed by.

use mailward_mail::address::Address;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};
use mailward_mail::parsed::{Attachment, Mailbox, Parsed};
use mailward_store::{Direction, Message};

use super::letter::{MOST_FILENAME, MOST_SUBJECT, mailbox};
use super::{Queued, SendAttachment, SendRequest};
use crate::access::Principal;
use crate::inbound::written_date;
use crate::reading::{file_of, parsed};
use crate::snapshot::body_text;
use crate::{Error, Mailroom, Result};

/// What is said with a reply or a forward.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Files.
    pub attachments: Vec<SendAttachment>,
    /// When it is to leave, if not at once.
    pub send_at: Option<Timestamp>,
    /// As in [`SendRequest`].
    pub idempotency: Option<(String, [u8; 32])>,
}

/// A mail of an inbox, and that inbox' own address.
struct Original {
    message: Message,
    parsed: Parsed,
    own: String,
}

impl Mailroom {
    /// Answers a mail: to whom its author wants answers, and with `to_all` to everybody it was for. `None`: there is no
    /// such mail.
    pub async fn reply(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &MessageId,
        to_all: bool,
        said: Said,
    ) -> Result<Option<Queued>> {
        let Some(Original { message, parsed, own }) = self.original(caller, inbox, id).await? else {
            return Ok(None);
        };
        let (to, cc) = answered(&parsed, message.direction, &own, to_all);
        if to.is_empty() {
            return Err(Error::invalid(
                "to",
                "is nobody: the mail names no author; send to somebody by address",
            ));
        }
        let request = SendRequest {
            from: own,
            to,
            cc,
            subject: prefixed("Re: ", &["re:"], &parsed.subject),
            text: said.text,
            html: said.html,
            in_reply_to: Some(id.to_string()),
            attachments: said.attachments,
            send_at: said.send_at,
            idempotency: said.idempotency,
            ..SendRequest::default()
        };
        self.send(caller, request).await
    }

    /// Passes a mail on: its visible text below what is said, and with `files` its attachments. It begins a conversation of
    /// its own, so what it passes on is text from elsewhere to whoever judges it. `None`: there is no such mail.
    pub async fn forward(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &MessageId,
        (to, cc, bcc): (Vec<String>, Vec<String>, Vec<String>),
        files: bool,
        said: Said,
    ) -> Result<Option<Queued>> {
        let Some(Original { message, parsed, own }) = self.original(caller, inbox, id).await? else {
            return Ok(None);
        };
        let mut attachments = said.attachments;
        if files {
            let keys = self.0.keyring.tenant(caller.tenant()).await?;
            let mut scope = caller.tenant().read().await?;
            for file in &parsed.attachments {
                let content = file_of(caller.tenant(), &mut scope, &keys, &message, file).await?;
                attachments.push(carried(file, content));
            }
        }
        let request = SendRequest {
            from: own,
            to,
            cc,
            bcc,
            subject: prefixed("Fwd: ", &["fwd:", "fw:"], &parsed.subject),
            text: passed_on(&said.text, &parsed),
            attachments,
            passes_on: Some(id.clone()),
            send_at: said.send_at,
            idempotency: said.idempotency,
            ..SendRequest::default()
        };
        self.send(caller, request).await
    }

    async fn original(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &MessageId,
    ) -> Result<Option<Original>> {
        if !caller.reaches(inbox) {
            return Ok(None);
        }
        let tenant = caller.tenant();
        let keys = self.0.keyring.tenant(tenant).await?;
        let mut scope = tenant.read().await?;
        let Some(own) = scope.inbox(inbox).await?.map(|inbox| inbox.address) else { return Ok(None) };
        // Held mail is not there for its statement.
        let Some(message) = scope.message(inbox, id).await? else { return Ok(None) };
        let parsed = parsed(tenant, &mut scope, &keys, &message).await?;
        let parsed =
            parsed.ok_or(Error::Conflict("the mail could not be read: it can only be fetched raw"))?;
        Ok(Some(Original { message, parsed, own }))
    }
}

/// Whom an answer goes to, and whom copies (RFC 5322 3.6.3): `Reply-To`, else the author; of an own mail, whom it went to.
fn answered(parsed: &Parsed, direction: Direction, own: &str, to_all: bool) -> (Vec<String>, Vec<String>) {
    let first = match direction {
        Direction::Outbound => &parsed.to,
        Direction::Inbound if parsed.reply_to.is_empty() => &parsed.from,
        Direction::Inbound => &parsed.reply_to,
    };
    let mut seen = vec![own.to_owned()];
    let to = others(first, &mut seen);
    let cc = match to_all {
        true => others(parsed.to.iter().chain(&parsed.cc), &mut seen),
        false => Vec::new(),
    };
    // Who writes to himself is answered by himself.
    if to.is_empty() && direction == Direction::Outbound && !cc.is_empty() {
        (cc, Vec::new())
    } else {
        (to, cc)
    }
}

/// Those who can be written to and were not named before, beginning with the own address.
fn others<'a>(all: impl IntoIterator<Item = &'a Mailbox>, seen: &mut Vec<String>) -> Vec<String> {
    // Tags and dots are nothing in an address of ours alone; the first that was seen is the own one.
    let inbox = |text: &str| Address::parse(text).map(|address| address.canonical()).ok();
    let own = seen.first().and_then(|own| inbox(own));
    let mut found = Vec::new();
    for one in all.into_iter().filter(|one| mailbox("to", &one.address).is_ok()) {
        let is_own = own.is_some() && inbox(&one.address) == own;
        if !is_own && !seen.iter().any(|seen| seen.eq_ignore_ascii_case(&one.address)) {
            seen.push(one.address.clone());
            found.push(one.address.clone());
        }
    }
    found
}

/// A subject with its prefix, once, within what a subject may be.
fn prefixed(prefix: &str, known: &[&str], subject: &str) -> String {
    let plain: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.trim();
    let lower = plain.to_ascii_lowercase();
    let mut whole = match known.iter().any(|known| lower.starts_with(known)) {
        true => plain.to_owned(),
        false => format!("{prefix}{plain}").trim_end().to_owned(),
    };
    while whole.len() > MOST_SUBJECT {
        whole.pop();
    }
    whole
}

/// What is said, and below it the mail with the fields that say whose it was.
fn passed_on(said: &str, parsed: &Parsed) -> String {
    let list = |all: &[Mailbox]| all.iter().map(written).collect::<Vec<_>>().join(", ");
    let mut text = String::new();
    if !said.trim().is_empty() {
        text.push_str(said.trim_end());
        text.push_str("\n\n");
    }
    text.push_str("---------- Forwarded message ----------\n");
    let date = parsed.date.map(|seconds| written_date(Timestamp(seconds.saturating_mul(1_000))));
    let fields = [
        ("From", list(&parsed.from)),
        ("Date", date.unwrap_or_default()),
        ("Subject", parsed.subject.clone()),
        ("To", list(&parsed.to)),
        ("Cc", list(&parsed.cc)),
    ];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    text.push_str(&body_text(parsed).replace("\r\n", "\n").replace('\r', "\n").replace('\0', ""));
    text
}

fn written(one: &Mailbox) -> String {
    match one.name.trim() {
        "" => one.address.clone(),
        name => format!("{name} <{}>", one.address),
    }
}

/// A file of somebody's as one that may be sent: a name without a path, a type that holds no further entities.
fn carried(file: &Attachment, content: Vec<u8>) -> SendAttachment {
    let mut filename: String = file
        .filename
        .chars()
        .map(|c| if c.is_control() || matches!(c, '/' | '\\') { '_' } else { c })
        .collect();
    while filename.len() > MOST_FILENAME {
        filename.pop();
    }
    if matches!(filename.trim(), "" | "." | "..") {
        "file".clone_into(&mut filename);
    }
    let one = SendAttachment { filename, content_type: file.content_type.clone(), content };
    match super::letter::check_attachment(&one) {
        Ok(()) => one,
        Err(_) => SendAttachment { content_type: "application/octet-stream".to_owned(), ..one },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(all: &[&str]) -> Vec<Mailbox> {
        all.iter().map(|address| Mailbox { name: String::new(), address: (*address).to_owned() }).collect()
    }

    #[test]
    fn an_answer_goes_where_its_author_wants_it_and_never_to_oneself() {
        let parsed = Parsed {
            from: boxes(&["ada@a.test"]),
            to: boxes(&["bot+tag@agents.test", "bob@b.test", "not an address"]),
            cc: boxes(&["Ada@a.test", "eve@e.test"]),
            ..Parsed::default()
        };
        let own = "bot@agents.test";
        let of = |parsed: &Parsed, all| answered(parsed, Direction::Inbound, own, all);
        assert_eq!(of(&parsed, false), (vec!["ada@a.test".into()], vec![]));
        assert_eq!(
            of(&parsed, true),
            (vec!["ada@a.test".to_owned()], vec!["bob@b.test".to_owned(), "eve@e.test".to_owned()])
        );
        let elsewhere = Parsed { reply_to: boxes(&["desk@d.test"]), ..parsed.clone() };
        assert_eq!(of(&elsewhere, false).0, ["desk@d.test"]);
        let own_mail = Parsed { from: boxes(&[own]), ..parsed };
        assert_eq!(answered(&own_mail, Direction::Outbound, own, false).0, ["bob@b.test"]);
        assert!(of(&own_mail, false).0.is_empty());
    }

    #[test]
    fn a_prefix_is_there_once_and_a_subject_stays_one_line() {
        for (subject, expected) in [
            ("Hello", "Re: Hello"),
            ("RE: Hello", "RE: Hello"),
            ("a\r\nBcc: x@y.test", "Re: a  Bcc: x@y.test"),
            ("", "Re:"),
        ] {
            assert_eq!(prefixed("Re: ", &["re:"], subject), expected);
        }
        assert!(prefixed("Fwd: ", &["fwd:"], &"ä".repeat(600)).len() <= MOST_SUBJECT);
    }

    #[test]
    fn a_file_that_is_passed_on_has_a_name_and_a_type_that_can_be_sent() {
        let of = |filename: &str, content_type: &str| {
            let file = Attachment {
                filename: filename.to_owned(),
                content_type: content_type.to_owned(),
                ..Attachment::default()
            };
            let sent = carried(&file, Vec::new());
            (sent.filename, sent.content_type)
        };
        assert_eq!(of("a.pdf", "application/pdf"), ("a.pdf".into(), "application/pdf".into()));
        assert_eq!(of("../../x", "message/rfc822"), (".._.._x".into(), "application/octet-stream".into()));
        assert_eq!(of("", "text/plain; x=y"), ("file".into(), "application/octet-stream".into()));
    }
}
