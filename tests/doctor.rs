//! `mailward doctor`: what it says of a configuration, and whether it finds a wall between tenants that leaks.

mod forgetful;

use std::process::{Command, Output, Stdio};

use mailward::doctor::checks::{self, State};
use serde_json::{Value, json};

use crate::world::{Engine, World, both_databases, process};
use forgetful::Forgetful;

both_databases!(
    doctor_tries_every_door_and_finds_all_closed,
    doctor_finds_a_door_that_leaks_and_ends_with_3,
    doctor_as_a_job_leaves_its_result_where_operators_look,
);

/// Runs the program as an operator of this world would.
fn doctor(world: &World, arguments: &[&str]) -> Output {
    Command::new(process::binary())
        .args(["doctor", "--isolation", "--server", &format!("http://{}", world.operator)])
        .args(arguments)
        .env_clear()
        .env("MAILWARD_OPERATOR_KEY", &world.operator_token)
        .stdin(Stdio::null())
        .output()
        .expect("the program runs")
}

async fn ask(world: &World, arguments: &'static [&'static str]) -> (i32, String, String) {
    let world = world.clone();
    let output = tokio::task::spawn_blocking(move || doctor(&world, arguments)).await.expect("it ran");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}

async fn isolation(world: &World) -> Value {
    world.operator_http("GET", "/operator/v1/isolation").send().await.expect(200)
}

fn allowing_loopback() -> Vec<&'static str> {
    vec!["webhooks.allow_private=[\"127.0.0.0/8\"]"]
}

async fn doctor_tries_every_door_and_finds_all_closed(world: World) {
    let world = world.start_with(&allowing_loopback()).await;
    let before = isolation(&world).await;
    assert_eq!((&before["last"], &before["http"]), (&Value::Null, &json!(format!("http://{}", world.http))));
    let (code, out, err) = ask(&world, &["--json"]).await;
    assert_eq!(code, 0, "{out}{err}");
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&report["leaks"], &report["untried"]), (&json!(0), &json!(0)), "{report:#}");
    let doors = report["doors"].as_array().expect("doors");
    assert!(doors.len() > 120, "{}", doors.len());
    // Both ways through each.
    for name in [
        "mail",
        "poll",
        "raw mail",
        "held mail",
        "attachment",
        "signed link",
        "webhook",
        "mint key",
        "SMTP",
        "SQL",
    ] {
        let count = doors.iter().filter(|door| door["door"] == name).count();
        assert!(count >= 2, "{name}: {count}");
    }
    let raw_sql =
        doors.iter().filter(|door| door["tried"].as_str().is_some_and(|it| it.contains("service's role")));
    assert_eq!(raw_sql.count(), if world.engine == Engine::Postgres { 2 } else { 0 });
    let shared: Vec<&str> = report["boundaries"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|row| row["what"].as_str())
        .collect();
    assert_eq!(shared, ["process", "database", "disk", "master key", "keystore", "domain", "address", "log"]);

    let last = isolation(&world).await;
    assert_eq!(last["last"]["doors"], report["doors"]);
    // Neither of the two takes mail or requests any more.
    let tenants = world.operator_http("GET", "/operator/v1/tenants").send().await.expect(200);
    for tenant in tenants["data"].as_array().expect("a list") {
        assert_ne!(tenant["state"], json!("active"), "{tenant}");
    }
    let log = world.operator_http("GET", "/operator/v1/audit").send().await.expect(200);
    let rows = log["data"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["action"] == "isolation.check").expect("a row");
    assert_eq!((&row["outcome"], &row["detail"]["leaks"]), (&json!("done"), &json!(0)));

    let (code, out, _) = ask(&world, &[]).await;
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("DOOR") && out.contains("TENANTS SHARE") && out.contains(" 0 leak, 0 untried"),
        "{out}"
    );
}

/// A cache in front of the service that remembers answers by their path and forgets for whom they were.
async fn doctor_finds_a_door_that_leaks_and_ends_with_3(world: World) {
    let world = world.start_with(&allowing_loopback()).await;
    let cache = Forgetful::before(world.http).await;
    let url = format!("http://{}", cache.address);
    let behind = world.clone();
    let output = tokio::task::spawn_blocking(move || doctor(&behind, &["--json", "--http", &url]))
        .await
        .expect("it ran");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(3), "{report:#}");
    let leaking: Vec<&str> = report["doors"]
        .as_array()
        .expect("doors")
        .iter()
        .filter(|door| door["verdict"] == "leaks")
        .map(|door| door["door"].as_str().expect("a name"))
        .collect();
    for name in ["inbox", "mail", "keys", "webhook"] {
        assert!(leaking.contains(&name), "{name} in {leaking:?}");
    }
    // What does not come through the cache, or is not remembered by it, is as closed as ever.
    for name in ["SQL", "operator API", "delete inbox", "mint key"] {
        assert!(!leaking.contains(&name), "{name} in {leaking:?}");
    }
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("doors between tenants leak"), "{said}");
    let log = world.operator_http("GET", "/operator/v1/audit").send().await.expect(200);
    let row = &log["data"]
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["action"] == "isolation.check")
        .expect("it");
    assert_eq!(row["outcome"], json!("failed"));
}

