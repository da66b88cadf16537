//! The way of a message, from the wire to the mailbox: once, whole, sealed, to its own tenant and nobody else.

use serde_json::json;

use crate::world::mail::{Sender, plain};
use crate::world::{World, both_databases};

both_databases!(
    a_mail_reaches_its_inbox_with_what_its_sender_wrote,
    one_message_to_two_tenants_is_two_deliveries_that_know_nothing_of_each_other,
    a_repeat_after_a_lost_reply_is_the_same_message,
    two_honest_equal_messages_are_two,
    a_tag_is_kept_and_leads_to_its_inbox,
    the_order_of_an_inbox_has_neither_gaps_nor_repeats,
    a_mail_that_cannot_be_parsed_is_kept_raw_and_held,
    mail_for_an_inbox_that_was_deleted_between_is_refused,
    paused_and_expired_inboxes_take_no_mail,
    attachments_come_out_as_they_went_in,
    what_is_on_the_disk_tells_nothing_of_what_was_written,
);

async fn a_mail_reaches_its_inbox_with_what_its_sender_wrote(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    let reply = world.deliver("fixtures/latin1.eml", &[&ada.address]).await;
    let emails = ada.emails().await;
    let id = emails[0]["id"].as_str().expect("an id");
    assert_eq!(reply, format!("250 2.0.0 {id}"), "the reply names the message");
    let path = format!("/v1/inboxes/{}/emails/{id}", ada.id);
    let email = ada.http("GET", path).send().await.expect(200);
    let body = email["body"].as_str().expect("a body");
    assert!(body.contains("déjeuner de Noël"), "{body}");
    assert_eq!(email["isRead"], json!(true));
    assert_eq!(email["security"]["injectionRisk"], json!("low"));
    assert_eq!(email["direction"], json!("inbound"));
}

async fn one_message_to_two_tenants_is_two_deliveries_that_know_nothing_of_each_other(world: World) {
    let ((_, ada), (_, bob)) = world.ada_and_bob().await;
    world.deliver_raw(&plain("both", "for both"), &[&ada.address, &bob.address]).await;
    let (for_ada, for_bob) = (ada.emails().await, bob.emails().await);
    assert_eq!((for_ada.len(), for_bob.len()), (1, 1));
    assert_ne!(for_ada[0]["id"], for_bob[0]["id"]);
    let told = serde_json::to_string(&for_ada[0]).expect("JSON");
    assert!(!told.contains(&bob.address) && !told.contains(&bob.id), "{told}");
}

async fn a_repeat_after_a_lost_reply_is_the_same_message(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    let mut first = Sender::connect(world.smtp).await.expect("connected");
    let one = first.send("s@example.com", &[&ada.address], &plain("once", "hello")).await.expect("a reply");
    // The client dies before it says anything more: for all we know, it never read the reply.
    drop(first);
    let again = world.deliver_raw(&plain("once", "hello"), &[&ada.address]).await;
    let mut other = Sender::connect(world.smtp).await.expect("connected");
    let other_sender =
        other.send("t@example.com", &[&ada.address], &plain("once", "hello")).await.expect("a reply");
    assert!(one.starts_with("250 "), "{one}");
    // `deliver_raw` sends as sender@example.com: another envelope sender is another message.
    assert_ne!(again, one);
    assert_ne!(other_sender, one);
    let mut third = Sender::connect(world.smtp).await.expect("connected");
    let repeat =
        third.send("s@example.com", &[&ada.address], &plain("once", "hello")).await.expect("a reply");
    assert_eq!(repeat, one, "the same sender, inbox and bytes are answered with the first id");
    assert_eq!(ada.emails().await.len(), 3);
}

async fn two_honest_equal_messages_are_two(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    let one = sender.send("s@example.com", &[&ada.address], &plain("twice", "hello")).await.expect("a reply");
    let two = sender.send("s@example.com", &[&ada.address], &plain("twice", "hello")).await.expect("a reply");
    assert_ne!(one, two, "the second MAIL showed that the first reply was read");
    assert_eq!(ada.emails().await.len(), 2);
}

async fn a_tag_is_kept_and_leads_to_its_inbox(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    let (local, domain) = ada.address.split_once('@').expect("an address");
    world.deliver_raw(&plain("tagged", "x"), &[&format!("{local}+github@{domain}")]).await;
    let email = &ada.emails().await[0];
    assert_eq!(email["tag"], json!("github"));
    assert_eq!(email["deliveredTo"], json!(format!("{local}+github@{domain}")));
}

async fn the_order_of_an_inbox_has_neither_gaps_nor_repeats(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    let sending = (0..8).map(|session| {
        let (smtp, address) = (world.smtp, ada.address.clone());
        tokio::spawn(async move {
            let mut sender = Sender::connect(smtp).await.expect("connected");
            for n in 0..5 {
                let raw = plain(&format!("{session}-{n}"), "x");
                let reply = sender.send("s@example.com", &[&address], &raw).await.expect("a reply");
                assert!(reply.starts_with("250 "), "{reply}");
            }
        })
    });
    for session in sending.collect::<Vec<_>>() {
        session.await.expect("sent");
    }
    let mut places: Vec<i64> =
        ada.emails().await.iter().map(|email| email["seq"].as_i64().expect("a place")).collect();
    places.reverse();
    assert_eq!(places, (1..=40).collect::<Vec<i64>>());
    // Nor do two mails share a moment: `since` the one would miss the other.
    let mut moments: Vec<String> = ada
        .emails()
        .await
        .iter()
        .map(|email| email["createdAt"].as_str().expect("a moment").to_owned())
        .collect();
    let sorted = moments.clone();
    moments.sort();
    moments.dedup();
    moments.reverse();
    assert_eq!(moments, sorted);
}

