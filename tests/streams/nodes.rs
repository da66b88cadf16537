//! Streams and leases on several nodes: what one commits the others tell, and together they are exact.

use std::collections::BTreeSet;

use serde_json::json;

use super::client::{Socket, Sse};
use super::leases::{claim, email, fill};
use crate::world::World;
use crate::world::actors::Inbox;
use crate::world::mail::plain;

/// Nodes that never look by themselves while a test lasts: what they know they have heard.
const DEAF_TO_TIME: [&str; 2] = ["store.look_again_ms=60000", "limits.token_cache_ms=3600000"];

async fn two() -> (World, World, Inbox) {
    let first = World::node(&DEAF_TO_TIME).await;
    let second = first.further_node("smtp,web,dispatch", &[]).await;
    let inbox = first.tenant("ada").await.inbox().await;
    (first, second, inbox)
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_one_node_takes_is_told_on_the_other_s_streams_until_the_key_ends() {
    let (a, b, inbox) = two().await;
    let mut socket = Socket::connect(b.http, &inbox.token).await;
    socket.subscribe(&inbox.id).await;
    let path = format!("/v1/inboxes/{}/stream", inbox.id);
    let mut sse = Sse::open(b.http, &inbox.token, &path, None).await.expect("open");
    for number in 0..5 {
        assert!(a.deliver_raw(&plain(&number.to_string(), "x"), &[&inbox.address]).await.starts_with("250 "));
        let event = socket.hear().await;
        assert_eq!(event["data"]["subject"], json!(number.to_string()));
        assert_eq!(sse.next().await.expect("an event").data, event);
    }
    let key = format!("/v1/inboxes/{}", inbox.id);
    let ended = a.http("DELETE", key).token(&inbox.token).send().await;
    assert_eq!(ended.status, 403, "an agent does not delete its inbox");
    let leaked = a.http("POST", "/v1/token-scan").json(&json!({ "token": inbox.token })).send().await;
    assert_eq!(leaked.status, 200, "{}", leaked.text());
    assert_eq!(socket.closed().await, 4401);
    assert!(sse.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_misses_nothing_of_what_two_nodes_write_at_once() {
    const EACH: usize = 15;
    let (a, b, inbox) = two().await;
    let mut socket = Socket::connect(a.http, &inbox.token).await;
    socket.subscribe(&inbox.id).await;
    let writers: Vec<_> = [a.clone(), b.clone()]
        .into_iter()
        .map(|node| {
            let inbox = inbox.clone();
            tokio::spawn(async move { fill(&node, &inbox, EACH).await })
        })
        .collect();
    let mut heard = Vec::new();
    let mut last = String::new();
    while heard.len() < 2 * EACH {
        if heard.len() % 7 == 6 {
            // A new connection, on the other node each time.
            let node = if heard.len() % 2 == 0 { &a } else { &b };
            socket = Socket::connect(node.http, &inbox.token).await;
            socket.resume(&inbox.id, &last).await;
        }
        let event = socket.hear().await;
        last = event["id"].as_str().expect("an id").to_owned();
        heard.push(event["data"]["seq"].as_i64().expect("a place"));
    }
    for writer in writers {
        writer.await.expect("no panic");
    }
    assert_eq!(heard.iter().copied().collect::<BTreeSet<_>>().len(), 2 * EACH, "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_never_lease_the_same_mail() {
    let (a, b, inbox) = two().await;
    fill(&a, &inbox, 20).await;
    let claimers: Vec<_> = (0..10)
        .map(|number| {
            let world = if number % 2 == 0 { a.clone() } else { b.clone() };
            let inbox = Inbox { world, ..inbox.clone() };
            tokio::spawn(async move { claim(&inbox, 2, 600).await })
        })
        .collect();
    let mut claimed = Vec::new();
    for claimer in claimers {
        claimed.extend(claimer.await.expect("no panic").iter().map(email));
    }
    claimed.extend(claim(&inbox, 100, 600).await.iter().map(email));
    assert_eq!(claimed.len(), 20);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>().len(), 20);
}
