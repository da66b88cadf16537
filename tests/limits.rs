//! Limits: what a tenant and an inbox may use, who is told, and that the books say what the rows say.

use std::time::Duration;

use mailward_mail::calendar::Day;
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::{EventId, MessageId};
use mailward_mail::random::Random;
use mailward_store::{
    Allowance, Delivery, EventKind, Intake, IntakeLimits, NewEvent, NewMessage, Next, Quota, Route, Store,
};
use serde_json::{Value, json};

use crate::world::actors::{Inbox, Tenant};
use crate::world::mail::{Sender, plain};
use crate::world::{World, both_databases};

both_databases!(
    a_quota_is_said_to_its_recipient_alone,
    more_inboxes_buy_no_more_mail,
    a_flood_is_slowed_down_to_the_rate_after_its_burst,
    what_was_used_is_remembered_over_a_restart,
    a_deleted_inbox_gives_its_bytes_back,
    a_change_of_limits_acts_at_once_and_can_be_taken_back,
    a_limit_is_told_of_once_when_it_comes_near_and_once_when_it_is_reached,
    a_request_beyond_a_limit_hears_what_the_limit_is_and_what_to_do,
    keys_of_one_tenant_share_its_requests_a_second,
    a_tenant_and_its_operator_see_limits_and_use_and_an_inbox_key_sees_its_inbox,
    limits_that_make_no_sense_are_refused_by_name,
    the_books_are_right_after_random_traffic_and_set_right_when_they_are_not,
    nodes_that_count_at_once_lose_nothing,
    a_day_and_a_month_begin_anew_and_a_clock_that_goes_back_begins_nothing,
    two_tenants_limits_are_not_each_others,
    after_an_unclean_stop_the_books_are_checked,
    an_inbox_whose_time_is_over_goes_and_gives_its_bytes_back,
    a_change_of_limits_is_in_the_audit_log,
    what_was_in_flight_at_the_limit_is_taken_and_counted,
    ten_thousand_inboxes_are_counted_as_one_tenant,
);

const LOOPBACK: &str = "webhooks.allow_private=[\"127.0.0.0/8\"]";

impl Tenant {
    async fn limit(&self, limits: Value) -> Value {
        let path = format!("/operator/v1/tenants/{}", self.id);
        self.world.operator_http("PATCH", path).json(&json!({ "limits": limits })).send().await.expect(200)
    }

    async fn usage(&self) -> Value {
        self.http("GET", "/v1/account").send().await.expect(200)["usage"].clone()
    }
}

async fn send(world: &World, inbox: &Inbox, subject: &str) -> String {
    world.deliver_raw(&plain(subject, "x"), &[&inbox.address]).await
}

async fn send_many(world: &World, inbox: &Inbox, count: usize) {
    for number in 0..count {
        let reply = send(world, inbox, &format!("mail {number}")).await;
        assert!(reply.starts_with("250 "), "{number}: {reply}");
    }
}

async fn a_quota_is_said_to_its_recipient_alone(world: World) {
    let ((ada, ada_inbox), (_bob, bob_inbox)) = world.ada_and_bob().await;
    ada.limit(json!({ "dailyMails": 2 })).await;
    send_many(&world, &ada_inbox, 2).await;
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    sender.command("MAIL FROM:<s@example.com>").await.expect("a reply");
    let full = sender.command(&format!("RCPT TO:<{}>", ada_inbox.address)).await.expect("a reply");
    assert_eq!(full, "452 4.2.2 inbox is over its quota");
    let other = sender.command(&format!("RCPT TO:<{}>", bob_inbox.address)).await.expect("a reply");
    assert!(other.starts_with("250 "), "{other}");
    sender.command("DATA").await.expect("a reply");
    let taken = sender.command("Subject: for bob\r\n\r\nx\r\n.").await.expect("a reply");
    assert!(taken.starts_with("250 "), "{taken}");
    assert_eq!((ada_inbox.emails().await.len(), bob_inbox.emails().await.len()), (2, 1));
}

