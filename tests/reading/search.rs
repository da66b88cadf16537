//! Search: what is found, by whom, and that a walk along the cursors misses nothing and repeats nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{blind, hold, list, send, text, written};
use crate::world::actors::{Inbox, Tenant};
use crate::world::http::Request;
use crate::world::{World, both_databases, fixture};

both_databases!(
    words_are_found_wherever_they_are_written_and_read,
    filters_leave_out_what_is_not_wanted,
    everybody_finds_what_they_may_see_and_nothing_else,
    a_walk_finds_every_mail_once_whatever_comes_meanwhile,
    a_page_that_found_nothing_goes_on,
    odd_and_huge_questions_are_answered,
);

const ANN: &str = "Ann <ann@talk.example>";

fn ask(request: impl Fn(&str, String) -> Request, query: &str) -> Request {
    request("GET", format!("/v1/emails/search?{query}"))
}

async fn page(tenant: &Tenant, query: &str) -> Value {
    ask(|method, path| tenant.http(method, path), query).send().await.expect(200)
}

fn subjects(page: &Value) -> Vec<&str> {
    list(&page["data"]).iter().map(|mail| text(&mail["subject"])).collect()
}

/// A mail in UTF-8.
fn utf8(subject: &str, kind: &str, body: &str) -> Vec<u8> {
    format!(
        "From: {ANN}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
    )
    .into_bytes()
}

async fn words_are_found_wherever_they_are_written_and_read(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    send(&world, &utf8("=?utf-8?q?Rechnung_M=C3=BCller?=", "text/plain", "Betrag: 12 Euro"), &[&inbox]).await;
    send(
        &world,
        &utf8("Page", "text/html", "<p>Caf\u{e9} <b>R\u{c9}SUM\u{c9}</b></p><p hidden>unseen</p>"),
        &[&inbox],
    )
    .await;
    let attachment = std::fs::read(fixture("fixtures/attachment.eml")).expect("a fixture");
    send(&world, &attachment, &[&inbox]).await;
    for (q, expected) in [
        ("rechnung", 1),
        ("MULLER", 1),
        ("euro+betrag+muller", 1),
        ("euro+resume", 0),
        ("resume", 1),
        ("cafe", 1),
        ("unseen", 0),
        ("ann%40talk", 2),
        ("readings.txt", 1),
        ("echnun", 1),
        ("nothing-like-it", 0),
        ("", 3),
        ("%20%09", 3),
    ] {
        let found = page(&ada, &format!("q={q}")).await;
        assert_eq!(list(&found["data"]).len(), expected, "{q}: {:?}", subjects(&found));
        assert_eq!(
            (&found["pagination"]["hasMore"], &found["pagination"]["cursor"]),
            (&json!(false), &Value::Null)
        );
    }
    let mail = &page(&ada, "q=resume").await["data"][0];
    assert_eq!(
        (&mail["inboxId"], &mail["body"], &mail["isRead"]),
        (&json!(inbox.id), &Value::Null, &json!(false))
    );
    assert!(mail["threadId"].is_string() && mail["security"]["flags"].is_array());
}

async fn filters_leave_out_what_is_not_wanted(world: World) {
    let ada = world.tenant("ada").await;
    let (one, two) = (ada.inbox().await, ada.inbox().await);
    for n in 0..3 {
        send(&world, &written(ANN, "x@y.example", &format!("one {n}"), &n.to_string(), &[], "word"), &[&one])
            .await;
    }
    let attachment = std::fs::read(fixture("fixtures/attachment.eml")).expect("a fixture");
    send(&world, &attachment, &[&two]).await;
    send(&world, &written("Bob B <bob@b.example>", "x@y.example", "two", "b", &[], "word"), &[&two]).await;
    let count = async |query: &str| list(&page(&ada, query).await["data"]).len();
    assert_eq!(count(&format!("q=word&inboxId={}", one.id)).await, 3);
    assert_eq!(count("q=word&from=BOB").await, 1);
    assert_eq!(count("q=word&from=talk.exam").await, 3);
    assert_eq!(count("q=&hasAttachments=true").await, 1);
    assert_eq!(count("q=&hasAttachments=false").await, 4);
    assert_eq!(count("q=&direction=inbound").await, 5);
    assert_eq!(count("q=&direction=outbound").await, 0);
    let all = page(&ada, "q=one").await;
    let middle = text(&all["data"][1]["createdAt"]);
    assert_eq!(subjects(&page(&ada, &format!("q=one&since={middle}")).await), ["one 2"], "later than");
    assert_eq!(subjects(&page(&ada, &format!("q=one&until={middle}")).await), ["one 0"], "earlier than");
    let in_one = format!("q=one&inboxId={}&until={middle}", one.id);
    assert_eq!(subjects(&page(&ada, &in_one).await), ["one 0"]);
    assert_eq!(subjects(&all), ["one 2", "one 1", "one 0"], "newest first");
}

