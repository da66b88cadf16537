//! Keys and webhooks: what is shown once, and who may make what.

use std::time::Duration;

use serde_json::{Value, json};

use super::NEVER;
use crate::world::{World, both_databases};

both_databases!(
    keys_are_minted_listed_rotated_and_revoked_at_once,
    a_key_mints_nothing_wider_or_longer_than_itself,
    webhooks_are_made_shown_once_and_deleted,
);

async fn keys_are_minted_listed_rotated_and_revoked_at_once(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let body = json!({ "inboxId": inbox.id, "scopes": ["read"], "name": "reader", "expiresAt": "2999-01-01T00:00:00Z" });
    let made = ada.http("POST", "/v1/keys").json(&body).send().await.expect(201);
    let text = |value: &Value, key: &str| value[key].as_str().expect(key).to_owned();
    let (id, token) = (text(&made, "id"), text(&made, "token"));
    assert_eq!(id, format!("key_{}", &token[5..17]));
    assert!(token.starts_with(&text(&made, "prefix")) && token.ends_with(&text(&made, "last4")));
    assert_eq!((&made["scopes"], &made["name"]), (&json!(["read"]), &json!("reader")));

    let works = async |token: &str| world.http("GET", "/v1/account").token(token).send().await.status == 200;
    assert!(works(&token).await);
    let listed = ada.http("GET", "/v1/keys").send().await.expect(200);
    let listed =
        listed["data"].as_array().expect("a list").iter().find(|key| key["id"] == id.as_str()).expect("it");
    assert!(listed.get("token").is_none());

    let rotated = ada
        .http("POST", format!("/v1/keys/{id}/rotate"))
        .json(&json!({ "overlapSeconds": 60 }))
        .send()
        .await
        .expect(201);
    let new = text(&rotated, "token");
    assert!(works(&token).await && works(&new).await, "both work meanwhile");
    assert_eq!((&rotated["scopes"], &rotated["inboxId"]), (&made["scopes"], &made["inboxId"]));
    let again =
        ada.http("POST", format!("/v1/keys/{}/rotate", text(&rotated, "id"))).send().await.expect(201);
    assert!(
        !works(&new).await && works(&text(&again, "token")).await,
        "without overlap the old one ends at once"
    );

    ada.http("DELETE", format!("/v1/keys/{id}")).send().await.expect(200);
    assert!(!works(&token).await, "revoked at once");
    ada.http("DELETE", format!("/v1/keys/{id}")).send().await.expect(404);
}

async fn a_key_mints_nothing_wider_or_longer_than_itself(world: World) {
    let ada = world.tenant("ada").await;
    let mint =
        async |token: &str, body: Value| world.http("POST", "/v1/keys").token(token).json(&body).send().await;
    for (scopes, status) in
        [(json!(["review"]), 403), (json!(["raw", "read"]), 403), (json!(["root"]), 400), (json!([]), 400)]
    {
        assert_eq!(mint(&ada.token, json!({ "scopes": scopes })).await.status, status, "{scopes}");
    }
    let body = json!({ "scopes": ["keys", "read"], "expiresAt": "2998-01-01T00:00:00Z" });
    let short = mint(&ada.token, body).await.expect(201)["token"].as_str().expect("a token").to_owned();
    assert_eq!(
        mint(&short, json!({ "scopes": ["read"] })).await.status,
        400,
        "without an end it would live longer"
    );
    let longer = json!({ "scopes": ["read"], "expiresAt": "2999-01-01T00:00:00Z" });
    assert_eq!(mint(&short, longer).await.status, 400);
    assert_eq!(
        mint(&short, json!({ "scopes": ["inboxes"], "expiresAt": "2997-01-01T00:00:00Z" })).await.status,
        403
    );
    let past = json!({ "expiresAt": "2001-01-01T00:00:00Z" });
    assert_eq!(mint(&ada.token, past).await.status, 400);
    assert_eq!(mint(&ada.token, json!({ "inboxId": format!("ibx_{NEVER}") })).await.status, 404);
    let soon = Duration::from_millis(1500);
    let end = mailward_mail::clock::Clock::system().now().plus(soon).to_string();
    let brief = mint(&ada.token, json!({ "expiresAt": end })).await.expect(201)["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let status = async || world.http("GET", "/v1/account").token(&brief).send().await.status;
    assert_eq!(status().await, 200);
    tokio::time::sleep(soon).await;
    assert_eq!(status().await, 401, "expired, though it was known a moment ago");
}

async fn webhooks_are_made_shown_once_and_deleted(world: World) {
    let world = world.start_with(&["webhooks.allow_private=[\"127.0.0.0/8\"]"]).await;
    let ada = world.tenant("ada").await;
    let body = json!({ "url": "http://127.0.0.1:9/hook", "events": ["email.received", "key.revoked"], "include": "ids" });
    let made = ada.http("POST", "/v1/webhooks").json(&body).send().await.expect(201);
    assert!(made["secret"].as_str().expect("a secret").starts_with("whsec_"));
    assert_eq!(
        (&made["url"], &made["events"], &made["include"]),
        (&body["url"], &body["events"], &body["include"])
    );
    let path = format!("/v1/webhooks/{}", made["id"].as_str().expect("an id"));
    let shown = ada.http("GET", path.clone()).send().await.expect(200);
    assert!(shown.get("secret").is_none());
    assert_eq!(ada.http("GET", "/v1/webhooks").send().await.expect(200), json!({ "data": [shown] }));
    for (bad, status) in [
        (json!({}), 400),
        (json!({ "url": "http://127.0.0.1:9/", "events": ["mail.came"] }), 400),
        (json!({ "url": "http://127.0.0.1:9/", "headers": { "Host": "x" } }), 400),
        (json!({ "url": "http://10.0.0.1/" }), 422),
        (json!({ "url": "http://127.0.0.1:9/", "inboxId": format!("ibx_{NEVER}") }), 404),
    ] {
        assert_eq!(ada.http("POST", "/v1/webhooks").json(&bad).send().await.status, status, "{bad}");
    }
    ada.http("DELETE", path.clone()).send().await.expect(200);
    ada.http("GET", path).send().await.expect(404);
}
