//! Domains that tenants bring: proven by real lookups, one holder each, lost with the proof; and who tries to take one.

use std::collections::HashMap;
use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_store::{Claim, ClaimedJob, JobKind};
use serde_json::{Value, json};

use crate::world::actors::Tenant;
use crate::world::dns_server::{DnsServer, Kind, Record};
use crate::world::endpoint::endpoint;
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    a_domain_is_of_use_once_its_proof_is_published_and_not_before,
    who_claims_what_another_holds_hears_what_everybody_hears,
    a_lapsed_domain_keeps_its_mail_for_three_days_and_is_then_the_next_ones,
    of_two_that_prove_at_once_one_holds_the_domain,
    a_domain_with_inboxes_is_not_deleted,
    what_is_nobodys_is_claimed_by_nobody,
    a_claim_that_was_deleted_leaves_nothing_that_proves_the_next,
    silent_name_servers_verify_nothing_and_lose_nothing_at_once,
);

/// A service that asks a name server of the test's own answers.
async fn with_dns(world: &World) -> (World, DnsServer) {
    let (address, dns) = DnsServer::start(HashMap::new()).await;
    let servers = format!("dns.servers=[\"{address}\"]");
    (world.start_with(&[&servers, "webhooks.allow_private=[\"127.0.0.0/8\"]"]).await, dns)
}

async fn claim(tenant: &Tenant, name: &str) -> Value {
    tenant.http("POST", "/v1/domains").json(&json!({ "domain": name })).send().await.expect(201)
}

async fn verify(tenant: &Tenant, domain: &Value) -> crate::world::http::Answer {
    tenant.http("POST", format!("/v1/domains/{}/verify", text(domain, "id"))).send().await
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}"))
}

/// Publishes a claim's proof, and nothing of others.
fn publish(dns: &DnsServer, domains: &[&Value]) {
    let host = text(&domains[0]["dnsRecords"][0], "host").to_owned();
    let texts = domains.iter().map(|domain| Record::Txt(text(&domain["dnsRecords"][0], "value").to_owned()));
    dns.set(&host, Kind::Txt, texts.collect());
}

fn statuses(domain: &Value) -> Vec<(&str, &str)> {
    let records = domain["dnsRecords"].as_array().expect("records");
    records.iter().map(|record| (text(record, "purpose"), text(record, "status"))).collect()
}

/// The daily look, as the worker claims it once it is due.
async fn look_again(world: &World, tenant: &str) {
    let regions = ["local".to_owned()];
    let claim =
        Claim { limit: 10, per_tenant: 10, without: &[], regions: &regions, kinds: &[JobKind::Domain] };
    let due = Timestamp::parse("2100-01-01T00:00:00Z").expect("a moment");
    // The second of two looks within one millisecond is taken for the first.
    tokio::time::sleep(Duration::from_millis(3)).await;
    let jobs: Vec<ClaimedJob> =
        world.store().await.claim(due, Duration::from_secs(60), &claim).await.expect("claimed");
    let job = jobs.iter().find(|job| job.tenant.id().as_str() == tenant).expect("a look is due one day");
    let room = world.with_app(|app| app.room().clone());
    match room.recheck_domain(&job.tenant, job.domain.as_ref().expect("a domain")).await.expect("looked") {
        Some(next) => assert!(job.retry(next, None).await.expect("put back")),
        None => assert!(job.done().await.expect("done")),
    }
}

async fn show(tenant: &Tenant, domain: &Value) -> Value {
    tenant.http("GET", format!("/v1/domains/{}", text(domain, "id"))).send().await.expect(200)
}

