//! What one command line means.
//!
//! The parameters are `smtp-proto`'s to parse. Paths are ours: that parser drops source routes, quotes and CRs in
//! silence, and each of those must be seen here to be refused. Looks at one line and knows no order of lines.

use smtp_proto::{Error, MAIL_BODY_BINARYMIME, MAIL_SMTPUTF8, Request};

use crate::reply::{self, Reply};

/// A reverse-path longer than this is nobody's (RFC 5321 4.5.3.1.3 asks for 256; bounce addresses exceed it).
const PATH_LIMIT: usize = 320;
const MAIL_SYNTAX: &str = "MAIL FROM:<address> [SIZE=n] [BODY=8BITMIME] [SMTPUTF8]";
const RCPT_SYNTAX: &str = "RCPT TO:<address>";

/// One understood command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Ehlo(String),
    Helo(String),
    Mail(Mail),
    /// The forward-path as written between `<` and `>`; the session judges it.
    Rcpt(String),
    Data,
    Rset,
    Noop,
    Help,
    Vrfy,
    StartTls,
    Quit,
    /// The request line of a web browser, or of someone who makes one speak to us.
    Web,
}

/// MAIL FROM and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// The reverse-path; `None` is the null sender.
    pub(crate) from: Option<String>,
    /// Octets announced by SIZE (RFC 1870).
    pub(crate) size: Option<u64>,
    pub(crate) smtputf8: bool,
}

/// Parses one line without its CRLF; what is wrong with it comes back as the reply to give.
pub(crate) fn parse(line: &[u8]) -> Result<Command, Reply> {
    let text = std::str::from_utf8(line).map_err(|_| reply::not_understood())?;
    if text.chars().any(char::is_control) {
        return Err(reply::bad_line());
    }
    let text = text.trim_end_matches(' ');
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    match verb.to_ascii_uppercase().as_str() {
        "GET" | "POST" | "CONNECT" | "PUT" => Ok(Command::Web),
        "AUTH" | "EXPN" | "BDAT" | "BURL" | "ETRN" | "ATRN" | "TURN" | "LHLO" | "SEND" | "SOML" | "SAML" => {
            Err(reply::not_implemented())
        }
        "MAIL" => mail(rest),
        "RCPT" => rcpt(rest),
        _ => simple(text, rest),
    }
}

fn simple(text: &str, rest: &str) -> Result<Command, Reply> {
    let bare =
        |command, syntax| if rest.is_empty() { Ok(command) } else { Err(reply::bad_arguments(syntax)) };
    match request(text) {
        Ok(Request::Ehlo { host }) => host_name(host, rest).map(Command::Ehlo),
        Ok(Request::Helo { host }) => host_name(host, rest).map(Command::Helo),
        Ok(Request::Data) => bare(Command::Data, "DATA"),
        Ok(Request::Rset) => bare(Command::Rset, "RSET"),
        Ok(Request::StartTls) => bare(Command::StartTls, "STARTTLS"),
        Ok(Request::Quit) => bare(Command::Quit, "QUIT"),
        Ok(Request::Noop { .. }) => Ok(Command::Noop),
        Ok(Request::Help { .. }) => Ok(Command::Help),
        Ok(Request::Vrfy { .. }) => Ok(Command::Vrfy),
        Err(Error::SyntaxError { syntax }) => Err(reply::bad_arguments(syntax)),
        Ok(_) | Err(_) => Err(reply::not_understood()),
    }
}

fn request(text: &str) -> Result<Request<String>, Error> {
    let line = format!("{text}\r\n");
    Request::parse(&mut line.as_bytes().iter()).map(|request| request.into_owned())
}

/// RFC 5321 4.1.1.1 wants a domain or an address literal; what real clients send is nearly that, and goes into logs.
fn host_name(host: String, rest: &str) -> Result<String, Reply> {
    let fits = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']') || b >= 0x80
    };
    if host == rest && host.bytes().all(fits) { Ok(host) } else { Err(reply::bad_arguments("EHLO domain")) }
}

