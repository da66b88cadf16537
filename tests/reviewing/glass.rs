//! Break-glass: an operator reads mail of a tenant for half an hour, for a reason; the tenant is told, and may end it.

use serde_json::{Value, json};

use crate::console::person::{Person, between};
use crate::outgoing::INJECTION;
use crate::world::actors::{Inbox, Tenant};
use crate::world::http::Answer;
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    an_operator_with_a_grant_reads_mail_and_the_tenant_knows_of_each,
    after_half_an_hour_nothing_is_shown_any_more,
    a_grant_for_one_mail_shows_that_mail_alone,
    a_tenant_ends_a_grant_at_once,
    a_grant_is_the_operators_own_and_of_one_tenant,
    who_loses_her_role_loses_her_grant,
    a_tenants_people_see_it_on_every_page_and_an_admin_ends_it,
);

const WHY: &str = "case 12, asked for by the customer";

async fn grant(world: &World, tenant: &str) -> Value {
    let path = format!("/operator/v1/tenants/{tenant}/break-glass");
    world.operator_http("POST", path).json(&json!({ "reason": WHY })).send().await.expect(201)
}

async fn read(world: &World, tenant: &str, mail: &str) -> Answer {
    world.operator_http("GET", format!("/operator/v1/tenants/{tenant}/emails/{mail}")).send().await
}

async fn mail(world: &World, inbox: &Inbox, subject: &str) -> String {
    let reply = world.deliver_raw(&plain(subject, "the harvest begins on Monday"), &[&inbox.address]).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let emails = inbox.emails().await;
    let found = emails.iter().find(|mail| mail["subject"] == subject).expect("it came");
    found["id"].as_str().expect("an id").to_owned()
}

async fn log(tenant: &Tenant) -> Vec<Value> {
    let log = tenant.review("GET", "/v1/audit").send().await.expect(200);
    log["data"].as_array().expect("rows").clone()
}

async fn grants(tenant: &Tenant) -> Vec<Value> {
    let list = tenant.review("GET", "/v1/break-glass").send().await.expect(200);
    list["data"].as_array().expect("a list").clone()
}

/// What an operator is told who has no grant, whether or not there is such a mail.
async fn refused(world: &World, tenant: &str, mail: &str) {
    for id in [mail, "eml_00000000000000000000000000"] {
        let told = read(world, tenant, id).await.expect(403);
        assert_eq!(told["error"], "break_glass_needed", "{told}");
        assert!(told["fix"].as_str().expect("a fix").contains("with a reason"));
    }
}

