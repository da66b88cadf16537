//! Faults that were found once, each with what showed it.

use serde_json::json;

use crate::world::mail::{Sender, plain};
use crate::world::{World, both_databases};

both_databases!(
    a_poll_reads_on_without_skipping_however_much_waits,
    a_key_that_ends_cannot_take_over_one_that_does_not,
    an_agents_key_cannot_take_the_reviewers_key_away,
    an_inbox_key_learns_nothing_of_its_neighbours_traffic,
    many_spellings_of_one_inbox_are_one_delivery,
    a_message_for_many_inboxes_reaches_each_of_them,
    the_mail_of_a_deleted_inbox_leaves_the_database,
    no_tenant_takes_all_the_workers,
    held_mail_of_a_deleted_inbox_is_nobodys_any_more,
    an_operators_key_in_a_url_is_revoked_and_the_next_start_writes_another,
);

/// Sends `count` mails on one connection, with subjects `m0`, `m1` and so on.
async fn send_many(world: &World, to: &str, count: usize) {
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    for number in 0..count {
        let reply =
            sender.send("s@example.com", &[to], &plain(&format!("m{number}"), "x")).await.expect("a reply");
        assert!(reply.starts_with("250 "), "{reply}");
    }
}

async fn a_poll_reads_on_without_skipping_however_much_waits(world: World) {
    let world = world.start_with(&["smtp.messages_per_connection=0"]).await;
    let ada = world.tenant("ada").await.inbox().await;
    send_many(&world, &ada.address, 130).await;
    let poll = async |query: &str| {
        let path = format!("/v1/inboxes/{}/emails/poll?timeout=1&{query}", ada.id);
        let page = ada.http("GET", path).send().await.expect(200);
        page["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|mail| mail["seq"].as_i64().expect("a place"))
            .collect()
    };
    let first: Vec<i64> = poll("after=0").await;
    assert_eq!((first.len(), first[0], first[99]), (100, 100, 1), "newest first, beginning with the oldest");
    let rest: Vec<i64> = poll("after=100").await;
    assert_eq!(rest, (101..=130).rev().collect::<Vec<i64>>());
    let late: Vec<i64> = poll("after=0&subject=m129").await;
    assert_eq!(late, [130], "a filter looks beyond the first hundred");
}

async fn a_key_that_ends_cannot_take_over_one_that_does_not(world: World) {
    let ada = world.tenant("ada").await;
    let mint = async |body| ada.http("POST", "/v1/keys").json(&body).send().await.expect(201);
    let lasting = mint(json!({ "name": "lasting" })).await;
    let ending = mint(json!({ "name": "ending", "expiresAt": "2999-01-01T00:00:00Z" })).await;
    let path = format!("/v1/keys/{}/rotate", lasting["id"].as_str().expect("an id"));
    let token = ending["token"].as_str().expect("a token");
    world.http("POST", path).token(token).json(&json!({})).send().await.expect(400);
    let own = format!("/v1/keys/{}/rotate", ending["id"].as_str().expect("an id"));
    world.http("POST", own).token(token).json(&json!({})).send().await.expect(201);
}

async fn an_agents_key_cannot_take_the_reviewers_key_away(world: World) {
    let ada = world.tenant("ada").await;
    let keyid = ada.review_token.split('_').nth(2).expect("a key id");
    let refused = ada.http("DELETE", format!("/v1/keys/key_{keyid}")).send().await;
    assert_eq!(refused.expect(403)["error"], json!("insufficient_scope"));
    ada.review("GET", "/v1/review").send().await.expect(200);
}

async fn an_inbox_key_learns_nothing_of_its_neighbours_traffic(world: World) {
    let ada = world.tenant("ada").await;
    let (own, neighbour) = (ada.inbox().await, ada.inbox().await);
    send_many(&world, &neighbour.address, 3).await;
    let seen = own.http("GET", "/v1/account").send().await.expect(200);
    assert_eq!((&seen["usage"]["inboxCount"], &seen["usage"]["totalEmailsReceived"]), (&json!(1), &json!(0)));
    let all = ada.http("GET", "/v1/account").send().await.expect(200);
    assert_eq!((&all["usage"]["inboxCount"], &all["usage"]["totalEmailsReceived"]), (&json!(2), &json!(3)));
}

async fn many_spellings_of_one_inbox_are_one_delivery(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    let (local, domain) = ada.address.split_once('@').expect("an address");
    let spellings: Vec<String> = (0..60).map(|number| format!("{local}+{number}@{domain}")).collect();
    let to: Vec<&str> = spellings.iter().map(String::as_str).collect();
    let reply = world.deliver_raw(&plain("once", "x"), &to).await;
    let emails = ada.emails().await;
    assert_eq!(emails.len(), 1);
    assert_eq!(reply, format!("250 2.0.0 {}", emails[0]["id"].as_str().expect("an id")));
    assert_eq!(emails[0]["tag"], json!("0"), "the first that was named");
}

async fn a_message_for_many_inboxes_reaches_each_of_them(world: World) {
    let ada = world.tenant("ada").await;
    let mut inboxes = Vec::new();
    for _ in 0..5 {
        inboxes.push(ada.inbox().await);
    }
    let to: Vec<&str> = inboxes.iter().map(|inbox| inbox.address.as_str()).collect();
    // Larger than what is sealed at a time, so that the copies are stored one after the other.
    let big = plain("big", &"0123456789abcdef0123456789abcdef0123456789abcdef\r\n".repeat(110_000));
    assert!(world.deliver_raw(&big, &to).await.starts_with("250 "));
    for inbox in &inboxes {
        assert_eq!(inbox.emails().await.len(), 1);
    }
}

async fn the_mail_of_a_deleted_inbox_leaves_the_database(world: World) {
    let ada = world.tenant("ada").await;
    let (gone, kept) = (ada.inbox().await, ada.inbox().await);
    send_many(&world, &gone.address, 60).await;
    send_many(&world, &kept.address, 1).await;
    ada.http("DELETE", format!("/v1/inboxes/{}", gone.id)).send().await.expect(200);
    let counts = async || -> (i64, i64) {
        const SQL: &str = "SELECT (SELECT COUNT(*) FROM message), (SELECT COUNT(*) FROM part)";
        match world.database() {
            Some(database) => {
                let pool = sqlx::PgPool::connect(&database.admin_url).await.expect("opened");
                sqlx::query_as(SQL).fetch_one(&pool).await.expect("counted")
            }
            None => {
                let url = format!("sqlite://{}?mode=ro", world.data_dir().join("mailward.db").display());
                let pool = sqlx::SqlitePool::connect(&url).await.expect("opened");
                sqlx::query_as(SQL).fetch_one(&pool).await.expect("counted")
            }
        }
    };
    // Removed behind the answer, in small steps; unreadable it was with the answer.
    while counts().await != (1, 3) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(kept.emails().await.len(), 1);
}

async fn no_tenant_takes_all_the_workers(world: World) {
    let world = world.start_with(&["webhooks.allow_private=[\"127.0.0.0/8\"]"]).await;
    let ((ada, ada_inbox), (bob, bob_inbox)) = world.ada_and_bob().await;
    // An endpoint that takes the call and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            open.push(stream);
        }
    });
    for _ in 0..12 {
        ada.http("POST", "/v1/webhooks").json(&json!({ "url": url })).send().await.expect(201);
    }
    send_many(&world, &ada_inbox.address, 4).await;
    let heard = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let url = format!("http://{}/", heard.local_addr().expect("an address"));
    bob.http("POST", "/v1/webhooks").json(&json!({ "url": url })).send().await.expect(201);
    send_many(&world, &bob_inbox.address, 1).await;
    // Well before the first of ada's 48 calls gives up after 15 seconds.
    let called = tokio::time::timeout(std::time::Duration::from_secs(10), heard.accept()).await;
    assert!(called.is_ok(), "bob's call waits behind ada's");
}

async fn held_mail_of_a_deleted_inbox_is_nobodys_any_more(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    let id = ada.held().await[0]["id"].as_str().expect("an id").to_owned();
    ada.http("DELETE", format!("/v1/inboxes/{}", inbox.id)).send().await.expect(200);
    assert!(ada.held().await.is_empty());
    ada.review("POST", format!("/v1/review/{id}/release")).json(&json!({})).send().await.expect(404);
}

async fn an_operators_key_in_a_url_is_revoked_and_the_next_start_writes_another(world: World) {
    let leaked = world.operator_token.clone();
    world.operator_http("GET", "/operator/v1/tenants").send().await.expect(200);
    let path = format!("/v1/account?token={leaked}");
    assert_eq!(world.http("GET", path).send().await.expect(400)["error"], json!("token_in_url"));
    world.operator_http("GET", "/operator/v1/tenants").send().await.expect(401);
    let world = world.restart().await;
    assert_ne!(world.operator_token, leaked);
    world.operator_http("GET", "/operator/v1/tenants").send().await.expect(200);
}
