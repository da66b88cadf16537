//! One SMTP conversation with a host that a stranger's DNS named (RFC 5321): greeting, TLS where it is to be had, then mails
//! one after the other.
//!
//! Nothing that was said before TLS counts after it (RFC 3207 4.2): a server that speaks on after its 220 is hung up on,
//! for those bytes may be anybody's. Every step has an end of its own.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use super::reply::{self, Reply};
use super::tls::{Need, Tls};

/// How long each step may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// To connect.
    pub(crate) connect: Duration,
    /// For the answer to a command, and for a block of data to be taken.
    pub(crate) command: Duration,
    /// For all commands of one mail together: a server that is just quick enough each time holds nobody for hours.
    pub(crate) commands: Duration,
    /// For a whole message to be taken, and then for the answer to it: whoever hangs up too soon sends it twice
    /// (RFC 5321 4.5.3.2.6).
    pub(crate) message: Duration,
}

/// Why a mail was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The host does not speak, or not with us now: another may.
    Host(String),
    /// The host takes no mail of this kind, for now.
    Now(String),
    /// The mail is refused for good.
    Never(String),
    /// The connection was lost after the whole message was sent: nobody knows.
    Unknown(String),
    /// Its TLS failed where it may go without.
    Tls(String),
}

/// What is between both ends.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// See the module.
pub(crate) struct Conversation {
    wire: BufReader<Box<dyn Wire>>,
    patience: Patience,
    until: Instant,
    most_bytes: Option<u64>,
    is_encrypted: bool,
    mails: usize,
}

