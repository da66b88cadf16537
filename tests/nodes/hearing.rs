//! Wakes, revocations and jobs cross from node to node at once.
//!
//! No node looks by itself in these tests: what it knows it has heard.

use std::net::Ipv4Addr;
use std::time::Duration;

use mailward_mailroom::{Error, Mailroom, Poll};
use serde_json::json;

use super::{DEAF_TO_TIME, two, until};
use crate::world::World;
use crate::world::actors::Inbox;
use crate::world::endpoint::{endpoint, once};
use crate::world::http::Request;
use crate::world::mail::plain;

/// Listeners of this database that are connected now: their process ids.
const LISTENING: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %' ORDER BY pid";

async fn admin(world: &World) -> sqlx::PgPool {
    sqlx::PgPool::connect(&world.database().expect("a database").admin_url).await.expect("opened")
}

fn room(node: &World) -> Mailroom {
    node.with_app(|app| app.room().clone())
}

/// Waits on a node for the mail of an inbox, for an hour if need be.
async fn wait_for_mail(
    room: &Mailroom,
    inbox: &Inbox,
) -> Result<Option<Vec<mailward_mailroom::Mail>>, Error> {
    let caller = room.principal(&inbox.token, Ipv4Addr::LOCALHOST.into()).await.expect("a good token");
    let poll = Poll { after: Some(0), timeout: Duration::from_secs(3_600), ..Poll::default() };
    let id = mailward_mail::id::InboxId::parse(&inbox.id).expect("an id");
    loop {
        match room.poll(&caller, &id, &poll).await {
            // A look at whether both places are taken may have taken one for a moment.
            Err(Error::Limit(_)) => tokio::task::yield_now().await,
            other => return other,
        }
    }
}

