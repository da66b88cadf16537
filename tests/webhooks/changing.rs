//! What a tenant does with an endpoint: verification, secrets, changes, tests, the log, replays.

use serde_json::{Value, json};

use super::server::{Endpoint, deliveries, status};
use super::{LOOPBACK, hmac};
use crate::world::endpoint::once;
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    an_endpoint_is_asked_before_anything_is_told_to_it,
    an_endpoint_that_moved_is_asked_again,
    while_two_secrets_are_valid_calls_are_signed_with_both,
    a_test_a_log_and_a_replay_under_the_same_id,
    every_event_of_the_contract_can_be_asked_for_and_no_other,
    what_is_told_of_a_mail_is_what_was_asked_for,
    headers_are_sent_and_never_shown,
    nobody_elses_endpoint_can_be_changed_tried_or_looked_into,
);

async fn an_endpoint_is_asked_before_anything_is_told_to_it(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut endpoint = Endpoint::start(vec![status(500)], vec![]).await;
    let id = endpoint.of(&ada, json!({})).await;
    let challenge = endpoint.challenged().await.json();
    assert_eq!(challenge["type"], json!("webhook.verify"));
    let log = deliveries(&ada, &id, 1).await;
    assert_eq!(
        (&log[0]["event"], &log[0]["status"], &log[0]["outcome"]),
        (&json!("webhook.verify"), &json!(500), &json!("retry"))
    );
    assert_eq!(once(&ada, &id, "pending").await["isActive"], json!(true));
    world.deliver_raw(&plain("first", "x"), &[&inbox.address]).await;
    // Time passes for the challenge; the next commit lets the worker look.
    world.tamper("UPDATE job SET due_at = 0 WHERE id LIKE 'verify:%'").await;
    world.deliver_raw(&plain("second", "x"), &[&inbox.address]).await;
    assert_eq!(endpoint.challenged().await.json()["id"], challenge["id"], "each try has the same id");
    let mut subjects = Vec::new();
    for _ in 0..2 {
        let event = endpoint.event().await.json();
        subjects.push(event["data"]["subject"].as_str().expect("a subject").to_owned());
    }
    subjects.sort();
    assert_eq!(subjects, ["first", "second"]);
    once(&ada, &id, "active").await;
}

async fn an_endpoint_that_moved_is_asked_again(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut old = Endpoint::start(vec![], vec![]).await;
    let id = old.of(&ada, json!({})).await;
    old.challenged().await;
    once(&ada, &id, "active").await;
    let mut new = Endpoint::start(vec![], vec![]).await;
    let patch = json!({ "url": new.url(), "events": ["email.received", "email.sent"], "include": "ids" });
    let path = format!("/v1/webhooks/{id}");
    let changed = ada.http("PATCH", path.clone()).json(&patch).send().await.expect(200);
    for key in ["url", "events", "include"] {
        assert_eq!(changed[key], patch[key]);
    }
    assert!(changed.get("secret").is_none());
    world.deliver_raw(&plain("moved", "x"), &[&inbox.address]).await;
    new.challenged().await;
    assert_eq!(new.event().await.json()["data"].get("subject"), None, "ids alone");
    // Where it was before, nothing came.
    assert!(old.calls.try_recv().is_err());
    for (bad, status) in [
        (json!({ "url": "http://10.0.0.1/" }), 422),
        (json!({ "events": [] }), 400),
        (json!({ "include": "all" }), 400),
        (json!({ "headers": { "Transfer-Encoding": "chunked" } }), 400),
        (json!({ "inboxId": inbox.id }), 400),
    ] {
        assert_eq!(ada.http("PATCH", path.clone()).json(&bad).send().await.status, status, "{bad}");
    }
}

async fn while_two_secrets_are_valid_calls_are_signed_with_both(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut endpoint = Endpoint::start(vec![], vec![]).await;
    let made =
        ada.http("POST", "/v1/webhooks").json(&json!({ "url": endpoint.url() })).send().await.expect(201);
    let path = format!("/v1/webhooks/{}/rotate", made["id"].as_str().expect("an id"));
    let rotated = ada.http("POST", path.clone()).send().await.expect(200);
    assert!(rotated["previousSecretExpiresAt"].is_string());
    let secrets = [&rotated["secret"], &made["secret"]].map(|one| one.as_str().expect("a secret").to_owned());
    assert_ne!(secrets[0], secrets[1]);
    world.deliver_raw(&plain("both", "x"), &[&inbox.address]).await;
    let call = endpoint.event().await;
    let signatures: Vec<String> = secrets.iter().map(|secret| signature(secret, &call)).collect();
    assert_eq!(call.header("webhook-signature"), signatures.join(" "));
    // Without an overlap there is one at once.
    let last = ada.http("POST", path.clone()).json(&json!({ "overlapSeconds": 0 })).send().await.expect(200);
    assert!(last.get("previousSecretExpiresAt").is_none());
    world.deliver_raw(&plain("one", "x"), &[&inbox.address]).await;
    let call = endpoint.event().await;
    assert_eq!(
        call.header("webhook-signature"),
        signature(last["secret"].as_str().expect("a secret"), &call)
    );
    let too_long = json!({ "overlapSeconds": 604_801 });
    assert_eq!(ada.http("POST", path).json(&too_long).send().await.status, 400);
}

