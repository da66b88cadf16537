//! Plays the transcripts of `fixtures/smtp/` against a started server, line by line.
//!
//! The format is described in `fixtures/smtp/README.md`. A transcript knows replies and how many messages arrived;
//! what was made of a message is other tests' to look at.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

// The seam to the harness: `World::start` with `key=value` settings, `smtp` the listener's address, `ada`, `bob` and
// `gone` with an `address` each, `domain`, `received(address)` the messages of an inbox, held ones too, and
// `stop_smtp(soft)`, which returns once no session is left.
use crate::world::stage::Stage as World;

/// What any wait for the server may take; far beyond every timeout that a transcript sets.
const PATIENCE: Duration = Duration::from_secs(20);
/// Transcripts played at a time: most of them wait most of the time.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn every_transcript_is_spoken_as_it_is_written() {
    let mut files = transcripts();
    assert!(files.len() >= 40, "{} transcripts found", files.len());
    if let Ok(only) = std::env::var("TRANSCRIPT") {
        files.retain(|file| file.to_string_lossy().contains(&only));
    }
    let played = futures_util::stream::iter(files).map(|file| async move {
        let text = std::fs::read_to_string(&file).expect("a transcript is readable");
        let world = World::start(&settings(&text)).await;
        let wrong = play(&world, &text).await.err()?;
        Some(format!("{}: {wrong}", file.file_name()?.to_string_lossy()))
    });
    let wrong: Vec<String> = played.buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_that_is_not_spoken_so_is_told_with_its_line() {
    let world = World::start(&[]).await;
    let wrong = play(&world, "s: 220 *\nc: NOOP\ns: 250 never\n").await;
    assert_eq!(wrong, Err("line 3: expected \"250 never\", got \"250 2.0.0 ok\"".to_owned()));
    let wrong = play(&world, "s: 220 *\ns: <closed>\n").await.expect_err("the server waits for a command");
    assert!(wrong.starts_with("line 2: expected \"<closed>\""), "{wrong}");
}

/// Plays one transcript; what differs first is the error.
async fn play(world: &World, transcript: &str) -> Result<(), String> {
    let mut player = Player { world, peers: HashMap::new(), started: Instant::now(), slow: Duration::ZERO };
    let mut unsent: Option<(u32, Vec<u8>)> = None;
    for (number, line) in transcript.lines().enumerate() {
        let at = |wrong: String| format!("line {}: {wrong}", number + 1);
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(':').ok_or_else(|| at("no key".to_owned()))?;
        let value = player.fill_in(value.strip_prefix(' ').unwrap_or(value)).map_err(at)?;
        let (key, times) = key.split_once('*').map_or(Ok((key, 1)), |(key, times)| {
            times.parse::<usize>().map(|times| (key, times)).map_err(|e| at(e.to_string()))
        })?;
        let (verb, peer) = verb_and_peer(key);
        // Adjacent lines of one client are one write, so that a transcript can say what is pipelined.
        let octets = match verb {
            "c" => Some(format!("{value}\r\n").into_bytes()),
            "x" => Some(hex(&value).map_err(at)?),
            _ => None,
        };
        if let Some(octets) = octets {
            if unsent.as_ref().is_some_and(|(waiting, _)| *waiting != peer) {
                player.send(unsent.take()).await.map_err(at)?;
            }
            let (_, all) = unsent.get_or_insert((peer, Vec::new()));
            all.extend(octets.repeat(times));
            continue;
        }
        player.send(unsent.take()).await.map_err(at)?;
        for _ in 0..times {
            player.act(verb, peer, &value).await.map_err(at)?;
        }
    }
    player.send(unsent.take()).await
}

/// Whoever speaks in a transcript: the clients, each with its connection.
struct Player<'a> {
    world: &'a World,
    peers: HashMap<u32, Peer>,
    /// When something was last sent.
    started: Instant,
    /// How long the next reply must take at least.
    slow: Duration,
}

