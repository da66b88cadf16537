//! The second lock, with the first one open: raw statements without any condition on a tenant, as the role that the
//! service has. On PostgreSQL the policies keep the rows apart; on SQLite the keys do.
//!
//! Tables are taken from the catalogue, so that a new one is tried without a word here. What holds no tenant's rows is
//! listed by name, and a new table of that kind fails until somebody has thought about it.

use std::collections::BTreeSet;

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId, WebhookId};
use mailward_store::{Decided, Decision, Disabled, Filter, InboxChange, Include, WebhookChange};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::world::mail::plain;
use crate::world::postgres::TestDatabase;
use crate::world::{Engine, World, both_databases, migrated};

both_databases!(a_scope_finds_nothing_under_anothers_ids);

/// Tables without a tenant, and why nobody is told of a neighbour by them.
const OF_NO_TENANT: &[(&str, &str)] = &[
    ("checkpoint", "the ends of chains, and what was signed over them: slugs, numbers and hashes"),
    ("node", "the processes that serve: their names, what they do and whether they are ready"),
    ("operator_key", "keyed hashes of the operators' own tokens"),
    ("tombstone", "keyed digests of addresses that were ever issued"),
];

/// The tenant that acts, and the one that is to be kept from it.
const OWN: &str = "ada";
const FOREIGN: &str = "bob";

/// Whose rows a table says they are; `None`: they are no tenant's.
fn column_of_tenant(table: &str, columns: &BTreeSet<String>) -> Option<&'static str> {
    match () {
        () if columns.contains("tenant_id") => Some("tenant_id"),
        () if table == "tenant" => Some("id"),
        () if columns.contains("chain") => Some("chain"),
        () => None,
    }
}

/// A table or view of tenants, as PostgreSQL's catalogue knows it.
struct Table {
    name: String,
    tenant: &'static str,
    /// Names and types.
    columns: Vec<(String, String)>,
}

impl Table {
    /// Puts in a row of a tenant, every column filled.
    fn insert(&self, tenant: &str) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<String> = self
            .columns
            .iter()
            .map(|(name, kind)| match kind.as_str() {
                _ if name == self.tenant => format!("'{tenant}'"),
                "text" => format!("'{name} of {tenant}'"),
                "bytea" => format!("convert_to('{name} of {tenant}', 'UTF8')"),
                "bigint" => "7".to_owned(),
                other => panic!(
                    "{}.{name} is a {other}: our two databases share text, bigint and bytes",
                    self.name
                ),
            })
            .collect();
        format!("INSERT INTO {} ({}) VALUES ({})", self.name, names.join(", "), values.join(", "))
    }
}

/// A database of the current schema in which every table has a row of each of two tenants, whatever else would have
/// to be there first: the locks are tried, not the references.
struct Filled {
    database: TestDatabase,
    tables: Vec<Table>,
}

impl Filled {
    async fn new() -> Self {
        let database = migrated().await;
        let mut admin = connect(&database.admin_url).await;
        let tables = tables(&mut admin).await;
        // References, checks and triggers are not what is tried here, and would need a row for each case of them.
        let constraints: Vec<(String, String)> = sqlx::query_as(
            "SELECT conrelid::regclass::text, conname::text FROM pg_constraint
             WHERE contype IN ('f', 'c') AND connamespace = 'public'::regnamespace",
        )
        .fetch_all(&mut admin)
        .await
        .expect("constraints");
        for (table, constraint) in constraints {
            run(&mut admin, format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint}")).await;
        }
        run(&mut admin, "SET session_replication_role = replica".into()).await;
        for table in &tables {
            for tenant in [OWN, FOREIGN] {
                run(&mut admin, table.insert(tenant)).await;
            }
        }
        Self { database, tables }
    }

