//! A tenant that leaves: nothing of it can be read again by anybody, everything of the others can, and a receipt says so.

use std::path::Path;
use std::process::Command;

use age::x25519::Identity;
use mailward_mailroom::offboarding::PURPOSE;
use mailward_mailroom::signed::Signed;
use serde_json::{Value, json};

use crate::archive::{CANARIES, export, full};
use crate::world::http::{Answer, Request};
use crate::world::mail::{Sender, plain};
use crate::world::process::{Process, binary};
use crate::world::{World, both_databases};

both_databases!(
    after_the_end_no_copy_of_anything_holds_or_opens_a_word_of_it,
    a_dry_run_counts_everything_and_changes_nothing,
    a_leaving_tenant_is_deferred_and_comes_back_as_it_was,
    the_archive_comes_before_the_time_to_come_back,
    asking_twice_is_asking_once_and_there_is_no_way_back_from_the_end,
    mail_and_requests_during_the_end_leave_nothing_behind,
    the_end_of_a_tenant_needs_its_name_typed_once_more,
    the_end_at_once_takes_the_master_key_along_and_that_of_time_does_not,
);

async fn offboard(world: &World, id: &str, body: Value) -> Answer {
    world.operator_http("POST", format!("/operator/v1/tenants/{id}/offboard")).json(&body).send().await
}

fn now(id: &str) -> Value {
    json!({ "shredNow": true, "confirm": id })
}

/// Whether a row names ada, as one database or the other writes it.
fn is_ada_s(row: &str) -> bool {
    ["'ada'", "(ada,", ",ada,"].iter().any(|form| row.contains(form))
}

