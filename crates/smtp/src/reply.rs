//! What the listener says: the table from a [`Refusal`] to a reply, and the replies that are its own.
//!
//! The one file that knows a code. What may pass later is 4xx; our own load is never 5xx. No reply depends on what
//! screening thinks of a message.

use std::borrow::Cow;

use mailward_mail::refusal::Refusal;

use crate::config::SmtpConfig;

/// One reply: a code, an enhanced code (RFC 3463; empty where RFC 2034 wants none) and one or more lines of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    code: u16,
    status: &'static str,
    lines: Vec<Cow<'static, str>>,
}

impl Reply {
    pub(crate) const fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced code of a reply that refuses.
    pub(crate) fn refuses(&self) -> Option<&'static str> {
        (self.code >= 400).then_some(self.status)
    }

    /// Appends the reply as it goes over the wire.
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        let last = self.lines.len().saturating_sub(1);
        for (i, line) in self.lines.iter().enumerate() {
            let separator = if i == last { ' ' } else { '-' };
            let gap = if self.status.is_empty() { "" } else { " " };
            out.extend_from_slice(
                format!("{}{separator}{}{gap}{line}\r\n", self.code, self.status).as_bytes(),
            );
        }
    }

    fn new(code: u16, status: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, status, lines: vec![text.into()] }
    }
}

/// What each refusal is in SMTP.
impl From<&Refusal> for Reply {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::NoSuchInbox => Self::new(550, "5.1.1", "no such inbox"),
            Refusal::RelayDenied => Self::new(550, "5.7.1", "relaying denied"),
            Refusal::OverQuota => Self::new(452, "4.2.2", "inbox is over its quota"),
            Refusal::RateLimited => Self::new(450, "4.7.1", "too much mail for this inbox, try again later"),
            Refusal::InFlight => {
                Self::new(450, "4.2.1", "too much mail at once for this inbox, try again later")
            }
            Refusal::Paused => Self::new(450, "4.2.1", "inbox is paused, try again later"),
            Refusal::PausedForGood => Self::new(550, "5.2.1", "inbox is disabled"),
            Refusal::NotWanted => Self::new(550, "5.7.1", "mail from this sender is not wanted"),
            Refusal::TooLarge => Self::new(552, "5.3.4", "message is too large"),
            Refusal::Busy => Self::new(452, "4.3.1", "no room for mail now, try again later"),
            Refusal::StoreDown => Self::new(451, "4.3.0", "mail system is down, try again later"),
            Refusal::Loop => Self::new(554, "5.4.6", "mail loop"),
            Refusal::Malformed(why) => Self::new(554, "5.6.0", format!("message is malformed: {why}")),
            Refusal::Internal => Self::new(451, "4.3.0", "internal fault, try again later"),
        }
    }
}

pub(crate) fn greeting(hostname: &str) -> Reply {
    Reply::new(220, "", format!("{hostname} ESMTP Mailward"))
}

/// The reply to EHLO. STARTTLS is offered only where it would work: with a certificate, outside of TLS.
pub(crate) fn ehlo(config: &SmtpConfig, starttls: bool) -> Reply {
    let mut lines: Vec<Cow<'static, str>> = vec![
        config.hostname.clone().into(),
        "PIPELINING".into(),
        format!("SIZE {}", config.max_message_bytes).into(),
        "8BITMIME".into(),
        "SMTPUTF8".into(),
    ];
    if starttls {
        lines.push("STARTTLS".into());
    }
    lines.push("ENHANCEDSTATUSCODES".into());
    Reply { code: 250, status: "", lines }
}

pub(crate) fn helo(hostname: &str) -> Reply {
    Reply::new(250, "", hostname.to_owned())
}

pub(crate) fn ready_for_tls() -> Reply {
    Reply::new(220, "2.0.0", "ready to start TLS")
}

pub(crate) fn bye() -> Reply {
    Reply::new(221, "2.0.0", "bye")
}

pub(crate) fn help() -> Reply {
    Reply::new(214, "2.0.0", "EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP STARTTLS QUIT")
}

pub(crate) fn ok() -> Reply {
    Reply::new(250, "2.0.0", "ok")
}

pub(crate) fn sender_ok() -> Reply {
    Reply::new(250, "2.1.0", "sender ok")
}

pub(crate) fn recipient_ok() -> Reply {
    Reply::new(250, "2.1.5", "recipient ok")
}

/// The message is on disk; the id is that of its first delivery.
pub(crate) fn taken(id: &str) -> Reply {
    Reply::new(250, "2.0.0", id.to_owned())
}

/// RFC 5321 3.5.3: nothing is said of whether the address exists.
pub(crate) fn cannot_verify() -> Reply {
    Reply::new(252, "2.5.0", "cannot verify, send mail to find out")
}

pub(crate) fn go_ahead() -> Reply {
    Reply::new(354, "", "end with <CRLF>.<CRLF>")
}

pub(crate) fn not_understood() -> Reply {
    Reply::new(500, "5.5.2", "command not understood")
}

