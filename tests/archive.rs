//! A tenant's archive: what is in it, who can read it, and what becomes of it in another deployment.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use age::x25519::Identity;
use mailward_mailroom::archive::PURPOSE;
use mailward_mailroom::signed::Signed;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::actors::{Inbox, Tenant};
use crate::world::http::Answer;
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    an_archive_holds_all_of_one_tenant_and_opens_for_its_recipient_alone,
    a_tenant_is_taken_up_elsewhere_with_new_keys_and_the_same_addresses,
    an_archive_that_was_touched_is_refused_and_nothing_stays,
    an_archive_is_not_taken_up_where_its_addresses_were_used,
    a_dry_run_of_an_import_changes_nothing,
    what_this_deployment_would_hold_is_held_when_it_is_taken_up,
    a_release_counts_only_in_an_archive_whose_signer_was_named,
);

/// A tenant with something of everything.
pub struct Full {
    pub ada: Tenant,
    pub inbox: Inbox,
    pub retired: String,
    pub held: String,
}

/// Words that stand in ada's mail and records, and nowhere else.
pub const CANARIES: [&str; 6] = [
    "canary-subject-heron",
    "canary-body-kestrel",
    "canary-name-osprey",
    "canary-hook-bittern",
    "canary-key-dunlin",
    "canary-local-siskin",
];

/// Makes ada with delivered, held and rejected mail, an endpoint, keys and a deleted inbox.
pub async fn full(world: &World) -> Full {
    let ada = world.tenant("ada").await;
    let inbox = ada
        .inbox_with(json!({ "displayName": "canary-name-osprey", "localPart": "canary-local-siskin" }))
        .await;
    let gone = ada.inbox_with(json!({ "localPart": "retired-one" })).await;
    ada.http("DELETE", format!("/v1/inboxes/{}", gone.id)).send().await.expect(200);
    let hook = json!({ "url": "https://203.0.113.9/canary-hook-bittern", "events": ["inbox.created"] });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await;
    let key = json!({ "name": "canary-key-dunlin", "inboxId": inbox.id });
    ada.http("POST", "/v1/keys").json(&key).send().await.expect(201);
    for number in 0..3 {
        let mail = plain(&format!("canary-subject-heron {number}"), "canary-body-kestrel");
        world.deliver_raw(&mail, &[&inbox.address]).await;
    }
    for _ in 0..2 {
        world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    }
    let held: Vec<String> =
        ada.held().await.iter().map(|mail| mail["id"].as_str().expect("an id").to_owned()).collect();
    let why = json!({ "reason": "canary-body-kestrel is no reason" });
    ada.review("POST", format!("/v1/review/{}/reject", held[0])).json(&why).send().await.expect(200);
    Full { ada, inbox, retired: gone.address, held: held[1].clone() }
}

pub async fn export(world: &World, id: &str, identity: &Identity) -> Answer {
    let body = json!({ "recipient": identity.to_public().to_string() });
    world.operator_http("POST", format!("/operator/v1/tenants/{id}/export")).json(&body).send().await
}

pub fn decrypt(bytes: &[u8], identity: &Identity) -> std::io::Result<Vec<u8>> {
    let decryptor = age::Decryptor::new(bytes).map_err(std::io::Error::other)?;
    let one: [&dyn age::Identity; 1] = [identity];
    let mut plain = Vec::new();
    decryptor.decrypt(one.into_iter()).map_err(std::io::Error::other)?.read_to_end(&mut plain)?;
    Ok(plain)
}

async fn plain_archive(world: &World, id: &str) -> Vec<u8> {
    let identity = Identity::generate();
    let answer = export(world, id, &identity).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    decrypt(&answer.body, &identity).expect("it opens")
}

async fn import(world: &World, query: &str, tar: impl Into<Vec<u8>>) -> Answer {
    world.operator_http("POST", format!("/operator/v1/imports{query}")).body(tar).send().await
}

fn files(tar: &[u8]) -> Files {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().expect("a tar");
    entries
        .map(|entry| {
            let mut entry = entry.expect("an entry");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("read");
            (entry.path().expect("a path").display().to_string(), bytes)
        })
        .collect()
}

fn records(files: &[(String, Vec<u8>)], folder: &str) -> Vec<Value> {
    let pages = files.iter().filter(|(path, _)| path.starts_with(folder));
    pages
        .flat_map(|(_, bytes)| bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()))
        .map(|line| serde_json::from_slice(line).expect("each line is JSON"))
        .collect()
}

