//! Mail as the agent meets it: lists, polls, raw bytes, files; and as a reviewer does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{poll, problem};
use crate::world::actors::{Inbox, Tenant};
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    mail_is_listed_opened_and_filtered,
    a_poll_is_woken_by_a_delivery_and_empty_when_none_comes,
    a_poll_is_ended_by_the_end_of_its_key,
    raw_mail_is_for_those_who_may_have_it_and_downloads,
    a_link_to_a_file_is_good_for_that_file_and_for_ranges,
    held_mail_is_released_or_rejected_once,
);

async fn mail_is_listed_opened_and_filtered(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    for n in 1..=3 {
        world.deliver_raw(&plain(&format!("mail {n}"), "hello"), &[&ada.address]).await;
    }
    let list = async |query: &str| {
        let path = format!("/v1/inboxes/{}/emails?{query}", ada.id);
        ada.http("GET", path).send().await.expect(200)
    };
    let subjects = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().expect("a list");
        data.iter().map(|mail| mail["subject"].as_str().expect("a subject").to_owned()).collect()
    };
    let first = list("limit=2").await;
    assert_eq!(subjects(&first), ["mail 3", "mail 2"]);
    let second = list(&format!("limit=2&cursor={}", first["cursor"].as_str().expect("a cursor"))).await;
    assert_eq!(subjects(&second), ["mail 1"]);
    assert!(second.get("cursor").is_none());

    let mail = &first["data"][0];
    assert_eq!((&mail["body"], mail.get("html"), &mail["isRead"]), (&Value::Null, None, &json!(false)));
    assert_eq!((&mail["from"], &mail["fromName"]), (&json!("sender@example.com"), &json!("Sender")));
    let path = format!("/v1/inboxes/{}/emails/{}", ada.id, mail["id"].as_str().expect("an id"));
    let opened = ada.http("GET", path).send().await.expect(200);
    assert!(opened["body"].as_str().expect("a body").contains("hello"));
    assert_eq!(opened["isRead"], json!(true));

    assert_eq!(subjects(&list("unread=true").await), ["mail 2", "mail 1"]);
    assert_eq!(subjects(&list("from=SENDER%40example.com&direction=inbound&risk=low").await).len(), 3);
    for none in ["from=other%40example.com", "direction=outbound", "risk=high", "since=2999-01-01T00:00:00Z"]
    {
        assert_eq!(subjects(&list(none).await).len(), 0, "{none}");
    }
    let newest = mail["createdAt"].as_str().expect("a moment");
    assert!(
        !subjects(&list(&format!("since={newest}")).await).contains(&"mail 3".to_owned()),
        "since is exclusive"
    );
}

