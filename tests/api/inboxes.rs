//! Accounts and inboxes: made, found again, changed, deleted; and addresses, had once.

use std::time::Duration;

use serde_json::{Value, json};

use super::problem;
use crate::world::{World, both_databases};

both_databases!(
    an_account_tells_its_plan_and_its_use,
    an_inbox_is_made_found_changed_and_deleted,
    a_repeated_creation_is_the_same_inbox_and_shows_no_token,
    an_address_is_had_once_and_never_again,
    inboxes_come_in_pages_newest_first,
);

async fn an_account_tells_its_plan_and_its_use(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver("fixtures/plain.eml", &[&inbox.address]).await;
    for token in [&ada.token, &ada.review_token, &inbox.token] {
        let account = world.http("GET", "/v1/account").token(token).send().await.expect(200);
        assert_eq!(account["id"], json!("ada"));
        assert_eq!(account["tierName"], json!("scale"));
        let usage = &account["usage"];
        for one in ["inboxCount", "totalEmailsReceived"] {
            assert_eq!(usage[one], json!(1), "{one}");
        }
        assert_eq!(usage["webhookCount"], json!(0));
        // What held mail is in too is not for agents.
        let is_agent = *token == inbox.token;
        for one in ["emailsReceivedToday", "emailsReceivedThisMonth", "storedBytes"] {
            assert_eq!(usage.get(one).is_none(), is_agent, "{one} in {usage}");
        }
        assert_eq!(account["limits"]["maxInboxes"], Value::Null, "no limit");
    }
}

async fn an_inbox_is_made_found_changed_and_deleted(world: World) {
    let ada = world.tenant("ada").await;
    let body =
        json!({ "displayName": "Ada's shop", "localPart": "ada.shop", "clientId": "c-1", "expiresIn": 3600 });
    let mut made = ada.http("POST", "/v1/inboxes").json(&body).send().await.expect(201);
    let token = made.as_object_mut().expect("an object").remove("token").expect("a token, shown once");
    assert!(token.as_str().expect("text").starts_with("mw_i_"));
    assert_eq!(made["address"], json!("ada.shop@agents.test"));
    assert_eq!((&made["displayName"], &made["isActive"]), (&json!("Ada's shop"), &json!(true)));
    assert!(made["expiresAt"].as_str().expect("an end").ends_with('Z'));

    let path = format!("/v1/inboxes/{}", made["id"].as_str().expect("an id"));
    let mut shown = ada.http("GET", path.clone()).send().await.expect(200);
    // What it may send is told where one is looked at.
    let sends = shown.as_object_mut().expect("an object").remove("dailySends").expect("limits");
    assert_eq!((&sends["today"], sends["full"].as_u64() > Some(50)), (&json!(50), true));
    assert_eq!(shown, made);
    for query in ["clientId=c-1", "address=Ada.Shop%40agents.test", "limit=100"] {
        let found = ada.http("GET", format!("/v1/inboxes?{query}")).send().await.expect(200);
        assert_eq!(found, json!({ "data": [made] }), "{query}");
    }
    let none = ada.http("GET", "/v1/inboxes?clientId=other").send().await.expect(200);
    assert_eq!(none, json!({ "data": [] }));

    let changed =
        ada.http("PATCH", path.clone()).json(&json!({ "isActive": false })).send().await.expect(200);
    assert_eq!((&changed["isActive"], &changed["displayName"]), (&json!(false), &json!("Ada's shop")));
    for (body, status, error) in [
        (json!({ "gate": {} }), 403, "insufficient_scope"),
        (json!({ "gate": { "keeper": 1 } }), 400, "validation_error"),
        (json!({ "sendPolicy": {} }), 403, "insufficient_scope"),
    ] {
        let refused = ada.http("PATCH", path.clone()).json(&body).send().await;
        assert_eq!((refused.status, &problem(&refused)["error"]), (status, &json!(error)), "{body}");
    }

    let deleted = ada.http("DELETE", path.clone()).send().await.expect(200);
    assert_eq!(deleted, json!({ "id": made["id"], "deleted": true }));
    ada.http("GET", path.clone()).send().await.expect(404);
    ada.http("DELETE", path).send().await.expect(404);
    let orphan = world.http("GET", "/v1/account").token(token.as_str().expect("text")).send().await;
    assert_eq!(orphan.status, 401, "the inbox' key went with it");
}

