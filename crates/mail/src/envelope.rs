//! What SMTP tells beside the message: who sends, from where (RFC 5321 2.3.1).

use std::net::IpAddr;

/// The envelope of one transaction. It holds no recipient: each delivery has its own, and only its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The reverse-path; `None` is the null sender `<>` of bounces.
    pub from: Option<String>,
    /// What the client called itself.
    pub helo: String,
    /// Where the connection came from.
    pub client: IpAddr,
    /// Whether the session was encrypted.
    pub tls: bool,
    /// Whether the client asked for SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
}

/// A message as it came from the wire, dots removed, every line ending in CRLF.
#[derive(Clone, Debug)]
pub struct Received {
    /// The envelope without recipients.
    pub envelope: Envelope,
    /// The message, byte for byte but for dot-stuffing and bare LF.
    pub bytes: Vec<u8>,
    /// A bare LF stood for a line end and was made CRLF.
    pub bare_lf: bool,
    /// A line was longer than the 998 octets of RFC 5322 2.1.1.
    pub long_line: bool,
}
