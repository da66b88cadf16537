//! What the tools do.

use serde_json::json;

use super::client::Client;
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    an_agent_makes_an_inbox_and_reads_what_comes,
    a_wait_ends_with_the_mail_that_came,
    a_long_text_comes_in_pieces_within_the_budget,
    an_attachment_comes_as_a_link,
    mail_is_found_by_its_words_and_read_as_a_conversation,
    an_inbox_is_deleted_only_by_its_id_and_its_address,
    a_code_comes_alone_and_its_link_in_the_frame,
    mail_is_sent_and_answered_once_and_in_its_conversation,
    an_answer_goes_where_it_is_wanted_and_who_answers_sees_that,
    a_mail_is_passed_on_without_its_files_and_one_for_later_is_taken_back,
);

async fn an_agent_makes_an_inbox_and_reads_what_comes(world: World) {
    let ada = world.tenant("ada").await;
    let agent = Client::begin(&world, &ada.token).await;
    let made = agent.done("create_inbox", json!({ "displayName": "Desk", "idempotencyKey": "1" })).await;
    let (id, address) = (&made["inbox"]["inboxId"], made["inbox"]["address"].as_str().expect("an address"));
    assert!(made["created"] == true && !made.to_string().contains("mw_i_"), "no key is shown: {made}");
    let again = agent.done("create_inbox", json!({ "displayName": "Desk", "idempotencyKey": "1" })).await;
    assert_eq!((&again["created"], &again["inbox"]["inboxId"]), (&json!(false), id));
    let other = json!({ "displayName": "Other", "idempotencyKey": "1" });
    assert_eq!(agent.refused("create_inbox", other).await, "idempotency_mismatch");
    let listed = agent.done("list_inboxes", json!({})).await;
    assert_eq!(listed["inboxes"].as_array().map(Vec::len), Some(1));

    world.deliver_raw(&plain("Lunch", "At noon?\r\n\r\n> Are you there?\r\n> Ada"), &[address]).await;
    let checked = agent.done("check_inbox", json!({ "inboxId": id })).await;
    assert_eq!((&checked["emails"][0]["seq"], &checked["newestSeq"]), (&json!(1), &json!(1)));
    assert_eq!((&checked["untrusted"], &checked["emails"][0]["isRead"]), (&json!(true), &json!(false)));
    let text = checked["text"].as_str().expect("a text");
    assert!(text.contains("Subject: Lunch") && text.contains("From: Sender <sender@example.com>"), "{text}");

    let email = json!({ "inboxId": id, "emailId": checked["emails"][0]["emailId"] });
    let got = agent.done("get_email", email.clone()).await;
    let text = got["text"].as_str().expect("a text");
    assert!(text.contains("At noon?") && !text.contains("Are you there"), "without what it quotes: {text}");
    let mut whole = email;
    whole["includeQuoted"] = json!(true);
    let whole = agent.done("get_email", whole).await;
    assert!(whole["text"].as_str().expect("a text").contains("> Are you there?"), "{whole}");
    assert_eq!(
        agent.done("check_inbox", json!({ "inboxId": id, "unreadOnly": true })).await["emails"],
        json!([])
    );
    let account = agent.done("get_account", json!({})).await;
    assert_eq!((&account["id"], &account["inboxCount"]), (&json!("ada"), &json!(1)));
}

async fn a_wait_ends_with_the_mail_that_came(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let agent = Client::begin(&world, &inbox.token).await;
    // A key of one inbox need not name it.
    let none = agent.done("wait_for_email", json!({ "timeoutSeconds": 0 })).await;
    assert_eq!((&none["email"], &none["text"]), (&json!(null), &json!("")));
    let waiting = {
        let agent = agent.clone();
        tokio::spawn(
            async move { agent.done("wait_for_email", json!({ "after": 0, "subject": "code" })).await },
        )
    };
    world.deliver_raw(&plain("News", "Nothing."), &[&inbox.address]).await;
    world.deliver_raw(&plain("Your code", "It is 4711."), &[&inbox.address]).await;
    let came = waiting.await.expect("it ended");
    assert!(came["text"].as_str().expect("a text").contains("It is 4711."), "{came}");
    assert_eq!(came["after"], json!(2));
    world.deliver_raw(&plain("Third", "3"), &[&inbox.address]).await;
    world.deliver_raw(&plain("Fourth", "4"), &[&inbox.address]).await;
    let mut after = came["after"].clone();
    for (subject, more) in [("Third", 1), ("Fourth", 0)] {
        let next = agent.done("wait_for_email", json!({ "after": after })).await;
        assert!(next["text"].as_str().expect("a text").contains(subject), "{next}");
        assert_eq!(next["more"], json!(more));
        after = next["after"].clone();
    }
}

