//! Backups that are taken while mail comes in, and what is there after one was brought back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::crash::{inbox, subjects};
use crate::world::endpoint::endpoint;
use crate::world::http::Request;
use crate::world::mail::{Sender, plain};
use crate::world::migrated;
use crate::world::postgres::{TestDatabase, database};
use crate::world::process::{Process, binary};

/// Everything of one test lies here.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program with a data directory, in a directory without a configuration.
    fn run(&self, data: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--data-dir").arg(self.at(data)).current_dir(self.0.path());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MAILWARD")) {
            command.env_remove(name);
        }
        command.output().expect("the program starts")
    }

    fn backup(&self, name: &str) -> Value {
        let out = self.at(name);
        told(&self.run("data", &["backup", "--json", "--out", out.to_str().expect("plain")]))
    }

    /// A directory with the master key of `data` and nothing else, as somebody has it who kept a copy.
    fn empty_data(&self, name: &str) -> PathBuf {
        let path = self.at(name);
        std::fs::create_dir(&path).expect("made");
        std::fs::copy(self.at("data/master.key"), path.join("master.key")).expect("copied");
        path
    }

    fn restore(&self, into: &str, backup: &str, more: &[&str]) -> Output {
        let from = self.at(backup);
        let from = ["restore", "--json", "--from", from.to_str().expect("plain")];
        self.run(into, &[&from, more].concat())
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ends by itself")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn told(output: &Output) -> Value {
    assert_eq!(code(output), 0, "{}", stderr(output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn operator(data: &Path) -> String {
    std::fs::read_to_string(data.join("operator.key")).expect("a key").trim().to_owned()
}

/// Ids of the event log, the oldest first.
async fn events(process: &Process, token: &str) -> Vec<String> {
    let answer = Request::new(process.http, "GET", "/v1/events?limit=100").token(token).send().await;
    let log = answer.expect(200);
    log["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn send(process: &Process, address: &str, subject: &str) -> String {
    let mut sender = Sender::connect(process.smtp).await.expect("connected");
    sender.send("s@example.com", &[address], &plain(subject, "text")).await.expect("a reply")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_has_every_mail_that_was_acknowledged_before_it_began() {
    let place = Place::new();
    let mut process = Process::serve(&place.at("data"));
    let (id, address, token) = inbox(&process, &place.at("data"), "ada").await;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let sessions: Vec<_> = (0..4)
        .map(|session| {
            let (smtp, address, acknowledged) = (process.smtp, address.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                let Ok(mut sender) = Sender::connect(smtp).await else { return };
                for number in 0.. {
                    let subject = format!("{session}-{number}");
                    match sender.send("s@example.com", &[&address], &plain(&subject, "load")).await {
                        Ok(reply) if reply.starts_with("250 ") => {
                            acknowledged.lock().expect("no panic").push(subject);
                        }
                        _ => return,
                    }
                }
            })
        })
        .collect();
    while acknowledged.lock().expect("no panic").len() < 60 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before: Vec<String> = acknowledged.lock().expect("no panic").clone();
    let place = Arc::new(place);
    let beside = Arc::clone(&place);
    let taken = tokio::task::spawn_blocking(move || beside.backup("backup")).await.expect("no panic");
    let grown = acknowledged.lock().expect("no panic").len();
    assert!(grown > before.len(), "mail went on while the backup was taken");
    assert!(taken["opened"].as_u64() >= Some(1) && taken["messages"].as_i64() >= Some(60), "{taken}");
    process.kill();
    for session in sessions {
        session.await.expect("no panic");
    }

    place.empty_data("again");
    let restored = told(&place.restore("again", "backup", &["--nobody-left"]));
    assert_eq!(restored["takenAt"], taken["takenAt"]);
    assert_eq!(restored["endedAgain"], json!([]));
    let process = Process::serve(&place.at("again"));
    let found = subjects(&process, &id, &token).await;
    let unique: BTreeSet<&String> = found.iter().collect();
    assert_eq!(unique.len(), found.len(), "a mail is there twice");
    for subject in &before {
        assert!(unique.contains(subject), "{subject} was acknowledged before the backup and is not in it");
    }
    assert!(send(&process, &address, "afterwards").await.starts_with("250 "));
    assert!(subjects(&process, &id, &token).await.contains(&"afterwards".to_owned()));
    // The log holds from its first row to the restore, and says that there was one.
    let server = format!("http://{}", process.operator);
    let verified = place.run("again", &["audit", "verify", "--server", &server]);
    let operator_key = operator(&place.at("data"));
    assert_eq!(code(&verified), 1, "the restored directory has no operator's key: {}", stderr(&verified));
    std::fs::write(place.at("again/operator.key"), operator_key).expect("written");
    std::fs::set_permissions(
        place.at("again/operator.key"),
        std::os::unix::fs::PermissionsExt::from_mode(0o400),
    )
    .expect("set");
    let verified = place.run("again", &["audit", "verify", "--server", &server]);
    assert_eq!(code(&verified), 0, "{}", stderr(&verified));
    let log = place.run("again", &["audit", "list", "--server", &server]);
    assert!(String::from_utf8_lossy(&log.stdout).contains("backup.restore"), "{log:?}");
    let log = place.run("data", &["audit", "list", "--server", &server]);
    assert!(!String::from_utf8_lossy(&log.stdout).contains("backup.create"), "it was taken after the copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_for_an_endpoint_is_told_after_a_restore_under_the_same_id() {
    let place = Place::new();
    let private = &["webhooks.allow_private=[\"127.0.0.0/8\"]"];
    let mut process = Process::serve_with(&place.at("data"), private).expect("it serves");
    let made =
        Request::new(process.operator, "POST", "/operator/v1/tenants").token(&operator(&place.at("data")));
    let made = made.json(&json!({ "id": "ada" })).send().await.expect(201);
    let token = made["token"].as_str().expect("a token").to_owned();
    let made = Request::new(process.http, "POST", "/v1/inboxes").token(&token).json(&json!({}));
    let made = made.send().await.expect(201);
    let (id, address) = (made["id"].as_str().expect("an id"), made["address"].as_str().expect("an address"));
    // It refuses the first call, so the event waits five seconds for the next: over the backup and the restore.
    let (hook, mut calls) = endpoint(&[500]).await;
    let body = json!({ "url": format!("http://{hook}/"), "events": ["email.received"] });
    Request::new(process.http, "POST", "/v1/webhooks").token(&token).json(&body).send().await.expect(201);
    assert!(send(&process, address, "told later").await.starts_with("250 "));
    let refused = calls.recv().await.expect("a call");
    place.backup("backup");
    let before = events(&process, &token).await;
    let seq = |mails: &Value| mails["data"][0]["seq"].as_i64().expect("a place");
    let list = format!("/v1/inboxes/{id}/emails");
    let last = seq(&Request::new(process.http, "GET", &list).token(&token).send().await.expect(200));
    assert!(send(&process, address, "lost with the disk").await.starts_with("250 "));
    let lost = seq(&Request::new(process.http, "GET", &list).token(&token).send().await.expect(200));
    assert!(lost > last);
    process.kill();
    place.empty_data("again");
    told(&place.restore("again", "backup", &["--nobody-left"]));

    let process = Process::serve_with(&place.at("again"), private).expect("it serves");
    let call = loop {
        let call = calls.recv().await.expect("a call");
        if call.json()["data"]["subject"] == "told later" {
            break call;
        }
    };
    assert_eq!(call.header("webhook-id"), refused.header("webhook-id"));
    assert_eq!(events(&process, &token).await, before, "no event has another id, and none is new");
    assert!(send(&process, address, "after it").await.starts_with("250 "));
    let next = seq(&Request::new(process.http, "GET", &list).token(&token).send().await.expect(200));
    assert!(next > lost, "an agent that had read up to {lost} must not miss what has place {next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_left_since_stays_erased_and_the_others_are_back() {
    let place = Place::new();
    let settle = &["offboarding.settle_seconds=0"];
    let mut process = Process::serve_with(&place.at("data"), settle).expect("it serves");
    let (ada_id, ada_address, ada_token) = inbox(&process, &place.at("data"), "ada").await;
    let (bob_id, bob_address, bob_token) = inbox(&process, &place.at("data"), "bob").await;
    for address in [&ada_address, &bob_address] {
        assert!(send(&process, address, "kept").await.starts_with("250 "));
    }
    place.backup("backup");
    let server = format!("http://{}", process.operator);
    let offboard =
        ["tenant", "offboard", "ada", "--grace-period-days", "0", "--confirm", "ada", "--server", &server];
    assert_eq!(code(&place.run("data", &offboard)), 0);
    let receipts = loop {
        let told = place.run("data", &["tenant", "receipts", "--server", &server]);
        assert_eq!(code(&told), 0, "{}", stderr(&told));
        if !told.stdout.is_empty() {
            break told.stdout;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let forged = String::from_utf8_lossy(&receipts).replace("\"tenant\":\"ada\"", "\"tenant\":\"bob\"");
    assert_ne!(forged.as_bytes(), receipts);
    std::fs::write(place.at("receipts.ndjson"), &receipts).expect("written");
    std::fs::write(place.at("forged.ndjson"), forged).expect("written");
    process.kill();
    let file = |name: &str| place.at(name).to_str().expect("plain").to_owned();
    let (receipts, forged, previous) = (file("receipts.ndjson"), file("forged.ndjson"), file("data"));
    // The key that signs receipts is made with the first one, so the backup's keystore does not know it: it must be named.
    let signer: Value = serde_json::from_slice(&std::fs::read(&receipts).expect("read")).expect("JSON");
    let signer = signer["signature"]["fingerprint"].as_str().expect("a fingerprint").to_owned();

    place.empty_data("refused");
    let silent = place.restore("refused", "backup", &[]);
    assert_eq!(code(&silent), 2, "somebody must say who left: {}", stderr(&silent));
    let unsigned = place.restore("refused", "backup", &["--receipts", &receipts]);
    assert_eq!(code(&unsigned), 1);
    assert!(stderr(&unsigned).contains("--signer"), "{}", stderr(&unsigned));
    let wrong = place.restore("refused", "backup", &["--receipts", &forged, "--signer", &signer]);
    assert_eq!(code(&wrong), 3, "{}", stderr(&wrong));
    assert!(!place.at("refused/mailward.db").exists() && !place.at("refused/restoring").exists());

    for (into, who) in [
        ("by-receipts", vec!["--receipts", receipts.as_str(), "--signer", signer.as_str()]),
        ("by-previous", vec!["--previous", previous.as_str()]),
    ] {
        place.empty_data(into);
        let restored = told(&place.restore(into, "backup", &who));
        assert_eq!(restored["endedAgain"], json!(["ada"]), "{into}");
        assert_eq!(restored["tenants"], 2, "{into}");
        let mut process = Process::serve_with(&place.at(into), settle).expect("it serves");
        assert_eq!(subjects(&process, &bob_id, &bob_token).await, ["kept"], "{into}");
        let path = format!("/v1/inboxes/{ada_id}/emails");
        let answer = Request::new(process.http, "GET", path).token(&ada_token).send().await;
        assert_eq!(answer.status, 401, "{into}");
        assert!(send(&process, &ada_address, "back?").await.starts_with("550 "), "{into}");
        assert!(send(&process, &bob_address, "on").await.starts_with("250 "), "{into}");
        process.kill();
        let keys = std::fs::read(place.at(into).join("keystore.db")).expect("read");
        assert!(!contains(&keys, b"ada"), "{into}: a key of the tenant is in the keystore's file");
        assert!(contains(&keys, b"bob"), "{into}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_refused_and_nothing_is_written() {
    let place = Place::new();
    let mut process = Process::serve(&place.at("data"));
    let (_, address, _) = inbox(&process, &place.at("data"), "ada").await;
    assert!(send(&process, &address, "kept").await.starts_with("250 "));
    place.backup("good");
    let twice = place.run("data", &["backup", "--out", place.at("good").to_str().expect("plain")]);
    assert_eq!(code(&twice), 1);
    assert!(stderr(&twice).contains("is there already"), "{}", stderr(&twice));
    place.empty_data("again");
    let refused = |what: &str, spoil: &dyn Fn(&Path)| {
        let spoiled = place.at("spoiled");
        let _ = std::fs::remove_dir_all(&spoiled);
        for folder in ["mail", "keys"] {
            std::fs::create_dir_all(spoiled.join(folder)).expect("made");
            for file in std::fs::read_dir(place.at("good").join(folder)).expect("listed") {
                let file = file.expect("a file");
                std::fs::copy(file.path(), spoiled.join(folder).join(file.file_name())).expect("copied");
            }
        }
        spoil(&spoiled);
        let output = place.restore("again", "spoiled", &["--nobody-left"]);
        assert_eq!(code(&output), 3, "{what}: {}", stderr(&output));
        assert!(!place.at("again/mailward.db").exists() && !place.at("again/keystore.db").exists(), "{what}");
        stderr(&output)
    };
    let flip = |path: PathBuf| {
        let mut bytes = std::fs::read(&path).expect("read");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).expect("written");
    };
    assert!(refused("a bit of the mail", &|at| flip(at.join("mail/mailward.db"))).contains("is damaged"));
    assert!(refused("a bit of the keys", &|at| flip(at.join("keys/keystore.db"))).contains("is damaged"));
    assert!(
        refused("cut off", &|at| {
            let file =
                std::fs::OpenOptions::new().write(true).open(at.join("mail/mailward.db")).expect("opened");
            file.set_len(4096).expect("cut");
        })
        .contains("is damaged")
    );
    assert!(
        refused("no manifest", &|at| std::fs::remove_file(at.join("mail/manifest.json")).expect("removed"))
            .contains("is no backup")
    );
    // What a killed backup leaves behind has another name.
    assert!(
        refused("unfinished", &|at| std::fs::rename(at.join("mail"), at.join("mail.unfinished"))
            .expect("renamed"))
        .contains("is no backup")
    );

    // Keys of another deployment: whole, but they open nothing of this mail.
    let mut other = Process::serve(&place.at("other"));
    let (_, stranger, _) = inbox(&other, &place.at("other"), "ada").await;
    assert!(send(&other, &stranger, "x").await.starts_with("250 "));
    told(&place.run("other", &["backup", "--json", "--out", place.at("others").to_str().expect("plain")]));
    let others = place.at("others");
    let mixed =
        place.restore("again", "good", &["--nobody-left", "--keys-from", others.to_str().expect("plain")]);
    assert_ne!(code(&mixed), 0, "{}", stderr(&mixed));
    assert!(!place.at("again/mailward.db").exists());
    other.kill();

    // And the good one is brought back, but never over a database that is there.
    told(&place.restore("again", "good", &["--nobody-left"]));
    let over = place.restore("again", "good", &["--nobody-left"]);
    assert_eq!(code(&over), 1);
    assert!(stderr(&over).contains("never written over"), "{}", stderr(&over));
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_restore_is_not_served_and_a_second_one_finishes_it() {
    let place = Place::new();
    let mut process = Process::serve(&place.at("data"));
    let (id, address, token) = inbox(&process, &place.at("data"), "ada").await;
    assert!(send(&process, &address, "kept").await.starts_with("250 "));
    place.backup("backup");
    process.kill();
    // As a restore leaves it that is killed while it copies.
    let again = place.empty_data("again");
    std::fs::write(again.join("restoring"), b"").expect("written");
    std::fs::write(again.join("mailward.db.restored"), b"half of it").expect("written");
    let refused = place.run("again", &["serve", "--set", "dns.servers=off"]);
    assert_eq!(code(&refused), 78);
    assert!(stderr(&refused).contains("restore"), "{}", stderr(&refused));
    told(&place.restore("again", "backup", &["--nobody-left"]));
    let process = Process::serve(&again);
    assert_eq!(subjects(&process, &id, &token).await, ["kept"]);
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Runs a tool of PostgreSQL's.
fn tool(name: &str, arguments: &[&str]) {
    let output =
        Command::new(name).args(arguments).output().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(output.status.success(), "{name} {arguments:?}: {}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_that_postgres_brought_back_are_made_fit_to_be_served() {
    let place = Place::new();
    let (mail, keys) = (migrated().await, database().await);
    let settings = |mail: &TestDatabase, keys: &TestDatabase| {
        [
            format!("store.url={}", mail.service_url),
            format!("keys.store_url={}", keys.owner_url),
            "offboarding.settle_seconds=0".to_owned(),
        ]
    };
    let first = settings(&mail, &keys);
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let mut process = Process::serve_with(&place.at("data"), &first).expect("it serves");
    let (ada_id, ada_address, ada_token) = inbox(&process, &place.at("data"), "ada").await;
    let (bob_id, bob_address, bob_token) = inbox(&process, &place.at("data"), "bob").await;
    for address in [&ada_address, &bob_address] {
        assert!(send(&process, address, "kept").await.starts_with("250 "));
    }
    let before = events(&process, &bob_token).await;
    // The program says whose affair this is.
    let set: Vec<&str> = first.iter().flat_map(|one| ["--set", *one]).collect();
    let out = place.at("refused").to_str().expect("plain").to_owned();
    let refused = place.run("data", &[&["backup", "--out", &out][..], &set].concat());
    assert!(code(&refused) == 1 && stderr(&refused).contains("pg_dump"), "{}", stderr(&refused));

    // While it serves, the mail first.
    let file = |name: &str| place.at(name).to_str().expect("plain").to_owned();
    let dumps = [(&mail, file("mail.dump")), (&keys, file("keys.dump"))];
    for (database, dump) in &dumps {
        tool("pg_dump", &["-Fc", "-f", dump, &database.admin_url]);
    }
    let server = format!("http://{}", process.operator);
    let offboard =
        ["tenant", "offboard", "ada", "--grace-period-days", "0", "--confirm", "ada", "--server", &server];
    assert_eq!(code(&place.run("data", &offboard)), 0);
    let receipts = loop {
        let told = place.run("data", &["tenant", "receipts", "--server", &server]);
        if !told.stdout.is_empty() {
            break told.stdout;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    std::fs::write(place.at("receipts.ndjson"), &receipts).expect("written");
    let receipt: Value = serde_json::from_slice(&receipts).expect("JSON");
    let signer = receipt["signature"]["fingerprint"].as_str().expect("a fingerprint").to_owned();
    process.kill();

    let again = (migrated().await, database().await);
    for (database, (_, dump)) in [&again.0, &again.1].into_iter().zip(&dumps) {
        tool("pg_restore", &["--clean", "--if-exists", "-d", &database.admin_url, dump]);
    }
    place.empty_data("again");
    let second = settings(&again.0, &again.1);
    let second: Vec<&str> = second.iter().map(String::as_str).collect();
    let set: Vec<&str> = second.iter().flat_map(|one| ["--set", *one]).collect();
    let receipts = file("receipts.ndjson");
    let words = ["restore", "--in-place", "--json", "--receipts", &receipts, "--signer", &signer];
    let restored = told(&place.run("again", &[&words[..], &set].concat()));
    assert_eq!((&restored["endedAgain"], &restored["tenants"]), (&json!(["ada"]), &json!(2)));
    assert_eq!(restored["opened"], 2, "it was tried on real mail: {restored}");
    let process = Process::serve_with(&place.at("again"), &second).expect("it serves");
    assert_eq!(subjects(&process, &bob_id, &bob_token).await, ["kept"]);
    assert_eq!(events(&process, &bob_token).await, before);
    let path = format!("/v1/inboxes/{ada_id}/emails");
    assert_eq!(Request::new(process.http, "GET", path).token(&ada_token).send().await.status, 401);
    assert!(send(&process, &ada_address, "back?").await.starts_with("550 "));
    assert!(send(&process, &bob_address, "on").await.starts_with("250 "));
}
