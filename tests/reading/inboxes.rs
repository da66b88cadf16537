//! Inboxes that are changed and that end.

use std::time::Duration;

use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use serde_json::json;

use super::{blind, get, hold, list, send, text, written};
use crate::world::actors::Inbox;
use crate::world::{World, both_databases};

both_databases!(
    an_inbox_is_changed_by_who_may,
    an_inbox_that_is_not_active_takes_no_mail_and_is_read_on,
    an_expired_inbox_is_as_if_it_had_never_been_to_senders_and_its_mail_can_be_read,
    an_end_is_told_once_whoever_looks,
    what_would_be_no_life_is_refused,
);

const ANN: &str = "Ann <ann@talk.example>";

async fn an_inbox_is_changed_by_who_may(world: World) {
    let ((ada, inbox), (bob, foreign)) = world.ada_and_bob().await;
    let other = ada.inbox().await;
    let change = async |token: &str, inbox: &Inbox, body: serde_json::Value| {
        let request = world.http("PATCH", format!("/v1/inboxes/{}", inbox.id)).token(token);
        request.json(&body).send().await
    };
    let named = change(&ada.token, &inbox, json!({ "displayName": "Ada's \u{1f600}" })).await.expect(200);
    assert_eq!((&named["displayName"], &named["isActive"]), (&json!("Ada's \u{1f600}"), &json!(true)));
    let same = change(&ada.token, &inbox, json!({})).await.expect(200);
    assert_eq!(same["displayName"], named["displayName"], "what is absent stays");
    for token in [&bob.token, &foreign.token] {
        let refused = change(token, &inbox, json!({ "displayName": "x" })).await.status;
        assert!(matches!(refused, 403 | 404), "{refused}");
    }
    // An inbox' own key reads and sends; it changes nothing.
    for token in [&inbox.token, &other.token] {
        assert_eq!(change(token, &inbox, json!({ "isActive": false })).await.status, 403);
    }
    for bad in [
        json!({ "displayName": "x".repeat(101) }),
        json!({ "displayName": "a\nb" }),
        json!({ "isActive": "no" }),
        json!({ "address": "x@agents.test" }),
        json!({ "expiresAt": "2999-01-01T00:00:00Z" }),
        json!({ "emailCount": 0 }),
    ] {
        assert_eq!(change(&ada.token, &inbox, bad.clone()).await.status, 400, "{bad}");
    }
    // What is held, whom it may write to and how much needs a key that chooses such things.
    assert_eq!(change(&ada.token, &inbox, json!({ "gate": { "hold": "never" } })).await.status, 403);
    let gated = change(&ada.review_token, &inbox, json!({ "gate": { "hold": "medium" } })).await.expect(200);
    assert!(gated["gate"].is_object());
    assert_eq!(change(&ada.review_token, &inbox, json!({ "displayName": "x" })).await.status, 403);
    let half = json!({ "gate": { "hold": "never" }, "displayName": "x" });
    assert_eq!(change(&ada.review_token, &inbox, half).await.status, 403, "nothing is done by half");
    let kept = ada.http("GET", format!("/v1/inboxes/{}", inbox.id)).send().await.expect(200);
    assert_eq!(kept["displayName"], named["displayName"]);
    let blind = blind(&ada).await;
    assert_eq!(change(&blind, &inbox, json!({ "displayName": "may change, not read" })).await.status, 200);
}

async fn an_inbox_that_is_not_active_takes_no_mail_and_is_read_on(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    send(&world, &written(ANN, &inbox.address, "before", "1", &[], "x"), &[&inbox]).await;
    let path = format!("/v1/inboxes/{}", inbox.id);
    ada.http("PATCH", path.clone()).json(&json!({ "isActive": false })).send().await.expect(200);
    let replies = world.try_recipients(&[&inbox.address]).await;
    assert!(replies[0].starts_with("450 4.2.1"), "{replies:?}");
    assert_eq!(inbox.emails().await.len(), 1);
    assert_eq!(list(&get(&inbox, "/threads").await["data"]).len(), 1);
    ada.http("PATCH", path).json(&json!({ "isActive": true })).send().await.expect(200);
    send(&world, &written(ANN, &inbox.address, "after", "2", &[], "x"), &[&inbox]).await;
}

