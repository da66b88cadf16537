//! Fairness: what one tenant piles up keeps nobody else waiting, at the writer, at screening and at delivery.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mailward_mail::clock::Clock;
use mailward_mail::id::TenantId;
use mailward_mail::random::Random;
use mailward_mailroom::Screening;
use mailward_score::Policy;
use mailward_store::{Intake, IntakeLimits, Quota};
use serde_json::json;
use tokio::task::JoinSet;

use crate::limits::{delivery, route};
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    a_pile_of_one_tenants_mail_is_written_in_turns,
    an_endpoint_that_does_not_answer_leaves_its_tenants_others_their_part,
    a_job_that_was_put_back_is_due_again_and_was_no_attempt,
);

/// What of a pile is done before the one that came last, and is somebody else's.
const PILE: usize = 400;

async fn a_pile_of_one_tenants_mail_is_written_in_turns(world: World) {
    let ((_, ada), (_, bob)) = world.ada_and_bob().await;
    let (store, clock) = (world.store().await, Clock::system());
    let limits = IntakeLimits { group_messages: 16, ..IntakeLimits::default() };
    let (intake, writer) = Intake::start(store.clone(), clock.clone(), Random::system(), limits);
    let (ada, bob) = (route(&store, &ada.address).await, route(&store, &bob.address).await);
    let done = AtomicUsize::new(0);
    let commit = async |number: usize, owner: &mailward_store::Route| {
        let number = u32::try_from(number).expect("small");
        intake.commit(delivery(owner, number, &clock, Quota::default())).await.expect("committed");
        done.fetch_add(1, Ordering::SeqCst)
    };
    let pile = futures_util::future::join_all((0..PILE).map(|number| commit(number, &ada)));
    let (_, before) = tokio::join!(pile, commit(PILE, &bob));
    // Some groups may be on their way before the last one is even asked for.
    assert!(before < PILE / 4, "{before} of {PILE} were written first");
    intake.stop().await;
    writer.await.expect("it stopped in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pile_of_one_tenants_mail_is_read_in_turns() {
    let directory = tempfile::tempdir().expect("a directory");
    let screening = Screening::start(directory.path(), 1).expect("a thread");
    let tenant = |name: &str| TenantId::parse(name).expect("a slug");
    let done = Arc::new(AtomicUsize::new(0));
    let screen = |name: &str| {
        let (screening, done, tenant) = (screening.clone(), Arc::clone(&done), tenant(name));
        let raw = Arc::new(plain("a long one", &"some ordinary words ".repeat(2_000)));
        async move {
            let screened = screening.screen(tenant, raw, Policy::default()).await;
            assert!(screened.parsed.is_some());
            done.fetch_add(1, Ordering::SeqCst)
        }
    };
    let mut pile = JoinSet::new();
    for _ in 0..PILE {
        pile.spawn(screen("ada"));
    }
    while done.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let before = screen("bob").await;
    assert!(before < PILE / 2, "{before} of {PILE} were read first");
    pile.abort_all();
}

async fn an_endpoint_that_does_not_answer_leaves_its_tenants_others_their_part(world: World) {
    let world = world.start_with(&["webhooks.allow_private=[\"127.0.0.0/8\"]"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    let open = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&open);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    ada.http("POST", "/v1/webhooks").json(&json!({ "url": url })).send().await.expect(201);
    for number in 0..10 {
        world.deliver_raw(&plain(&format!("{number}"), "x"), &[&inbox.address]).await;
    }
    let (address, mut calls) = crate::world::endpoint::endpoint(&[]).await;
    let url = format!("http://{address}/");
    ada.http("POST", "/v1/webhooks").json(&json!({ "url": url })).send().await.expect(201);
    world.deliver_raw(&plain("heard", "x"), &[&inbox.address]).await;
    // Well before the first call to the silent one gives up after 15 seconds.
    let heard = tokio::time::timeout(Duration::from_secs(10), calls.recv()).await;
    assert!(heard.is_ok(), "the other endpoint waits behind the silent one");
    assert!(open.load(Ordering::SeqCst) <= 4, "{open:?} calls to one endpoint at once");
}

async fn a_job_that_was_put_back_is_due_again_and_was_no_attempt(world: World) {
    let (_world, store, now) = crate::store::with_a_job(&world).await;
    let lease = Duration::from_secs(60);
    let regions = ["local".to_owned()];
    let claim = mailward_store::Claim {
        limit: 10,
        per_tenant: 10,
        without: &[],
        regions: &regions,
        kinds: &[mailward_store::JobKind::Webhook],
    };
    let first = store.claim(now, lease, &claim).await.expect("claimed").remove(0);
    assert!(first.put_back(now).await.expect("put back"));
    let again = store.claim(now, lease, &claim).await.expect("claimed again").remove(0);
    assert_eq!(again.attempts, first.attempts);
    assert!(!first.put_back(now).await.expect("asked"), "its fence is old");
}