impl Conversation {
    /// Begins a conversation with a host at an address that was judged.
    pub(crate) async fn open(
        address: SocketAddr,
        host: &str,
        hello: &str,
        need: &Need,
        tls: Option<&Tls>,
        patience: Patience,
    ) -> Result<Self, Refused> {
        let stream = match timeout(patience.connect, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Refused::Host(format!("{host} could not be reached: {error}"))),
            Err(_) => return Err(Refused::Host(format!("{host} could not be reached in time"))),
        };
        // Small lines that wait for each other's answers.
        stream.set_nodelay(true).map_err(|error| lost(host, &error))?;
        let wire: Box<dyn Wire> = Box::new(stream);
        let mut talk = Self {
            wire: BufReader::new(wire),
            patience,
            until: Instant::now() + patience.commands,
            most_bytes: None,
            is_encrypted: false,
            mails: 0,
        };
        let greeting = talk.hear(patience.command).await.map_err(|error| lost(host, &error))?;
        if !greeting.is_fine() {
            return Err(Refused::Host(greeting.text()));
        }
        let offers_tls = talk.hello(hello, host).await?;
        if let Some(tls) = tls.filter(|_| offers_tls) {
            talk = talk.encrypt(host, need, tls).await?;
            // RFC 3207 4.2: what it can do is asked anew.
            talk.hello(hello, host).await?;
        }
        if *need != Need::Any && !talk.is_encrypted {
            return Err(Refused::Tls(format!("{host} offers no TLS, and mail must not go there without")));
        }
        Ok(talk)
    }

    /// Whether what is said is protected.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// How many mails were begun in it.
    pub(crate) fn mails(&self) -> usize {
        self.mails
    }

    /// Hands over one mail for one recipient.
    pub(crate) async fn mail(&mut self, from: &str, to: &str, raw: &[u8]) -> Result<Reply, Refused> {
        if self.most_bytes.is_some_and(|most| most > 0 && raw.len() as u64 > most) {
            return Err(Refused::Never("552 5.3.4 the message is larger than the server takes".to_owned()));
        }
        self.mails += 1;
        if self.mails > 1 {
            self.until = Instant::now() + self.patience.commands;
        }
        for command in [format!("MAIL FROM:<{from}>\r\n"), format!("RCPT TO:<{to}>\r\n")] {
            self.fine(&command).await?;
        }
        let go = self.command("DATA\r\n").await.map_err(|error| lost("the server", &error))?;
        if go.code != 354 {
            return Err(judged(&go));
        }
        self.until = Instant::now() + self.patience.message;
        self.say_text(raw).await.map_err(|error| lost("the server", &error))?;
        self.until = Instant::now() + self.patience.message;
        let taken = self.hear(self.patience.message).await.map_err(|error| {
            Refused::Unknown(format!("the connection was lost after the message was sent: {error}"))
        })?;
        if !taken.is_fine() {
            return Err(judged(&taken));
        }
        Ok(taken)
    }

    /// Forgets a mail that was begun. `false`: the conversation is over.
    pub(crate) async fn reset(&mut self) -> bool {
        self.until = Instant::now() + self.patience.command;
        self.command("RSET\r\n").await.is_ok_and(|reply| reply.is_fine())
    }

    /// Says goodbye, without waiting for long.
    pub(crate) async fn quit(mut self) {
        self.until = Instant::now() + self.patience.command;
        let goodbye = timeout(Duration::from_secs(2), self.command("QUIT\r\n")).await;
        tracing::trace!(said = goodbye.is_ok(), "a conversation ended");
    }

    /// EHLO, or HELO with who does not know it; whether STARTTLS is offered.
    async fn hello(&mut self, hello: &str, host: &str) -> Result<bool, Refused> {
        let reply = self.command(&format!("EHLO {hello}\r\n")).await.map_err(|error| lost(host, &error))?;
        if reply.is_final() {
            let reply =
                self.command(&format!("HELO {hello}\r\n")).await.map_err(|error| lost(host, &error))?;
            return if reply.is_fine() { Ok(false) } else { Err(Refused::Host(reply.text())) };
        }
        if !reply.is_fine() {
            return Err(Refused::Host(reply.text()));
        }
        let words = |line: &String| line.to_ascii_uppercase();
        let offers: Vec<String> = reply.lines.iter().skip(1).map(words).collect();
        self.most_bytes = offers
            .iter()
            .find_map(|line| line.strip_prefix("SIZE "))
            .and_then(|size| size.trim().parse().ok());
        Ok(offers.iter().any(|line| line.trim() == "STARTTLS"))
    }

    async fn encrypt(mut self, host: &str, need: &Need, tls: &Tls) -> Result<Self, Refused> {
        let reply = self.command("STARTTLS\r\n").await.map_err(|error| lost(host, &error))?;
        if reply.code != 220 {
            return Err(Refused::Tls(reply.text()));
        }
        if !self.wire.buffer().is_empty() {
            return Err(Refused::Host(format!(
                "{host} spoke on before TLS: somebody may have spoken for it"
            )));
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Refused::Host(format!("{host} is no name of a server")))?;
        let config = tls.config(need).map_err(|error| Refused::Host(format!("no TLS here: {error}")))?;
        let handshake = TlsConnector::from(config).connect(name, self.wire.into_inner());
        let wire: Box<dyn Wire> = match timeout(self.patience.command, handshake).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(error)) => return Err(Refused::Tls(format!("{host}: no TLS with it: {error}"))),
            Err(_) => return Err(Refused::Tls(format!("{host}: no TLS with it in time"))),
        };
        Ok(Self { wire: BufReader::new(wire), is_encrypted: true, most_bytes: None, ..self })
    }

    /// A command that has to be answered with 2yz.
    async fn fine(&mut self, command: &str) -> Result<(), Refused> {
        let reply = self.command(command).await.map_err(|error| lost("the server", &error))?;
        if reply.is_fine() { Ok(()) } else { Err(judged(&reply)) }
    }

    async fn command(&mut self, command: &str) -> std::io::Result<Reply> {
        // What is there already was said to nothing: an answer to it would be taken for one to this.
        if !self.wire.buffer().is_empty() {
            return Err(Error::new(ErrorKind::InvalidData, "the server speaks out of turn"));
        }
        self.say(command.as_bytes()).await?;
        self.hear(self.patience.command).await
    }

    async fn hear(&mut self, patience: Duration) -> std::io::Result<Reply> {
        let until = self.until.min(Instant::now() + patience);
        timeout_at(until, reply::read(&mut self.wire)).await.map_err(|_| in_time())?
    }

    async fn say(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let until = self.until.min(Instant::now() + self.patience.command);
        let said = async {
            self.wire.write_all(bytes).await?;
            self.wire.flush().await
        };
        timeout_at(until, said).await.map_err(|_| in_time())?
    }

    /// A message and its end. RFC 5321 4.5.2: a line that begins with a dot gets another one.
    async fn say_text(&mut self, raw: &[u8]) -> std::io::Result<()> {
        let mut text = Vec::with_capacity(raw.len() + raw.len() / 64 + 8);
        for line in raw.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b".") {
                text.push(b'.');
            }
            text.extend_from_slice(line);
        }
        if !text.ends_with(b"\r\n") {
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b".\r\n");
        for block in text.chunks(64 * 1024) {
            self.say(block).await?;
        }
        Ok(())
    }
}

fn judged(reply: &Reply) -> Refused {
    match reply.code {
        // RFC 5321 3.8: the server ends the conversation.
        421 => Refused::Host(reply.text()),
        _ if reply.is_final() => Refused::Never(reply.text()),
        _ => Refused::Now(reply.text()),
    }
}

fn lost(host: &str, error: &Error) -> Refused {
    Refused::Host(format!("the connection with {host} was lost: {error}"))
}

fn in_time() -> Error {
    Error::new(ErrorKind::TimedOut, "it gave no answer in time")
}
