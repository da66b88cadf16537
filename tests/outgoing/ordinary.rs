//! Ordinary conversations in an inbox that was given mail of risk: how many of its answers wait for a person.
//!
//! `fixtures/outgoing/ordinary.json` was written by people who did not know the rules: what came, from whom, whether its
//! domain's DMARC passes, before or after the mail of risk, and the answer. All of it is in one inbox, so that whatever is
//! said in one conversation is text from elsewhere in all others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::{INJECTION, unhurried};
use crate::sending::{letter, send};
use crate::world::actors::{Inbox, Tenant};
use crate::world::dns_server::{DnsServer, Kind, Record, Records};
use crate::world::mail::Sender;
use crate::world::{World, both_databases, fixture};

both_databases!(ordinary_answers_seldom_wait);

/// Of a hundred answers, at most so many wait: the figure of `docs/sending.md`.
const MOST_HELD: usize = 7;

async fn ordinary_answers_seldom_wait(world: World) {
    let written = std::fs::read(fixture("fixtures/outgoing/ordinary.json")).expect("the conversations");
    let talks: Vec<Value> = serde_json::from_slice(&written).expect("a list");
    let (address, _dns) = DnsServer::start(proofs(&talks)).await;
    let world = world.start_with(&[&format!("dns.servers=[\"{address}\"]")]).await;
    let ada = unhurried(&world, "ada").await;
    let inbox = ada.inbox().await;
    let path = format!("/v1/inboxes/{}", inbox.id);
    ada.review("PATCH", path).json(&json!({ "gate": "never" })).send().await.expect(200);
    let mut newest = Vec::new();
    for when in ["before", "after"] {
        for talk in talks.iter().filter(|talk| talk["when"] == when) {
            newest.push((talk, came(&world, &inbox, talk).await));
        }
        if when == "before" {
            assert!(world.deliver(INJECTION, &[&inbox.address]).await.starts_with("250 "));
        }
    }
    let mut waiting = Vec::new();
    for (talk, id) in &newest {
        let mail = answer(&inbox, talk, id);
        let said = send(&inbox, &mail).await.expect(202);
        if said["status"] == "held" {
            waiting.push(format!("{}: {}", talk["name"], reasons(&ada, &said).await));
        }
    }
    assert!(newest.len() >= 80, "{}", newest.len());
    assert!(
        waiting.len() * 100 <= newest.len() * MOST_HELD,
        "{} of {}: {waiting:#?}",
        waiting.len(),
        newest.len()
    );
}

/// What DNS says of the senders: those that are proven may send from this machine.
fn proofs(talks: &[Value]) -> Records {
    let txt = |text: &str| vec![Record::Txt(text.to_owned())];
    let mut records = Records::new();
    for talk in talks.iter().filter(|talk| talk["proven"] == true) {
        for mail in talk["came"].as_array().expect("mails") {
            let domain = domain(mail["from"].as_str().expect("an address"));
            records.insert((domain.to_owned(), Kind::Txt), txt("v=spf1 ip4:127.0.0.1 -all"));
            records.insert((format!("_dmarc.{domain}"), Kind::Txt), txt("v=DMARC1; p=reject"));
        }
    }
    records
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').expect("an address").1
}

/// Delivers what came in a conversation; the id of its last mail.
async fn came(world: &World, inbox: &Inbox, talk: &Value) -> Value {
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    let name = talk["name"].as_str().expect("a name");
    for (at, mail) in talk["came"].as_array().expect("mails").iter().enumerate() {
        let of = |field: &str| mail[field].as_str().expect("text").to_owned();
        let before = match at {
            0 => String::new(),
            _ => format!("In-Reply-To: <{}.{name}@mail.example>\r\n", at - 1),
        };
        let raw = format!(
            "From: <{from}>\r\nTo: <{to}>\r\nSubject: =?utf-8?B?{subject}?=\r\nMessage-ID: <{at}.{name}@mail.example>\r\n{before}\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}\r\n",
            from = of("from"),
            to = inbox.address,
            subject = BASE64.encode(of("subject")),
            text = wrapped(&BASE64.encode(of("text"))),
        );
        let reply = sender.send(&of("from"), &[&inbox.address], raw.as_bytes()).await.expect("a reply");
        assert!(reply.starts_with("250 "), "{name}: {reply}");
    }
    sender.command("QUIT").await.expect("a goodbye");
    let path = format!("/v1/inboxes/{}/emails?limit=1", inbox.id);
    let list = inbox.http("GET", path.clone()).send().await;
    list.expect(200)["data"][0]["id"].clone()
}

fn wrapped(text: &str) -> String {
    text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + "\r\n").collect()
}

/// The agent's answer to the last mail of a conversation.
fn answer(inbox: &Inbox, talk: &Value, id: &Value) -> Value {
    let last = talk["came"].as_array().and_then(|mails| mails.last()).expect("a mail");
    let mut mail = letter(inbox, &[last["from"].as_str().expect("an address")]);
    let sent = &talk["sent"];
    mail["subject"] = json!(format!("Re: {}", last["subject"].as_str().expect("text")));
    mail["inReplyTo"] = id.clone();
    mail["body"] = json!({ "text": sent["text"] });
    if sent["html"].is_string() {
        mail["body"]["html"] = sent["html"].clone();
    }
    if sent["cc"].is_array() {
        mail["cc"] = sent["cc"].clone();
    }
    let files = sent["attachments"].as_array().into_iter().flatten().map(|file| {
        json!({ "filename": file["filename"], "contentType": file["contentType"],
            "content": BASE64.encode(file["text"].as_str().expect("text")) })
    });
    let files: Vec<Value> = files.collect();
    if !files.is_empty() {
        mail["attachments"] = json!(files);
    }
    mail
}

async fn reasons(tenant: &Tenant, said: &Value) -> Value {
    let path = format!("/v1/review/{}", said["id"].as_str().expect("an id"));
    let shown = tenant.review("GET", path.clone()).send().await;
    shown.expect(200)["heldFor"]["reasons"].clone()
}
