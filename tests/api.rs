//! The HTTP contract: every route as a tenant's program meets it, and what each refuses.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::actors::{Inbox, Tenant};
use crate::world::http::Answer;
use crate::world::mail::plain;
use crate::world::{Engine, World, both_databases};

both_databases!(
    an_account_tells_its_plan_and_its_use,
    an_inbox_is_made_found_changed_and_deleted,
    a_repeated_creation_is_the_same_inbox_and_shows_no_token,
    an_address_is_had_once_and_never_again,
    inboxes_come_in_pages_newest_first,
    mail_is_listed_opened_and_filtered,
    a_poll_is_woken_by_a_delivery_and_empty_when_none_comes,
    a_poll_is_ended_by_the_end_of_its_key,
    raw_mail_is_for_those_who_may_have_it_and_downloads,
    a_link_to_a_file_is_good_for_that_file_and_for_ranges,
    keys_are_minted_listed_rotated_and_revoked_at_once,
    a_key_mints_nothing_wider_or_longer_than_itself,
    webhooks_are_made_shown_once_and_deleted,
    held_mail_is_released_or_rejected_once,
    an_operator_makes_and_lists_tenants_and_their_inboxes,
);

const NEVER: &str = "00000000000000000000000000";

/// What an error looks like, but for the request's id.
fn problem(answer: &Answer) -> Value {
    let mut body = answer.json();
    let id = body.as_object_mut().expect("an object").remove("requestId").expect("a request id");
    assert_eq!(answer.header("x-request-id"), id.as_str());
    body
}

