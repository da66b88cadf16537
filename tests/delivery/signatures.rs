//! What leaves is signed, by keys that DNS has: verified by mail-auth, through Postfix, and by dkimpy.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::postfix::Postfix;
use super::{Outside, answer};
use crate::clients::program::Program;
use crate::judging::until;
use crate::sending::{fares, letter, sent};
use crate::world::actors::{Inbox, Tenant};
use crate::world::dns_server::{Kind, Record};
use crate::world::{World, both_databases, fixture};

both_databases!(
    postfix_takes_a_mail_over_tls_and_both_signatures_verify,
    a_domain_of_ones_own_signs_with_its_own_keys_and_changes_them,
    a_domain_that_is_not_proven_is_nobody_s_from,
    what_the_lobstermail_client_sends_arrives_signed,
);

/// The keys of the service's own domain, as whoever runs it would publish them.
async fn publish_own(outside: &Outside) {
    let room = outside.world.with_app(|app| app.room().clone());
    for record in room.own_records("agents.test").await.expect("records") {
        if record.purpose == "dkim" {
            outside.dns.set(&record.host, Kind::Txt, vec![Record::Txt(record.value)]);
        }
    }
}

/// What dkimpy says of each signature of a mail: its algorithm, selector and whether it holds.
async fn verified(outside: &Outside, mail: &str) -> Vec<(String, String, bool)> {
    let installed = Command::new(fixture("tests/clients/install")).stdin(Stdio::null()).output();
    let installed = installed.expect("bash runs");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let file = tempfile::NamedTempFile::new().expect("a file");
    // As it came: Postfix ends lines as files do.
    std::fs::write(file.path(), mail.replace("\r\n", "\n").replace('\n', "\r\n")).expect("written");
    let mut command = Command::new(fixture("tests/clients/dkim/.venv/bin/python"));
    command.arg(fixture("tests/clients/dkim/verify.py")).arg(outside.resolver.to_string()).arg(file.path());
    let ran =
        tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let said: Vec<Value> = serde_json::from_slice(&ran.stdout).expect("JSON");
    said.iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            (text("a"), text("s"), one["ok"] == json!(true))
        })
        .collect()
}

fn pairs(selector: &str, holds: bool) -> Vec<(String, String, bool)> {
    vec![
        ("ed25519-sha256".to_owned(), selector.to_owned(), holds),
        ("rsa-sha256".to_owned(), format!("{selector}-rsa"), holds),
    ]
}

async fn postfix_takes_a_mail_over_tls_and_both_signatures_verify(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let postfix = Postfix::start("127.0.0.5", outside.port, "").await;
    outside.name("mx.corp.test", "127.0.0.5");
    outside.leads("corp.test", &[(10, "mx.corp.test")]);
    publish_own(&outside).await;
    let inbox = outside.inbox().await;
    let mut body = letter(&inbox, &["mia@corp.test", "nobody@corp.test", "later@corp.test"]);
    body["subject"] = json!("Grüße  an   alle");
    body["body"] = json!({ "text": ".\n..two  \t spaces \n\n\n", "html": "<p>Grüße</p>" });
    body["attachments"] = json!([{ "filename": "a.bin", "contentType": "application/octet-stream", "content": "AAECDQoNCg==" }]);
    let id = sent(&inbox, &body).await;
    let mail = fares(&inbox, &id, "deferred").await;
    let status = |at: usize| mail["recipients"][at]["status"].as_str().unwrap_or_default();
    assert_eq!([0, 1, 2].map(status), ["delivered", "failed", "deferred"], "{mail}");
    let first = answer(&mail, 0);
    assert!(first.contains("Ok: queued as ") && first.ends_with("(mx.corp.test, TLS)"), "{first}");
    assert!(
        answer(&mail, 1).contains("no such person here") && answer(&mail, 2).contains("not now"),
        "{mail}"
    );
    until("the mail in its box", async || postfix.mails().len() == 1).await;
    let taken = postfix.mails().remove(0);
    assert!(taken.contains("TLSv1.3"), "Postfix noted the encryption: {taken}");
    assert_eq!(verified(&outside, &taken).await, pairs("mailward", true), "{taken}");
    // A letter that is changed, and a field that is added, break both.
    let changed = taken.replacen("two", "too", 1);
    assert_eq!(verified(&outside, &changed).await, pairs("mailward", false));
    let added = taken.replacen("Subject: ", "Subject: Buy this\nSubject: ", 1);
    assert_eq!(verified(&outside, &added).await, pairs("mailward", false));
    let other = taken.replacen("\nTo: ", "\nReply-To: eve@example.com\nTo: ", 1);
    assert_eq!(verified(&outside, &other).await, pairs("mailward", false));
    // And by the library that judges what comes in.
    let back = taken
        .split_once("\nDKIM-Signature:")
        .map(|(_, rest)| format!("DKIM-Signature:{rest}"))
        .expect("signed");
    let other = outside.world.tenant("bob").await.inbox().await;
    outside
        .world
        .deliver_raw(back.replace("\r\n", "\n").replace('\n', "\r\n").as_bytes(), &[&other.address])
        .await;
    let came = other.emails().await;
    assert_eq!(came[0]["security"]["dkim"], "pass", "{}", came[0]);
}

