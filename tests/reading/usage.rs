//! Use by day: counted where it happens, told to who may know.

use serde_json::{Value, json};

use super::{hold, list, send, text, written};
use crate::world::actors::{Inbox, Tenant};
use crate::world::{World, both_databases};

both_databases!(
    what_came_and_what_was_held_is_counted_by_day,
    use_is_for_those_who_may_know_it,
    odd_days_are_refused,
    days_of_single_inboxes_are_forgotten,
);

const ANN: &str = "Ann <ann@talk.example>";

async fn usage(tenant: &Tenant, query: &str) -> Value {
    tenant.http("GET", format!("/v1/usage?{query}")).send().await.expect(200)
}

/// Received and held in all.
fn counts(usage: &Value) -> (u64, u64) {
    let number = |name: &str| usage["total"][name].as_u64().expect("a number");
    (number("received"), number("held"))
}

async fn what_came_and_what_was_held_is_counted_by_day(world: World) {
    let ada = world.tenant("ada").await;
    let (one, two) = (ada.inbox().await, ada.inbox().await);
    let empty = usage(&ada, "").await;
    assert_eq!((counts(&empty), list(&empty["days"]).len(), &empty["inboxId"]), ((0, 0), 30, &Value::Null));
    send(&world, &written(ANN, "x@y.example", "a", "1", &[], "x"), &[&one, &two]).await;
    send(&world, &written(ANN, "x@y.example", "b", "2", &[], "x"), &[&one]).await;
    let held = hold(&world, &ada, &one, "Subject: c\r\n").await;
    let of = async |inbox: &Inbox| counts(&usage(&ada, &format!("inboxId={}", inbox.id)).await);
    let all = usage(&ada, "").await;
    assert_eq!((counts(&all), of(&one).await, of(&two).await), ((4, 1), (3, 1), (1, 0)));
    // Today, or the day before if midnight was in between.
    let days: Vec<&Value> = list(&all["days"]).iter().filter(|day| day["received"] != json!(0)).collect();
    assert!(days.len() <= 2 && text(&days[0]["date"]).len() == 10, "{days:?}");
    let sum = |name: &str| -> i64 {
        list(&all["days"]).iter().map(|day| day[name].as_i64().expect("a number")).sum()
    };
    for name in ["received", "held", "sent", "bounced", "webhookAttempts", "bytesStored"] {
        assert_eq!(json!(sum(name)), all["total"][name], "{name}");
    }
    assert_eq!(all["total"]["bytesStored"], all["storedBytes"], "all that came is there");
    // A decision changes what happened on no day.
    ada.review("POST", format!("/v1/review/{held}/release")).send().await.expect(200);
    assert_eq!(counts(&usage(&ada, "").await), (4, 1));
    ada.http("DELETE", format!("/v1/inboxes/{}", two.id)).send().await.expect(200);
    assert_eq!(counts(&usage(&ada, "").await), (4, 1));
    ada.http("GET", format!("/v1/usage?inboxId={}", two.id)).send().await.expect(404);
}

async fn use_is_for_those_who_may_know_it(world: World) {
    let ((ada, inbox), (bob, foreign)) = world.ada_and_bob().await;
    hold(&world, &ada, &inbox, "Subject: c\r\n").await;
    let status = async |token: &str, query: &str| {
        world.http("GET", format!("/v1/usage{query}")).token(token).send().await.status
    };
    let own = format!("?inboxId={}", inbox.id);
    assert_eq!(status(&ada.token, &own).await, 200);
    for (token, query, expected) in [
        (&inbox.token, "", 403),
        (&inbox.token, own.as_str(), 403),
        (&bob.token, own.as_str(), 404),
        (&foreign.token, own.as_str(), 403),
        (&bob.token, "?inboxId=ibx_00000000000000000000000000", 404),
    ] {
        assert_eq!(status(token, query).await, expected, "{query}");
    }
    assert_eq!(counts(&usage(&bob, "").await), (0, 0), "another tenant's is its own");
    assert_eq!(world.http("GET", "/v1/usage").send().await.status, 401);
}

async fn odd_days_are_refused(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    for (query, status, days) in [
        ("from=2026-11-01&to=2026-11-03", 200, 3),
        ("from=2026-11-01T23:59:59%2B02:00&to=2026-11-01", 200, 1),
        ("to=2026-11-03", 200, 30),
        ("from=2020-01-01&to=2020-12-31", 200, 366),
        ("from=2020-01-01&to=2021-01-01", 400, 0),
        ("from=2026-11-03&to=2026-11-01", 400, 0),
        ("from=2999-01-01", 400, 0),
        ("from=yesterday", 400, 0),
        ("day=2026-11-01", 400, 0),
        ("inboxId=x", 400, 0),
    ] {
        let answer = ada.http("GET", format!("/v1/usage?{query}")).send().await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
        if status == 200 {
            assert_eq!(list(&answer.json()["days"]).len(), days, "{query}");
        }
    }
    let long_ago = format!("/v1/usage?from=2020-01-01&to=2020-01-02&inboxId={}", inbox.id);
    assert_eq!(ada.http("GET", long_ago).send().await.status, 400, "what was forgotten is not nothing");
}

async fn days_of_single_inboxes_are_forgotten(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    hold(&world, &ada, &inbox, "Subject: c\r\n").await;
    let tomorrow =
        mailward_mail::calendar::Day::of(mailward_mail::clock::Clock::system().now()).next().next();
    let forgotten = world.store().await.forget_use(tomorrow).await.expect("forgotten");
    assert!(forgotten >= 2, "{forgotten}");
    assert_eq!(counts(&usage(&ada, &format!("inboxId={}", inbox.id)).await), (0, 0));
    assert_eq!(counts(&usage(&ada, "").await), (1, 1), "the tenant's stay");
}
