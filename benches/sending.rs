//! Mails a second from accepted to taken: by the sandbox, by a relay, and straight to mail exchangers, in clear and over TLS; and
//! how many conversations one slow destination gets.
//!
//! `cargo bench --bench sending [-- MAILS]` (1000) prints a table, on both databases. Peers are on this machine; each mail
//! is accepted over HTTP, signed twice and carried to one recipient of one of twenty domains.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(
    unreachable_pub,
    dead_code,
    unused_macros,
    unused_imports,
    reason = "the harness of the tests, of which this uses a part"
)]

#[path = "../tests/delivery/authority.rs"]
mod authority;
#[path = "../tests/world/mod.rs"]
mod world;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use authority::Identity;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use world::actors::{Inbox, Tenant};
use world::dns_server::{DnsServer, Kind, Record};
use world::{Engine, World};

const DOMAINS: usize = 20;
const TENANTS: usize = 4;
const INBOXES: usize = 3;
const LIMITS: [&str; 8] = [
    "max_inboxes",
    "requests_per_second",
    "daily_sends",
    "monthly_sends",
    "daily_sends_per_inbox",
    "sends_per_minute_per_inbox",
    "daily_new_recipients_per_inbox",
    "stored_bytes",
];

fn main() {
    let mails = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!(
        "{:<10} {:<26} {:>11} {:>11} {:>14}",
        "database", "way", "accepted/s", "taken/s", "conversations"
    );
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for way in ["sandbox", "relay", "direct", "direct, TLS"] {
            let (accepted, taken, peak) = runtime.block_on(measure(engine, way, mails));
            println!("{:<10} {way:<26} {accepted:>11.0} {taken:>11.0} {peak:>14}", name(engine));
        }
    }
    for (way, tenants) in [("slow, of one tenant", 1), ("slow, of four", TENANTS)] {
        let (taken, peak) = runtime.block_on(crowd(tenants, 100));
        println!("{:<10} {way:<26} {:>11} {taken:>11.0} {peak:>14}", "sqlite", "");
    }
}

fn name(engine: Engine) -> &'static str {
    if engine == Engine::Sqlite { "sqlite" } else { "postgres" }
}

/// A server that takes everything, and how many spoke with it at once.
struct Peer {
    open: Arc<AtomicUsize>,
    peak: Arc<AtomicUsize>,
    port: u16,
}

impl Peer {
    async fn start(tls: Option<Identity>, takes: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (open, peak) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (now, most) = (Arc::clone(&open), Arc::clone(&peak));
        let tls = tls.map(Identity::acceptor);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("a socket");
                let (now, most, tls) = (Arc::clone(&now), Arc::clone(&most), tls.clone());
                tokio::spawn(async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let mut stream = BufReader::new(stream);
                    drop(stream.write_all(b"220 bench.test ESMTP\r\n").await);
                    if talk(&mut stream, tls.is_some(), takes).await
                        && let Some(tls) = tls
                        && let Ok(stream) = tls.accept(stream.into_inner()).await
                    {
                        talk(&mut BufReader::new(stream), false, takes).await;
                    }
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { open, peak, port }
    }

    fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }
}

/// One conversation; `true` where it goes on with TLS.
async fn talk(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    offers: bool,
    takes: Duration,
) -> bool {
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        let word = String::from_utf8_lossy(&line).trim_end().to_ascii_uppercase();
        line.clear();
        let said: &[u8] = match word.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" if offers => b"250-bench.test\r\n250 STARTTLS\r\n",
            "STARTTLS" => {
                drop(stream.write_all(b"220 go on\r\n").await);
                return true;
            }
            "DATA" => {
                drop(stream.write_all(b"354 go on\r\n").await);
                while stream.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) && line != b".\r\n"
                {
                    line.clear();
                }
                line.clear();
                if !takes.is_zero() {
                    tokio::time::sleep(takes).await;
                }
                b"250 2.0.0 taken\r\n"
            }
            "QUIT" => {
                drop(stream.write_all(b"221 goodbye\r\n").await);
                return false;
            }
            _ => b"250 fine\r\n",
        };
        if stream.write_all(said).await.is_err() {
            return false;
        }
    }
    false
}

