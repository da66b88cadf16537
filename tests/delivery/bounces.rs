//! What comes back: reports to whoever sent, reports of others where the return path was ours, and whom nobody writes to again.

use serde_json::{Value, json};

use super::Outside;
use super::host::{Host, Script};
use crate::judging::until;
use crate::sending::{fares, letter, opened, send, sent};
use crate::world::actors::{Inbox, Tenant};
use crate::world::mail::Sender;
use crate::world::{World, both_databases};

both_databases!(
    a_mail_that_fails_is_reported_to_its_sender_and_the_address_is_written_to_no_more,
    a_report_is_believed_at_the_return_path_of_a_mail_and_nowhere_else,
    who_complains_is_written_to_no_more,
    an_inbox_whose_mail_comes_back_stops,
    an_inbox_about_which_somebody_complains_stops,
    a_report_reaches_an_inbox_that_takes_no_mail_of_strangers,
);

/// A tenant with an inbox, and a host that takes mail for `corp.test`.
async fn stage(world: &World, script: Script) -> (Outside, Host, Tenant, Inbox) {
    let outside = Outside::start(world, &[]).await;
    let host = outside.host("corp.test", "127.0.0.2", script).await;
    let ada = outside.world.tenant("ada").await;
    let inbox = ada.inbox().await;
    (outside, host, ada, inbox)
}

async fn suppressed(tenant: &Tenant) -> Vec<(String, String)> {
    let list = tenant.review("GET", "/v1/suppressions").send().await.expect(200);
    let text = |one: &Value, name: &str| one[name].as_str().expect("a text").to_owned();
    let all = list["data"].as_array().expect("a list").clone();
    all.iter().map(|one| (text(one, "address"), text(one, "reason"))).collect()
}

/// What a server on the internet sends to a return path.
async fn report(world: &World, from: &str, to: &str, kind: &str, fields: &str) -> String {
    let text = format!(
        "From: mailer-daemon@corp.test\r\nTo: {to}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nIt came back.\r\n--b\r\nContent-Type: {kind}\r\n\r\n\
         {fields}\r\n--b--\r\n"
    );
    let mut sender = Sender::connect(world.smtp).await.expect("a connection");
    let reply = sender.send(from, &[to], text.as_bytes()).await.expect("a reply");
    sender.command("QUIT").await.expect("a goodbye");
    reply
}

const FAILED: &str = "Reporting-MTA: dns; mx.corp.test\r\n\r\nFinal-Recipient: rfc822; mia@corp.test\r\nAction: failed\r\n\
                      Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 she has left";

async fn a_mail_that_fails_is_reported_to_its_sender_and_the_address_is_written_to_no_more(world: World) {
    let (outside, _host, ada, inbox) = stage(&world, Script::Picky).await;
    let id = sent(&inbox, &letter(&inbox, &["no@corp.test", "yes@corp.test"])).await;
    fares(&inbox, &id, "failed").await;
    let reports = async || {
        let path = format!("/v1/inboxes/{}/emails?direction=inbound", inbox.id);
        inbox.http("GET", path).send().await.expect(200)["data"].as_array().expect("a list").clone()
    };
    until("a report", async || !reports().await.is_empty()).await;
    let told = reports().await.remove(0);
    assert_eq!(
        (told["from"].as_str(), &told["automated"]),
        (Some("mailer-daemon@agents.test"), &json!(true))
    );
    let told = opened(&inbox, told["id"].as_str().expect("an id")).await;
    let body = told["body"].as_str().expect("a body");
    assert!(
        body.contains("no@corp.test") && body.contains("550 5.1.1 nobody") && !body.contains("yes@"),
        "{told}"
    );
    assert_eq!(told["threadId"], opened(&inbox, &id).await["threadId"], "it belongs to what failed");
    // Nobody answers a machine.
    let mut answer = letter(&inbox, &["mailer-daemon@agents.test"]);
    answer["inReplyTo"] = told["id"].clone();
    assert_eq!(send(&inbox, &answer).await.status, 403);

    assert_eq!(suppressed(&ada).await, [("no@corp.test".to_owned(), "bounce".to_owned())]);
    let refused = send(&inbox, &letter(&inbox, &["yes@corp.test", "NO@corp.test"])).await.expect(403);
    assert_eq!(refused["error"], "recipient_not_allowed");
    let list = ada.review("GET", "/v1/suppressions").send().await.expect(200);
    let path = format!("/v1/suppressions/{}", list["data"][0]["id"].as_str().expect("an id"));
    assert_eq!(inbox.http("DELETE", path.as_str()).send().await.status, 403, "an agent changes no list");
    let bob = outside.world.tenant("bob").await;
    assert_eq!(bob.review("DELETE", path.as_str()).send().await.status, 404);
    assert!(suppressed(&bob).await.is_empty());
    ada.review("DELETE", path).send().await.expect(200);
    sent(&inbox, &letter(&inbox, &["no@corp.test"])).await;
    let body = json!({ "address": "Eve@corp.test" });
    ada.review("POST", "/v1/suppressions").json(&body).send().await.expect(201);
    assert_eq!(send(&inbox, &letter(&inbox, &["eve@corp.test"])).await.status, 403);
    let usage = ada.http("GET", "/v1/usage").send().await.expect(200).to_string();
    assert!(usage.contains("\"sent\":1") && usage.contains("\"bounced\":"), "{usage}");
}

