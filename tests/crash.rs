//! What was acknowledged is there, whatever happens to the process.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::world::http::Request;
use crate::world::mail::{Sender, plain};
use crate::world::process::{Process, binary};
use crate::world::{Engine, World};

/// An inbox on a process: its id, address and key.
pub async fn inbox(process: &Process, data_dir: &std::path::Path, tenant: &str) -> (String, String, String) {
    let operator = std::fs::read_to_string(data_dir.join("operator.key")).expect("a key");
    let made = Request::new(process.operator, "POST", "/operator/v1/tenants").token(operator.trim());
    let made = made.json(&json!({ "id": tenant })).send().await.expect(201);
    let token = made["token"].as_str().expect("a token");
    let made = Request::new(process.http, "POST", "/v1/inboxes")
        .token(token)
        .json(&json!({}))
        .send()
        .await
        .expect(201);
    let text = |key: &str| made[key].as_str().expect("text").to_owned();
    (text("id"), text("address"), text("token"))
}

/// The subjects of everything in an inbox.
pub async fn subjects(process: &Process, id: &str, token: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/inboxes/{id}/emails?limit=100{cursor}");
        let page = Request::new(process.http, "GET", path).token(token).send().await.expect(200);
        let mails = page["data"].as_array().expect("a list");
        all.extend(mails.iter().map(|mail| mail["subject"].as_str().expect("a subject").to_owned()));
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_mail_survives_a_kill_under_load_and_none_is_there_twice() {
    let parent = tempfile::tempdir().expect("a directory");
    let data_dir = parent.path().join("data");
    let mut process = Process::serve(&data_dir);
    let (id, address, token) = inbox(&process, &data_dir, "ada").await;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut sent = 0;
    for round in 0..3 {
        let sessions: Vec<_> = (0..8)
            .map(|session| {
                let (smtp, address, acknowledged) =
                    (process.smtp, address.clone(), Arc::clone(&acknowledged));
                tokio::spawn(async move {
                    let Ok(mut sender) = Sender::connect(smtp).await else { return };
                    for number in 0.. {
                        let subject = format!("{round}-{session}-{number}");
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
        // Killed in the middle of it: as soon as enough was acknowledged for the loss to show.
        while acknowledged.lock().expect("no panic").len() < sent + 100 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        process.kill();
        for session in sessions {
            session.await.expect("no panic");
        }
        sent = acknowledged.lock().expect("no panic").len();
        process = Process::serve(&data_dir);
    }
    let found = subjects(&process, &id, &token).await;
    let unique: BTreeSet<&String> = found.iter().collect();
    assert_eq!(unique.len(), found.len(), "a mail is there twice");
    let acknowledged = acknowledged.lock().expect("no panic");
    assert!(acknowledged.len() >= 300);
    for subject in acknowledged.iter() {
        assert!(unique.contains(subject), "{subject} was acknowledged and is gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_has_a_mail_before_its_sender_hears_so() {
    let parent = tempfile::tempdir().expect("a directory");
    let (data_dir, trace) = (parent.path().join("data"), parent.path().join("trace"));
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-s", "64", "-e", "trace=fsync,fdatasync,sendto,write,writev", "-o"])
        .arg(&trace)
        .arg(binary());
    let process = Process::spawn(strace, &data_dir);
    let (_, address, _) = inbox(&process, &data_dir, "ada").await;
    let before = std::fs::read_to_string(&trace).expect("a trace").lines().count();
    let mut sender = Sender::connect(process.smtp).await.expect("connected");
    let reply = sender.send("s@example.com", &[&address], &plain("synced", "x")).await.expect("a reply");
    assert!(reply.starts_with("250 2.0.0 eml_"), "{reply}");
    let told = loop {
        let lines: Vec<String> = std::fs::read_to_string(&trace)
            .expect("a trace")
            .lines()
            .skip(before)
            .map(str::to_owned)
            .collect();
        // strace writes behind the process: wait until it has told of the reply.
        if lines.iter().any(|line| line.contains("250 2.0.0 eml_")) {
            break lines;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let at = |what: &dyn Fn(&str) -> bool| told.iter().position(|line| what(line));
    let go_on = at(&|line| line.contains("354 ")).expect("DATA was allowed");
    let reply = at(&|line| line.contains("250 2.0.0 eml_")).expect("it was acknowledged");
    let synced = told[go_on..reply].iter().any(|line| line.contains("fsync(") || line.contains("fdatasync("));
    assert!(synced, "no sync between 354 and 250:\n{}", told[go_on..=reply].join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_data_is_refused_with_78() {
    let parent = tempfile::tempdir().expect("a directory");
    let data_dir = parent.path().join("data");
    let _first = Process::serve(&data_dir);
    let out = Command::new(binary()).args(["serve", "--data-dir"]).arg(&data_dir).output().expect("runs");
    assert_eq!(out.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&out.stderr).contains("another process"), "{out:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_ended_the_process_is_stored_unread_the_next_time() {
    let world = World::on(Engine::Sqlite, &[]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (id, token, review, address) =
        (inbox.id.clone(), inbox.token.clone(), ada.review_token.clone(), inbox.address.clone());
    drop((ada, inbox));
    let directory = world.data_dir().join("parsing");
    world.stop().await;
    // What a parser that overflows its stack leaves behind: the note of what it was reading.
    let deadly = plain("deadly", "x");
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&deadly);
    std::fs::write(directory.join("reading-0"), digest).expect("written");
    let world = world.restart().await;
    let reply = world.deliver_raw(&deadly, &[&address]).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let list = world.http("GET", format!("/v1/inboxes/{id}/emails")).token(&token).send().await.expect(200);
    assert_eq!(list["data"], json!([]));
    let held = world.http("GET", "/v1/review").token(&review).send().await.expect(200);
    assert_eq!(held["data"][0]["security"]["injectionRisk"], json!("unknown"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_answered_452_and_recovers_by_itself() {
    let directory = tempfile::tempdir().expect("a directory");
    let free = free_bytes(directory.path());
    // Full is when less than three quarters of what is free now are left.
    let bound = format!("limits.disk_free_bytes={}", free / 4 * 3);
    let world = World::on(Engine::Sqlite, &[&bound]).await;
    let ada = world.tenant("ada").await.inbox().await;
    assert!(world.deliver_raw(&plain("before", "x"), &[&ada.address]).await.starts_with("250 "));
    let ballast = std::fs::File::create(world.data_dir().join("ballast")).expect("a file");
    let size = i64::try_from(free / 2).expect("a size");
    nix::fcntl::fallocate(&ballast, nix::fcntl::FallocateFlags::empty(), 0, size).expect("room for it");
    let reply = world.deliver_raw(&plain("full", "x"), &[&ada.address]).await;
    assert!(reply.starts_with("452 4.3.1 "), "{reply}");
    drop(ballast);
    std::fs::remove_file(world.data_dir().join("ballast")).expect("removed");
    assert!(world.deliver_raw(&plain("after", "x"), &[&ada.address]).await.starts_with("250 "));
    assert_eq!(ada.emails().await.len(), 2);
}

fn free_bytes(path: &std::path::Path) -> u64 {
    let disk = nix::sys::statvfs::statvfs(path).expect("asked");
    disk.blocks_available() * disk.fragment_size()
}