async fn more_inboxes_buy_no_more_mail(world: World) {
    let ada = world.tenant("ada").await;
    ada.limit(json!({ "monthlyMails": 3, "monthlyMailsPerInbox": 2 })).await;
    let (one, two, three) = (ada.inbox().await, ada.inbox().await, ada.inbox().await);
    send_many(&world, &one, 2).await;
    assert_eq!(send(&world, &one, "third").await, "452 4.2.2 inbox is over its quota");
    send_many(&world, &two, 1).await;
    assert_eq!(send(&world, &three, "fourth").await, "452 4.2.2 inbox is over its quota");
    // Nor does a new inbox in the place of a used one.
    ada.http("DELETE", format!("/v1/inboxes/{}", one.id)).send().await.expect(200);
    let fresh = ada.inbox().await;
    assert_eq!(send(&world, &fresh, "fifth").await, "452 4.2.2 inbox is over its quota");
}

async fn a_flood_is_slowed_down_to_the_rate_after_its_burst(world: World) {
    let ((ada, ada_inbox), (_, bob_inbox)) = world.ada_and_bob().await;
    ada.limit(json!({ "receivePerMinute": 1 })).await;
    send_many(&world, &ada_inbox, 2).await;
    let slower = "450 4.7.1 too much mail for this inbox, try again later";
    assert_eq!(send(&world, &ada_inbox, "third").await, slower);
    assert_eq!(send(&world, &ada.inbox().await, "to another inbox").await, slower);
    send_many(&world, &bob_inbox, 3).await;
    ada.limit(json!({ "receivePerMinute": 0, "receivePerMinutePerInbox": 1 })).await;
    let quiet = ada.inbox().await;
    send_many(&world, &quiet, 2).await;
    assert_eq!(send(&world, &quiet, "third").await, slower);
    send_many(&world, &ada.inbox().await, 1).await;
}

async fn what_was_used_is_remembered_over_a_restart(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    ada.limit(json!({ "dailyMails": 2 })).await;
    send_many(&world, &inbox, 2).await;
    let (address, token) = (inbox.address.clone(), ada.token.clone());
    drop((ada, inbox));
    let world = world.restart().await;
    let reply = world.deliver_raw(&plain("third", "x"), &[&address]).await;
    assert_eq!(reply, "452 4.2.2 inbox is over its quota");
    let account = world.http("GET", "/v1/account").token(&token).send().await.expect(200);
    assert_eq!(account["limits"]["dailyMails"], json!(2));
    assert_eq!(account["usage"]["emailsReceivedToday"], json!(2));
}

async fn a_deleted_inbox_gives_its_bytes_back(world: World) {
    let ada = world.tenant("ada").await;
    let (gone, kept) = (ada.inbox().await, ada.inbox().await);
    send_many(&world, &kept, 1).await;
    let before = ada.usage().await["storedBytes"].as_i64().expect("a number");
    assert!(before > 100, "{before}");
    // Held mail takes room like any other.
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&gone.address]).await;
    send_many(&world, &gone, 5).await;
    ada.limit(json!({ "storedBytes": before + 1 })).await;
    assert_eq!(send(&world, &kept, "no room").await, "452 4.2.2 inbox is over its quota");
    ada.http("DELETE", format!("/v1/inboxes/{}", gone.id)).send().await.expect(200);
    while ada.usage().await["storedBytes"] != json!(before) {
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    send_many(&world, &kept, 1).await;
    assert!(drifts(&world, &kept).await.is_empty());
}

async fn a_change_of_limits_acts_at_once_and_can_be_taken_back(world: World) {
    let ada = world.tenant("ada").await;
    let path = format!("/operator/v1/tenants/{}", ada.id);
    let inbox = ada.inbox().await;
    ada.inbox().await;
    let limited = ada.limit(json!({ "maxInboxes": 2, "requestsPerSecond": 400 })).await;
    assert_eq!(limited["overrides"], json!({ "maxInboxes": 2, "requestsPerSecond": 400 }));
    ada.http("POST", "/v1/inboxes").send().await.expect(402);
    ada.limit(json!({ "maxInboxes": null })).await;
    ada.inbox().await;
    let free = world.operator_http("PATCH", &path).json(&json!({ "plan": "free" })).send().await.expect(200);
    assert_eq!((&free["plan"], &free["limits"]["maxInboxes"]), (&json!("free"), &json!(5)));
    assert_eq!(free["limits"]["requestsPerSecond"], json!(400), "what differs from the plan stays");
    ada.inbox().await;
    ada.inbox().await;
    ada.http("POST", "/v1/inboxes").send().await.expect(402);
    let replaced = json!({ "limits": { "dailyMails": 1 } });
    let put = world.operator_http("PUT", &path).json(&replaced).send().await.expect(200);
    assert_eq!((&put["overrides"], &put["plan"]), (&json!({ "dailyMails": 1 }), &json!("free")));
    send_many(&world, &inbox, 1).await;
    assert!(send(&world, &inbox, "second").await.starts_with("452 4.2.2 "));
}