/// A service without limits of its own, and the name server that it asks.
async fn service(engine: Engine, way: &str, peer: &Peer) -> (World, DnsServer) {
    let (resolver, dns) = DnsServer::start(HashMap::new()).await;
    for no in 0..DOMAINS {
        let domain = format!("d{no}.test");
        dns.set(&domain, Kind::Mx, vec![Record::Mx(10, format!("mx.{domain}"))]);
        dns.set(&format!("mx.{domain}"), Kind::A, vec![Record::A([127, 0, 0, 2].into())]);
    }
    let mut settings: Vec<String> = ["free", "builder", "scale"]
        .iter()
        .flat_map(|plan| LIMITS.map(|limit| format!("plans.{plan}.{limit}=0")))
        .collect();
    settings.push(format!("dns.servers=[\"{resolver}\"]"));
    settings.extend(match way {
        "sandbox" => vec!["outbound.mode=sandbox".to_owned()],
        "relay" => vec![
            "outbound.mode=relay".to_owned(),
            format!("outbound.relay_url=smtp://127.0.0.2:{}?tls=none", peer.port),
        ],
        _ => vec![
            "outbound.mode=direct".to_owned(),
            "outbound.allow_private=[\"127.0.0.0/8\"]".to_owned(),
            format!("outbound.port={}", peer.port),
        ],
    });
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    (World::on(engine, &settings).await, dns)
}

async fn inboxes(world: &World, tenants: usize) -> (Vec<Tenant>, Vec<Inbox>) {
    let (mut all, mut inboxes) = (Vec::new(), Vec::new());
    for name in ["ada", "bob", "eve", "mia"].into_iter().take(tenants) {
        let tenant = world.tenant(name).await;
        for _ in 0..INBOXES {
            inboxes.push(tenant.inbox().await);
        }
        all.push(tenant);
    }
    (all, inboxes)
}

/// Has `mails` accepted, spread over the inboxes; how long that took.
async fn accept(inboxes: &[Inbox], mails: usize, domains: usize) -> Duration {
    let begun = Instant::now();
    let senders: Vec<_> = inboxes
        .iter()
        .enumerate()
        .map(|(at, inbox)| {
            let (inbox, step) = (inbox.clone(), inboxes.len());
            tokio::spawn(async move {
                for no in (at..mails).step_by(step) {
                    let to = format!("r{no}@d{}.test", no % domains);
                    let text = "A line of ordinary text. ".repeat(40);
                    let body = json!({ "from": inbox.address, "to": [to], "subject": format!("mail {no}"), "body": { "text": text } });
                    inbox.http("POST", "/v1/emails/send").json(&body).send().await.expect(202);
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("accepted");
    }
    begun.elapsed()
}

/// Waits until all were taken.
async fn taken(tenants: &[Tenant], mails: usize) {
    loop {
        let mut sum = 0;
        for tenant in tenants {
            let usage = tenant.http("GET", "/v1/usage").send().await.expect(200);
            sum += usage["total"]["sent"].as_u64().expect("a number");
        }
        if sum >= mails as u64 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn measure(engine: Engine, way: &str, mails: usize) -> (f64, f64, String) {
    let tls = way.ends_with("TLS").then(|| Identity::own("bench.test"));
    let peer = Peer::start(tls, Duration::ZERO).await;
    let (world, _dns) = service(engine, way, &peer).await;
    let (tenants, inboxes) = inboxes(&world, TENANTS).await;
    let begun = Instant::now();
    let accepted = accept(&inboxes, mails, DOMAINS).await;
    taken(&tenants, mails).await;
    let all = begun.elapsed();
    world.stop().await;
    let rate = |time: Duration| mails as f64 / time.as_secs_f64();
    (rate(accepted), rate(all), if way == "sandbox" { "-".to_owned() } else { peer.peak().to_string() })
}

/// One destination that takes a tenth of a second for each mail.
async fn crowd(tenants: usize, mails: usize) -> (f64, usize) {
    let peer = Peer::start(None, Duration::from_millis(100)).await;
    let (world, _dns) = service(Engine::Sqlite, "direct", &peer).await;
    let (tenants, inboxes) = inboxes(&world, tenants).await;
    let begun = Instant::now();
    accept(&inboxes, mails, 1).await;
    taken(&tenants, mails).await;
    let all = begun.elapsed();
    world.stop().await;
    (mails as f64 / all.as_secs_f64(), peer.peak())
}
