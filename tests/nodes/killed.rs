//! Three nodes under load, killed again and again: what was acknowledged is there, once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::world::http::Request;
use crate::world::mail::{Sender, plain};
use crate::world::postgres;
use crate::world::process::Process;

const NODES: usize = 3;
const SENDERS: usize = 9;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

/// Where the nodes take mail now.
type Places = Arc<Mutex<[SocketAddr; NODES]>>;

/// What was acknowledged, by subject.
#[derive(Default)]
struct Sent {
    stop: AtomicBool,
    count: AtomicUsize,
    subjects: Mutex<Vec<String>>,
}

/// A sender as they are in the world: what was not acknowledged is sent again, to whichever node is there.
async fn send_on(number: usize, places: Places, address: String, sent: Arc<Sent>) {
    let mut dice = Dice(u64::try_from(number).expect("small"));
    let mut open: Option<Sender> = None;
    for message in 0.. {
        let subject = format!("{number}-{message}");
        let raw = plain(&subject, "load");
        loop {
            if open.is_none() {
                let place = places.lock().expect("no panic")[dice.below(NODES)];
                open = Sender::connect(place).await.ok();
            }
            let Some(connection) = &mut open else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            match connection.send("s@example.com", &[&address], &raw).await {
                Ok(reply) if reply.starts_with("250 ") => break,
                // Refused for now, or cut off: the connection is of no use.
                _ => open = None,
            }
        }
        sent.subjects.lock().expect("no panic").push(subject);
        sent.count.fetch_add(1, Ordering::Relaxed);
        if sent.stop.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// Kills a node and starts it again on its own directory.
fn start(directory: &Path, settings: &[String]) -> Process {
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    Process::serve_with(directory, &settings).expect("a node starts")
}

/// Kills six nodes; `MAILWARD_KILLS=200` kills as many, which takes some minutes.
#[tokio::test(flavor = "multi_thread")]
async fn every_mail_acknowledged_by_any_of_three_killed_nodes_is_there_once() {
    let kills: usize = std::env::var("MAILWARD_KILLS").map_or(6, |text| text.parse().expect("a number"));
    let (mail, keys) = (crate::world::migrated().await, postgres::database().await);
    let parent = tempfile::tempdir().expect("a directory");
    let settings = [format!("store.url={}", mail.service_url), format!("keys.store_url={}", keys.owner_url)];
    let directory = |node: usize| parent.path().join(format!("node{node}"));
    let first = start(&directory(0), &settings);
    let mut nodes = vec![first];
    for node in 1..NODES {
        std::fs::create_dir(directory(node)).expect("a directory");
        std::fs::copy(directory(0).join("master.key"), directory(node).join("master.key")).expect("copied");
        nodes.push(start(&directory(node), &settings));
    }
    let operator = std::fs::read_to_string(directory(0).join("operator.key")).expect("a key");
    let made = Request::new(nodes[0].operator, "POST", "/operator/v1/tenants").token(operator.trim());
    let ada = made.json(&json!({ "id": "ada" })).send().await.expect(201);
    let made =
        Request::new(nodes[1].http, "POST", "/v1/inboxes").token(ada["token"].as_str().expect("a token"));
    let inbox = made.json(&json!({})).send().await.expect(201);
    let text = |key: &str| inbox[key].as_str().expect("text").to_owned();
    let places: Places = Arc::new(Mutex::new([nodes[0].smtp, nodes[1].smtp, nodes[2].smtp]));
    let sent = Arc::new(Sent::default());
    let senders: Vec<_> = (0..SENDERS)
        .map(|number| tokio::spawn(send_on(number, Arc::clone(&places), text("address"), Arc::clone(&sent))))
        .collect();
    let mut dice = Dice(7);
    let mut goal = 0;
    for _ in 0..kills {
        // In the middle of it: something was acknowledged since the last time, and something is on its way.
        goal += 40 + dice.below(40);
        while sent.count.load(Ordering::Relaxed) < goal {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let node = dice.below(NODES);
        nodes[node].kill();
        nodes[node] = start(&directory(node), &settings);
        places.lock().expect("no panic")[node] = nodes[node].smtp;
        goal = goal.max(sent.count.load(Ordering::Relaxed));
    }
    sent.stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await.expect("no panic");
    }
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for subject in crate::crash::subjects(&nodes[2], &text("id"), &text("token")).await {
        *found.entry(subject).or_default() += 1;
    }
    let acknowledged = sent.subjects.lock().expect("no panic");
    assert!(acknowledged.len() >= kills * 40, "{}", acknowledged.len());
    for subject in acknowledged.iter() {
        assert_eq!(found.remove(subject), Some(1), "{subject}");
    }
    assert!(found.is_empty(), "nobody sent {found:?}");
}