async fn an_operator_with_a_grant_reads_mail_and_the_tenant_knows_of_each(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let delivered = mail(&world, &inbox, "Strawberries").await;
    assert!(world.deliver(INJECTION, &[&inbox.address]).await.starts_with("250 "));
    let held = ada.held().await[0]["id"].as_str().expect("an id").to_owned();
    refused(&world, "ada", &delivered).await;
    let path = "/operator/v1/tenants/ada/break-glass";
    for short in [json!({}), json!({ "reason": "because" }), json!({ "reason": "   because    " })] {
        world.operator_http("POST", path).json(&short).send().await.expect(400);
    }
    let before = log(&ada).await.len();
    let made = grant(&world, "ada").await;
    assert_eq!((&made["isOpen"], &made["emailId"]), (&json!(true), &Value::Null));
    assert!(made.get("reason").is_none(), "it is the tenant's to read");
    let shown = read(&world, "ada", &delivered).await.expect(200);
    assert_eq!(shown["subject"], "Strawberries");
    assert!(shown["body"].as_str().expect("a text").contains("harvest"));
    assert_eq!(read(&world, "ada", &held).await.expect(200)["state"], "held");
    read(&world, "ada", "eml_00000000000000000000000000").await.expect(404);
    // Each look is an act that names the grant; the grant says why.
    let rows = log(&ada).await;
    assert_eq!(rows.len(), before + 3);
    for (row, id) in [(&rows[1], &delivered), (&rows[0], &held)] {
        assert_eq!((&row["action"], &row["object"]), (&json!("mail.break_glass"), &json!(id)));
        assert_eq!((&row["detail"]["grant"], &row["actorKind"]), (&made["id"], &json!("operator")));
    }
    assert_eq!((&rows[2]["action"], &rows[2]["object"]), (&json!("break_glass.open"), &made["id"]));
    assert_eq!((&rows[2]["reason"], &rows[2]["detail"]["minutes"]), (&json!(WHY), &json!(30)));
    let own = grants(&ada).await;
    assert_eq!((&own[0]["id"], &own[0]["reason"], own.len()), (&made["id"], &json!(WHY), 1));
    // Programs of the tenant's are told, an agent is not.
    let events = ada.http("GET", "/v1/events?limit=100").send().await.expect(200);
    let told = events["data"].as_array().expect("events").last().expect("one").clone();
    assert_eq!((&told["type"], &told["data"]["id"]), (&json!("tenant.break_glass"), &made["id"]));
    assert_eq!((&told["data"]["until"], told["data"].get("reason")), (&made["until"], None));
    let agent = inbox.http("GET", "/v1/events?limit=100").send().await.expect(200).to_string();
    assert!(!agent.contains("break_glass"), "{agent}");
    inbox.http("GET", "/v1/break-glass").send().await.expect(403);
    // What is kept of it is sealed.
    assert!(!world.dump().await.iter().any(|row| row.contains("asked for by the customer")));
    // Given up, it is over.
    let close = format!("{path}/{}", made["id"].as_str().expect("an id"));
    world.operator_http("DELETE", close.clone()).send().await.expect(200);
    refused(&world, "ada", &delivered).await;
    world.operator_http("DELETE", close).send().await.expect(404);
    assert_eq!(log(&ada).await[0]["action"], "break_glass.close");
}

async fn after_half_an_hour_nothing_is_shown_any_more(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let id = mail(&world, &inbox, "Strawberries").await;
    let made = grant(&world, "ada").await;
    let at =
        |key: &str| mailward_mail::clock::Timestamp::parse(made[key].as_str().expect("a time")).expect("ISO");
    assert_eq!(at("until").millis() - at("openedAt").millis(), 30 * 60_000);
    world.tamper("UPDATE break_glass SET opened_at = opened_at - 1740000, until = until - 1740000").await;
    read(&world, "ada", &id).await.expect(200);
    world.tamper("UPDATE break_glass SET opened_at = opened_at - 60001, until = until - 60001").await;
    refused(&world, "ada", &id).await;
    let own = grants(&ada).await;
    assert_eq!((&own[0]["isOpen"], &own[0]["endedAt"]), (&json!(false), &Value::Null));
    let path = format!("/v1/break-glass/{}", made["id"].as_str().expect("an id"));
    ada.review("DELETE", path).send().await.expect(404);
}

async fn a_grant_for_one_mail_shows_that_mail_alone(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (one, other) = (mail(&world, &inbox, "One").await, mail(&world, &inbox, "Other").await);
    let path = format!("/operator/v1/tenants/ada/emails/{one}/break-glass");
    let shown = world.operator_http("POST", path).json(&json!({ "reason": WHY })).send().await.expect(200);
    assert_eq!(shown["subject"], "One");
    read(&world, "ada", &one).await.expect(200);
    refused(&world, "ada", &other).await;
    assert_eq!(grants(&ada).await[0]["emailId"], json!(one));
    let never = "/operator/v1/tenants/ada/emails/eml_00000000000000000000000000/break-glass";
    world.operator_http("POST", never).json(&json!({ "reason": WHY })).send().await.expect(404);
    assert_eq!(grants(&ada).await.len(), 1, "no mail, no grant");
}

