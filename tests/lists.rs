//! From whom an inbox takes mail: whom its owner blocked is refused, and strangers wait or are refused where it says so.

use serde_json::{Value, json};

use crate::sending::{fares, letter, sent};
use crate::world::actors::{Inbox, Tenant};
use crate::world::dns_server::{DnsServer, Kind, Record, Records};
use crate::world::mail::Sender;
use crate::world::{World, both_databases};

both_databases!(
    who_is_blocked_is_refused_and_others_do_not_notice,
    an_inbox_blocks_what_its_tenant_blocks,
    only_proven_senders_of_a_list_get_in_and_the_rest_waits,
    strangers_are_refused_where_that_was_chosen,
    whom_an_inbox_wrote_to_is_known,
    nobody_opens_the_door_of_another_or_of_its_own_inbox,
);

/// DNS in which mail of these domains is proven from this machine.
async fn proving(world: &World, domains: &[&str]) -> (World, DnsServer) {
    let mut records = Records::new();
    for domain in domains {
        let txt = |text: &str| vec![Record::Txt(text.to_owned())];
        records.insert(((*domain).to_owned(), Kind::Txt), txt("v=spf1 ip4:127.0.0.1 -all"));
        records.insert((format!("_dmarc.{domain}"), Kind::Txt), txt("v=DMARC1; p=reject"));
    }
    let (address, dns) = DnsServer::start(records).await;
    (world.start_with(&[&format!("dns.servers=[\"{address}\"]")]).await, dns)
}

/// What is said to a mail of an author, with that envelope.
async fn from(world: &World, envelope: &str, author: &str, to: &[&str]) -> String {
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    let raw = format!("From: <{author}>\r\nSubject: Lunch\r\nMessage-ID: <{author}>\r\n\r\nAt noon?\r\n");
    let reply = sender.send(envelope, to, raw.as_bytes()).await.expect("a reply");
    sender.command("QUIT").await.expect("a goodbye");
    reply
}

async fn takes(tenant: &Tenant, inbox: Option<&Inbox>, policy: Value) -> Value {
    let path = inbox.map_or("/v1/gate".to_owned(), |inbox| format!("/v1/inboxes/{}/gate", inbox.id));
    tenant.review("PATCH", path).json(&json!({ "receivePolicy": policy })).send().await.expect(200)
}

async fn who_is_blocked_is_refused_and_others_do_not_notice(world: World) {
    let ((ada_tenant, ada), (_, bob)) = world.ada_and_bob().await;
    let shown = takes(&ada_tenant, None, json!({ "block": ["Bad.example", "eve@mail.example"] })).await;
    assert_eq!(shown["effective"]["receivePolicy"]["block"], json!(["bad.example", "eve@mail.example"]));
    for (envelope, author) in [
        ("x@bad.example", "mia@good.example"),
        ("x@good.example", "mia@deep.bad.example"),
        ("x@good.example", "Eve@Mail.example"),
    ] {
        let reply = from(&world, envelope, author, &[&ada.address]).await;
        assert!(reply.starts_with("550 5.7.1 "), "{envelope} {author}: {reply}");
        let reply = from(&world, envelope, author, &[&ada.address, &bob.address]).await;
        assert!(reply.starts_with("250 "), "who is not meant has its mail: {reply}");
    }
    assert!(from(&world, "x@good.example", "mia@good.example", &[&ada.address]).await.starts_with("250 "));
    assert_eq!((ada.emails().await.len(), bob.emails().await.len()), (1, 3));
    assert!(ada_tenant.held().await.is_empty());
    let used = ada_tenant.http("GET", "/v1/usage").send().await.expect(200);
    assert_eq!((&used["total"]["turnedAway"], &used["total"]["received"]), (&json!(6), &json!(1)));
    let bad = json!({ "receivePolicy": { "block": ["*.example"] } });
    assert_eq!(ada_tenant.review("PATCH", "/v1/gate").json(&bad).send().await.status, 400);
}

async fn an_inbox_blocks_what_its_tenant_blocks(world: World) {
    let ada = world.tenant("ada").await;
    let (one, two) = (ada.inbox().await, ada.inbox().await);
    takes(&ada, None, json!({ "block": ["bad.example"] })).await;
    takes(&ada, Some(&one), json!({ "block": ["worse.example"] })).await;
    let of = async |author: &str, inbox: &Inbox| from(&world, author, author, &[&inbox.address]).await;
    for author in ["x@bad.example", "x@worse.example"] {
        assert!(of(author, &one).await.starts_with("550 "), "{author}");
    }
    assert!(of("x@bad.example", &two).await.starts_with("550 "));
    assert!(of("x@worse.example", &two).await.starts_with("250 "));
}

