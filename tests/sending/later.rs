//! Mail that is to leave later, and mail that is taken back before it left.

use std::time::Duration;

use mailward_mail::clock::Clock;
use serde_json::{Value, json};

use super::limits::used_today;
use super::server::{Script, Server};
use super::{fares, letter, opened, send, sent};
use crate::judging::until;
use crate::outgoing::tainted;
use crate::world::actors::Inbox;
use crate::world::http::Answer;
use crate::world::{World, both_databases};

both_databases!(
    a_mail_for_later_waits_for_its_time,
    a_mail_for_later_waits_over_a_restart,
    what_a_person_let_go_waits_for_its_time_and_is_given_back_in_its_day,
    who_may_not_read_a_mail_neither_answers_it_nor_passes_it_on,
    who_left_the_list_meanwhile_is_not_written_to,
    only_a_time_within_a_month_is_taken,
    what_waits_can_be_cancelled_and_is_counted_no_more,
    what_has_left_or_is_somebody_elses_cannot_be_cancelled,
    what_is_cancelled_while_it_is_sent_either_left_or_did_not,
    a_mail_that_waits_for_another_try_can_be_cancelled,
    of_a_paused_inbox_nothing_leaves,
);

fn ahead(hours: u64) -> String {
    Clock::system().now().plus(Duration::from_secs(hours * 3_600)).to_string()
}

async fn cancel(inbox: &Inbox, id: &str) -> Answer {
    let path = format!("/v1/inboxes/{}/emails/{id}/cancel", inbox.id);
    inbox.http("POST", path.clone()).send().await
}

/// What waits is due, and the worker looks: another mail was sent.
async fn time_passes(world: &World, inbox: &Inbox) {
    world.tamper("UPDATE job SET due_at = 0 WHERE id LIKE 'send:%'").await;
    let id = sent(inbox, &letter(inbox, &["somebody@elsewhere.example"])).await;
    fares(inbox, &id, "sent").await;
}

async fn a_mail_for_later_waits_for_its_time(world: World) {
    let ((_, ada), (_, bob)) = world.ada_and_bob().await;
    let (at, mut mail) = (ahead(1), letter(&ada, &[&bob.address]));
    mail["sendAt"] = json!(at);
    let queued = send(&ada, &mail).await.expect(202);
    assert_eq!((&queued["status"], &queued["sendAt"]), (&json!("queued"), &json!(at)));
    let id = queued["id"].as_str().expect("an id");
    // The worker has looked at the queue, and left it there.
    let other = sent(&ada, &letter(&ada, &["somebody@elsewhere.example"])).await;
    fares(&ada, &other, "sent").await;
    let shown = opened(&ada, id).await;
    assert_eq!((&shown["status"], &shown["sendAt"]), (&json!("queued"), &json!(at)));
    assert!(bob.emails().await.is_empty());
    time_passes(&world, &ada).await;
    fares(&ada, id, "delivered").await;
    assert!(opened(&ada, id).await.get("sendAt").is_none());
    assert_eq!(bob.emails().await.len(), 1);
}

async fn who_left_the_list_meanwhile_is_not_written_to(world: World) {
    let tenant = world.tenant("ada").await;
    let ada = tenant.inbox().await;
    let mut mail = letter(&ada, &["mia@elsewhere.example", "jon@elsewhere.example"]);
    mail["sendAt"] = json!(ahead(1));
    let id = sent(&ada, &mail).await;
    let gone = json!({ "address": "Mia@elsewhere.example" });
    tenant.review("POST", "/v1/suppressions").json(&gone).send().await.expect(201);
    time_passes(&world, &ada).await;
    let fared = async || {
        let shown = opened(&ada, &id).await;
        let all = shown["recipients"].as_array().expect("recipients").clone();
        let one = |at: usize| all[at]["status"].as_str().expect("a status").to_owned();
        ([one(0), one(1)], all[0]["answer"].to_string())
    };
    until("both are settled", async || fared().await.0.iter().all(|one| one != "queued" && one != "sending"))
        .await;
    let (statuses, answer) = fared().await;
    assert_eq!(statuses, ["failed", "sent"]);
    assert!(answer.contains("suppression list"), "{answer}");
    let state = ada.http("GET", format!("/v1/inboxes/{}", ada.id)).send().await.expect(200);
    assert_eq!(state["isActive"], true, "that is no bounce");
}