    /// The rows of the other tenant, as they are.
    async fn foreign(&self) -> Vec<(String, String)> {
        let mut admin = connect(&self.database.admin_url).await;
        let mut all = Vec::new();
        for table in &self.tables {
            let sql = format!(
                "SELECT '{0}', COALESCE(string_agg(t::text, '|' ORDER BY t::text), '') FROM {0} t WHERE {1} = '{FOREIGN}'",
                table.name, table.tenant
            );
            let row: (String, String) =
                sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut admin).await.expect("rows");
            assert!(row.1.contains(FOREIGN), "{} has something to keep: {}", table.name, row.1);
            all.push(row);
        }
        all
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

async fn run(connection: &mut PgConnection, sql: String) {
    let said = sql.clone();
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{said}: {error}"));
}

async fn tables(admin: &mut PgConnection) -> Vec<Table> {
    let columns: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL) FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace = 'public'::regnamespace
         AND c.relname NOT LIKE '\\_sqlx%' ORDER BY c.relname, a.attnum",
    )
    .fetch_all(admin)
    .await
    .expect("columns");
    let names: BTreeSet<&String> = columns.iter().map(|(table, ..)| table).collect();
    let mut found = Vec::new();
    let mut of_nobody = Vec::new();
    for name in names {
        let own: Vec<(String, String)> = columns
            .iter()
            .filter(|(table, ..)| table == name)
            .map(|(_, column, kind)| (column.clone(), kind.clone()))
            .collect();
        match column_of_tenant(name, &own.iter().map(|(column, _)| column.clone()).collect()) {
            Some(tenant) => found.push(Table { name: name.clone(), tenant, columns: own }),
            None => of_nobody.push(name.as_str()),
        }
    }
    let listed: Vec<&str> = OF_NO_TENANT.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        of_nobody, listed,
        "a table or view without a tenant: say in OF_NO_TENANT why nobody learns by it"
    );
    assert!(found.len() >= 10, "{}", found.len());
    found
}