fn signature(secret: &str, call: &super::Call) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a prefix")).expect("base64");
    let signed = [call.header("webhook-id"), ".", call.header("webhook-timestamp"), "."].concat();
    format!("v1,{}", STANDARD.encode(hmac(&key, &[signed.as_bytes(), &call.body].concat())))
}

async fn a_test_a_log_and_a_replay_under_the_same_id(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut endpoint = Endpoint::start(vec![], vec![status(200), status(400)]).await;
    let id = endpoint.of(&ada, json!({})).await;
    let path = |what: &str| format!("/v1/webhooks/{id}/{what}");
    let test = ada.http("POST", path("test")).send().await.expect(202);
    let call = endpoint.event().await;
    assert_eq!(call.json()["type"], json!("webhook.test"));
    assert_eq!(call.header("webhook-id"), test["eventId"].as_str().expect("an id"));
    world.deliver_raw(&plain("refused", "x"), &[&inbox.address]).await;
    let refused = endpoint.event().await;
    let log = deliveries(&ada, &id, 3).await;
    let row = |at: usize| -> Vec<Value> {
        ["event", "attempt", "status", "outcome"].map(|key| log[at][key].clone()).into()
    };
    // What the endpoint calls wrong is not said again.
    assert_eq!(row(0), [json!("email.received"), json!(1), json!(400), json!("failed")]);
    assert_eq!(row(1), [json!("webhook.test"), json!(1), json!(200), json!("delivered")]);
    assert_eq!(row(2), [json!("webhook.verify"), json!(1), json!(200), json!("delivered")]);
    assert!(log.iter().all(|one| one["latencyMs"].is_i64() && one["at"].is_string()));
    let event = json!({ "eventId": refused.header("webhook-id") });
    let queued = ada.http("POST", path("replay")).json(&event).send().await.expect(202);
    assert_eq!(queued, json!({ "queued": 1 }));
    let again = endpoint.event().await;
    assert_eq!(again.header("webhook-id"), refused.header("webhook-id"));
    assert_eq!(again.body, refused.body);
    // By range, what was taken already is told again as well.
    deliveries(&ada, &id, 4).await;
    let since = json!({ "since": refused.json()["timestamp"] });
    let queued = ada.http("POST", path("replay")).json(&since).send().await.expect(202);
    assert_eq!(queued, json!({ "queued": 1 }));
    assert_eq!(endpoint.event().await.header("webhook-id"), refused.header("webhook-id"));
    let only = path(&format!("deliveries?limit=1&eventId={}", test["eventId"].as_str().expect("an id")));
    let found = ada.http("GET", only).send().await.expect(200);
    assert_eq!(
        (found["data"].as_array().map(Vec::len), &found["data"][0]["event"]),
        (Some(1), &json!("webhook.test"))
    );
    let page = ada.http("GET", path("deliveries?limit=2")).send().await.expect(200);
    let next = path(&format!("deliveries?limit=2&cursor={}", page["cursor"].as_str().expect("more")));
    let next = ada.http("GET", next).send().await.expect(200);
    assert_ne!(page["data"][1]["id"], next["data"][0]["id"]);
    for bad in
        [json!({}), json!({ "eventId": refused.header("webhook-id"), "since": "2026-11-22T10:00:00Z" })]
    {
        assert_eq!(ada.http("POST", path("replay")).json(&bad).send().await.status, 400, "{bad}");
    }
    let never = json!({ "eventId": "evt_01arz3ndektsv4rrffq69g5fav" });
    assert_eq!(ada.http("POST", path("replay")).json(&never).send().await.status, 404);
}