async fn a_limit_is_told_of_once_when_it_comes_near_and_once_when_it_is_reached(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ((ada, ada_inbox), (bob, _)) = world.ada_and_bob().await;
    let events = json!(["limit.approaching", "limit.exceeded"]);
    let (address, mut calls) = crate::world::endpoint::endpoint(&[]).await;
    let url = format!("http://{address}/");
    ada.http("POST", "/v1/webhooks").json(&json!({ "url": url, "events": events })).send().await.expect(201);
    bob.http("POST", "/v1/webhooks").json(&json!({ "url": url, "events": events })).send().await.expect(201);
    ada.limit(json!({ "dailyMails": 5, "maxInboxes": 2 })).await;
    send_many(&world, &ada_inbox, 5).await;
    for number in 0..3 {
        assert!(send(&world, &ada_inbox, &format!("too many {number}")).await.starts_with("452 "));
    }
    ada.inbox().await;
    for _ in 0..2 {
        ada.http("POST", "/v1/inboxes").send().await.expect(402);
    }
    let mut told = Vec::new();
    while told.len() < 4 {
        let call = tokio::time::timeout(Duration::from_secs(20), calls.recv()).await;
        let call = call.unwrap_or_else(|_| panic!("only {told:?}")).expect("a call").json();
        assert_eq!(call["tenantId"], json!("ada"), "{call}");
        let data = &call["data"];
        let resets = data["resetsAt"].as_str().and_then(Timestamp::parse);
        let word = |value: &Value| value.as_str().expect("a word").to_owned();
        told.push((word(&call["type"]), word(&data["limit"]), data["used"].clone(), resets.is_some()));
    }
    told.sort_by_key(|(kind, limit, ..)| (limit.clone(), kind.clone()));
    let expected =
        |kind: &str, limit: &str, used: i64, resets| (kind.to_owned(), limit.to_owned(), json!(used), resets);
    assert_eq!(
        told,
        [
            expected("limit.approaching", "daily_mails", 4, true),
            expected("limit.exceeded", "daily_mails", 5, true),
            expected("limit.approaching", "max_inboxes", 2, false),
            expected("limit.exceeded", "max_inboxes", 2, false),
        ]
    );
    let events = "SELECT COUNT(*) FROM event WHERE kind LIKE 'limit.%'";
    assert_eq!(number(&world, events).await, 4);
}

