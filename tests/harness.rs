//! The test harness itself: what other tests rely on when they ask for a PostgreSQL database.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::world::postgres::cluster::{Cluster, shared_directory};
use crate::world::postgres::{IDLE_SECONDS, database, migrated_database};

/// The name in a database's URL.
fn name(url: &str) -> &str {
    url.split(['/', '?']).nth(3).expect("a database's name")
}

fn shared() -> Cluster {
    Cluster::join(&shared_directory(), IDLE_SECONDS)
}

fn exists(database: &str) -> bool {
    let found = shared().psql("postgres", "postgres", &["SELECT datname FROM pg_database"]).expect("list");
    found.lines().any(|line| line == database)
}

#[tokio::test]
async fn the_service_may_connect_but_neither_own_nor_change_the_schema() {
    let db = database().await;
    let db = name(&db.service_url);
    let cluster = shared();
    cluster.psql("mailward_owner", db, &["CREATE TABLE t (id BIGINT)"]).expect("the owner creates");
    assert_eq!(cluster.psql("mailward_service", db, &["SELECT 1"]).as_deref(), Ok("1"));
    for (statement, refusal) in [
        ("CREATE TABLE u (id BIGINT)", "permission denied for schema public"),
        ("CREATE TEMP TABLE u (id BIGINT)", "permission denied to create temporary tables"),
        ("SELECT * FROM t", "permission denied for table t"),
        ("ALTER TABLE t ADD COLUMN x BIGINT", "must be owner of table t"),
        ("CREATE SCHEMA s", "permission denied for database"),
        ("SET ROLE mailward_owner", "permission denied to set role"),
    ] {
        let said = cluster.psql("mailward_service", db, &[statement]).expect_err(statement);
        assert!(said.contains(refusal), "{statement}: {said}");
    }
}

#[tokio::test]
async fn no_role_is_above_row_policies() {
    let db = database().await;
    let text = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'mailward%' AND NOT (rolsuper OR rolbypassrls) ORDER BY 1";
    let found = shared().psql("postgres", name(&db.admin_url), &[text]);
    assert_eq!(found.as_deref(), Ok("mailward_definer\nmailward_owner\nmailward_service"));
}

#[tokio::test]
async fn the_server_listens_on_no_port() {
    let found = shared().psql("postgres", "postgres", &["SHOW listen_addresses"]);
    assert_eq!(found.as_deref(), Ok(""));
}

#[tokio::test]
async fn a_database_goes_with_its_value() {
    let db = database().await;
    let name = name(&db.owner_url).to_owned();
    assert!(exists(&name));
    drop(db);
    assert!(!exists(&name));
}

#[tokio::test]
async fn the_database_of_a_killed_process_is_swept() {
    let cluster = shared();
    // No process has this id: Linux gives none above 4,194,304.
    cluster.psql("postgres", "postgres", &["CREATE DATABASE test_9999999_0"]).expect("create");
    // Each binary sweeps once, so a process of its own is asked.
    let binary = std::env::current_exe().expect("this binary");
    let asked = Command::new(binary)
        .args(["--exact", "harness::a_database_goes_with_its_value"])
        .output()
        .expect("run");
    assert!(asked.status.success());
    assert!(String::from_utf8_lossy(&asked.stdout).contains("1 passed"), "the name is that of a test");
    assert!(!exists("test_9999999_0"));
}

#[tokio::test]
async fn migrations_run_once_and_every_database_is_a_copy_with_data_of_its_own() {
    let migrations = tempfile::tempdir().expect("a directory");
    // The content is new in every run of this test, or the template of the last run would do.
    let text = format!("{:?} {:?}", std::process::id(), migrations.path());
    fs::write(migrations.path().join("0001_first.sql"), &text).expect("write");
    let runs = std::sync::atomic::AtomicU32::new(0);
    let migrated = || {
        migrated_database(migrations.path(), async |url: &str| {
            runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let create = ["CREATE TABLE t (id BIGINT)", "GRANT INSERT, SELECT ON t TO mailward_service"];
            shared().psql("mailward_owner", name(url), &create).expect("migrate");
            // The next one waits for this; on one thread, that is only possible if it waits aside.
            tokio::time::sleep(Duration::from_millis(50)).await;
        })
    };
    let (ada, bob) = tokio::join!(migrated(), migrated());
    assert_eq!(runs.into_inner(), 1);
    let cluster = shared();
    cluster.psql("mailward_service", name(&ada.service_url), &["INSERT INTO t VALUES (1)"]).expect("insert");
    let count = |url: &str| cluster.psql("mailward_service", name(url), &["SELECT count(*) FROM t"]);
    assert_eq!(count(&ada.service_url).as_deref(), Ok("1"));
    assert_eq!(count(&bob.service_url).as_deref(), Ok("0"));
}

#[test]
fn a_killed_cluster_is_replaced_and_an_unused_one_removes_itself() {
    let parent = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a directory");
    // The server's user passes through here when the tests run as root.
    fs::set_permissions(parent.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).expect("open it");
    let directory = parent.path().join("c");
    let first = Cluster::join(&directory, 2);
    let pid = first.pid();
    assert!(Command::new("sh").args(["-c", &format!("kill -KILL {pid}")]).status().expect("run").success());
    drop(first);
    let second = Cluster::join(&directory, 2);
    assert_ne!(second.pid(), pid);
    assert_eq!(second.psql("mailward_owner", "postgres", &["SELECT 1"]).as_deref(), Ok("1"));
    // In use, it stays longer than the two seconds it may be idle.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(second.psql("mailward_owner", "postgres", &["SELECT 2"]).as_deref(), Ok("2"));
    let server = format!("/proc/{}", second.pid());
    drop(second);
    for _ in 0..100 {
        if !directory.exists() && !Path::new(&server).exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the cluster still runs, or its files are still there");
}