/// Begins a transaction as the service does, with `mailward.tenant` as given; `None`: never set.
async fn begin(connection: &mut PgConnection, setting: Option<&str>) {
    run(connection, "BEGIN".into()).await;
    if let Some(setting) = setting {
        sqlx::query("SELECT set_config('mailward.tenant', $1, true)")
            .bind(setting)
            .execute(connection)
            .await
            .expect("set");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_statement_without_a_condition_sees_its_own_tenant_alone() {
    let filled = Filled::new().await;
    // The owner of the tables is bound too: that is what FORCE means. It may hand functions to mailward_definer, and
    // must not inherit what that role sees.
    let mut admin = connect(&filled.database.admin_url).await;
    let inherits: bool =
        sqlx::query_scalar("SELECT rolinherit FROM pg_roles WHERE rolname = 'mailward_owner'")
            .fetch_one(&mut admin)
            .await
            .expect("a role");
    if inherits {
        // A cluster that was started before this rule.
        run(&mut admin, "ALTER ROLE mailward_owner NOINHERIT".into()).await;
    }
    for url in [&filled.database.service_url, &filled.database.owner_url] {
        let mut service = connect(url).await;
        let nobody =
            [None, Some(""), Some(" "), Some("%"), Some("nobody"), Some("ada' OR '1'='1"), Some("bob,ada")];
        for (setting, own) in nobody.map(|setting| (setting, 0)).into_iter().chain([(Some(OWN), 1)]) {
            for table in &filled.tables {
                for lock in ["", " FOR UPDATE"] {
                    begin(&mut service, setting).await;
                    let sql = format!("SELECT {} FROM {}{lock}", table.tenant, table.name);
                    let seen: Result<Vec<(String,)>, _> =
                        sqlx::query_as(AssertSqlSafe(sql.clone())).fetch_all(&mut service).await;
                    match seen {
                        Ok(seen) => {
                            assert!(
                                seen.iter().all(|(tenant,)| tenant == OWN),
                                "{setting:?} {sql}: {seen:?}"
                            );
                            assert_eq!(seen.len(), own, "{setting:?} {sql}");
                        }
                        Err(error) => {
                            assert!(is_refused(&error) && !lock.is_empty(), "{setting:?} {sql}: {error}")
                        }
                    }
                    run(&mut service, "ROLLBACK".into()).await;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_statement_without_a_condition_changes_nothing_of_another_tenant() {
    let filled = Filled::new().await;
    let before = filled.foreign().await;
    let mut service = connect(&filled.database.service_url).await;
    for setting in [None, Some(""), Some(OWN)] {
        let own = u64::from(setting == Some(OWN));
        for table in &filled.tables {
            let (name, tenant) = (&table.name, table.tenant);
            // Each is committed, so that what it did would be there to be found.
            for sql in [
                format!("UPDATE {name} SET {tenant} = {tenant}"),
                format!("UPDATE {name} SET {tenant} = '{OWN}'"),
                format!("UPDATE {name} SET {tenant} = '{FOREIGN}'"),
                table.insert(FOREIGN),
                format!("{} ON CONFLICT DO NOTHING", table.insert(FOREIGN)),
                format!("DELETE FROM {name} WHERE {tenant} <> '{OWN}'"),
                format!("TRUNCATE {name} CASCADE"),
            ] {
                begin(&mut service, setting).await;
                match sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut service).await {
                    Ok(done) => {
                        assert!(done.rows_affected() <= own, "{setting:?} {sql}: {}", done.rows_affected());
                        assert!(sql.starts_with("UPDATE") || sql.starts_with("DELETE"), "{setting:?} {sql}");
                        run(&mut service, "COMMIT".into()).await;
                    }
                    Err(error) => {
                        assert!(is_refused(&error), "{setting:?} {sql}: {error}");
                        run(&mut service, "ROLLBACK".into()).await;
                    }
                }
            }
        }
    }
    assert_eq!(filled.foreign().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_the_services_role_cannot_open_the_lock() {
    let filled = Filled::new().await;
    let before = filled.foreign().await;
    let mut service = connect(&filled.database.service_url).await;
    let mut tries: Vec<String> = [
        "SET ROLE mailward_owner",
        "SET ROLE mailward_definer",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER ROLE mailward_service BYPASSRLS",
        "CREATE FUNCTION public.mw_all() RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE public.mine (id bigint)",
        "CREATE VIEW public.mine AS SELECT 1",
        "SET session_replication_role = replica",
        "COPY message TO PROGRAM 'cat'",
    ]
    .map(str::to_owned)
    .to_vec();
    for table in &filled.tables {
        let name = &table.name;
        tries.extend([
            format!("ALTER TABLE {name} DISABLE ROW LEVEL SECURITY"),
            format!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY"),
            format!("CREATE POLICY mine ON {name} USING (true)"),
            format!("DROP POLICY own ON {name}"),
            format!("ALTER TABLE {name} OWNER TO mailward_service"),
            format!("GRANT SELECT ON {name} TO PUBLIC"),
            // Asks for an error instead of a filter: of both, neither shows a row.
            format!("SET LOCAL row_security = off; SELECT * FROM {name}"),
        ]);
    }
    for sql in tries {
        begin(&mut service, Some(OWN)).await;
        let refused = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut service).await;
        let is_harmless_grant = sql.starts_with("GRANT") && refused.is_ok();
        if !is_harmless_grant {
            let error = refused.expect_err(&sql);
            assert!(is_refused(&error), "{sql}: {error}");
        }
        run(&mut service, "ROLLBACK".into()).await;
    }
    assert_eq!(filled.foreign().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_each_function_across_tenants_answers_its_one_question() {
    let filled = Filled::new().await;
    let mut service = connect(&filled.database.service_url).await;
    let text = async |service: &mut PgConnection, sql: &str| -> Vec<String> {
        let sql = format!("SELECT t::text FROM ({sql}) t");
        let rows: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(sql.clone()))
            .fetch_all(service)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.into_iter().map(|(row,)| row).collect()
    };
    // The key of a row finds that row; nothing else does.
    let mut admin = connect(&filled.database.admin_url).await;
    run(
        &mut admin,
        "UPDATE inbox SET deleted_at = NULL, domain_id = NULL; UPDATE api_key SET revoked_at = NULL".into(),
    )
    .await;
    run(
        &mut admin,
        "UPDATE address SET inbox_id = (SELECT id FROM inbox WHERE inbox.tenant_id = address.tenant_id)"
            .into(),
    )
    .await;
    for (function, right) in
        [("mw_route", "canonical of ada"), ("mw_key", "keyid of ada"), ("mw_looks_like", "skeleton of ada")]
    {
        let found = text(&mut service, &format!("SELECT * FROM {function}('{right}')")).await;
        assert_eq!(found.len(), 1, "{function} {found:?}");
        assert!(!found[0].contains(FOREIGN), "{function} {found:?}");
        for wrong in ["", "%", "_", "canonical of", "' OR true --", "canonical of ada%", "CANONICAL OF ADA"] {
            let wrong = wrong.replace('\'', "''");
            let found = text(&mut service, &format!("SELECT * FROM {function}('{wrong}')")).await;
            assert!(found.is_empty() || found == ["(0)"], "{function}({wrong}) {found:?}");
        }
        let found = text(&mut service, &format!("SELECT * FROM {function}(NULL)")).await;
        assert!(found.is_empty() || found == ["(0)"], "{function}(NULL) {found:?}");
    }
    // What a sender or an agent wrote, sealed or not, comes out of none of them; a verifier out of one.
    let results: Vec<(String, String)> = sqlx::query_as(
        "SELECT proname::text, pg_get_function_result(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
         AND prosecdef ORDER BY 1",
    )
    .fetch_all(&mut admin)
    .await
    .expect("functions");
    assert!(results.len() >= 8, "{results:?}");
    for (name, result) in &results {
        for column in
            ["bytes", "dek", "profile", "sealed", "decided_reason", "name", "verifier", "digest", "address"]
        {
            let gives = result
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .any(|word| word == column || word.ends_with(&format!("_{column}")));
            assert!(
                !gives || (name == "mw_key" && column == "verifier"),
                "{name} gives away {column}: {result}"
            );
        }
        // The ends of audit chains are hashes of hashes.
        let of_chains = ["mw_chains", "mw_new_heads"].contains(&name.as_str());
        assert!(!result.contains("bytea") || name == "mw_key" || of_chains, "{name}: {result}");
    }
    // And none of them lets the next statement see more.
    for (name, ..) in &results {
        let nulls: i16 = sqlx::query_scalar("SELECT pronargs FROM pg_proc WHERE proname = $1")
            .bind(name)
            .fetch_one(&mut admin)
            .await
            .expect("a count");
        begin(&mut service, None).await;
        let call = format!(
            "SELECT * FROM {name}({})",
            vec!["NULL"; usize::try_from(nulls).expect("few")].join(", ")
        );
        // What it says to nulls is its own affair; what matters comes after it.
        let answered = sqlx::raw_sql(AssertSqlSafe(call)).execute(&mut service).await.is_ok();
        if answered {
            let seen =
                text(&mut service, "SELECT tenant_id FROM message UNION ALL SELECT id FROM tenant").await;
            assert!(seen.is_empty(), "after {name}: {seen:?}");
        }
        run(&mut service, "ROLLBACK".into()).await;
    }
}

/// Whether PostgreSQL refused by its rules: no right, a policy, or no such thing for this role.
fn is_refused(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    // 42501 insufficient privilege (policies included), 55000 and 42809 wrong kind of object: a view, say.
    matches!(code.as_deref(), Some("42501" | "55000" | "42809"))
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_every_key_and_every_reference_between_tenants_rows_names_the_tenant() {
    let world = World::on(Engine::Sqlite, &[]).await;
    let path = world.data_dir().join("mailward.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.expect("opened");
    let columns: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT m.name, p.name, p.pk FROM sqlite_master m, pragma_table_info(m.name) p
         WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '_sqlx%'",
    )
    .fetch_all(&pool)
    .await
    .expect("columns");
    let references: Vec<(String, String, String, String, i64)> = sqlx::query_as(
        "SELECT m.name, f.\"table\", f.\"from\", COALESCE(f.\"to\", 'id'), f.id FROM sqlite_master m, pragma_foreign_key_list(m.name) f
         WHERE m.type = 'table'",
    )
    .fetch_all(&pool)
    .await
    .expect("references");
    let names: BTreeSet<&String> = columns.iter().map(|(table, ..)| table).collect();
    let mut of_nobody = Vec::new();
    for name in names {
        let own: BTreeSet<String> =
            columns.iter().filter(|(table, ..)| table == name).map(|(_, column, _)| column.clone()).collect();
        let Some(tenant) = column_of_tenant(name, &own) else {
            of_nobody.push(name.as_str());
            continue;
        };
        let first = columns.iter().find(|(table, _, place)| table == name && *place == 1);
        let first = first.map(|(_, column, _)| column.as_str()).unwrap_or_default();
        // Routing comes before the tenant is known; it is the one table that is asked by something else.
        assert!(first == tenant || name == "address", "the key of {name} begins with {first}");
        let mut groups: Vec<i64> =
            references.iter().filter(|(table, ..)| table == name).map(|(.., group)| *group).collect();
        groups.dedup();
        for group in groups {
            let pairs: Vec<_> =
                references.iter().filter(|(table, .., number)| table == name && *number == group).collect();
            let named = pairs
                .iter()
                .any(|(_, to, from, target, _)| from == tenant && (target == "tenant_id" || to == "tenant"));
            assert!(named, "a reference of {name} to {} leaves out the tenant", pairs[0].1);
        }
    }
    let listed: Vec<&str> = OF_NO_TENANT.iter().map(|(name, _)| *name).collect();
    assert_eq!(of_nobody, listed);
}

/// What the store's own statements find for one tenant under another's ids: what they find under ids of nobody.
async fn a_scope_finds_nothing_under_anothers_ids(world: World) {
    let world = world.start_with(&["webhooks.allow_private=[\"127.0.0.0/8\"]"]).await;
    let ((ada, ada_inbox), (bob, bob_inbox)) = world.ada_and_bob().await;
    world.deliver_raw(&plain("for both", "x"), &[&ada_inbox.address, &bob_inbox.address]).await;
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&bob_inbox.address]).await;
    let hook = json!({ "url": "http://127.0.0.1:9/" });
    let hook = bob.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    let hook = WebhookId::parse(hook["id"].as_str().expect("an id")).expect("an id");
    let delivered = bob_inbox.emails().await[0]["id"].as_str().expect("an id").to_owned();
    let held = bob.held().await[0]["id"].as_str().expect("an id").to_owned();
    let foreign = InboxId::parse(&bob_inbox.id).expect("an id");
    let own = InboxId::parse(&ada_inbox.id).expect("an id");
    let now = Timestamp::parse("2100-01-01T00:00:00Z").expect("a moment");

    let store = world.store().await;
    let tenant = store.route(&ada_inbox.address).await.expect("asked").expect("a route").tenant;
    assert_eq!(tenant.id().as_str(), ada.id);
    let victim = store.route(&bob_inbox.address).await.expect("asked").expect("a route").tenant;
    // Not even with what is sealed of the neighbour's endpoint.
    let sealed = {
        let mut theirs = victim.read().await.expect("a scope");
        theirs.webhook(&hook).await.expect("asked").expect("it is there").sealed
    };
    let mut scope = tenant.write().await.expect("a scope");
    let everything = Filter {
        before: None,
        after: None,
        since: None,
        direction: None,
        from: None,
        level: None,
        unread: false,
        limit: 100,
    };
    assert!(scope.inbox(&foreign).await.expect("asked").is_none());
    assert!(scope.inbox_by_address(&bob_inbox.address).await.expect("asked").is_none());
    assert!(scope.messages(&foreign, &everything).await.expect("asked").is_empty());
    assert!(scope.messages_onward(&foreign, &everything).await.expect("asked").is_empty());
    assert_eq!(scope.newest_seq(&foreign).await.expect("asked"), 0);
    for id in [&delivered, &held] {
        let id = MessageId::parse(id).expect("an id");
        for inbox in [&own, &foreign] {
            assert!(scope.message(inbox, &id).await.expect("asked").is_none());
        }
        assert!(scope.message_for_review(&id).await.expect("asked").is_none());
        for kind in ["raw", "parsed", "meta"] {
            assert!(scope.part(&id, kind).await.expect("asked").is_none(), "{kind}");
        }
        scope.mark_read(&id).await.expect("asked");
    }
    assert!(scope.held(None, 100).await.expect("asked").is_empty());
    assert!(scope.webhook(&hook).await.expect("asked").is_none());
    assert!(scope.webhooks(None, 100).await.expect("asked").is_empty());
    assert!(!scope.delete_webhook(&hook).await.expect("asked"));
    assert!(!scope.disable_webhook(&hook, Disabled::Tenant, now).await.expect("asked"));
    assert!(scope.note_failure(&hook, now).await.expect("asked").is_none());
    scope.note_success(&hook, now).await.expect("asked");
    scope.note_verified(&hook, true, now).await.expect("asked");
    scope.open_circuit(&hook, "none", now).await.expect("asked");
    scope.pass_probe_on(&hook, "none", now).await.expect("asked");
    assert!(scope.attempts(&hook, None, None, 100).await.expect("asked").is_empty());
    let ever = scope.events_for(&hook, Timestamp(0), now, 100).await.expect("asked");
    assert!(ever.is_empty(), "{ever:?}");
    let change = WebhookChange { events: vec![], include: Include::Ids, sealed: vec![] };
    assert!(!scope.change_webhook(&hook, &change, &sealed).await.expect("asked"));
    for token in [&bob.token, &bob.review_token, &bob_inbox.token] {
        let keyid = token.split('_').nth(2).expect("a key id");
        assert!(scope.key(keyid).await.expect("asked").is_none());
        assert!(!scope.revoke_key(keyid, now).await.expect("asked"));
        assert!(!scope.expire_key(keyid, now).await.expect("asked"));
    }
    assert!(scope.keys(Some(&foreign), 100).await.expect("asked").is_empty());
    let change = InboxChange { profile: Some(b"mine".to_vec()), is_active: Some((false, now)) };
    assert!(!scope.change_inbox(&foreign, &change).await.expect("asked"));
    assert!(!scope.delete_inbox(&foreign, now).await.expect("asked"));
    // Even with the neighbour's row in hand, a decision does not reach it.
    let held = MessageId::parse(&held).expect("an id");
    let stolen = {
        let mut theirs = victim.read().await.expect("a scope");
        theirs.message_for_review(&held).await.expect("asked").expect("it is held")
    };
    let decision = Decided { decision: Decision::Release, by: "ada", reason: None };
    assert!(!scope.decide(&stolen, &decision, now).await.expect("asked"));
    assert_eq!(scope.account().await.expect("asked").inboxes, 1);
    scope.commit().await.expect("committed");

    assert_eq!(bob.held().await.len(), 1);
    assert_eq!(bob_inbox.emails().await[0]["isRead"], json!(false));
    let seen = bob.http("GET", format!("/v1/webhooks/{hook}")).send().await.expect(200);
    assert_eq!((&seen["isActive"], &seen["status"]), (&json!(true), &json!("pending")));
}
