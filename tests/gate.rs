//! What is held: policies of tenants and inboxes, senders that are let through, decisions, expiry.

mod rescore;
pub mod trust;

use serde_json::{Value, json};

use crate::world::actors::Tenant;
use crate::world::endpoint::endpoint;
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    a_policy_of_an_inbox_goes_before_its_tenants_and_that_before_the_servers,
    an_owners_phrases_hold_and_warn,
    a_policy_is_chosen_by_who_may_and_for_what_is_its_own,
    a_policy_that_cannot_be_is_refused_and_nothing_changes,
    two_who_choose_at_once_are_told,
    a_policy_goes_with_its_inbox,
    every_event_of_held_mail_is_told_without_its_text,
    a_decision_is_kept_without_the_mail,
    held_mail_is_in_no_count,
    held_mail_that_nobody_decides_on_expires,
    an_operator_chooses_a_policy_and_the_tenant_reads_of_it,
);

/// Two authors: mail that two programs may read differently, and of level medium for that alone.
pub fn medium(subject: &str) -> Vec<u8> {
    format!("From: a@example.com\r\nFrom: b@example.org\r\nSubject: {subject}\r\n\r\nSee you at noon.\r\n")
        .into_bytes()
}

pub async fn put(tenant: &Tenant, path: &str, body: &Value) -> Value {
    tenant.review("PUT", path).json(body).send().await.expect(200)
}

fn subjects(mails: &[Value]) -> Vec<&str> {
    mails.iter().map(|mail| mail["subject"].as_str().expect("a subject")).collect()
}

async fn a_policy_of_an_inbox_goes_before_its_tenants_and_that_before_the_servers(world: World) {
    let ada = world.tenant("ada").await;
    let bob = world.tenant("bob").await;
    let (one, other, foreign) = (ada.inbox().await, ada.inbox().await, bob.inbox().await);
    let all = [one.address.as_str(), &other.address, &foreign.address];
    world.deliver_raw(&medium("server"), &all).await;
    assert!(ada.held().await.is_empty(), "the server holds what is high");

    let chosen = put(&ada, "/v1/gate", &json!({ "hold": "medium" })).await;
    assert_eq!((&chosen["version"], &chosen["effective"]["hold"]), (&json!(1), &json!("medium")));
    world.deliver_raw(&medium("tenant"), &all).await;
    assert_eq!(subjects(&ada.held().await), ["tenant", "tenant"]);

    // The one way of the contract, with a level alone; and the reviewer's key does it.
    let path = format!("/v1/inboxes/{}", one.id);
    let changed =
        ada.review("PATCH", path.clone()).json(&json!({ "gate": "never" })).send().await.expect(200);
    assert_eq!((&changed["id"], &changed["gate"]["hold"]), (&json!(one.id), &json!("never")));
    world.deliver_raw(&medium("inbox"), &all).await;
    assert_eq!(subjects(&one.emails().await), ["inbox", "server"]);
    assert_eq!(subjects(&other.emails().await), ["server"]);
    assert_eq!(
        subjects(&foreign.emails().await),
        ["inbox", "tenant", "server"],
        "nobody else's mail is held"
    );

    // What could not be judged waits, whatever anybody chose.
    let deep = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(80);
    world.deliver_raw(format!("From: a@b.test\r\nSubject: deep\r\n{deep}").as_bytes(), &[&one.address]).await;
    let held = ada.held().await;
    assert_eq!((held.len(), &held[0]["security"]["injectionRisk"]), (4, &json!("unknown")));

    // An empty policy of the inbox leaves it to the tenant's again.
    put(&ada, &format!("{path}/gate"), &json!({})).await;
    world.deliver_raw(&medium("again"), &[&one.address]).await;
    assert_eq!(subjects(&ada.held().await)[0], "again");
    let shown = ada.review("GET", format!("{path}/gate")).send().await.expect(200);
    assert_eq!((&shown["version"], &shown["hold"]), (&json!(2), &Value::Null));
}

