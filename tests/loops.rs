//! The breaker of loops: two machines that answer each other, and all that looks like it and is none.

use serde_json::{Value, json};

use crate::sending;
use crate::world::actors::{Inbox, Tenant};
use crate::world::endpoint::endpoint;
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    an_inbox_that_ping_pongs_falls_quiet_and_loses_nothing,
    what_is_much_and_no_loop_pauses_nothing,
    automated_mail_says_how_it_shows,
    a_paused_inbox_stays_so_through_a_restart,
    two_agents_that_answer_each_other_are_stopped,
    a_mail_of_ones_own_that_comes_back_is_known,
);

/// Ten points: ten mails of a person, or three of a machine and one more.
const TIGHT: &[&str] =
    &["loops.pair_points=10", "loops.automated_points=3", "webhooks.allow_private=[\"127.0.0.0/8\"]"];

fn letter(from: &str, subject: &str, header: &str) -> Vec<u8> {
    format!("From: {from}\r\nSubject: {subject}\r\n{header}\r\nhello {subject}\r\n").into_bytes()
}

async fn shown(tenant: &Tenant, inbox: &Inbox) -> Value {
    tenant.http("GET", format!("/v1/inboxes/{}", inbox.id)).send().await.expect(200)
}

/// An inbox writes to somebody so often.
async fn writes(inbox: &Inbox, to: &str, count: usize) {
    for _ in 0..count {
        sending::sent(inbox, &sending::letter(inbox, &[to])).await;
    }
}

async fn an_inbox_that_ping_pongs_falls_quiet_and_loses_nothing(world: World) {
    let world = world.start_with(TIGHT).await;
    let ada = world.tenant("ada").await;
    let (inbox, other) = (ada.inbox().await, ada.inbox().await);
    let (address, mut calls) = endpoint(&[]).await;
    let hook = json!({ "url": format!("http://{address}/"), "events": ["email.received", "inbox.paused"] });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    let send = async |number: usize| {
        let mail =
            letter("bot@example.com", &format!("Re: ping {number}"), "Auto-Submitted: auto-replied\r\n");
        assert!(world.deliver_raw(&mail, &[&inbox.address]).await.starts_with("250 "), "no mail is refused");
    };
    writes(&inbox, "bot@example.com", 4).await;
    for number in 0..3 {
        send(number).await;
        assert_eq!(calls.recv().await.expect("a call").json()["type"], json!("email.received"));
    }
    assert!(shown(&ada, &inbox).await["pausedAt"].is_null());
    send(3).await;
    let call = calls.recv().await.expect("a call").json();
    assert_eq!((&call["type"], &call["inboxId"]), (&json!("inbox.paused"), &json!(inbox.id)));
    assert_eq!(
        (&call["data"]["reason"], &call["data"]["max"], &call["data"]["used"]),
        (&json!("pair_budget"), &json!(10), &json!(12))
    );
    let paused = shown(&ada, &inbox).await;
    assert_eq!(
        (&paused["pausedReason"], &paused["isActive"]),
        (&json!("pair_budget"), &json!(true)),
        "{paused}"
    );
    // All is there for who looks, and nobody is told: neither of the loop nor of anybody else.
    world.deliver_raw(&plain("a person", "x"), &[&inbox.address]).await;
    assert_eq!(inbox.emails().await.len(), 4 + 5);
    let poll = format!("/v1/inboxes/{}/emails/poll?timeout=1&after=7", inbox.id);
    assert_eq!(inbox.http("GET", poll.clone()).send().await.status, 204);
    // Another inbox of the tenant is as awake as ever; its call is the next, so there was none between.
    world.deliver_raw(&plain("elsewhere", "x"), &[&other.address]).await;
    assert_eq!(calls.recv().await.expect("a call").json()["inboxId"], json!(other.id));

    let path = format!("/v1/inboxes/{}", inbox.id);
    let wake = json!({ "isPaused": false });
    assert_eq!(ada.http("PATCH", path.clone()).json(&wake).send().await.status, 403, "it needs `settings`");
    let bob = world.tenant("bob").await;
    assert_eq!(bob.review("PATCH", path.clone()).json(&wake).send().await.status, 404);
    assert!(!shown(&ada, &inbox).await["pausedAt"].is_null(), "neither woke it");
    ada.review("PATCH", path.clone()).json(&json!({ "isPaused": true })).send().await.expect(400);
    let woken = ada.review("PATCH", path).json(&wake).send().await.expect(200);
    assert!(woken["pausedAt"].is_null(), "{woken}");
    let mut told = Vec::new();
    for _ in 0..2 {
        let call = calls.recv().await.expect("a call").json();
        assert_eq!(call["type"], json!("email.received"));
        told.push(call["data"]["subject"].as_str().expect("a subject").to_owned());
    }
    told.sort();
    assert_eq!(told, ["Re: ping 3", "a person"]);
    let polled = inbox.http("GET", poll).send().await.expect(200);
    assert_eq!(polled["data"].as_array().expect("a list").len(), 2);
    // The budget begins anew: what was before does not count.
    send(4).await;
    assert_eq!(calls.recv().await.expect("a call").json()["type"], json!("email.received"));
}

