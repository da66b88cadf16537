//! The sandbox: a server on the loopback interface that plays the world outside, so that nobody mails real people by
//! accident. It takes every mail for everybody and keeps none: what was sent stands in its inbox.
//!
//! Speaks as much SMTP as the sender of this crate does, and is reachable from this machine alone. It is no way in.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The longest line, in bytes: of text too, which our own sender keeps far below.
const MOST_LINE: u64 = 64 * 1024;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(120);

/// Recipients of one mail that are told of; further ones are taken too.
const MOST_TOLD: usize = 100;

/// A mail that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sunk {
    /// The envelope's sender, as it was written between the angle brackets.
    pub from: String,
    /// Its recipients.
    pub to: Vec<String>,
    /// Its bytes, as they came.
    pub bytes: u64,
}

/// The running sandbox.
#[derive(Clone)]
pub struct Sink {
    address: SocketAddr,
    taken: Arc<AtomicU64>,
}

impl Sink {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// No port is to be had.
    pub async fn start(stop: CancellationToken) -> std::io::Result<Self> {
        Self::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None, stop).await
    }

    /// Starts it at an address, and tells of what it takes.
    ///
    /// # Errors
    /// The address cannot be had.
    pub async fn listen(
        address: SocketAddr,
        told: Option<mpsc::Sender<Sunk>>,
        stop: CancellationToken,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let sink = Self { address: listener.local_addr()?, taken: Arc::default() };
        let taken = Arc::clone(&sink.taken);
        tokio::spawn(async move {
            while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
                match accepted {
                    Ok((stream, _)) => {
                        let (taken, stop, told) = (Arc::clone(&taken), stop.clone(), told.clone());
                        tokio::spawn(async move {
                            let served = stop.run_until_cancelled(serve(stream, &taken, told.as_ref())).await;
                            if let Some(Err(error)) = served {
                                tracing::debug!(%error, "a connection to the sandbox ended");
                            }
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the sandbox could not accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
        Ok(sink)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many mails it took.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

async fn serve(
    stream: TcpStream,
    taken: &AtomicU64,
    told: Option<&mpsc::Sender<Sunk>>,
) -> std::io::Result<()> {
    let mut mail = Sunk::default();
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    writer.write_all(b"220 sandbox.invalid ESMTP: nothing leaves this machine\r\n").await?;
    while let Some(line) = line(&mut reader).await? {
        let word =
            line.trim_ascii().split(|byte| *byte == b' ').next().unwrap_or_default().to_ascii_uppercase();
        let reply: &[u8] = match word.as_slice() {
            b"EHLO" => b"250-sandbox.invalid\r\n250 8BITMIME\r\n",
            b"DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                loop {
                    let Some(text) = self::line(&mut reader).await? else { return Ok(()) };
                    if text == b".\r\n" {
                        break;
                    }
                    mail.bytes += text.len() as u64;
                }
                taken.fetch_add(1, Ordering::Relaxed);
                let mail = std::mem::take(&mut mail);
                if let Some(told) = told {
                    // Whoever does not listen any more has heard enough.
                    let _ = told.send(mail).await;
                }
                b"250 2.0.0 taken\r\n"
            }
            b"QUIT" => {
                writer.write_all(b"221 2.0.0 goodbye\r\n").await?;
                return Ok(());
            }
            b"MAIL" => {
                mail = Sunk { from: path(&line), ..Sunk::default() };
                b"250 2.0.0 fine\r\n"
            }
            b"RCPT" => {
                if mail.to.len() < MOST_TOLD {
                    mail.to.push(path(&line));
                }
                b"250 2.0.0 fine\r\n"
            }
            b"HELO" | b"RSET" | b"NOOP" => b"250 2.0.0 fine\r\n",
            _ => b"502 5.5.1 not here\r\n",
        };
        writer.write_all(reply).await?;
    }
    Ok(())
}

/// What stands between the angle brackets.
fn path(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let inner = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(path, _)| path.to_owned())
}

/// The next line with its end; `None` at the end of the connection.
async fn line(reader: &mut BufReader<tokio::net::tcp::OwnedReadHalf>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut bounded = reader.take(MOST_LINE);
    let read = tokio::time::timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await;
    read.map_err(|_| std::io::ErrorKind::TimedOut)??;
    match line.ends_with(b"\n") {
        true => Ok(Some(line)),
        false if line.is_empty() => Ok(None),
        false => Err(std::io::ErrorKind::InvalidData.into()),
    }
}
