//! A host of the world outside that takes mail, or does what no host should do.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::authority::Identity;

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Takes everything, without TLS.
    Plain,
    /// Takes everything, with TLS where it is asked for.
    Tls,
    /// As a relay: takes everything from who logged in within TLS.
    Relays,
    /// Says more before TLS than it was asked for.
    Injects,
    /// Offers TLS and cannot speak it.
    BrokenTls,
    /// Takes nobody's first try.
    Greylists,
    /// Greets with a refusal.
    Unfriendly,
    /// Says nothing, ever.
    Silent,
    /// Never ends its first reply.
    Endless,
    /// Answers twice to each command.
    Stutters,
    /// Takes the message and is gone before it says so.
    Vanishes,
    /// Takes the message and says so when it is let.
    Waits,
    /// Refuses whoever is called `no`, for now whoever is called `later`.
    Picky,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub from: String,
    pub to: String,
    /// As it came, without its end.
    pub text: String,
    pub encrypted: bool,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    tries: usize,
    mails: Vec<Taken>,
    /// What was said to log in, in base64.
    logins: Vec<String>,
    /// Goodbyes that were heard.
    goodbyes: usize,
    /// Whether a host that waits may go on.
    may_go_on: bool,
}

/// It listens until the test ends.
pub struct Host {
    seen: Arc<Mutex<Seen>>,
}

impl Host {
    /// One at an address of the loopback network.
    pub async fn start(ip: &str, port: u16, name: &str, script: Script) -> Self {
        Self::start_as(ip, port, Identity::own(name), script).await
    }

    /// One with a certificate.
    pub async fn start_as(ip: &str, port: u16, identity: Identity, script: Script) -> Self {
        let ip: IpAddr = ip.parse().expect("an address");
        let listener = TcpListener::bind((ip, port)).await.expect("a port");
        let (tls, seen) = (identity.acceptor(), Arc::<Mutex<Seen>>::default());
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                kept.lock().expect("no test panicked holding it").connections += 1;
                tokio::spawn(serve(stream, script, tls.clone(), Arc::clone(&kept)));
            }
        });
        Self { seen }
    }

    pub fn connections(&self) -> usize {
        self.seen.lock().expect("no test panicked holding it").connections
    }

    /// What was said to log in, in base64.
    pub fn logins(&self) -> Vec<String> {
        self.seen.lock().expect("no test panicked holding it").logins.clone()
    }

    /// Conversations that their other side ended in order.
    pub fn goodbyes(&self) -> usize {
        self.seen.lock().expect("no test panicked holding it").goodbyes
    }

    /// Lets it say that it took what it took.
    pub fn go_on(&self) {
        self.seen.lock().expect("no test panicked holding it").may_go_on = true;
    }

    pub fn mails(&self) -> Vec<Taken> {
        self.seen.lock().expect("no test panicked holding it").mails.clone()
    }
}

async fn serve(mut stream: TcpStream, script: Script, tls: TlsAcceptor, seen: Arc<Mutex<Seen>>) {
    match script {
        Script::Silent => {
            let mut nothing = [0; 64];
            while stream.read(&mut nothing).await.is_ok_and(|read| read > 0) {}
        }
        Script::Endless => while stream.write_all(b"220-and another thing\r\n").await.is_ok() {},
        Script::Unfriendly => drop(stream.write_all(b"554 5.7.1 go away\r\n").await),
        _ => {
            let mut stream = BufReader::new(stream);
            if stream.write_all(b"220 outside.test ESMTP\r\n").await.is_err()
                || !talk(&mut stream, script, false, &seen).await
            {
                return;
            }
            if script == Script::BrokenTls {
                // After the client's first word, or this would be said before TLS.
                let mut hello = [0; 64];
                drop(stream.read(&mut hello).await);
                drop(stream.write_all(b"this is no TLS\r\n").await);
                return;
            }
            if let Ok(stream) = tls.accept(stream.into_inner()).await {
                talk(&mut BufReader::new(stream), script, true, &seen).await;
            }
        }
    }
}

/// One conversation; `true` where it goes on with TLS.
async fn talk(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    script: Script,
    encrypted: bool,
    seen: &Mutex<Seen>,
) -> bool {
    let mut mail = Taken { from: String::new(), to: String::new(), text: String::new(), encrypted };
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let word = line.trim_end().to_owned();
        line.clear();
        let upper = word.to_ascii_uppercase();
        let offers = !encrypted
            && matches!(script, Script::Tls | Script::Relays | Script::Injects | Script::BrokenTls);
        let said = if upper.starts_with("EHLO") {
            if encrypted && script == Script::Relays {
                "250-outside.test\r\n250 AUTH PLAIN"
            } else if offers {
                "250-outside.test\r\n250-SIZE 1000000\r\n250 STARTTLS"
            } else {
                "250 outside.test"
            }
        } else if upper == "STARTTLS" {
            let said: &[u8] = match script {
                // What comes behind is read after TLS by whoever keeps it: it would answer for the host.
                Script::Injects => {
                    b"220 go on\r\n250 outside.test\r\n250 fine\r\n250 fine\r\n354 go on\r\n250 taken\r\n"
                }
                _ => b"220 go on\r\n",
            };
            return stream.write_all(said).await.is_ok();
        } else if let Some(login) = word.strip_prefix("AUTH PLAIN ") {
            seen.lock().expect("no test panicked holding it").logins.push(login.to_owned());
            if encrypted { "235 2.7.0 welcome" } else { "538 5.7.11 not in clear" }
        } else if let Some(path) = upper.strip_prefix("MAIL FROM:") {
            mail.from = word[word.len() - path.len()..].to_owned();
            "250 fine"
        } else if let Some(path) = upper.strip_prefix("RCPT TO:") {
            mail.to = word[word.len() - path.len()..].to_owned();
            let tries = {
                let mut seen = seen.lock().expect("no test panicked holding it");
                seen.tries += 1;
                seen.tries
            };
            match script {
                Script::Greylists if tries == 1 => "451 4.7.1 greylisted, come back",
                Script::Picky if path.starts_with("<NO@") => "550-5.1.1 nobody\x1b[31m\r\n550 5.1.1 here",
                Script::Picky if path.starts_with("<LATER@") => "452 4.2.2 its box is full",
                _ => "250 fine",
            }
        } else if upper == "DATA" {
            if stream.write_all(b"354 go on\r\n").await.is_err() {
                return false;
            }
            let mut text = String::new();
            while stream.read_line(&mut text).await.is_ok_and(|read| read > 0) && !text.ends_with("\r\n.\r\n")
            {
            }
            // Without its end it is no mail (RFC 5321, 4.1.1.4).
            if !text.ends_with("\r\n.\r\n") {
                return false;
            }
            mail.text = text.trim_end_matches(".\r\n").to_owned();
            seen.lock().expect("no test panicked holding it").mails.push(mail.clone());
            if script == Script::Vanishes {
                return false;
            }
            while script == Script::Waits && !seen.lock().expect("no test panicked holding it").may_go_on {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            "250 2.0.0 taken as 7"
        } else if upper == "QUIT" {
            seen.lock().expect("no test panicked holding it").goodbyes += 1;
            drop(stream.write_all(b"221 goodbye\r\n").await);
            return false;
        } else {
            "250 fine"
        };
        let twice =
            if script == Script::Stutters { format!("{said}\r\n{said}\r\n") } else { format!("{said}\r\n") };
        if stream.write_all(twice.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return false;
        }
    }
    false
}