/// Whether somebody with this token is let in on a node.
async fn is_let_in(node: &World, inbox: &Inbox, token: &str) -> bool {
    let path = format!("/v1/inboxes/{}", inbox.id);
    match Request::new(node.http, "GET", path).token(token).send().await.status {
        // The inbox itself may be gone already.
        200 | 404 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_on_one_node_is_answered_by_mail_that_another_takes() {
    let (a, b) = two(&DEAF_TO_TIME).await;
    let inbox = a.tenant("ada").await.inbox().await;
    let room = room(&b);
    let polls: Vec<_> = (0..2)
        .map(|_| {
            let (room, inbox) = (room.clone(), inbox.clone());
            tokio::spawn(async move { wait_for_mail(&room, &inbox).await })
        })
        .collect();
    // Two may wait for an inbox: when a third is told so, both wait.
    until("two polls wait", async || {
        let path = format!("/v1/inboxes/{}/emails/poll?timeout=0", inbox.id);
        Request::new(b.http, "GET", path).token(&inbox.token).send().await.status == 429
    })
    .await;
    assert!(a.deliver_raw(&plain("crossing", "x"), &[&inbox.address]).await.starts_with("250 "));
    for poll in polls {
        let found = tokio::time::timeout(Duration::from_secs(60), poll).await.expect("it was woken");
        let found = found.expect("no panic").expect("an answer").expect("an inbox");
        assert_eq!(found.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_revoked_on_one_node_is_refused_by_the_others() {
    let (a, b) = two(&DEAF_TO_TIME).await;
    let ada = a.tenant("ada").await;
    let inbox = ada.inbox().await;
    let make = || async {
        let body = json!({ "scopes": ["read"], "inboxId": inbox.id });
        let made = ada.http("POST", "/v1/keys").json(&body).send().await.expect(201);
        (made["id"].as_str().expect("an id").to_owned(), made["token"].as_str().expect("a token").to_owned())
    };
    let (told, silent) = (make().await, make().await);
    assert!(is_let_in(&b, &inbox, &told.1).await && is_let_in(&b, &inbox, &silent.1).await);
    // Node B remembers for an hour: what it is not told, it does not know.
    sqlx::query("UPDATE api_key SET revoked_at = 1 WHERE keyid = $1")
        .bind(&silent.0)
        .execute(&admin(&a).await)
        .await
        .expect("revoked behind its back");
    ada.http("DELETE", format!("/v1/keys/{}", told.0)).send().await.expect(200);
    until("the revoked key is refused", async || !is_let_in(&b, &inbox, &told.1).await).await;
    assert!(is_let_in(&b, &inbox, &silent.1).await, "nothing else was forgotten");
    // An inbox' own key goes with the inbox.
    assert!(is_let_in(&b, &inbox, &inbox.token).await);
    ada.http("DELETE", format!("/v1/inboxes/{}", inbox.id)).send().await.expect(200);
    until("the deleted inbox' key is refused", async || !is_let_in(&b, &inbox, &inbox.token).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_suspended_on_one_node_is_refused_by_the_others_and_comes_back() {
    let (a, b) = two(&DEAF_TO_TIME).await;
    let ada = a.tenant("ada").await;
    let bob = a.tenant("bob").await;
    let at_b =
        async |token: &str| Request::new(b.http, "GET", "/v1/account").token(token).send().await.status;
    assert_eq!((at_b(&ada.token).await, at_b(&bob.token).await), (200, 200));
    let change = async |verb: &str| {
        let path = format!("/operator/v1/tenants/ada/{verb}");
        a.operator_http("POST", path).json(&json!({ "reason": "test" })).send().await.expect(200);
    };
    change("suspend").await;
    until("the suspended tenant is refused", async || at_b(&ada.token).await == 423).await;
    change("resume").await;
    until("the tenant is back", async || at_b(&ada.token).await == 200).await;
    assert_eq!(at_b(&bob.token).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_lost_its_ear_forgets_all_and_hears_again() {
    let (a, b) = two(&DEAF_TO_TIME).await;
    let ada = a.tenant("ada").await;
    let inbox = ada.inbox().await;
    assert!(is_let_in(&b, &inbox, &inbox.token).await);
    let admin = admin(&a).await;
    let listening =
        async || -> Vec<(i32,)> { sqlx::query_as(LISTENING).fetch_all(&admin).await.expect("asked") };
    until("both nodes listen", async || listening().await.len() == 2).await;
    let before = listening().await;
    // A revocation that nobody is told of, and then the connections that would have told of it break.
    let keyid = inbox.token.split('_').nth(2).expect("a key id");
    sqlx::query("UPDATE api_key SET revoked_at = 1 WHERE keyid = $1")
        .bind(keyid)
        .execute(&admin)
        .await
        .expect("revoked");
    for (pid,) in &before {
        sqlx::query("SELECT pg_terminate_backend($1)").bind(pid).execute(&admin).await.expect("cut");
    }
    until("what may have been missed is looked up again", async || {
        !is_let_in(&b, &inbox, &inbox.token).await
    })
    .await;
    until("both nodes listen again", async || {
        let now = listening().await;
        now.len() == 2 && now.iter().all(|pid| !before.contains(pid))
    })
    .await;
    let other = ada.inbox().await;
    assert!(is_let_in(&b, &other, &other.token).await);
    ada.http("DELETE", format!("/v1/inboxes/{}", other.id)).send().await.expect(200);
    until("it hears again", async || !is_let_in(&b, &other, &other.token).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_node_without_a_worker_wakes_the_worker_of_another() {
    let settings = [&DEAF_TO_TIME[..], &["webhooks.allow_private=[\"127.0.0.0/8\"]"]].concat();
    let a = World::node(&settings).await;
    let (front, back) = (a.further_node("smtp,web", &[]).await, a.further_node("dispatch", &[]).await);
    let ada = a.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (address, mut calls) = endpoint(&[]).await;
    let hook = json!({ "url": format!("http://{address}/"), "events": ["email.received"] });
    let made = ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    once(&ada, made["id"].as_str().expect("an id"), "active").await;
    // The only other worker goes.
    a.stop().await;
    let listening = LISTENING;
    let admin = admin(&a).await;
    until("both nodes listen", async || {
        sqlx::query(listening).fetch_all(&admin).await.expect("asked").len() == 2
    })
    .await;
    assert!(front.deliver_raw(&plain("job", "x"), &[&inbox.address]).await.starts_with("250 "));
    let called = tokio::time::timeout(Duration::from_secs(60), calls.recv()).await;
    called.expect("the worker was woken").expect("a call");
    drop(back);
}