async fn everybody_finds_what_they_may_see_and_nothing_else(world: World) {
    let ((ada, inbox), (bob, foreign)) = world.ada_and_bob().await;
    let other = ada.inbox().await;
    let mail = written(ANN, "all@talk.example", "Needle", "n", &[], "needle");
    send(&world, &mail, &[&inbox, &other, &foreign]).await;
    let held = hold(&world, &ada, &inbox, "Subject: Needle\r\n").await;
    let rejected = hold(&world, &ada, &inbox, "Subject: Needle too\r\n").await;
    ada.review("POST", format!("/v1/review/{rejected}/reject")).send().await.expect(200);
    let inboxes = async |token: &str, query: &str| -> (u16, BTreeSet<String>) {
        let answer =
            world.http("GET", format!("/v1/emails/search?q=needle{query}")).token(token).send().await;
        assert!(!answer.text().contains(&held) && !answer.text().contains(&rejected));
        let found = if answer.status == 200 { list(&answer.json()["data"]).clone() } else { Vec::new() };
        (answer.status, found.iter().map(|mail| text(&mail["inboxId"]).to_owned()).collect())
    };
    let of = |inboxes: &[&Inbox]| inboxes.iter().map(|inbox| inbox.id.clone()).collect::<BTreeSet<_>>();
    assert_eq!(inboxes(&ada.token, "").await, (200, of(&[&inbox, &other])));
    assert_eq!(inboxes(&inbox.token, "").await, (200, of(&[&inbox])));
    assert_eq!(inboxes(&bob.token, "").await, (200, of(&[&foreign])));
    let named = |inbox: &Inbox| format!("&inboxId={}", inbox.id);
    assert_eq!(inboxes(&inbox.token, &named(&inbox)).await.1, of(&[&inbox]));
    for (token, inbox) in [(&inbox.token, &other), (&bob.token, &inbox), (&ada.token, &foreign)] {
        assert_eq!(inboxes(token, &named(inbox)).await.0, 404);
    }
    assert_eq!(inboxes(&ada.token, "&inboxId=ibx_00000000000000000000000000").await.0, 404);
    assert_eq!(inboxes(&blind(&ada).await, "").await.0, 403);
    assert_eq!(world.http("GET", "/v1/emails/search?q=needle").send().await.status, 401);
    ada.review("POST", format!("/v1/review/{held}/release")).send().await.expect(200);
    let released = page(&ada, "q=needle").await;
    assert_eq!(text(&released["data"][0]["id"]), held, "released, it is the newest");
    ada.http("DELETE", format!("/v1/inboxes/{}", other.id)).send().await.expect(200);
    let left = page(&ada, "q=needle").await;
    assert!(list(&left["data"]).iter().all(|mail| text(&mail["inboxId"]) == inbox.id));
    assert_eq!(list(&left["data"]).len(), 2);
}