async fn a_mail_that_cannot_be_parsed_is_kept_raw_and_held(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut bomb = b"From: a@example.com\r\nSubject: deep\r\n".to_vec();
    for _ in 0..40 {
        bomb.extend_from_slice(b"Content-Type: message/rfc822\r\n\r\n");
    }
    bomb.extend_from_slice(b"Subject: bottom\r\n\r\nhello\r\n");
    let reply = world.deliver_raw(&bomb, &[&inbox.address]).await;
    assert!(reply.starts_with("250 "), "{reply}");
    assert!(inbox.emails().await.is_empty());
    let held = ada.held().await;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["security"]["injectionRisk"], json!("unknown"));
    assert!(held[0]["security"]["injectionScore"].as_i64() >= Some(70));
}

async fn mail_for_an_inbox_that_was_deleted_between_is_refused(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    sender.command("MAIL FROM:<s@example.com>").await.expect("a reply");
    sender.command(&format!("RCPT TO:<{}>", inbox.address)).await.expect("a reply");
    ada.http("DELETE", format!("/v1/inboxes/{}", inbox.id)).send().await.expect(200);
    sender.command("DATA").await.expect("a reply");
    let reply = sender.command("Subject: late\r\n\r\nx\r\n.").await.expect("a reply");
    assert_eq!(reply, "550 5.1.1 no such inbox");
}

async fn paused_and_expired_inboxes_take_no_mail(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let path = format!("/v1/inboxes/{}", inbox.id);
    ada.http("PATCH", path.clone()).json(&json!({ "isActive": false })).send().await.expect(200);
    let reply = world.deliver_raw(&plain("paused", "x"), &[&inbox.address]).await;
    assert!(reply.starts_with("450 4.2.1"), "{reply}");
    ada.http("PATCH", path).json(&json!({ "isActive": true })).send().await.expect(200);
    let reply = world.deliver_raw(&plain("resumed", "x"), &[&inbox.address]).await;
    assert!(reply.starts_with("250 "), "{reply}");
}

async fn attachments_come_out_as_they_went_in(world: World) {
    let ada = world.tenant("ada").await.inbox().await;
    world.deliver("fixtures/attachment.eml", &[&ada.address]).await;
    let email = ada.emails().await.remove(0);
    let files = email["attachments"].as_array().expect("a list");
    assert_eq!(files.len(), 2);
    for (index, file) in files.iter().enumerate() {
        let path = format!(
            "/v1/inboxes/{}/emails/{}/attachments/{index}",
            ada.id,
            email["id"].as_str().expect("an id")
        );
        let link = ada.http("GET", path).send().await.expect(200);
        let url = link["downloadUrl"].as_str().expect("a link");
        let path = &url[url.find("/v1/").expect("a path")..];
        let answer = world.http("GET", path).send().await;
        assert_eq!(answer.status, 200);
        assert_eq!(Some(answer.body.len() as u64), file["sizeBytes"].as_u64());
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    }
}

async fn what_is_on_the_disk_tells_nothing_of_what_was_written(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox_with(json!({ "displayName": "Canary Display" })).await;
    let raw = plain("canary-subject-7f3a", "canary-body-7f3a").to_vec();
    let raw = String::from_utf8(raw)
        .expect("text")
        .replace("Sender <sender@", "canary-name-7f3a <canary-author-7f3a@");
    world.deliver_raw(raw.as_bytes(), &[&inbox.address]).await;
    ada.http("POST", "/v1/keys").json(&json!({ "name": "canary-key-7f3a" })).send().await.expect(201);
    let emails = inbox.emails().await;
    assert_eq!(emails[0]["subject"], json!("canary-subject-7f3a"));
    let dump = match world.database() {
        Some(database) => dump(&database.admin_url).into_bytes(),
        None => {
            let files = ["mailward.db", "mailward.db-wal", "keystore.db", "keystore.db-wal"];
            files
                .iter()
                .flat_map(|name| std::fs::read(world.data_dir().join(name)).unwrap_or_default())
                .collect()
        }
    };
    assert!(dump.len() > 1_000, "something was looked at");
    for canary in [
        "canary-subject-7f3a",
        "canary-body-7f3a",
        "canary-author-7f3a",
        "canary-name-7f3a",
        "Canary Display",
        "canary-key-7f3a",
    ] {
        assert!(memchr::memmem::find(&dump, canary.as_bytes()).is_none(), "{canary} is readable on the disk");
    }
}

/// Everything in a PostgreSQL database, as its own dump tool writes it.
fn dump(url: &str) -> String {
    let out = std::process::Command::new("pg_dump").arg(url).output().expect("pg_dump runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    // Bytes are written as hexadecimal: read them back, or nothing could ever be found in them.
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let mut readable = text.clone();
    for word in text.split_whitespace().filter_map(|word| word.strip_prefix("\\\\x")) {
        let bytes: Vec<u8> = (0..word.len() / 2)
            .filter_map(|at| u8::from_str_radix(&word[at * 2..at * 2 + 2], 16).ok())
            .collect();
        readable.push_str(&String::from_utf8_lossy(&bytes));
    }
    readable
}
