//! Held mail that two different people, or keys, must release.

use std::process::Command;

use serde_json::{Value, json};

use crate::console::person::Person;
use crate::judging::until;
use crate::outgoing::{INJECTION, tainted};
use crate::sending::{fares, letter, send};
use crate::world::actors::{Inbox, Tenant};
use crate::world::http::Answer;
use crate::world::mail::plain;
use crate::world::process::binary;
use crate::world::{World, both_databases};

both_databases!(
    two_different_keys_release_a_mail_and_one_key_twice_does_not,
    which_mail_takes_two_is_its_tenants_choice,
    one_who_rejects_is_enough,
    a_first_release_ends_with_the_time_of_its_mail,
    of_releases_at_once_each_key_s_counts_once,
    what_took_two_until_the_rule_was_lowered_still_does,
    the_rule_is_chosen_by_who_may,
    a_sender_is_let_through_as_far_as_both_want,
    people_at_the_console_see_who_released_it_and_that_they_cannot_twice,
    the_command_line_says_that_it_waits_for_another,
);

/// A tenant of which two must release, with an inbox and keys of two reviewers.
struct Two {
    ada: Tenant,
    inbox: Inbox,
    other: String,
}

async fn two(world: &World, rule: &str) -> Two {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    choose(&ada, &json!({ "fourEyes": rule })).await;
    let other = another_key(world).await;
    Two { ada, inbox, other }
}

async fn choose(ada: &Tenant, body: &Value) -> Value {
    ada.review("PATCH", "/v1/gate").json(body).send().await.expect(200)
}

async fn another_key(world: &World) -> String {
    let request = world.operator_http("POST", "/operator/v1/tenants/ada/keys");
    let made = request.json(&json!({ "kind": "reviewer" })).send().await.expect(201);
    made["token"].as_str().expect("a token").to_owned()
}

impl Two {
    async fn hold(&self, world: &World) -> String {
        assert!(world.deliver(INJECTION, &[&self.inbox.address]).await.starts_with("250 "));
        self.ada.held().await[0]["id"].as_str().expect("an id").to_owned()
    }

    async fn one(&self, id: &str, body: &Value) -> Answer {
        self.ada.review("POST", format!("/v1/review/{id}/release")).json(body).send().await
    }

    async fn another(&self, id: &str, body: &Value) -> Answer {
        let request = self.ada.world.http("POST", format!("/v1/review/{id}/release"));
        request.token(&self.other).json(body).send().await
    }

    async fn log(&self) -> Vec<Value> {
        let log = self.ada.review("GET", "/v1/audit").send().await.expect(200);
        log["data"].as_array().expect("rows").clone()
    }
}

fn keyid(token: &str) -> &str {
    token.split('_').nth(2).expect("a key id")
}

async fn nothing_is_left(world: &World) {
    let left: Vec<String> =
        world.dump().await.into_iter().filter(|row| row.starts_with("approval:")).collect();
    assert!(left.is_empty(), "{left:?}");
}

async fn two_different_keys_release_a_mail_and_one_key_twice_does_not(world: World) {
    let two = two(&world, "high").await;
    world.tenant("bob").await;
    let id = two.hold(&world).await;
    let listed = two.ada.held().await;
    assert_eq!(listed[0]["approvals"], json!({ "given": 0, "needed": 2, "by": null, "at": null }));
    let first = two.one(&id, &json!({ "reason": "our supplier, I think" })).await.expect(202);
    let me = keyid(&two.ada.review_token);
    assert_eq!((&first["state"], &first["approvals"]["given"]), (&json!("held"), &json!(1)));
    assert_eq!((&first["approvals"]["by"], &first["approvals"]["needed"]), (&json!(me), &json!(2)));
    assert!(two.inbox.emails().await.is_empty());
    let again = two.one(&id, &json!({})).await.expect(409);
    assert!(again["message"].as_str().expect("words").contains("second person"), "{again}");
    let shown = two.ada.review("GET", format!("/v1/review/{id}")).send().await.expect(200);
    assert_eq!(shown["approvals"], first["approvals"]);
    assert_eq!(two.ada.held().await[0]["approvals"], first["approvals"]);
    // An agent, a program of the tenant's and another tenant's reviewer are no second person.
    let path = format!("/v1/review/{id}/release");
    two.inbox.http("POST", path.clone()).json(&json!({})).send().await.expect(403);
    two.ada.http("POST", path.clone()).json(&json!({})).send().await.expect(403);
    let request = world.operator_http("POST", "/operator/v1/tenants/bob/keys");
    let foreign = request.json(&json!({ "kind": "reviewer" })).send().await.expect(201);
    let foreign = foreign["token"].as_str().expect("a token");
    world.http("POST", path).token(foreign).json(&json!({})).send().await.expect(404);
    assert!(two.inbox.emails().await.is_empty());

    let second = two.another(&id, &json!({ "reason": "I know them, too" })).await.expect(200);
    assert_eq!((&second["state"], second.get("approvals")), (&json!("delivered"), None));
    assert_eq!(two.inbox.emails().await.len(), 1);
    two.one(&id, &json!({})).await.expect(409);
    let log = two.log().await;
    let [released, proposed] = ["mail.release", "mail.propose_release"].map(|action| {
        let rows: Vec<&Value> = log.iter().filter(|row| row["action"] == action).collect();
        assert_eq!((rows.len(), &rows[0]["object"]), (1, &json!(id)), "{action}");
        rows[0].clone()
    });
    assert_eq!((&proposed["actor"], &proposed["reason"]), (&json!(me), &json!("our supplier, I think")));
    assert_eq!(
        (&released["actor"], &released["reason"]),
        (&json!(keyid(&two.other)), &json!("I know them, too"))
    );
    assert_eq!(released["detail"]["firstReleasedBy"], json!(me));
    nothing_is_left(&world).await;
}

