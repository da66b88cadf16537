//! Endpoints that fail, in every way, and what it takes to switch one off and on.

use serde_json::json;

use super::LOOPBACK;
use super::server::{Act, Endpoint, deliveries, status};
use crate::world::endpoint::once;
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    every_way_to_fail_is_a_failure_and_is_tried_again,
    an_endpoint_may_ask_for_more_time,
    after_ten_failures_one_call_tries_the_endpoint_and_the_others_wait,
    five_days_of_failures_switch_an_endpoint_off_and_its_tenant_is_told,
    an_endpoint_that_was_gone_can_be_switched_on_again,
);

async fn every_way_to_fail_is_a_failure_and_is_tried_again(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut elsewhere = Endpoint::start(vec![], vec![]).await;
    let redirect = Act::Answer(307, format!("location: {}\r\n", elsewhere.url()), String::new());
    let angry = Act::Answer(503, String::new(), "<b>no</b>\r\nset-cookie: x\u{1b}[2J".to_owned());
    let acts = vec![redirect, Act::Close, Act::Babble, Act::Flood, angry, status(409)];
    let count = acts.len();
    let mut endpoint = Endpoint::start(vec![], acts).await;
    let id = endpoint.of(&ada, json!({})).await;
    for number in 0..count {
        world.deliver_raw(&plain(&format!("{number}"), "x"), &[&inbox.address]).await;
        endpoint.event().await;
        // One after the other, so that each row is of its act.
        deliveries(&ada, &id, number + 2).await;
    }
    let mut log = deliveries(&ada, &id, count + 1).await;
    log.retain(|one| one["event"] == "email.received" && one["attempt"] == 1);
    log.reverse();
    assert!(log.iter().all(|one| one["outcome"] == "retry" && one["nextAttemptAt"].is_string()), "{log:?}");
    let said: Vec<(Option<u64>, &str)> =
        log.iter().map(|one| (one["status"].as_u64(), one["error"].as_str().unwrap_or_default())).collect();
    assert_eq!(said[0], (Some(307), ""));
    assert!(said[1].0.is_none() && said[1].1.starts_with("no valid http answer"), "{said:?}");
    assert!(said[2].0.is_none() && said[2].1.starts_with("no valid http answer"), "{said:?}");
    assert_eq!(said[3], (Some(500), "a".repeat(256).as_str()));
    assert_eq!(said[4], (Some(503), "<b>no</b>??set-cookie: x?[2J"));
    assert_eq!(said[5], (Some(409), ""));
    assert!(elsewhere.calls.try_recv().is_err(), "a redirect is not followed");
}

async fn an_endpoint_may_ask_for_more_time(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let busy = Act::Answer(429, "retry-after: 900\r\n".to_owned(), String::new());
    let mut endpoint = Endpoint::start(vec![], vec![busy]).await;
    let id = endpoint.of(&ada, json!({})).await;
    world.deliver_raw(&plain("busy", "x"), &[&inbox.address]).await;
    endpoint.event().await;
    let log = deliveries(&ada, &id, 2).await;
    let moment = |key: &str| {
        mailward_mail::clock::Timestamp::parse(log[0][key].as_str().expect("a moment")).expect("ISO 8601")
    };
    // Without that it would be 6 seconds at most.
    assert!(moment("nextAttemptAt").millis() - moment("at").millis() >= 900_000, "{log:?}");
}