/// Names and contents, in order.
type Files = Vec<(String, Vec<u8>)>;

/// A tar of these files, as anybody could write it.
fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (path, bytes) in files {
        file(&mut out, path, bytes, tar::EntryType::Regular);
    }
    out.extend_from_slice(&[0; 1024]);
    out
}

fn file(out: &mut Vec<u8>, path: &str, bytes: &[u8], kind: tar::EntryType) {
    let mut header = tar::Header::new_ustar();
    let name = &mut header.as_old_mut().name;
    name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    header.set_mtime(0);
    header.set_entry_type(kind);
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(bytes);
    out.resize(out.len().div_ceil(512) * 512, 0);
}

fn has(haystack: &[u8], needle: &str) -> bool {
    memchr::memmem::find(haystack, needle.as_bytes()).is_some()
}

async fn an_archive_holds_all_of_one_tenant_and_opens_for_its_recipient_alone(world: World) {
    let full = full(&world).await;
    let bob = world.tenant("bob").await;
    let bobs = bob.inbox().await;
    world.deliver_raw(&plain("canary-of-bob", "canary-of-bob"), &[&bobs.address]).await;
    let identity = Identity::generate();
    let answer = export(&world, "ada", &identity).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    for canary in CANARIES {
        assert!(!has(&answer.body, canary), "{canary} in clear");
    }
    assert!(decrypt(&answer.body, &Identity::generate()).is_err(), "another identity opens nothing");
    assert!(decrypt(&answer.body[..answer.body.len() - 1], &identity).is_err(), "a cut off archive opens");
    let tar = decrypt(&answer.body, &identity).expect("its own identity");
    for canary in CANARIES.iter().filter(|canary| !canary.contains("hook")) {
        assert!(has(&tar, canary), "{canary} is missing");
    }
    assert!(!has(&tar, "canary-of-bob") && !has(&tar, &bobs.address) && !has(&tar, &bob.id));
    for secret in [&full.ada.token, &full.ada.review_token, &full.inbox.token, &"whsec_".to_owned()] {
        assert!(!has(&tar, secret), "a secret is in the archive");
    }

    let files = files(&tar);
    let by_name: BTreeMap<&str, &Vec<u8>> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes)).collect();
    let sums = String::from_utf8(by_name["SHA256SUMS"].clone()).expect("text");
    for line in sums.lines() {
        let (digest, path) = line.split_once("  ").expect("a digest and a path");
        let computed: String =
            Sha256::digest(by_name[path]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, computed, "{path}");
    }
    assert_eq!(sums.lines().count() + 2, files.len(), "every file has a digest");
    let manifest =
        Signed::verify(by_name["manifest.json"], PURPOSE, None).expect("a signed manifest").document;
    assert_eq!(manifest["counts"]["delivered"], json!(3));
    assert_eq!(manifest["counts"]["held"], json!(1));
    assert_eq!(manifest["counts"]["rejected"], json!(1));
    assert_eq!(manifest["counts"]["retiredAddresses"], json!(1));

    let messages = records(&files, "messages/");
    let state = |id: &str| {
        messages.iter().find(|one| one["id"] == json!(id)).map(|one| one["state"].clone()).expect("a record")
    };
    assert_eq!(state(&full.held), json!("held"));
    for mail in full.inbox.emails().await {
        let id = mail["id"].as_str().expect("an id");
        assert_eq!(state(id), json!("delivered"));
        let path = format!("/v1/inboxes/{}/emails/{id}/raw", full.inbox.id);
        let raw = full.ada.review("GET", path).send().await;
        assert_eq!((raw.status, &raw.body), (200, by_name[format!("mail/{id}.eml").as_str()]));
    }
    assert!(records(&files, "audit/").iter().any(|row| row["action"] == json!("tenant.export")));
    let log = full.ada.review("GET", "/v1/audit?limit=100").send().await.expect(200);
    let log = log["data"].as_array().expect("rows");
    let noted = log.iter().find(|row| row["action"] == json!("tenant.export")).expect("the tenant sees it");
    assert_eq!(noted["detail"]["recipient"], json!(identity.to_public().to_string()));
    let not_one = json!({ "recipient": "age1nobody" });
    let path = "/operator/v1/tenants/ada/export";
    world.operator_http("POST", path).json(&not_one).send().await.expect(400);
    assert_eq!(world.http("POST", path).token(&full.ada.token).send().await.status, 404, "no tenant's door");
    let as_tenant = crate::world::http::Request::new(world.operator, "POST", path).token(&full.ada.token);
    assert_eq!(as_tenant.json(&not_one).send().await.status, 401);
}

