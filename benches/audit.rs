//! How long it takes to walk a chain of the audit log.
//!
//! `cargo bench --bench audit [-- ROWS]` writes a chain of a million rows behind the service's back, as the service would
//! have written it, and walks it through the operator's API on both databases.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(
    unreachable_pub,
    dead_code,
    unused_macros,
    unused_imports,
    reason = "the harness of the tests, of which this uses a part"
)]

#[path = "../tests/world/mod.rs"]
mod world;

use std::time::Instant;

use mailward_store::audit::link::{FIRST, Link, Row};
use serde_json::json;
use world::{Engine, World};

/// Rows that one statement brings.
const AT_ONCE: i64 = 500;

fn main() {
    let rows = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        runtime.block_on(measure(engine, rows));
    }
}

async fn measure(engine: Engine, rows: i64) {
    let world = World::on(engine, &[]).await;
    // A chain of a tenant that did nothing yet but exist.
    world.tenant("ada").await;
    world.tamper("DELETE FROM audit WHERE tenant_id = 'ada'").await;
    let (mut prev, mut values) = (FIRST, Vec::new());
    for seq in 1..=rows {
        let row = row(seq);
        let hash = Link { chain: "ada", seq, prev: &prev, row: &row }.hash();
        values.push(json!([seq, row.at, row.object, row.detail, hex(&prev), hex(&hash)]));
        prev = hash;
        if seq % AT_ONCE == 0 || seq == rows {
            insert(&world, &json!(std::mem::take(&mut values)).to_string(), &hex(&prev), seq).await;
        }
    }
    let started = Instant::now();
    let walked = world.operator_http("GET", "/operator/v1/audit/verify?chain=ada").send().await.expect(200);
    let took = started.elapsed();
    assert_eq!(walked["data"][0]["rows"], json!(rows), "{walked}");
    assert_eq!(walked["data"][0]["ok"], json!(true));
    println!("{engine:?}: a chain of {rows} rows walked in {took:.2?}");
    world.stop().await;
}

fn row(seq: i64) -> Row {
    Row {
        at: 1_795_341_600_000 + seq,
        actor_kind: "key".into(),
        actor: Some("AbCdEfGhIjKl".into()),
        action: "mail.show_held".into(),
        object: Some(format!("eml_{seq:026}")),
        outcome: "done".into(),
        request_id: Some("req_0123456789abcdef0123456789abcdef".into()),
        network: Some("192.0.2.0/24".into()),
        detail: "{}".into(),
        sealed: None,
    }
}

async fn insert(world: &World, rows: &str, head: &str, seq: i64) {
    match world.database() {
        None => {
            let sql = "INSERT INTO audit (tenant_id, seq, at, actor_kind, actor, action, object, outcome, request_id, network,
                detail, prev, hash) SELECT 'ada', value ->> 0, value ->> 1, 'key', 'AbCdEfGhIjKl', 'mail.show_held', value ->> 2,
                'done', 'req_0123456789abcdef0123456789abcdef', '192.0.2.0/24', value ->> 3, unhex(value ->> 4), unhex(value ->> 5)
                FROM json_each($1)";
            let path = format!("sqlite://{}", world.data_dir().join("mailward.db").display());
            let mut conn =
                <sqlx::SqliteConnection as sqlx::Connection>::connect(&path).await.expect("opened");
            sqlx::query("PRAGMA synchronous = OFF").execute(&mut conn).await.expect("set");
            sqlx::query(sql).bind(rows).execute(&mut conn).await.expect("written");
            let sql = "UPDATE audit_head SET seq = $1, hash = unhex($2) WHERE tenant_id = 'ada'";
            sqlx::query(sql).bind(seq).bind(head).execute(&mut conn).await.expect("written");
        }
        Some(database) => {
            let sql = "INSERT INTO audit (tenant_id, seq, at, actor_kind, actor, action, object, outcome, request_id, network,
                detail, prev, hash) SELECT 'ada', (value ->> 0)::bigint, (value ->> 1)::bigint, 'key', 'AbCdEfGhIjKl',
                'mail.show_held', value ->> 2, 'done', 'req_0123456789abcdef0123456789abcdef', '192.0.2.0/24', value ->> 3,
                decode(value ->> 4, 'hex'), decode(value ->> 5, 'hex') FROM jsonb_array_elements($1::jsonb)";
            let mut conn =
                <sqlx::PgConnection as sqlx::Connection>::connect(&database.admin_url).await.expect("opened");
            sqlx::query(sql).bind(rows).execute(&mut conn).await.expect("written");
            let sql = "UPDATE audit_head SET seq = $1, hash = decode($2, 'hex') WHERE tenant_id = 'ada'";
            sqlx::query(sql).bind(seq).bind(head).execute(&mut conn).await.expect("written");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    mailward_store::audit::link::hex(bytes)
}