async fn what_the_lobstermail_client_sends_arrives_signed(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let postfix = Postfix::start("127.0.0.5", outside.port, "").await;
    outside.name("mx.corp.test", "127.0.0.5");
    outside.leads("corp.test", &[(10, "mx.corp.test")]);
    publish_own(&outside).await;
    crate::clients::program::installed();
    Program::node("lobstermail/delivery.test.mjs").against(&outside.world).await;
    until("the mail in its box", async || postfix.mails().len() == 1).await;
    let taken = postfix.mails().remove(0);
    assert!(taken.contains("Subject: From the client"), "{taken}");
    assert_eq!(verified(&outside, &taken).await, pairs("mailward", true), "{taken}");
}

pub async fn domain_with_inbox(outside: &Outside, tenant: &Tenant, name: &str) -> (Value, Inbox) {
    let domain = tenant.http("POST", "/v1/domains").json(&json!({ "domain": name })).send().await.expect(201);
    publish(outside, &domain);
    let path = format!("/v1/domains/{}/verify", domain["id"].as_str().expect("an id"));
    let verified = tenant.http("POST", path).send().await.expect(200);
    assert_eq!(verified["status"], "verified");
    (verified, tenant.inbox_with(json!({ "domain": name })).await)
}

/// Publishes the texts that a domain wants.
fn publish(outside: &Outside, domain: &Value) {
    for record in domain["dnsRecords"].as_array().expect("records") {
        if record["type"] == "TXT" {
            let text = |name: &str| record[name].as_str().expect("a text").to_owned();
            outside.dns.set(&text("host"), Kind::Txt, vec![Record::Txt(text("value"))]);
        }
    }
}

async fn a_domain_of_ones_own_signs_with_its_own_keys_and_changes_them(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let host = outside.host("corp.test", "127.0.0.2", super::host::Script::Tls).await;
    let ada = outside.world.tenant("ada").await;
    let (domain, inbox) = domain_with_inbox(&outside, &ada, "own.example.com").await;
    let taken = async |many: usize| {
        let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
        fares(&inbox, &id, "delivered").await;
        assert_eq!(host.mails().len(), many);
        host.mails().remove(many - 1).text
    };
    let first = taken(1).await;
    assert!(first.contains("d=own.example.com;"), "{first}");
    assert_eq!(verified(&outside, &first).await, pairs("mailward", true), "{first}");
    // New keys do not sign before DNS has them.
    let path = format!("/v1/domains/{}", domain["id"].as_str().expect("an id"));
    let act = async |verb: &str| ada.http("POST", format!("{path}/{verb}")).send().await.expect(200);
    let rotated = act("rotate").await;
    assert_eq!(act("rotate").await["dnsRecords"], rotated["dnsRecords"], "asked again, the same");
    act("verify").await;
    assert_eq!(verified(&outside, &taken(2).await).await, pairs("mailward", true));
    publish(&outside, &rotated);
    let verified_now = act("verify").await;
    assert!(!verified_now.to_string().contains("dkim_next"), "{verified_now}");
    assert_eq!(verified(&outside, &taken(3).await).await, pairs("mailward2", true));
    assert_eq!(
        verified(&outside, &first).await,
        pairs("mailward", true),
        "what was signed before still holds"
    );
}

async fn a_domain_that_is_not_proven_is_nobody_s_from(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let (ada, bob) = (outside.world.tenant("ada").await, outside.world.tenant("bob").await);
    let (_, inbox) = domain_with_inbox(&outside, &ada, "own.example.com").await;
    bob.http("POST", "/v1/domains").json(&json!({ "domain": "own.example.com" })).send().await.expect(201);
    let made = bob.http("POST", "/v1/inboxes").json(&json!({ "domain": "own.example.com" })).send().await;
    assert_eq!(made.status, 400, "claimed is not proven");
    let mut forged = letter(&bob.inbox().await, &["mia@corp.test"]);
    forged["from"] = json!(inbox.address);
    let refused = bob.http("POST", "/v1/emails/send").json(&forged).send().await;
    assert_eq!(refused.status, 404, "another tenant's inbox is none");
}
