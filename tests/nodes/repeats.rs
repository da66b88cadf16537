//! The same bytes at two nodes: one message after a lost 250, two when both 250s were read.

use std::collections::BTreeSet;

use super::two;
use crate::world::World;
use crate::world::actors::Inbox;
use crate::world::mail::{Sender, plain};

/// Sends a message and reads its 250, and shows the node nothing of that. The connection stays open.
async fn send(node: &World, inbox: &Inbox, raw: &[u8]) -> (Sender, String) {
    let mut sender = Sender::connect(node.smtp).await.expect("a connection");
    let reply = sender.send("sender@example.com", &[&inbox.address], raw).await.expect("a reply");
    (sender, id_of(&reply))
}

fn id_of(reply: &str) -> String {
    reply.strip_prefix("250 2.0.0 ").unwrap_or_else(|| panic!("{reply}")).to_owned()
}

async fn ids(inbox: &Inbox) -> BTreeSet<String> {
    inbox.emails().await.iter().map(|mail| mail["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_250_was_lost_and_that_is_sent_again_to_another_node_is_one() {
    let (a, b) = two(&[]).await;
    let inbox = a.tenant("ada").await.inbox().await;
    let raw = plain("once", "x");
    let (connection, first) = send(&a, &inbox, &raw).await;
    // As if the reply never came: the connection is gone without another word.
    drop(connection);
    let again = id_of(&b.deliver_raw(&raw, &[&inbox.address]).await);
    assert_eq!(again, first);
    assert_eq!(ids(&inbox).await, BTreeSet::from([first]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_identical_messages_whose_250s_were_read_are_two_on_two_nodes() {
    let (a, b) = two(&[]).await;
    let inbox = a.tenant("ada").await.inbox().await;
    for round in 0..3 {
        let raw = plain(&format!("twice {round}"), "x");
        // Each says goodbye, and so shows that it read its 250; the other node is asked at once.
        let first = id_of(&a.deliver_raw(&raw, &[&inbox.address]).await);
        let second = id_of(&b.deliver_raw(&raw, &[&inbox.address]).await);
        assert_ne!(first, second);
    }
    assert_eq!(ids(&inbox).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_250_that_was_read_long_after_it_came_counts_at_another_node_too() {
    let (a, b) = two(&[]).await;
    let inbox = a.tenant("ada").await.inbox().await;
    let raw = plain("late", "x");
    let (mut connection, first) = send(&a, &inbox, &raw).await;
    // The message is an hour old when the client speaks again.
    let admin = sqlx::PgPool::connect(&a.database().expect("a database").admin_url).await.expect("opened");
    let aged = sqlx::query("UPDATE message SET armed_at = armed_at - 3600000").execute(&admin).await;
    assert_eq!(aged.expect("aged").rows_affected(), 1);
    connection.command("NOOP").await.expect("a reply");
    let second = id_of(&b.deliver_raw(&raw, &[&inbox.address]).await);
    assert_ne!(first, second);
    assert_eq!(ids(&inbox).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_at_two_nodes_at_the_same_moment_are_taken_by_both_and_lost_by_none() {
    let (a, b) = two(&[]).await;
    let inbox = a.tenant("ada").await.inbox().await;
    for round in 0..3 {
        let raw = plain(&format!("race {round}"), "x");
        let (one, other) = tokio::join!(send(&a, &inbox, &raw), send(&b, &inbox, &raw));
        // Neither client had shown that it read anything, so the second was a repeat of the first.
        assert_eq!(one.1, other.1);
        assert_eq!(ids(&inbox).await.len(), round + 1);
    }
}
