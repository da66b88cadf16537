//! The audit log: written with the act, read by whom it concerns, and impossible to change unseen.

use serde_json::{Value, json};

use crate::world::mail::plain;
use crate::world::{Engine, World, both_databases};

both_databases!(
    what_is_done_stands_in_the_tenant_s_own_log_with_who_and_from_where,
    an_act_that_was_not_done_is_not_in_the_log,
    an_operator_s_look_at_a_mail_needs_a_reason_that_the_tenant_reads,
    another_tenant_and_a_key_of_one_inbox_read_nothing_of_a_log,
    a_changed_row_is_found_and_named,
    a_missing_row_is_found_and_named,
    a_cut_off_end_is_seen_by_a_checkpoint_alone,
    acts_at_the_same_time_make_one_chain,
    a_suspended_tenant_is_refused_at_every_door_until_it_is_resumed,
);

async fn entries(ada: &crate::world::actors::Tenant) -> Vec<Value> {
    let list = ada.review("GET", "/v1/audit?limit=100").send().await.expect(200);
    list["data"].as_array().expect("a list").clone()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().rev().map(|row| row["action"].as_str().expect("an action")).collect()
}

async fn what_is_done_stands_in_the_tenant_s_own_log_with_who_and_from_where(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    let held = ada.held().await[0]["id"].as_str().expect("an id").to_owned();
    ada.review("GET", format!("/v1/review/{held}")).send().await.expect(200);
    let why = json!({ "reason": "a harmless exercise" });
    ada.review("POST", format!("/v1/review/{held}/release")).json(&why).send().await.expect(200);
    let raw = ada.review("GET", format!("/v1/inboxes/{}/emails/{held}/raw", inbox.id)).send().await;
    assert_eq!(raw.status, 200);
    let key = ada.http("POST", "/v1/keys").json(&json!({})).send().await.expect(201);
    let key = key["id"].as_str().expect("an id").to_owned();
    ada.http("DELETE", format!("/v1/keys/{key}")).send().await.expect(200);
    ada.http("DELETE", format!("/v1/inboxes/{}", inbox.id)).send().await.expect(200);

    let rows = entries(&ada).await;
    let expected = [
        "tenant.create",
        "inbox.create",
        "mail.show_held",
        "mail.release",
        "mail.raw",
        "key.create",
        "key.revoke",
        "inbox.delete",
    ];
    assert_eq!(actions(&rows), expected);
    let release = &rows[4];
    assert_eq!(release["object"], json!(held));
    assert_eq!(release["reason"], json!("a harmless exercise"));
    assert_eq!(release["actorKind"], json!("key"));
    assert_eq!(release["actor"].as_str(), ada.review_token.split('_').nth(2));
    assert_eq!(release["network"], json!("127.0.0.0/24"), "the network, not the host");
    assert!(release["requestId"].as_str().expect("a request").starts_with("req_"));
    let walk = ada.review("GET", "/v1/audit/verify").send().await.expect(200);
    assert_eq!((&walk["ok"], &walk["rows"]), (&json!(true), &json!(8)));
}

async fn an_act_that_was_not_done_is_not_in_the_log(world: World) {
    let ada = world.tenant("ada").await;
    let before = entries(&ada).await.len();
    ada.http("POST", "/v1/inboxes").json(&json!({ "localPart": "postmaster" })).send().await.expect(409);
    ada.review("POST", "/v1/review/eml_00000000000000000000000000/release").send().await.expect(404);
    ada.http("DELETE", "/v1/keys/key_zzzzzzzzzzzz").send().await.expect(404);
    assert_eq!(entries(&ada).await.len(), before);
}

