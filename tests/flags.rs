//! What is aimed at people is told apart from what is aimed at their agent.

use mailward_mail::parsed::parse;
use mailward_mail::prescan::Bounds;
use mailward_score::Policy;
use serde_json::{Value, json};

use crate::world::{World, both_databases};

both_databases!(
    phishing_is_flagged_and_raises_no_injection_score,
    an_ordinary_mail_has_no_flags,
    what_looks_like_the_receivers_domain_is_flagged_for_that_receiver,
);

const PHISHING: &str = "From: PayPal Support <service@evil.example>\r\nReply-To: <paypal.help@gmail.com>\r\n\
    Subject: Your account has been suspended\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/html; charset=utf-8\r\n\r\n\
    <p>Your account has been suspended. Verify your password within 24 hours.</p>\
    <a href=\"http://203.0.113.9/login\">https://www.paypal.com/login</a>\r\n";

async fn phishing_is_flagged_and_raises_no_injection_score(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    world.deliver_raw(PHISHING.as_bytes(), &[&inbox.address]).await;
    let security = inbox.emails().await[0]["security"].clone();
    for flag in ["phishing_url", "spoofed_sender", "social_engineering", "automated"] {
        assert!(flags(&security).contains(&flag), "{flag}: {security}");
    }
    // The scorer knows nothing of flags: what it says of the same mail alone is what stands there.
    let parsed = parse(PHISHING.as_bytes(), &Bounds::default()).expect("it can be read");
    let alone = mailward_mailroom::judge_texts(&mailward_mailroom::sample(&parsed), &Policy::default());
    assert_eq!(security["injectionScore"], json!(alone.score));
    assert_eq!(security["injectionRisk"], json!("low"));
    let rules = alone.findings.iter().map(|finding| finding.rule.as_str()).collect::<Vec<_>>();
    let told =
        security["findings"].as_array().expect("a list").iter().map(|finding| finding["rule"].as_str());
    assert_eq!(told.flatten().collect::<Vec<_>>(), rules);
}

async fn an_ordinary_mail_has_no_flags(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    world.deliver("fixtures/plain.eml", &[&inbox.address]).await;
    assert_eq!(inbox.emails().await[0]["security"]["flags"], json!([]));
}

async fn what_looks_like_the_receivers_domain_is_flagged_for_that_receiver(world: World) {
    let world = world.start_with(&["domains=[\"northwind.example\", \"fabrikam.example\"]"]).await;
    let tenant = world.tenant("ada").await;
    let inbox = async |domain: &str| tenant.inbox_with(json!({ "domain": domain })).await;
    let (imitated, other) = (inbox("northwind.example").await, inbox("fabrikam.example").await);
    let mail = b"From: Boss <boss@n0rthwind.example>\r\nSubject: Lunch\r\n\r\nAt noon?\r\n";
    world.deliver_raw(mail, &[&imitated.address, &other.address]).await;
    assert_eq!(flags(&imitated.emails().await[0]["security"]), ["spoofed_sender"]);
    assert!(flags(&other.emails().await[0]["security"]).is_empty());
}

fn flags(security: &Value) -> Vec<&str> {
    security["flags"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}