async fn a_poll_is_woken_by_a_delivery_and_empty_when_none_comes(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    world.deliver_raw(&plain("before", "x"), &[&ada.address]).await;
    let started = Instant::now();
    assert_eq!(
        poll(&ada, "timeout=1").await.status,
        204,
        "what was there before the request is not waited for"
    );
    assert!(started.elapsed() >= Duration::from_millis(900));

    let waiting = {
        let ada = ada.clone();
        tokio::spawn(async move { poll(&ada, "timeout=20&subject=WANTED").await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.deliver_raw(&plain("something else", "x"), &[&ada.address]).await;
    let started = Instant::now();
    world.deliver_raw(&plain("what is wanted", "x"), &[&ada.address]).await;
    let found = waiting.await.expect("answered").expect(200);
    assert!(started.elapsed() < Duration::from_secs(5), "woken, not found by chance");
    assert_eq!(found["data"].as_array().expect("a list").len(), 1);
    assert_eq!(found["data"][0]["subject"], json!("what is wanted"));
    let seq = found["data"][0]["seq"].as_i64().expect("a place");
    let later = poll(&ada, &format!("timeout=0&after={}", seq - 1)).await.expect(200);
    assert_eq!(later["data"][0]["id"], found["data"][0]["id"], "after is exclusive");
    assert_eq!(poll(&ada, &format!("timeout=0&after={seq}")).await.status, 204);
    assert_eq!(poll(&ada, "timeout=x").await.status, 400);
}

async fn a_poll_is_ended_by_the_end_of_its_key(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let waiting = {
        let inbox = inbox.clone();
        tokio::spawn(async move { poll(&inbox, "timeout=20").await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    let keyid = &inbox.token[5..17];
    ada.http("DELETE", format!("/v1/keys/key_{keyid}")).send().await.expect(200);
    world.deliver_raw(&plain("secret", "x"), &[&inbox.address]).await;
    let answer = waiting.await.expect("answered");
    assert_eq!(answer.status, 401, "{}", answer.text());
}

async fn raw_mail_is_for_those_who_may_have_it_and_downloads(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver_raw(&plain("raw", "as it came"), &[&inbox.address]).await;
    let id = inbox.emails().await[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/inboxes/{}/emails/{id}/raw", inbox.id);
    let raw = ada.review("GET", path.clone()).send().await;
    assert_eq!(raw.status, 200);
    assert!(raw.text().ends_with("Subject: raw\r\n\r\nas it came\r\n"), "{}", raw.text());
    assert_eq!(raw.header("content-type"), Some("message/rfc822"));
    assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
    assert!(raw.header("content-disposition").expect("a disposition").starts_with("attachment;"));
    let refused = ada.http("GET", path).send().await;
    assert_eq!((refused.status, &problem(&refused)["error"]), (403, &json!("insufficient_scope")));
}

async fn a_link_to_a_file_is_good_for_that_file_and_for_ranges(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver("fixtures/attachment.eml", &[&inbox.address]).await;
    let email = inbox.emails().await.remove(0);
    let attachments =
        format!("/v1/inboxes/{}/emails/{}/attachments", inbox.id, email["id"].as_str().expect("an id"));
    let link = inbox.http("GET", format!("{attachments}/0")).send().await.expect(200);
    assert_eq!(link["filename"], email["attachments"][0]["filename"]);
    for none in ["2", "-1", "x", "4294967296"] {
        assert_eq!(inbox.http("GET", format!("{attachments}/{none}")).send().await.status, 404, "{none}");
    }
    let url = link["downloadUrl"].as_str().expect("a link");
    let path = url.strip_prefix(&format!("http://{}", world.http)).expect("the service's own URL").to_owned();
    let whole = world.http("GET", path.clone()).send().await;
    assert_eq!((whole.status, whole.header("accept-ranges")), (200, Some("bytes")));
    assert!(whole.header("content-security-policy").expect("a policy").starts_with("sandbox"));
    assert!(
        whole
            .header("content-disposition")
            .expect("a name")
            .starts_with("attachment; filename=\"readings.txt\"")
    );
    let part = world.http("GET", path.clone()).header("range", "bytes=5-9").send().await;
    assert_eq!((part.status, &part.body[..]), (206, &whole.body[5..10]));
    assert_eq!(part.header("content-range"), Some(format!("bytes 5-9/{}", whole.body.len()).as_str()));
    let beyond = world.http("GET", path.clone()).header("range", "bytes=99999999-").send().await;
    assert_eq!(beyond.status, 416);
    let head = world.http("HEAD", path.clone()).send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));

    let (front, last) = path.split_at(path.len() - 1);
    for tampered in [
        format!("{front}{}", if last == "A" { "Q" } else { "A" }),
        front.to_owned(),
        format!("{path}AAAA"),
        "/v1/files/x".into(),
    ] {
        assert_eq!(world.http("GET", tampered.clone()).send().await.status, 404, "{tampered}");
    }
    let keyid = &inbox.token[5..17];
    ada.http("DELETE", format!("/v1/keys/key_{keyid}")).send().await.expect(200);
    assert_eq!(
        world.http("GET", path).send().await.status,
        404,
        "the link ends with the key that asked for it"
    );
}

/// Delivers an injection, and gives the held mail's id.
async fn held(world: &World, tenant: &Tenant, inbox: &Inbox) -> String {
    let reply = world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    assert!(reply.starts_with("250 "), "{reply}");
    tenant.held().await[0]["id"].as_str().expect("an id").to_owned()
}

async fn held_mail_is_released_or_rejected_once(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let id = held(&world, &ada, &inbox).await;
    let path = format!("/v1/review/{id}");
    let shown = ada.review("GET", path.clone()).send().await.expect(200);
    assert_eq!((&shown["state"], &shown["seq"]), (&json!("held"), &Value::Null));
    assert!(!shown["security"]["findings"].as_array().expect("reasons").is_empty());
    assert!(shown["body"].as_str().expect("a body").contains("Fernwood"));
    let over = json!({ "allowSender": { "until": "2001-01-01T00:00:00Z" } });
    let allowed = ada.review("POST", format!("{path}/release")).json(&over).send().await;
    assert_eq!(allowed.status, 400);

    let waiting = {
        let inbox = inbox.clone();
        tokio::spawn(async move { poll(&inbox, "timeout=20").await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    let body = json!({ "reason": "a test", "allowSender": false });
    let released = ada.review("POST", format!("{path}/release")).json(&body).send().await.expect(200);
    assert_eq!((&released["state"], &released["seq"]), (&json!("delivered"), &json!(1)));
    assert_eq!(
        waiting.await.expect("answered").expect(200)["data"][0]["id"],
        json!(id),
        "who waits hears of it"
    );
    for again in ["release", "reject"] {
        let second = ada.review("POST", format!("{path}/{again}")).send().await;
        assert_eq!((second.status, &problem(&second)["error"]), (409, &json!("conflict")));
    }

    let other = ada.inbox().await;
    let id = held(&world, &ada, &other).await;
    let rejected = ada.review("POST", format!("/v1/review/{id}/reject")).send().await.expect(200);
    assert_eq!(rejected["state"], json!("rejected"));
    assert!(other.emails().await.is_empty() && ada.held().await.is_empty());
    ada.review("POST", format!("/v1/review/{id}/release")).send().await.expect(409);
}
