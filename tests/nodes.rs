//! Several nodes on one PostgreSQL: what one commits the others hear of, and together they are exact.

mod balancer;
mod hearing;
mod killed;
mod provision;
mod repeats;
mod starting;

use std::time::Duration;

use crate::world::World;

/// Nodes that never look by themselves while a test lasts: what they know they have heard.
const DEAF_TO_TIME: [&str; 2] = ["store.look_again_ms=3600000", "limits.token_cache_ms=3600000"];

/// Looks until it holds. What never holds fails by the bound, which is no measure of anything.
async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..3_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to hold: {what}");
}

/// Two nodes that run everything.
async fn two(settings: &[&str]) -> (World, World) {
    let first = World::node(settings).await;
    let second = first.further_node("smtp,web,dispatch", &[]).await;
    (first, second)
}
