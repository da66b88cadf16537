//! What a search costs: the whole service, over sockets, on a real disk, a word that no mail holds.
//!
//! `cargo bench --bench search [-- MAILS]` prints, for inboxes of one hundredth, a tenth and all of so many mails (10,000
//! when nothing is said), the time and the requests until everything was looked at. Every mail has 2 KB of text, every fourth
//! as HTML.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(
    unreachable_pub,
    dead_code,
    unused_macros,
    unused_imports,
    reason = "the harness of the tests, of which this uses a part"
)]

#[path = "../tests/world/mod.rs"]
mod world;

use std::time::Instant;

use serde_json::json;
use world::actors::Inbox;
use world::mail::Sender;
use world::{Engine, World};

/// Connections that deliver at once.
const SENDERS: usize = 8;

fn main() {
    let mails = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        runtime.block_on(measure(engine, mails));
    }
}

async fn measure(engine: Engine, most: usize) {
    let settings = ["smtp.messages_per_connection=0", "smtp.max_connections_per_ip=0", "screening.deep=off"];
    let world = World::on(engine, &settings).await;
    let ada = world.tenant("ada").await;
    let unlimited = json!({ "plan": "scale", "limits": { "receivePerMinute": 0, "receivePerMinutePerInbox": 0,
        "dailyMails": 0, "dailyMailsPerInbox": 0, "monthlyMails": 0, "monthlyMailsPerInbox": 0, "requestsPerSecond": 0 } });
    world.operator_http("PATCH", "/operator/v1/tenants/ada").json(&unlimited).send().await.expect(200);
    let mut sizes = vec![most / 100, most / 10, most];
    sizes.retain(|size| *size > 0);
    for size in sizes {
        let inbox = ada.inbox().await;
        fill(&world, &inbox, size).await;
        let (started, mut requests, mut cursor) = (Instant::now(), 0, String::new());
        loop {
            let path = format!("/v1/emails/search?q=nowhere+to+befound&inboxId={}{cursor}", inbox.id);
            let page = ada.http("GET", path).send().await.expect(200);
            requests += 1;
            assert_eq!(page["data"], json!([]));
            match page["pagination"]["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let took = started.elapsed();
        let each = took / u32::try_from(size).unwrap_or(1);
        println!("{engine:?}: {size} mails looked through in {took:?}, {requests} requests, {each:?} a mail");
    }
    world.stop().await;
}

async fn fill(world: &World, inbox: &Inbox, count: usize) {
    let mut senders = tokio::task::JoinSet::new();
    for lane in 0..SENDERS {
        let (to, address) = (world.smtp, inbox.address.clone());
        senders.spawn(async move {
            let mut sender = Sender::connect(to).await.expect("connected");
            for number in (lane..count).step_by(SENDERS) {
                let reply = sender.send("s@example.com", &[&address], &mail(number)).await.expect("a reply");
                assert!(reply.starts_with("250 "), "{reply}");
            }
        });
    }
    while let Some(done) = senders.join_next().await {
        done.expect("delivered");
    }
}

fn mail(number: usize) -> Vec<u8> {
    let line = "Two lines about the weather at the coast and what became of the boats that were out. ";
    let (kind, text) = match number % 4 {
        0 => ("text/html", format!("<p>{}</p>", line.repeat(24))),
        _ => ("text/plain", line.repeat(24)),
    };
    format!(
        "From: Sender <sender{}@example.com>\r\nSubject: mail {number}\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{text}\r\n",
        number % 50
    )
    .into_bytes()
}