async fn a_long_text_comes_in_pieces_within_the_budget(world: World) {
    let world = world.start_with(&["screening.hold=never", "smtp.messages_per_connection=0"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let text: String = (0..900).map(|n| format!("This is line {n} of a long report.\r\n")).collect();
    world.deliver_raw(&plain("Report", &text), &[&inbox.address]).await;
    let agent = Client::begin(&world, &inbox.token).await;
    let id = agent.done("check_inbox", json!({})).await["emails"][0]["emailId"].clone();
    let (mut read, mut cursor, mut pieces) = (String::new(), json!(null), 0);
    loop {
        let mut asked = json!({ "emailId": id, "maxTokens": 1_000 });
        if !cursor.is_null() {
            asked["cursor"] = cursor;
        }
        let got = agent.done("get_email", asked).await;
        assert!(got.to_string().len() < 5_000, "{} bytes", got.to_string().len());
        let framed = got["text"].as_str().expect("a text");
        let inner: Vec<&str> = framed
            .lines()
            .filter_map(|line| line.strip_prefix("| "))
            .filter(|line| line.starts_with("This is line"))
            .collect();
        read += &(inner.join("\n") + "\n");
        cursor = got["cursor"].clone();
        pieces += 1;
        if cursor.is_null() {
            break;
        }
    }
    assert!(pieces > 5, "{pieces}");
    assert_eq!(
        read.trim_end(),
        text.replace("\r\n", "\n").trim_end(),
        "nothing is lost and nothing comes twice"
    );
    for tokens in [0, 399, 8_001] {
        let asked = json!({ "emailId": id, "maxTokens": tokens });
        assert_eq!(agent.refused("get_email", asked).await, "validation_error", "{tokens}");
    }
    for n in 0..30 {
        world.deliver_raw(&plain(&format!("Mail {n}"), &"word ".repeat(60)), &[&inbox.address]).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), json!(null));
    loop {
        let mut asked = json!({ "maxTokens": 1_500, "limit": 50 });
        if !cursor.is_null() {
            asked["cursor"] = cursor;
        }
        let page = agent.done("check_inbox", asked).await;
        assert!(page.to_string().len() < 8_000, "{} bytes", page.to_string().len());
        seen.extend(
            page["emails"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|one| one["seq"].as_i64().expect("a place")),
        );
        cursor = page["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, (1..=31).rev().collect::<Vec<_>>(), "each once");
}

async fn an_attachment_comes_as_a_link(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver("fixtures/attachment.eml", &[&inbox.address]).await;
    let agent = Client::begin(&world, &inbox.token).await;
    let email = agent.done("check_inbox", json!({})).await["emails"][0].clone();
    assert_eq!(email["attachments"], json!(2));
    let file = agent.done("get_attachment", json!({ "emailId": email["emailId"], "index": 0 })).await;
    let url = file["downloadUrl"].as_str().expect("a URL");
    let path = &url[url.find("/v1/files/").expect("a path")..];
    let bytes = world.http("GET", path).send().await;
    assert_eq!(bytes.status, 200);
    assert_eq!(file["sizeBytes"], json!(bytes.body.len()));
    let beyond = json!({ "emailId": email["emailId"], "index": 2 });
    assert_eq!(agent.refused("get_attachment", beyond).await, "not_found");
}

async fn mail_is_found_by_its_words_and_read_as_a_conversation(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let letter = |id: &str, answers: &str, text: &str| {
        let answers =
            if answers.is_empty() { String::new() } else { format!("In-Reply-To: <{answers}>\r\n") };
        format!(
            "From: Mia <mia@example.com>\r\nMessage-ID: <{id}>\r\n{answers}Subject: Plan {id}\r\n\r\n{text}\r\n"
        )
    };
    for (id, answers, text) in
        [("1@a.test", "", "The harbour"), ("2@a.test", "1@a.test", "The quay"), ("3@a.test", "", "x")]
    {
        world.deliver_raw(letter(id, answers, text).as_bytes(), &[&inbox.address]).await;
    }
    let agent = Client::begin(&world, &inbox.token).await;
    let found = agent.done("search_emails", json!({ "query": "harbour" })).await;
    assert_eq!(found["emails"].as_array().map(Vec::len), Some(1), "{found}");
    let (mut all, mut cursor) = (0, json!(null));
    loop {
        let mut asked = json!({ "limit": 1 });
        if !cursor.is_null() {
            asked["cursor"] = cursor;
        }
        let page = agent.done("search_emails", asked).await;
        all += page["emails"].as_array().expect("a list").len();
        cursor = page["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(all, 3);
    let threads = agent.done("list_threads", json!({})).await;
    assert_eq!(threads["threads"].as_array().map(Vec::len), Some(2), "{threads}");
    assert_eq!(threads["threads"][1]["emailCount"], json!(2), "{threads}");
    let thread = agent.done("get_thread", json!({ "threadId": threads["threads"][1]["threadId"] })).await;
    assert_eq!(thread["emails"].as_array().map(Vec::len), Some(2), "{thread}");
    let text = thread["text"].as_str().expect("a text");
    assert!(text.find("harbour").expect("the first") < text.find("quay").expect("the second"), "{text}");
    assert_eq!(thread["emails"][0]["threadId"], threads["threads"][1]["threadId"]);
}

async fn an_inbox_is_deleted_only_by_its_id_and_its_address(world: World) {
    let ada = world.tenant("ada").await;
    let (inbox, other) = (ada.inbox().await, ada.inbox().await);
    let agent = Client::begin(&world, &ada.token).await;
    let mistaken = json!({ "inboxId": inbox.id, "address": other.address });
    assert_eq!(agent.refused("delete_inbox", mistaken).await, "validation_error");
    assert_eq!(ada.http("GET", format!("/v1/inboxes/{}", inbox.id)).send().await.status, 200);
    let meant = json!({ "inboxId": inbox.id, "address": inbox.address });
    assert_eq!(agent.done("delete_inbox", meant.clone()).await["deleted"], json!(true));
    assert_eq!(agent.refused("delete_inbox", meant).await, "not_found");
    assert_eq!(ada.http("GET", format!("/v1/inboxes/{}", inbox.id)).send().await.status, 404);
}

async fn a_code_comes_alone_and_its_link_in_the_frame(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    let agent = Client::begin(&world, &inbox.token).await;
    let none = agent.done("wait_for_code", json!({ "timeoutSeconds": 0 })).await;
    assert_eq!((&none["code"], &none["emailId"], &none["text"]), (&json!(null), &json!(null), &json!("")));
    let waiting = {
        let agent = agent.clone();
        tokio::spawn(async move { agent.done("wait_for_code", json!({ "from": "example.com" })).await })
    };
    world.deliver_raw(&plain("Your sign-in code", "Your code is 481516."), &[&inbox.address]).await;
    let came = waiting.await.expect("it ended");
    assert_eq!((&came["code"], &came["untrusted"]), (&json!("481516"), &json!(true)), "{came}");
    let link = "https://shop.example.com/confirm?token=Zk3v9QmX27LpTr81";
    let mail =
        plain("Confirm your e-mail address", &format!("Click to confirm your e-mail address:\r\n{link}"));
    world.deliver_raw(&mail, &[&inbox.address]).await;
    let came = agent.done("wait_for_code", json!({ "since": "2001-01-01T00:00:00Z" })).await;
    assert_eq!(came["code"], json!(null), "{came}");
    let text = came["text"].as_str().expect("a text");
    assert!(text.contains(link) && text.contains("BEGIN UNTRUSTED"), "{text}");
    let fields = json!({ "id": came["emailId"], "confidence": came["confidence"] }).to_string();
    assert!(!fields.contains("shop.example"), "{fields}");
}

async fn mail_is_sent_and_answered_once_and_in_its_conversation(world: World) {
    let ada = world.tenant("ada").await;
    let (one, two) = (ada.inbox().await, ada.inbox().await);
    let (agent, other) = (Client::begin(&world, &one.token).await, Client::begin(&world, &two.token).await);
    let call = json!({ "to": [two.address], "subject": "Lunch", "text": "At noon?", "idempotencyKey": "a" });
    let sent = agent.done("send_email", call.clone()).await;
    assert_eq!(
        agent.done("send_email", call.clone()).await["emailId"],
        sent["emailId"],
        "a repeat is no second mail"
    );
    let mut changed = call.clone();
    changed["text"] = json!("At one?");
    assert!(agent.refused("send_email", changed).await.contains("idempotency_mismatch"));
    let mut elsewhere = call;
    elsewhere["inboxId"] = json!(two.id);
    assert!(agent.refused("send_email", elsewhere).await.contains("not_found"), "only from one's own");
    let got = other.done("wait_for_email", json!({ "after": 0 })).await;
    assert!(got["text"].as_str().expect("a text").contains("At noon?"), "{got}");
    let reply = json!({ "emailId": got["email"]["emailId"], "text": "Gladly.", "idempotencyKey": "b" });
    other.done("reply_to_email", reply).await;
    let answer = agent.done("wait_for_email", json!({ "after": 0, "subject": "Re: Lunch" })).await;
    assert!(answer["text"].as_str().expect("a text").contains("Gladly."), "{answer}");
    let first = agent.done("get_email", json!({ "emailId": sent["emailId"] })).await;
    assert_eq!(answer["email"]["threadId"], first["email"]["threadId"], "one conversation");
    // What a mail has talked a model into.
    let leak = json!({ "to": ["x@example.com"], "subject": "x", "text": ada.token, "idempotencyKey": "c" });
    let refused = agent.refused("send_email", leak).await;
    assert!(refused.contains("secret_in_body") && !refused.contains(&ada.token), "{refused}");
    ada.http("GET", "/v1/account").send().await.expect(401);
}

async fn an_answer_goes_where_it_is_wanted_and_who_answers_sees_that(world: World) {
    let ((_, desk), (_, bob)) = world.ada_and_bob().await;
    let agent = Client::begin(&world, &bob.token).await;
    let raw = format!(
        "From: Shop <noreply@shop.example>\r\nReply-To: Desk <{}>\r\nMessage-ID: <7@shop.example>\r\nSubject: Order\r\n\r\nWhich size?\r\n",
        desk.address
    );
    world.deliver_raw(raw.as_bytes(), &[&bob.address]).await;
    let came = agent.done("wait_for_email", json!({ "after": 0 })).await;
    let wanted = format!("| Reply-To: {}\n", desk.address);
    assert!(came["text"].as_str().expect("a text").contains(&wanted), "{came}");
    let answer = json!({ "emailId": came["email"]["emailId"], "text": "Large.", "idempotencyKey": "2" });
    let sent = agent.done("reply_to_email", answer).await;
    let path = format!("/v1/inboxes/{}/emails/{}", bob.id, sent["emailId"].as_str().expect("an id"));
    assert_eq!(bob.http("GET", path).send().await.expect(200)["to"], json!([desk.address]));
}

async fn a_mail_is_passed_on_without_its_files_and_one_for_later_is_taken_back(world: World) {
    let ada = world.tenant("ada").await;
    let (one, two) = (ada.inbox().await, ada.inbox().await);
    world.deliver("fixtures/attachment.eml", &[&one.address]).await;
    let (agent, other) = (Client::begin(&world, &one.token).await, Client::begin(&world, &two.token).await);
    let came = agent.done("wait_for_email", json!({ "after": 0 })).await;
    let id = &came["email"]["emailId"];
    let call = json!({ "emailId": id, "to": [two.address], "text": "For you.", "idempotencyKey": "a" });
    let sent = agent.done("forward_email", call.clone()).await;
    assert_eq!(agent.done("forward_email", call).await["emailId"], sent["emailId"]);
    let got = other.done("wait_for_email", json!({ "after": 0 })).await;
    let text = got["text"].as_str().expect("a text");
    assert!(text.contains("For you.") && text.contains("Forwarded message"), "{text}");
    let path = format!("/v1/inboxes/{}/emails/{}", two.id, got["email"]["emailId"].as_str().expect("an id"));
    assert_eq!(two.http("GET", path).send().await.expect(200)["hasAttachments"], json!(false));
    let at =
        mailward_mail::clock::Clock::system().now().plus(std::time::Duration::from_secs(7_200)).to_string();
    let answer = json!({ "emailId": id, "text": "Gladly.", "sendAt": at, "idempotencyKey": "b" });
    let waits = agent.done("reply_to_email", answer).await;
    assert_eq!((&waits["status"], &waits["sendAt"]), (&json!("queued"), &json!(at)));
    let wrong = json!({ "emailId": id, "text": "x", "sendAt": "tomorrow", "idempotencyKey": "c" });
    assert_eq!(agent.refused("reply_to_email", wrong).await, "validation_error");
    let taken = agent.done("cancel_email", json!({ "emailId": waits["emailId"] })).await;
    assert_eq!(taken["status"], json!("cancelled"));
    let path = format!("/v1/inboxes/{}/emails/{}", one.id, sent["emailId"].as_str().expect("an id"));
    crate::judging::until("delivered", async || {
        one.http("GET", path.clone()).send().await.expect(200)["status"] == "delivered"
    })
    .await;
    let left = agent.refused("cancel_email", json!({ "emailId": sent["emailId"] })).await;
    assert!(left.contains("conflict"), "{left}");
}