async fn an_account_tells_its_plan_and_its_use(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver("fixtures/plain.eml", &[&inbox.address]).await;
    for token in [&ada.token, &ada.review_token, &inbox.token] {
        let account = world.http("GET", "/v1/account").token(token).send().await.expect(200);
        assert_eq!(account["id"], json!("ada"));
        assert_eq!(account["tierName"], json!("scale"));
        assert_eq!(account["usage"], json!({ "inboxCount": 1, "totalEmailsReceived": 1 }));
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
    assert_eq!(ada.http("GET", path.clone()).send().await.expect(200), made);
    for query in ["clientId=c-1", "address=Ada.Shop%40agents.test", "limit=100"] {
        let found = ada.http("GET", format!("/v1/inboxes?{query}")).send().await.expect(200);
        assert_eq!(found, json!({ "data": [made] }), "{query}");
    }
    let none = ada.http("GET", "/v1/inboxes?clientId=other").send().await.expect(200);
    assert_eq!(none, json!({ "data": [] }));

    let changed =
        ada.http("PATCH", path.clone()).json(&json!({ "isActive": false })).send().await.expect(200);
    assert_eq!((&changed["isActive"], &changed["displayName"]), (&json!(false), &json!("Ada's shop")));
    let refused = ada.http("PATCH", path.clone()).json(&json!({ "gate": {} })).send().await;
    assert_eq!((refused.status, &problem(&refused)["error"]), (400, &json!("validation_error")));

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

async fn mail_is_listed_opened_and_filtered(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    for n in 1..=3 {
        world.deliver_raw(&plain(&format!("mail {n}"), "hello"), &[&ada.address]).await;
    }
    let list = async |query: &str| {
        let path = format!("/v1/inboxes/{}/emails?{query}", ada.id);
        ada.http("GET", path).send().await.expect(200)
    };
    let subjects = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().expect("a list");
        data.iter().map(|mail| mail["subject"].as_str().expect("a subject").to_owned()).collect()
    };
    let first = list("limit=2").await;
    assert_eq!(subjects(&first), ["mail 3", "mail 2"]);
    let second = list(&format!("limit=2&cursor={}", first["cursor"].as_str().expect("a cursor"))).await;
    assert_eq!(subjects(&second), ["mail 1"]);
    assert!(second.get("cursor").is_none());

    let mail = &first["data"][0];
    assert_eq!((&mail["body"], mail.get("html"), &mail["isRead"]), (&Value::Null, None, &json!(false)));
    assert_eq!((&mail["from"], &mail["fromName"]), (&json!("sender@example.com"), &json!("Sender")));
    let path = format!("/v1/inboxes/{}/emails/{}", ada.id, mail["id"].as_str().expect("an id"));
    let opened = ada.http("GET", path).send().await.expect(200);
    assert!(opened["body"].as_str().expect("a body").contains("hello"));
    assert_eq!(opened["isRead"], json!(true));

    assert_eq!(subjects(&list("unread=true").await), ["mail 2", "mail 1"]);
    assert_eq!(subjects(&list("from=SENDER%40example.com&direction=inbound&risk=low").await).len(), 3);
    for none in ["from=other%40example.com", "direction=outbound", "risk=high", "since=2999-01-01T00:00:00Z"]
    {
        assert_eq!(subjects(&list(none).await).len(), 0, "{none}");
    }
    let newest = mail["createdAt"].as_str().expect("a moment");
    assert!(
        !subjects(&list(&format!("since={newest}")).await).contains(&"mail 3".to_owned()),
        "since is exclusive"
    );
}

async fn poll(inbox: &Inbox, query: &str) -> Answer {
    inbox.http("GET", format!("/v1/inboxes/{}/emails/poll?{query}", inbox.id)).send().await
}

async fn a_poll_is_woken_by_a_delivery_and_empty_when_none_comes(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    world.deliver_raw(&plain("before", "x"), &[&ada.address]).await;
    let started = Instant::now();
    assert_eq!(
        poll(&ada, "timeout=1").await.status,
        204,
        "what was there before the request is not waited for"
    );
    assert!(started.elapsed() >= Duration::from_millis(900));

    let waiting = {
        let ada = ada.clone();
        tokio::spawn(async move { poll(&ada, "timeout=20&subject=WANTED").await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.deliver_raw(&plain("something else", "x"), &[&ada.address]).await;
    let started = Instant::now();
    world.deliver_raw(&plain("what is wanted", "x"), &[&ada.address]).await;
    let found = waiting.await.expect("answered").expect(200);
    assert!(started.elapsed() < Duration::from_secs(5), "woken, not found by chance");
    assert_eq!(found["data"].as_array().expect("a list").len(), 1);
    assert_eq!(found["data"][0]["subject"], json!("what is wanted"));
    let seq = found["data"][0]["seq"].as_i64().expect("a place");
    let later = poll(&ada, &format!("timeout=0&after={}", seq - 1)).await.expect(200);
    assert_eq!(later["data"][0]["id"], found["data"][0]["id"], "after is exclusive");
    assert_eq!(poll(&ada, &format!("timeout=0&after={seq}")).await.status, 204);
    assert_eq!(poll(&ada, "timeout=x").await.status, 400);
}

async fn a_poll_is_ended_by_the_end_of_its_key(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let waiting = {
        let inbox = inbox.clone();
        tokio::spawn(async move { poll(&inbox, "timeout=20").await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    let keyid = &inbox.token[5..17];
    ada.http("DELETE", format!("/v1/keys/key_{keyid}")).send().await.expect(200);
    world.deliver_raw(&plain("secret", "x"), &[&inbox.address]).await;
    let answer = waiting.await.expect("answered");
    assert_eq!(answer.status, 401, "{}", answer.text());
}

async fn raw_mail_is_for_those_who_may_have_it_and_downloads(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver_raw(&plain("raw", "as it came"), &[&inbox.address]).await;
    let id = inbox.emails().await[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/inboxes/{}/emails/{id}/raw", inbox.id);
    let raw = ada.review("GET", path.clone()).send().await;
    assert_eq!(raw.status, 200);
    assert!(raw.text().ends_with("Subject: raw\r\n\r\nas it came\r\n"), "{}", raw.text());
    assert_eq!(raw.header("content-type"), Some("message/rfc822"));
    assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
    assert!(raw.header("content-disposition").expect("a disposition").starts_with("attachment;"));
    let refused = ada.http("GET", path).send().await;
    assert_eq!((refused.status, &problem(&refused)["error"]), (403, &json!("insufficient_scope")));
}

async fn a_link_to_a_file_is_good_for_that_file_and_for_ranges(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver("fixtures/attachment.eml", &[&inbox.address]).await;
    let email = inbox.emails().await.remove(0);
    let attachments =
        format!("/v1/inboxes/{}/emails/{}/attachments", inbox.id, email["id"].as_str().expect("an id"));
    let link = inbox.http("GET", format!("{attachments}/0")).send().await.expect(200);
    assert_eq!(link["filename"], email["attachments"][0]["filename"]);
    for none in ["2", "-1", "x", "4294967296"] {
        assert_eq!(inbox.http("GET", format!("{attachments}/{none}")).send().await.status, 404, "{none}");
    }
    let url = link["downloadUrl"].as_str().expect("a link");
    let path = url.strip_prefix(&format!("http://{}", world.http)).expect("the service's own URL").to_owned();
    let whole = world.http("GET", path.clone()).send().await;
    assert_eq!((whole.status, whole.header("accept-ranges")), (200, Some("bytes")));
    assert!(whole.header("content-security-policy").expect("a policy").starts_with("sandbox"));
    assert!(
        whole
            .header("content-disposition")
            .expect("a name")
            .starts_with("attachment; filename=\"readings.txt\"")
    );
    let part = world.http("GET", path.clone()).header("range", "bytes=5-9").send().await;
    assert_eq!((part.status, &part.body[..]), (206, &whole.body[5..10]));
    assert_eq!(part.header("content-range"), Some(format!("bytes 5-9/{}", whole.body.len()).as_str()));
    let beyond = world.http("GET", path.clone()).header("range", "bytes=99999999-").send().await;
    assert_eq!(beyond.status, 416);
    let head = world.http("HEAD", path.clone()).send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));

    let (front, last) = path.split_at(path.len() - 1);
    for tampered in [
        format!("{front}{}", if last == "A" { "Q" } else { "A" }),
        front.to_owned(),
        format!("{path}AAAA"),
        "/v1/files/x".into(),
    ] {
        assert_eq!(world.http("GET", tampered.clone()).send().await.status, 404, "{tampered}");
    }
    let keyid = &inbox.token[5..17];
    ada.http("DELETE", format!("/v1/keys/key_{keyid}")).send().await.expect(200);
    assert_eq!(
        world.http("GET", path).send().await.status,
        404,
        "the link ends with the key that asked for it"
    );
}

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

/// Delivers an injection, and gives the held mail's id.
async fn held(world: &World, tenant: &Tenant, inbox: &Inbox) -> String {
    let reply = world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    assert!(reply.starts_with("250 "), "{reply}");
    tenant.held().await[0]["id"].as_str().expect("an id").to_owned()
}

async fn held_mail_is_released_or_rejected_once(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let id = held(&world, &ada, &inbox).await;
    let path = format!("/v1/review/{id}");
    let shown = ada.review("GET", path.clone()).send().await.expect(200);
    assert_eq!((&shown["state"], &shown["seq"]), (&json!("held"), &Value::Null));
    assert!(!shown["security"]["findings"].as_array().expect("reasons").is_empty());
    assert!(shown["body"].as_str().expect("a body").contains("Fernwood"));
    let allowed =
        ada.review("POST", format!("{path}/release")).json(&json!({ "allowSender": true })).send().await;
    assert_eq!(allowed.status, 400);

    let waiting = {
        let inbox = inbox.clone();
        tokio::spawn(async move { poll(&inbox, "timeout=20").await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    let body = json!({ "reason": "a test", "allowSender": false });
    let released = ada.review("POST", format!("{path}/release")).json(&body).send().await.expect(200);
    assert_eq!((&released["state"], &released["seq"]), (&json!("delivered"), &json!(1)));
    assert_eq!(
        waiting.await.expect("answered").expect(200)["data"][0]["id"],
        json!(id),
        "who waits hears of it"
    );
    for again in ["release", "reject"] {
        let second = ada.review("POST", format!("{path}/{again}")).send().await;
        assert_eq!((second.status, &problem(&second)["error"]), (409, &json!("conflict")));
    }

    let other = ada.inbox().await;
    let id = held(&world, &ada, &other).await;
    let rejected = ada.review("POST", format!("/v1/review/{id}/reject")).send().await.expect(200);
    assert_eq!(rejected["state"], json!("rejected"));
    assert!(other.emails().await.is_empty() && ada.held().await.is_empty());
    ada.review("POST", format!("/v1/review/{id}/release")).send().await.expect(409);
}

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
    assert_eq!(shown, first["data"][0]);

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
            tokio::spawn(async move { poll(&inbox, "timeout=3").await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let third = poll(&inbox, "timeout=3").await;
    assert_eq!((third.status, &problem(&third)["error"]), (429, &json!("rate_limited")));
    assert_eq!(third.header("retry-after"), Some("1"));
    for one in waiting {
        assert_eq!(one.await.expect("answered"), 204);
    }
    let asking = (0..120).map(|_| {
        let ada = ada.clone();
        tokio::spawn(async move { ada.http("GET", "/v1/account").send().await })
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
    assert_eq!((unready.status, unready.json()), (503, json!({ "status": "unready", "reason": "disk" })));
}