async fn an_operator_s_look_at_a_mail_needs_a_reason_that_the_tenant_reads(world: World) {
    let ((ada, inbox), _) = world.ada_and_bob().await;
    world.deliver_raw(&plain("private", "the text"), &[&inbox.address]).await;
    let mail = inbox.emails().await[0]["id"].as_str().expect("an id").to_owned();
    let look = |tenant: &str, reason: Value| {
        let path = format!("/operator/v1/tenants/{tenant}/emails/{mail}/break-glass");
        world.operator_http("POST", path).json(&reason)
    };
    look("ada", json!({})).send().await.expect(400);
    look("ada", json!({ "reason": "why not" })).send().await.expect(400);
    look("bob", json!({ "reason": "asked for by ticket 7" })).send().await.expect(404);
    let seen = look("ada", json!({ "reason": "asked for by ticket 7" })).send().await.expect(200);
    assert_eq!(seen["subject"], json!("private"));
    let rows = entries(&ada).await;
    assert_eq!((&rows[0]["action"], &rows[0]["actorKind"]), (&json!("mail.break_glass"), &json!("operator")));
    assert_eq!(rows[0]["reason"], json!("asked for by ticket 7"));
    let seen = world.operator_http("GET", "/operator/v1/audit?tenant=ada").send().await.expect(200);
    assert_eq!(seen["data"][0]["action"], json!("mail.break_glass"));
    assert!(seen["data"][0].get("reason").is_none(), "the reason is the tenant's to read");
}

async fn another_tenant_and_a_key_of_one_inbox_read_nothing_of_a_log(world: World) {
    let ((ada, inbox), (bob, _)) = world.ada_and_bob().await;
    ada.http("GET", "/v1/audit").send().await.expect(403);
    inbox.http("GET", "/v1/audit").send().await.expect(403);
    let bound = json!({ "inboxId": inbox.id, "scopes": ["audit"] });
    let minted = ada.review("POST", "/v1/keys").json(&bound).send().await;
    // Reviewers hold no `keys`, so nobody can make such a key; if somebody could, it would still read nothing.
    minted.expect(403);
    let foreign = entries(&bob).await;
    assert!(foreign.iter().all(|row| row["object"] != json!(inbox.id)), "{foreign:?}");
    let own = entries(&ada).await;
    assert!(own.iter().any(|row| row["object"] == json!(inbox.id)));
}

async fn a_changed_row_is_found_and_named(world: World) {
    let ada = with_rows(&world).await;
    world.tamper("UPDATE audit SET action = 'mail.release' WHERE tenant_id = 'ada' AND seq = 3").await;
    let walk = ada.review("GET", "/v1/audit/verify").send().await.expect(200);
    assert_eq!((&walk["ok"], &walk["firstBad"]), (&json!(false), &json!(3)));
}

async fn a_missing_row_is_found_and_named(world: World) {
    let ada = with_rows(&world).await;
    world.tamper("DELETE FROM audit WHERE tenant_id = 'ada' AND seq = 2").await;
    let walk = ada.review("GET", "/v1/audit/verify").send().await.expect(200);
    assert_eq!((&walk["ok"], &walk["firstBad"]), (&json!(false), &json!(2)));
    assert_eq!(walk["problem"], json!("a row is missing"));
    let last = "DELETE FROM audit WHERE tenant_id = 'ada' AND seq > 0";
    world.tamper(last).await;
    let walk = ada.review("GET", "/v1/audit/verify").send().await.expect(200);
    assert_eq!(walk["problem"], json!("rows are missing at the end"));
}

async fn a_cut_off_end_is_seen_by_a_checkpoint_alone(world: World) {
    let ada = with_rows(&world).await;
    let room = world.with_app(|app| app.room().clone());
    let first = room.checkpoint().await.expect("written").expect("there is something to say");
    assert!(room.checkpoint().await.expect("asked").is_none(), "nothing happened since");
    let verifier = room.checkpoint_verifier().await.expect("a key");
    assert_eq!(mailward_mailroom::check_list(std::slice::from_ref(&first), &verifier), Ok(()));
    let mut forged = first.clone();
    forged.leaves = forged.leaves.replace("ada ", "eve ");
    assert!(mailward_mailroom::check_list(&[forged], &verifier).is_err());
    let heads: Vec<&str> = first.leaves.lines().collect();
    let ask = async || {
        let question = json!({ "heads": heads });
        world.operator_http("POST", "/operator/v1/audit/missing").json(&question).send().await.expect(200)
    };
    assert_eq!(ask().await["missing"], json!([]));
    // The last row goes, and the head is set back to the row before it: the chain by itself holds.
    world.tamper("DELETE FROM audit WHERE tenant_id = 'ada' AND seq = 4").await;
    world
        .tamper("UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE tenant_id = 'ada' AND seq = 3) WHERE tenant_id = 'ada'")
        .await;
    let walk = ada.review("GET", "/v1/audit/verify").send().await.expect(200);
    assert_eq!(walk["ok"], json!(true));
    let missing = ask().await;
    assert!(missing["missing"][0].as_str().expect("one").starts_with("ada 4 "), "{missing}");
}

