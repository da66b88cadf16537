//! Replies and forwards: to whom they go, what they say, and that nothing is passed by on the way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::server::{Script, Server};
use super::{fares, letter, opened, send, sent};
use crate::outgoing::INJECTION;
use crate::world::actors::Inbox;
use crate::world::http::Answer;
use crate::world::{World, both_databases};

both_databases!(
    an_answer_goes_where_it_is_wanted_and_joins_its_thread,
    a_repeat_of_an_answer_is_one_mail,
    what_is_passed_on_says_whose_it_was_and_brings_its_files,
    held_and_foreign_mail_is_neither_answered_nor_passed_on,
    a_mail_passed_on_to_a_stranger_after_a_mail_of_risk_waits,
    one_click_ends_mail_in_bulk,
    after_mail_of_risk_what_the_inbox_wrote_elsewhere_is_not_passed_on,
);

async fn ask(inbox: &Inbox, id: &str, deed: &str, body: &Value) -> Answer {
    let path = format!("/v1/inboxes/{}/emails/{id}/{deed}", inbox.id);
    inbox.http("POST", path.clone()).json(body).send().await
}

async fn received(world: &World, inbox: &Inbox, raw: &str) -> String {
    let reply = world.deliver_raw(raw.as_bytes(), &[&inbox.address]).await;
    assert!(reply.starts_with("250 "), "{reply}");
    inbox.emails().await[0]["id"].as_str().expect("an id").to_owned()
}

fn question(more: &str) -> String {
    format!(
        "From: Mia Berg <mia@example.com>\r\nTo: bot@agents.test, Leo <leo@example.org>\r\nCc: kim@example.net\r\n\
         Subject: The order\r\nMessage-ID: <q1@example.com>\r\n{more}\r\nWhen does it come?\r\n"
    )
}

async fn an_answer_goes_where_it_is_wanted_and_joins_its_thread(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    let id = received(&world, &inbox, &question("")).await;
    let said = json!({ "body": { "text": "Tomorrow." } });
    let one = ask(&inbox, &id, "reply", &said).await.expect(202);
    let one = fares(&inbox, one["id"].as_str().expect("an id"), "sent").await;
    assert_eq!((&one["to"], &one["subject"]), (&json!(["mia@example.com"]), &json!("Re: The order")));
    assert_eq!(one["threadId"], opened(&inbox, &id).await["threadId"]);
    let all = ask(&inbox, &id, "reply", &json!({ "body": { "text": "Tomorrow." }, "replyAll": true })).await;
    let all = opened(&inbox, all.expect(202)["id"].as_str().expect("an id")).await;
    assert_eq!(all["to"], json!(["mia@example.com"]));
    // Whoever the mail claims to be for; the inbox' own address is at another domain here, so it is one of them.
    assert_eq!(all["cc"], json!(["bot@agents.test", "leo@example.org", "kim@example.net"]));
    // An answer to one's own mail goes to whom that went.
    let again = ask(&inbox, one["id"].as_str().expect("an id"), "reply", &said).await.expect(202);
    let again = opened(&inbox, again["id"].as_str().expect("an id")).await;
    assert_eq!((&again["to"], &again["subject"]), (&json!(["mia@example.com"]), &json!("Re: The order")));
    let elsewhere = question("Reply-To: desk@example.com\r\n").replace("q1@", "q2@");
    let id = received(&world, &inbox, &elsewhere).await;
    let two = ask(&inbox, &id, "reply", &said).await.expect(202);
    assert_eq!(opened(&inbox, two["id"].as_str().expect("an id")).await["to"], json!(["desk@example.com"]));
    for (wrong, field) in
        [(json!({}), "body"), (json!({ "body": { "text": "x" }, "to": ["a@b.example"] }), "to")]
    {
        let refused = ask(&inbox, &id, "reply", &wrong).await.expect(400);
        assert!(refused["message"].as_str().expect("text").contains(field), "{refused}");
    }
}