async fn a_domain_is_of_use_once_its_proof_is_published_and_not_before(world: World) {
    let (world, dns) = with_dns(&world).await;
    let ada = world.tenant("ada").await;
    let (address, mut calls) = endpoint(&[]).await;
    let hook = json!({ "url": format!("http://{address}/"), "events": ["domain.verified"] });
    ada.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);

    let domain = claim(&ada, "Bücher.Corp.Test.").await;
    assert_eq!(domain["domain"], json!("xn--bcher-kva.corp.test"));
    assert_eq!(domain["status"], json!("pending_verification"));
    let pending = |status| {
        ["ownership", "mx", "spf", "dkim", "dmarc", "dkim"].map(|purpose| (purpose, status)).to_vec()
    };
    assert_eq!(statuses(&domain), pending("pending"));
    let wanted = json!({ "localPart": "support", "domain": "bücher.corp.test" });
    let inbox = async || ada.http("POST", "/v1/inboxes").json(&wanted).send().await;
    assert_eq!(inbox().await.status, 400, "nothing is of use before the proof");

    let looked = verify(&ada, &domain).await.expect(200);
    assert_eq!((text(&looked, "status"), statuses(&looked)), ("pending_verification", pending("missing")));
    let name = text(&domain, "domain");
    // Everything but the proof proves nothing.
    for record in domain["dnsRecords"].as_array().expect("records") {
        let (host, value) = (text(record, "host"), text(record, "value").to_owned());
        match text(record, "purpose") {
            "ownership" => dns.set(host, Kind::Txt, vec![Record::Txt(value.replace('=', "=0"))]),
            "mx" => dns.set(host, Kind::Mx, vec![Record::Mx(10, value)]),
            _ => dns.set(host, Kind::Txt, vec![Record::Txt(value)]),
        }
    }
    let looked = verify(&ada, &domain).await.expect(200);
    let mut found = pending("found");
    found[0].1 = "mismatch";
    assert_eq!((text(&looked, "status"), statuses(&looked)), ("pending_verification", found));
    assert!(text(&looked["dnsRecords"][0], "found").contains("=0"), "what is there is shown: {looked}");
    assert_eq!(inbox().await.status, 400);
    assert!(world.try_recipients(&[&format!("support@{name}")]).await[0].starts_with("550 "));

    publish(&dns, &[&domain]);
    let verified = verify(&ada, &domain).await.expect(200);
    assert_eq!((text(&verified, "status"), statuses(&verified)), ("verified", pending("found")));
    assert_eq!(show(&ada, &domain).await, verified, "what was found is kept");
    let call = calls.recv().await.expect("a call").json();
    assert_eq!(call["type"], json!("domain.verified"));
    assert_eq!((text(&call["data"], "id"), text(&call["data"], "domain")), (text(&domain, "id"), name));
    assert!(world.try_recipients(&[&format!("support@{name}")]).await[0].starts_with("550 "), "no inbox yet");

    let made = inbox().await.expect(201);
    assert_eq!(text(&made, "address"), format!("support@{name}"));
    let reply = world.deliver_raw(&plain("hello", "x"), &[text(&made, "address")]).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let list = ada.http("GET", format!("/v1/inboxes/{}/emails", text(&made, "id"))).send().await.expect(200);
    assert_eq!(list["data"][0]["subject"], json!("hello"));
    // Verified again is verified once.
    assert_eq!(text(&verify(&ada, &domain).await.expect(200), "status"), "verified");
    assert!(calls.try_recv().is_err(), "told once");
    let agent = world.http("GET", "/v1/domains").token(text(&made, "token")).send().await;
    assert_eq!(
        agent.expect(403)["error"],
        json!("insufficient_scope"),
        "an agent has no business with domains"
    );
}

async fn who_claims_what_another_holds_hears_what_everybody_hears(world: World) {
    let (world, dns) = with_dns(&world).await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let held = claim(&ada, "held.test").await;
    publish(&dns, &[&held]);
    assert_eq!(text(&verify(&ada, &held).await.expect(200), "status"), "verified");

    let (foreign, free) = (claim(&bob, "held.test").await, claim(&bob, "free.test").await);
    let plainly = |domain: &Value| {
        let mut words = domain.to_string().replace("held.test", "N").replace("free.test", "N");
        for key in ["id", "createdAt", "checkedAt"] {
            words = domain[key].as_str().map_or(words.clone(), |value| words.replace(value, "-"));
        }
        for record in domain["dnsRecords"].as_array().into_iter().flatten() {
            words = words.replace(text(record, "value"), "-");
        }
        words
    };
    assert_eq!(plainly(&foreign), plainly(&free));
    assert_ne!(foreign["dnsRecords"][0]["value"], held["dnsRecords"][0]["value"], "a proof is one tenant's");
    dns.set("_mailward.free.test", Kind::Txt, vec![Record::Txt("else".to_owned())]);
    dns.set("_mailward.held.test", Kind::Txt, vec![Record::Txt("else".to_owned())]);
    let (foreign, free) = (verify(&bob, &foreign).await.expect(200), verify(&bob, &free).await.expect(200));
    assert_eq!(plainly(&foreign), plainly(&free));
    for name in ["held.test", "free.test", "never.test"] {
        let refused =
            bob.http("POST", "/v1/inboxes").json(&json!({ "domain": name })).send().await.expect(400);
        let said = text(&refused, "message").replace(name, "N");
        assert!(said.contains("`N` is neither") && !said.contains("ada"), "{said}");
    }
    let id = text(&held, "id");
    for (method, path) in [
        ("GET", format!("/v1/domains/{id}")),
        ("POST", format!("/v1/domains/{id}/verify")),
        ("DELETE", format!("/v1/domains/{id}")),
    ] {
        bob.http(method, path).send().await.expect(404);
    }
    assert_eq!(text(&show(&ada, &held).await, "status"), "verified", "it stays as it is");
}

