//! Five hundred sends at once, on three nodes of which some are killed: a limit holds to the recipient, what was accepted leaves, and
//! nothing that was refused does.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::server::{Script, Server};
use crate::world::http::{Answer, Request};
use crate::world::postgres;
use crate::world::process::Process;

/// Sends, and those who send them.
const SENDS: usize = 500;
const CLIENTS: usize = 24;
/// Mails that one node sends at once.
const IN_HAND: usize = 16;
/// Inboxes that share the tenant's limit.
const INBOXES: usize = 5;

/// One send: who, to how many, and by which name.
#[derive(Clone)]
struct Wish {
    token: String,
    body: Value,
    name: String,
    recipients: u64,
}

/// Where the nodes answer now, and what is still to be sent.
struct Run {
    places: Mutex<Vec<SocketAddr>>,
    wishes: Mutex<VecDeque<Wish>>,
    said: Mutex<Vec<(Wish, Answer)>>,
    count: AtomicUsize,
}

/// A client as they are: who gets no answer asks again, by the same name, whichever node is there.
async fn client(run: Arc<Run>, number: usize) {
    let mut turn = number;
    loop {
        let Some(wish) = run.wishes.lock().expect("whole").pop_front() else { return };
        let answer = loop {
            turn += 1;
            let place = {
                let places = run.places.lock().expect("whole");
                places[turn % places.len()]
            };
            let request = Request::new(place, "POST", "/v1/emails/send")
                .token(&wish.token)
                .header("Idempotency-Key", &wish.name)
                .json(&wish.body);
            match request.try_send().await {
                Ok(answer) if answer.status == 429 && answer.json()["error"] == "rate_limited" => {}
                Ok(answer) if matches!(answer.status, 409 | 503) => {}
                Ok(answer) => break answer,
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        run.said.lock().expect("whole").push((wish, answer));
        run.count.fetch_add(1, Ordering::SeqCst);
    }
}

fn start(directory: &Path, settings: &[String]) -> Process {
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    Process::serve_with(directory, &settings).expect("a node starts")
}

/// Runs all sends on so many nodes against one limit of the tenant's, and kills a node twice.
async fn hold(nodes: usize, stores: &[String], limit: &str, max: u64) {
    let server = Server::start(Script::Takes).await;
    let parent = tempfile::tempdir().expect("a directory");
    let mut settings = stores.to_vec();
    settings.extend(server.settings());
    settings.push("outbound.ramp_first=0".to_owned());
    let directory = |node: usize| parent.path().join(format!("node{node}"));
    let mut running = vec![start(&directory(0), &settings)];
    for node in 1..nodes {
        std::fs::create_dir(directory(node)).expect("a directory");
        std::fs::copy(directory(0).join("master.key"), directory(node).join("master.key")).expect("copied");
        running.push(start(&directory(node), &settings));
    }
    let operator = std::fs::read_to_string(directory(0).join("operator.key")).expect("a key");
    let by_operator =
        |method, path: &str| Request::new(running[0].operator, method, path).token(operator.trim());
    let made =
        by_operator("POST", "/operator/v1/tenants").json(&json!({ "id": "ada" })).send().await.expect(201);
    let token = made["token"].as_str().expect("a token").to_owned();
    let mut limits = json!({ "dailySends": 0, "monthlySends": 0, "dailySendsPerInbox": 0, "sendsPerMinutePerInbox": 0,
        "dailyNewRecipientsPerInbox": 0, "requestsPerSecond": 0 });
    limits[limit] = json!(max);
    by_operator("PATCH", "/operator/v1/tenants/ada")
        .json(&json!({ "limits": limits }))
        .send()
        .await
        .expect(200);
    let mut inboxes = Vec::new();
    let many = if limit.ends_with("PerInbox") { 1 } else { INBOXES };
    for _ in 0..many {
        let inbox = Request::new(running[0].http, "POST", "/v1/inboxes").token(&token).json(&json!({}));
        inboxes.push(inbox.send().await.expect(201));
    }
    let wishes = (0..SENDS).map(|no| {
        let inbox = &inboxes[no % inboxes.len()];
        let to: Vec<String> = (0..1 + no % 2).map(|at| format!("r{no}-{at}@example.com")).collect();
        let recipients = u64::try_from(to.len()).expect("few");
        let body = json!({ "from": inbox["address"], "to": to, "subject": format!("no {no}."), "body": { "text": "x" } });
        let token = inbox["token"].as_str().expect("a token").to_owned();
        Wish { token, body, name: format!("send-{no}"), recipients }
    });
    let run = Arc::new(Run {
        places: Mutex::new(running.iter().map(|node| node.http).collect()),
        wishes: Mutex::new(wishes.collect()),
        said: Mutex::default(),
        count: AtomicUsize::new(0),
    });
    let clients: Vec<_> = (0..CLIENTS).map(|number| tokio::spawn(client(Arc::clone(&run), number))).collect();
    // In the midst of it: while the limit is being used up.
    for (node, goal) in [(nodes - 1, 60), (0, 120)] {
        while run.count.load(Ordering::SeqCst) < goal {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        running[node].kill();
        running[node] = start(&directory(node), &settings);
        run.places.lock().expect("whole")[node] = running[node].http;
    }
    for client in clients {
        client.await.expect("no panic");
    }
    let said = run.said.lock().expect("whole").clone();
    assert_eq!(said.len(), SENDS);
    let accepted: Vec<&(Wish, Answer)> = said.iter().filter(|(_, answer)| answer.status == 202).collect();
    let used: u64 = accepted.iter().map(|(wish, _)| wish.recipients).sum();
    // Mails to one come to the end of the line too, so that no place stays free.
    assert_eq!(used, max, "{limit}");
    for (wish, answer) in said.iter().filter(|(_, answer)| answer.status != 202) {
        let refused = answer.clone().expect(429);
        assert_eq!(refused["limit"], limit, "{refused}");
        let used = refused["used"].as_u64().expect("a number");
        assert!(used + wish.recipients > max && refused["max"] == max, "{refused}");
        assert!(refused["resetsAt"].is_string() && refused["fix"].is_string(), "{refused}");
    }
    leaves(&server, &running, &accepted, &said).await;
}

/// Whatever was accepted arrives once, or is known as one that may have; nothing else does.
async fn leaves(server: &Server, running: &[Process], accepted: &[&(Wish, Answer)], said: &[(Wish, Answer)]) {
    let mut paths = Vec::new();
    let mut inboxes: BTreeMap<&str, String> = BTreeMap::new();
    for (wish, answer) in accepted {
        if !inboxes.contains_key(wish.token.as_str()) {
            let list = Request::new(running[0].http, "GET", "/v1/inboxes").token(&wish.token);
            let id = list.send().await.expect(200)["data"][0]["id"].as_str().expect("an id").to_owned();
            inboxes.insert(&wish.token, id);
        }
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        paths.push((format!("/v1/inboxes/{}/emails/{id}", inboxes[wish.token.as_str()]), &wish.token));
    }
    // What a killed node had in hand is nobody's until its lease ends, or may have been taken: it comes later.
    let mut waiting = paths.len();
    for _ in 0..60 {
        let mut still = Vec::new();
        for (path, token) in paths {
            let mail =
                Request::new(running[0].http, "GET", path.as_str()).token(token).send().await.expect(200);
            assert_ne!(mail["status"], "failed", "{mail}");
            if mail["status"] != "sent" {
                still.push((path, token));
            }
        }
        paths = still;
        if paths.len() <= 2 * IN_HAND && paths.len() == waiting {
            break;
        }
        waiting = paths.len();
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let unsure = paths.len();
    assert!(unsure <= 2 * IN_HAND, "no more than two nodes had in hand: {unsure}");
    let mut came: BTreeMap<String, u64> = BTreeMap::new();
    for mail in server.mails() {
        let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: ")).expect("a subject");
        *came.entry(subject.trim().to_owned()).or_default() += 1;
    }
    for (wish, answer) in said {
        let many = came.get(wish.body["subject"].as_str().expect("one")).copied().unwrap_or_default();
        let most = if answer.status == 202 { wish.recipients } else { 0 };
        assert!(many <= most, "{} came {many} times", wish.name);
    }
    let arrived: u64 = came.values().sum();
    let used: u64 = accepted.iter().map(|(wish, _)| wish.recipients).sum();
    let unsure = u64::try_from(unsure).expect("few");
    assert!(arrived + 2 * unsure >= used, "{arrived} of {used}, {unsure} not known");
}

async fn on_three_nodes(limit: &str, max: u64) {
    let (mail, keys) = (crate::world::migrated().await, postgres::database().await);
    let stores = [format!("store.url={}", mail.service_url), format!("keys.store_url={}", keys.owner_url)];
    hold(3, &stores, limit, max).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_day_holds_on_three_nodes_that_are_killed() {
    on_three_nodes("dailySends", 301).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_day_holds_on_three_nodes_that_are_killed() {
    on_three_nodes("dailySendsPerInbox", 250).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_time_recipients_hold_on_three_nodes_that_are_killed() {
    on_three_nodes("dailyNewRecipientsPerInbox", 201).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_day_holds_on_one_node_that_is_killed() {
    hold(1, &[], "dailySends", 301).await;
}