async fn an_owners_phrases_hold_and_warn(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let rules = json!([{ "phrase": "Wire Transfer", "weight": 80 }, { "phrase": "invoice" }]);
    put(&ada, &format!("/v1/inboxes/{}/gate", inbox.id), &json!({ "rules": rules })).await;
    for (subject, text) in [
        ("warned", "The invoice is here."),
        ("held", "Please make a wire\r\n transfer"),
        ("passed", "Rewired transfers"),
    ] {
        world.deliver_raw(&plain(subject, text), &[&inbox.address]).await;
    }
    let held = ada.held().await;
    assert_eq!(subjects(&held), ["held"]);
    let security = &held[0]["security"];
    assert_eq!(
        (&security["injectionScore"], &security["findings"][0]["rule"]),
        (&json!(80), &json!("own.1"))
    );
    let mails = inbox.emails().await;
    assert_eq!(subjects(&mails), ["passed", "warned"]);
    assert_eq!(
        (&mails[1]["security"]["flags"], &mails[1]["security"]["injectionRisk"]),
        (&json!(["own"]), &json!("low"))
    );
    assert_eq!(mails[0]["security"]["findings"], json!([]));
}

async fn a_policy_is_chosen_by_who_may_and_for_what_is_its_own(world: World) {
    let ((ada, inbox), (bob, _)) = world.ada_and_bob().await;
    let gate = json!({ "hold": "never" });
    let of_inbox = format!("/v1/inboxes/{}/gate", inbox.id);
    for path in ["/v1/gate", &of_inbox, "/v1/gate/senders"] {
        for method in ["GET", "PUT", "PATCH"] {
            if path.ends_with("senders") && method != "GET" {
                continue;
            }
            for token in [&ada.token, &inbox.token] {
                let answer = world.http(method, path).token(token).json(&gate).send().await;
                assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
                assert!(answer.text().contains("`settings`"), "{}", answer.text());
            }
            let body = if method == "GET" { json!({}) } else { gate.clone() };
            if path == of_inbox {
                bob.review(method, path).json(&body).send().await.expect(404);
            }
        }
    }
    // Nor by the way of the inbox: the agent's key changes names, the reviewer's the gate, neither both.
    let path = format!("/v1/inboxes/{}", inbox.id);
    let both = json!({ "gate": gate, "displayName": "x" });
    ada.http("PATCH", path.clone()).json(&json!({ "gate": gate })).send().await.expect(403);
    ada.http("PATCH", path.clone()).json(&both).send().await.expect(403);
    ada.review("PATCH", path.clone()).json(&both).send().await.expect(403);
    bob.review("PATCH", path.clone()).json(&json!({ "gate": gate })).send().await.expect(404);
    // A reviewer's key of one inbox reaches that inbox alone.
    let neighbour = ada.inbox().await;
    let scopes = json!({ "inboxId": inbox.id, "scopes": ["read", "review", "settings"] });
    let made = ada.review("POST", "/v1/keys").json(&scopes).send().await;
    assert_eq!(made.status, 403, "a reviewer's key mints none");
    let shown = ada.review("GET", of_inbox).send().await.expect(200);
    assert_eq!(
        (&shown["version"], &shown["effective"]["hold"]),
        (&json!(0), &json!("high")),
        "nothing was chosen"
    );
    let other = ada.review("GET", format!("/v1/inboxes/{}/gate", neighbour.id)).send().await.expect(200);
    assert_eq!(other["version"], json!(0));
}

async fn a_policy_that_cannot_be_is_refused_and_nothing_changes(world: World) {
    let ada = world.tenant("ada").await;
    put(&ada, "/v1/gate", &json!({ "hold": "medium", "trustedSenders": ["Mia@Example.com"] })).await;
    for bad in [
        json!({ "hold": "low" }),
        json!({ "held": "high" }),
        json!({ "trustedSenders": ["*"] }),
        json!({ "trustedSenders": vec!["a.test"; 201] }),
        json!({ "rules": [{ "phrase": "x" }] }),
        json!({ "rules": [{ "phrase": "pay", "weight": 101 }] }),
        json!({ "rules": [{ "regex": "p.*" }] }),
        json!({ "rules": vec![json!({ "phrase": "pay me" }); 51] }),
        json!({ "rules": [{ "phrase": "x".repeat(201) }] }),
    ] {
        let answer = ada.review("PUT", "/v1/gate").json(&bad).send().await;
        assert_eq!(answer.expect(400)["error"], json!("validation_error"), "{bad}");
    }
    let shown = ada.review("GET", "/v1/gate").send().await.expect(200);
    assert_eq!((&shown["version"], &shown["hold"]), (&json!(1), &json!("medium")));
    assert_eq!(shown["trustedSenders"], json!(["mia@example.com"]));
    let merged = ada.review("PATCH", "/v1/gate").json(&json!({ "hold": "high" })).send().await.expect(200);
    assert_eq!((&merged["hold"], &merged["trustedSenders"]), (&json!("high"), &json!(["mia@example.com"])));
    // Neither senders nor phrases lie in the database in clear.
    put(
        &ada,
        "/v1/gate",
        &json!({ "rules": [{ "phrase": "golden pheasant" }], "trustedSenders": ["mia@example.com"] }),
    )
    .await;
    for row in world.dump().await {
        assert!(!row.contains("pheasant") && !row.contains("mia@example.com"), "{row}");
    }
}

