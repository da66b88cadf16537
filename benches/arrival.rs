//! From SMTP's 250 to the agent, by each way at once: webhook, long poll, socket, server-sent event.
//!
//! `cargo bench --bench arrival [-- SECONDS]` (20) prints p50 and p99 at 1 and at 200 mails a second, on both databases.
//! At 200 without the deep model: with it a mail takes longer to read than it takes to bring the next, and the senders,
//! not the ways, would be measured. An event that arrives before the sender has read its 250 counts as 0.

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

use std::collections::HashMap;
use std::time::{Duration, Instant};

use client::{Socket, Sse};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use world::actors::Inbox;
use world::endpoint::endpoint;
use world::mail::{Sender, plain};
use world::{Engine, World};

const INBOXES: usize = 20;
const WAYS: [&str; 4] = ["webhook", "poll", "socket", "sse"];

/// That a mail of this subject was accepted, or arrived by a way, then.
type Seen = (&'static str, String, Instant);

fn main() {
    let seconds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(20);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for rate in [1, 200] {
            runtime.block_on(measure(engine, rate, seconds));
        }
    }
}

async fn measure(engine: Engine, rate: usize, seconds: usize) {
    let mut settings = vec![
        "webhooks.allow_private=[\"127.0.0.0/8\"]".to_owned(),
        "smtp.messages_per_connection=0".to_owned(),
        "smtp.max_connections_per_ip=0".to_owned(),
        format!("screening.deep=\"{}\"", if rate > 1 { "off" } else { "grey" }),
    ];
    for plan in ["free", "builder", "scale"] {
        for limit in
            ["max_inboxes", "requests_per_second", "receive_per_minute", "receive_per_minute_per_inbox"]
        {
            settings.push(format!("plans.{plan}.{limit}=0"));
        }
        for limit in ["daily_mails", "concurrent_streams"] {
            settings.push(format!("plans.{plan}.{limit}=0"));
        }
    }
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let world = World::on(engine, &settings).await;
    let ada = world.tenant("ada").await;
    let (seen, mut found) = unbounded_channel::<Seen>();
    let (address, mut calls) = endpoint(&[]).await;
    let hook = json!({ "url": format!("http://{address}/") });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    let told = seen.clone();
    tokio::spawn(async move {
        while let Some(call) = calls.recv().await {
            note(&told, "webhook", &call.json()["data"]);
        }
    });
    let mut inboxes = Vec::new();
    for _ in 0..INBOXES {
        let inbox = ada.inbox().await;
        listen(&world, &inbox, &seen).await;
        inboxes.push(inbox);
        // A key may ask 20 times a second.
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let count = rate * seconds;
    let (start, each) = (Instant::now(), Duration::from_secs(1) / u32::try_from(rate).expect("small"));
    let senders: Vec<_> = inboxes
        .into_iter()
        .enumerate()
        .map(|(at, inbox)| {
            let (to, seen) = (world.smtp, seen.clone());
            tokio::spawn(async move {
                let mut sender = Sender::connect(to).await.expect("connected");
                for number in (at..count).step_by(INBOXES) {
                    let due = start + each * u32::try_from(number).expect("small");
                    tokio::time::sleep_until(due.into()).await;
                    let subject = format!("mail {number}");
                    let raw = plain(&subject, &"A line of ordinary text. ".repeat(160));
                    let reply = sender.send("s@example.com", &[&inbox.address], &raw).await.expect("a reply");
                    assert!(reply.starts_with("250 "), "{reply}");
                    let _ = seen.send(("accepted", subject, Instant::now()));
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("sent");
    }
    let took = start.elapsed();
    let mut accepted: HashMap<String, Instant> = HashMap::new();
    let mut arrived: HashMap<&str, HashMap<String, Instant>> = HashMap::new();
    let is_whole = |arrived: &HashMap<&str, HashMap<String, Instant>>| {
        WAYS.iter().all(|way| arrived.get(way).is_some_and(|mails| mails.len() >= count))
    };
    while accepted.len() < count || !is_whole(&arrived) {
        let next = tokio::time::timeout(Duration::from_secs(60), found.recv()).await;
        let Ok(Some((way, subject, at))) = next else { break };
        let place = if way == "accepted" { &mut accepted } else { arrived.entry(way).or_default() };
        place.entry(subject).or_insert(at);
    }
    println!("{engine:?}, {rate} a second: {count} mails accepted in {took:?}");
    for way in WAYS {
        let mails = arrived.remove(way).unwrap_or_default();
        let mut times: Vec<Duration> = mails
            .iter()
            .filter_map(|(subject, at)| Some(at.saturating_duration_since(*accepted.get(subject)?)))
            .collect();
        times.sort();
        let at = |share: f64| times.get((times.len().saturating_sub(1) as f64 * share) as usize);
        println!("  {way}: {} arrived, p50 {:?}, p99 {:?}", times.len(), at(0.5), at(0.99));
    }
    world.stop().await;
}

/// Waits for an inbox' mail by poll, socket and server-sent events.
async fn listen(world: &World, inbox: &Inbox, seen: &UnboundedSender<Seen>) {
    let mut socket = Socket::connect(world.http, &inbox.token).await;
    socket.subscribe(&inbox.id).await;
    let told = seen.clone();
    tokio::spawn(async move {
        while let Ok(event) = socket.next().await {
            note(&told, "socket", &event["data"]);
        }
    });
    let path = format!("/v1/inboxes/{}/stream", inbox.id);
    let mut sse = Sse::open(world.http, &inbox.token, &path, None).await.expect("open");
    let told = seen.clone();
    tokio::spawn(async move {
        while let Some(sent) = sse.next().await {
            note(&told, "sse", &sent.data["data"]);
        }
    });
    let (told, inbox) = (seen.clone(), inbox.clone());
    tokio::spawn(async move {
        let mut after = 0;
        loop {
            let path = format!("/v1/inboxes/{}/emails/poll?timeout=25&after={after}", inbox.id);
            let Ok(answer) = inbox.http("GET", path).try_send().await else { return };
            if answer.status != 200 {
                continue;
            }
            for mail in answer.json()["data"].as_array().expect("a list") {
                note(&told, "poll", mail);
                after = after.max(mail["seq"].as_i64().unwrap_or_default());
            }
        }
    });
}

fn note(seen: &UnboundedSender<Seen>, way: &'static str, mail: &Value) {
    let at = Instant::now();
    if let Some(subject) = mail["subject"].as_str() {
        let _ = seen.send((way, subject.to_owned(), at));
    }
}