async fn a_tenant_ends_a_grant_at_once(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let id = mail(&world, &inbox, "Strawberries").await;
    let made = grant(&world, "ada").await;
    let path = format!("/v1/break-glass/{}", made["id"].as_str().expect("an id"));
    // A program's key ends nothing.
    ada.http("DELETE", path.clone()).send().await.expect(403);
    inbox.http("DELETE", path.clone()).send().await.expect(403);
    read(&world, "ada", &id).await.expect(200);
    ada.review("DELETE", path.clone()).send().await.expect(200);
    refused(&world, "ada", &id).await;
    ada.review("DELETE", path).send().await.expect(404);
    let own = grants(&ada).await;
    assert_eq!(own[0]["endedBy"].as_str(), ada.review_token.split('_').nth(2));
    let rows = log(&ada).await;
    assert_eq!((&rows[0]["action"], &rows[0]["actorKind"]), (&json!("break_glass.close"), &json!("key")));
}

async fn a_grant_is_the_operators_own_and_of_one_tenant(world: World) {
    let ((ada, inbox), (bob, theirs)) = world.ada_and_bob().await;
    let (own, foreign) = (mail(&world, &inbox, "Ada's").await, mail(&world, &theirs, "Bob's").await);
    let mut olga = Person::joined(&world, None, "olga@host.test", "reviewer").await;
    let mut oscar = Person::joined(&world, None, "oscar@host.test", "admin").await;
    let mut vic = Person::joined(&world, None, "vic@host.test", "viewer").await;
    let glass = "/console/tenants/ada/break-glass";
    assert_eq!(vic.post(glass, &[("reason", WHY)]).await.status, 403);
    assert_eq!(olga.post(glass, &[("reason", "short")]).await.status, 400);
    let opened = olga.post(glass, &[("reason", WHY)]).await;
    assert_eq!(opened.header("location"), Some("/console/tenants/ada?done=glass"));
    let shown = olga.post("/console/tenants/ada/mail", &[("mail", &own)]).await;
    assert!(shown.status == 200 && shown.text().contains("harvest"), "{}", shown.text());
    // Hers, and nobody else's: not a colleague's of a higher role, not the operator's key's.
    let theirs = oscar.post("/console/tenants/ada/mail", &[("mail", &own)]).await;
    assert!(theirs.status == 400 && !theirs.text().contains("harvest"), "{}", theirs.text());
    assert_eq!(vic.post("/console/tenants/ada/mail", &[("mail", &own)]).await.status, 403);
    refused(&world, "ada", &own).await;
    let id = grants(&ada).await[0]["id"].as_str().expect("an id").to_owned();
    let close = format!("{glass}/{id}/close");
    assert_eq!(oscar.post(&close, &[]).await.status, 404);
    world
        .operator_http("DELETE", format!("/operator/v1/tenants/ada/break-glass/{id}"))
        .send()
        .await
        .expect(404);
    // Of one tenant: another's mail is none of it, nor is the grant another's to see or to end.
    assert_eq!(olga.post("/console/tenants/bob/mail", &[("mail", &foreign)]).await.status, 400);
    assert_eq!(olga.post("/console/tenants/ada/mail", &[("mail", &foreign)]).await.status, 404);
    assert!(grants(&bob).await.is_empty());
    let end = format!("/v1/break-glass/{id}");
    let never = "/v1/break-glass/glass_00000000000000000000000000";
    let answers = [bob.review("DELETE", end).send().await, bob.review("DELETE", never).send().await];
    let bodies = answers.map(|answer| {
        let mut told = answer.expect(404);
        told["requestId"].take();
        told
    });
    assert_eq!(bodies[0], bodies[1]);
    let page = olga.get("/console/tenants/ada").await.text();
    assert!(page.contains("open until") && page.contains(&close), "{page}");
    let page = oscar.get("/console/tenants/ada").await.text();
    assert!(page.contains("open until") && !page.contains(&close) && !page.contains(WHY), "{page}");
    assert_eq!(olga.post(&close, &[]).await.status, 303);
    assert_eq!(olga.post("/console/tenants/ada/mail", &[("mail", &own)]).await.status, 400);
}

