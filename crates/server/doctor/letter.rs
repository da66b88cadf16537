//! Sends one mail in one SMTP transaction, and keeps every reply. No TLS, no queue, no second attempt.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::Trouble;

/// The whole transaction.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends `text`, whose lines end in CRLF and begin with no dot, to all of `to`; what the server said to it.
pub(super) async fn send(smtp: SocketAddr, to: &[&str], text: &str) -> Result<String, Trouble> {
    let failed = |error: std::io::Error| Trouble(format!("no mail could be sent to {smtp}: {error}"));
    let late = |_| Trouble(format!("{smtp} did not take a mail in time"));
    tokio::time::timeout(PATIENCE, transaction(smtp, to, text)).await.map_err(late)?.map_err(failed)
}

async fn transaction(smtp: SocketAddr, to: &[&str], text: &str) -> std::io::Result<String> {
    let stream = TcpStream::connect(smtp).await?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut said = reply(&mut stream).await?;
    let recipients = to.iter().map(|address| format!("RCPT TO:<{address}>"));
    let before = ["EHLO doctor.invalid".to_owned(), "MAIL FROM:<doctor@example.com>".to_owned()];
    for line in before.into_iter().chain(recipients).chain(["DATA".to_owned()]) {
        said += &command(&mut stream, &line).await?;
    }
    said += &command(&mut stream, &format!("{text}.")).await?;
    // RFC 5321 4.1.1.10; and it shows that the reply before was read.
    said += &command(&mut stream, "QUIT").await?;
    Ok(said)
}

/// Sends a line and reads the reply; one that is neither 2yz nor 3yz ends the transaction.
async fn command(stream: &mut BufReader<TcpStream>, line: &str) -> std::io::Result<String> {
    stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await?;
    reply(stream).await
}

async fn reply(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let is_last = line.as_bytes().get(3) != Some(&b'-');
        let is_good = line.starts_with(['2', '3']);
        all += &line;
        if !is_good {
            return Err(std::io::Error::other(all.trim_end().to_owned()));
        }
        if is_last {
            return Ok(all);
        }
    }
}