fn mail(rest: &str) -> Result<Command, Reply> {
    let (path, parameters) = path_behind("FROM:", rest).ok_or_else(|| reply::bad_arguments(MAIL_SYNTAX))?;
    let known =
        |name: &str| ["SIZE", "BODY", "SMTPUTF8"].iter().any(|known| name.eq_ignore_ascii_case(known));
    if !parameters
        .split_ascii_whitespace()
        .all(|one| known(one.split_once('=').map_or(one, |(name, _)| name)))
    {
        return Err(reply::unknown_parameter());
    }
    // smtp-proto wraps a number beyond 2^64 around; nothing that long is a size we take.
    let endless = parameters.split_ascii_whitespace().any(|one| one.len() > "SIZE=".len() + 15);
    let from = match request(&format!("MAIL FROM:<>{parameters}")) {
        Ok(Request::Mail { from }) if from.flags & MAIL_BODY_BINARYMIME == 0 => from,
        Err(Error::UnsupportedParameter { .. }) => return Err(reply::unknown_parameter()),
        _ => return Err(reply::bad_arguments(MAIL_SYNTAX)),
    };
    let smtputf8 = from.flags & MAIL_SMTPUTF8 != 0;
    if !path.is_empty() && !is_reverse_path(path) {
        return Err(reply::bad_sender());
    }
    if !path.is_ascii() && !smtputf8 {
        return Err(reply::needs_smtputf8());
    }
    let announced = u64::try_from(from.size).unwrap_or(u64::MAX);
    let size = if endless { Some(u64::MAX) } else { Some(announced).filter(|size| *size > 0) };
    Ok(Command::Mail(Mail { from: (!path.is_empty()).then(|| path.to_owned()), size, smtputf8 }))
}

fn rcpt(rest: &str) -> Result<Command, Reply> {
    let (path, parameters) = path_behind("TO:", rest).ok_or_else(|| reply::bad_arguments(RCPT_SYNTAX))?;
    if parameters.is_empty() { Ok(Command::Rcpt(path.to_owned())) } else { Err(reply::unknown_parameter()) }
}

/// Cuts `FROM:<path> parameters` at the `>` that no quoted string hides (RFC 5321 4.1.2).
fn path_behind<'a>(keyword: &str, rest: &'a str) -> Option<(&'a str, &'a str)> {
    let head = rest.get(..keyword.len()).filter(|head| head.eq_ignore_ascii_case(keyword))?;
    // A space behind the colon is wrong and common.
    let inner = rest[head.len()..].trim_start_matches(' ').strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inner.bytes().position(|byte| {
        let here = byte == b'>' && !quoted;
        quoted ^= byte == b'"' && !escaped;
        escaped = quoted && byte == b'\\' && !escaped;
        here
    })?;
    let parameters = &inner[end + 1..];
    (parameters.is_empty() || parameters.starts_with(' ')).then_some((&inner[..end], parameters))
}

