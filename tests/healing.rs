//! What breaks beside the service and comes back: it says so meanwhile, loses nothing, and goes on without a hand.

use std::time::Duration;

use serde_json::json;

use crate::judging::until;
use crate::sending::{fares, letter, sent};
use crate::world::World;
use crate::world::endpoint::endpoint;
use crate::world::mail::{Sender, plain};

async fn readiness(world: &World) -> (u16, String) {
    let told = world.http("GET", "/readyz").send().await;
    (told.status, told.json()["reason"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_stops_is_told_of_and_taken_up_again() {
    let (hook, mut called) = endpoint(&[]).await;
    let world = World::on_own_server(&[r#"webhooks.allow_private=["127.0.0.0/8"]"#]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let wanted = json!({ "url": format!("http://{hook}/"), "events": ["email.received"] });
    ada.http("POST", "/v1/webhooks").json(&wanted).send().await.expect(201);
    assert!(world.deliver_raw(&plain("before", "x"), &[&inbox.address]).await.starts_with("250 "));
    called.recv().await.expect("a call");
    assert_eq!(readiness(&world).await, (200, String::new()));
    // Half of a conversation is over when the database goes.
    let mut talking = Sender::connect(world.smtp).await.expect("connected");
    talking.command("MAIL FROM:<mia@elsewhere.example>").await.expect("an answer");
    let taken = talking.command(&format!("RCPT TO:<{}>", inbox.address)).await.expect("an answer");
    assert!(taken.starts_with("250 "), "{taken}");

    let server = world.database().expect("PostgreSQL").cluster();
    server.halt();
    until("it says so", async || readiness(&world).await == (503, "store".to_owned())).await;
    let refused = talking.command("DATA").await.expect("an answer");
    let refused = match refused.starts_with("354 ") {
        true => talking.command("Subject: middle\r\n\r\nx\r\n.").await.expect("an answer"),
        false => refused,
    };
    assert!(refused.starts_with('4'), "{refused}");
    let refused = world.deliver_raw(&plain("meanwhile", "x"), &[&inbox.address]).await;
    assert!(refused.starts_with("451 4.3.0 "), "{refused}");
    let list = inbox.http("GET", format!("/v1/inboxes/{}/emails", inbox.id)).send().await;
    assert_eq!((list.status, list.json()["error"].as_str()), (503, Some("unavailable")));
    let send = inbox.http("POST", "/v1/emails/send").json(&letter(&inbox, &["mia@elsewhere.example"]));
    assert_eq!(send.send().await.status, 503);
    assert_eq!(world.http("GET", "/healthz").send().await.status, 200, "it lives, and is not to be killed");

    server.resume();
    until("it is ready", async || readiness(&world).await.0 == 200).await;
    assert!(world.deliver_raw(&plain("after", "x"), &[&inbox.address]).await.starts_with("250 "));
    let subjects: Vec<_> = inbox.emails().await.iter().map(|mail| mail["subject"].clone()).collect();
    assert_eq!(subjects, [json!("after"), json!("before")], "what got no 250 is not there, what got one is");
    // The workers behind the listeners go on as well, and whoever waits is woken.
    let call = tokio::time::timeout(Duration::from_secs(60), called.recv()).await.expect("a call in time");
    assert_eq!(call.expect("a call").json()["type"], "email.received");
    let id = sent(&inbox, &letter(&inbox, &["mia@elsewhere.example"])).await;
    fares(&inbox, &id, "sent").await;
    let poll = format!("/v1/inboxes/{}/emails/poll?timeout=25", inbox.id);
    let (waits, reply) = tokio::join!(inbox.http("GET", &poll).send(), async {
        let raw = plain("waited for", "x");
        world.deliver_raw(&raw, &[&inbox.address]).await
    });
    assert!(reply.starts_with("250 "), "{reply}");
    assert_eq!(waits.status, 200, "{}", waits.text());
    let metrics = world.operator_http("GET", "/metrics").send().await.text();
    assert!(metrics.contains("mailward_ready 1\n"), "{metrics}");
    world.stop().await;
}