async fn a_report_is_believed_at_the_return_path_of_a_mail_and_nowhere_else(world: World) {
    let (outside, host, ada, inbox) = stage(&world, Script::Plain).await;
    let other = ada.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    fares(&inbox, &id, "delivered").await;
    let path = host.mails()[0].from.trim_matches(['<', '>']).to_owned();
    let tag = path.split_once("+bounce-").expect("a tag").1.split_once('@').expect("a domain").0.to_owned();
    assert_eq!((tag.len(), path.replace(&format!("+bounce-{tag}"), "")), (16, inbox.address.clone()));
    let status = async || opened(&inbox, &id).await["status"].as_str().expect("a word").to_owned();
    let kind = "message/delivery-status";
    // Forged: a tag that nobody gave, the inbox itself, another inbox with this tag, somebody who has a name.
    let turned = if tag.starts_with('0') { tag.replacen('0', "1", 1) } else { format!("0{}", &tag[1..]) };
    let elsewhere = other.address.replace('@', &format!("+bounce-{tag}@"));
    for (from, to) in [
        ("", path.replace(&tag, &turned)),
        ("", inbox.address.clone()),
        ("", elsewhere),
        ("eve@example.com", path.clone()),
    ] {
        let reply = report(&outside.world, from, &to, kind, FAILED).await;
        assert!(reply.starts_with("250 "), "{reply}");
        assert_eq!(status().await, "delivered", "{from} to {to}");
    }
    let delayed = FAILED.replace("failed", "delayed");
    report(&outside.world, "", &path, kind, &delayed).await;
    assert_eq!((status().await.as_str(), suppressed(&ada).await.len()), ("delivered", 0));

    report(&outside.world, "", &path, kind, FAILED).await;
    let mail = opened(&inbox, &id).await;
    assert_eq!(mail["status"], "bounced");
    assert_eq!(mail["recipients"][0]["answer"], "5.1.1 smtp; 550 she has left");
    assert_eq!(suppressed(&ada).await, [("mia@corp.test".to_owned(), "bounce".to_owned())]);
    // Once more changes nothing and is told nobody.
    report(&outside.world, "", &path, kind, FAILED).await;
    let told = outside.world.dump().await;
    let told = told.iter().filter(|row| row.starts_with("event:") && row.contains("email.bounced")).count();
    assert_eq!(told, 1);
}

async fn who_complains_is_written_to_no_more(world: World) {
    let (outside, host, ada, inbox) = stage(&world, Script::Plain).await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    fares(&inbox, &id, "delivered").await;
    let path = host.mails()[0].from.trim_matches(['<', '>']).to_owned();
    let fields = "Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1";
    report(&outside.world, "fbl@corp.test", &path, "message/feedback-report", fields).await;
    assert_eq!(suppressed(&ada).await, [("mia@corp.test".to_owned(), "complaint".to_owned())]);
    assert_eq!(opened(&inbox, &id).await["status"], "delivered");
    assert_eq!(send(&inbox, &letter(&inbox, &["mia@corp.test"])).await.status, 403);
}

