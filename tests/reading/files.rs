//! Attachments by link: ranges of what was sent, and who loses the link when.

use super::{get, hold, list, send, text};
use crate::world::actors::Inbox;
use crate::world::{World, both_databases};

both_databases!(
    every_range_is_that_part_of_the_file,
    a_link_ends_with_what_it_led_to,
    an_attachment_of_somebody_else_or_of_held_mail_has_no_link,
);

/// Every byte there is, so that nothing that was decoded wrongly is missed.
fn bytes() -> Vec<u8> {
    (0..70_000_u32).map(|n| (n * 7 + n / 256) as u8).collect()
}

fn mail(name: &str) -> Vec<u8> {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes());
    let lines: Vec<&str> =
        (0..encoded.len()).step_by(76).map(|at| &encoded[at..encoded.len().min(at + 76)]).collect();
    format!(
        "From: Ann <ann@talk.example>\r\nSubject: files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n--b\r\nContent-Type: text/html; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n\
         --b\r\nContent-Type: application/pdf; name=empty.pdf\r\nContent-Disposition: attachment; filename=empty.pdf\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n\r\n--b--\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}

/// The path of a link to an attachment of an inbox' newest mail.
async fn link(inbox: &Inbox, index: usize) -> String {
    let id = text(&inbox.emails().await[0]["id"]).to_owned();
    let link = get(inbox, &format!("/emails/{id}/attachments/{index}")).await;
    let url = text(&link["downloadUrl"]);
    url[url.find("/v1/").expect("a path")..].to_owned()
}

async fn every_range_is_that_part_of_the_file(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    send(&world, &mail("../page.html"), &[&inbox]).await;
    let (path, all) = (link(&inbox, 0).await, bytes());
    let whole = world.http("GET", path.clone()).send().await;
    assert_eq!((whole.status, whole.body == all), (200, true));
    assert_eq!(whole.header("content-type"), Some("application/octet-stream"), "never what the sender says");
    assert!(
        whole
            .header("content-disposition")
            .expect("a name")
            .starts_with("attachment; filename=\"page.html\"")
    );
    assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
    let last = all.len() - 1;
    for (range, expected) in [
        ("bytes=0-0".to_owned(), 0..1),
        ("bytes=65530-65545".to_owned(), 65_530..65_546),
        (format!("bytes={last}-"), last..last + 1),
        ("bytes=-7".to_owned(), last - 6..last + 1),
        (format!("bytes=5-{}", usize::MAX), 5..last + 1),
    ] {
        let part = world.http("GET", path.clone()).header("range", &range).send().await;
        assert_eq!((part.status, part.body[..] == all[expected.clone()]), (206, true), "{range}");
        let place = format!("bytes {}-{}/{}", expected.start, expected.end - 1, all.len());
        assert_eq!(part.header("content-range"), Some(place.as_str()));
    }
    for beyond in [format!("bytes={}-", all.len()), "bytes=-0".to_owned()] {
        let refused = world.http("GET", path.clone()).header("range", &beyond).send().await;
        assert_eq!((refused.status, refused.body.len()), (416, 0), "{beyond}");
        assert_eq!(refused.header("content-range"), Some(format!("bytes */{}", all.len()).as_str()));
    }
    // What is no single range is as if it were not there (RFC 9110 14.2).
    for odd in ["bytes=0-1,3-4", "bytes=9-5", "bytes=a-b", "lines=1-2", "bytes=--1", ""] {
        let answer = world.http("GET", path.clone()).header("range", odd).send().await;
        assert_eq!((answer.status, answer.body.len()), (200, all.len()), "{odd}");
    }
    let empty = link(&inbox, 1).await;
    let answer = world.http("GET", empty.clone()).send().await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(world.http("GET", empty).header("range", "bytes=0-").send().await.status, 416);
}

async fn a_link_ends_with_what_it_led_to(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    send(&world, &mail("a.txt"), &[&inbox]).await;
    let path = link(&inbox, 0).await;
    let status = async || world.http("GET", path.clone()).send().await.status;
    assert_eq!(status().await, 200);
    world.tamper("UPDATE message SET state = 'held'").await;
    assert_eq!(status().await, 404, "held since");
    world.tamper("UPDATE message SET state = 'rejected'").await;
    assert_eq!(status().await, 404, "rejected since");
    world.tamper("UPDATE message SET state = 'delivered'").await;
    assert_eq!(status().await, 200);
    let suspend = "/operator/v1/tenants/ada/suspend";
    world
        .operator_http("POST", suspend)
        .json(&serde_json::json!({ "reason": "a test" }))
        .send()
        .await
        .expect(200);
    assert_eq!(status().await, 404, "the tenant may not act");
    world.operator_http("POST", "/operator/v1/tenants/ada/resume").send().await.expect(200);
    assert_eq!(status().await, 200);
    world.tamper("UPDATE api_key SET expires_at = 1 WHERE inbox_id IS NOT NULL").await;
    assert_eq!(status().await, 404, "the key that asked has ended");
    world.tamper("UPDATE api_key SET expires_at = NULL WHERE inbox_id IS NOT NULL").await;
    ada.http("DELETE", format!("/v1/inboxes/{}", inbox.id)).send().await.expect(200);
    assert_eq!(status().await, 404, "the inbox is gone");
}

async fn an_attachment_of_somebody_else_or_of_held_mail_has_no_link(world: World) {
    let ((ada, inbox), (bob, foreign)) = world.ada_and_bob().await;
    let other = ada.inbox().await;
    send(&world, &mail("a.txt"), &[&inbox]).await;
    let id = text(&inbox.emails().await[0]["id"]).to_owned();
    let held = hold(
        &world,
        &ada,
        &inbox,
        "Subject: x\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\n",
    )
    .await;
    let status = async |token: &str, inbox: &Inbox, id: &str| {
        let path = format!("/v1/inboxes/{}/emails/{id}/attachments/0", inbox.id);
        world.http("GET", path).token(token).send().await.status
    };
    assert_eq!(status(&inbox.token, &inbox, &id).await, 200);
    for token in [&bob.token, &foreign.token, &other.token] {
        assert_eq!(status(token, &inbox, &id).await, 404);
    }
    assert_eq!(status(&ada.token, &other, &id).await, 404);
    assert_eq!(status(&inbox.token, &inbox, &held).await, 404);
    assert_eq!(status(&ada.token, &inbox, &held).await, 404);
    let listed = list(&get(&inbox, "/emails").await["data"]).len();
    assert_eq!(listed, 1);
}