async fn only_proven_senders_of_a_list_get_in_and_the_rest_waits(world: World) {
    let (world, _dns) = proving(&world, &["listed.example", "other.example"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    takes(&ada, Some(&inbox), json!({ "from": "allowlist", "allow": ["listed.example"] })).await;
    let of = async |author: &str| from(&world, author, author, &[&inbox.address]).await;
    for author in ["mia@listed.example", "leo@other.example", "kim@nowhere.example"] {
        assert!(of(author).await.starts_with("250 "), "{author}");
    }
    assert_eq!(inbox.emails().await.len(), 1);
    let held = ada.held().await;
    assert_eq!(held.len(), 2);
    for mail in &held {
        let flags = mail["email"]["security"]["flags"].as_array().or(mail["security"]["flags"].as_array());
        assert!(flags.expect("flags").contains(&json!("sender_not_listed")), "{mail}");
    }
    // Whom a reviewer lets through until a day is let through until then.
    let leo = held.iter().find(|mail| mail.to_string().contains("leo@other.example")).expect("held");
    let id = leo["email"]["id"].as_str().or(leo["id"].as_str()).expect("an id");
    let until =
        mailward_mail::clock::Clock::system().now().plus(std::time::Duration::from_secs(86_400)).to_string();
    let release = json!({ "allowSender": { "until": until } });
    ada.review("POST", format!("/v1/review/{id}/release")).json(&release).send().await.expect(200);
    assert!(
        from(&world, "leo@other.example", "leo@other.example", &[&inbox.address]).await.starts_with("250 ")
    );
    assert_eq!(inbox.emails().await.len(), 3);
}

async fn strangers_are_refused_where_that_was_chosen(world: World) {
    let (world, _dns) = proving(&world, &["listed.example"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let strict = json!({ "from": "allowlist", "allow": ["mia@listed.example"], "otherwise": "refuse" });
    takes(&ada, None, strict).await;
    let of = async |author: &str| from(&world, author, author, &[&inbox.address]).await;
    assert!(of("mia@listed.example").await.starts_with("250 "));
    for author in ["leo@listed.example", "kim@nowhere.example"] {
        assert!(of(author).await.starts_with("550 5.7.1 "), "{author}");
    }
    assert!(ada.held().await.is_empty());
    // A report of our own comes through: it is about what the inbox did itself.
    let id = sent(&inbox, &letter(&inbox, &["nobody-of-this-name@agents.test"])).await;
    fares(&inbox, &id, "failed").await;
    crate::judging::until("the report", async || {
        inbox.emails().await.iter().filter(|mail| mail["direction"] == "inbound").count() == 2
    })
    .await;
}

async fn whom_an_inbox_wrote_to_is_known(world: World) {
    let (world, _dns) = proving(&world, &["friend.example", "other.example"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    takes(&ada, Some(&inbox), json!({ "from": "known" })).await;
    sent(&inbox, &letter(&inbox, &["mia@friend.example"])).await;
    for author in ["mia@friend.example", "leo@other.example"] {
        assert!(from(&world, author, author, &[&inbox.address]).await.starts_with("250 "), "{author}");
    }
    let came: Vec<Value> =
        inbox.emails().await.into_iter().filter(|mail| mail["direction"] == "inbound").collect();
    assert_eq!((came.len(), &came[0]["from"]), (1, &json!("mia@friend.example")));
    assert_eq!(ada.held().await.len(), 1);
}

async fn nobody_opens_the_door_of_another_or_of_its_own_inbox(world: World) {
    let ((ada, inbox), (bob, _)) = world.ada_and_bob().await;
    takes(&ada, Some(&inbox), json!({ "block": ["bad.example"] })).await;
    let path = format!("/v1/inboxes/{}/gate", inbox.id);
    let open = json!({ "receivePolicy": { "block": [] } });
    assert_eq!(bob.review("PATCH", path.clone()).json(&open).send().await.status, 404);
    assert_eq!(inbox.http("PATCH", path.clone()).json(&open).send().await.status, 403);
    assert_eq!(ada.http("PATCH", path.clone()).json(&open).send().await.status, 403);
    // What is chosen all anew leaves alone whom it does not speak of.
    ada.review("PUT", path).json(&json!({ "hold": "high" })).send().await.expect(200);
    let reply = from(&world, "x@bad.example", "x@bad.example", &[&inbox.address]).await;
    assert!(reply.starts_with("550 "), "{reply}");
}