async fn a_tenant_is_taken_up_elsewhere_with_new_keys_and_the_same_addresses(world: World) {
    let full = full(&world).await;
    let before = full.inbox.emails().await;
    let tar = plain_archive(&world, "ada").await;
    let there = world.start_with(&[]).await;
    let report = import(&there, "", tar).await.expect(200);
    assert_eq!(report["counts"]["delivered"], json!(3));
    assert_eq!(report["heldAnew"], json!(0));

    let keys = report["keys"].as_array().expect("keys");
    let token = |wanted: &dyn Fn(&Value) -> bool| {
        let key = keys.iter().find(|key| wanted(key)).expect("a key");
        key["token"].as_str().expect("a token").to_owned()
    };
    let tenant = token(&|key| key["name"] == json!("first key"));
    let review = token(&|key| key["name"] == json!("review"));
    let inbox = token(&|key| key["inboxId"] == json!(full.inbox.id) && key["name"].is_null());
    for old in [&full.ada.token, &full.ada.review_token, &full.inbox.token] {
        assert_eq!(there.http("GET", "/v1/account").token(old).send().await.status, 401, "an old key works");
    }
    let ada = Tenant { world: there.clone(), id: "ada".into(), token: tenant, review_token: review };
    let moved = Inbox { world: there.clone(), token: inbox, ..full.inbox.clone() };
    let after = moved.emails().await;
    for (then, now) in before.iter().zip(&after) {
        for field in ["id", "seq", "subject", "from", "createdAt", "preview", "security"] {
            assert_eq!(then[field], now[field], "{field}");
        }
    }
    assert_eq!((before.len(), after.len()), (3, 3));
    let id = after[0]["id"].as_str().expect("an id");
    let raw = |world: &World, token: &str| {
        world.http("GET", format!("/v1/inboxes/{}/emails/{id}/raw", moved.id)).token(token).send()
    };
    let (here, away) = (raw(&world, &full.ada.review_token).await, raw(&there, &ada.review_token).await);
    assert_eq!((here.status, here.body), (away.status, away.body));
    assert_eq!(ada.held().await.len(), 1, "held mail is held there too");
    ada.review("POST", format!("/v1/review/{}/release", full.held)).json(&json!({})).send().await.expect(200);
    assert_eq!(moved.emails().await.len(), 4);

    // Life goes on: the same address takes mail, behind the places that were taken.
    assert!(there.deliver_raw(&plain("new", "x"), &[&moved.address]).await.starts_with("250"));
    let newest = &moved.emails().await[0];
    assert_eq!(newest["subject"], json!("new"));
    assert!(newest["seq"].as_i64() > before[0]["seq"].as_i64());
    let local = full.retired.split('@').next().expect("a local part");
    let again = ada.http("POST", "/v1/inboxes").json(&json!({ "localPart": local })).send().await;
    again.expect(409);
    let show = there.operator_http("GET", "/operator/v1/tenants/ada").send().await.expect(200);
    assert_eq!(show["state"], json!("active"));
}