async fn a_walk_finds_every_mail_once_whatever_comes_meanwhile(world: World) {
    let ada = world.tenant("ada").await;
    let (one, two) = (ada.inbox().await, ada.inbox().await);
    let held = hold(&world, &ada, &one, "Subject: held word\r\n").await;
    for n in 0..12 {
        let mail = written(ANN, "x@y.example", &format!("word {n}"), &n.to_string(), &[], "x");
        // Some came to both at once: the same moment in two inboxes.
        let to: &[&Inbox] = if n % 3 == 0 { &[&one, &two] } else { &[&one] };
        send(&world, &mail, to).await;
    }
    let there = list(&page(&ada, "q=word&limit=100").await["data"]).clone();
    assert_eq!(there.len(), 16);
    for scope in [String::new(), format!("&inboxId={}", one.id)] {
        let before: BTreeSet<String> = list(&page(&ada, &format!("q=word&limit=100{scope}")).await["data"])
            .iter()
            .map(|mail| text(&mail["id"]).to_owned())
            .collect();
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let found = page(&ada, &format!("q=word&limit=3{scope}{cursor}")).await;
            seen.extend(list(&found["data"]).iter().map(|mail| text(&mail["id"]).to_owned()));
            pages += 1;
            match found["pagination"]["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
            send(&world, &written(ANN, "x@y.example", "word more", "m", &[], "x"), &[&one]).await;
            if pages == 2 && scope.is_empty() {
                ada.review("POST", format!("/v1/review/{held}/release")).send().await.expect(200);
            }
        }
        let unique: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(unique.len(), seen.len(), "nothing comes twice");
        assert_eq!(unique, before, "all that was there, and nothing that came later");
        assert!(pages >= 5);
    }
}

async fn a_page_that_found_nothing_goes_on(world: World) {
    let world = world.start_with(&["smtp.messages_per_connection=0"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world
        .operator_http("PATCH", "/operator/v1/tenants/ada")
        .json(&json!({ "limits": { "receivePerMinute": null, "receivePerMinutePerInbox": null } }))
        .send()
        .await
        .expect(200);
    let mut sender = crate::world::mail::Sender::connect(world.smtp).await.expect("connected");
    let mut deliver = async |subject: &str, count: usize| {
        for _ in 0..count {
            let mail = written(ANN, "x@y.example", subject, "n", &[], "x");
            let reply = sender.send("ann@talk.example", &[&inbox.address], &mail).await.expect("a reply");
            assert!(reply.starts_with("250 "), "{reply}");
        }
    };
    deliver("needle", 1).await;
    deliver("hay", 520).await;
    for scope in [String::new(), format!("&inboxId={}", inbox.id)] {
        let first = page(&ada, &format!("q=needle{scope}")).await;
        assert_eq!((list(&first["data"]).len(), &first["pagination"]["hasMore"]), (0, &json!(true)));
        let cursor = text(&first["pagination"]["cursor"]);
        let second = page(&ada, &format!("q=needle{scope}&cursor={cursor}")).await;
        assert_eq!((subjects(&second), &second["pagination"]["hasMore"]), (vec!["needle"], &json!(false)));
    }
}

async fn odd_and_huge_questions_are_answered(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let long = format!("{}\r\nneedle", "a line of words that nobody looks for\r\n".repeat(20_000));
    send(&world, &written(ANN, "x@y.example", "long", "l", &[], &long), &[&inbox]).await;
    send(&world, b"\r\n", &[&inbox]).await;
    assert_eq!(subjects(&page(&ada, "q=needle").await), ["long"], "a long text is looked through too");
    let sixteen = (0..16).map(|n| format!("w{n}")).collect::<Vec<_>>().join("+");
    for (query, status) in [
        (format!("q={}", "x".repeat(500)), 200),
        (format!("q={}", "x".repeat(501)), 400),
        (format!("q={sixteen}"), 200),
        (format!("q={sixteen}+w16"), 400),
        ("q=%00%25%5F%27".into(), 200),
        ("q=%F0%9F%98%80".into(), 200),
        ("q=x&limit=0".into(), 400),
        ("q=x&limit=101".into(), 400),
        ("q=x&cursor=x".into(), 400),
        ("q=x&cursor=MSAx".into(), 400),
        ("q=x&inboxId=x".into(), 400),
        ("q=x&since=yesterday".into(), 400),
        ("q=x&hasAttachments=maybe".into(), 400),
        ("q=x&wanted=x".into(), 400),
        ("q=x&since=2999-01-01T00:00:00Z".into(), 200),
    ] {
        let answer = ask(|method, path| ada.http(method, path), &query).send().await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
    }
}