/// Waits for the receipt of a tenant's end.
async fn receipt(operator: impl Fn(&str, String) -> Request, id: &str) -> Value {
    for _ in 0..600 {
        let view = operator("GET", format!("/operator/v1/tenants/{id}/offboard")).send().await;
        if view.status == 200 && !view.json()["receipt"].is_null() {
            return view.json()["receipt"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the tenant {id} did not end within a minute");
}

async fn ended(world: &World, id: &str) -> Value {
    receipt(|method, path| world.operator_http(method, path), id).await
}

/// Whether some file below a directory, or some row of the database, holds these bytes.
async fn holds(world: &World, needle: &str) -> Option<String> {
    fn search(directory: &Path, needle: &[u8]) -> Option<String> {
        std::fs::read_dir(directory).expect("a directory").find_map(|entry| {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                return search(&path, needle);
            }
            let bytes = std::fs::read(&path).expect("read");
            memchr::memmem::find(&bytes, needle).map(|_| path.display().to_string())
        })
    }
    let hex: String = needle.bytes().map(|byte| format!("{byte:02x}")).collect();
    let rows = world.dump().await;
    let row = rows.into_iter().find(|row| row.contains(needle) || row.to_lowercase().contains(&hex));
    row.or_else(|| search(&world.data_dir(), needle.as_bytes()))
}

async fn after_the_end_no_copy_of_anything_holds_or_opens_a_word_of_it(world: World) {
    let full = full(&world).await;
    let bob = world.tenant("bob").await;
    let bobs = bob.inbox().await;
    world.deliver_raw(&plain("bob's", "canary-of-bob"), &[&bobs.address]).await;
    let (ada_path, ada_token) = (format!("/v1/inboxes/{}/emails", full.inbox.id), full.inbox.token.clone());
    let bob_path = format!("/v1/inboxes/{}/emails", bobs.id);
    let adas = full.inbox.emails().await;
    let mail = format!("{ada_path}/{}", adas[0]["id"].as_str().expect("an id"));
    // What is looked for is there before: an address and its local part lie open in the routing table.
    assert!(holds(&world, &full.inbox.address).await.is_some());

    // A thief's copy of everything, taken before the end.
    world.stop().await;
    let stolen = world.copy(|_| {}).await;
    assert_eq!(stolen.http("GET", &mail).token(&ada_token).send().await.status, 200, "the copy works");
    stolen.stop().await;

    let world = world.restart_shared().await;
    offboard(&world, "ada", now("ada")).await.expect(202);
    let receipt = ended(&world, "ada").await;
    world.stop().await;

    // Afterwards: nothing of it in any file, row or log.
    for word in CANARIES.iter().copied().chain([full.inbox.address.as_str()]) {
        let found = holds(&world, word).await;
        assert!(found.is_none(), "{word} is in {}", found.unwrap_or_default());
    }
    let left: Vec<String> = world.dump().await.into_iter().filter(|row| is_ada_s(row)).collect();
    let kept = |row: &String| ["tenant:", "audit:", "leaving:"].iter().any(|table| row.starts_with(table));
    assert!(left.iter().all(kept), "{left:#?}");

    // A full copy from after the end, with the master key: opens nothing of hers, and everything of his.
    let after = world.copy(|_| {}).await;
    assert_eq!(after.http("GET", &mail).token(&ada_token).send().await.status, 401);
    let list = after.http("GET", &bob_path).token(&bobs.token).send().await.expect(200);
    assert_eq!(list["data"][0]["subject"], json!("bob's"));
    after.stop().await;

    // The stolen rows with the keystore and the master key of after: every door still knows her, and none opens.
    let keys = world.data_dir();
    let forged = stolen
        .copy(|data| {
            for name in ["keystore.db", "keystore.db-wal", "keystore.db-shm", "master.key"] {
                let _ = std::fs::remove_file(data.join(name));
                if keys.join(name).exists() {
                    std::fs::copy(keys.join(name), data.join(name)).expect("copied");
                }
            }
        })
        .await;
    for path in [&ada_path, &mail] {
        let answer = forged.http("GET", path).token(&ada_token).send().await;
        assert_eq!(answer.status, 500, "{}", answer.text());
        assert!(CANARIES.iter().all(|canary| !answer.text().contains(canary)));
    }
    let refused = export(&forged, "ada", &Identity::generate()).await;
    assert_eq!(refused.status, 500, "an archive cannot be packed without keys");
    let list = forged.http("GET", &bob_path).token(&bobs.token).send().await.expect(200);
    assert_eq!(list["data"][0]["subject"], json!("bob's"));

    // The receipt holds and says what there was.
    let text = receipt.to_string();
    let document = Signed::verify(text.as_bytes(), PURPOSE, None).expect("it is signed").document;
    assert_eq!(document["tenant"], json!("ada"));
    let erased = &document["erased"];
    assert_eq!((&erased["delivered"], &erased["held"]), (&json!(3), &json!(1)), "{erased}");
    assert_eq!(erased["parts"], json!(15));
    let keys = document["keysDestroyed"].as_array().expect("keys");
    assert!(keys.iter().any(|key| key["id"] == json!("tenant/1")), "{keys:?}");
    assert!(document["auditChain"]["rows"].as_i64() > Some(5));
}

async fn a_dry_run_counts_everything_and_changes_nothing(world: World) {
    full(&world).await;
    let before = world.dump().await;
    let view = offboard(&world, "ada", json!({ "dryRun": true })).await.expect(200);
    assert_eq!(world.dump().await, before);
    let holdings = &view["holdings"];
    for (what, count) in
        [("inboxes", 2), ("addresses", 1), ("delivered", 3), ("held", 1), ("rejected", 1), ("parts", 15)]
    {
        assert_eq!(holdings[what], json!(count), "{what} in {holdings}");
    }
    assert!(holdings["bytes"].as_i64() > Some(5_000) && holdings["keys"].as_i64() > Some(2));
    assert!(
        view["keys"].as_array().is_some_and(|keys| keys.iter().any(|key| key["id"] == json!("tenant/1")))
    );
    assert_eq!(view["tenant"]["state"], json!("active"));
    offboard(&world, "nobody", json!({ "dryRun": true })).await.expect(404);
}

async fn a_leaving_tenant_is_deferred_and_comes_back_as_it_was(world: World) {
    let full = full(&world).await;
    let mails = full.inbox.emails().await;
    let view = offboard(&world, "ada", json!({ "confirm": "ada", "gracePeriodDays": 7 })).await.expect(202);
    assert_eq!(view["tenant"]["state"], json!("grace"));
    assert!(view["graceUntil"].is_string());
    let refused = world.deliver_raw(&plain("x", "x"), &[&full.inbox.address]).await;
    assert!(refused.starts_with("450"), "{refused}");
    full.inbox.http("GET", "/v1/account").send().await.expect(423);
    let path = "/operator/v1/tenants/ada/restore";
    let back = world.operator_http("POST", path).send().await.expect(200);
    assert_eq!(back["state"], json!("active"));
    world.operator_http("POST", path).send().await.expect(200);
    assert_eq!(full.inbox.emails().await, mails);
    assert!(world.deliver_raw(&plain("x", "x"), &[&full.inbox.address]).await.starts_with("250"));

    // Who was suspended before is suspended again.
    world.operator_http("POST", "/operator/v1/tenants/ada/suspend").send().await.expect(200);
    offboard(&world, "ada", json!({ "confirm": "ada" })).await.expect(202);
    let back = world.operator_http("POST", path).send().await.expect(200);
    assert_eq!(back["state"], json!("suspended"));
    world.operator_http("POST", "/operator/v1/tenants/ada/resume").send().await.expect(200);
    let log = full.ada.review("GET", "/v1/audit?limit=100").send().await.expect(200);
    let acts: Vec<&str> =
        log["data"].as_array().expect("rows").iter().filter_map(|row| row["action"].as_str()).collect();
    for act in ["tenant.suspend", "tenant.offboard", "tenant.restore"] {
        assert!(acts.contains(&act), "{act} in {acts:?}");
    }
}

async fn the_archive_comes_before_the_time_to_come_back(world: World) {
    full(&world).await;
    let body = json!({ "confirm": "ada", "awaitExport": true, "gracePeriodDays": 2 });
    let view = offboard(&world, "ada", body).await.expect(202);
    assert_eq!(view["tenant"]["state"], json!("exporting"));
    assert!(view["graceUntil"].is_null());
    let identity = Identity::generate();
    let archive = export(&world, "ada", &identity).await;
    let tar = crate::archive::decrypt(&archive.body, &identity).expect("it opens");
    assert!(memchr::memmem::find(&tar, b"manifest.json").is_some());
    // The state changes behind the last byte of the archive.
    let mut state = Value::Null;
    for _ in 0..100 {
        let view = world.operator_http("GET", "/operator/v1/tenants/ada/offboard").send().await.expect(200);
        state = view["tenant"]["state"].clone();
        if state == json!("grace") {
            assert!(view["graceUntil"].is_string());
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(state, json!("grace"));
    assert_eq!(export(&world, "ada", &identity).await.status, 200, "in its grace it can be packed again");
}

async fn asking_twice_is_asking_once_and_there_is_no_way_back_from_the_end(world: World) {
    let full = full(&world).await;
    let first = offboard(&world, "ada", json!({ "confirm": "ada", "gracePeriodDays": 3 })).await.expect(202);
    let before = world.dump().await;
    let second = offboard(&world, "ada", json!({ "confirm": "ada" })).await.expect(202);
    assert_eq!(first["graceUntil"], second["graceUntil"]);
    assert_eq!(world.dump().await, before, "asking again changes nothing");
    let (one, two) = tokio::join!(offboard(&world, "ada", now("ada")), offboard(&world, "ada", now("ada")));
    for answer in [one, two] {
        assert!([200, 202, 409].contains(&answer.status), "{}", answer.text());
    }
    let receipt = ended(&world, "ada").await;
    let again = offboard(&world, "ada", now("ada")).await.expect(200);
    assert_eq!(again["receipt"], receipt, "one end, one receipt");
    let refused = world.operator_http("POST", "/operator/v1/tenants/ada/restore").send().await;
    assert!(refused.text().contains("nothing brings it back"), "{}", refused.text());
    refused.expect(409);
    assert_eq!(export(&world, "ada", &Identity::generate()).await.status, 409);
    for verb in ["suspend", "resume"] {
        world.operator_http("POST", format!("/operator/v1/tenants/ada/{verb}")).send().await.expect(409);
    }
    full.inbox.http("GET", "/v1/account").send().await.expect(401);
    let gone = world.deliver_raw(&plain("x", "x"), &[&full.inbox.address]).await;
    assert!(gone.starts_with("550"), "{gone}");
    // Neither the name nor an address is ever anybody's again.
    let name = world.operator_http("POST", "/operator/v1/tenants").json(&json!({ "id": "ada" })).send().await;
    name.expect(409);
    let keys = world.operator_http("GET", "/operator/v1/keys").send().await.expect(200);
    assert_eq!(keys["data"], json!([]), "asking for the name makes no key of it again");
    let bob = world.tenant("bob").await;
    let local = full.inbox.address.split('@').next().expect("a local part");
    bob.http("POST", "/v1/inboxes").json(&json!({ "localPart": local })).send().await.expect(409);
    let list = world.operator_http("GET", "/operator/v1/receipts").send().await.expect(200);
    assert_eq!(list["data"], json!([{ "tenant": "ada", "receipt": receipt }]));
    world.http("GET", "/operator/v1/receipts").token(&bob.token).send().await.expect(404);
    Request::new(world.operator, "GET", "/operator/v1/receipts").token(&bob.token).send().await.expect(401);
}

async fn mail_and_requests_during_the_end_leave_nothing_behind(world: World) {
    let full = full(&world).await;
    let bob = world.tenant("bob").await;
    let bobs = bob.inbox().await;
    let mut senders = Vec::new();
    for number in 0..4 {
        let (smtp, to) = (world.smtp, [full.inbox.address.clone(), bobs.address.clone()]);
        senders.push(tokio::spawn(async move {
            let mut taken = 0;
            for mail in 0..40 {
                let Ok(mut sender) = Sender::connect(smtp).await else { continue };
                let raw = plain(&format!("canary-subject-heron {number} {mail}"), "canary-body-kestrel");
                let to: Vec<&str> = to[mail % 2..=mail % 2].iter().map(String::as_str).collect();
                let reply = sender.send("s@example.com", &to, &raw).await.unwrap_or_default();
                taken += usize::from(mail % 2 == 1 && reply.starts_with("250"));
            }
            taken
        }));
    }
    let (ada, stop) = (full.ada.clone(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let stopped = stop.clone();
    let requests = tokio::spawn(async move {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            let _ = ada.http("POST", "/v1/inboxes").json(&json!({})).try_send().await;
            let _ =
                ada.http("POST", "/v1/keys").json(&json!({ "name": "canary-key-dunlin" })).try_send().await;
        }
    });
    offboard(&world, "ada", now("ada")).await.expect(202);
    let receipt = ended(&world, "ada").await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    requests.await.expect("it ends");
    let mut for_bob = 0;
    for sender in senders {
        for_bob += sender.await.expect("it ends");
    }
    let rows: Vec<String> = world.dump().await.into_iter().filter(|row| is_ada_s(row)).collect();
    let kept = |row: &String| ["tenant:", "audit:", "leaving:"].iter().any(|table| row.starts_with(table));
    assert!(rows.iter().all(kept), "{rows:#?}");
    assert!(receipt["signature"]["value"].is_string());
    let seen = bob.http("GET", "/v1/account").send().await.expect(200);
    assert_eq!(bobs.emails().await.len(), for_bob.min(100), "{seen}");
}

async fn the_end_at_once_takes_the_master_key_along_and_that_of_time_does_not(world: World) {
    let ((_, _), (bob, bob_inbox)) = world.ada_and_bob().await;
    let carl = world.tenant("carl").await;
    world.deliver_raw(&plain("stays", "x"), &[&bob_inbox.address]).await;
    let masters = async || {
        let keys = world.operator_http("GET", "/operator/v1/keys").send().await.expect(200);
        let masters = keys["masterKeys"].as_array().expect("a list").clone();
        masters.into_iter().map(|one| (one["id"].clone(), one["state"].clone())).collect::<Vec<_>>()
    };
    let first = masters().await[0].0.clone();
    let in_time = json!({ "gracePeriodDays": 0, "confirm": carl.id });
    offboard(&world, &carl.id, in_time).await;
    let document = ended(&world, &carl.id).await["document"].clone();
    assert_eq!(document["masterKeysDestroyed"], json!([]));
    assert!(document["keystoreBackupsUntil"].is_string(), "{document}");
    assert_eq!(masters().await, [(first.clone(), json!("current"))]);

    offboard(&world, "ada", now("ada")).await;
    let document = ended(&world, "ada").await["document"].clone();
    assert_eq!(document["masterKeysDestroyed"], json!([first]));
    assert_eq!(document["keystoreBackupsUntil"], Value::Null);
    assert!(masters().await.contains(&(first, json!("destroyed"))));
    // Everybody else's keys are wrapped by the new one, also after a start from nothing but the files.
    let (path, token) = (format!("/v1/inboxes/{}/emails", bob_inbox.id), bob_inbox.token.clone());
    drop((bob, bob_inbox));
    let world = world.restart_shared().await;
    let list = world.http("GET", path).token(&token).send().await.expect(200);
    assert_eq!(list["data"][0]["subject"], json!("stays"));
}

async fn the_end_of_a_tenant_needs_its_name_typed_once_more(world: World) {
    world.tenant("ada").await;
    world.tenant("bob").await;
    let before = world.dump().await;
    for body in [
        json!({}),
        json!({ "shredNow": true }),
        json!({ "shredNow": true, "confirm": "bob" }),
        json!({ "confirm": "ADA" }),
        json!({ "confirm": "ada", "gracePeriodDays": 1_000_000 }),
        json!({ "confirm": "ada", "unknown": 1 }),
        // What is sent may not arrive: there must be time to notice.
        json!({ "confirm": "ada", "awaitExport": true, "gracePeriodDays": 0 }),
        json!({ "confirm": "ada", "awaitExport": true, "shredNow": true }),
    ] {
        offboard(&world, "ada", body.clone()).await.expect(400);
        assert_eq!(world.dump().await, before, "{body}");
    }
}

/// kill -9 again and again while a tenant with much mail ends: each start goes on, and the end is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_goes_on_after_a_process_that_was_killed() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let start = || {
        let mut command = Command::new(binary());
        command.env("MAILWARD__OFFBOARDING__SETTLE_SECONDS", "0");
        Process::spawn(command, &data)
    };
    let mut process = start();
    let key = std::fs::read_to_string(data.join("operator.key")).expect("a key").trim().to_owned();
    let operator =
        |at: std::net::SocketAddr, method: &str, path: String| Request::new(at, method, path).token(&key);
    let make = |id: &'static str| {
        operator(process.operator, "POST", "/operator/v1/tenants".into()).json(&json!({ "id": id }))
    };
    make("ada").send().await.expect(201);
    make("bob").send().await.expect(201);
    let mut inboxes = Vec::new();
    for id in ["ada", "bob"] {
        let path = format!("/operator/v1/tenants/{id}/inboxes");
        inboxes.push(operator(process.operator, "POST", path).json(&json!({})).send().await.expect(201));
    }
    let address = |of: usize| inboxes[of]["address"].as_str().expect("an address");
    let mut sender = Sender::connect(process.smtp).await.expect("a connection");
    for number in 0..600 {
        let mail = plain(&format!("canary-subject-heron {number}"), "canary-body-kestrel");
        let reply = sender.send("s@example.com", &[address(0)], &mail).await.expect("a reply");
        assert!(reply.starts_with("250"), "{reply}");
    }
    sender.send("s@example.com", &[address(1)], &plain("bob's", "x")).await.expect("a reply");
    drop(sender);
    let path = "/operator/v1/tenants/ada/offboard".to_owned();
    operator(process.operator, "POST", path.clone()).json(&now("ada")).send().await.expect(202);
    let mut states = Vec::new();
    for round in 0..6u64 {
        tokio::time::sleep(std::time::Duration::from_millis(3 + 15 * round)).await;
        process.kill();
        process = start();
        let view = operator(process.operator, "GET", path.clone()).send().await.expect(200);
        states.push((
            view["tenant"]["state"].as_str().unwrap_or_default().to_owned(),
            view["holdings"]["parts"].as_i64(),
        ));
    }
    let at = process.operator;
    let receipt = receipt(|method, path| operator(at, method, path), "ada").await;
    let document = Signed::verify(receipt.to_string().as_bytes(), PURPOSE, None).expect("signed").document;
    assert_eq!(document["erased"]["delivered"], json!(600), "{states:?}");
    let token = inboxes[1]["token"].as_str().expect("a token");
    let list = format!("/v1/inboxes/{}/emails", inboxes[1]["id"].as_str().expect("an id"));
    let seen = Request::new(process.http, "GET", list).token(token).send().await.expect(200);
    assert_eq!(seen["data"][0]["subject"], json!("bob's"));
    process.kill();
    for file in ["mailward.db", "mailward.db-wal", "keystore.db", "keystore.db-wal"] {
        let bytes = std::fs::read(data.join(file)).unwrap_or_default();
        for word in [address(0), "canary"] {
            assert!(
                memchr::memmem::find(&bytes, word.as_bytes()).is_none(),
                "{word} is in {file}; {states:?}"
            );
        }
    }
}

/// An import that was killed is taken back; what was there before stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_nobody_finished_is_taken_back() {
    let world = World::on(crate::world::Engine::Sqlite, &[]).await;
    let full = full(&world).await;
    let identity = Identity::generate();
    let archive = export(&world, "ada", &identity).await;
    let tar = crate::archive::decrypt(&archive.body, &identity).expect("it opens");
    let there = world.start_with(&[]).await;
    there.tenant("bob").await;
    let before = there.dump().await;
    let import = |tar: &[u8]| there.operator_http("POST", "/operator/v1/imports").body(tar.to_vec()).send();
    import(&tar).await.expect(200);
    // As a process leaves it that is killed between two batches, some time ago.
    there.tamper("UPDATE tenant SET state = 'importing', state_since = 1000 WHERE id = 'ada'").await;
    let there = there.restart_shared().await;
    for _ in 0..200 {
        let answer = there.operator_http("GET", "/operator/v1/tenants/ada").send().await;
        if answer.status == 404 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let tables = |rows: Vec<String>| -> Vec<String> {
        let audited = |row: &String| row.starts_with("audit:");
        rows.into_iter().filter(|row| !audited(row) && !row.starts_with("tombstone:")).collect()
    };
    assert_eq!(tables(there.dump().await), tables(before));
    // Its addresses are free again: it can be taken up after all.
    let again = there.operator_http("POST", "/operator/v1/imports").body(tar).send().await;
    let report = again.expect(200);
    assert_eq!(report["counts"]["delivered"], json!(3), "{}", full.inbox.address);
}

/// A receipt on the command line: 0 when it holds, 3 when it does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_verified_offline_and_a_changed_one_is_not() {
    let world = World::on(crate::world::Engine::Sqlite, &["offboarding.settle_seconds=0"]).await;
    world.tenant("ada").await;
    offboard(&world, "ada", now("ada")).await.expect(202);
    let receipt = ended(&world, "ada").await;
    let file = world.data_dir().join("../receipt.json");
    let verify = |receipt: &str, more: &[&str]| {
        std::fs::write(&file, receipt).expect("written");
        let output =
            Command::new(binary()).arg("verify-receipt").arg(&file).args(more).output().expect("it runs");
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (output.status.code(), said.concat())
    };
    let text = receipt.to_string();
    let (code, said) = verify(&text, &[]);
    assert_eq!(code, Some(0), "{said}");
    let key = receipt["signature"]["fingerprint"].as_str().expect("a fingerprint");
    assert!(said.contains(key) && said.contains("tenant ada"), "{said}");
    assert_eq!(verify(&text, &["--key", key]).0, Some(0));
    assert_eq!(verify(&text, &["--key", &format!("SHA256:{}", "0".repeat(64))]).0, Some(3));
    assert_eq!(verify(&text.replace("\"tenant\":\"ada\"", "\"tenant\":\"bob\""), &[]).0, Some(3));
    assert_eq!(verify("{}", &[]).0, Some(3));
    assert_eq!(verify(&serde_json::to_string_pretty(&receipt).expect("JSON"), &["--json"]).0, Some(0));
}