pub(crate) fn line_too_long() -> Reply {
    Reply::new(500, "5.5.2", "line too long")
}

/// A command line with NUL, a bare CR or a bare LF.
pub(crate) fn bad_line() -> Reply {
    Reply::new(500, "5.5.2", "lines end in CRLF and hold no control characters")
}

pub(crate) fn bad_arguments(syntax: &'static str) -> Reply {
    Reply::new(501, "5.5.4", format!("syntax: {syntax}"))
}

pub(crate) fn bad_sender() -> Reply {
    Reply::new(501, "5.1.7", "sender is not an address")
}

pub(crate) fn bad_recipient() -> Reply {
    Reply::new(501, "5.1.3", "recipient is not an address")
}

pub(crate) fn not_implemented() -> Reply {
    Reply::new(502, "5.5.1", "command not implemented")
}

pub(crate) fn out_of_order(what: &'static str) -> Reply {
    Reply::new(503, "5.5.1", what)
}

/// RFC 6531 3.5: an address outside of ASCII in a transaction without SMTPUTF8.
pub(crate) fn needs_smtputf8() -> Reply {
    Reply::new(553, "5.6.7", "address needs SMTPUTF8")
}

pub(crate) fn unknown_parameter() -> Reply {
    Reply::new(555, "5.5.4", "parameter not supported")
}

pub(crate) fn no_recipients() -> Reply {
    Reply::new(554, "5.5.1", "no valid recipients")
}

pub(crate) fn too_many_recipients() -> Reply {
    Reply::new(452, "4.5.3", "too many recipients")
}

/// The message holds what another server could read as its end.
pub(crate) fn smuggling() -> Reply {
    Reply::new(550, "5.6.11", "bare CR, NUL or an ambiguous end of message")
}

/// Bytes stand behind a command that must end its group (RFC 2920 3.1, RFC 3207 4.2).
pub(crate) fn spoke_ahead() -> Reply {
    Reply::new(554, "5.5.0", "data sent ahead of a reply")
}

pub(crate) fn spoke_first() -> Reply {
    Reply::new(554, "5.5.1", "data sent before the greeting")
}

pub(crate) fn not_announced() -> Reply {
    Reply::new(554, "5.5.1", "a PROXY protocol version 2 header is required here")
}

pub(crate) fn announced() -> Reply {
    Reply::new(554, "5.7.1", "PROXY protocol headers are not taken from you")
}

pub(crate) fn shutting_down() -> Reply {
    Reply::new(421, "4.3.2", "shutting down, try again later")
}

pub(crate) fn full() -> Reply {
    Reply::new(421, "4.3.2", "too many connections, try again later")
}

pub(crate) fn too_many_from_you() -> Reply {
    Reply::new(421, "4.7.0", "too many connections from your network")
}

pub(crate) fn banned() -> Reply {
    Reply::new(421, "4.7.0", "too many unknown recipients from your network, try again later")
}

pub(crate) fn too_many(what: &'static str) -> Reply {
    Reply::new(421, "4.7.0", format!("too many {what}"))
}

pub(crate) fn timed_out() -> Reply {
    Reply::new(421, "4.4.2", "timed out")
}

pub(crate) fn too_slow() -> Reply {
    Reply::new(421, "4.4.2", "too slow")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.write_to(&mut out);
        String::from_utf8(out).expect("replies are ASCII")
    }

    #[test]
    fn every_refusal_has_its_codes() {
        let table = [
            (Refusal::NoSuchInbox, "550 5.1.1 "),
            (Refusal::RelayDenied, "550 5.7.1 "),
            (Refusal::OverQuota, "452 4.2.2 "),
            (Refusal::RateLimited, "450 4.7.1 "),
            (Refusal::InFlight, "450 4.2.1 "),
            (Refusal::Paused, "450 4.2.1 "),
            (Refusal::PausedForGood, "550 5.2.1 "),
            (Refusal::NotWanted, "550 5.7.1 "),
            (Refusal::TooLarge, "552 5.3.4 "),
            (Refusal::Busy, "452 4.3.1 "),
            (Refusal::StoreDown, "451 4.3.0 "),
            (Refusal::Loop, "554 5.4.6 "),
            (Refusal::Malformed("x"), "554 5.6.0 "),
            (Refusal::Internal, "451 4.3.0 "),
        ];
        for (refusal, start) in table {
            let said = wire(&Reply::from(&refusal));
            assert!(said.starts_with(start) && said.ends_with("\r\n"), "{refusal:?}: {said:?}");
        }
    }

    #[test]
    fn only_the_last_line_of_a_reply_has_a_space_behind_its_code() {
        let config = SmtpConfig { hostname: "mx.test".to_owned(), ..SmtpConfig::default() };
        let expected = "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
                        250-STARTTLS\r\n250 ENHANCEDSTATUSCODES\r\n";
        assert_eq!(wire(&ehlo(&config, true)), expected);
        assert_eq!(wire(&go_ahead()), "354 end with <CRLF>.<CRLF>\r\n");
    }
}
