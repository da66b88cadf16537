//! What those who wait cost: long polls and sockets held at once, the memory that each takes in the service, and how long
//! it takes until all of them are answered.
//!
//! `cargo bench --bench waiters [-- POLLS SOCKETS]` (10000 and 1000). The clients are a process of their own, so that the
//! figures are the service's alone; what the kernel holds for a connection is not among them. Needs `ulimit -n` above the sum.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(
    unreachable_pub,
    dead_code,
    unused_macros,
    unused_imports,
    reason = "the harness of the tests, of which this uses a part"
)]

#[path = "../tests/streams/client.rs"]
mod client;
#[path = "../tests/world/mod.rs"]
mod world;

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use client::Socket;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines, Stdin};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use world::actors::Inbox;
use world::mail::plain;
use world::{Engine, World};

const INBOXES: usize = 100;
const NO_LIMITS: [&str; 18] = [
    "plans.free.max_inboxes=0",
    "plans.free.concurrent_polls=0",
    "plans.free.concurrent_polls_per_inbox=0",
    "plans.free.concurrent_streams=0",
    "plans.free.requests_per_second=0",
    "plans.free.receive_per_minute=0",
    "plans.builder.max_inboxes=0",
    "plans.builder.concurrent_polls=0",
    "plans.builder.concurrent_polls_per_inbox=0",
    "plans.builder.concurrent_streams=0",
    "plans.builder.requests_per_second=0",
    "plans.builder.receive_per_minute=0",
    "plans.scale.max_inboxes=0",
    "plans.scale.concurrent_polls=0",
    "plans.scale.concurrent_polls_per_inbox=0",
    "plans.scale.concurrent_streams=0",
    "plans.scale.requests_per_second=0",
    "plans.scale.receive_per_minute=0",
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if std::env::args().any(|word| word == "clients") {
        runtime.block_on(clients());
        return;
    }
    let counts: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [polls, sockets] = *counts.as_slice() else { return runtime.block_on(measure(10_000, 1_000)) };
    runtime.block_on(measure(polls, sockets));
}

async fn measure(polls: usize, sockets: usize) {
    let world = World::on(Engine::Sqlite, &NO_LIMITS).await;
    let ada = world.tenant("ada").await;
    let mut inboxes = Vec::new();
    while inboxes.len() < INBOXES {
        inboxes.push(ada.inbox().await);
        // A key may ask 20 times a second.
        tokio::time::sleep(Duration::from_millis(55)).await;
    }
    for (kind, count) in [("socket", sockets), ("poll", polls)] {
        let before = resident();
        let mut clients = Clients::start(kind, count, world.http, &inboxes).await;
        let held = resident();
        let started = Instant::now();
        for inbox in &inboxes {
            let reply = world.deliver_raw(&plain("for all", "x"), &[&inbox.address]).await;
            assert!(reply.starts_with("250 "), "{reply}");
        }
        let answered = clients.finish().await;
        println!(
            "{count} of kind {kind}: {} KiB in all, {:.1} KiB each; {answered} answered {:?} after the first of {INBOXES} mails",
            held.saturating_sub(before),
            held.saturating_sub(before) as f64 / count.max(1) as f64,
            started.elapsed()
        );
        assert_eq!(answered, count);
    }
    world.stop().await;
}

/// Resident memory of this process, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// The process of the clients.
struct Clients {
    _child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Clients {
    async fn start(kind: &str, count: usize, to: SocketAddr, inboxes: &[Inbox]) -> Self {
        let own = std::env::current_exe().expect("a program");
        let mut child = Command::new(own)
            .arg("clients")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("started");
        let mut input = child.stdin.take().expect("piped");
        let from = BufReader::new(child.stdout.take().expect("piped")).lines();
        for (at, inbox) in inboxes.iter().enumerate() {
            let share = count / inboxes.len() + usize::from(at < count % inboxes.len());
            let line = format!("{kind} {share} {to} {} {}\n", inbox.id, inbox.token);
            input.write_all(line.as_bytes()).await.expect("told");
        }
        input.write_all(b"open\n").await.expect("told");
        let mut clients = Self { _child: child, to: input, from };
        clients.line().await;
        // What was sent last is read by now, and waits.
        tokio::time::sleep(Duration::from_secs(2)).await;
        clients
    }

    async fn line(&mut self) -> String {
        self.from.next_line().await.expect("read").expect("a line")
    }

    async fn finish(&mut self) -> usize {
        self.to.write_all(b"answers\n").await.expect("told");
        self.line().await.parse().expect("a number")
    }
}

enum Waiting {
    Poll(TcpStream),
    Socket(Box<Socket>),
}

/// The other process: opens what it is told to, then counts the answers.
async fn clients() {
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    let mut groups = Vec::new();
    while let Some(line) = input.next_line().await.expect("read") {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let [kind, count, to, inbox, token] = words.as_slice() else { break };
        let (count, to): (usize, SocketAddr) = (count.parse().expect("a number"), to.parse().expect("it"));
        groups.push(tokio::spawn(open(kind == "poll", count, to, inbox.clone(), token.clone())));
    }
    let mut waiting = Vec::new();
    for group in groups {
        waiting.extend(group.await.expect("opened"));
    }
    println!("open");
    input.next_line().await.expect("read");
    let answers: Vec<_> = waiting.into_iter().map(|one| tokio::spawn(answer(one))).collect();
    let mut answered = 0;
    for one in answers {
        answered += usize::from(one.await.expect("no panic"));
    }
    println!("{answered}");
}

async fn open(is_poll: bool, count: usize, to: SocketAddr, inbox: String, token: String) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    for number in 0..count {
        if is_poll {
            let mut stream = TcpStream::connect(to).await.expect("connected");
            let request = format!(
                "GET /v1/inboxes/{inbox}/emails/poll?timeout=25 HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {token}\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await.expect("sent");
            waiting.push(Waiting::Poll(stream));
        } else {
            let mut socket = Socket::connect(to, &token).await;
            socket.subscribe(&inbox).await;
            waiting.push(Waiting::Socket(Box::new(socket)));
        }
        if number > 30 {
            // A key may ask 20 times a second.
            tokio::time::sleep(Duration::from_millis(52)).await;
        }
    }
    waiting
}

async fn answer(waiting: Waiting) -> bool {
    match waiting {
        Waiting::Poll(mut stream) => {
            let mut status = [0; 12];
            stream.read_exact(&mut status).await.is_ok() && status.ends_with(b"200")
        }
        Waiting::Socket(mut socket) => socket.next().await.is_ok_and(|event| event["type"] == "event"),
    }
}
