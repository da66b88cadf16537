//! Webhooks: signed, tried again, never through the guard, never with what is held.

mod changing;
mod failing;
mod guarded;
mod server;
mod verifying;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::world::endpoint::{Call, challenge, endpoint};
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    a_webhook_tells_of_a_mail_and_its_signature_holds,
    a_failed_call_is_made_again_with_the_same_event,
    an_endpoint_that_is_gone_is_switched_off,
    held_mail_tells_nothing_of_what_it_says,
    a_target_inside_the_house_is_refused,
    an_endpoint_hears_only_of_its_own_tenant,
);

const LOOPBACK: &str = "webhooks.allow_private=[\"127.0.0.0/8\"]";

/// What the header of a call must say.
pub fn signature_of(secret: &str, call: &Call) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a prefix")).expect("base64");
    let signed = [call.header("webhook-id"), ".", call.header("webhook-timestamp"), "."].concat();
    format!("v1,{}", STANDARD.encode(hmac(&key, &[signed.as_bytes(), &call.body].concat())))
}

async fn a_webhook_tells_of_a_mail_and_its_signature_holds(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (address, mut calls) = endpoint(&[]).await;
    let hook =
        json!({ "url": format!("http://{address}/hook"), "headers": { "Authorization": "Bearer mine" } });
    let made = ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    let secret = made["secret"].as_str().expect("a secret");
    world.deliver_raw(&plain("told", "the text"), &[&inbox.address]).await;
    let call = calls.recv().await.expect("a call");
    let event = call.json();
    assert_eq!((&event["type"], &event["event"]), (&json!("email.received"), &json!("email.received")));
    assert_eq!((&event["tenantId"], &event["inboxId"]), (&json!("ada"), &json!(inbox.id)));
    assert_eq!(event["data"]["subject"], json!("told"));
    assert_eq!(event["data"].get("body"), None, "a summary carries no text");
    assert_eq!(call.header("authorization"), "Bearer mine");
    assert_eq!(call.header("webhook-id"), event["id"].as_str().expect("an id"));
    assert_eq!(call.header("webhook-signature"), signature_of(secret, &call));
    let older: String =
        hmac(secret.as_bytes(), &call.body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(call.header("x-lobstermail-signature"), older);
}

async fn a_failed_call_is_made_again_with_the_same_event(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (address, mut calls) = endpoint(&[500]).await;
    ada.http("POST", "/v1/webhooks")
        .json(&json!({ "url": format!("http://{address}/") }))
        .send()
        .await
        .expect(201);
    world.deliver_raw(&plain("again", "x"), &[&inbox.address]).await;
    let first = calls.recv().await.expect("a call");
    let second = calls.recv().await.expect("another call");
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.body, second.body);
}

async fn an_endpoint_that_is_gone_is_switched_off(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (address, mut calls) = endpoint(&[410]).await;
    let hook = json!({ "url": format!("http://{address}/") });
    let made = ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    // A second endpoint hears of it, which is how the test knows that it was noted.
    let (other, mut notices) = endpoint(&[]).await;
    let hook = json!({ "url": format!("http://{other}/"), "events": ["webhook.disabled"] });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    world.deliver_raw(&plain("gone", "x"), &[&inbox.address]).await;
    calls.recv().await.expect("a call");
    assert_eq!(notices.recv().await.expect("a notice").json()["type"], json!("webhook.disabled"));
    let path = format!("/v1/webhooks/{}", made["id"].as_str().expect("an id"));
    let seen = ada.http("GET", path).send().await.expect(200);
    assert_eq!(seen["isActive"], json!(false), "{seen}");
}

async fn held_mail_tells_nothing_of_what_it_says(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (address, mut calls) = endpoint(&[]).await;
    let hook = json!({ "url": format!("http://{address}/"), "events": ["email.received", "email.quarantined"], "include": "body" });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    let call = calls.recv().await.expect("a call");
    let event = call.json();
    assert_eq!(event["type"], json!("email.quarantined"));
    for content in ["subject", "from", "preview", "body", "html"] {
        assert_eq!(event["data"].get(content), None, "{event}");
    }
    assert_eq!(event["data"]["security"].get("findings"), None, "findings quote the mail");
    // Released, it is mail like any other.
    let id = event["data"]["id"].as_str().expect("an id");
    ada.review("POST", format!("/v1/review/{id}/release")).send().await.expect(200);
    let event = calls.recv().await.expect("a call").json();
    assert_eq!(event["type"], json!("email.received"));
    assert!(event["data"]["body"].as_str().is_some_and(|body| !body.is_empty()), "{event}");
}

async fn a_target_inside_the_house_is_refused(world: World) {
    let ada = world.tenant("ada").await;
    for url in [
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://2130706433/",
        "ftp://example.com/",
    ] {
        let answer = ada.http("POST", "/v1/webhooks").json(&json!({ "url": url })).send().await;
        assert_eq!(answer.expect(422)["error"], json!("url_not_allowed"), "{url}");
    }
}

async fn an_endpoint_hears_only_of_its_own_tenant(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ((ada, ada_inbox), (bob, bob_inbox)) = world.ada_and_bob().await;
    let (address, mut calls) = endpoint(&[]).await;
    ada.http("POST", "/v1/webhooks")
        .json(&json!({ "url": format!("http://{address}/") }))
        .send()
        .await
        .expect(201);
    let foreign = json!({ "url": format!("http://{address}/"), "inboxId": ada_inbox.id });
    assert_eq!(bob.http("POST", "/v1/webhooks").json(&foreign).send().await.status, 404);
    world.deliver_raw(&plain("for bob", "x"), &[&bob_inbox.address]).await;
    world.deliver_raw(&plain("for ada", "x"), &[&ada_inbox.address]).await;
    let event = calls.recv().await.expect("a call").json();
    assert_eq!(event["data"]["subject"], json!("for ada"), "the first call is of her own mail");
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
