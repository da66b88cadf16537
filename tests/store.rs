//! What the store promises below every door: one schema on both databases, leases with fences, one decision.

use std::collections::BTreeSet;
use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::Claim;
use serde_json::json;

use crate::world::mail::plain;
use crate::world::{Engine, World, both_databases, fixture};

both_databases!(
    a_job_is_claimed_once_until_its_lease_ends,
    a_worker_whose_lease_ended_settles_nothing,
    a_slug_is_never_a_second_tenant,
    a_start_on_the_same_data_finds_everything_again,
    a_wrong_verifier_is_nobody,
);

async fn a_job_is_claimed_once_until_its_lease_ends(world: World) {
    let (_world, store, now) = with_a_job(&world).await;
    let lease = Duration::from_secs(60);
    let first = store.claim(now, lease, &ANY).await.expect("claimed");
    assert_eq!(first.len(), 1);
    assert!(store.claim(now, lease, &ANY).await.expect("asked").is_empty(), "the lease holds");
    let later = store.claim(now.plus(lease), lease, &ANY).await.expect("claimed again");
    assert_eq!((later.len(), later[0].attempts), (1, first[0].attempts + 1));
    assert!(later[0].done().await.expect("settled"));
    assert!(store.claim(now.plus(lease * 9), lease, &ANY).await.expect("asked").is_empty());
}

async fn a_worker_whose_lease_ended_settles_nothing(world: World) {
    let (_world, store, now) = with_a_job(&world).await;
    let lease = Duration::from_secs(60);
    let slow = store.claim(now, lease, &ANY).await.expect("claimed").remove(0);
    let other = store.claim(now.plus(lease), lease, &ANY).await.expect("claimed again").remove(0);
    assert!(!slow.done().await.expect("asked"), "its fence is old");
    assert!(!slow.retry(now, None).await.expect("asked"));
    assert!(other.give_up(now, Some(410)).await.expect("settled"));
    assert!(
        store.claim(now.plus(lease * 9), lease, &ANY).await.expect("asked").is_empty(),
        "dead jobs stay dead"
    );
}

/// Whatever is due.
const ANY: Claim<'static> = Claim { limit: 10, per_tenant: 10, without: &[] };

/// A store with one due job, on a service that has stopped working on it.
async fn with_a_job(world: &World) -> (World, mailward_store::Store, Timestamp) {
    let world = world.start_with(&["webhooks.allow_private=[\"127.0.0.0/8\"]"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    // Nobody listens on port 1: whatever the service tried before it stopped, it failed.
    let hook = json!({ "url": "http://127.0.0.1:1/", "events": ["email.received"] });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    world.deliver_raw(&plain("job", "x"), &[&inbox.address]).await;
    world.stop().await;
    let store = world.store().await;
    // Any lease or delay of the service's own is over by then.
    (world, store, Timestamp::parse("2100-01-01T00:00:00Z").expect("a moment"))
}

async fn a_slug_is_never_a_second_tenant(world: World) {
    world.tenant("ada").await;
    let again =
        world.operator_http("POST", "/operator/v1/tenants").json(&json!({ "id": "ada" })).send().await;
    assert_eq!(again.expect(409)["error"], json!("conflict"));
}

async fn a_start_on_the_same_data_finds_everything_again(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver_raw(&plain("before", "x"), &[&inbox.address]).await;
    let (path, token) = (format!("/v1/inboxes/{}/emails", inbox.id), inbox.token.clone());
    drop((ada, inbox));
    let world = world.restart().await;
    let list = world.http("GET", path).token(&token).send().await.expect(200);
    assert_eq!(list["data"][0]["subject"], json!("before"));
}

async fn a_wrong_verifier_is_nobody(world: World) {
    let ada = world.tenant("ada").await;
    let keyid = ada.token.split('_').nth(2).expect("a key id").to_owned();
    let store = world.store().await;
    assert!(store.authenticate(&keyid, &[0; 32]).await.expect("asked").is_none());
    assert!(store.authenticate("zzzzzzzzzzzz", &[0; 32]).await.expect("asked").is_none());
    assert!(TenantId::parse(&ada.id).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_tables_and_columns() {
    let sqlite = World::on(Engine::Sqlite, &[]).await;
    let pool =
        sqlx::SqlitePool::connect(&format!("sqlite://{}", sqlite.data_dir().join("mailward.db").display()))
            .await
            .expect("opened");
    let columns = "SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '_sqlx%'";
    let in_sqlite: BTreeSet<(String, String)> =
        sqlx::query_as(columns).fetch_all(&pool).await.expect("columns").into_iter().collect();
    let database = crate::world::migrated().await;
    let pool = sqlx::PgPool::connect(&database.admin_url).await.expect("opened");
    let columns = "SELECT table_name::text, column_name::text FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'";
    let in_postgres: BTreeSet<(String, String)> =
        sqlx::query_as(columns).fetch_all(&pool).await.expect("columns").into_iter().collect();
    assert!(in_sqlite.len() > 50, "{}", in_sqlite.len());
    assert_eq!(in_sqlite, in_postgres);
    let files = |folder: &str| -> BTreeSet<String> {
        std::fs::read_dir(fixture(folder))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect()
    };
    assert_eq!(files("migrations/sqlite"), files("migrations/postgres"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_role_of_postgres_owns_nothing() {
    let world = World::on(Engine::Postgres, &[]).await;
    world.tenant("ada").await;
    let pool = sqlx::PgPool::connect(&world.database().expect("a database").admin_url).await.expect("opened");
    let owned: Vec<(String,)> =
        sqlx::query_as("SELECT relname::text FROM pg_class WHERE relowner = 'mailward_service'::regrole")
            .fetch_all(&pool)
            .await
            .expect("asked");
    assert!(owned.is_empty(), "{owned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scope_of_postgres_says_whose_rows_it_may_touch() {
    let world = World::on(Engine::Postgres, &[]).await;
    let pool = sqlx::PgPool::connect(&world.database().expect("a database").admin_url).await.expect("opened");
    // Row-level policies on what only scopes touch: a scope that did not name its tenant would see and write nothing.
    for sql in [
        "ALTER TABLE part ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON part USING (tenant_id = nullif(current_setting('mailward.tenant', true), ''))",
        "ALTER TABLE event ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON event USING (tenant_id = nullif(current_setting('mailward.tenant', true), ''))",
        "ALTER TABLE webhook ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON webhook USING (tenant_id = nullif(current_setting('mailward.tenant', true), ''))",
    ] {
        sqlx::query(sql).execute(&pool).await.expect(sql);
    }
    let ((_, ada), (_, bob)) = world.ada_and_bob().await;
    world.deliver_raw(&plain("for both", "x"), &[&ada.address, &bob.address]).await;
    assert_eq!((ada.emails().await.len(), bob.emails().await.len()), (1, 1));
    let service =
        sqlx::PgPool::connect(&world.database().expect("a database").service_url).await.expect("opened");
    let (seen,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM part").fetch_one(&service).await.expect("asked");
    assert_eq!(seen, 0, "outside of a scope the service's role sees nothing");
}