async fn which_mail_takes_two_is_its_tenants_choice(world: World) {
    let two = two(&world, "high").await;
    let medium = json!({ "hold": "medium", "rules": [{ "phrase": "golden pheasant", "weight": 60 }] });
    choose(&two.ada, &medium).await;
    let held = async |subject: &str| {
        world.deliver_raw(&plain(subject, "the golden pheasant flies"), &[&two.inbox.address]).await;
        let mail = two.ada.held().await.remove(0);
        assert_eq!(mail["security"]["injectionRisk"], "medium", "{mail}");
        mail
    };
    let mail = held("first").await;
    assert!(mail.get("approvals").is_none(), "one is enough for what is medium");
    two.one(mail["id"].as_str().expect("an id"), &json!({})).await.expect(200);
    choose(&two.ada, &json!({ "fourEyes": "all" })).await;
    let mail = held("second").await;
    two.one(mail["id"].as_str().expect("an id"), &json!({})).await.expect(202);
    two.another(mail["id"].as_str().expect("an id"), &json!({})).await.expect(200);
    // What goes takes two wherever anything does.
    let risky = tainted(&world, &two.ada).await;
    let said = send(&risky, &letter(&risky, &["stranger@example.org"])).await.expect(202);
    let id = said["id"].as_str().expect("an id");
    assert_eq!(said["status"], "held");
    two.one(id, &json!({})).await.expect(202);
    two.one(id, &json!({})).await.expect(409);
    two.another(id, &json!({})).await.expect(200);
    fares(&risky, id, "sent").await;
}

async fn one_who_rejects_is_enough(world: World) {
    let two = two(&world, "all").await;
    for rejecter in [two.ada.review_token.clone(), two.other.clone()] {
        let id = two.hold(&world).await;
        two.one(&id, &json!({})).await.expect(202);
        let path = format!("/v1/review/{id}/reject");
        world.http("POST", path).token(&rejecter).json(&json!({})).send().await.expect(200);
        two.another(&id, &json!({})).await.expect(409);
        two.one(&id, &json!({})).await.expect(409);
    }
    assert!(two.inbox.emails().await.is_empty() && two.ada.held().await.is_empty());
    // An inbox that goes takes what waited with it.
    let id = two.hold(&world).await;
    two.one(&id, &json!({})).await.expect(202);
    two.ada.http("DELETE", format!("/v1/inboxes/{}", two.inbox.id)).send().await.expect(200);
    nothing_is_left(&world).await;
}

async fn a_first_release_ends_with_the_time_of_its_mail(world: World) {
    let world = world.start_with(&["screening.held_days=3"]).await;
    let two = two(&world, "all").await;
    let id = two.hold(&world).await;
    two.one(&id, &json!({})).await.expect(202);
    world.tamper("UPDATE message SET received_at = received_at - 259210000 WHERE state = 'held'").await;
    let (review, other) = (two.ada.review_token.clone(), two.other.clone());
    drop(two);
    let world = world.restart().await;
    let waiting = async || {
        let pace = world.http("GET", "/v1/review/pace").token(&review).send().await.expect(200);
        pace["waiting"].as_i64()
    };
    until("the sweep", async || waiting().await == Some(0)).await;
    let path = format!("/v1/review/{id}/release");
    world.http("POST", path).token(&other).json(&json!({})).send().await.expect(409);
    nothing_is_left(&world).await;
}