async fn an_archive_that_was_touched_is_refused_and_nothing_stays(world: World) {
    full(&world).await;
    let tar = plain_archive(&world, "ada").await;
    let good = files(&tar);
    let there = world.start_with(&[]).await;
    let empty = there.dump().await;
    let at = |name: &str| good.iter().position(|(path, _)| path.starts_with(name)).expect("it is there");
    let changed = |change: &dyn Fn(&mut Files)| {
        let mut files = good.clone();
        change(&mut files);
        pack(&files)
    };
    let mut trailing = pack(&good);
    file(&mut trailing, "mail/eml_01h00000000000000000000000.eml", b"x", tar::EntryType::Regular);
    let mut linked = Vec::new();
    file(&mut linked, "archive.json", b"", tar::EntryType::Symlink);
    let mut huge = pack(&good[..1]);
    huge.truncate(huge.len() - 1024);
    let mut header = tar::Header::new_ustar();
    header.set_path("messages/000001.ndjson").expect("a path");
    header.set_size(u64::from(u32::MAX));
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    huge.extend_from_slice(header.as_bytes());
    let forged = changed(&|files| {
        let body = files[at("mail/")].1.len();
        files[at("mail/")].1[body - 4] ^= 1;
        let sum: String = Sha256::digest(&files[at("mail/")].1).iter().map(|b| format!("{b:02x}")).collect();
        let name = files[at("mail/")].0.clone();
        let sums = String::from_utf8(files[at("SHA256SUMS")].1.clone()).expect("text");
        let line =
            |line: &str| if line.ends_with(&name) { format!("{sum}  {name}\n") } else { format!("{line}\n") };
        files[at("SHA256SUMS")].1 = sums.lines().map(line).collect::<String>().into_bytes();
    });
    let signature = changed(&|files| {
        let text = String::from_utf8(files[at("manifest.json")].1.clone()).expect("text");
        files[at("manifest.json")].1 =
            text.replace("\"tenant\": \"ada\"", "\"tenant\": \"eve\"").into_bytes();
    });
    let attacks: Vec<(&str, Vec<u8>)> = vec![
        ("no archive", b"hello".to_vec()),
        ("nothing", Vec::new()),
        ("cut off in the middle", tar[..tar.len() / 2].to_vec()),
        ("cut off before the manifest", changed(&|files| drop(files.pop()))),
        ("a changed mail", changed(&|files| files[at("mail/")].1[0] ^= 1)),
        ("a changed mail with a digest to it", forged),
        ("a changed manifest", signature),
        ("a mail that is missing", changed(&|files| drop(files.remove(at("mail/"))))),
        ("a file that is there twice", changed(&|files| files.insert(1, files[0].clone()))),
        ("a way out of the folder", changed(&|files| files[at("mail/")].0 = "../../etc/cron.d/x".into())),
        ("an absolute path", changed(&|files| files[at("mail/")].0 = "/etc/passwd".into())),
        ("a stranger", changed(&|files| files.insert(1, ("notes.txt".into(), b"x".to_vec())))),
        ("mail that nobody announced", changed(&|files| files.swap(at("mail/"), at("messages/")))),
        ("something behind the end", trailing),
        ("a link", linked),
        ("a size beyond all bounds", huge),
    ];
    for (what, tar) in attacks {
        let refused = import(&there, "", tar).await;
        assert_eq!(refused.status, 422, "{what}: {}", refused.text());
        assert_eq!(refused.json()["error"], json!("archive_refused"), "{what}");
        assert_eq!(there.dump().await, empty, "{what} left something behind");
    }
    let other = format!("?signer=SHA256:{}", "0".repeat(64));
    let refused = import(&there, &other, tar.clone()).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("another key"), "{}", refused.text());
    assert_eq!(there.dump().await, empty);
    // The whole of it, as it was, is taken.
    import(&there, "", pack(&good)).await.expect(200);
}