async fn a_lapsed_domain_keeps_its_mail_for_three_days_and_is_then_the_next_ones(world: World) {
    let (world, dns) = with_dns(&world).await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let old = claim(&ada, "lapsed.test").await;
    publish(&dns, &[&old]);
    verify(&ada, &old).await.expect(200);
    let inbox = ada.inbox_with(json!({ "localPart": "sales", "domain": "lapsed.test" })).await;
    let takes = async || world.deliver_raw(&plain("order", "x"), &[&inbox.address]).await;

    let mail = json!({ "from": inbox.address, "to": ["x@elsewhere.test"], "subject": "offer", "body": { "text": "x" } });
    let sends = async || inbox.http("POST", "/v1/emails/send").json(&mail).send().await;
    sends().await.expect(202);

    // Somebody else has the domain now, and publishes a proof.
    let new = claim(&bob, "lapsed.test").await;
    publish(&dns, &[&new]);
    let refused = verify(&bob, &new).await.expect(409);
    assert!(refused["fix"].as_str().is_some_and(|fix| fix.contains("three days")), "{refused}");
    assert_eq!(text(&show(&bob, &new).await, "status"), "pending_verification");
    assert_eq!(
        bob.http("POST", "/v1/inboxes").json(&json!({ "domain": "lapsed.test" })).send().await.status,
        400
    );

    look_again(&world, "ada").await;
    assert_eq!(text(&show(&ada, &old).await, "status"), "failed");
    assert!(takes().await.starts_with("250 "), "a slip in DNS loses no mail");
    assert_eq!(
        ada.http("POST", "/v1/inboxes").json(&json!({ "domain": "lapsed.test" })).send().await.status,
        400,
        "nothing new without a proof"
    );
    verify(&bob, &new).await.expect(409);

    world.tamper("UPDATE domain SET failed_since = failed_since - 259200000 WHERE tenant_id = 'ada'").await;
    look_again(&world, "ada").await;
    assert!(takes().await.starts_with("550 "), "lost");
    let refused = sends().await.expect(409);
    assert!(refused["fix"].as_str().is_some_and(|fix| fix.contains("/v1/domains")), "{refused}");
    assert_eq!(text(&verify(&bob, &new).await.expect(200), "status"), "verified");
    assert!(takes().await.starts_with("550 "), "the address of one tenant never leads to another");
    let again =
        bob.http("POST", "/v1/inboxes").json(&json!({ "localPart": "sales", "domain": "lapsed.test" }));
    assert_eq!(again.send().await.expect(409)["error"], json!("address_collision"), "nor is it issued twice");
    let inbox = bob.inbox_with(json!({ "localPart": "orders", "domain": "lapsed.test" })).await;
    assert!(world.deliver_raw(&plain("for bob", "x"), &[&inbox.address]).await.starts_with("250 "));
    // The old owner's proof is gone with its DNS: asking again takes nothing back.
    assert_eq!(text(&verify(&ada, &old).await.expect(200), "status"), "failed");
    publish(&dns, &[&old, &new]);
    verify(&ada, &old).await.expect(409);
    assert!(world.deliver_raw(&plain("for bob", "y"), &[&inbox.address]).await.starts_with("250 "));
}

async fn of_two_that_prove_at_once_one_holds_the_domain(world: World) {
    let (world, dns) = with_dns(&world).await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    for round in 0..5 {
        let name = format!("race{round}.test");
        let (one, other) = (claim(&ada, &name).await, claim(&bob, &name).await);
        publish(&dns, &[&one, &other]);
        let (first, second) = tokio::join!(verify(&ada, &one), verify(&bob, &other));
        let mut answers = [first.status, second.status];
        answers.sort_unstable();
        assert_eq!(answers, [200, 409], "round {round}");
        let verified = [show(&ada, &one).await, show(&bob, &other).await];
        assert_eq!(verified.iter().filter(|domain| domain["status"] == json!("verified")).count(), 1);
    }
}