async fn doctor_as_a_job_leaves_its_result_where_operators_look(world: World) {
    let world = world.start_with(&allowing_loopback()).await;
    let job = world.with_app(mailward::app::App::isolation_trial);
    let outcome = job.expect("both lead in").once().await.expect("a trial");
    assert_eq!(
        outcome.doors.iter().filter(|door| door.verdict != mailward_web::Verdict::Closed).count(),
        0,
        "{outcome:#?}"
    );
    assert_eq!(isolation(&world).await["last"]["at"], json!(outcome.at));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_policy_that_was_dropped_is_a_leak() {
    let world = World::on(Engine::Postgres, &[]).await;
    let admin =
        sqlx::PgPool::connect(&world.database().expect("a database").admin_url).await.expect("opened");
    sqlx::query("ALTER TABLE part DISABLE ROW LEVEL SECURITY").execute(&admin).await.expect("done");
    let (code, out, _) = ask(&world, &["--json"]).await;
    assert_eq!(code, 3, "{out}");
    let report: Value = serde_json::from_str(&out).expect("JSON");
    for door in report["doors"].as_array().expect("doors") {
        assert_eq!(
            door["verdict"] == "leaks",
            door["tried"].as_str().is_some_and(|it| it.contains("role")),
            "{door}"
        );
    }
}

fn checked(world: &World, set: &[&str]) -> Vec<checks::Check> {
    let data_dir = world.data_dir();
    let set = ["dns.servers=off"].iter().chain(set).map(ToString::to_string).collect();
    let sources = mailward::config::Sources { data_dir: Some(data_dir), set, ..Default::default() };
    let config = mailward::config::load(&sources).expect("a configuration");
    let look = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(checks::all(&config))
    };
    std::thread::scope(|scope| scope.spawn(look).join().expect("looked"))
}

fn state(found: &[checks::Check], what: &str) -> Vec<State> {
    found.iter().filter(|one| one.what == what).map(|one| one.state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_may_read_and_a_full_disk_are_bad_and_open_doors_are_weak() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::on(Engine::Sqlite, &[]).await;
    let found = checked(&world, &["domain=mail.example.com"]);
    assert_eq!(found.iter().filter(|one| one.state == State::Bad).count(), 0, "{found:#?}");
    assert_eq!(state(&found, "listeners"), [State::Good]);
    // Both that it is private and that it lies beside what it locks.
    assert_eq!(state(&found, "master key"), [State::Good, State::Weak]);
    assert_eq!(state(&found, "dns.servers"), [State::Weak]);
    assert!(state(&found, "domain").is_empty() && state(&found, "screening.hold").is_empty());

    let key = world.data_dir().join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o444)).expect("opened up");
    let set = [
        "smtp.listen=0.0.0.0:25",
        "operator.listen=0.0.0.0:1",
        "operator.behind_proxy=true",
        "screening.hold=never",
        "signup=open",
        "webhooks.allow_private=[\"10.0.0.0/8\"]",
        "limits.disk_free_bytes=9000000000000000000",
        "domain=agents.test",
    ];
    let found = checked(&world, &set);
    assert_eq!(state(&found, "master key")[0], State::Bad);
    assert_eq!(state(&found, "disk"), [State::Bad]);
    for what in [
        "smtp.listen",
        "operator.listen",
        "operator.behind_proxy",
        "screening.hold",
        "signup",
        "webhooks.allow_private",
        "domain",
    ] {
        assert_eq!(state(&found, what), [State::Weak], "{what}");
    }
    for one in &found {
        assert_eq!(one.fix.is_empty(), one.state == State::Good, "{one:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_ones_own_is_told_of_and_a_broken_one_is_bad() {
    let world = World::on(Engine::Sqlite, &["smtp.tls_cert=self-signed"]).await;
    let directory = world.data_dir().parent().expect("a parent").to_owned();
    let (cert, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    let set = |cert: &std::path::Path| {
        vec![
            format!("smtp.tls_cert={}", cert.display()),
            format!("smtp.tls_key={}", key.display()),
            "smtp.hostname=localhost".to_owned(),
        ]
    };
    let own: Vec<String> = set(&cert);
    let found = checked(&world, &own.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(state(&found, "smtp.tls_cert"), [State::Weak], "{found:#?}");
    let broken = directory.join("broken.pem");
    std::fs::write(&broken, "no certificate").expect("written");
    let own = set(&broken);
    let found = checked(&world, &own.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(state(&found, "smtp.tls_cert"), [State::Bad]);
}

#[test]
fn doctor_on_a_machine_without_a_data_directory_ends_with_3_and_says_what_to_do() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = Command::new(process::binary())
        .args(["doctor", "--json", "--set", "dns.servers=off"])
        .current_dir(&directory)
        .env_clear()
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(3));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&report["checks"][0]["what"], &report["checks"][0]["state"]),
        (&json!("data_dir"), &json!("bad"))
    );
}
