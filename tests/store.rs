//! What the store promises below every door: one schema on both databases, leases with fences, one decision.

use std::collections::BTreeSet;
use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::{Claim, JobKind};
use serde_json::json;

use crate::world::mail::plain;
use crate::world::{Engine, World, both_databases, fixture};

both_databases!(
    a_job_is_claimed_once_until_its_lease_ends,
    a_worker_whose_lease_ended_settles_nothing,
    jobs_of_a_tenant_that_may_not_act_wait_until_it_may,
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

async fn jobs_of_a_tenant_that_may_not_act_wait_until_it_may(world: World) {
    let (world, store, now) = with_a_job(&world).await;
    let lease = Duration::from_secs(60);
    world.tamper("UPDATE tenant SET state = 'suspended' WHERE id = 'ada'").await;
    assert!(store.claim(now, lease, &ANY).await.expect("asked").is_empty());
    world.tamper("UPDATE tenant SET state = 'active' WHERE id = 'ada'").await;
    let jobs = store.claim(now, lease, &ANY).await.expect("claimed");
    assert_eq!(jobs.len(), 1, "it has waited, and was not tried meanwhile");
}

/// Whatever is due.
static ANY: std::sync::LazyLock<Claim<'static>> = std::sync::LazyLock::new(|| Claim {
    limit: 10,
    per_tenant: 10,
    without: &[],
    regions: HERE.as_slice(),
    kinds: &[JobKind::Webhook],
});
static HERE: std::sync::LazyLock<[String; 1]> = std::sync::LazyLock::new(|| ["local".to_owned()]);