async fn after_ten_failures_one_call_tries_the_endpoint_and_the_others_wait(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut endpoint = Endpoint::start(vec![], vec![status(500); 10]).await;
    let id = endpoint.of(&ada, json!({})).await;
    once(&ada, &id, "active").await;
    for number in 0..9 {
        world.deliver_raw(&plain(&format!("{number}"), "x"), &[&inbox.address]).await;
        endpoint.event().await;
        deliveries(&ada, &id, number + 2).await;
    }
    assert!(once(&ada, &id, "active").await["failingSince"].is_string());
    world.deliver_raw(&plain("the tenth", "x"), &[&inbox.address]).await;
    endpoint.event().await;
    once(&ada, &id, "failing").await;
    // What comes now is not even tried: the endpoint would take it.
    world.deliver_raw(&plain("the eleventh", "x"), &[&inbox.address]).await;
    let log = deliveries(&ada, &id, 11).await;
    assert_eq!(log.len(), 11, "{log:?}");
    assert!(endpoint.calls.try_recv().is_err());
    // The one call that tries goes through, and all that waited follow.
    let mut subjects = std::collections::BTreeSet::new();
    while !subjects.contains("the eleventh") {
        let event = endpoint.event().await.json();
        subjects.insert(event["data"]["subject"].as_str().expect("a subject").to_owned());
    }
    let seen = once(&ada, &id, "active").await;
    assert!(seen.get("failingSince").is_none(), "{seen}");
}

async fn five_days_of_failures_switch_an_endpoint_off_and_its_tenant_is_told(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut endpoint = Endpoint::start(vec![], vec![status(500)]).await;
    let id = endpoint.of(&ada, json!({})).await;
    once(&ada, &id, "active").await;
    let mut notices = Endpoint::start(vec![], vec![]).await;
    let watch = notices.of(&ada, json!({ "events": ["webhook.disabled"] })).await;
    once(&ada, &watch, "active").await;
    // As if it had failed since long before; the other one has nothing to be told.
    world.tamper("UPDATE webhook SET failures = 12, failing_since = 1 WHERE events = 'email.received'").await;
    world.deliver_raw(&plain("the last straw", "x"), &[&inbox.address]).await;
    endpoint.event().await;
    let notice = notices.event().await.json();
    assert_eq!(notice["type"], json!("webhook.disabled"));
    assert_eq!(notice["data"], json!({ "webhookId": id, "reason": "failing" }));
    let seen = once(&ada, &id, "disabled").await;
    assert_eq!((&seen["isActive"], &seen["disabledReason"]), (&json!(false), &json!("failing")));
    for what in ["test", "replay"] {
        let body = json!({ "since": "2026-11-22T10:00:00Z" });
        let body = if what == "test" { json!({}) } else { body };
        let asked = ada.http("POST", format!("/v1/webhooks/{id}/{what}")).json(&body).send().await;
        assert_eq!(asked.status, 409, "{what}");
    }
}

async fn an_endpoint_that_was_gone_can_be_switched_on_again(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut endpoint = Endpoint::start(vec![], vec![status(410)]).await;
    let id = endpoint.of(&ada, json!({})).await;
    once(&ada, &id, "active").await;
    world.deliver_raw(&plain("gone", "x"), &[&inbox.address]).await;
    let gone = endpoint.event().await;
    let seen = once(&ada, &id, "disabled").await;
    assert_eq!(seen["disabledReason"], json!("gone"));
    world.deliver_raw(&plain("while it was off", "x"), &[&inbox.address]).await;
    let path = format!("/v1/webhooks/{id}");
    let on = ada.http("PATCH", path.clone()).json(&json!({ "isActive": true })).send().await.expect(200);
    assert_eq!((&on["status"], on.get("disabledReason")), (&json!("pending"), None));
    once(&ada, &id, "active").await;
    // What it did not take is not lost: both are told again, in any order.
    let since = json!({ "since": gone.json()["timestamp"] });
    let queued = ada.http("POST", format!("{path}/replay")).json(&since).send().await.expect(202);
    assert_eq!(queued, json!({ "queued": 2 }));
    let mut subjects = Vec::new();
    for _ in 0..2 {
        subjects.push(endpoint.event().await.json()["data"]["subject"].as_str().expect("one").to_owned());
    }
    subjects.sort();
    assert_eq!(subjects, ["gone", "while it was off"]);
    let off = ada.http("PATCH", path).json(&json!({ "isActive": false })).send().await.expect(200);
    assert_eq!((&off["status"], &off["disabledReason"]), (&json!("disabled"), &json!("tenant")));
}
