//! Keys and webhooks: what is shown once, and who may make what.

use std::time::Duration;

use serde_json::{Value, json};

use super::NEVER;
use crate::world::{World, both_databases};

both_databases!(
    keys_are_minted_listed_rotated_and_revoked_at_once,
    a_key_mints_nothing_wider_or_longer_than_itself,
    webhooks_are_made_shown_once_and_deleted,
    a_key_is_used_from_its_networks_alone_and_makes_none_that_reach_further,
    a_reported_token_is_revoked_on_proof_of_the_whole_of_it,
    a_lost_key_is_issued_anew_by_an_operator_and_the_tenant_sees_it,
    a_burst_of_wrong_tokens_is_noted_once,
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
    // Nobody listens there: whether that was found out already is a matter of time.
    let steady = |mut shown: Value| {
        shown.as_object_mut().expect("an endpoint").remove("failingSince");
        shown
    };
    let shown = steady(ada.http("GET", path.clone()).send().await.expect(200));
    assert!(shown.get("secret").is_none());
    let listed = ada.http("GET", "/v1/webhooks").send().await.expect(200);
    assert_eq!((steady(listed["data"][0].clone()), &listed["data"][1]), (shown, &Value::Null));
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

async fn a_key_is_used_from_its_networks_alone_and_makes_none_that_reach_further(world: World) {
    let world = world.start_with(&["http.behind_proxy=true"]).await;
    let ada = world.tenant("ada").await;
    let office = json!({ "allowedCidrs": ["198.51.100.0/24"] });
    let made = ada.http("POST", "/v1/keys").json(&office).send().await.expect(201);
    assert_eq!(made["allowedCidrs"], json!(["198.51.100.0/24"]));
    let token = made["token"].as_str().expect("a token").to_owned();
    let from = |address: &str, method: &str, path: &str| {
        world.http(method, path).token(&token).header("x-forwarded-for", address)
    };
    from("198.51.100.7", "GET", "/v1/account").send().await.expect(200);
    let outside = from("203.0.113.7", "GET", "/v1/account").send().await;
    let wrong = world.http("GET", "/v1/account").token("mw_t_x").send().await;
    assert_eq!(outside.expect(401)["message"], wrong.expect(401)["message"], "nobody is told why");
    let wider = json!({ "allowedCidrs": ["198.51.0.0/16"] });
    from("198.51.100.7", "POST", "/v1/keys").json(&wider).send().await.expect(400);
    let anywhere = json!({ "allowedCidrs": [] });
    from("198.51.100.7", "POST", "/v1/keys").json(&anywhere).send().await.expect(400);
    let same = from("198.51.100.7", "POST", "/v1/keys").json(&json!({})).send().await.expect(201);
    assert_eq!(same["allowedCidrs"], json!(["198.51.100.0/24"]), "what is not asked for is inherited");
    let garbage = json!({ "allowedCidrs": ["office"] });
    ada.http("POST", "/v1/keys").json(&garbage).send().await.expect(400);
    let rotated =
        ada.http("POST", format!("/v1/keys/{}/rotate", made["id"].as_str().expect("an id"))).send().await;
    assert_eq!(rotated.expect(201)["allowedCidrs"], json!(["198.51.100.0/24"]));
}

async fn a_reported_token_is_revoked_on_proof_of_the_whole_of_it(world: World) {
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let scan = |body: serde_json::Value| world.http("POST", "/v1/token-scan").json(&body);
    let key = ada.http("POST", "/v1/keys").json(&json!({})).send().await.expect(201);
    let token = key["token"].as_str().expect("a token").to_owned();
    // Its public half is no proof.
    let mut forged = token.clone();
    forged.replace_range(20..24, "0000");
    assert_eq!(scan(json!({ "token": forged })).send().await.expect(200)["data"][0]["revoked"], json!(false));
    world.http("GET", "/v1/account").token(&token).send().await.expect(200);
    let said = scan(json!({ "tokens": [token, "x"] }));
    let said = said.send().await.expect(200);
    assert_eq!(
        (&said["data"][0]["label"], &said["data"][1]["label"]),
        (&json!("true_positive"), &json!("false_positive"))
    );
    world.http("GET", "/v1/account").token(&token).send().await.expect(401);
    ada.http("GET", "/v1/account").send().await.expect(200);
    bob.http("GET", "/v1/account").send().await.expect(200);
    let log = ada.review("GET", "/v1/audit").send().await.expect(200);
    assert_eq!(log["data"][0]["action"], json!("key.leak"));
    scan(json!({})).send().await.expect(400);
}

async fn a_lost_key_is_issued_anew_by_an_operator_and_the_tenant_sees_it(world: World) {
    let ada = world.tenant("ada").await;
    let issue = |id: &str, kind: &str| {
        let body = json!({ "kind": kind });
        world.operator_http("POST", format!("/operator/v1/tenants/{id}/keys")).json(&body)
    };
    let key = issue("ada", "reviewer").send().await.expect(201);
    let token = key["token"].as_str().expect("a token").to_owned();
    world.http("GET", "/v1/review").token(&token).send().await.expect(200);
    issue("nobody", "reviewer").send().await.expect(404);
    issue("ada", "operator").send().await.expect(400);
    let log = ada.review("GET", "/v1/audit").send().await.expect(200);
    assert_eq!(
        (&log["data"][0]["action"], &log["data"][0]["actorKind"]),
        (&json!("key.create"), &json!("operator"))
    );
}

async fn a_burst_of_wrong_tokens_is_noted_once(world: World) {
    let ada = world.tenant("ada").await;
    let random = mailward_mail::random::Random::seeded(7);
    let made = mailward_vault::Token::made_up(mailward_vault::TokenKind::Tenant, &random);
    let wrong = made.expose().to_owned();
    let mut limited = 0;
    for _ in 0..40 {
        let answer = world.http("GET", "/v1/account").token(&wrong).send().await;
        limited += u32::from(answer.status == 429);
    }
    assert_eq!(limited, 10, "30 a minute");
    ada.http("GET", "/v1/account").send().await.expect(200);
    // Written beside the requests.
    let mut noted = Vec::new();
    for _ in 0..100 {
        let log = world.operator_http("GET", "/operator/v1/audit").send().await.expect(200);
        noted = log["data"].as_array().expect("a list").clone();
        noted.retain(|row| row["action"] == json!("token.failures"));
        if !noted.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(noted.len(), 1);
}