async fn what_is_much_and_no_loop_pauses_nothing(world: World) {
    let world = world.start_with(TIGHT).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    // A lively list: many authors, one list. And one person who writes a lot, within the budget.
    for number in 0..12 {
        let author = format!("member{number}@example.org");
        let mail = letter(
            &author,
            &format!("Re: [list] topic {number}"),
            "List-Id: <l.example.org>\r\nPrecedence: list\r\n",
        );
        world.deliver_raw(&mail, &[&inbox.address]).await;
    }
    for number in 0..10 {
        world.deliver_raw(&plain(&format!("note {number}"), "x"), &[&inbox.address]).await;
    }
    assert!(shown(&ada, &inbox).await["pausedAt"].is_null());
    // More than the budget, but one way: nobody who floods an inbox can silence it, whatever it sends to others.
    writes(&inbox, "elsewhere@example.com", 4).await;
    world.deliver_raw(&plain("one more", "x"), &[&inbox.address]).await;
    assert!(shown(&ada, &inbox).await["pausedAt"].is_null());
    writes(&inbox, "sender@example.com", 1).await;
    world.deliver_raw(&plain("and after an answer", "x"), &[&inbox.address]).await;
    assert_eq!(shown(&ada, &inbox).await["pausedReason"], json!("pair_budget"));

    let off = world.start_with(&["loops.pair_points=0"]).await;
    let bob = off.tenant("bob").await;
    let inbox = bob.inbox().await;
    writes(&inbox, "sender@example.com", 5).await;
    for number in 0..15 {
        off.deliver_raw(&plain(&format!("note {number}"), "x"), &[&inbox.address]).await;
    }
    assert!(shown(&bob, &inbox).await["pausedAt"].is_null(), "0 is no budget");
}

async fn automated_mail_says_how_it_shows(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    for (subject, header, reason) in [
        ("Lunch", "", Value::Null),
        ("Lunch", "Auto-Submitted: no\r\n", Value::Null),
        ("Re: Automatic reply: Lunch", "", Value::Null),
        ("Out of office policy", "", Value::Null),
        ("Lunch", "Auto-Submitted: auto-generated\r\n", json!("auto_submitted")),
        ("Lunch", "Precedence: bulk\r\n", json!("precedence")),
        ("Lunch", "List-Id: <l.example.org>\r\n", json!("list")),
        ("Lunch", "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", json!("list")),
        ("Lunch", "X-Auto-Response-Suppress: All\r\n", json!("no_auto_reply")),
        ("=?utf-8?B?6Ieq5YuV6L+U5L+hOiBsdW5jaA==?=", "", json!("auto_reply_subject")),
        ("Abwesenheitsnotiz: Angebot", "", json!("auto_reply_subject")),
    ] {
        world.deliver_raw(&letter("someone@example.com", subject, header), &[&inbox.address]).await;
        let mail = inbox.emails().await.remove(0);
        assert_eq!(mail["automatedReason"], reason, "{subject} {header}");
        assert_eq!(mail["automated"], json!(!reason.is_null()), "{subject} {header}");
    }
}

async fn a_paused_inbox_stays_so_through_a_restart(world: World) {
    let world = world.start_with(TIGHT).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    writes(&inbox, "sender@example.com", 4).await;
    for number in 0..11 {
        world.deliver_raw(&plain(&format!("note {number}"), "x"), &[&inbox.address]).await;
    }
    let (path, token) = (format!("/v1/inboxes/{}", inbox.id), ada.token.clone());
    drop((ada, inbox));
    let world = world.restart().await;
    let shown = world.http("GET", path).token(&token).send().await.expect(200);
    assert_eq!(
        (&shown["pausedReason"], &shown["emailCount"]),
        (&json!("pair_budget"), &json!(11)),
        "received mail is counted"
    );
}

async fn two_agents_that_answer_each_other_are_stopped(world: World) {
    let world = world.start_with(&["loops.thread_exchanges=2", "loops.pair_points=0"]).await;
    let ada = world.tenant("ada").await;
    let (one, two) = (ada.inbox().await, ada.inbox().await);
    let (mut writer, mut reader) = (&one, &two);
    let mut said = sending::letter(writer, &[&reader.address]);
    for exchange in 0..6 {
        let is_quiet = !shown(&ada, writer).await["pausedAt"].is_null();
        assert!(!is_quiet, "after {exchange} mails nobody went too far");
        let id = sending::sent(writer, &said).await;
        sending::fares(writer, &id, "delivered").await;
        let got =
            reader.emails().await.into_iter().find(|mail| mail["direction"] == "inbound").expect("it came");
        (writer, reader) = (reader, writer);
        said = sending::letter(writer, &[&reader.address]);
        said["inReplyTo"] = got["id"].clone();
    }
    // Three each way: whom the sixth mail reached is told of no more, and so does not answer.
    let stopped = shown(&ada, writer).await;
    assert_eq!(stopped["pausedReason"], json!("thread_budget"), "{stopped}");
    let path = format!("/v1/inboxes/{}/emails/poll?timeout=0&since=2000-01-01T00:00:00Z", writer.id);
    let polled = writer.http("GET", path).send().await.expect(200);
    assert_eq!(polled["data"].as_array().expect("a list").len(), 2, "what came before may still be had");
}

async fn a_mail_of_ones_own_that_comes_back_is_known(world: World) {
    let ((ada, one), (_bob, two)) = world.ada_and_bob().await;
    let id = sending::sent(&one, &sending::letter(&one, &["x@elsewhere.test"])).await;
    let path = format!("/v1/inboxes/{}/emails/{id}/raw", one.id);
    let raw = ada.review("GET", path).send().await.text();
    let message_id =
        raw.lines().find(|line| line.to_lowercase().starts_with("message-id:")).expect("it has one");
    let mail = letter("list@example.com", "Hello", &format!("{}\r\n", message_id.trim_end()));
    world.deliver_raw(&mail, &[&one.address, &two.address]).await;
    let inbound =
        |mails: Vec<Value>| mails.into_iter().find(|mail| mail["direction"] == "inbound").expect("it came");
    assert_eq!(inbound(one.emails().await)["automatedReason"], json!("own_message_id"));
    assert_eq!(inbound(two.emails().await)["automatedReason"], Value::Null, "it is nobody else's");
}