async fn who_loses_her_role_loses_her_grant(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let id = mail(&world, &inbox, "Strawberries").await;
    let mut oscar = Person::joined(&world, None, "oscar@host.test", "admin").await;
    let mut olga = Person::joined(&world, None, "olga@host.test", "reviewer").await;
    let mut rea = Person::joined(&world, None, "rea@host.test", "reviewer").await;
    for person in [&mut olga, &mut rea] {
        assert_eq!(person.post("/console/tenants/ada/break-glass", &[("reason", WHY)]).await.status, 303);
        assert_eq!(person.post("/console/tenants/ada/mail", &[("mail", &id)]).await.status, 200);
    }
    let list = oscar.get("/console/people").await.text();
    let path = |email: &str| {
        let row = list.split("<tr>").find(|row| row.contains(email)).expect("a row");
        format!("/console/people/{}", between(row, "/console/people/", "/role"))
    };
    let (hers, reas) = (path("olga@host.test"), path("rea@host.test"));
    let open = async || grants(&ada).await.iter().filter(|one| one["isOpen"] == true).count();
    assert_eq!(open().await, 2);
    assert_eq!(oscar.post(&format!("{reas}/remove"), &[]).await.status, 303);
    assert_eq!(open().await, 1, "who was removed has none");
    assert_ne!(rea.get("/console/tenants/ada").await.status, 200);
    assert_eq!(oscar.post(&format!("{hers}/role"), &[("role", "viewer")]).await.status, 303);
    assert_eq!(open().await, 0, "a viewer has none");
    assert_eq!(oscar.post(&format!("{hers}/role"), &[("role", "reviewer")]).await.status, 303);
    assert_eq!(open().await, 0, "nor does she get it back with her role");
    let password = olga.password.clone();
    olga.gives_password(&password).await;
    let code = olga.code(1);
    assert_eq!(olga.gives_code(&code).await.status, 303);
    assert_eq!(olga.get("/console/tenants/ada").await.status, 200);
    assert_eq!(olga.post("/console/tenants/ada/mail", &[("mail", &id)]).await.status, 400);
    assert_eq!(olga.post("/console/tenants/ada/break-glass", &[("reason", WHY)]).await.status, 303);
    assert_eq!(olga.post("/console/tenants/ada/mail", &[("mail", &id)]).await.status, 200);
}

async fn a_tenants_people_see_it_on_every_page_and_an_admin_ends_it(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let id = mail(&world, &inbox, "Strawberries").await;
    world.tenant("bob").await;
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "admin").await;
    let mut vic = Person::joined(&world, Some("ada"), "vic@ada.test", "viewer").await;
    let mut bea = Person::joined(&world, Some("bob"), "bea@bob.test", "admin").await;
    let said = "An operator of the service may read your mail until";
    assert!(!ann.get("/console").await.text().contains(said));
    let path = "/operator/v1/tenants/ada/break-glass";
    let why = json!({ "reason": "case <b>12</b>, asked \u{202e}for" });
    let made = world.operator_http("POST", path).json(&why).send().await.expect(201);
    let end = format!("/console/break-glass/{}/end", made["id"].as_str().expect("an id"));
    for page in ["/console", "/console/usage", "/console/people", "/console/audit"] {
        let (hers, his) = (ann.get(page).await.text(), vic.get(page).await.text());
        assert!(hers.contains(said) && hers.contains(&end), "{page}: {hers}");
        assert!(hers.contains("case &#60;b&#62;12&#60;/b&#62;, asked [RLO]for"), "{page}: {hers}");
        assert!(his.contains(said) && !his.contains(&end), "{page}: {his}");
        assert!(!bea.get(page).await.text().contains(said), "{page}");
    }
    assert_eq!(vic.post(&end, &[]).await.status, 403);
    assert_eq!(bea.post(&end, &[]).await.status, 404);
    read(&world, "ada", &id).await.expect(200);
    assert_eq!(ann.post(&end, &[]).await.header("location"), Some("/console?done=glass-ended"));
    assert_eq!(ann.post(&end, &[]).await.status, 404);
    refused(&world, "ada", &id).await;
    assert!(!vic.get("/console").await.text().contains(said));
    let log = vic.get("/console/audit").await.text();
    assert!(log.contains("break_glass.open") && log.contains("break_glass.close"), "{log}");
}
