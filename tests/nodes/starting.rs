//! Nodes that start: together on an empty database, in parts, with the wrong key, with a wrong clock.

use std::time::Duration;

use mailward_mail::clock::{Clock, Timestamp};
use mailward_store::{Claim, JobKind, Location, Store};
use serde_json::json;

use crate::judging::until;
use crate::world::World;
use crate::world::endpoint::{endpoint, once};
use crate::world::http::Request;
use crate::world::mail::plain;
use crate::world::postgres;

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_on_an_empty_database_all_come_up() {
    let database = postgres::database().await;
    let location =
        Location::Postgres { url: database.service_url.clone(), owner_url: Some(database.owner_url.clone()) };
    let open = || {
        let location = location.clone();
        tokio::spawn(async move { Store::open(&location).await.map(drop) })
    };
    for started in [open(), open(), open()] {
        started.await.expect("no panic").expect("it comes up");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_service_answers_for_its_own_health_and_for_nothing_else() {
    let whole = World::node(&[]).await;
    let inbox = whole.tenant("ada").await.inbox().await;
    let smtp = whole.further_node("smtp", &[]).await;
    let web = whole.further_node("web", &["limits.disk_free_bytes=9223372036854775807"]).await;
    let dispatch = whole.further_node("dispatch", &[]).await;
    assert!(smtp.deliver_raw(&plain("in", "x"), &[&inbox.address]).await.starts_with("250 "));
    let list = Request::new(web.http, "GET", format!("/v1/inboxes/{}/emails", inbox.id)).token(&inbox.token);
    assert_eq!(list.send().await.expect(200)["data"][0]["subject"], json!("in"));
    // Nobody delivers mail to the web node, so its full disk keeps nobody from anything.
    for node in [&smtp, &web, &dispatch] {
        Request::new(node.operator, "GET", "/readyz").send().await.expect(200);
        Request::new(node.operator, "GET", "/healthz").send().await.expect(200);
    }
    for node in [&smtp, &dispatch] {
        assert_eq!(node.operator_http("GET", "/operator/v1/tenants").send().await.status, 404);
        let told = Request::new(node.operator, "GET", "/metrics").send().await.text();
        assert!(told.contains("\nmailward_ready 1\n") && told.contains("mailward_stage_seconds"), "{told}");
        assert!(node.http("GET", "/v1/account").try_send().await.is_err(), "nobody listens");
    }
    for node in [&web, &dispatch] {
        assert!(crate::world::mail::Sender::connect(node.smtp).await.is_err(), "nobody takes mail");
    }
    web.operator_http("GET", "/operator/v1/tenants").send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_master_key_is_not_the_others_is_refused() {
    let first = World::node(&[]).await;
    let refused = first.stranger().await;
    assert!(refused.contains("copy it from another node"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_older_than_the_program_is_refused_with_what_to_do() {
    let database = crate::world::migrated().await;
    let owner = sqlx::PgPool::connect(&database.owner_url).await.expect("opened");
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 5").execute(&owner).await.expect("forgotten");
    let location = Location::Postgres { url: database.service_url.clone(), owner_url: None };
    let refused = Store::open(&location).await.map(drop).expect_err("it is old").to_string();
    assert!(refused.contains("mailward db init"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_clock_is_wrong_goes_by_the_databases_and_leaves_leases_alone() {
    let world = World::node(&["webhooks.allow_private=[\"127.0.0.0/8\"]"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (address, _calls) = endpoint(&[]).await;
    let hook = json!({ "url": format!("http://{address}/"), "events": ["email.received"] });
    let made = ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    once(&ada, made["id"].as_str().expect("an id"), "active").await;
    world.stop().await;
    let front = world.further_node("smtp", &[]).await;
    front.deliver_raw(&plain("job", "x"), &[&inbox.address]).await;
    let store = world.store().await;
    let regions = ["local".to_owned()];
    let any =
        Claim { limit: 10, per_tenant: 10, without: &[], regions: &regions, kinds: &[JobKind::Webhook] };
    let lease = Duration::from_secs(600);
    // Two nodes whose machines are hours apart, either way.
    let (ahead, behind) = (Clock::following(), Clock::following());
    ahead.follow(ahead.now(), ahead.now().plus(Duration::from_secs(7_200)));
    behind.follow(behind.now(), behind.now().minus(Duration::from_secs(7_200)));
    for clock in [&ahead, &behind] {
        let wrong = store.set_clock(clock).await.expect("set");
        assert!((7_190_000..7_210_000).contains(&wrong.abs()), "{wrong}");
    }
    assert_eq!(store.claim(behind.now(), lease, &any).await.expect("claimed").len(), 1, "it is due for both");
    assert!(
        store.claim(ahead.now(), lease, &any).await.expect("asked").is_empty(),
        "the lease holds for both"
    );
    let theirs = ahead.now().millis() - behind.now().millis();
    assert!(theirs.abs() < 1_000, "{theirs}");
    assert!(
        store.claim(Timestamp(ahead.now().millis() + 700_000), lease, &any).await.expect("asked").len() == 1
    );
}

#[test]
fn a_part_that_could_share_nothing_is_refused_and_an_unknown_part_is_a_usage_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let serve = |roles: &str| {
        let mut command = std::process::Command::new(crate::world::process::binary());
        command.args(["serve", "--only", roles, "--data-dir"]).arg(directory.path().join("data"));
        command.output().expect("it runs")
    };
    let alone = serve("smtp");
    assert_eq!(alone.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&alone.stderr).contains("keys.store_url"), "{alone:?}");
    let unknown = serve("smtp,imap");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no role `imap`"), "{unknown:?}");
}

/// Name, roles and state of all processes, as one node's operator sees them.
async fn listed(world: &World) -> Vec<(String, String)> {
    let all = world.operator_http("GET", "/operator/v1/nodes").send().await.expect(200);
    let all = all["data"].as_array().expect("a list");
    let mut listed: Vec<_> = all
        .iter()
        .map(|node| (node["roles"].to_string(), node["state"].as_str().expect("a state").to_owned()))
        .collect();
    listed.sort();
    listed
}

#[tokio::test(flavor = "multi_thread")]
async fn each_node_says_that_it_serves_and_takes_its_leave() {
    let a = World::node(&[]).await;
    let b = a.further_node("smtp", &[]).await;
    let [all, smtp] = [r#"["smtp","web","dispatch"]"#, r#"["smtp"]"#].map(str::to_owned);
    let ready = "ready".to_owned();
    until("both are listed", async || {
        listed(&a).await == [(all.clone(), ready.clone()), (smtp.clone(), ready.clone())]
    })
    .await;
    b.stop().await;
    assert_eq!(listed(&a).await, [(all, ready)], "who ends in order is gone at once");
    // One that was killed stays, and is not taken for a living one.
    a.tamper(
        "INSERT INTO node (id, name, version, roles, started_at, seen_at)
        VALUES ('nod_dead', 'mx-2', '0.1.0', 'dispatch', 0, extract(epoch from now()) * 1000 - 60000)",
    )
    .await;
    assert!(listed(&a).await.contains(&(r#"["dispatch"]"#.to_owned(), "silent".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_there_is_one_node_whatever_was_killed_before() {
    let world = World::on(crate::world::Engine::Sqlite, &[]).await;
    world
        .tamper("INSERT INTO node (id, name, version, roles, started_at, seen_at) VALUES ('nod_dead', 'x', '0', 'web', 0, 0)")
        .await;
    let world = world.restart().await;
    until("it alone is listed", async || listed(&world).await.len() == 1).await;
}
