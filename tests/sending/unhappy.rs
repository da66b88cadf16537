//! Servers that refuse, stall and vanish, and a service that dies: nothing accepted is lost, nothing is sent twice at once.

use serde_json::json;

use super::server::{Script, Server};
use super::{fares, letter, sent};
use crate::judging::until;
use crate::world::actors::Inbox;
use crate::world::http::Request;
use crate::world::process::Process;
use crate::world::{World, both_databases};

both_databases!(
    a_relay_takes_what_is_handed_to_it_dot_by_dot,
    a_refusal_is_of_one_recipient_and_says_why,
    a_connection_that_is_lost_is_tried_again,
    mail_for_a_paused_inbox_waits_over_a_restart,
    each_turn_is_told_once_to_a_webhook,
);

async fn against(world: &World, script: Script) -> (World, Server, Inbox) {
    let server = Server::start(script).await;
    let settings = server.settings();
    let world = world.start_with(&[settings[0].as_str(), settings[1].as_str()]).await;
    let inbox = world.tenant("ada").await.inbox().await;
    (world, server, inbox)
}

async fn a_relay_takes_what_is_handed_to_it_dot_by_dot(world: World) {
    let (_world, server, inbox) = against(&world, Script::Takes).await;
    let mut body = letter(&inbox, &["mia@example.com"]);
    body["body"]["text"] = json!(".\n..two\n\n.\nlast");
    let id = sent(&inbox, &body).await;
    let mail = fares(&inbox, &id, "sent").await;
    assert_eq!(mail["recipients"][0]["answer"], "250 2.0.0 taken as 7");
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("\r\n\r\n..\r\n...two\r\n\r\n..\r\nlast\r\n"), "{}", mails[0]);
    assert!(mails[0].ends_with("\r\n.\r\n"));
    assert!(mails[0].replace("\r\n", "").find(['\r', '\n']).is_none());
}

async fn a_refusal_is_of_one_recipient_and_says_why(world: World) {
    let (_world, server, inbox) = against(&world, Script::Picky).await;
    let id = sent(&inbox, &letter(&inbox, &["no@example.com", "yes@example.com", "later@example.com"])).await;
    let mail = fares(&inbox, &id, "deferred").await;
    let said =
        |at: usize| (mail["recipients"][at]["status"].clone(), mail["recipients"][at]["answer"].to_string());
    assert_eq!(said(0).0, "failed");
    assert!(said(0).1.contains("nobody") && !said(0).1.contains("\\u001b"), "{:?}", said(0));
    assert_eq!(said(1), (json!("sent"), json!("250 2.0.0 taken as 7").to_string()));
    assert_eq!(said(2).0, "deferred");
    assert!(said(2).1.contains("come back later"), "{:?}", said(2));
    // Who has it is not asked again.
    until("another try", async || server.connections() > 3).await;
    assert_eq!(server.mails().len(), 1);
}

async fn a_connection_that_is_lost_is_tried_again(world: World) {
    let (_world, server, inbox) = against(&world, Script::Vanishes).await;
    let id = sent(&inbox, &letter(&inbox, &["mia@example.com"])).await;
    fares(&inbox, &id, "deferred").await;
    until("another try", async || server.mails().len() >= 2).await;
    let name = |mail: &str| mail.lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned);
    let mails = server.mails();
    assert!(name(&mails[0]).is_some() && name(&mails[0]) == name(&mails[1]), "the same mail by name");
}

async fn mail_for_a_paused_inbox_waits_over_a_restart(world: World) {
    let ((_, ada), (bob_tenant, bob)) = world.ada_and_bob().await;
    let path = format!("/v1/inboxes/{}", bob.id);
    bob_tenant.http("PATCH", path.as_str()).json(&json!({ "isActive": false })).send().await.expect(200);
    let id = sent(&ada, &letter(&ada, &[&bob.address])).await;
    let mail = fares(&ada, &id, "deferred").await;
    assert_eq!(mail["recipients"][0]["answer"], "inbox is paused");
    let world = world.restart_shared().await;
    let (ada, bob) = (Inbox { world: world.clone(), ..ada }, Inbox { world: world.clone(), ..bob });
    let key = bob_tenant.token.clone();
    world.http("PATCH", path).token(&key).json(&json!({ "isActive": true })).send().await.expect(200);
    fares(&ada, &id, "delivered").await;
    assert_eq!(bob.emails().await.len(), 1);
}

async fn each_turn_is_told_once_to_a_webhook(world: World) {
    let ((_, ada), (_, bob)) = world.ada_and_bob().await;
    let id = sent(&ada, &letter(&ada, &[&bob.address, "mia@example.com", "nobody-here@agents.test"])).await;
    fares(&ada, &id, "failed").await;
    let rows = world.dump().await;
    let told = |kind: &str| rows.iter().filter(|row| row.starts_with("event:") && row.contains(kind)).count();
    assert_eq!((told("email.delivered"), told("email.sent"), told("email.failed")), (1, 1, 1), "{rows:?}");
}

/// A crash while a server is talked to leaves nobody knowing whether it took the mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_sending_defers_what_may_have_been_taken() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let silent = Server::start(Script::Silent).await;
    let settings = silent.settings();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let mut first = Process::serve_with(&data, &settings).expect("it serves");
    let operator = std::fs::read_to_string(data.join("operator.key")).expect("a key");
    let made = Request::new(first.operator, "POST", "/operator/v1/tenants")
        .token(operator.trim())
        .json(&json!({ "id": "ada" }))
        .send()
        .await
        .expect(201);
    let token = made["token"].as_str().expect("a token").to_owned();
    let inbox = Request::new(first.http, "POST", "/v1/inboxes")
        .token(&token)
        .json(&json!({}))
        .send()
        .await
        .expect(201);
    let (inbox, address) =
        (inbox["id"].as_str().expect("an id"), inbox["address"].as_str().expect("an address"));
    let body = json!({ "from": address, "to": ["mia@example.com"], "subject": "x", "body": { "text": "x" } });
    let queued = Request::new(first.http, "POST", "/v1/emails/send")
        .token(&token)
        .json(&body)
        .send()
        .await
        .expect(202);
    let path = format!("/v1/inboxes/{inbox}/emails/{}", queued["id"].as_str().expect("an id"));
    let status = async |http| {
        let mail = Request::new(http, "GET", path.as_str()).token(&token).send().await.expect(200);
        (mail["status"].as_str().unwrap_or_default().to_owned(), mail["recipients"][0]["answer"].to_string())
    };
    until("a conversation", async || silent.connections() == 1 && status(first.http).await.0 == "sending")
        .await;
    first.kill();
    let second = Process::serve_with(&data, &settings).expect("it serves again");
    until("a verdict", async || status(second.http).await.0 == "deferred").await;
    assert!(status(second.http).await.1.contains("not known"));
    assert_eq!(silent.connections(), 1, "it is not repeated at once");
}
