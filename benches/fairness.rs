//! What a flood to one tenant costs the others: the whole service, over sockets, on a real disk.
//!
//! `cargo bench --bench fairness [-- RATE SECONDS]` lets 50 tenants receive RATE (5) mails a second each for SECONDS (10),
//! then the same again while one of them receives 50 times that. It prints, for the 49 others, the percentiles of the
//! time from when a mail was due to be sent until its 250 was read: who is kept waiting for its turn is measured too.

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

use tokio::task::JoinSet;
use world::mail::{Sender, plain};
use world::{Engine, World};

const TENANTS: usize = 50;
const FLOOD: u32 = 50;
/// Connections that bring the flood.
const FLOODERS: u32 = 64;

fn main() {
    let mut words = std::env::args().skip(1).filter_map(|word| word.parse::<u32>().ok());
    let (rate, seconds) = (words.next().unwrap_or(5).max(1), words.next().unwrap_or(10).max(1));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        runtime.block_on(measure(engine, rate, Duration::from_secs(seconds.into())));
    }
}

async fn measure(engine: Engine, rate: u32, time: Duration) {
    let world = World::on(engine, &["smtp.messages_per_connection=0", "smtp.max_connections_per_ip=0"]).await;
    let mut addresses = Vec::with_capacity(TENANTS);
    for number in 0..TENANTS {
        // An operator's key is good for 20 requests a second.
        tokio::time::sleep(Duration::from_millis(60)).await;
        addresses.push(world.tenant(&format!("tenant-{number}")).await.inbox().await.address);
    }
    let (flooded, others) = addresses.split_first().expect("fifty");
    let quiet = others_receive(&world, others, rate, time).await;
    tell(engine, "49 tenants alone", &quiet, time);
    let mut flood = JoinSet::new();
    for number in 0..FLOODERS {
        let each = Duration::from_secs(1) * FLOODERS / (rate * FLOOD);
        let start = Instant::now() + each * number / FLOODERS;
        flood.spawn(receive(world.clone(), flooded.clone(), start, each, time));
    }
    let pressed = others_receive(&world, others, rate, time).await;
    tell(engine, "49 tenants beside the flood", &pressed, time);
    let flood = flood.join_all().await.into_iter().flatten().collect::<Vec<_>>();
    tell(engine, "the flooded tenant", &flood, time);
    world.stop().await;
}

async fn others_receive(world: &World, addresses: &[String], rate: u32, time: Duration) -> Vec<Duration> {
    let each = Duration::from_secs(1) / rate;
    let mut senders = JoinSet::new();
    for (number, address) in addresses.iter().enumerate() {
        // Spread evenly, so that the baseline is no thundering herd of its own.
        let start = Instant::now() + each.mul_f64(number as f64 / addresses.len() as f64);
        senders.spawn(receive(world.clone(), address.clone(), start, each, time));
    }
    senders.join_all().await.into_iter().flatten().collect()
}

/// Sends a mail each so often over one connection; how long each took from when it was due.
async fn receive(world: World, to: String, start: Instant, each: Duration, time: Duration) -> Vec<Duration> {
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    let (mut due, end, mut times) = (start, start + time, Vec::new());
    while due < end && Instant::now() < end {
        tokio::time::sleep_until(due.into()).await;
        let raw = plain(&format!("mail {}", times.len()), &"A line of ordinary text. ".repeat(160));
        let reply = sender.send("s@example.com", &[&to], &raw).await.expect("a reply");
        assert!(reply.starts_with("250 "), "{reply}");
        times.push(due.elapsed());
        due += each;
    }
    times
}

fn tell(engine: Engine, who: &str, times: &[Duration], time: Duration) {
    let mut times = times.to_vec();
    times.sort();
    let at = |share: f64| {
        times.get((times.len().saturating_sub(1) as f64 * share) as usize).copied().unwrap_or_default()
    };
    println!(
        "{engine:?}: {who}: {:.0} mails/s, due to 250: p50 {:?}, p90 {:?}, p99 {:?}, max {:?}",
        times.len() as f64 / time.as_secs_f64(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}
