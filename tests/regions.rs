//! A service answers for the regions it serves, and for no other: to strangers as if nothing were there, to those who
//! hold a key by name.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_store::{Claim, JobKind};
use serde_json::json;

use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    a_tenant_is_made_in_a_region_that_is_served_and_in_no_other,
    a_tenant_of_another_region_is_nobody_to_senders_and_sent_away_by_name,
);

async fn a_tenant_is_made_in_a_region_that_is_served_and_in_no_other(world: World) {
    let world = world.start_with(&["region=eu-west", "regions=[\"eu-west\", \"us\"]"]).await;
    let make = async |body| world.operator_http("POST", "/operator/v1/tenants").json(&body).send().await;
    assert_eq!(make(json!({ "id": "ada" })).await.expect(201)["region"], "eu-west");
    assert_eq!(make(json!({ "id": "bob", "region": "us" })).await.expect(201)["region"], "us");
    let refused = make(json!({ "id": "eve", "region": "mars" })).await.expect(400);
    let told = refused["message"].as_str().expect("a message");
    assert!(told.contains("`mars`") && told.contains("`eu-west`, `us`"), "{told}");
    world.operator_http("GET", "/operator/v1/tenants/eve").send().await.expect(404);
    let keys = world.operator_http("GET", "/operator/v1/keys").send().await.expect(200);
    let regions: Vec<_> =
        keys["data"].as_array().expect("a list").iter().map(|one| one["region"].clone()).collect();
    assert_eq!(regions, [json!("eu-west"), json!("us")], "bound into the keys");
}

async fn a_tenant_of_another_region_is_nobody_to_senders_and_sent_away_by_name(world: World) {
    let both = ["regions=[\"local\", \"eu\"]", "webhooks.allow_private=[\"127.0.0.0/8\"]"];
    let world = world.start_with(&both).await;
    let here = world.tenant("here").await.inbox().await;
    let made =
        world.operator_http("POST", "/operator/v1/tenants").json(&json!({ "id": "there", "region": "eu" }));
    let made = made.send().await.expect(201);
    let token = made["token"].as_str().expect("a token").to_owned();
    let with = |method: &str, path: &str| world.http(method, path).token(&token);
    let inbox = with("POST", "/v1/inboxes").json(&json!({})).send().await.expect(201);
    let hook = json!({ "url": "http://127.0.0.1:1/", "events": ["email.received"] });
    with("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    let address = inbox["address"].as_str().expect("an address").to_owned();
    assert!(world.deliver_raw(&plain("served", "x"), &[&address]).await.starts_with("250 "));
    let local = here.address.clone();
    drop(here);
    let world = world.restart_with(&[]).await;
    // Word for word what an address that never was is answered.
    let unknown = format!("nobody-{address}");
    let (foreign, never) = (
        world.deliver_raw(&plain("no", "x"), &[&address]).await,
        world.deliver_raw(&plain("no", "x"), &[&unknown]).await,
    );
    assert!(foreign == never && foreign.starts_with("550 5.1.1 "), "{foreign} / {never}");
    assert!(world.deliver_raw(&plain("yes", "x"), &[&local]).await.starts_with("250 "));
    for (method, path) in [("GET", "/v1/account"), ("GET", "/v1/inboxes"), ("GET", "/v1/webhooks")] {
        let refused = world.http(method, path).token(&token).send().await.expect(421);
        assert_eq!(refused["error"], "wrong_region", "{path}");
        assert!(refused["message"].as_str().is_some_and(|told| told.contains("`eu`")), "{refused}");
    }
    // Nothing of it for who does not hold the key.
    let last = if token.ends_with('A') { 'B' } else { 'A' };
    let forged = format!("{}{last}", &token[..token.len() - 1]);
    world.http("GET", "/v1/account").token(&forged).send().await.expect(401);
    let operator =
        world.operator_http("POST", "/operator/v1/tenants/there/inboxes").json(&json!({})).send().await;
    assert_eq!(operator.expect(421)["error"], "wrong_region");
    let rotate = world.operator_http("POST", "/operator/v1/keys/rotate").json(&json!({ "tenant": "there" }));
    assert_eq!(rotate.send().await.expect(421)["error"], "wrong_region");
    // Its jobs, the endpoint's challenge and a mail's event, wait for a process that serves it.
    world.stop().await;
    let store = world.store().await;
    let later = Timestamp::parse("2100-01-01T00:00:00Z").expect("a moment");
    let claim = async |regions: &[&str]| {
        let regions: Vec<String> = regions.iter().map(ToString::to_string).collect();
        let claim =
            Claim { limit: 10, per_tenant: 10, without: &[], regions: &regions, kinds: &[JobKind::Webhook] };
        store.claim(later, Duration::from_secs(1), &claim).await.expect("asked").len()
    };
    assert_eq!((claim(&["local"]).await, claim(&["e", "local"]).await, claim(&["eu"]).await), (0, 0, 2));
}
