//! What it costs to find out who holds a token: known a moment ago, asked of the store, wrong, or no token at all.
//!
//! `cargo bench --bench token [-- CALLS]` prints percentiles of each, and the share of one core that 10,000 wrong tokens
//! a second take. Wrong tokens are well-formed, each with another key id: the most that a stranger can make us do.

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

use std::net::IpAddr;
use std::time::{Duration, Instant};

use mailward_mail::random::Random;
use mailward_mailroom::Mailroom;
use mailward_vault::{Token, TokenKind};
use nix::sys::resource::{UsageWho, getrusage};
use world::{Engine, World};

fn main() {
    let calls = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(20_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        runtime.block_on(measure(engine, calls));
    }
}

async fn measure(engine: Engine, calls: usize) {
    let world = World::on(engine, &[]).await;
    let ada = world.tenant("ada").await;
    let room = world.with_app(|app| app.room().clone());
    let random = Random::seeded(1);
    let wrong: Vec<String> =
        (0..calls).map(|_| Token::made_up(TokenKind::Tenant, &random).expose().to_owned()).collect();
    let keys: Vec<String> = {
        let mut keys = Vec::new();
        for _ in 0..500 {
            let made = ada.http("POST", "/v1/keys").json(&serde_json::json!({})).send().await;
            if made.status != 201 {
                // 20 requests a second.
                tokio::time::sleep(Duration::from_millis(60)).await;
                continue;
            }
            keys.push(made.json()["token"].as_str().expect("a token").to_owned());
        }
        keys
    };
    let one = std::slice::from_ref(&ada.token);
    told(engine, "cold", time(&room, keys.iter()).await);
    told(engine, "warm", time(&room, one.iter().cycle().take(calls)).await);
    let garbage = ["mw_t_0000000000AA_x".to_owned()];
    told(engine, "malformed", time(&room, garbage.iter().cycle().take(calls)).await);
    let (before, started) = (cpu(), Instant::now());
    let times = time(&room, wrong.iter()).await;
    let (spent, elapsed) = (cpu() - before, started.elapsed());
    told(engine, "wrong", times);
    let each = spent.as_secs_f64() / calls as f64;
    println!(
        "{engine:?}: {calls} wrong tokens in {elapsed:.2?}; {:.1} us of CPU each, so 10,000 a second take {:.2} of a core",
        each * 1e6,
        each * 10_000.0
    );
    world.stop().await;
}

async fn time(room: &Mailroom, tokens: impl Iterator<Item = &String>) -> Vec<Duration> {
    let from: IpAddr = [192, 0, 2, 1].into();
    let mut times = Vec::new();
    for token in tokens {
        let started = Instant::now();
        let _ = std::hint::black_box(room.principal(token, from).await);
        times.push(started.elapsed());
    }
    times
}

fn told(engine: Engine, what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{engine:?}: {what}: {} calls, p50 {:?}, p99 {:?}", times.len(), at(0.5), at(0.99));
}

/// CPU time of this process, in user and kernel mode.
fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the kernel tells");
    let of = |time: nix::sys::time::TimeVal| {
        Duration::new(time.tv_sec().unsigned_abs(), u32::try_from(time.tv_usec()).unwrap_or(0) * 1_000)
    };
    of(usage.user_time()) + of(usage.system_time())
}
