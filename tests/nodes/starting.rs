//! Nodes that start: together on an empty database, in parts, with the wrong key, with a wrong clock.

use std::time::Duration;

use mailward_mail::clock::{Clock, Timestamp};
use mailward_store::{Claim, JobKind, Location, Store};
use serde_json::json;

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
