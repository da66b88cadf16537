//! How long held mail waits for people: as a metric, in the API and on the console's pages.

use serde_json::{Value, json};

use crate::console::person::Person;
use crate::judging::until;
use crate::outgoing::{INJECTION, tainted};
use crate::sending::{letter, send};
use crate::world::actors::Tenant;
use crate::world::{World, both_databases};

both_databases!(
    how_long_mail_waited_is_told_to_monitors_and_to_people,
    what_nobody_decided_on_in_time_is_no_decision,
    how_long_mail_waits_is_for_reviewers_of_that_tenant,
);

async fn pace(tenant: &Tenant) -> Value {
    tenant.review("GET", "/v1/review/pace").send().await.expect(200)
}

async fn decide(tenant: &Tenant, id: &Value, verb: &str) {
    let path = format!("/v1/review/{}/{verb}", id.as_str().expect("an id"));
    tenant.review("POST", path).json(&json!({})).send().await.expect(200);
}

async fn how_long_mail_waited_is_told_to_monitors_and_to_people(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let nothing = json!({ "waiting": 0, "oldestAt": null, "decided": 0, "medianSeconds": null });
    assert_eq!(pace(&ada).await, nothing);
    for _ in 0..4 {
        assert!(world.deliver(INJECTION, &[&inbox.address]).await.starts_with("250 "));
    }
    let risky = tainted(&world, &ada).await;
    let held = send(&risky, &letter(&risky, &["stranger@example.org"])).await.expect(202);
    assert_eq!(held["status"], "held", "{held}");
    // Newest first: what goes, then what came.
    let ids: Vec<Value> = ada.held().await.iter().map(|mail| mail["id"].clone()).collect();
    assert_eq!((ids.len(), &ids[0]), (5, &held["id"]));
    world.tamper("UPDATE message SET received_at = received_at - 7200000 WHERE state = 'held'").await;
    world
        .tamper(
            "UPDATE message SET received_at = received_at - 259200000 WHERE state = 'held'
            AND id = (SELECT MIN(id) FROM message WHERE state = 'held')",
        )
        .await;
    for id in &ids[1..=2] {
        decide(&ada, id, "release").await;
    }
    decide(&ada, &ids[4], "reject").await;
    decide(&ada, &ids[0], "reject").await;

    let told = pace(&ada).await;
    assert_eq!((&told["waiting"], &told["decided"]), (&json!(1), &json!(4)), "{told}");
    assert_eq!(told["medianSeconds"].as_u64().expect("seconds") / 60, 120, "{told}");
    let listed = ada.held().await;
    assert_eq!(told["oldestAt"], listed[0]["createdAt"], "{listed:?}");

    let text = world.operator_http("GET", "/metrics").send().await.text();
    let name = "mailward_review_decision_seconds";
    let told = |end: &str, labels: &str| {
        let series = format!("{name}{end}{{{labels}}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(series.as_str()));
        line.unwrap_or_else(|| panic!("{series} in {text}")).parse::<f64>().expect("a number")
    };
    let released = r#"direction="inbound",decision="release""#;
    let rejected = r#"direction="inbound",decision="reject""#;
    assert_eq!((told("_count", released), told("_count", rejected)), (2.0, 1.0));
    assert_eq!(told("_count", r#"direction="outbound",decision="reject""#), 1.0);
    let within = |labels: &str, seconds: u64| told("_bucket", &format!("{labels},le=\"{seconds}\""));
    assert_eq!((within(released, 3_600), within(released, 14_400)), (0.0, 2.0));
    assert_eq!((within(rejected, 172_800), within(rejected, 345_600)), (0.0, 1.0));
    assert!((told("_sum", released) - 14_400.0).abs() < 600.0);
    assert!(!text.contains(r#"direction="outbound",decision="release""#), "nobody did that");

    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "reviewer").await;
    let mut olga = Person::joined(&world, None, "olga@host.test", "viewer").await;
    let said = "half were decided on within 2\u{202f}h (4 decisions, 30 days)";
    let page = ann.get("/console/review").await.text();
    assert!(page.contains("The oldest came 2 h ago.") && page.contains(said), "{page}");
    let page = olga.get("/console/tenants/ada").await.text();
    assert!(page.contains("the oldest came 2 h ago") && page.contains(said), "{page}");
}

async fn what_nobody_decided_on_in_time_is_no_decision(world: World) {
    let world = world.start_with(&["screening.held_days=3"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    for _ in 0..2 {
        assert!(world.deliver(INJECTION, &[&inbox.address]).await.starts_with("250 "));
    }
    decide(&ada, &ada.held().await[0]["id"], "release").await;
    world.tamper("UPDATE message SET received_at = received_at - 259210000 WHERE state = 'held'").await;
    let review = ada.review_token.clone();
    drop((ada, inbox));
    let world = world.restart().await;
    let asked = async || world.http("GET", "/v1/review/pace").token(&review).send().await.expect(200);
    until("the sweep", async || asked().await["waiting"] == 0).await;
    let told = asked().await;
    assert_eq!(told["decided"], 1, "{told}");
    assert!(told["medianSeconds"].as_u64().expect("seconds") < 3_600, "{told}");
}

async fn how_long_mail_waits_is_for_reviewers_of_that_tenant(world: World) {
    let ((ada, inbox), (bob, _)) = world.ada_and_bob().await;
    assert!(world.deliver(INJECTION, &[&inbox.address]).await.starts_with("250 "));
    assert_eq!(pace(&ada).await["waiting"], 1);
    assert_eq!(pace(&bob).await["waiting"], 0);
    // An agent cannot learn that there is held mail.
    inbox.http("GET", "/v1/review/pace").send().await.expect(403);
    ada.http("GET", "/v1/review/pace").send().await.expect(403);
    world.http("GET", "/v1/review/pace").send().await.expect(401);
}
