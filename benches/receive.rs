//! How long after the 250 a waiting agent has its mail: the whole service, over sockets, on a real disk.
//!
//! `cargo bench --bench receive [-- MAILS]` prints the percentiles of the time from the reply to the end of DATA until the
//! long poll's answer is read. The poll waits before the mail is sent, as an agent's does.

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

use std::time::{Duration, Instant};

use serde_json::Value;
use world::mail::{Sender, plain};
use world::{Engine, World};

fn main() {
    let mails = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(500);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let mut times = runtime.block_on(measure(engine, mails));
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!(
            "{engine:?}: 250 to poll answer over {mails} mails: p50 {:?}, p90 {:?}, p99 {:?}, max {:?}",
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0)
        );
    }
}

async fn measure(engine: Engine, mails: usize) -> Vec<Duration> {
    let world = World::on(engine, &["smtp.messages_per_connection=0"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    let mut times = Vec::with_capacity(mails);
    for number in 0..mails {
        let path = format!("/v1/inboxes/{}/emails/poll?timeout=25&after={number}", inbox.id);
        let poll = inbox.http("GET", path);
        let waiting = tokio::spawn(async move {
            let answer = poll.send().await;
            (Instant::now(), answer)
        });
        // Requests are limited to 20 a second; and the poll must be waiting when the mail comes.
        tokio::time::sleep(Duration::from_millis(60)).await;
        let raw = plain(&format!("mail {number}"), &"A line of ordinary text. ".repeat(160));
        let reply = sender.send("s@example.com", &[&inbox.address], &raw).await.expect("a reply");
        let told = Instant::now();
        assert!(reply.starts_with("250 "), "{reply}");
        let (answered, answer) = waiting.await.expect("an answer");
        let list: Value = answer.json();
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{list}");
        // The poll is often answered before the sender has read its reply: that is no time at all.
        times.push(answered.saturating_duration_since(told));
    }
    world.stop().await;
    times
}
