//! The operator's side, strangers, and requests that are none.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{poll, problem};
use crate::world::{Engine, World, both_databases};

both_databases!(an_operator_makes_and_lists_tenants_and_their_inboxes,);

async fn an_operator_makes_and_lists_tenants_and_their_inboxes(world: World) {
    let body = json!({ "id": "acme", "plan": "free" });
    let made = world.operator_http("POST", "/operator/v1/tenants").json(&body).send().await.expect(201);
    for key in ["id", "plan", "region", "state", "token", "reviewToken", "createdAt"] {
        assert!(made[key].is_string(), "{key} in {made}");
    }
    for (bad, status) in [
        (json!({ "id": "acme" }), 409),
        (json!({ "id": "Acme" }), 400),
        (json!({ "id": "b", "plan": "gold" }), 400),
        (json!({ "id": "b", "region": "mars" }), 400),
        (json!({ "id": "b", "admin": true }), 400),
        (json!({}), 400),
    ] {
        let answer = world.operator_http("POST", "/operator/v1/tenants").json(&bad).send().await;
        assert_eq!(answer.status, status, "{bad}: {}", answer.text());
    }
    world.tenant("zeta").await;
    let first = world.operator_http("GET", "/operator/v1/tenants?limit=1").send().await.expect(200);
    assert_eq!(first["data"][0]["id"], json!("acme"));
    let next = format!("/operator/v1/tenants?limit=1&cursor={}", first["cursor"].as_str().expect("a cursor"));
    let second = world.operator_http("GET", next).send().await.expect(200);
    assert_eq!((&second["data"][0]["id"], second.get("cursor")), (&json!("zeta"), None));
    let shown = world.operator_http("GET", "/operator/v1/tenants/acme").send().await.expect(200);
    for (name, value) in first["data"][0].as_object().expect("a tenant") {
        assert_eq!(&shown[name], value, "{name}");
    }
    assert_eq!((&shown["limits"]["maxInboxes"], &shown["usage"]["inboxCount"]), (&json!(5), &json!(0)));

    let inboxes = "/operator/v1/tenants/acme/inboxes";
    let body = json!({ "localPart": "acme.desk" });
    let mut inbox = world.operator_http("POST", inboxes).json(&body).send().await.expect(201);
    inbox.as_object_mut().expect("an object").remove("token").expect("a token");
    assert_eq!(world.operator_http("GET", inboxes).send().await.expect(200), json!({ "data": [inbox] }));
    for _ in 0..4 {
        world.operator_http("POST", inboxes).send().await.expect(201);
    }
    let sixth = world.operator_http("POST", inboxes).send().await;
    assert_eq!((sixth.status, &problem(&sixth)["error"]), (402, &json!("quota_exceeded")));
    for none in
        ["/operator/v1/tenants/nobody", "/operator/v1/tenants/NO", "/operator/v1/tenants/nobody/inboxes"]
    {
        assert_eq!(world.operator_http("GET", none).send().await.status, 404, "{none}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_become_tenants_only_where_the_operator_lets_them() {
    let closed = World::on(Engine::Sqlite, &[]).await;
    let refused = closed.http("POST", "/v1/signup").send().await;
    assert_eq!((refused.status, &problem(&refused)["error"]), (403, &json!("signup_closed")));
    let open = World::on(Engine::Sqlite, &["signup=open"]).await;
    let made = open.http("POST", "/v1/signup").send().await.expect(201);
    let account = open
        .http("GET", "/v1/account")
        .token(made["token"].as_str().expect("a token"))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&account["id"], &account["tier"], &account["tierName"]),
        (&made["id"], &json!(0), &json!("free"))
    );
    for _ in 0..4 {
        open.http("POST", "/v1/signup").send().await.expect(201);
    }
    let sixth = open.http("POST", "/v1/signup").send().await;
    assert_eq!(sixth.status, 429);
    assert!(sixth.header("retry-after").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_none_get_one_clear_answer_each() {
    let world = World::on(Engine::Sqlite, &[]).await;
    let ada = world.tenant("ada").await;
    let json_body =
        |body: &str| ada.http("POST", "/v1/inboxes").header("content-type", "application/json").body(body);
    let deep = format!("{{\"displayName\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    let table = [
        (json_body("{"), 400, "validation_error"),
        (json_body("[]"), 400, "validation_error"),
        (json_body("{\"isAdmin\":true}"), 400, "validation_error"),
        (json_body("{\"expiresIn\":0}"), 400, "validation_error"),
        (json_body("{\"domain\":\"other.test\"}"), 400, "validation_error"),
        (json_body(&deep), 400, "validation_error"),
        (json_body(&format!("{{\"displayName\":\"{}\"}}", "x".repeat(1 << 20))), 413, "payload_too_large"),
        (ada.http("POST", "/v1/inboxes").body("displayName=x"), 415, "unsupported_media_type"),
        (ada.http("GET", "/v2/inboxes"), 404, "not_found"),
        (ada.http("GET", "/v1/inboxes/"), 404, "not_found"),
        (ada.http("PUT", "/v1/inboxes"), 405, "method_not_allowed"),
        (ada.http("GET", "/operator/v1/tenants"), 404, "not_found"),
    ];
    for (request, status, error) in table {
        let told = format!("{request:?}").chars().take(200).collect::<String>();
        let answer = request.send().await;
        assert_eq!((answer.status, problem(&answer)["error"].as_str()), (status, Some(error)), "{told}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{told}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{told}");
        assert_eq!(answer.header("allow").is_some(), status == 405, "{told}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{told}");
    }
    let head = ada.http("HEAD", "/v1/account").send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_asks_at_a_bounded_rate_and_waits_in_a_bounded_number_of_places() {
    let world = World::on(Engine::Sqlite, &[]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let inbox = inbox.clone();
            tokio::spawn(async move {
                loop {
                    // The place may be taken by the one that looks whether it is taken.
                    let status = poll(&inbox, "timeout=3").await.status;
                    if status != 429 {
                        return status;
                    }
                }
            })
        })
        .collect();
    let third = loop {
        let third = poll(&inbox, "timeout=0").await;
        if third.status == 429 {
            break third;
        }
    };
    assert_eq!(problem(&third)["error"], json!("rate_limited"));
    assert_eq!(third.header("retry-after"), Some("1"));
    for one in waiting {
        assert_eq!(one.await.expect("answered"), 204);
    }
    let asking = (0..120).map(|_| {
        let ada = ada.clone();
        tokio::spawn(async move { ada.http("GET", "/v1/account").at_once().await })
    });
    let mut refused = 0;
    for answer in asking.collect::<Vec<_>>() {
        let answer = answer.await.expect("answered");
        if answer.status == 429 {
            refused += 1;
            assert_eq!(answer.header("ratelimit-limit"), Some("40"));
            assert!(answer.header("retry-after").is_some());
        }
    }
    assert!(refused > 0, "120 at once are more than a burst of 40");
    assert_eq!(inbox.http("GET", "/v1/account").send().await.status, 200, "another key is not held back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_the_description_need_no_token_and_shutdown_ends_polls() {
    let world = World::on(Engine::Sqlite, &[]).await;
    assert_eq!(world.http("GET", "/healthz").send().await.expect(200), json!({ "status": "ok" }));
    assert_eq!(world.http("GET", "/readyz").send().await.expect(200), json!({ "status": "ready" }));
    let api = world.http("GET", "/openapi.json").send().await.expect(200);
    assert!(api["paths"]["/v1/inboxes/{id}/emails/poll"]["get"].is_object());
    let ada = world.tenant("ada").await.inbox().await;
    let waiting = tokio::spawn(async move { poll(&ada, "timeout=25").await.status });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let started = Instant::now();
    world.stop().await;
    assert_eq!(waiting.await.expect("answered"), 204);
    assert!(started.elapsed() < Duration::from_secs(10));
    let full = World::on(Engine::Sqlite, &["limits.disk_free_bytes=9000000000000000000"]).await;
    let unready = full.http("GET", "/readyz").send().await;
    let told = unready.json();
    assert_eq!((unready.status, &told["status"], &told["reason"]), (503, &json!("unready"), &json!("disk")));
    let words = told["detail"].as_str().expect("it says what is wrong in words");
    assert!(words.contains("limits.disk_free_bytes") && words.contains("make room"), "{words}");
}
