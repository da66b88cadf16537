//! A sender: a plain SMTP client that tells every reply.

use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::{World, fixture};

/// One connection.
pub struct Sender {
    from_server: BufReader<OwnedReadHalf>,
    to_server: OwnedWriteHalf,
}

impl Sender {
    /// Connects and says EHLO.
    pub async fn connect(to: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let mut sender = Self { from_server: BufReader::new(reader), to_server: writer };
        sender.reply().await?;
        sender.command("EHLO sender.test").await?;
        Ok(sender)
    }

    /// Sends a line and reads the reply.
    pub async fn command(&mut self, line: &str) -> std::io::Result<String> {
        self.to_server.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.reply().await
    }

    /// Sends one message; the reply to its end, or the first refusal before.
    pub async fn send(&mut self, from: &str, to: &[&str], raw: &[u8]) -> std::io::Result<String> {
        let mut reply = self.command(&format!("MAIL FROM:<{from}> BODY=8BITMIME")).await?;
        for recipient in to {
            if !reply.starts_with('2') {
                return Ok(reply);
            }
            reply = self.command(&format!("RCPT TO:<{recipient}>")).await?;
        }
        if !reply.starts_with('2') {
            return Ok(reply);
        }
        reply = self.command("DATA").await?;
        if !reply.starts_with('3') {
            return Ok(reply);
        }
        self.to_server.write_all(&stuffed(raw)).await?;
        self.reply().await
    }

    /// The last line of a reply.
    pub async fn reply(&mut self) -> std::io::Result<String> {
        loop {
            let mut line = String::new();
            if self.from_server.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}

impl World {
    /// Sends a file of the repository over SMTP; the last reply.
    pub async fn deliver(&self, path: &str, to: &[&str]) -> String {
        let raw = std::fs::read(fixture(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        self.deliver_raw(&raw, to).await
    }

    /// Sends a message over SMTP; the last reply.
    pub async fn deliver_raw(&self, raw: &[u8], to: &[&str]) -> String {
        let mut sender = Sender::connect(self.smtp).await.expect("a connection");
        let reply = sender.send("sender@example.com", to, raw).await.expect("a reply");
        sender.command("QUIT").await.expect("a goodbye");
        reply
    }
}

impl World {
    /// What is said to each recipient of one transaction.
    pub async fn try_recipients(&self, to: &[&str]) -> Vec<String> {
        let mut sender = Sender::connect(self.smtp).await.expect("a connection");
        sender.command("MAIL FROM:<sender@example.com>").await.expect("a reply");
        let mut replies = Vec::new();
        for recipient in to {
            replies.push(sender.command(&format!("RCPT TO:<{recipient}>")).await.expect("a reply"));
        }
        sender.command("QUIT").await.expect("a goodbye");
        replies
    }
}

/// A message of plain text with a subject.
pub fn plain(subject: &str, text: &str) -> Vec<u8> {
    format!("From: Sender <sender@example.com>\r\nSubject: {subject}\r\n\r\n{text}\r\n").into_bytes()
}

/// RFC 5321 4.5.2: a line that begins with a dot gets another one; CRLF.CRLF ends it.
fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + 16);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}
