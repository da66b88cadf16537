//! What a monitor is told: how long steps take, what comes of mail and calls, and which tenants are the busiest.

use std::collections::BTreeMap;

use serde_json::json;

use crate::outgoing::INJECTION;
use crate::sending::{fares, letter, sent};
use crate::world::endpoint::endpoint;
use crate::world::mail::{Sender, plain};
use crate::world::{World, both_databases};

/// Every line that is no comment, with its number.
async fn told(world: &World) -> BTreeMap<String, f64> {
    let text = world.operator_http("GET", "/metrics").send().await.text();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let told: BTreeMap<String, f64> = lines
        .iter()
        .map(|line| {
            let (name, number) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            (name.to_owned(), number.parse().unwrap_or_else(|_| panic!("{line}")))
        })
        .collect();
    assert_eq!(told.len(), lines.len(), "no series is there twice");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let base =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(
            text.contains(&format!("# TYPE {base} ")) || text.contains(&format!("# TYPE {name} ")),
            "{line}"
        );
    }
    told
}

both_databases!(
    a_monitor_is_told_of_steps_outcomes_and_busy_tenants,
    a_monitor_is_told_of_mail_that_never_came_as_far_as_a_tenant,
);

async fn a_monitor_is_told_of_steps_outcomes_and_busy_tenants(world: World) {
    let (hook, mut called) = endpoint(&[500]).await;
    let world = world.start_with(&[r#"webhooks.allow_private=["127.0.0.0/8"]"#]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let wanted = json!({ "url": format!("http://{hook}/"), "events": ["email.received"] });
    ada.http("POST", "/v1/webhooks").json(&wanted).send().await.expect(201);
    for no in 0..3 {
        let reply = world.deliver_raw(&plain(&format!("no {no}"), "x"), &[&inbox.address]).await;
        assert!(reply.starts_with("250 "), "{reply}");
        called.recv().await.expect("a call");
    }
    assert!(world.deliver(INJECTION, &[&inbox.address]).await.starts_with("250 "));
    let reply = world.deliver_raw(&plain("nobody", "x"), &["nobody-here@agents.test"]).await;
    assert!(!reply.starts_with("250 "), "{reply}");
    let id = sent(&inbox, &letter(&inbox, &["mia@elsewhere.example"])).await;
    fares(&inbox, &id, "sent").await;

    let claim = json!({ "max": 10, "seconds": 60 });
    let claims = inbox.http("POST", format!("/v1/inboxes/{}/leases", inbox.id)).json(&claim).send().await;
    let claims = claims.expect(200);
    let first = claims["data"][0]["id"].as_str().unwrap_or_else(|| panic!("{claims}"));
    let path = format!("/v1/inboxes/{}/leases/{first}/ack", inbox.id);
    inbox.http("POST", path).send().await.expect(200);

    let told = told(&world).await;
    let of = |name: &str| *told.get(name).unwrap_or_else(|| panic!("no {name} in {told:#?}"));
    assert_eq!(of(r#"mailward_mails_taken_total{risk="low"}"#), 3.0);
    assert_eq!(of(r#"mailward_mails_taken_total{risk="high"}"#), 1.0);
    assert_eq!(of(r#"mailward_mails_held_total{direction="inbound"}"#), 1.0);
    assert_eq!(of(r#"mailward_smtp_refusals_total{reason="no_such_inbox"}"#), 1.0);
    assert_eq!(of(r#"mailward_webhook_calls_total{outcome="failed"}"#), 1.0);
    assert_eq!(of(r#"mailward_sends_total{outcome="taken"}"#), 1.0);
    assert_eq!(of(r#"mailward_tenant_acts_total{tenant="ada",act="received"}"#), 4.0);
    assert_eq!(of(r#"mailward_tenant_acts_total{tenant="ada",act="held"}"#), 1.0);
    assert_eq!(of(r#"mailward_tenant_acts_total{tenant="_other",act="received"}"#), 0.0);
    assert!(of("mailward_memory_bytes") > 1e6 && of("mailward_store_bytes") > 1e5);
    let [groups, messages] = ["groups", "messages"].map(|what| of(&format!("mailward_commit_{what}_total")));
    assert!((1.0..=4.0).contains(&groups) && messages == 4.0, "{groups} groups of {messages}");
    assert!(of("mailward_commit_bytes_total") > 4_000.0 && of("mailward_commit_waiting_bytes") == 0.0);
    assert_eq!(of(r#"mailward_leases_total{outcome="granted"}"#), 3.0);
    assert_eq!(of(r#"mailward_leases_total{outcome="done"}"#), 1.0);
    for stage in ["smtp", "screen", "authenticate", "seal", "commit", "taken", "webhook", "send"] {
        let name = |end: &str, more: &str| format!("mailward_stage_seconds_{end}{{stage=\"{stage}\"{more}}}");
        let count = of(&name("count", ""));
        assert!(count >= 1.0 && of(&name("bucket", ",le=\"+Inf\"")) == count, "{stage}");
        assert!(of(&name("bucket", ",le=\"0.005\"")) <= of(&name("bucket", ",le=\"10\"")), "{stage}");
        assert!(of(&name("sum", "")) > 0.0, "{stage}");
    }
}

async fn a_monitor_is_told_of_mail_that_never_came_as_far_as_a_tenant(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    let huge = sender.command("MAIL FROM:<s@example.com> SIZE=99999999999").await.expect("a reply");
    assert!(huge.starts_with("552 5.3.4 "), "{huge}");
    assert!(sender.command("BREW coffee").await.expect("a reply").starts_with("500 5.5.2 "));
    for line in ["MAIL FROM:<s@example.com>".to_owned(), format!("RCPT TO:<{}>", inbox.address)] {
        assert!(sender.command(&line).await.expect("a reply").starts_with("250 "));
    }
    assert!(sender.command("DATA").await.expect("a reply").starts_with("354 "));
    let two = sender.command("Subject: one\r\n\r\nx\n.\nMAIL FROM:<two@example.com>\r\n.").await;
    assert!(two.as_ref().is_ok_and(|said| said.starts_with("550 5.6.11 ")), "{two:?}");
    let told = told(&world).await;
    let replies = told.iter().filter(|(name, _)| name.starts_with("mailward_smtp_replies_total"));
    let replies: Vec<(&str, f64)> = replies.map(|(name, count)| (name.as_str(), *count)).collect();
    let expected = ["5.3.4", "5.5.2", "5.6.11"]
        .map(|status| format!("mailward_smtp_replies_total{{status=\"{status}\"}}"));
    assert_eq!(replies, expected.each_ref().map(|name| (name.as_str(), 1.0)));
    assert!(inbox.emails().await.is_empty());
}