async fn a_mail_for_later_waits_over_a_restart(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    let mut mail = letter(&ada, &["mia@elsewhere.example"]);
    mail["sendAt"] = json!(ahead(1));
    let id = sent(&ada, &mail).await;
    let world = world.restart_shared().await;
    let ada = Inbox { world: world.clone(), ..ada };
    // What was sent after the start has left, and so has everything else that was due.
    let other = sent(&ada, &letter(&ada, &["somebody@elsewhere.example"])).await;
    fares(&ada, &other, "sent").await;
    assert_eq!(opened(&ada, &id).await["status"], "queued");
    time_passes(&world, &ada).await;
    fares(&ada, &id, "sent").await;
}

async fn what_a_person_let_go_waits_for_its_time_and_is_given_back_in_its_day(world: World) {
    let ada = world.tenant("ada").await;
    let (inbox, other) = (tainted(&world, &ada).await, ada.inbox().await);
    let mut mail = letter(&inbox, &["stranger@example.org"]);
    mail["sendAt"] = json!(ahead(2));
    let held = send(&inbox, &mail).await.expect(202);
    assert_eq!(held["status"], "held");
    // It was accepted two days ago, and is let go, and counted, today.
    world.tamper("UPDATE message SET received_at = received_at - 172800000 WHERE state = 'held'").await;
    let id = held["id"].as_str().expect("an id");
    ada.review("POST", format!("/v1/review/{id}/release")).json(&json!({})).send().await.expect(200);
    assert_eq!(used_today(&world, "ada").await, 1);
    let now = sent(&other, &letter(&other, &["somebody@elsewhere.example"])).await;
    fares(&other, &now, "sent").await;
    assert_eq!(opened(&inbox, id).await["status"], "queued");
    cancel(&inbox, id).await.expect(200);
    assert_eq!(used_today(&world, "ada").await, 1, "that of the other one");
}

async fn who_may_not_read_a_mail_neither_answers_it_nor_passes_it_on(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver_raw(&crate::world::mail::plain("Hi", "hello"), &[&inbox.address]).await;
    let id = inbox.emails().await[0]["id"].as_str().expect("an id").to_owned();
    let key = json!({ "inboxId": inbox.id, "scopes": ["send"] });
    let key = ada.http("POST", "/v1/keys").json(&key).send().await.expect(201);
    let sender = Inbox { token: key["token"].as_str().expect("a token").to_owned(), ..inbox.clone() };
    for (how, body) in [
        ("reply", json!({ "body": { "text": "Yes." } })),
        ("forward", json!({ "to": ["eve@elsewhere.example"] })),
    ] {
        let path = format!("/v1/inboxes/{}/emails/{id}/{how}", inbox.id);
        let refused = sender.http("POST", path.clone()).json(&body).send().await.expect(403);
        assert_eq!(refused["error"], "insufficient_scope", "{how}");
        inbox.http("POST", path).json(&body).send().await.expect(202);
    }
}

async fn only_a_time_within_a_month_is_taken(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    for wrong in [ahead(31 * 24), "2020-01-01T00:00:00Z".to_owned(), "tomorrow".to_owned(), String::new()] {
        let mut mail = letter(&inbox, &["mia@elsewhere.example"]);
        mail["sendAt"] = json!(wrong);
        let refused = send(&inbox, &mail).await.expect(400);
        assert!(refused["message"].as_str().expect("text").contains("sendAt"), "{wrong}: {refused}");
    }
}

async fn what_waits_can_be_cancelled_and_is_counted_no_more(world: World) {
    let ((ada_tenant, ada), (_, bob)) = world.ada_and_bob().await;
    let limits = json!({ "limits": { "dailySends": 2 } });
    ada_tenant.review("PATCH", format!("/v1/inboxes/{}", ada.id)).json(&limits).send().await.expect(200);
    let mut mail = letter(&ada, &[&bob.address]);
    mail["sendAt"] = json!(ahead(2));
    let (first, _second) = (sent(&ada, &mail).await, sent(&ada, &mail).await);
    assert_eq!(send(&ada, &mail).await.expect(429)["error"], "send_limit_exceeded");
    for _ in 0..2 {
        let cancelled = cancel(&ada, &first).await.expect(200);
        assert_eq!((&cancelled["id"], &cancelled["status"]), (&json!(first), &json!("cancelled")));
    }
    assert_eq!(opened(&ada, &first).await["recipients"][0]["status"], "cancelled");
    let events = ada.http("GET", "/v1/events?limit=100").send().await.expect(200);
    let told = events["data"].as_array().expect("rows").iter().filter(|row| row["type"] == "email.cancelled");
    let told: Vec<_> = told.map(|row| (row["data"]["id"].clone(), row["data"]["status"].clone())).collect();
    assert_eq!(told, [(json!(first), json!("cancelled"))], "told once: {events}");
    let third = sent(&ada, &mail).await;
    assert_eq!(send(&ada, &mail).await.status, 429, "given back once");
    world.tamper("UPDATE job SET due_at = 0 WHERE id LIKE 'send:%'").await;
    world.deliver_raw(&crate::world::mail::plain("wakes", "x"), &[&ada.address]).await;
    fares(&ada, &third, "delivered").await;
    until("two of three", async || bob.emails().await.len() == 2).await;
    assert_eq!(opened(&ada, &first).await["status"], "cancelled");
}

