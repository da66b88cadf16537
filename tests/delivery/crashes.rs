//! A service that dies between a server's word and its own note of it, and what happens to mail while it waits: nothing that
//! was accepted is lost, nothing is sent twice at once, nothing leaves unsigned.

use std::collections::HashMap;

use serde_json::{Value, json};
use sqlx::Connection;

use super::host::{Host, Script};
use super::signatures::domain_with_inbox;
use super::{Outside, answer};
use crate::judging::until;
use crate::sending::{fares, letter, opened, sent};
use crate::world::actors::Inbox;
use crate::world::dns_server::{DnsServer, Kind, Record};
use crate::world::http::Request;
use crate::world::process::Process;
use crate::world::{World, both_databases};

both_databases!(
    a_report_waits_for_its_inbox_over_a_restart_and_is_one,
    a_domain_that_is_lost_takes_its_waiting_mail_along,
);

/// Mail for a domain whose hosts nobody can ask for now.
async fn waiting(outside: &Outside, inbox: &Inbox) -> String {
    outside.leads("late.test", &[(1, "mx.late.test")]);
    outside.dns.fail("mx.late.test");
    let id = sent(inbox, &letter(inbox, &["mia@late.test"])).await;
    fares(inbox, &id, "deferred").await;
    id
}

async fn reports(inbox: &Inbox) -> Vec<Value> {
    let path = format!("/v1/inboxes/{}/emails?direction=inbound", inbox.id);
    inbox.http("GET", path).send().await.expect(200)["data"].as_array().expect("a list").clone()
}

async fn a_report_waits_for_its_inbox_over_a_restart_and_is_one(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let ada = outside.world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let id = waiting(&outside, &inbox).await;
    let path = format!("/v1/inboxes/{}", inbox.id);
    ada.http("PATCH", path.as_str()).json(&json!({ "isActive": false })).send().await.expect(200);
    outside.leads("late.test", &[(0, "")]);
    fares(&inbox, &id, "failed").await;
    let jobs =
        async |world: &World| world.dump().await.iter().filter(|row| row.contains("report:eml_")).count();
    assert_eq!((jobs(&outside.world).await, reports(&inbox).await.len()), (1, 0));
    let world = outside.world.restart_shared().await;
    let inbox = Inbox { world: world.clone(), ..inbox };
    world.http("PATCH", path).token(&ada.token).json(&json!({ "isActive": true })).send().await.expect(200);
    until("the report", async || reports(&inbox).await.len() == 1).await;
    let told = opened(&inbox, reports(&inbox).await[0]["id"].as_str().expect("an id")).await;
    assert!(
        told["body"].as_str().is_some_and(|text| text.contains("mia@late.test") && text.contains("null MX"))
    );
    until("the end of the job", async || jobs(&world).await == 0).await;
    assert_eq!(reports(&inbox).await.len(), 1);
}

async fn a_domain_that_is_lost_takes_its_waiting_mail_along(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let host = outside.host("mx.corp.test", "127.0.0.2", Script::Tls).await;
    let ada = outside.world.tenant("ada").await;
    let (_, inbox) = domain_with_inbox(&outside, &ada, "own.example.com").await;
    let other = ada.inbox().await;
    outside.leads("late.test", &[(1, "gone.late.test")]);
    outside.dns.fail("gone.late.test");
    let path = format!("/v1/inboxes/{}", other.id);
    ada.http("PATCH", path.as_str()).json(&json!({ "isActive": false })).send().await.expect(200);
    let id = sent(&inbox, &letter(&inbox, &["mia@late.test", &other.address])).await;
    fares(&inbox, &id, "deferred").await;
    outside.world.tamper("UPDATE domain SET held_since = NULL, status = 'failed'").await;
    outside.leads("late.test", &[(1, "mx.corp.test")]);
    ada.http("PATCH", path).json(&json!({ "isActive": true })).send().await.expect(200);
    let mail = fares(&inbox, &id, "failed").await;
    for at in 0..2 {
        assert!(answer(&mail, at).contains("own.example.com is not proven to be yours any more"), "{mail}");
    }
    assert_eq!((host.connections(), reports(&other).await.len()), (0, 0));
}

/// The remote server said 250, and the service died before it could note so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_behind_the_last_word_of_a_server_makes_at_most_one_repeat_of_the_same_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let (resolver, dns) = DnsServer::start(HashMap::new()).await;
    let free = tokio::net::TcpListener::bind("127.0.0.2:0").await.expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let host = Host::start("127.0.0.2", port, "corp.test", Script::Waits).await;
    dns.set("corp.test", Kind::A, vec![Record::A("127.0.0.2".parse().expect("an address"))]);
    let settings = [
        format!("dns.servers=[\"{resolver}\"]"),
        "outbound.mode=direct".to_owned(),
        "outbound.allow_private=[\"127.0.0.0/8\"]".to_owned(),
        format!("outbound.port={port}"),
    ];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let mut first = Process::serve_with(&data, &settings).expect("it serves");
    let (inbox, address, token) = crate::crash::inbox(&first, &data, "ada").await;
    let body = json!({ "from": address, "to": ["mia@corp.test"], "subject": "x", "body": { "text": "x" } });
    let queued = Request::new(first.http, "POST", "/v1/emails/send").token(&token).json(&body);
    let queued = queued.send().await.expect(202);
    let path = format!("/v1/inboxes/{inbox}/emails/{}", queued["id"].as_str().expect("an id"));
    let status = async |http| {
        let mail = Request::new(http, "GET", path.as_str()).token(&token).send().await.expect(200);
        mail["status"].as_str().unwrap_or_default().to_owned()
    };
    until("the message", async || host.mails().len() == 1).await;
    // From here on nothing can be written; the host says its last word, and hears the goodbye of who read it.
    let file = format!("sqlite://{}", data.join("mailward.db").display());
    let mut lock = sqlx::SqliteConnection::connect(&file).await.expect("the database");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut lock).await.expect("the lock");
    host.go_on();
    until("a goodbye", async || host.goodbyes() == 1).await;
    first.kill();
    sqlx::query("ROLLBACK").execute(&mut lock).await.expect("the end of the lock");

    let mut second = Process::serve_with(&data, &settings).expect("it serves again");
    until("a verdict", async || status(second.http).await == "deferred").await;
    assert_eq!(host.mails().len(), 1, "it is not repeated at once");
    second.kill();
    // A quarter of an hour later.
    let done =
        sqlx::query("UPDATE job SET due_at = 0 WHERE kind = 'send'").execute(&mut lock).await.expect("due");
    assert_eq!(done.rows_affected(), 1, "an accepted mail keeps its job");
    let third = Process::serve_with(&data, &settings).expect("it serves once more");
    until("the delivery", async || status(third.http).await == "delivered").await;
    let mails = host.mails();
    let name = |text: &str| text.lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned);
    assert_eq!(mails.len(), 2);
    assert!(name(&mails[0].text).is_some() && name(&mails[0].text) == name(&mails[1].text), "{mails:?}");
}