async fn a_repeat_of_an_answer_is_one_mail(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    let id = received(&world, &inbox, &question("")).await;
    let path = format!("/v1/inboxes/{}/emails/{id}/reply", inbox.id);
    let reply = async |text: &str| {
        let body = json!({ "body": { "text": text } });
        inbox.http("POST", path.clone()).header("Idempotency-Key", "once").json(&body).send().await
    };
    let (one, two) = (reply("Yes.").await.expect(202), reply("Yes.").await.expect(202));
    assert_eq!(one["id"], two["id"]);
    assert_eq!(reply("No.").await.expect(422)["error"], "idempotency_mismatch");
}

async fn what_is_passed_on_says_whose_it_was_and_brings_its_files(world: World) {
    let ((_, ada), (_, bob)) = world.ada_and_bob().await;
    let mut mail = letter(&bob, &[&ada.address]);
    mail["subject"] = json!("Plans");
    mail["body"]["text"] = json!("The plans are in the file.");
    mail["attachments"] = json!([{ "filename": "plans.txt", "contentType": "text/plain", "content": BASE64.encode("level 4") }]);
    let id = sent(&bob, &mail).await;
    fares(&bob, &id, "delivered").await;
    let id = ada.emails().await[0]["id"].as_str().expect("an id").to_owned();
    let wanted = json!({ "to": [bob.address], "text": "For you." });
    let passed = ask(&ada, &id, "forward", &wanted).await.expect(202);
    fares(&ada, passed["id"].as_str().expect("an id"), "delivered").await;
    let came = bob.emails().await;
    let came = came.iter().find(|mail| mail["direction"] == "inbound").expect("it came").clone();
    assert_eq!(
        (&came["subject"], &came["attachments"][0]["filename"]),
        (&json!("Fwd: Plans"), &json!("plans.txt"))
    );
    let text =
        opened(&bob, came["id"].as_str().expect("an id")).await["body"].as_str().expect("text").to_owned();
    for line in
        ["For you.", &format!("From: {}", bob.address), "Subject: Plans", "The plans are in the file."]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    let bare = json!({ "to": [bob.address], "attachments": false });
    let bare = ask(&ada, &id, "forward", &bare).await.expect(202);
    assert_eq!(opened(&ada, bare["id"].as_str().expect("an id")).await["hasAttachments"], false);
}

async fn held_and_foreign_mail_is_neither_answered_nor_passed_on(world: World) {
    let ((ada_tenant, ada), (bob_tenant, bob)) = world.ada_and_bob().await;
    assert!(world.deliver(INJECTION, &[&ada.address]).await.starts_with("250 "));
    let held = ada_tenant.held().await[0]["id"].as_str().expect("an id").to_owned();
    let mine = received(&world, &ada, &question("")).await;
    let nobody = "eml_00000000000000000000000000";
    for (deed, body) in
        [("reply", json!({ "body": { "text": "x" } })), ("forward", json!({ "to": ["x@elsewhere.example"] }))]
    {
        let mut unknown = ask(&ada, nobody, deed, &body).await.expect(404);
        let mut of_held = ask(&ada, &held, deed, &body).await.expect(404);
        for answer in [&mut unknown, &mut of_held] {
            answer["requestId"] = Value::Null;
        }
        assert_eq!(unknown, of_held);
        let path = format!("/v1/inboxes/{}/emails/{mine}/{deed}", ada.id);
        assert_eq!(bob.http("POST", path.clone()).json(&body).send().await.status, 404);
        assert_eq!(bob_tenant.http("POST", path).json(&body).send().await.status, 404);
    }
}

async fn a_mail_passed_on_to_a_stranger_after_a_mail_of_risk_waits(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let path = format!("/v1/inboxes/{}", inbox.id);
    ada.review("PATCH", path).json(&json!({ "gate": "never" })).send().await.expect(200);
    let secret = received(&world, &inbox, &question("")).await;
    assert!(world.deliver(INJECTION, &[&inbox.address]).await.starts_with("250 "));
    let wanted = json!({ "to": ["thief@elsewhere.example"] });
    let passed = ask(&inbox, &secret, "forward", &wanted).await.expect(202);
    assert_eq!(passed["status"], "held");
}

