//! Stored mail judged anew: what would change is told, what was delivered stays, what was decided stands.

use std::process::Command;

use mailward_mailroom::RotationRequest;
use serde_json::{Value, json};

use super::{medium, put};
use crate::keys::rotate;
use crate::world::actors::Tenant;
use crate::world::mail::plain;
use crate::world::process::binary;
use crate::world::{World, both_databases};

both_databases!(
    a_dry_run_tells_what_a_new_policy_would_change_and_changes_nothing,
    a_run_stores_new_verdicts_once_and_moves_no_mail,
    a_run_goes_on_behind_any_mail_and_ends,
    a_run_is_an_operators_and_the_tenant_reads_of_it,
    a_summary_that_was_written_anew_outlives_the_rotation_of_its_key,
    the_command_line_chooses_judges_and_decides,
);

async fn rescore(world: &World, tenant: &str, body: Value) -> Value {
    let path = format!("/operator/v1/tenants/{tenant}/rescore");
    world.operator_http("POST", path).json(&body).send().await.expect(200)
}

/// A tenant with a delivered mail that a phrase stands in, a delivered one without, and a held one.
async fn with_mail(world: &World) -> (Tenant, crate::world::actors::Inbox) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver_raw(&plain("harmless", "See you at noon."), &[&inbox.address]).await;
    world.deliver_raw(&plain("gold", "The golden pheasant flies."), &[&inbox.address]).await;
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    (ada, inbox)
}

const PHRASE: &str = r#"{"rules":[{"phrase":"golden pheasant","weight":90}]}"#;

fn phrase() -> Value {
    serde_json::from_str(PHRASE).expect("JSON")
}

async fn a_dry_run_tells_what_a_new_policy_would_change_and_changes_nothing(world: World) {
    let (ada, inbox) = with_mail(&world).await;
    let same = rescore(&world, "ada", json!({})).await;
    assert_eq!((&same["mails"], &same["changed"], &same["next"]), (&json!(3), &json!(0), &Value::Null));
    put(&ada, "/v1/gate", &phrase()).await;
    let before = world.dump().await;
    let told = rescore(&world, "ada", json!({ "dryRun": true })).await;
    assert_eq!((&told["mails"], &told["changed"], &told["stored"]), (&json!(3), &json!(1), &json!(0)));
    let levels = json!([
        { "from": "high", "to": "high", "mails": 1 },
        { "from": "low", "to": "high", "mails": 1 },
        { "from": "low", "to": "low", "mails": 1 },
    ]);
    assert_eq!(told["levels"], levels);
    let senders = json!([
        { "domain": "example.com", "mails": 2, "raised": 1, "lowered": 0 },
        { "domain": "fernwood-supplies.example", "mails": 1, "raised": 0, "lowered": 0 },
    ]);
    assert_eq!(told["senders"], senders);
    let gold = inbox.emails().await[0].clone();
    assert_eq!(told["wouldHold"], json!([gold["id"]]));
    assert_eq!(gold["security"]["injectionRisk"], json!("low"), "nothing changed");
    let only_log = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter()
            .filter(|row| {
                !row.starts_with("audit") && !row.starts_with("api_key") && !row.starts_with("tenant")
            })
            .collect()
    };
    assert_eq!(only_log(before), only_log(world.dump().await));
}

