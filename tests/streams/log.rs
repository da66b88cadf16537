//! The event log: read on from a place, told again, forgotten after its time.

use serde_json::{Value, json};

use crate::world::endpoint::endpoint;
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    the_log_is_read_on_page_by_page,
    an_event_is_told_again_under_its_id,
    what_is_told_again_is_the_caller_s_own,
    old_events_are_forgotten_and_young_ones_are_not,
);

fn ids(page: &Value) -> Vec<String> {
    let events = page["data"].as_array().expect("a list");
    events.iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
}

async fn the_log_is_read_on_page_by_page(world: World) {
    let ada = world.tenant("ada").await;
    let (inbox, other) = (ada.inbox().await, ada.inbox().await);
    for number in 0..5 {
        for to in [&inbox, &other] {
            world.deliver_raw(&plain(&format!("{number}"), "x"), &[&to.address]).await;
        }
    }
    let all = ada.http("GET", "/v1/events?limit=100").send().await.expect(200);
    let of = |kind: &str, inbox: &str| -> Vec<String> {
        let events = all["data"].as_array().expect("a list").iter();
        events
            .filter(|event| event["type"] == kind && event["inboxId"] == inbox)
            .map(|event| event["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    assert_eq!(of("email.received", &inbox.id).len(), 5);
    let (mut read, mut query) = (Vec::new(), "/v1/events?limit=2".to_owned());
    loop {
        let page = inbox.http("GET", query).send().await.expect(200);
        read.extend(ids(&page));
        if page["hasMore"] == json!(false) {
            break;
        }
        query = format!("/v1/events?limit=2&after={}", read.last().expect("an event"));
    }
    let own = all["data"].as_array().expect("a list").iter().filter(|event| event["inboxId"] == inbox.id);
    let own: Vec<String> = own.map(|event| event["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(read, own, "its own inbox' events, each once, in their order");
    for after in ["nonsense", "evt_00000000000000000000000000", of("email.received", &other.id)[0].as_str()] {
        let answer = inbox.http("GET", format!("/v1/events?after={after}")).send().await;
        assert_eq!(answer.status, 400, "{after}");
    }
}

async fn an_event_is_told_again_under_its_id(world: World) {
    let world = world.start_with(&["webhooks.allow_private=[\"127.0.0.0/8\"]"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (address, mut calls) = endpoint(&[]).await;
    let hook = json!({ "url": format!("http://{address}/") });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    world.deliver_raw(&plain("once", "x"), &[&inbox.address]).await;
    let first = calls.recv().await.expect("a call").json();
    let id = first["id"].as_str().expect("an id");
    // Until the first call's end is written down it counts as being told.
    loop {
        let path = format!("/v1/events/{id}/redeliver");
        let answer = ada.http("POST", path).send().await.expect(202);
        assert_eq!(answer["id"], json!(id));
        if answer["webhooks"] == json!(1) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    }
    let again = calls.recv().await.expect("a call").json();
    assert_eq!((&again["id"], &again["data"]["subject"]), (&json!(id), &json!("once")));
}

async fn what_is_told_again_is_the_caller_s_own(world: World) {
    let ((ada, _), (bob, foreign)) = world.ada_and_bob().await;
    world.deliver_raw(&plain("x", "x"), &[&foreign.address]).await;
    let event = ids(&bob.http("GET", "/v1/events").send().await.expect(200))[0].clone();
    for event in [event.as_str(), "evt_00000000000000000000000000", "nonsense"] {
        let answer = ada.http("POST", format!("/v1/events/{event}/redeliver")).send().await;
        assert_eq!(answer.status, 404, "{event}");
    }
}

async fn old_events_are_forgotten_and_young_ones_are_not(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    for number in 0..3 {
        world.deliver_raw(&plain(&format!("{number}"), "x"), &[&inbox.address]).await;
    }
    let all = ids(&ada.http("GET", "/v1/events").send().await.expect(200));
    let store = world.store().await;
    let young = mailward_mail::clock::Timestamp(0);
    assert_eq!(store.forget_events(young).await.expect("swept"), 0);
    world
        .tamper(
            "UPDATE event SET created_at = 1 WHERE id = (SELECT MIN(id) FROM event WHERE tenant_id = 'ada')",
        )
        .await;
    let old = mailward_mail::clock::Timestamp(2);
    assert_eq!(store.forget_events(old).await.expect("swept"), 1);
    store.close().await;
    assert_eq!(ids(&ada.http("GET", "/v1/events").send().await.expect(200)), all[1..]);
}