async fn a_domain_with_inboxes_is_not_deleted(world: World) {
    let (world, dns) = with_dns(&world).await;
    let ada = world.tenant("ada").await;
    let domain = claim(&ada, "kept.test").await;
    publish(&dns, &[&domain]);
    verify(&ada, &domain).await.expect(200);
    let inbox = ada.inbox_with(json!({ "domain": "kept.test" })).await;
    let path = format!("/v1/domains/{}", text(&domain, "id"));
    let refused = ada.http("DELETE", path.clone()).send().await.expect(409);
    assert_eq!(refused["error"], json!("conflict"));
    assert!(refused["fix"].as_str().is_some_and(|fix| fix.contains("/v1/inboxes")), "{refused}");
    assert!(world.deliver_raw(&plain("still", "x"), &[&inbox.address]).await.starts_with("250 "));
    ada.http("DELETE", format!("/v1/inboxes/{}", inbox.id)).send().await.expect(200);
    ada.http("DELETE", path.clone()).send().await.expect(200);
    ada.http("GET", path).send().await.expect(404);
    let bob = world.tenant("bob").await;
    let next = claim(&bob, "kept.test").await;
    publish(&dns, &[&next]);
    assert_eq!(text(&verify(&bob, &next).await.expect(200), "status"), "verified", "it is free");
}

async fn what_is_nobodys_is_claimed_by_nobody(world: World) {
    let ada = world.tenant("ada").await;
    for name in [
        "agents.test",
        "x.agents.test",
        "mx.test",
        "co.uk",
        "github.io",
        "test",
        "127.0.0.1",
        "a.local",
        "a b.test",
        "",
    ] {
        let refused = ada.http("POST", "/v1/domains").json(&json!({ "domain": name })).send().await;
        assert_eq!(refused.expect(400)["error"], json!("validation_error"), "{name}");
    }
    claim(&ada, "twice.test").await;
    ada.http("POST", "/v1/domains").json(&json!({ "domain": "TWICE.test" })).send().await.expect(409);
    let list = ada.http("GET", "/v1/domains").send().await.expect(200);
    assert_eq!(list["data"].as_array().expect("a list").len(), 1);
    // Without DNS nothing can be proven, and nothing is claimed to be missing.
    let looked = verify(&ada, &list["data"][0]).await.expect(200);
    assert_eq!(
        (text(&looked, "status"), statuses(&looked)[0]),
        ("pending_verification", ("ownership", "unknown"))
    );
}

async fn a_claim_that_was_deleted_leaves_nothing_that_proves_the_next(world: World) {
    let (world, dns) = with_dns(&world).await;
    let ada = world.tenant("ada").await;
    let first = claim(&ada, "again.test").await;
    publish(&dns, &[&first]);
    ada.http("DELETE", format!("/v1/domains/{}", text(&first, "id"))).send().await.expect(200);
    let second = claim(&ada, "again.test").await;
    let looked = verify(&ada, &second).await.expect(200);
    assert_eq!((text(&looked, "status"), statuses(&looked)[0].1), ("pending_verification", "mismatch"));
    assert_ne!(
        first["dnsRecords"][3]["value"], second["dnsRecords"][3]["value"],
        "each has a key of its own"
    );
}

async fn silent_name_servers_verify_nothing_and_lose_nothing_at_once(world: World) {
    let (world, dns) = with_dns(&world).await;
    let ada = world.tenant("ada").await;
    let domain = claim(&ada, "quiet.test").await;
    publish(&dns, &[&domain]);
    verify(&ada, &domain).await.expect(200);
    dns.fail("_mailward.quiet.test");
    let looked = verify(&ada, &domain).await.expect(200);
    assert_eq!((text(&looked, "status"), statuses(&looked)[0].1), ("verified", "unknown"));
    world.tamper("UPDATE domain SET seen_at = seen_at - 604800000").await;
    look_again(&world, "ada").await;
    assert_eq!(
        text(&show(&ada, &domain).await, "status"),
        "failed",
        "a delegation that lapsed answers nobody"
    );
}
