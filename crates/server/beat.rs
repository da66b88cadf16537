//! Tells the other processes of the database that this one serves, for the people who look after them.

use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_mailroom::{BEAT, Mailroom};
use mailward_store::{Node, Store};
use tokio_util::sync::CancellationToken;

use crate::roles::Roles;

/// What this process is called among the others.
pub(crate) fn node(name: String, roles: Roles, clock: &Clock, random: &Random) -> Node {
    let id: [u8; 8] = random.bytes();
    let now = clock.now();
    Node {
        id: format!("nod_{:016x}", u64::from_be_bytes(id)),
        name,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        roles: roles.to_string(),
        started_at: now,
        seen_at: now,
        unready: None,
    }
}

/// Says so every few seconds until told to stop, and then takes it back.
pub(crate) async fn keep(mut node: Node, store: Store, room: Mailroom, stop: CancellationToken) {
    loop {
        node.seen_at = room.clock().now();
        node.unready = room.ready().await.err().map(str::to_owned);
        // Whoever cannot write here has said why by now.
        if let Err(error) = store.note_node(&node).await {
            tracing::debug!(%error, "could not say that this node serves");
        }
        tokio::select! {
            () = tokio::time::sleep(BEAT) => {}
            () = stop.cancelled() => break,
        }
    }
    if let Err(error) = store.forget_node(&node.id).await {
        tracing::debug!(%error, "could not say that this node ends");
    }
}