async fn an_expired_inbox_is_as_if_it_had_never_been_to_senders_and_its_mail_can_be_read(world: World) {
    let ada = world.tenant("ada").await;
    let made = json!({ "expiresIn": 3_600 });
    let inbox = ada.inbox_with(made).await;
    send(&world, &written(ANN, &inbox.address, "in time", "1", &[], "x"), &[&inbox]).await;
    let held = hold(&world, &ada, &inbox, "Subject: held\r\n").await;
    world.tamper("UPDATE inbox SET expires_at = 1").await;
    let never = world.try_recipients(&["never-was@agents.test"]).await;
    assert_eq!(world.try_recipients(&[&inbox.address]).await, never, "a sender learns nothing of it");
    assert!(never[0].starts_with("550 5.1.1"), "{never:?}");
    let path = format!("/v1/inboxes/{}", inbox.id);
    assert_eq!(ada.http("GET", path.clone()).send().await.expect(200)["isActive"], json!(false));
    // An inbox that has ended does not begin again.
    let woken = ada.http("PATCH", path).json(&json!({ "isActive": true })).send().await.expect(200);
    assert_eq!(woken["isActive"], json!(false));
    assert_eq!(world.try_recipients(&[&inbox.address]).await, never);
    let id = text(&inbox.emails().await[0]["id"]).to_owned();
    get(&inbox, &format!("/emails/{id}?view=safe")).await;
    ada.review("POST", format!("/v1/review/{held}/release")).send().await.expect(200);
    assert_eq!(inbox.emails().await.len(), 2, "what was taken in time is read");
}

async fn an_end_is_told_once_whoever_looks(world: World) {
    let ada = world.tenant("ada").await;
    world
        .operator_http("PATCH", "/operator/v1/tenants/ada")
        .json(&json!({ "limits": { "maxInboxes": 2 } }))
        .send()
        .await
        .expect(200);
    let (short, kept) = (ada.inbox_with(json!({ "expiresIn": 60 })).await, ada.inbox().await);
    send(&world, &written(ANN, &short.address, "x", "1", &[], "x"), &[&short]).await;
    assert_eq!(ada.http("POST", "/v1/inboxes").send().await.status, 402, "two are all it may have");
    let (one, two) = (world.store().await, world.store().await);
    let (clock, random) =
        (Clock::manual(Clock::system().now().plus(Duration::from_secs(61))), Random::system());
    let week = Some(Duration::from_secs(7 * 86_400));
    let looks = futures_util::future::join_all((0..6).map(|n| {
        let store = if n % 2 == 0 { &one } else { &two };
        store.expire(5, week, &clock, &random)
    }))
    .await;
    assert!(looks.iter().any(Result::is_ok), "somebody told of it");
    let ends = |rows: &[String]| rows.iter().filter(|row| row.contains("inbox.expired")).count();
    assert_eq!(ends(&world.dump().await), 1);
    assert_eq!(short.emails().await.len(), 1);
    let third = ada.inbox().await;
    assert_eq!(kept.emails().await.len() + third.emails().await.len(), 0, "one that ended counts no more");
    // Its owner need not wait.
    ada.http("DELETE", format!("/v1/inboxes/{}", short.id)).send().await.expect(200);
    assert_eq!(short.http("GET", format!("/v1/inboxes/{}/emails", short.id)).send().await.status, 401);
}

async fn what_would_be_no_life_is_refused(world: World) {
    let ada = world.tenant("ada").await;
    for bad in [json!(0), json!(-1), json!(1.5), json!("60"), json!(u64::MAX), json!(316_224_001)] {
        let answer = ada.http("POST", "/v1/inboxes").json(&json!({ "expiresIn": bad })).send().await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
    }
    let longest = ada.http("POST", "/v1/inboxes").json(&json!({ "expiresIn": 316_224_000 })).send().await;
    assert!(text(&longest.expect(201)["expiresAt"]).starts_with("203"));
}
