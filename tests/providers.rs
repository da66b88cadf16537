//! Where the master key comes from, each provider as it is run: by a process of its own, or with a program beside it.

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use mailward_mailroom::RotationRequest;
use mailward_store::RotationState;
use serde_json::json;

use crate::keys::{room, rotate};
use crate::world::http::Request;
use crate::world::mail::{Sender, plain};
use crate::world::process::{Process, binary};
use crate::world::{World, both_databases, fixture};

both_databases!(
    a_program_guards_the_keys_and_its_keys_are_rotated,
    known_tenants_go_on_while_the_program_is_down
);

const KEY: &str = "8f3b1c5d7e9a0b2c4d6e8f1a3b5c7d9e0f2a4b6c8d0e1f3a5b7c9d1e3f5a7b9c";

/// `serve` with these environment variables.
fn serve(data_dir: &Path, provider: &str, variables: &[(&str, &str)]) -> Process {
    let mut command = Command::new(binary());
    command.envs(variables.iter().copied()).env("MAILWARD__KEYS__PROVIDER", provider);
    Process::spawn(command, data_dir)
}

/// `serve` that is refused.
fn refused(data_dir: &Path, provider: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(binary());
    command.envs(variables.iter().copied()).env("MAILWARD__KEYS__PROVIDER", provider);
    let out: Output = command.arg("serve").arg("--data-dir").arg(data_dir).output().expect("it runs");
    assert_eq!(out.status.code(), Some(78), "{out:?}");
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// Makes a tenant with an inbox and a mail in it; its id and key.
async fn store_a_mail(process: &Process, data_dir: &Path) -> (String, String) {
    let operator = std::fs::read_to_string(data_dir.join("operator.key")).expect("a key");
    let made = Request::new(process.operator, "POST", "/operator/v1/tenants").token(operator.trim());
    let made = made.json(&json!({ "id": "ada" })).send().await.expect(201);
    let inbox =
        Request::new(process.http, "POST", "/v1/inboxes").token(made["token"].as_str().expect("a token"));
    let inbox = inbox.json(&json!({})).send().await.expect(201);
    let text = |key: &str| inbox[key].as_str().expect("text").to_owned();
    let mut sender = Sender::connect(process.smtp).await.expect("connected");
    let reply =
        sender.send("s@example.com", &[&text("address")], &plain("kept", "x")).await.expect("a reply");
    assert!(reply.starts_with("250 "), "{reply}");
    (text("id"), text("token"))
}

async fn reads_it(process: &Process, (id, token): &(String, String)) {
    let list = Request::new(process.http, "GET", format!("/v1/inboxes/{id}/emails")).token(token);
    assert_eq!(list.send().await.expect(200)["data"][0]["subject"], "kept");
}

fn secret(path: &Path, text: &str) {
    let _ = std::fs::remove_file(path);
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o400)).expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_from_the_environment_is_not_in_the_environment_of_the_service() {
    let parent = tempfile::tempdir().expect("a directory");
    let data_dir = parent.path().join("data");
    assert!(refused(&data_dir, "env", &[]).contains("MAILWARD_MASTER_KEY"));
    let told = refused(&data_dir, "env", &[("MAILWARD_MASTER_KEY", "abc")]);
    assert!(told.contains("64 hexadecimal digits") && !told.contains("abc"), "{told}");
    let mut process = serve(&data_dir, "env", &[("MAILWARD_MASTER_KEY", KEY)]);
    let mail = store_a_mail(&process, &data_dir).await;
    let of_process =
        |name: &str| std::fs::read(format!("/proc/{}/{name}", process.child.id())).expect("readable");
    let environment = of_process("environ");
    assert!(
        memchr::memmem::find(&environment, b"MAILWARD__KEYS__PROVIDER=env").is_some(),
        "it is the right one"
    );
    assert!(memchr::memmem::find(&environment, KEY.as_bytes()).is_none(), "the key is there to be read");
    assert!(memchr::memmem::find(&of_process("cmdline"), KEY.as_bytes()).is_none());
    assert!(!data_dir.join("master.key").exists());
    process.kill();
    let other = KEY.replace('8', "7");
    assert!(refused(&data_dir, "env", &[("MAILWARD_MASTER_KEY", &other)]).contains("is not there"));
    // A new key beside the old: what rotating needs.
    let both = format!("{KEY} {other}");
    let process = serve(&data_dir, "env", &[("MAILWARD_MASTER_KEY", &both)]);
    reads_it(&process, &mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_comes_as_a_credential_of_systemd() {
    let parent = tempfile::tempdir().expect("a directory");
    let (data_dir, credentials) = (parent.path().join("data"), parent.path().join("credentials"));
    std::fs::create_dir(&credentials).expect("made");
    let variables = [("CREDENTIALS_DIRECTORY", credentials.to_str().expect("a name"))];
    assert!(refused(&data_dir, "systemd-credential", &variables).contains("LoadCredential"));
    secret(&credentials.join("mailward-master-key"), KEY);
    let mut process = serve(&data_dir, "systemd-credential", &variables);
    let mail = store_a_mail(&process, &data_dir).await;
    process.kill();
    let process = serve(&data_dir, "systemd-credential", &variables);
    reads_it(&process, &mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_opens_what_it_locked_and_is_never_written_down() {
    let parent = tempfile::tempdir().expect("a directory");
    let (data_dir, file) = (parent.path().join("data"), parent.path().join("passphrase"));
    assert!(refused(&data_dir, "passphrase", &[]).contains("keys.passphrase_file"));
    let variables = [("MAILWARD__KEYS__PASSPHRASE_FILE", file.to_str().expect("a name"))];
    secret(&file, "correct horse battery staple\n");
    let mut process = serve(&data_dir, "passphrase", &variables);
    let mail = store_a_mail(&process, &data_dir).await;
    process.kill();
    secret(&file, "incorrect horse battery staple\n");
    assert!(refused(&data_dir, "passphrase", &variables).contains("passphrase is not the one"));
    secret(&file, "correct horse battery staple");
    let process = serve(&data_dir, "passphrase", &variables);
    reads_it(&process, &mail).await;
    for entry in std::fs::read_dir(&data_dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        let holds = std::fs::read(&path).is_ok_and(|bytes| memchr::memmem::find(&bytes, b"horse").is_some());
        assert!(!holds, "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_leaves_no_core_dump_and_warns_of_a_key_beside_its_data() {
    let parent = tempfile::tempdir().expect("a directory");
    let process = Process::serve(&parent.path().join("data"));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.child.id())).expect("readable");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit");
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    drop(process);
    let mut command = Command::new(binary());
    command.args(["init", "--set", "keys.provider=env", "--data-dir"]).arg(parent.path().join("other"));
    let out = command.env("MAILWARD_MASTER_KEY", KEY).output().expect("it runs");
    assert!(out.status.success(), "{out:?}");
    assert!(!String::from_utf8_lossy(&out.stdout).contains("master.key"), "{out:?}");
}

/// A folder of keys for the sample program, and a place where the program itself is, so that it can be taken away.
struct Kms {
    directory: tempfile::TempDir,
}

impl Kms {
    fn new() -> Self {
        let kms = Self { directory: tempfile::tempdir().expect("a directory") };
        kms.add("k1");
        kms.up();
        kms
    }

    fn add(&self, id: &str) {
        let text: String = id.bytes().cycle().take(32).map(|byte| format!("{byte:02x}")).collect();
        secret(&self.directory.path().join(format!("{id}.key")), &text);
        std::fs::write(self.directory.path().join("current"), id).expect("written");
    }

    fn program(&self) -> PathBuf {
        self.directory.path().join("provider")
    }

    fn up(&self) {
        std::fs::copy(fixture("scripts/key-provider.example"), self.program()).expect("copied");
    }

    fn down(&self) {
        std::fs::remove_file(self.program()).expect("removed");
    }

    fn settings(&self) -> [String; 2] {
        let words = json!([self.program(), self.directory.path()]);
        ["keys.provider=command".into(), format!("keys.command={words}")]
    }
}

async fn a_program_guards_the_keys_and_its_keys_are_rotated(world: World) {
    let kms = Kms::new();
    let settings = kms.settings();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let world = world.start_with(&settings).await;
    let ada = world.tenant("ada").await.inbox().await;
    assert!(world.deliver_raw(&plain("kept", "x"), &[&ada.address]).await.starts_with("250 "));
    assert!(!world.data_dir().join("master.key").exists());
    let operator = room(&world).operator(&world.operator_token, IpAddr::V4(Ipv4Addr::LOCALHOST)).await;
    let operator = operator.expect("an operator");
    let master = || RotationRequest { master: true, ..RotationRequest::default() };
    let row = rotate(&room(&world), &operator, master()).await;
    assert!(row.state == RotationState::Failed && row.detail.contains("no other master key"), "{row:?}");
    kms.add("k2");
    let row = rotate(&room(&world), &operator, master()).await;
    assert!(row.state == RotationState::Done && row.detail.contains("destroy the key k1"), "{row:?}");
    std::fs::remove_file(kms.directory.path().join("k1.key")).expect("destroyed");
    let (id, token) = (ada.id.clone(), ada.token.clone());
    drop((ada, operator));
    let world = world.restart().await;
    let list = world.http("GET", format!("/v1/inboxes/{id}/emails")).token(&token).send().await.expect(200);
    assert_eq!(list["data"][0]["subject"], "kept");
}

async fn known_tenants_go_on_while_the_program_is_down(world: World) {
    let kms = Kms::new();
    let settings = kms.settings();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let world = world.start_with(&settings).await;
    let ((ada, ada_inbox), (bob, bob_inbox)) = world.ada_and_bob().await;
    let [ada_box, bob_box] =
        [&ada_inbox, &bob_inbox].map(|one| (one.id.clone(), one.address.clone(), one.token.clone()));
    drop((ada, ada_inbox, bob, bob_inbox));
    // Started anew, it knows the keys of nobody but Ada.
    let world = world.restart().await;
    let list = async |(id, _, token): &(String, String, String)| {
        world.http("GET", format!("/v1/inboxes/{id}/emails")).token(token).send().await
    };
    list(&ada_box).await.expect(200);
    kms.down();
    list(&ada_box).await.expect(200);
    assert!(world.deliver_raw(&plain("known", "x"), &[&ada_box.1]).await.starts_with("250 "));
    let refused = list(&bob_box).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (503, Some("unavailable")));
    let reply = world.deliver_raw(&plain("unknown", "x"), &[&bob_box.1]).await;
    assert!(reply.starts_with("451 4.3.0 "), "{reply}");
    // What was found out is believed for five seconds.
    let mut ready = world.http("GET", "/readyz").send().await;
    for _ in 0..100 {
        if ready.status == 503 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        ready = world.http("GET", "/readyz").send().await;
    }
    let told = ready.expect(503);
    assert_eq!(told["reason"], "keys");
    let words = told["detail"].as_str().expect("it says what is wrong in words");
    assert!(words.contains("provider of the master key"), "{words}");
    kms.up();
    for _ in 0..100 {
        if list(&bob_box).await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not recover by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_says_is_bounded_in_time_and_size_and_quoted_nowhere() {
    let parent = tempfile::tempdir().expect("a directory");
    let program = parent.path().join("program");
    let config = |timeout: &str| {
        let program = json!([&program]);
        let set = [
            "keys.provider=command",
            &format!("keys.command={program}"),
            timeout,
            "smtp.listen=127.0.0.1:0",
            "http.listen=127.0.0.1:0",
            "operator.listen=127.0.0.1:0",
            "dns.servers=off",
        ];
        let data_dir = Some(parent.path().join("data"));
        let set = set.map(str::to_owned).to_vec();
        mailward::config::load(&mailward::config::Sources { data_dir, set, ..Default::default() })
            .expect("valid")
    };
    for (script, said) in [
        ("echo '{\"error\":\"not today\\u0007\"}'", "refuses: not today"),
        ("exit 3", "exit status: 3"),
        ("echo SECRET-NONSENSE", "not the JSON that is expected"),
        ("echo '{\"keyIds\":[\"a|b\"]}'", "keyIds"),
        ("echo '{}'", "told no keyIds"),
        ("head -c 100000 /dev/zero", "longer than 65536 bytes"),
        ("exec sleep 60", "no answer within 300 ms"),
    ] {
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).expect("made to run");
        // Only the one that never answers is to be caught by the clock.
        let timeout = if script.contains("sleep") { "300" } else { "60000" };
        let config = config(&format!("keys.command_timeout_ms={timeout}"));
        let told = mailward::app::App::start(config).await.map(|_| ()).expect_err("refused").to_string();
        assert!(told.contains(said) && !told.contains("SECRET"), "{script}: {told}");
    }
}