async fn a_run_stores_new_verdicts_once_and_moves_no_mail(world: World) {
    let (ada, inbox) = with_mail(&world).await;
    world.deliver_raw(&medium("decided"), &[&inbox.address]).await;
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    let decided = ada.held().await[0]["id"].as_str().expect("an id").to_owned();
    ada.review("POST", format!("/v1/review/{decided}/release")).send().await.expect(200);
    let held = ada.held().await[0]["id"].clone();
    put(&ada, "/v1/gate", &json!({ "hold": "never", "rules": phrase()["rules"] })).await;
    let done = rescore(&world, "ada", json!({ "dryRun": false })).await;
    assert_eq!((&done["mails"], &done["decided"], &done["changed"]), (&json!(5), &json!(1), &json!(1)));
    assert!(done["stored"].as_u64().is_some_and(|stored| stored >= 1), "{done}");
    assert_eq!((&done["wouldPass"], &done["wouldHold"]), (&json!([held]), &json!([])));
    assert_eq!(ada.held().await[0]["id"], held, "it waits for a person still");
    let mails = inbox.emails().await;
    let gold = mails.iter().find(|mail| mail["subject"] == "gold").expect("still delivered");
    assert_eq!(
        (&gold["security"]["injectionRisk"], &gold["security"]["findings"][0]["rule"]),
        (&json!("high"), &json!("own.1"))
    );
    let risky =
        inbox.http("GET", format!("/v1/inboxes/{}/emails?risk=high", inbox.id)).send().await.expect(200);
    assert!(
        risky["data"].as_array().expect("a list").iter().any(|mail| mail["subject"] == "gold"),
        "the list knows"
    );
    let opened = inbox
        .http("GET", format!("/v1/inboxes/{}/emails/{}", inbox.id, gold["id"].as_str().expect("an id")))
        .send()
        .await;
    assert!(opened.expect(200)["body"].as_str().is_some_and(|body| body.contains("pheasant")));
    let again = rescore(&world, "ada", json!({ "dryRun": false })).await;
    assert_eq!((&again["changed"], &again["stored"], &again["missed"]), (&json!(0), &json!(0), &json!(0)));
    let store = world.store().await;
    assert_eq!(store.recount().await.expect("counted"), 0, "stored bytes are counted right");
}

async fn a_run_goes_on_behind_any_mail_and_ends(world: World) {
    let (ada, inbox) = with_mail(&world).await;
    let bob = world.tenant("bob").await;
    let other = bob.inbox().await;
    world.deliver_raw(&plain("gold", "The golden pheasant flies."), &[&other.address]).await;
    put(&ada, "/v1/gate", &phrase()).await;
    let (mut after, mut batches, mut stored) = (Value::Null, 0, 0);
    loop {
        let batch = rescore(&world, "ada", json!({ "dryRun": false, "limit": 1, "after": after })).await;
        stored += batch["stored"].as_u64().expect("a number");
        batches += 1;
        after = batch["next"].clone();
        if after.is_null() {
            break;
        }
    }
    assert_eq!((batches, stored), (4, 3), "each batch a mail, and an empty one at the end");
    assert_eq!(inbox.emails().await[0]["security"]["injectionRisk"], json!("high"));
    assert_eq!(other.emails().await[0]["security"]["injectionRisk"], json!("low"), "bob's mail is bob's");
    let path = "/operator/v1/tenants/ada/rescore";
    for bad in
        [json!({ "limit": 0 }), json!({ "limit": 501 }), json!({ "after": "x" }), json!({ "dry": true })]
    {
        world.operator_http("POST", path).json(&bad).send().await.expect(400);
    }
}

async fn a_run_is_an_operators_and_the_tenant_reads_of_it(world: World) {
    let (ada, _) = with_mail(&world).await;
    for token in [&ada.token, &ada.review_token] {
        let path = "/operator/v1/tenants/ada/rescore";
        let asked =
            crate::world::http::Request::new(world.operator, "POST", path).token(token).json(&json!({}));
        asked.send().await.expect(401);
        world.http("POST", path).token(token).json(&json!({})).send().await.expect(404);
    }
    world
        .operator_http("POST", "/operator/v1/tenants/nobody/rescore")
        .json(&json!({}))
        .send()
        .await
        .expect(404);
    rescore(&world, "ada", json!({})).await;
    let log = ada.review("GET", "/v1/audit").send().await.expect(200);
    let row = log["data"].as_array().expect("rows").iter().find(|row| row["action"] == "mail.rescore");
    let row = row.unwrap_or_else(|| panic!("{log}"));
    assert_eq!((&row["actorKind"], &row["detail"]["mode"]), (&json!("operator"), &json!("dry run")));
}