/// A store with one due job, on a service that has stopped working on it.
pub async fn with_a_job(world: &World) -> (World, mailward_store::Store, Timestamp) {
    let world = world.start_with(&["webhooks.allow_private=[\"127.0.0.0/8\"]"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    // Nobody listens on port 1: whatever the service tried before it stopped, it failed.
    let hook = json!({ "url": "http://127.0.0.1:1/", "events": ["email.received"] });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    world.deliver_raw(&plain("job", "x"), &[&inbox.address]).await;
    world.stop().await;
    // The endpoint was asked whether it wants to be called; that is a job of its own.
    world.tamper("DELETE FROM job WHERE id LIKE 'verify:%'").await;
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
async fn a_statement_that_forgets_its_tenant_sees_nothing_on_postgres() {
    let world = World::on(Engine::Postgres, &[]).await;
    let ((ada, ada_inbox), (bob, bob_inbox)) = world.ada_and_bob().await;
    world.deliver_raw(&plain("for both", "x"), &[&ada_inbox.address, &bob_inbox.address]).await;
    let hook = json!({ "clientId": "mine", "displayName": "mine" });
    ada.http("POST", "/v1/inboxes").header("Idempotency-Key", "k").json(&hook).send().await.expect(201);
    let service =
        sqlx::PgPool::connect(&world.database().expect("a database").service_url).await.expect("opened");
    for table in tables_of_tenants(&world).await {
        let count = || sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let (seen,): (i64,) = sqlx::query_as(count()).fetch_one(&service).await.expect("asked");
        assert_eq!(seen, 0, "{table} without a tenant");
        let mut tx = service.begin().await.expect("begun");
        sqlx::query("SELECT set_config('mailward.tenant', 'ada', true)")
            .execute(&mut *tx)
            .await
            .expect("set");
        let foreign = sqlx::AssertSqlSafe(format!(
            "SELECT COUNT(*) FROM {table} WHERE {} <> 'ada'",
            if table == "tenant" { "id" } else { "tenant_id" }
        ));
        let (seen,): (i64,) = sqlx::query_as(foreign).fetch_one(&mut *tx).await.expect("asked");
        assert_eq!(seen, 0, "{table} as ada");
        let (own,): (i64,) = sqlx::query_as(count()).fetch_one(&mut *tx).await.expect("asked");
        assert!(
            own > 0
                || [
                    "webhook",
                    "webhook_attempt",
                    "job",
                    "limit_notice",
                    "leaving",
                    "policy",
                    "allowed_sender",
                    "decision",
                    "judge_use",
                    "use_act",
                    "usage_closed",
                    "recipient",
                    "correspondent",
                    "domain",
                    "person",
                    "entry",
                    "pending_decision",
                    "suppression",
                    "relay",
                    "break_glass",
                    "brand",
                    "approval"
                ]
                .contains(&table.as_str()),
            "{table} shows ada her own rows"
        );
        drop(tx);
        // The setting was the transaction's: on the same connection there is nothing again.
        let (seen,): (i64,) = sqlx::query_as(count()).fetch_one(&service).await.expect("asked");
        assert_eq!(seen, 0, "{table} after the transaction");
    }
    // Nor can a row be written for somebody else.
    let mut tx = service.begin().await.expect("begun");
    sqlx::query("SELECT set_config('mailward.tenant', 'ada', true)").execute(&mut *tx).await.expect("set");
    let forged =
        "INSERT INTO event (tenant_id, id, kind, created_at) VALUES ('bob', 'evt_x', 'email.received', 0)";
    let refused = sqlx::query(forged).execute(&mut *tx).await.expect_err("refused").to_string();
    assert!(refused.contains("row-level security"), "{refused}");
    assert_eq!(bob_inbox.emails().await.len(), 1, "{}", bob.id);
}

#[tokio::test]
async fn a_database_without_tables_is_refused_with_what_to_do() {
    let database = crate::world::postgres::database().await;
    let location = mailward_store::Location::Postgres { url: database.service_url.clone(), owner_url: None };
    let refused =
        mailward_store::Store::open(&location).await.map(|_| ()).expect_err("there is nothing").to_string();
    assert!(refused.contains("store.owner_url"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_of_postgres_holds_no_door_that_nobody_counted() {
    let world = World::on(Engine::Postgres, &[]).await;
    let pool = sqlx::PgPool::connect(&world.database().expect("a database").admin_url).await.expect("opened");
    let unlocked: Vec<(String,)> = sqlx::query_as(
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relkind IN ('r', 'v', 'm') AND c.relnamespace = 'public'::regnamespace
         AND (a.attname = 'tenant_id' OR c.relname = 'tenant' AND a.attname = 'id')
         AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
    )
    .fetch_all(&pool)
    .await
    .expect("asked");
    assert!(unlocked.is_empty(), "tables or views of tenants without forced policies: {unlocked:?}");
    let functions: Vec<(String, bool, bool, bool)> = sqlx::query_as(
        "SELECT p.proname::text, p.prosecdef, COALESCE('search_path=public, pg_temp' = ANY (p.proconfig), false), r.rolcanlogin
         FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner WHERE p.pronamespace = 'public'::regnamespace
         AND p.prorettype <> 'trigger'::regtype ORDER BY 1",
    )
    .fetch_all(&pool)
    .await
    .expect("asked");
    let names: Vec<&str> = functions.iter().map(|(name, ..)| name.as_str()).collect();
    // A new one is a new way across tenants: think, then count it here.
    let counted = [
        "mw_brands",
        "mw_chains",
        "mw_claim",
        "mw_deleted",
        "mw_ending",
        "mw_entry",
        "mw_expired",
        "mw_forget_use",
        "mw_held_too_long",
        "mw_key",
        "mw_looks_like",
        "mw_new_heads",
        "mw_next_due",
        "mw_receipts",
        "mw_route",
        "mw_sweep",
        "mw_tenants",
    ];
    assert_eq!(names, counted);
    for (name, is_definer, has_path, can_login) in &functions {
        assert!(*is_definer && *has_path && !*can_login, "{name}: {is_definer} {has_path} {can_login}");
    }
    let public: Vec<(String,)> = sqlx::query_as(
        "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
         AND has_function_privilege('public', oid, 'EXECUTE')",
    )
    .fetch_all(&pool)
    .await
    .expect("asked");
    assert!(public.is_empty(), "anybody may call {public:?}");
    let (bypasses,): (bool,) =
        sqlx::query_as("SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = 'mailward_service'")
            .fetch_one(&pool)
            .await
            .expect("asked");
    assert!(!bypasses);
}

/// Every table that holds rows of tenants.
async fn tables_of_tenants(world: &World) -> Vec<String> {
    let pool = sqlx::PgPool::connect(&world.database().expect("a database").admin_url).await.expect("opened");
    let found: Vec<(String,)> = sqlx::query_as(
        "SELECT DISTINCT table_name::text FROM information_schema.columns WHERE table_schema = 'public'
         AND (column_name = 'tenant_id' OR table_name = 'tenant') AND table_name NOT LIKE '\\_sqlx%'",
    )
    .fetch_all(&pool)
    .await
    .expect("asked");
    assert!(found.len() >= 10, "{found:?}");
    found.into_iter().map(|(table,)| table).collect()
}