async fn of_releases_at_once_each_key_s_counts_once(world: World) {
    let two = two(&world, "all").await;
    let empty = json!({});
    for _ in 0..5 {
        let id = two.hold(&world).await;
        let answers = futures_util::future::join_all((0..4).map(|_| two.one(&id, &empty))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [202, 409, 409, 409], "one key");
        let (one, another) = (two.another(&id, &empty), two.another(&id, &empty));
        let (one, another) = futures_util::future::join(one, another).await;
        assert_eq!(one.status.min(another.status), 200, "the second person");
        assert_eq!(one.status.max(another.status), 409, "once");
        let id = two.hold(&world).await;
        let (one, another) = futures_util::future::join(two.one(&id, &empty), two.another(&id, &empty)).await;
        let mut statuses = [one.status, another.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 202], "two keys: one is the first, one the second");
        // A release and a reject at once: rejected, or released once and then rejected.
        let id = two.hold(&world).await;
        let reject = two.ada.world.http("POST", format!("/v1/review/{id}/reject")).token(&two.other);
        let (one, other) = futures_util::future::join(two.one(&id, &empty), reject.json(&empty).send()).await;
        assert!(matches!(one.status, 202 | 409) && other.status == 200, "{} {}", one.status, other.status);
    }
    assert_eq!(two.inbox.emails().await.len(), 10);
    assert!(two.ada.held().await.is_empty());
    nothing_is_left(&world).await;
}

async fn what_took_two_until_the_rule_was_lowered_still_does(world: World) {
    let two = two(&world, "all").await;
    let before = two.hold(&world).await;
    let shown = choose(&two.ada, &json!({ "fourEyes": "off" })).await;
    assert_eq!((&shown["fourEyes"], &shown["effective"]["fourEyes"]), (&json!("off"), &json!("off")));
    // Who may choose the rule does not release alone by it.
    two.one(&before, &json!({})).await.expect(202);
    two.one(&before, &json!({})).await.expect(409);
    choose(&two.ada, &json!({ "fourEyes": "high" })).await;
    choose(&two.ada, &json!({ "fourEyes": "off" })).await;
    two.one(&before, &json!({})).await.expect(409);
    let after = two.hold(&world).await;
    two.one(&after, &json!({})).await.expect(200);
    two.another(&before, &json!({})).await.expect(200);
    // Raised, it rules for what waits.
    let waits = two.hold(&world).await;
    choose(&two.ada, &json!({ "fourEyes": "high" })).await;
    two.one(&waits, &json!({})).await.expect(202);
    let changes = two.log().await.into_iter().filter(|row| row["action"] == "policy.change");
    let rules: Vec<Value> = changes.map(|row| row["detail"]["fourEyes"].clone()).collect();
    assert_eq!(rules, ["high", "off", "high", "off", "all"]);
}

async fn the_rule_is_chosen_by_who_may(world: World) {
    let two = two(&world, "high").await;
    for bad in [json!("on"), json!(true), json!(2)] {
        let body = json!({ "fourEyes": bad });
        two.ada.review("PATCH", "/v1/gate").json(&body).send().await.expect(400);
    }
    let off = json!({ "fourEyes": "off" });
    two.ada.http("PATCH", "/v1/gate").json(&off).send().await.expect(403);
    two.inbox.http("PATCH", "/v1/gate").json(&off).send().await.expect(403);
    // Not of an inbox: there it would be lowered where nobody looks.
    let gate = format!("/v1/inboxes/{}/gate", two.inbox.id);
    two.ada.review("PATCH", gate.clone()).json(&off).send().await.expect(400);
    two.ada.review("PUT", gate.clone()).json(&off).send().await.expect(400);
    let inbox = format!("/v1/inboxes/{}", two.inbox.id);
    two.ada.review("PATCH", inbox).json(&json!({ "gate": off })).send().await.expect(400);
    let shown = two.ada.review("GET", gate).send().await.expect(200);
    assert_eq!((&shown["fourEyes"], &shown["effective"]["fourEyes"]), (&Value::Null, &json!("high")));
    // A policy that is chosen anew and does not name it leaves it.
    let shown = two.ada.review("PUT", "/v1/gate").json(&json!({ "hold": "high" })).send().await.expect(200);
    assert_eq!(shown["fourEyes"], "high");
    let id = two.hold(&world).await;
    two.one(&id, &json!({})).await.expect(202);
    two.another(&id, &json!({})).await.expect(200);
}

