//! Server-sent events: from where they go on, and when they end.

use super::client::{Sent, Sse};
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    a_stream_goes_on_behind_the_last_event_without_loss_or_repeat,
    a_stream_is_refused_where_there_is_nothing_to_follow,
    a_stream_ends_when_its_time_is_over_and_when_the_service_stops,
);

async fn a_stream_goes_on_behind_the_last_event_without_loss_or_repeat(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    let path = format!("/v1/inboxes/{}/stream", inbox.id);
    let mut sse = Sse::open(world.http, &inbox.token, &path, None).await.expect("open");
    let mut heard: Vec<Sent> = Vec::new();
    for round in 0..3 {
        for number in 0..5 {
            let raw = plain(&format!("{round}.{number}"), "x");
            assert!(world.deliver_raw(&raw, &[&inbox.address]).await.starts_with("250 "));
        }
        for _ in 0..4 {
            heard.push(sse.next().await.expect("an event"));
        }
        drop(sse);
        let last = heard.last().map(|sent| sent.id.as_str());
        sse = Sse::open(world.http, &inbox.token, &path, last).await.expect("open");
    }
    for _ in 0..3 {
        heard.push(sse.next().await.expect("an event"));
    }
    let subjects: Vec<&str> =
        heard.iter().map(|sent| sent.data["data"]["subject"].as_str().expect("a subject")).collect();
    let sent: Vec<String> =
        (0..3).flat_map(|round| (0..5).map(move |number| format!("{round}.{number}"))).collect();
    assert_eq!(subjects, sent);
}

async fn a_stream_is_refused_where_there_is_nothing_to_follow(world: World) {
    let ((_, inbox), (bob, foreign)) = world.ada_and_bob().await;
    let never = "/v1/inboxes/ibx_00000000000000000000000000/stream";
    let foreign_path = format!("/v1/inboxes/{}/stream", foreign.id);
    for path in [never, foreign_path.as_str(), "/v1/inboxes/nonsense/stream"] {
        assert_eq!(Sse::open(world.http, &inbox.token, path, None).await.err(), Some(404), "{path}");
    }
    let path = format!("/v1/inboxes/{}/stream", inbox.id);
    world.deliver_raw(&plain("x", "x"), &[&foreign.address]).await;
    let log = bob.http("GET", "/v1/events").send().await.expect(200);
    let foreign_event = log["data"][0]["id"].as_str().expect("an event");
    for last in [foreign_event, "evt_00000000000000000000000000", "nonsense"] {
        assert_eq!(Sse::open(world.http, &inbox.token, &path, Some(last)).await.err(), Some(400), "{last}");
    }
    assert_eq!(Sse::open(world.http, "x", &path, None).await.err(), Some(401));
}

async fn a_stream_ends_when_its_time_is_over_and_when_the_service_stops(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    let path = format!("/v1/inboxes/{}/stream", inbox.id);
    let short = format!("{path}?timeout=1");
    let mut sse = Sse::open(world.http, &inbox.token, &short, None).await.expect("open");
    assert!(sse.next().await.is_none());
    let mut sse = Sse::open(world.http, &inbox.token, &path, None).await.expect("open");
    let mut socket = super::client::Socket::connect(world.http, &inbox.token).await;
    let (code, ()) = tokio::join!(socket.closed(), world.stop());
    assert_eq!(code, 1001);
    assert!(sse.next().await.is_none());
}