async fn a_request_beyond_a_limit_hears_what_the_limit_is_and_what_to_do(world: World) {
    let world = world.start_with(&[LOOPBACK]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    ada.limit(json!({ "maxInboxes": 1, "webhookEndpoints": 1, "concurrentPollsPerInbox": 1 })).await;
    let refused = ada.http("POST", "/v1/inboxes").send().await.expect(402);
    assert_eq!(refused["error"], json!("quota_exceeded"));
    assert_eq!(
        (&refused["limit"], &refused["max"], &refused["used"], &refused["resetsAt"]),
        (&json!("maxInboxes"), &json!(1), &json!(1), &Value::Null)
    );
    assert!(refused["fix"].as_str().is_some_and(|fix| fix.contains("DELETE /v1/inboxes/{id}")), "{refused}");
    let hook = json!({ "url": "http://127.0.0.1:9/" });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    let refused = ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(402);
    assert_eq!(refused["limit"], json!("webhookEndpoints"));
    let poll = inbox.http("GET", format!("/v1/inboxes/{}/emails/poll?timeout=25&after=0", inbox.id));
    let waiting = tokio::spawn(async move {
        loop {
            // The place may be taken by the one that looks whether it is taken.
            let answer = poll.clone().send().await;
            if answer.status != 429 {
                return answer;
            }
        }
    });
    let refused = loop {
        let again = inbox.http("GET", format!("/v1/inboxes/{}/emails/poll?timeout=0", inbox.id)).send().await;
        if again.status == 429 {
            break again;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    };
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit-limit")), (Some("1"), Some("1")));
    assert_eq!(refused.json()["limit"], json!("concurrentPollsPerInbox"));
    send_many(&world, &inbox, 1).await;
    assert_eq!(waiting.await.expect("an answer").status, 200, "who waited still has its place");
}

async fn keys_of_one_tenant_share_its_requests_a_second(world: World) {
    let ((ada, ada_inbox), (bob, _)) = world.ada_and_bob().await;
    ada.limit(json!({ "requestsPerSecond": 1 })).await;
    let mut refused = None;
    for _ in 0..4 {
        for token in [&ada.token, &ada_inbox.token, &ada.review_token] {
            let answer = world.http("GET", "/v1/account").token(token).at_once().await;
            if answer.status == 429 {
                refused = Some(answer);
            }
        }
    }
    let refused = refused.expect("twelve requests of three keys at one a second");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.json()["limit"], json!("requestsPerSecond"));
    bob.http("GET", "/v1/account").send().await.expect(200);
}

async fn a_tenant_and_its_operator_see_limits_and_use_and_an_inbox_key_sees_its_inbox(world: World) {
    let ((ada, one), (bob, bob_inbox)) = world.ada_and_bob().await;
    let two = ada.inbox().await;
    send_many(&world, &one, 3).await;
    send_many(&world, &bob_inbox, 1).await;
    let shown = world.operator_http("GET", "/operator/v1/tenants/ada").send().await.expect(200);
    let own = ada.http("GET", "/v1/account").send().await.expect(200);
    assert_eq!((&shown["usage"], &shown["limits"]), (&own["usage"], &own["limits"]));
    let usage = &own["usage"];
    assert_eq!((&usage["inboxCount"], &usage["emailsReceivedToday"]), (&json!(2), &json!(3)));
    assert_eq!(bob.usage().await["emailsReceivedThisMonth"], json!(1));
    let quiet = two.http("GET", "/v1/account").send().await.expect(200)["usage"].clone();
    assert_eq!((&quiet["totalEmailsReceived"], quiet.get("storedBytes")), (&json!(0), None));
    // A tenant's own key cannot change what it may use: the route is not on its listener, nor its key on the other.
    let change = json!({ "limits": { "maxInboxes": 0 } });
    ada.http("PATCH", "/operator/v1/tenants/ada").json(&change).send().await.expect(404);
    let other = world.operator_http("PATCH", "/operator/v1/tenants/ada").json(&change);
    assert_eq!(other.clone().send().await.status, 200);
    let forged = crate::world::http::Request::new(world.operator, "PATCH", "/operator/v1/tenants/ada");
    forged.token(&ada.token).json(&change).send().await.expect(401);
}

async fn limits_that_make_no_sense_are_refused_by_name(world: World) {
    let ada = world.tenant("ada").await;
    let ask = async |id: &str, body: Value| {
        world.operator_http("PATCH", format!("/operator/v1/tenants/{id}")).json(&body).send().await
    };
    for (body, said) in [
        (json!({ "limits": { "maxInbox": 1 } }), "maxInboxes"),
        (json!({ "limits": { "maxInboxes": -1 } }), ""),
        (json!({ "limits": { "maxInboxes": 1.5 } }), ""),
        (json!({ "limits": { "maxInboxes": "many" } }), ""),
        (json!({ "limits": { "maxInboxes": u64::MAX } }), "9007199254740992"),
        (json!({ "plan": "platinum" }), "builder, free, scale"),
        (json!({ "state": "active" }), "state"),
    ] {
        let refused = ask(&ada.id, body.clone()).await.expect(400);
        assert!(refused["message"].as_str().expect("a message").contains(said), "{body}: {refused}");
    }
    ask("nobody", json!({ "limits": {} })).await.expect(404);
    let largest = json!({ "limits": { "maxInboxes": 1_u64 << 53, "storedBytes": 1_u64 << 53, "receivePerMinute": 1_u64 << 53 } });
    ask(&ada.id, largest).await.expect(200);
    let inbox = ada.inbox().await;
    send_many(&world, &inbox, 3).await;
}

/// What the books say of the tenant at this address and the rows do not; set right by asking.
async fn drifts(world: &World, inbox: &Inbox) -> Vec<mailward_store::Drift> {
    let route = world.store().await.route(&inbox.address).await.expect("asked").expect("a route");
    let mut scope = route.tenant.write().await.expect("a scope");
    let drifts = scope.recount().await.expect("counted");
    scope.commit().await.expect("committed");
    drifts
}

async fn the_books_are_right_after_random_traffic_and_set_right_when_they_are_not(world: World) {
    let ((ada, keep), (bob, bob_keep)) = world.ada_and_bob().await;
    let mut acts = tokio::task::JoinSet::new();
    for (number, tenant) in [&ada, &bob, &ada, &bob, &ada, &bob].into_iter().enumerate() {
        let (world, tenant) = (world.clone(), tenant.clone());
        let shared = if number % 2 == 0 { keep.address.clone() } else { bob_keep.address.clone() };
        acts.spawn(async move {
            let random = Random::seeded(number as u64);
            let mut inboxes = vec![tenant.inbox().await];
            let mut sender = Sender::connect(world.smtp).await.expect("connected");
            for turn in 0..14 {
                let [act, pick, size, repeat] = random.bytes::<4>();
                let own = inboxes[usize::from(pick) % inboxes.len()].address.clone();
                let text = "word ".repeat(usize::from(size) * 20);
                let raw = plain(&format!("{number} {}", if repeat % 4 == 0 { 0 } else { turn }), &text);
                let to: Vec<&str> = if act % 2 == 0 { vec![&own, &shared] } else { vec![&own] };
                let reply = sender.send("s@example.com", &to, &raw).await.expect("a reply");
                assert!(reply.starts_with("250 "), "{reply}");
                if act % 5 == 0 {
                    let gone = inboxes.remove(usize::from(pick) % inboxes.len());
                    tenant.http("DELETE", format!("/v1/inboxes/{}", gone.id)).send().await.expect(200);
                    inboxes.push(tenant.inbox().await);
                }
            }
        });
    }
    while let Some(done) = acts.join_next().await {
        done.expect("no act failed");
    }
    for inbox in [&keep, &bob_keep] {
        assert_eq!(drifts(&world, inbox).await, [], "while deleted mail is still being removed");
    }
    let left =
        "SELECT COUNT(*) FROM message m JOIN inbox i ON i.tenant_id = m.tenant_id AND i.id = m.inbox_id
        WHERE i.deleted_at IS NOT NULL";
    while number(&world, left).await > 0 {
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert_eq!(drifts(&world, &keep).await, []);
    let counted = "SELECT COUNT(*) FROM use_level l WHERE l.inbox_id = '' AND l.stored_bytes <> (SELECT
        COALESCE(SUM(length(p.bytes)), 0) FROM part p WHERE p.tenant_id = l.tenant_id)";
    assert_eq!(number(&world, counted).await, 0, "looked at from outside");
    let messages =
        "SELECT CAST(SUM(c.messages) AS BIGINT) FROM use_count c WHERE c.inbox_id = '' AND c.span = 'month'";
    let each =
        "SELECT CAST(SUM(c.messages) AS BIGINT) FROM use_count c WHERE c.inbox_id <> '' AND c.span = 'month'";
    assert_eq!(number(&world, messages).await, number(&world, each).await);
    execute(&world, "UPDATE use_level SET stored_bytes = stored_bytes + 7 WHERE tenant_id = 'ada'").await;
    let found = drifts(&world, &keep).await;
    assert!(found.len() >= 2 && found.iter().all(|one| one.counted == one.stored + 7), "{found:?}");
    assert_eq!(drifts(&world, &keep).await, [], "set right");
    assert_eq!(drifts(&world, &bob_keep).await, [], "and nobody else's touched");
}

/// A message that came by no wire.
pub fn delivery(route: &Route, number: u32, clock: &Clock, quota: Quota) -> Delivery {
    let random = Random::system();
    let mut digest = [0; 16];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    digest[4..].copy_from_slice(&random.bytes::<12>());
    Delivery {
        tenant: route.tenant.clone(),
        message: NewMessage {
            id: MessageId::generate(clock, &random),
            inbox: route.inbox.clone(),
            held: number.is_multiple_of(7),
            received_at: clock.now(),
            size: 10,
            level: "low",
            score: 0,
            model: "none".into(),
            has_attachments: false,
            is_automated: false,
            key_version: 1,
            dek: vec![1],
            from_digest: None,
            threading: None,
            delivery_digest: digest,
        },
        raw: vec![0; 10],
        parsed: vec![0; 20],
        meta: vec![0; 30],
        next: Next::Told(NewEvent { id: EventId::generate(clock, &random), kind: EventKind::EmailReceived }),
        quota,
    }
}

pub async fn route(store: &Store, address: &str) -> Route {
    store.route(address).await.expect("asked").expect("a route")
}

async fn nodes_that_count_at_once_lose_nothing(world: World) {
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let mut addresses = Vec::new();
    for tenant in [&ada, &bob, &ada, &bob, &ada] {
        addresses.push(tenant.inbox().await.address);
    }
    let (mut nodes, mut waiting) = (Vec::new(), tokio::task::JoinSet::new());
    for node in 0..3_u32 {
        let store = world.store().await;
        let limits = IntakeLimits { group_messages: 5, ..IntakeLimits::default() };
        let (intake, writer) = Intake::start(store.clone(), Clock::system(), Random::system(), limits);
        for number in 0..40 {
            let route = route(&store, &addresses[(number * 7 + node) as usize % addresses.len()]).await;
            let delivery = delivery(&route, number, &Clock::system(), Quota::default());
            let intake = intake.clone();
            waiting.spawn(async move { intake.commit(delivery).await });
        }
        nodes.push((intake, writer));
    }
    while let Some(done) = waiting.join_next().await {
        assert!(!done.expect("no panic").expect("committed").repeat);
    }
    for (intake, writer) in nodes {
        intake.stop().await;
        writer.await.expect("it stopped in order");
    }
    let total = "SELECT CAST(SUM(messages) AS BIGINT) FROM use_count WHERE inbox_id = '' AND span = 'day'";
    assert_eq!(number(&world, total).await, 120);
    assert_eq!(number(&world, "SELECT COUNT(*) FROM message").await, 120);
    let bytes = "SELECT CAST(SUM(stored_bytes) AS BIGINT) FROM use_level WHERE inbox_id = ''";
    assert_eq!(number(&world, bytes).await, 120 * 60);
}

async fn a_day_and_a_month_begin_anew_and_a_clock_that_goes_back_begins_nothing(world: World) {
    let ada = world.tenant("ada").await;
    let address = ada.inbox().await.address;
    let store = world.store().await;
    let at = |text: &str| Timestamp::parse(text).expect("a moment");
    let clock = Clock::manual(at("2027-01-31T23:59:59.000Z"));
    let (intake, writer) =
        Intake::start(store.clone(), clock.clone(), Random::system(), IntakeLimits::default());
    let mut number = 0;
    let receive = async |many: u32, from: &mut u32| {
        for _ in 0..many {
            *from += 1;
            let quota =
                Quota { tenant: Allowance { per_minute: 60, ..Allowance::default() }, ..Quota::default() };
            let delivery = delivery(&route(&store, &address).await, *from, &clock, quota);
            intake.commit(delivery).await.expect("committed");
        }
    };
    let used = async |now: Timestamp| {
        let route = route(&store, &address).await;
        let mut scope = route.tenant.read().await.expect("a scope");
        scope.receive_use(Some(&route.inbox), now).await.expect("read")
    };
    receive(3, &mut number).await;
    let before = used(clock.now()).await;
    assert_eq!((before.tenant.today, before.tenant.this_month, before.tenant), (3, 3, before.tenant));
    assert_eq!((before.inbox.today, before.inbox.this_month), (3, 3));
    clock.advance(Duration::from_secs(1));
    let fresh = used(clock.now()).await.tenant;
    assert_eq!((fresh.today, fresh.this_month, fresh.stored_bytes), (0, 0, 180));
    receive(2, &mut number).await;
    let after = used(clock.now()).await;
    assert_eq!((after.tenant.today, after.tenant.this_month), (2, 2));
    // The clock of this node, or of another one, is behind: it is still the new day, and nothing of it is forgotten.
    let behind = used(at("2027-01-31T23:59:58.000Z")).await;
    assert_eq!((behind.tenant.today, behind.tenant.this_month, behind.day), (2, 2, after.day));
    let late = Clock::manual(at("2027-01-31T23:59:58.000Z"));
    let (behind, second) =
        Intake::start(store.clone(), late.clone(), Random::system(), IntakeLimits::default());
    let quota = Quota::default();
    behind.commit(delivery(&route(&store, &address).await, 99, &late, quota)).await.expect("committed");
    assert_eq!(used(clock.now()).await.tenant.today, 3);
    // One that was wrong by years holds nobody up once it is right again.
    let wild = Clock::manual(at("2041-05-05T00:00:00.000Z"));
    let (wrong, third) =
        Intake::start(store.clone(), wild.clone(), Random::system(), IntakeLimits::default());
    wrong.commit(delivery(&route(&store, &address).await, 100, &wild, quota)).await.expect("committed");
    assert_eq!(used(clock.now()).await.tenant.today, 3);
    receive(1, &mut number).await;
    let right = used(clock.now()).await;
    assert_eq!((right.tenant.today, right.day), (4, Day::of(clock.now())));
    let micros = clock.now().millis() * 1_000;
    assert!(right.tenant.arrival <= micros + 120_000_000, "nor is the bucket ahead by years");
    for (intake, writer) in [(intake, writer), (behind, second), (wrong, third)] {
        intake.stop().await;
        writer.await.expect("it stopped in order");
    }
    // Old days of inboxes are forgotten in time; the tenant's own stay.
    let store = world.store().await;
    assert!(store.forget_use(Day::of(at("2027-02-01T00:00:00Z"))).await.expect("swept") >= 1);
    let days = "SELECT COUNT(*) FROM use_count WHERE span = 'day' AND inbox_id <> '' AND start < 20850";
    assert_eq!(self::number(&world, days).await, 0);
}

async fn two_tenants_limits_are_not_each_others(world: World) {
    let ((ada, ada_inbox), (bob, bob_inbox)) = world.ada_and_bob().await;
    bob.limit(json!({ "dailyMails": 1, "maxInboxes": 1 })).await;
    send_many(&world, &bob_inbox, 1).await;
    assert!(send(&world, &bob_inbox, "second").await.starts_with("452 "));
    bob.http("POST", "/v1/inboxes").send().await.expect(402);
    send_many(&world, &ada_inbox, 3).await;
    ada.inbox().await;
    let shown = world.operator_http("GET", "/operator/v1/tenants/ada").send().await.expect(200);
    assert_eq!((&shown["overrides"], &shown["usage"]["emailsReceivedToday"]), (&json!({}), &json!(3)));
}

async fn after_an_unclean_stop_the_books_are_checked(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    send_many(&world, &inbox, 2).await;
    let right = ada.usage().await["storedBytes"].clone();
    let token = ada.token.clone();
    drop((ada, inbox));
    world.stop().await;
    execute(&world, "UPDATE use_level SET stored_bytes = 7 WHERE tenant_id = 'ada'").await;
    let stored = async |world: &World| {
        let account = world.http("GET", "/v1/account").token(&token).send().await.expect(200);
        account["usage"]["storedBytes"].clone()
    };
    let world = world.restart().await;
    assert_eq!(stored(&world).await, json!(7), "after a stop in order they are believed");
    world.stop().await;
    std::fs::write(world.data_dir().join("running"), []).expect("as a killed process leaves it");
    let world = world.restart().await;
    while stored(&world).await != right {
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

async fn an_inbox_whose_time_is_over_goes_and_gives_its_bytes_back(world: World) {
    let ada = world.tenant("ada").await;
    let short = ada.inbox_with(json!({ "expiresIn": 3_600 })).await;
    let kept = ada.inbox().await;
    send_many(&world, &kept, 1).await;
    let before = ada.usage().await["storedBytes"].clone();
    send_many(&world, &short, 2).await;
    let store = world.store().await;
    let random = Random::system();
    let week = Some(Duration::from_secs(7 * 86_400));
    assert_eq!(store.expire(5, week, &Clock::system(), &random).await.expect("looked"), 0, "not yet");
    let later = |seconds: u64| Clock::manual(Clock::system().now().plus(Duration::from_secs(seconds)));
    assert_eq!(store.expire(5, week, &later(3_600), &random).await.expect("told"), 1);
    assert_eq!(store.expire(5, None, &later(9 * 86_400), &random).await.expect("looked"), 0, "told once");
    assert_eq!(short.emails().await.len(), 2, "its mail is read on");
    assert_eq!(store.expire(5, week, &later(9 * 86_400), &random).await.expect("deleted"), 1);
    assert_eq!(store.expire(5, week, &later(9 * 86_400), &random).await.expect("looked"), 0);
    while store.purge(1).await.expect("removed") > 0 {}
    assert_eq!(ada.usage().await["storedBytes"], before);
    assert_eq!(number(&world, "SELECT COUNT(*) FROM event WHERE kind = 'inbox.expired'").await, 1);
    assert_eq!(send(&world, &short, "gone").await, "550 5.1.1 no such inbox");
    ada.http("GET", format!("/v1/inboxes/{}", short.id)).send().await.expect(404);
    assert!(drifts(&world, &kept).await.is_empty());
}

async fn a_change_of_limits_is_in_the_audit_log(world: World) {
    let ada = world.tenant("ada").await;
    ada.limit(json!({ "maxInboxes": 3 })).await;
    let rows = "SELECT COUNT(*) FROM audit WHERE tenant_id = 'ada' AND action = 'tenant.limits'
        AND detail LIKE '%max_inboxes%'";
    assert_eq!(number(&world, rows).await, 1);
}

async fn what_was_in_flight_at_the_limit_is_taken_and_counted(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    ada.limit(json!({ "dailyMails": 1 })).await;
    let mut senders = Vec::new();
    for _ in 0..3 {
        let mut sender = Sender::connect(world.smtp).await.expect("connected");
        sender.command("MAIL FROM:<s@example.com>").await.expect("a reply");
        let reply = sender.command(&format!("RCPT TO:<{}>", inbox.address)).await.expect("a reply");
        assert!(reply.starts_with("250 "), "{reply}");
        senders.push(sender);
    }
    for (number, sender) in senders.iter_mut().enumerate() {
        sender.command("DATA").await.expect("a reply");
        let taken = sender.command(&format!("Subject: {number}\r\n\r\nx\r\n.")).await.expect("a reply");
        assert!(taken.starts_with("250 "), "a recipient that was taken is not given up: {taken}");
        let next = sender.send("s@example.com", &[&inbox.address], &plain("next", "x")).await;
        assert_eq!(next.expect("a reply"), "452 4.2.2 inbox is over its quota");
        sender.command("RSET").await.expect("a reply");
    }
    assert_eq!(ada.usage().await["emailsReceivedToday"], json!(3));
}

async fn ten_thousand_inboxes_are_counted_as_one_tenant(world: World) {
    let ((ada, one), (bob, _)) = world.ada_and_bob().await;
    let many = "INSERT INTO inbox (tenant_id, id, address, domain, is_active, next_seq, email_count, last_at, created_at, profile)
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 10000)
        SELECT 'ada', 'ibx_made_up_' || n, 'x' || n || '@agents.test', 'agents.test', 1, 1, 0, 0, 0, profile
        FROM number, inbox WHERE tenant_id = 'bob'";
    execute(&world, many).await;
    ada.limit(json!({ "maxInboxes": 10_002, "monthlyMails": 2 })).await;
    let two = ada.inbox().await;
    let refused = ada.http("POST", "/v1/inboxes").send().await.expect(402);
    assert_eq!((&refused["used"], &refused["max"]), (&json!(10_002), &json!(10_002)));
    send_many(&world, &one, 1).await;
    send_many(&world, &two, 1).await;
    assert!(send(&world, &two, "third").await.starts_with("452 "));
    bob.inbox().await;
}

/// A number, read behind the service's back.
async fn number(world: &World, sql: &'static str) -> i64 {
    let (number,): (i64,) = match world.database() {
        Some(database) => {
            let pool = sqlx::PgPool::connect(&database.admin_url).await.expect("opened");
            sqlx::query_as(sql).fetch_one(&pool).await.expect("read")
        }
        None => sqlx::query_as(sql).fetch_one(&sqlite(world).await).await.expect("read"),
    };
    number
}

async fn execute(world: &World, sql: &'static str) {
    match world.database() {
        Some(database) => {
            let pool = sqlx::PgPool::connect(&database.admin_url).await.expect("opened");
            sqlx::query(sql).execute(&pool).await.expect("written");
        }
        None => {
            sqlx::query(sql).execute(&sqlite(world).await).await.expect("written");
        }
    }
}

async fn sqlite(world: &World) -> sqlx::SqlitePool {
    let url = format!("sqlite://{}", world.data_dir().join("mailward.db").display());
    sqlx::SqlitePool::connect(&url).await.expect("opened")
}