async fn what_has_left_or_is_somebody_elses_cannot_be_cancelled(world: World) {
    let ((ada_tenant, ada), (bob_tenant, bob)) = world.ada_and_bob().await;
    let left = sent(&ada, &letter(&ada, &[&bob.address])).await;
    fares(&ada, &left, "delivered").await;
    assert_eq!(cancel(&ada, &left).await.expect(409)["error"], "conflict");
    let mut mail = letter(&ada, &[&bob.address]);
    mail["sendAt"] = json!(ahead(2));
    let waits = sent(&ada, &mail).await;
    let path = format!("/v1/inboxes/{}/emails/{waits}/cancel", ada.id);
    let unknown = format!("/v1/inboxes/{}/emails/eml_00000000000000000000000000/cancel", ada.id);
    let (other, nobody) =
        (bob.http("POST", path.clone()).send().await, bob.http("POST", unknown).send().await);
    assert_eq!((other.status, nobody.status), (404, 404));
    assert_eq!(bob_tenant.http("POST", path.clone()).send().await.status, 404);
    let sibling = ada_tenant.inbox().await;
    assert_eq!(sibling.http("POST", path).send().await.status, 404);
    let received = bob.emails().await[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(cancel(&bob, &received).await.status, 404, "what came is nobody's to take back");
    assert_eq!(opened(&ada, &waits).await["status"], "queued");
}

async fn what_is_cancelled_while_it_is_sent_either_left_or_did_not(world: World) {
    let ((_, ada), (_, bob)) = world.ada_and_bob().await;
    let mut all = Vec::new();
    for no in 0..20 {
        let mut mail = letter(&ada, &[&bob.address]);
        mail["subject"] = json!(format!("no {no}"));
        let queued = send(&ada, &mail).await.expect(202);
        let id = queued["id"].as_str().expect("an id").to_owned();
        all.push((format!("no {no}"), cancel(&ada, &id).await.status, id));
    }
    let mut expected = Vec::new();
    for (subject, status, id) in &all {
        match status {
            200 => assert_eq!(opened(&ada, id).await["status"], "cancelled"),
            409 => {
                fares(&ada, id, "delivered").await;
                expected.push(subject.clone());
            }
            other => panic!("{subject}: {other}"),
        }
    }
    let mut came: Vec<String> =
        bob.emails().await.iter().map(|mail| mail["subject"].as_str().expect("one").to_owned()).collect();
    came.sort();
    expected.sort();
    assert_eq!(came, expected);
}

async fn a_mail_that_waits_for_another_try_can_be_cancelled(world: World) {
    let server = Server::start(Script::Picky).await;
    let settings = server.settings();
    let world = world.start_with(&[settings[0].as_str(), settings[1].as_str()]).await;
    let inbox = world.tenant("ada").await.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["yes@example.com", "later@example.com"])).await;
    fares(&inbox, &id, "deferred").await;
    // It may be tried just now; between two tries it is there to be taken back.
    until("cancelled", async || cancel(&inbox, &id).await.status == 200).await;
    let mail = opened(&inbox, &id).await;
    let statuses: Vec<&Value> =
        mail["recipients"].as_array().expect("two").iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [&json!("sent"), &json!("cancelled")]);
}

async fn of_a_paused_inbox_nothing_leaves(world: World) {
    let ((ada_tenant, ada), (_, bob)) = world.ada_and_bob().await;
    let other = ada_tenant.inbox().await;
    let mut mail = letter(&ada, &[&bob.address]);
    mail["sendAt"] = json!(ahead(1));
    let id = sent(&ada, &mail).await;
    let path = format!("/v1/inboxes/{}", ada.id);
    let active = async |is: bool| {
        let path = path.clone();
        ada_tenant.http("PATCH", path).json(&json!({ "isActive": is })).send().await.expect(200);
    };
    active(false).await;
    time_passes(&world, &other).await;
    assert_eq!(opened(&ada, &id).await["status"], "queued");
    assert!(bob.emails().await.is_empty());
    active(true).await;
    time_passes(&world, &other).await;
    fares(&ada, &id, "delivered").await;
}