async fn a_repeated_creation_is_the_same_inbox_and_shows_no_token(world: World) {
    let ada = world.tenant("ada").await;
    let create = |key: Option<&str>, body: Value| {
        let request = ada.http("POST", "/v1/inboxes").json(&body);
        match key {
            Some(key) => request.header("idempotency-key", key).send(),
            None => request.send(),
        }
    };
    for (key, body) in [(None, json!({ "clientId": "c" })), (Some("k"), json!({ "displayName": "d" }))] {
        let made = create(key, body.clone()).await.expect(201);
        let again = create(key, body).await.expect(200);
        assert_eq!(again["id"], made["id"]);
        assert!(again.get("token").is_none());
    }
    let other = create(Some("k"), json!({ "displayName": "e" })).await;
    assert_eq!((other.status, &problem(&other)["error"]), (422, &json!("idempotency_mismatch")));
    let bob = world.tenant("bob").await;
    let same_words = bob.http("POST", "/v1/inboxes").header("idempotency-key", "k").send().await;
    assert_eq!(same_words.status, 201, "another tenant's key is another key");
    let repeats = (0..4).map(|_| tokio::spawn(create(Some("at once"), json!({}))));
    let mut ids = Vec::new();
    for answer in repeats.collect::<Vec<_>>() {
        let answer = answer.await.expect("sent");
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        ids.push(answer.json()["id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

async fn an_address_is_had_once_and_never_again(world: World) {
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let inbox = ada.inbox_with(json!({ "localPart": "pelican" })).await;
    let gone = ada.inbox_with(json!({ "localPart": "heron.two" })).await;
    ada.http("DELETE", format!("/v1/inboxes/{}", gone.id)).send().await.expect(200);
    let mut answers = Vec::new();
    for taken in [
        "pelican",
        "PELICAN",
        "peli.can",
        "pelícan",
        "pe1ican",
        "heron.two",
        "herontwo",
        "postmaster",
        "Post.Master",
    ] {
        let answer = bob.http("POST", "/v1/inboxes").json(&json!({ "localPart": taken })).send().await;
        if taken == "pelícan" {
            assert_eq!(answer.status, 400, "letters outside of ASCII are no local part");
            continue;
        }
        assert_eq!(answer.status, 409, "{taken}: {}", answer.text());
        answers.push(problem(&answer));
    }
    assert_eq!(answers[0]["error"], json!("address_collision"));
    answers.dedup();
    assert_eq!(answers.len(), 1, "the reason is nobody's business: {answers:?}");
    let own = ada.http("POST", "/v1/inboxes").json(&json!({ "localPart": "pelican" })).send().await;
    assert_eq!(own.status, 409, "not even its own");
    assert_eq!(ada.http("GET", format!("/v1/inboxes/{}", inbox.id)).send().await.status, 200);
}

async fn inboxes_come_in_pages_newest_first(world: World) {
    let ada = world.tenant("ada").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, ada.inbox().await.id);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ada.http("GET", format!("/v1/inboxes?limit=2{cursor}")).send().await.expect(200);
        let data = page["data"].as_array().expect("a list");
        seen.extend(data.iter().map(|inbox| inbox["id"].as_str().expect("an id").to_owned()));
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, made);
    for bad in ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=", "order=asc", "limit=1&limit=2"] {
        let answer = ada.http("GET", format!("/v1/inboxes?{bad}")).send().await;
        assert_eq!((answer.status, &problem(&answer)["error"]), (400, &json!("validation_error")), "{bad}");
    }
}
