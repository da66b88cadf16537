//! Pending mail and the end of a process: nothing is lost, nothing comes twice.

use serde_json::{Value, json};

use super::endpoint::{Endpoint, Reply};
use super::{settings, until, with};
use crate::world::actors::{Inbox, Tenant};
use crate::world::http::Request;
use crate::world::mail::{Sender, plain};
use crate::world::process::Process;
use crate::world::{World, both_databases};

both_databases!(
    pending_mail_is_taken_up_again_after_a_restart,
    a_judge_that_was_switched_off_leaves_nothing_waiting,
    a_job_that_is_run_again_after_its_mail_was_settled_does_nothing,
);

async fn pending(world: &World, judge: &Endpoint) -> (World, Tenant, Inbox) {
    let world = with(world, judge, &[]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver_raw(&plain("waits", "x"), &[&inbox.address]).await;
    until("a question", async || judge.asked().len() == 1).await;
    (world, ada, inbox)
}

fn on(world: &World, inbox: &Inbox) -> Inbox {
    Inbox { world: world.clone(), ..inbox.clone() }
}

async fn pending_mail_is_taken_up_again_after_a_restart(world: World) {
    let judge = Endpoint::start(|asked| Reply::AfterOpening(asked.benign())).await;
    let (world, _ada, inbox) = pending(&world, &judge).await;
    let world = world.restart_shared().await;
    let inbox = on(&world, &inbox);
    until("another question", async || judge.asked().len() == 2).await;
    assert_eq!(inbox.emails().await, Vec::<Value>::new(), "it waits on");
    judge.open();
    until("the mail", async || inbox.emails().await.len() == 1).await;
}

async fn a_judge_that_was_switched_off_leaves_nothing_waiting(world: World) {
    let judge = Endpoint::start(|_| Reply::Stalls).await;
    let (world, ada, inbox) = pending(&world, &judge).await;
    let (id, token, review) = (inbox.id.clone(), inbox.token.clone(), ada.review_token.clone());
    drop((ada, inbox));
    let world = world.restart_with(&[]).await;
    let list = format!("/v1/inboxes/{id}/emails");
    let count = async || {
        let found = world.http("GET", list.as_str()).token(&token).send().await.expect(200);
        found["data"].as_array().map_or(0, Vec::len)
    };
    until("the mail", async || count().await == 1).await;
    let log = world.http("GET", "/v1/audit?limit=100").token(&review).send().await.expect(200);
    let rows = log["data"].as_array().expect("a list");
    let row = rows.iter().find(|row| row["action"] == json!("mail.judge")).expect("a row");
    assert_eq!(row["detail"]["judge"], json!("off"));
}

async fn a_job_that_is_run_again_after_its_mail_was_settled_does_nothing(world: World) {
    let judge = Endpoint::start(|asked| Reply::Says(asked.benign())).await;
    let (world, ada, inbox) = pending(&world, &judge).await;
    until("the mail", async || inbox.emails().await.len() == 1).await;
    let Tenant { id, token, review_token, world: others } = ada;
    drop(others);
    let Inbox { id: inbox, address, token: agent, world: others } = inbox;
    drop(others);
    world.stop().await;
    // As if the process had ended between the commit that let the mail through and the one that ends the job.
    world
        .tamper(
            "INSERT INTO job (tenant_id, id, kind, state, due_at, fence, attempts, created_at)
             SELECT tenant_id, 'judge:' || id, 'judge', 'open', 0, 1, 1, received_at FROM message",
        )
        .await;
    let world = world.restart().await;
    let ada = Tenant { world: world.clone(), id, token, review_token };
    let inbox = Inbox { world: world.clone(), id: inbox, address, token: agent };
    let store = world.store().await;
    until("the end of the job", async || {
        store.next_due(&[mailward_store::JobKind::Judge]).await.expect("asked").is_none()
    })
    .await;
    assert_eq!((inbox.emails().await.len(), judge.asked().len()), (1, 1));
    assert_eq!(super::audit(&ada).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_was_pending_when_the_process_was_killed_is_delivered_once() {
    let judge = Endpoint::start(|asked| Reply::AfterOpening(asked.benign())).await;
    let all = settings(&judge, &[]);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let parent = tempfile::tempdir().expect("a directory");
    let data_dir = parent.path().join("data");
    let mut process = Process::serve_with(&data_dir, &all).expect("it serves");
    let (id, address, token) = crate::crash::inbox(&process, &data_dir, "ada").await;
    let mut sender = Sender::connect(process.smtp).await.expect("connected");
    for number in 0..6 {
        let raw = plain(&format!("m{number}"), "x");
        let reply = sender.send("s@example.com", &[&address], &raw).await.expect("a reply");
        assert!(reply.starts_with("250 "), "{reply}");
    }
    // Some were asked about, some are in hand, some wait in the queue.
    until("questions", async || judge.asked().len() >= 2).await;
    process.kill();
    let process = Process::serve_with(&data_dir, &all).expect("it serves again");
    let before = judge.asked().len();
    until("questions again", async || judge.asked().len() > before).await;
    assert_eq!(crate::crash::subjects(&process, &id, &token).await, Vec::<String>::new());
    judge.open();
    until("all mails", async || crate::crash::subjects(&process, &id, &token).await.len() >= 6).await;
    let mut found = crate::crash::subjects(&process, &id, &token).await;
    found.sort();
    assert_eq!(found, ["m0", "m1", "m2", "m3", "m4", "m5"], "each once");
    let polled = Request::new(process.http, "GET", format!("/v1/inboxes/{id}/emails/poll?timeout=1&after=0"));
    let page = polled.token(&token).send().await.expect(200);
    let places: Vec<i64> =
        page["data"].as_array().expect("a list").iter().filter_map(|mail| mail["seq"].as_i64()).collect();
    assert_eq!(places, [6, 5, 4, 3, 2, 1]);
}