/// Whether it can be answered to: a local part and a domain or literal. Source routes (RFC 5321 appendix C) cannot.
fn is_reverse_path(path: &str) -> bool {
    let Some((local, domain)) = path.rsplit_once('@') else { return false };
    let quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
    let atom = |b: u8| {
        b.is_ascii_graphic()
            && !matches!(
                b,
                b'"' | b'(' | b')' | b',' | b':' | b';' | b'<' | b'>' | b'@' | b'[' | b'\\' | b']'
            )
    };
    let literal = domain.starts_with('[') && domain.ends_with(']');
    path.len() <= PATH_LIMIT
        && !local.is_empty()
        && !domain.is_empty()
        && (quoted || local.bytes().all(|b| atom(b) || b >= 0x80))
        && domain.trim_matches(['[', ']']).bytes().all(|b| {
            b.is_ascii_alphanumeric()
                || matches!(b, b'.' | b'-' | b'_')
                || (literal && b == b':')
                || b >= 0x80
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(line: &str) -> u16 {
        parse(line.as_bytes()).expect_err(line).code()
    }

    fn sender(line: &str) -> Mail {
        match parse(line.as_bytes()) {
            Ok(Command::Mail(mail)) => mail,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn mail_gives_its_path_and_parameters() {
        let mail = sender("mail from:<A.b@c.test> size=1234 BODY=8BITMIME SMTPUTF8");
        assert_eq!(mail, Mail { from: Some("A.b@c.test".to_owned()), size: Some(1234), smtputf8: true });
        assert_eq!(sender("MAIL FROM: <a@b.test>").from.as_deref(), Some("a@b.test"));
        assert_eq!(sender("MAIL FROM:<>"), Mail { from: None, size: None, smtputf8: false });
        assert_eq!(sender("MAIL FROM:<\"a > b\"@c.test>").from.as_deref(), Some("\"a > b\"@c.test"));
        assert_eq!(sender("MAIL FROM:<a@[IPv6:2001:db8::1]>").from.as_deref(), Some("a@[IPv6:2001:db8::1]"));
    }

    #[test]
    fn a_size_beyond_all_numbers_is_not_a_small_one() {
        assert_eq!(sender("MAIL FROM:<> SIZE=184467440737095516161").size, Some(u64::MAX));
    }

    #[test]
    fn a_recipient_keeps_every_character_of_its_path() {
        for path in ["@a.test,@b.test:c@d.test", "\"a@b\"@c.test", "a%b@c.test", "postmaster", ""] {
            assert_eq!(parse(format!("RCPT TO:<{path}>").as_bytes()), Ok(Command::Rcpt(path.to_owned())));
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_apart() {
        let table = [
            ("", 500),
            ("FOO", 500),
            ("MAILFROM:<a@b.test>", 500),
            ("HELO\u{7f}x", 500),
            ("NOOP \t", 500),
            ("EHLO", 501),
            ("EHLO a b", 501),
            ("EHLO <a>", 501),
            ("MAIL", 501),
            ("MAIL FROM:a@b.test", 501),
            ("MAIL FROM:<a@b.test", 501),
            ("MAIL FROM:<a@b.test>SIZE=1", 501),
            ("MAIL FROM:<a>", 501),
            ("MAIL FROM:<a b@c.test>", 501),
            ("MAIL FROM:<@x.test:a@b.test>", 501),
            ("MAIL FROM:<> SIZE=x", 501),
            ("MAIL FROM:<> BODY=BINARYMIME", 501),
            ("MAIL FROM:<> BODY=9BIT", 501),
            ("RCPT TO:a@b.test", 501),
            ("DATA now", 501),
            ("RSET x", 501),
            ("STARTTLS x", 501),
            ("QUIT x", 501),
            ("VRFY", 501),
            ("AUTH PLAIN AA==", 502),
            ("EXPN list", 502),
            ("BDAT 10", 502),
            ("LHLO x", 502),
            ("ETRN x", 502),
            ("MAIL FROM:<ä@b.test>", 553),
            ("MAIL FROM:<> RET=FULL", 555),
            ("MAIL FROM:<> AUTH=<>", 555),
            ("MAIL FROM:<> X", 555),
            ("RCPT TO:<a@b.test> NOTIFY=NEVER", 555),
        ];
        for (line, expected) in table {
            assert_eq!(code(line), expected, "{line:?}");
        }
    }

    #[test]
    fn the_first_word_of_a_web_request_is_known() {
        for line in ["GET / HTTP/1.1", "POST /", "CONNECT x:25", "put /"] {
            assert_eq!(parse(line.as_bytes()), Ok(Command::Web));
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_panic(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse(&line);
        }

        #[test]
        fn no_path_makes_the_parser_panic(line in "(MAIL FROM:|RCPT TO:)<[ -~ä]{0,30}>?[ A-Z0-9=]{0,30}") {
            let _ = parse(line.as_bytes());
        }
    }
}