async fn a_summary_that_was_written_anew_outlives_the_rotation_of_its_key(world: World) {
    let (ada, inbox) = with_mail(&world).await;
    put(&ada, "/v1/gate", &phrase()).await;
    rescore(&world, "ada", json!({ "dryRun": false })).await;
    let room = crate::keys::room(&world);
    let operator = room
        .operator(&world.operator_token, std::net::Ipv4Addr::LOCALHOST.into())
        .await
        .expect("an operator");
    for reencrypt in [false, true] {
        let tenant = mailward_mail::id::TenantId::parse("ada").ok();
        rotate(&room, &operator, RotationRequest { tenant, reencrypt, ..RotationRequest::default() }).await;
        assert_eq!(inbox.emails().await[0]["security"]["injectionRisk"], json!("high"));
        assert_eq!(ada.held().await.len(), 1);
        let done = rescore(&world, "ada", json!({ "dryRun": false })).await;
        assert_eq!((&done["stored"], &done["unread"]), (&json!(0), &json!(0)));
    }
}

async fn the_command_line_chooses_judges_and_decides(world: World) {
    let (ada, inbox) = with_mail(&world).await;
    let (operator, http) = (format!("http://{}", world.operator), format!("http://{}", world.http));
    let (operator_key, review_key) = (world.operator_token.clone(), ada.review_token.clone());
    let run = async |words: &[&str]| {
        let reviews = words[0] == "review";
        let (server, name, key) = if reviews {
            (&http, "MAILWARD_KEY", &review_key)
        } else {
            (&operator, "MAILWARD_OPERATOR_KEY", &operator_key)
        };
        let mut command = Command::new(binary());
        command.args(words).arg("--server").arg(server).env_clear().env(name, key);
        let output =
            tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends");
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        );
        assert!(output.status.success(), "{err}");
        out
    };
    let json = |text: &str| -> Value { serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}")) };
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), PHRASE).expect("written");
    let path = file.path().to_str().expect("text");
    run(&["policy", "set", "--tenant", "ada", "--file", path]).await;
    let set =
        run(&["policy", "set", "--tenant", "ada", "--inbox", &inbox.id, "--hold", "medium", "--json"]).await;
    assert_eq!(json(&set)["effective"]["hold"], json!("medium"));
    let shown = run(&["policy", "show", "--tenant", "ada"]).await;
    assert!(shown.contains("\"golden pheasant\" (90)"), "{shown}");

    let dry = json(&run(&["rescore", "--dry-run", "--json"]).await);
    assert_eq!(
        (&dry["dryRun"], &dry["mails"], &dry["changed"], &dry["stored"]),
        (&json!(true), &json!(3), &json!(1), &json!(0))
    );
    assert_eq!(dry["wouldHold"][0]["tenant"], json!("ada"));
    let table = run(&["rescore", "--tenant", "ada"]).await;
    assert!(
        table.contains("example.com") && table.contains("1 changed") && table.contains("they stay delivered"),
        "{table}"
    );
    let place = format!("ada:{}", inbox.emails().await[1]["id"].as_str().expect("an id"));
    assert_eq!(json(&run(&["rescore", "--dry-run", "--from", &place, "--json"]).await)["mails"], json!(2));

    let held = json(&run(&["review", "list", "--json"]).await);
    let id = held["data"][0]["id"].as_str().expect("an id").to_owned();
    assert!(run(&["review", "list"]).await.contains(&id));
    let shown = run(&["review", "show", &id]).await;
    assert!(shown.contains("exfiltration.") && shown.contains("ignore all"), "{shown}");
    let released =
        run(&["review", "release", &id, "--reason", "known", "--allow-until", "2027-06-01T00:00:00Z"]).await;
    assert!(
        released.contains("is delivered") && released.contains("let through until 2027-06-01"),
        "{released}"
    );
    assert_eq!(inbox.emails().await.len(), 3);
}