async fn one_click_ends_mail_in_bulk(world: World) {
    let plain = world.tenant("bob").await.inbox().await;
    let mut bulk = letter(&plain, &["mia@elsewhere.example"]);
    bulk["bulk"] = json!(true);
    let refused = send(&plain, &bulk).await.expect(400);
    assert!(refused["message"].as_str().expect("text").contains("http.public_url"), "{refused}");

    let server = Server::start(Script::Takes).await;
    let settings = server.settings();
    let url = "http.public_url=https://mail.example";
    let world = world.start_with(&[settings[0].as_str(), settings[1].as_str(), url]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut bulk = letter(&inbox, &["Mia@elsewhere.example"]);
    bulk["bulk"] = json!(true);
    let id = sent(&inbox, &bulk).await;
    fares(&inbox, &id, "sent").await;
    let mail = server.mails().remove(0).replace("\r\n ", " ");
    let field = |name: &str| {
        let line =
            mail.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} {mail}"));
        line.trim().to_owned()
    };
    assert_eq!(field("List-Unsubscribe-Post:"), "List-Unsubscribe=One-Click");
    let signature = mail.split("DKIM-Signature:").nth(1).expect("signed").to_ascii_lowercase();
    assert!(
        signature.contains("list-unsubscribe:") && signature.contains("list-unsubscribe-post"),
        "{signature}"
    );
    let link = field("List-Unsubscribe:").trim_matches(['<', '>']).replace("https://mail.example", "");
    assert!(!link.contains("mia") && !link.contains("ada"), "{link}");

    // A program that follows links ends nothing; a broken link and one to something else do nothing.
    let asked = world.http("GET", link.clone()).send().await;
    assert!(asked.status == 200 && asked.text().contains("List-Unsubscribe"), "{}", asked.text());
    let mut two = letter(&inbox, &["mia@elsewhere.example", "leo@elsewhere.example"]);
    sent(&inbox, &two).await;
    let other = if link.ends_with('x') { 'y' } else { 'x' };
    let broken = format!("{}{other}", &link[..link.len() - 1]);
    assert_eq!(world.http("POST", broken).send().await.status, 404);
    for _ in 0..2 {
        assert_eq!(world.http("POST", link.clone()).send().await.status, 200);
    }
    let list = ada.review("GET", "/v1/suppressions").send().await.expect(200);
    let list = list["data"].as_array().expect("a list").clone();
    assert_eq!((list.len(), &list[0]["reason"]), (1, &json!("unsubscribe")));
    assert_eq!(send(&inbox, &two).await.expect(403)["error"], "recipient_not_allowed");
    two["bulk"] = json!(true);
    assert!(
        send(&inbox, &two).await.expect(400)["message"].as_str().expect("text").contains("one recipient")
    );
}

async fn after_mail_of_risk_what_the_inbox_wrote_elsewhere_is_not_passed_on(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let gate = json!({ "gate": "never" });
    ada.review("PATCH", format!("/v1/inboxes/{}", inbox.id)).json(&gate).send().await.expect(200);
    let mut offer = letter(&inbox, &["buyer@example.com"]);
    offer["body"]["text"] = json!("For you alone the machine costs nine thousand less than for others.");
    let offer = sent(&inbox, &offer).await;
    let other = sent(&inbox, &letter(&inbox, &["rival@example.net"])).await;
    fares(&inbox, &other, "sent").await;
    let passed_on = json!({ "to": ["rival@example.net"] });
    let before = ask(&inbox, &offer, "forward", &passed_on).await.expect(202);
    assert_eq!(before["status"], "queued", "nobody talked it into that");
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    let after = ask(&inbox, &offer, "forward", &passed_on).await.expect(202);
    assert_eq!(after["status"], "held", "they know each other, and still not what the buyer pays");
    let held = ada.held().await;
    assert!(held[0]["heldFor"]["reasons"].to_string().contains("another thread"), "{}", held[0]);
}