impl Player<'_> {
    async fn act(&mut self, verb: &str, peer: u32, value: &str) -> Result<(), String> {
        match verb {
            "s" => self.expect(peer, value).await,
            "set" => Ok(()),
            "open" => self.open(peer, value).await,
            "wait" => {
                sleep(milliseconds(value)?).await;
                Ok(())
            }
            "slow" => {
                self.slow = milliseconds(value)?;
                Ok(())
            }
            "tls" => {
                let peer = self.peers.remove(&peer).ok_or("tls before a connection")?;
                self.peers.insert(1, peer.encrypt().await?);
                Ok(())
            }
            "hang up" => {
                self.peers.remove(&peer);
                Ok(())
            }
            "stop" => {
                let (world, soft) = (self.world.clone(), value == "soft");
                tokio::spawn(async move { world.stop_smtp(soft).await });
                Ok(())
            }
            "arrived" => self.arrived(value).await,
            other => Err(format!("unknown key {other:?}")),
        }
    }

    async fn open(&mut self, peer: u32, from: &str) -> Result<(), String> {
        let from = if from.is_empty() { Ok(Ipv4Addr::LOCALHOST) } else { from.parse() };
        let from = SocketAddr::new(IpAddr::V4(from.map_err(|e| format!("{e}"))?), 0);
        let socket = TcpSocket::new_v4().map_err(|e| e.to_string())?;
        socket.bind(from).map_err(|e| e.to_string())?;
        let stream = socket.connect(self.world.smtp).await.map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        self.peers.insert(peer, Peer { stream: Stream::Plain(stream), unread: Vec::new() });
        Ok(())
    }

    async fn peer(&mut self, number: u32) -> Result<&mut Peer, String> {
        if !self.peers.contains_key(&number) {
            self.open(number, "").await?;
        }
        self.peers.get_mut(&number).ok_or_else(|| "no such client".to_owned())
    }

    async fn send(&mut self, unsent: Option<(u32, Vec<u8>)>) -> Result<(), String> {
        let Some((number, octets)) = unsent else { return Ok(()) };
        // A server that has closed meanwhile is found out by the replies that are expected next.
        let _ = self.peer(number).await?.stream.io().write_all(&octets).await;
        self.started = Instant::now();
        Ok(())
    }

    async fn expect(&mut self, number: u32, expected: &str) -> Result<(), String> {
        let said = self.peer(number).await?.line().await;
        let slow = std::mem::take(&mut self.slow);
        if self.started.elapsed() < slow {
            return Err(format!("{said:?} came after {:?}", self.started.elapsed()));
        }
        if let Some(more) = expected.strip_suffix("...") {
            if !said.starts_with(more) {
                self.peer(number).await?.unread.splice(0..0, format!("{said}\r\n").into_bytes());
                return Ok(());
            }
            return Box::pin(self.expect(number, expected)).await;
        }
        let fits = match expected.strip_suffix('*') {
            Some(start) => said.starts_with(start),
            None => said == expected,
        };
        if fits { Ok(()) } else { Err(format!("expected {expected:?}, got {said:?}")) }
    }

    async fn arrived(&self, value: &str) -> Result<(), String> {
        let (who, count) = value.split_once(' ').ok_or("arrived: who count")?;
        let address = if who == "ada" { &self.world.ada.address } else { &self.world.bob.address };
        let (expected, found) = (count.parse::<usize>(), self.world.received(address).await);
        if expected == Ok(found) {
            Ok(())
        } else {
            Err(format!("{found} messages arrived for {who}, not {count}"))
        }
    }

    /// Replaces `{name}` and `{c:n}`, n times the character c.
    fn fill_in(&self, value: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = value;
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, after) = behind.split_once('}').ok_or("an open brace")?;
            let (ada, bob) = (&self.world.ada.address, &self.world.bob.address);
            let (local, domain) = ada.split_once('@').ok_or("an address has an @")?;
            out.push_str(before);
            match name {
                "ada" => out.push_str(ada),
                "ADA" => out.push_str(&ada.to_ascii_uppercase()),
                "ada+tag" => write!(out, "{local}+tag@{domain}").map_err(|e| e.to_string())?,
                "a.da" => {
                    write!(out, "{}.{}@{domain}", &local[..1], &local[1..]).map_err(|e| e.to_string())?
                }
                "bob" => out.push_str(bob),
                "gone" => out.push_str(&self.world.gone.address),
                "nobody" => write!(out, "nobody-0123456789abcdef@{domain}").map_err(|e| e.to_string())?,
                "domain" => out.push_str(domain),
                other => {
                    let (what, times) =
                        other.split_once(':').ok_or_else(|| format!("unknown name {other:?}"))?;
                    out.push_str(
                        &what.repeat(times.parse().map_err(|_| format!("not a number: {times:?}"))?),
                    );
                }
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

struct Peer {
    stream: Stream,
    unread: Vec<u8>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

impl Stream {
    fn io(&mut self) -> &mut dyn Io {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream,
        }
    }
}

impl Peer {
    /// The next line, `<closed>`, or `<nothing>` if none comes.
    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                let line = String::from_utf8_lossy(&self.unread[..end]).into_owned();
                self.unread.drain(..end + 2);
                return line;
            }
            let mut piece = [0; 4096];
            match timeout(PATIENCE, self.stream.io().read(&mut piece)).await {
                Ok(Ok(count)) if count > 0 => self.unread.extend_from_slice(&piece[..count]),
                Ok(_) => return "<closed>".to_owned(),
                Err(_) => return "<nothing>".to_owned(),
            }
        }
    }

    async fn encrypt(self) -> Result<Self, String> {
        let Stream::Plain(stream) = self.stream else { return Err("already encrypted".to_owned()) };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").map_err(|e| e.to_string())?;
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        Ok(Self { stream: Stream::Tls(Box::new(stream.map_err(|e| e.to_string())?)), unread: self.unread })
    }
}

/// Trusts any certificate: a sending server has no way to know a self-signed one (RFC 7435).
#[derive(Debug)]
struct Anyone(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn transcripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/smtp");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of transcripts")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

/// The `set:` lines: what the server is started with.
fn settings(transcript: &str) -> Vec<String> {
    transcript.lines().filter_map(|line| line.strip_prefix("set: ").map(str::to_owned)).collect()
}

/// `c` and `s2`: what is done, and by which client.
fn verb_and_peer(key: &str) -> (&str, u32) {
    let verb = key.trim_end_matches(|c: char| c.is_ascii_digit());
    (verb, key[verb.len()..].parse().unwrap_or(1))
}

fn milliseconds(value: &str) -> Result<Duration, String> {
    value.parse().map(Duration::from_millis).map_err(|_| format!("not milliseconds: {value:?}"))
}

fn hex(value: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<char> = value.chars().filter(|c| !c.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| {
            u8::from_str_radix(&pair.iter().collect::<String>(), 16).map_err(|e| format!("{value:?}: {e}"))
        })
        .collect()
}
