//! `deliver`: sends mail files over SMTP, for trying things out. No queue, no retry, no TLS.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use lettre::address::{Address, Envelope};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use mailward_mail::parsed::parse;
use mailward_mail::prescan::Bounds;
use serde_json::json;

use super::args::Deliver;
use super::{Failure, terminal};

pub(super) fn run(arguments: &Deliver) -> Result<(), Failure> {
    let (host, port) = host_and_port(&arguments.server)?;
    let to = address(&arguments.to).map_err(|why| Failure::usage(format!("--to: {why}"), ""))?;
    let from = match arguments.from.as_deref() {
        None => None,
        Some("" | "<>") => Some(None),
        Some(text) => Some(Some(address(text).map_err(|why| Failure::usage(format!("--from: {why}"), ""))?)),
    };
    let transport =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(port).build::<Tokio1Executor>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("no runtime: {error}"), ""))?;
    let mut refused = 0_usize;
    for path in &arguments.files {
        let outcome = runtime.block_on(send(&transport, path, from.clone(), &to));
        refused += usize::from(outcome.is_err());
        print(path, &outcome, arguments.json)?;
    }
    match refused {
        0 => Ok(()),
        refused => {
            let next = "a reply that begins with 4 may succeed later, one that begins with 5 will not";
            Err(Failure::failed(format!("{refused} of {} mails were not taken", arguments.files.len()), next))
        }
    }
}

/// Sends one file; the server's reply, or why there is none.
async fn send(
    transport: &AsyncSmtpTransport<Tokio1Executor>,
    path: &Path,
    from: Option<Option<Address>>,
    to: &Address,
) -> Result<String, String> {
    let raw = std::fs::read(path).map_err(|error| error.to_string())?;
    let from = match from {
        Some(given) => given,
        None => sender(&raw)?,
    };
    let envelope = Envelope::new(from, vec![to.clone()]).map_err(|error| error.to_string())?;
    let reply = transport.send_raw(&envelope, &with_crlf(&raw)).await.map_err(|error| explained(&error))?;
    let text: Vec<&str> = reply.message().collect();
    Ok(format!("{} {}", reply.code(), text.join(" ")))
}

fn print(path: &Path, outcome: &Result<String, String>, as_json: bool) -> Result<(), Failure> {
    let name = path.to_string_lossy();
    let (taken, reply) = match outcome {
        Ok(reply) => (true, reply),
        Err(reply) => (false, reply),
    };
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(&json!({"file": name, "taken": taken, "reply": reply})))?;
    } else {
        let word = if taken { "taken" } else { "not taken" };
        writeln!(out, "{}: {word}: {}", terminal::visible(&name), terminal::visible(reply))?;
    }
    Ok(())
}

/// The library's error with its causes: the server's words are the innermost.
fn explained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if !text.contains(&inner.to_string()) {
            text = format!("{text}: {inner}");
        }
        cause = inner.source();
    }
    text
}

/// The envelope sender that a mail was last sent with, or its author.
fn sender(raw: &[u8]) -> Result<Option<Address>, String> {
    let how = "name the sender with --from";
    let written = match return_path(raw) {
        Some(path) => path,
        None => {
            let parsed = parse(raw, &Bounds::default()).map_err(|error| format!("{error}; {how}"))?;
            parsed
                .from
                .first()
                .map(|author| author.address.clone())
                .ok_or(format!("the mail has no From; {how}"))?
        }
    };
    if written.is_empty() {
        return Ok(None);
    }
    address(&written).map(Some).map_err(|why| format!("{why}; {how}"))
}

/// What stands between the brackets of a leading `Return-Path` field (RFC 5321 4.4).
fn return_path(raw: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"return-path:";
    let mut lines = raw.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    let line =
        lines.find(|line| line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)))?;
    let text = String::from_utf8_lossy(&line[NAME.len()..]);
    Some(text.trim().trim_start_matches('<').trim_end_matches('>').to_owned())
}

/// Every line ends in CRLF, as it must on the wire; what already does stays as it is.
fn with_crlf(raw: &[u8]) -> Cow<'_, [u8]> {
    let is_bare = |(at, byte): (usize, &u8)| *byte == b'\n' && (at == 0 || raw[at - 1] != b'\r');
    if !raw.iter().enumerate().any(is_bare) {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    for (at, byte) in raw.iter().enumerate() {
        if is_bare((at, byte)) {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    Cow::Owned(out)
}

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error| format!("{text:?} is not an address ({error})"))
}

fn host_and_port(server: &str) -> Result<(String, u16), Failure> {
    let bad = || Failure::usage(format!("--server {server}: write HOST:PORT, such as 127.0.0.1:2525"), "");
    let (host, port) = server.rsplit_once(':').ok_or_else(bad)?;
    let port = port.parse().map_err(|_| bad())?;
    let host = host.trim_matches(['[', ']']);
    if host.is_empty() { Err(bad()) } else { Ok((host.to_owned(), port)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_line_feeds_become_crlf_and_nothing_else_changes() {
        assert_eq!(&*with_crlf(b"\na\nb\r\nc\rd\n"), b"\r\na\r\nb\r\nc\rd\r\n");
        assert!(matches!(with_crlf(b"a\r\nb"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_sender_is_the_return_path_else_the_author() {
        let of = |raw: &str| sender(raw.as_bytes()).map(|found| found.map(|address| address.to_string()));
        assert_eq!(
            of("Return-Path: <bounce@a.test>\nFrom: b@b.test\n\nx"),
            Ok(Some("bounce@a.test".to_owned()))
        );
        assert_eq!(of("From: B <b@b.test>\r\n\r\nReturn-Path: <no@a.test>"), Ok(Some("b@b.test".to_owned())));
        assert_eq!(of("return-path: <>\nFrom: b@b.test\n\n"), Ok(None));
        assert!(of("Subject: x\n\ny").expect_err("nobody sent it").contains("--from"));
    }

    #[test]
    fn a_server_is_a_host_and_a_port() {
        let parsed = |text: &str| host_and_port(text).map_err(|failure| failure.exit);
        assert_eq!(parsed("[::1]:25"), Ok(("::1".to_owned(), 25)));
        assert_eq!(parsed("mx.test:2525"), Ok(("mx.test".to_owned(), 2525)));
        for bad in ["mx.test", ":25", "mx.test:smtp"] {
            assert_eq!(parsed(bad), Err(crate::cli::Exit::Usage), "{bad}");
        }
    }
}