async fn an_inbox_whose_mail_comes_back_stops(world: World) {
    let (outside, _host, ada, inbox) = stage(&world, Script::Plain).await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    fares(&inbox, &id, "delivered").await;
    outside.world.tamper("UPDATE use_act SET times = 92 WHERE act = 'sent'").await;
    outside
        .world
        .tamper("INSERT INTO use_act (tenant_id, inbox_id, day, act, times) SELECT tenant_id, inbox_id, day, 'bounced', 8 FROM use_act WHERE act = 'sent'")
        .await;
    sent(&inbox, &letter(&inbox, &[&inbox.address])).await;
    outside.world.tamper("UPDATE use_act SET times = 9 WHERE act = 'bounced'").await;
    let refused = send(&inbox, &letter(&inbox, &["mia@corp.test"])).await.expect(423);
    assert!(refused["message"].as_str().is_some_and(|text| text.contains("came back")), "{refused}");
    let other = ada.inbox().await;
    sent(&other, &letter(&other, &["mia@corp.test"])).await;
    // It is told of once, however often the inbox tries.
    assert_eq!(send(&inbox, &letter(&inbox, &["mia@corp.test"])).await.status, 423);
    let told = events(&ada, "inbox.paused").await;
    assert_eq!((told.len(), &told[0]["data"]["reason"]), (1, &json!("bounces")), "{told:?}");
    let path = format!("/v1/inboxes/{}", inbox.id);
    let shown = inbox.http("GET", path.clone()).send().await.expect(200);
    assert_eq!(shown["pausedReason"], "bounces");
    // Nobody but its owner lets it send again, and then what came back before counts no more.
    let again = json!({ "isPaused": false });
    inbox.http("PATCH", path.clone()).json(&again).send().await.expect(403);
    let bob = outside.world.tenant("bob").await;
    bob.review("PATCH", path.clone()).json(&again).send().await.expect(404);
    let shown = ada.review("PATCH", path).json(&again).send().await.expect(200);
    assert!(shown.get("pausedReason").is_none(), "{shown}");
    for _ in 0..2 {
        sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    }
    let log = ada.review("GET", "/v1/audit").send().await.expect(200).to_string();
    assert!(log.contains("sendsAgain"), "{log}");
}

/// Events of a kind in a tenant's log.
async fn events(tenant: &Tenant, kind: &str) -> Vec<Value> {
    let log = tenant.http("GET", "/v1/events?limit=100").send().await.expect(200);
    log["data"].as_array().expect("a list").iter().filter(|event| event["type"] == kind).cloned().collect()
}

async fn an_inbox_about_which_somebody_complains_stops(world: World) {
    let (outside, host, ada, inbox) = stage(&world, Script::Plain).await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test", "leo@corp.test"])).await;
    fares(&inbox, &id, "delivered").await;
    outside.world.tamper("UPDATE use_act SET times = 1000 WHERE act = 'sent'").await;
    let fields = "Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1";
    let paths: Vec<String> =
        host.mails().iter().map(|mail| mail.from.trim_matches(['<', '>']).to_owned()).collect();
    // Whoever complains again has complained once.
    for _ in 0..2 {
        report(&outside.world, "fbl@corp.test", &paths[0], "message/feedback-report", fields).await;
    }
    sent(&inbox, &letter(&inbox, &["kim@corp.test"])).await;
    report(&outside.world, "fbl@corp.test", &paths[1], "message/feedback-report", fields).await;
    let refused = send(&inbox, &letter(&inbox, &["kim@corp.test"])).await.expect(423);
    assert!(refused["fix"].as_str().is_some_and(|text| text.contains("isPaused")), "{refused}");
    assert_eq!(events(&ada, "inbox.paused").await[0]["data"]["reason"], "complaints");
}

async fn a_report_reaches_an_inbox_that_takes_no_mail_of_strangers(world: World) {
    let (outside, host, ada, inbox) = stage(&world, Script::Plain).await;
    let strict = json!({ "receivePolicy": { "from": "allowlist", "otherwise": "refuse" } });
    ada.review("PATCH", "/v1/gate").json(&strict).send().await.expect(200);
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    fares(&inbox, &id, "delivered").await;
    let path = host.mails()[0].from.trim_matches(['<', '>']).to_owned();
    let stranger = report(&outside.world, "", &inbox.address, "message/delivery-status", FAILED).await;
    assert!(stranger.starts_with("550 5.7.1 "), "{stranger}");
    let back = report(&outside.world, "", &path, "message/delivery-status", FAILED).await;
    assert!(back.starts_with("250 "), "{back}");
    fares(&inbox, &id, "bounced").await;
    assert_eq!(ada.held().await.len(), 1, "its text is a stranger's all the same");
}