async fn acts_at_the_same_time_make_one_chain(world: World) {
    let ada = world.tenant("ada").await;
    let makers = (0..12).map(|_| {
        let ada = ada.clone();
        tokio::spawn(async move { ada.http("POST", "/v1/keys").json(&json!({})).send().await.expect(201) })
    });
    for maker in makers.collect::<Vec<_>>() {
        maker.await.expect("made");
    }
    let walk = ada.review("GET", "/v1/audit/verify").send().await.expect(200);
    assert_eq!((&walk["ok"], &walk["rows"]), (&json!(true), &json!(13)));
}

async fn a_suspended_tenant_is_refused_at_every_door_until_it_is_resumed(world: World) {
    let ((ada, inbox), (_, other)) = world.ada_and_bob().await;
    let stand = |verb: &str| {
        let body = json!({ "reason": "unpaid" });
        world.operator_http("POST", format!("/operator/v1/tenants/ada/{verb}")).json(&body)
    };
    assert_eq!(stand("suspend").send().await.expect(200)["state"], json!("suspended"));
    assert_eq!(stand("suspend").send().await.expect(200)["state"], json!("suspended"), "done already");
    for answer in [
        ada.http("GET", "/v1/account").send().await,
        ada.review("GET", "/v1/review").send().await,
        inbox.http("GET", format!("/v1/inboxes/{}/emails", inbox.id)).send().await,
    ] {
        assert_eq!(answer.expect(423)["error"], json!("tenant_suspended"));
    }
    let made = world.operator_http("POST", "/operator/v1/tenants/ada/inboxes").json(&json!({}));
    assert_eq!(made.send().await.expect(409)["error"], json!("conflict"));
    let replies = world.try_recipients(&[&inbox.address, &other.address]).await;
    assert!(replies[0].starts_with("450 4.2.1"), "{replies:?}");
    assert!(
        replies[1].starts_with("250"),
        "a neighbour in the same transaction notices nothing: {replies:?}"
    );
    assert_eq!(stand("resume").send().await.expect(200)["state"], json!("active"));
    ada.http("GET", "/v1/account").send().await.expect(200);
    world.deliver_raw(&plain("again", "x"), &[&inbox.address]).await;
    assert_eq!(
        actions(&entries(&ada).await),
        ["tenant.create", "inbox.create", "tenant.suspend", "tenant.resume"]
    );
}

/// A tenant with four rows in its log.
async fn with_rows(world: &World) -> crate::world::actors::Tenant {
    let ada = world.tenant("ada").await;
    for _ in 0..3 {
        ada.http("POST", "/v1/keys").json(&json!({})).send().await.expect(201);
    }
    ada
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_to_change_a_row() {
    let world = World::on(Engine::Postgres, &[]).await;
    world.tenant("ada").await;
    let pool =
        sqlx::PgPool::connect(&world.database().expect("a database").service_url).await.expect("opened");
    for sql in ["UPDATE audit SET at = 0", "DELETE FROM audit", "TRUNCATE audit"] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.expect_err("refused");
        assert!(refused.to_string().contains("permission denied"), "{refused}");
    }
    let owner =
        sqlx::PgPool::connect(&world.database().expect("a database").admin_url).await.expect("opened");
    for sql in ["UPDATE audit SET at = 0", "DELETE FROM audit", "TRUNCATE audit"] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&owner).await.expect_err("refused");
        assert!(refused.to_string().contains("not changed"), "{refused}");
    }
    let world = World::on(Engine::Sqlite, &[]).await;
    world.tenant("ada").await;
    let path = format!("sqlite://{}", world.data_dir().join("mailward.db").display());
    let pool = sqlx::SqlitePool::connect(&path).await.expect("opened");
    for sql in ["UPDATE audit SET at = 0", "DELETE FROM audit"] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.expect_err("refused");
        assert!(refused.to_string().contains("not changed"), "{refused}");
    }
}