async fn an_archive_is_not_taken_up_where_its_addresses_were_used(world: World) {
    let full = full(&world).await;
    let tar = plain_archive(&world, "ada").await;
    let before = world.dump().await;
    let refused = import(&world, "", tar.clone()).await;
    assert!(refused.text().contains("there is, or was, a tenant `ada`"), "{}", refused.text());
    refused.expect(409);
    let refused = import(&world, "?tenant=ada-again", tar.clone()).await;
    assert!(refused.text().contains(&full.inbox.address), "{}", refused.text());
    refused.expect(409);
    assert_eq!(world.dump().await, before, "a refused import left something behind");
    let report = import(&world, "?tenant=ada-again&dryRun=true", tar.clone()).await.expect(200);
    assert_eq!(report["conflicts"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.dump().await, before);
    let there = world.start_with(&["domain=elsewhere.test"]).await;
    let refused = import(&there, "", tar).await;
    assert!(refused.text().contains("not one of this service's domains"), "{}", refused.text());
    refused.expect(409);
}

async fn a_dry_run_of_an_import_changes_nothing(world: World) {
    full(&world).await;
    let tar = plain_archive(&world, "ada").await;
    let there = world.start_with(&[]).await;
    let before = there.dump().await;
    let report = import(&there, "?dryRun=true&tenant=ada-eu", tar.clone()).await.expect(200);
    assert_eq!(
        (&report["id"], &report["conflicts"], &report["keys"]),
        (&json!("ada-eu"), &json!([]), &json!([]))
    );
    assert_eq!(there.dump().await, before);
    // And what it said comes true.
    let report = import(&there, "?tenant=ada-eu", tar).await.expect(200);
    assert_eq!(report["fromTenant"], json!("ada"));
    assert!(there.dump().await.len() > before.len());
}

async fn a_release_counts_only_in_an_archive_whose_signer_was_named(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    let held = ada.held().await[0]["id"].as_str().expect("an id").to_owned();
    ada.review("POST", format!("/v1/review/{held}/release")).send().await.expect(200);
    let tar = plain_archive(&world, "ada").await;
    // Anybody can sign an archive in which a person has released everything.
    let there = world.start_with(&[]).await;
    let report = import(&there, "", tar.clone()).await.expect(200);
    assert_eq!(report["heldAnew"], json!(1));
    let signer = report["signer"].as_str().expect("a fingerprint").replace(':', "%3A");
    let trusting = world.start_with(&[]).await;
    let report = import(&trusting, &format!("?signer={signer}"), tar).await.expect(200);
    assert_eq!(report["heldAnew"], json!(0));
}

async fn what_this_deployment_would_hold_is_held_when_it_is_taken_up(world: World) {
    let open = world.start_with(&["screening.hold=never"]).await;
    let ada = open.tenant("ada").await;
    let inbox = ada.inbox().await;
    open.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    open.deliver_raw(&plain("harmless", "See you on Tuesday."), &[&inbox.address]).await;
    assert_eq!(inbox.emails().await.len(), 2);
    let tar = plain_archive(&open, "ada").await;
    let report = import(&world, "", tar).await.expect(200);
    assert_eq!(report["heldAnew"], json!(1));
    let keys = report["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["inboxId"] == json!(inbox.id)).expect("the inbox' key");
    let moved =
        Inbox { world: world.clone(), token: key["token"].as_str().expect("a token").into(), ..inbox };
    let seen = moved.emails().await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["subject"], json!("harmless"));
}

/// An archive on the command line, there and back; ends with the exit codes that scripts rely on.
#[test]
fn the_command_line_exports_to_a_file_and_imports_from_it() {
    use crate::world::process::{Process, binary};
    let run = |arguments: &[&str], data: &std::path::Path, port: std::net::SocketAddr| {
        let server = format!("http://{port}");
        std::process::Command::new(binary())
            .args(arguments)
            .args(["--server", &server, "--data-dir"])
            .arg(data)
            .env_remove("MAILWARD_OPERATOR_KEY")
            .output()
            .expect("it runs")
    };
    let directory = tempfile::tempdir().expect("a directory");
    let (here, there) = (directory.path().join("here"), directory.path().join("there"));
    let (one, two) = (Process::serve(&here), Process::serve(&there));
    assert!(run(&["tenant", "create", "ada"], &here, one.operator).status.success());
    assert!(run(&["inbox", "create", "--tenant", "ada"], &here, one.operator).status.success());
    let identity = Identity::generate();
    let key = directory.path().join("ada.key");
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(options.create_new(true).write(true), 0o600)
        .open(&key)
        .and_then(|mut file| {
            writeln!(
                file,
                "# made for a test\n{}",
                age::secrecy::ExposeSecret::expose_secret(&identity.to_string())
            )
        })
        .expect("written");
    let archive = directory.path().join("ada.tar.age");
    let (archive, key) = (archive.to_str().expect("text"), key.to_str().expect("text"));
    let to = identity.to_public().to_string();
    let export = ["tenant", "export", "ada", "--out", archive, "--recipient", &to];
    let done = run(&export, &here, one.operator);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(run(&export, &here, one.operator).status.code(), Some(1), "an archive is not overwritten");
    let import = ["tenant", "import", "--from", archive, "--identity", key, "--json"];
    let refused = run(&import, &here, one.operator);
    assert_eq!(refused.status.code(), Some(1), "the same deployment has its addresses already");
    let dry = run(&[&import[..], &["--dry-run"]].concat(), &there, two.operator);
    assert!(dry.status.success(), "{}", String::from_utf8_lossy(&dry.stderr));
    let done = run(&import, &there, two.operator);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(report["counts"]["inboxes"], json!(1));
    let bytes = std::fs::read(archive).expect("read");
    let cut = directory.path().join("cut.age");
    std::fs::write(&cut, &bytes[..bytes.len() - 40]).expect("written");
    let cut = run(
        &["tenant", "import", "--from", cut.to_str().expect("text"), "--identity", key, "--tenant", "b"],
        &there,
        two.operator,
    );
    assert_eq!(cut.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&cut.stderr).contains("cut off"),
        "{}",
        String::from_utf8_lossy(&cut.stderr)
    );
}