async fn a_sender_is_let_through_as_far_as_both_want(world: World) {
    let two = two(&world, "all").await;
    let allow = |until: &str, all: bool| json!({ "allowSender": { "until": until, "allInboxes": all } });
    let day = |day: u32| format!("2027-01-{day:02}T00:00:00.000Z");
    let id = two.hold(&world).await;
    let first = two.one(&id, &allow(&day(10), false)).await.expect(202);
    assert!(first.get("allowedSender").is_none());
    let senders = async || two.ada.review("GET", "/v1/gate/senders").send().await.expect(200);
    assert_eq!(senders().await["data"], json!([]), "one alone lets nobody through");
    let second = two.another(&id, &allow(&day(20), true)).await.expect(200);
    assert_eq!(second["allowedSender"]["until"], json!(day(10)));
    assert_eq!(second["allowedSender"]["inboxId"], json!(two.inbox.id));
    let made = second["allowedSender"]["id"].as_str().expect("an id");
    two.ada.review("DELETE", format!("/v1/gate/senders/{made}")).send().await.expect(200);
    // The second does not let through whom the first did not, nor the other way round.
    let id = two.hold(&world).await;
    two.one(&id, &json!({})).await.expect(202);
    let told = two.another(&id, &allow(&day(20), false)).await.expect(400);
    assert!(told["message"].as_str().expect("words").contains("takes both"), "{told}");
    two.another(&id, &json!({})).await.expect(200);
    let id = two.hold(&world).await;
    two.one(&id, &allow(&day(10), false)).await.expect(202);
    two.another(&id, &json!({})).await.expect(200);
    assert_eq!(senders().await["data"], json!([]));
}

async fn people_at_the_console_see_who_released_it_and_that_they_cannot_twice(world: World) {
    let two = two(&world, "high").await;
    let id = two.hold(&world).await;
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "reviewer").await;
    let mut ben = Person::joined(&world, Some("ada"), "ben@ada.test", "reviewer").await;
    let path = format!("/console/review/{id}");
    let page = ann.get(&path).await.text();
    assert!(page.contains("Two different people must release this mail."), "{page}");
    let release = [("decision", "release")];
    // Taken back, it was none.
    ann.post(&path, &release).await;
    let list = ann.get("/console/review").await.text();
    assert!(list.contains("is released by you, and waits for a second person."), "{list}");
    ann.post("/console/review/undo", &[("id", &id)]).await;
    ann.post(&path, &release).await;
    let first = async || two.ada.held().await[0]["approvals"]["given"] == 1;
    until("the first release", first).await;
    let mine = ann.get(&path).await.text();
    assert!(mine.contains("1 of 2: you released it"), "{mine}");
    assert!(!mine.contains("value=\"release\"") && mine.contains("value=\"reject\""), "{mine}");
    assert!(ann.get("/console/review").await.text().contains("released by you: somebody else must, too"));
    let again = ann.post(&path, &release).await;
    assert!(again.status == 409 && again.text().contains("second person"), "{}", again.text());
    assert!(two.inbox.emails().await.is_empty());
    let his = ben.get(&path).await.text();
    assert!(his.contains("1 of 2: ann released it") && his.contains("value=\"release\""), "{his}");
    assert!(ben.get("/console/review").await.text().contains("released by one: waits for a second"));
    let allowing = ben.post(&path, &[("decision", "release"), ("allow", "30")]).await;
    assert!(allowing.status == 400 && allowing.text().contains("takes both"), "{}", allowing.text());
    assert_eq!(ben.post(&path, &release).await.status, 303);
    until("the mail", async || !two.inbox.emails().await.is_empty()).await;
    let log = ann.get("/console/audit").await.text();
    assert!(log.contains("mail.propose_release") && log.contains("mail.release"), "{log}");
    nothing_is_left(&world).await;
}

async fn the_command_line_says_that_it_waits_for_another(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let other = another_key(&world).await;
    let run = async |name: &str, key: &str, words: &[&str]| {
        let at = if name == "MAILWARD_KEY" { world.http } else { world.operator };
        let mut command = Command::new(binary());
        command.args(words).arg("--server").arg(format!("http://{at}")).env_clear().env(name, key);
        let output =
            tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), format!("{out}{err}"))
    };
    let operator = world.operator_token.clone();
    let set = ["policy", "set", "--tenant", "ada", "--four-eyes", "high"];
    let (done, out) = run("MAILWARD_OPERATOR_KEY", &operator, &set).await;
    assert!(done && out.contains("fourEyes") && out.contains("high"), "{out}");
    assert!(world.deliver(INJECTION, &[&inbox.address]).await.starts_with("250 "));
    let id = ada.held().await[0]["id"].as_str().expect("an id").to_owned();
    let release = ["review", "release", id.as_str()];
    let (done, out) = run("MAILWARD_KEY", &ada.review_token, &release).await;
    assert!(done && out.contains("waits for a second person: released 1 of 2"), "{out}");
    let (done, out) = run("MAILWARD_KEY", &ada.review_token, &release).await;
    assert!(!done && out.contains("a second person, with another key, must confirm it"), "{out}");
    let (_, out) = run("MAILWARD_KEY", &other, &["review", "list"]).await;
    assert!(out.contains("1 of 2, by ") && out.contains(keyid(&ada.review_token)), "{out}");
    let (_, out) = run("MAILWARD_KEY", &other, &["review", "show", id.as_str()]).await;
    assert!(out.contains("released: 1 of 2"), "{out}");
    let (done, out) = run("MAILWARD_KEY", &other, &release).await;
    assert!(done && out.contains("is delivered"), "{out}");
}