async fn every_event_of_the_contract_can_be_asked_for_and_no_other(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let events = "email.received email.quarantined email.released email.rejected email.sent email.bounced \
         email.thread.new email.thread.reply email.scan.complete inbox.created inbox.expired inbox.paused \
         limit.approaching limit.exceeded domain.verified webhook.disabled key.revoked email.delivered \
         email.deferred email.failed email.cancelled email.held usage.closed tenant.break_glass";
    let events: Vec<&str> = events.split_whitespace().collect();
    let body = json!({ "url": "http://127.0.0.1:9/", "events": events });
    let made = ada.http("POST", "/v1/webhooks").json(&body).send().await.expect(201);
    assert_eq!(made["events"], body["events"]);
    for unknown in ["email.read", "webhook.test", "webhook.verify", "*", "", "email.received,email.sent"] {
        let body = json!({ "url": "http://127.0.0.1:9/", "events": ["email.received", unknown] });
        assert_eq!(ada.http("POST", "/v1/webhooks").json(&body).send().await.status, 400, "{unknown}");
    }
}

async fn what_is_told_of_a_mail_is_what_was_asked_for(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut told = Vec::new();
    for include in ["ids", "summary", "body"] {
        let endpoint = Endpoint::start(vec![], vec![]).await;
        endpoint.of(&ada, json!({ "include": include })).await;
        told.push(endpoint);
    }
    world.deliver_raw(&plain("thin or fat", "the text"), &[&inbox.address]).await;
    let mut keys = Vec::new();
    for endpoint in &mut told {
        let event = endpoint.event().await.json();
        assert_eq!(event["data"]["inboxId"], json!(inbox.id));
        keys.push(["subject", "from", "preview", "body"].map(|key| event["data"].get(key).is_some()));
    }
    assert_eq!(keys, [[false; 4], [true, true, true, false], [true; 4]]);
}

async fn headers_are_sent_and_never_shown(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let mut endpoint = Endpoint::start(vec![], vec![]).await;
    let id = endpoint.of(&ada, json!({ "headers": { "Authorization": "Bearer hush", "X-A": "b" } })).await;
    assert_eq!(endpoint.challenged().await.header("authorization"), "Bearer hush");
    let path = format!("/v1/webhooks/{id}");
    let shown = ada.http("GET", path.clone()).send().await;
    assert!(!shown.text().contains("hush"), "{}", shown.text());
    assert_eq!(shown.expect(200)["headerNames"], json!(["Authorization", "X-A"]));
    let patch = json!({ "headers": { "X-B": "c" } });
    let changed = ada.http("PATCH", path).json(&patch).send().await.expect(200);
    assert_eq!(changed["headerNames"], json!(["X-B"]));
    once(&ada, &id, "active").await;
    ada.http("POST", format!("/v1/webhooks/{id}/test")).send().await.expect(202);
    let call = endpoint.event().await;
    assert_eq!(call.header("x-b"), "c");
    assert!(!call.headers.iter().any(|(name, _)| name == "authorization"));
    let dump = world.dump().await.join("\n");
    for secret in ["hush", "/hook"] {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.contains(secret) && !dump.to_lowercase().contains(&hex), "{secret} is stored in clear");
    }
}

async fn nobody_elses_endpoint_can_be_changed_tried_or_looked_into(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ((ada, ada_inbox), (bob, _)) = world.ada_and_bob().await;
    let mut endpoint = Endpoint::start(vec![], vec![]).await;
    let id = endpoint.of(&ada, json!({})).await;
    once(&ada, &id, "active").await;
    world.deliver_raw(&plain("ada's", "x"), &[&ada_inbox.address]).await;
    let event = json!({ "eventId": endpoint.event().await.header("webhook-id") });
    let path = format!("/v1/webhooks/{id}");
    for (method, what, body) in [
        ("PATCH", "", json!({ "isActive": false })),
        ("POST", "/rotate", json!({})),
        ("POST", "/test", json!({})),
        ("POST", "/replay", event.clone()),
        ("GET", "/deliveries", json!({})),
    ] {
        let at = format!("{path}{what}");
        assert_eq!(bob.http(method, at.clone()).json(&body).send().await.status, 404, "{method} {at}");
        let agent = ada_inbox.http(method, at.clone()).json(&body).send().await.status;
        assert_eq!(agent, 403, "an agent's key has no say over endpoints");
    }
    assert_eq!(ada.http("GET", path).send().await.expect(200)["isActive"], json!(true));
    // Nor is another tenant's event told to one's own endpoint.
    let own = Endpoint::start(vec![], vec![]).await;
    let own_id = own.of(&bob, json!({})).await;
    let replay = bob.http("POST", format!("/v1/webhooks/{own_id}/replay")).json(&event).send().await;
    assert_eq!(replay.status, 404);
}
