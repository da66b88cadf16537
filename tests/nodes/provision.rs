//! `db init` against a real server: as a superuser, as one who may only create, again, with passwords that count.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::Value;

use crate::world::postgres::cluster::Cluster;
use crate::world::process::{Process, binary};

/// A server, ended before its files are removed.
struct Bare {
    cluster: Cluster,
    _parent: tempfile::TempDir,
}

impl std::ops::Deref for Bare {
    type Target = Cluster;
    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let pid = self.cluster.pid();
        let server = nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a process id"));
        let _ = nix::sys::signal::kill(server, nix::sys::signal::Signal::SIGQUIT);
        for _ in 0..500 {
            if !std::path::Path::new(&format!("/proc/{pid}")).exists() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

/// A server of this test's own, without our roles; the roles of Mailward must log in with their passwords.
fn bare() -> Bare {
    let parent = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a directory");
    // The server's user passes through here when the tests run as root.
    fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o711)).expect("open it");
    let cluster = Cluster::join(&parent.path().join("c"), 2);
    cluster
        .psql("postgres", "template1", &["ALTER SCHEMA public OWNER TO postgres"])
        .expect("as it was before");
    cluster.admin(&[
        "DROP ROLE mailward_definer",
        "DROP ROLE mailward_owner",
        "DROP ROLE mailward_service",
        "CREATE ROLE provider LOGIN CREATEROLE CREATEDB",
    ]);
    let rules = cluster.file("data/pg_hba.conf");
    fs::write(&rules, "local all postgres,provider trust\nlocal all all scram-sha-256\n").expect("written");
    cluster.admin(&["SELECT pg_reload_conf()"]);
    Bare { cluster, _parent: parent }
}

fn init(url: &str, more: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary());
    command.args(["db", "init", "--owner-url", url]).args(more);
    command.env_remove("MAILWARD_OWNER_PASSWORD").env_remove("MAILWARD_SERVICE_PASSWORD");
    command.envs(variables.iter().copied()).output().expect("it runs")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Whether a node comes up with these settings.
fn serves(directory: &tempfile::TempDir, settings: &Value) -> bool {
    let text = |key: &str| settings[key].as_str().expect("text").to_owned();
    let (store, keys) =
        (format!("store.url={}", text("store.url")), format!("keys.store_url={}", text("keys.store_url")));
    Process::serve_with(&directory.path().join("data"), &[&store, &keys]).is_some()
}

#[test]
fn a_bare_server_becomes_one_that_a_node_can_use_and_a_second_run_changes_nothing() {
    let cluster = bare();
    let node = tempfile::tempdir().expect("a directory");
    let url = cluster.url("postgres", "postgres");
    let first = json(&init(&url, &["--json"], &[]));
    assert_eq!(first["hasPasswords"], true);
    assert!(serves(&node, &first));
    let tables = |database: &str| {
        cluster.psql(
            "postgres",
            database,
            &["SELECT count(*) FROM pg_class WHERE relowner = 'mailward_owner'::regrole AND relkind = 'r'"],
        )
    };
    let count = tables("mailward").expect("asked");
    assert!(count.parse::<u32>().expect("a number") > 10, "{count}");
    let owned = "SELECT count(*) FROM pg_class WHERE relowner = 'mailward_service'::regrole";
    for database in ["mailward", "mailward_keys"] {
        assert_eq!(cluster.psql("postgres", database, &[owned]).as_deref(), Ok("0"));
        let temp = "SELECT has_database_privilege('mailward_service', current_database(), 'TEMP')";
        assert_eq!(cluster.psql("postgres", database, &[temp]).as_deref(), Ok("f"));
    }
    // Again: the same, and the passwords stay what they are and are not told.
    let again = init(&url, &["--json"], &[]);
    assert_eq!(json(&again)["hasPasswords"], false);
    let password = first["store.url"].as_str().expect("a URL").split([':', '@']).nth(2).expect("a password");
    assert!(password.len() >= 32 && !String::from_utf8_lossy(&again.stdout).contains(password));
    assert_eq!(tables("mailward").as_deref(), Ok(count.as_str()));
    assert!(serves(&node, &first));
    // New ones, one of them chosen.
    let changed =
        init(&url, &["--json", "--new-passwords"], &[("MAILWARD_SERVICE_PASSWORD", "it's \"chosen\" @:/%")]);
    let changed = json(&changed);
    assert!(serves(&node, &changed));
    assert!(!serves(&node, &first), "the old password is void");
}

#[test]
fn one_who_may_only_create_roles_and_databases_is_enough_and_keeps_nothing() {
    let cluster = bare();
    let settings = json(&init(&cluster.url("provider", "postgres"), &["--json"], &[]));
    assert!(serves(&tempfile::tempdir().expect("a directory"), &settings));
    let member = "SELECT pg_has_role('provider', 'mailward_owner', 'USAGE')";
    assert_eq!(cluster.psql("postgres", "postgres", &[member]).as_deref(), Ok("f"));
}

#[test]
fn a_role_above_row_policies_is_refused_and_no_database_is_made() {
    let cluster = bare();
    cluster.admin(&["CREATE ROLE mailward_service LOGIN BYPASSRLS"]);
    let refused = init(&cluster.url("postgres", "postgres"), &[], &[]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("BYPASSRLS"), "{said}");
    let found = cluster.admin(&["SELECT datname FROM pg_database WHERE datname LIKE 'mailward%'"]);
    assert_eq!(found, "");
}

#[test]
fn a_name_that_is_none_and_a_url_that_is_none_are_usage_errors_that_repeat_no_password() {
    for (url, more) in [
        ("postgres://a:s3cret@localhost/x", &["--database", "x\"; DROP TABLE y"][..]),
        ("postgres://a:s3cret@localhost/x", &["--database", "one", "--keys-database", "one"]),
        ("mysql://a:s3cret@localhost/x", &[]),
    ] {
        let refused = init(url, more, &[]);
        assert_eq!(refused.status.code(), Some(2), "{url} {more:?}");
        assert!(!String::from_utf8_lossy(&refused.stderr).contains("s3cret"));
    }
}