async fn two_who_choose_at_once_are_told(world: World) {
    let ada = world.tenant("ada").await;
    put(&ada, "/v1/gate", &json!({ "hold": "medium", "version": 0 })).await;
    let late = ada.review("PUT", "/v1/gate").json(&json!({ "hold": "never", "version": 0 })).send().await;
    assert_eq!(late.expect(409)["error"], json!("conflict"));
    let choices = (0..8).map(|_| ada.review("PATCH", "/v1/gate").json(&json!({ "hold": "high" })).send());
    let answers = futures_util::future::join_all(choices).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)));
    let shown = ada.review("GET", "/v1/gate").send().await.expect(200);
    assert_eq!(shown["version"], json!(1 + done), "each that was told 200 is a version");
}

async fn a_policy_goes_with_its_inbox(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    put(&ada, &format!("/v1/inboxes/{}/gate", inbox.id), &json!({ "hold": "medium" })).await;
    ada.http("DELETE", format!("/v1/inboxes/{}", inbox.id)).send().await.expect(200);
    ada.review("GET", format!("/v1/inboxes/{}/gate", inbox.id)).send().await.expect(404);
    assert!(!world.dump().await.iter().any(|row| row.starts_with("policy:")));
}

async fn every_event_of_held_mail_is_told_without_its_text(world: World) {
    let world = world.start_with(&["webhooks.allow_private=[\"127.0.0.0/8\"]"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (address, mut calls) = endpoint(&[]).await;
    let events = ["email.quarantined", "email.released", "email.rejected"];
    let hook = json!({ "url": format!("http://{address}/"), "events": events, "include": "body" });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    let no_content = |data: &Value| {
        for content in ["subject", "from", "fromName", "to", "preview", "body", "html"] {
            assert_eq!(data.get(content), None, "{data}");
        }
        assert_eq!(data["security"].get("findings"), None, "findings quote the mail");
        assert_eq!(data["security"]["injectionRisk"], json!("high"));
    };
    for (verb, kind) in [("reject", "email.rejected"), ("release", "email.released")] {
        world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
        let event = calls.recv().await.expect("a call").json();
        assert_eq!(
            (&event["type"], &event["tenantId"], &event["inboxId"]),
            (&json!("email.quarantined"), &json!("ada"), &json!(inbox.id))
        );
        no_content(&event["data"]);
        assert_eq!((&event["data"]["seq"], event["data"].get("decidedBy")), (&Value::Null, None));
        let id = event["data"]["id"].as_str().expect("an id");
        ada.review("POST", format!("/v1/review/{id}/{verb}")).send().await.expect(200);
        let event = calls.recv().await.expect("a call").json();
        assert_eq!((&event["type"], &event["data"]["id"]), (&json!(kind), &json!(id)));
        assert_eq!(event["data"]["decidedBy"], json!("reviewer"));
        match verb {
            "reject" => no_content(&event["data"]),
            // From now on mail like any other.
            _ => assert!(event["data"]["body"].as_str().is_some_and(|body| !body.is_empty()), "{event}"),
        }
    }
}

async fn a_decision_is_kept_without_the_mail(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    for verb in ["release", "reject"] {
        world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
        let id = ada.held().await[0]["id"].as_str().expect("an id").to_owned();
        ada.review("POST", format!("/v1/review/{id}/{verb}"))
            .json(&json!({ "reason": "because" }))
            .send()
            .await
            .expect(200);
        ada.review("POST", format!("/v1/review/{id}/{verb}")).send().await.expect(409);
    }
    ada.http("DELETE", format!("/v1/inboxes/{}", inbox.id)).send().await.expect(200);
    let rows = world.dump().await;
    let kept: Vec<&String> = rows.iter().filter(|row| row.starts_with("decision:")).collect();
    assert_eq!(kept.len(), 2, "they outlive the mail");
    let keyid = ada.review_token.split('_').nth(2).expect("a key id");
    for (row, word) in kept.iter().zip(["release", "reject"]) {
        assert!(row.contains(word) || kept[0].contains("reject"), "{row}");
        assert!(row.contains("exfiltration.") && row.contains("high") && row.contains(keyid), "{row}");
        assert!(!row.contains("fernwood") && !row.contains("because") && !row.contains("Note for"), "{row}");
    }
}

async fn held_mail_is_in_no_count(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    for token in [&ada.token, &inbox.token] {
        let account = world.http("GET", "/v1/account").token(token).send().await.expect(200);
        assert_eq!(account["usage"]["totalEmailsReceived"], json!(0), "{account}");
        let list = world.http("GET", "/v1/inboxes").token(token).send().await.expect(200);
        assert_eq!(list["data"][0]["emailCount"], json!(0));
    }
    let held = ada.held().await;
    let id = held[0]["id"].as_str().expect("an id");
    for path in ["/v1/review".to_owned(), format!("/v1/review/{id}")] {
        for token in [&ada.token, &inbox.token] {
            world.http("GET", path.clone()).token(token).send().await.expect(403);
        }
    }
}

async fn held_mail_that_nobody_decides_on_expires(world: World) {
    let world =
        world.start_with(&["webhooks.allow_private=[\"127.0.0.0/8\"]", "screening.held_days=3"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (address, mut calls) = endpoint(&[]).await;
    let hook =
        json!({ "url": format!("http://{address}/"), "events": ["email.rejected"], "include": "body" });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
    for _ in 0..2 {
        world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    }
    let held = ada.held().await;
    let (old, fresh) = (held[1]["id"].as_str().expect("an id").to_owned(), held[0]["id"].clone());
    world.tamper("UPDATE message SET received_at = received_at - 259210000 WHERE id = (SELECT MIN(id) FROM message)").await;
    // The sweep of the next start finds it.
    let (token, review) = (inbox.token.clone(), ada.review_token.clone());
    let emails = format!("/v1/inboxes/{}/emails", inbox.id);
    drop((ada, inbox));
    let world = world.restart().await;
    let event = calls.recv().await.expect("a call").json();
    assert_eq!((&event["type"], &event["data"]["id"]), (&json!("email.rejected"), &json!(old)));
    assert_eq!((&event["data"]["decidedBy"], event["data"].get("body")), (&json!("expiry"), None));
    let list = world.http("GET", "/v1/review").token(&review).send().await.expect(200);
    assert_eq!(list["data"].as_array().expect("a list").len(), 1);
    assert_eq!(list["data"][0]["id"], fresh, "what is younger waits on");
    world.http("POST", format!("/v1/review/{old}/release")).token(&review).send().await.expect(409);
    world.http("GET", format!("{emails}/{old}")).token(&token).send().await.expect(404);
    let log = world.http("GET", "/v1/audit").token(&review).send().await.expect(200);
    let row = log["data"].as_array().expect("rows").iter().find(|row| row["action"] == "mail.expire");
    let row = row.unwrap_or_else(|| panic!("{log}"));
    assert_eq!((&row["object"], &row["actorKind"]), (&json!(old), &json!("service")));
    assert!(!world.dump().await.iter().any(|row| row.starts_with("decision:")), "nobody decided");
}

async fn an_operator_chooses_a_policy_and_the_tenant_reads_of_it(world: World) {
    let ((ada, inbox), (_, foreign)) = world.ada_and_bob().await;
    let path = format!("/operator/v1/tenants/ada/inboxes/{}/gate", inbox.id);
    world.operator_http("PUT", path.clone()).json(&json!({ "hold": "medium" })).send().await.expect(200);
    world
        .operator_http("PATCH", "/operator/v1/tenants/ada/gate")
        .json(&json!({ "hold": "never" }))
        .send()
        .await
        .expect(200);
    let mixed = format!("/operator/v1/tenants/ada/inboxes/{}/gate", foreign.id);
    world.operator_http("PUT", mixed).json(&json!({})).send().await.expect(404);
    world.operator_http("GET", "/operator/v1/tenants/nobody/gate").send().await.expect(404);
    let shown = ada.review("GET", format!("/v1/inboxes/{}/gate", inbox.id)).send().await.expect(200);
    assert_eq!((&shown["hold"], &shown["effective"]["hold"]), (&json!("medium"), &json!("medium")));
    let log = ada.review("GET", "/v1/audit").send().await.expect(200);
    let rows = log["data"].as_array().expect("rows");
    let acts: Vec<&Value> = rows.iter().filter(|row| row["action"] == "policy.change").collect();
    assert_eq!(acts.len(), 2);
    assert!(acts.iter().all(|row| row["actorKind"] == "operator"), "{log}");
}
