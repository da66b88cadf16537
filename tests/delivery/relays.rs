//! A tenant's own relay: its mail goes there and nobody else's, over TLS, to a place that may be dialled; its password is told
//! to the relay and to nobody else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::authority::{Authority, Identity};
use super::host::{Host, Script};
use super::{Outside, answer};
use crate::sending::{fares, letter, sent};
use crate::world::actors::Tenant;
use crate::world::dns_server::{Kind, Record};
use crate::world::http::Answer;
use crate::world::{World, both_databases};

both_databases!(
    a_tenant_s_mail_goes_by_its_relay_and_nobody_else_s,
    the_password_is_kept_for_the_same_place_alone,
    a_relay_is_nowhere_that_nobody_may_be_sent,
    a_relay_that_is_not_who_it_says_hears_no_password,
    in_the_sandbox_no_relay_gets_anything,
);

const PASSWORD: &str = "Quince-4471-Lantern";

async fn stage(world: &World, authority: &Authority) -> Outside {
    let roots = authority.file();
    let setting = format!("outbound.tls_roots={}", roots.path().display());
    Outside::start(world, &[&setting]).await
}

async fn relay(outside: &Outside, identity: Identity, script: Script) -> Host {
    outside.name("relay.ada.test", "127.0.0.8");
    Host::start_as("127.0.0.8", outside.port, identity, script).await
}

async fn choose(tenant: &Tenant, url: &str, password: Option<&str>) -> Answer {
    let mut body = json!({ "url": url, "user": "ada" });
    if let Some(password) = password {
        body["password"] = json!(password);
    }
    tenant.review("PUT", "/v1/relay").json(&body).send().await
}

fn place(outside: &Outside) -> String {
    format!("smtp://relay.ada.test:{}", outside.port)
}

async fn a_tenant_s_mail_goes_by_its_relay_and_nobody_else_s(world: World) {
    let authority = Authority::new();
    let outside = stage(&world, &authority).await;
    let relay = relay(&outside, authority.issue("relay.ada.test"), Script::Relays).await;
    let direct = outside.host("corp.test", "127.0.0.2", Script::Tls).await;
    let (ada, bob) = (outside.world.tenant("ada").await, outside.world.tenant("bob").await);
    let set = choose(&ada, &place(&outside), Some(PASSWORD)).await.expect(200);
    let shown = ada.review("GET", "/v1/relay").send().await.expect(200);
    assert_eq!(set, shown);
    assert_eq!(
        (shown["url"].as_str(), shown["user"].as_str()),
        (Some(place(&outside).as_str()), Some("ada"))
    );
    assert!(!shown.to_string().contains(PASSWORD));
    let (inbox, other) = (ada.inbox().await, bob.inbox().await);
    // Nobody's but the tenant's, and no key of one inbox.
    assert_eq!(bob.review("GET", "/v1/relay").send().await.status, 404);
    assert_eq!(bob.review("DELETE", "/v1/relay").send().await.status, 404);
    for method in ["GET", "PUT", "DELETE"] {
        let body = json!({ "url": "smtp://evil.test", "user": "x", "password": "x" });
        assert_eq!(inbox.http(method, "/v1/relay").json(&body).send().await.status, 403, "{method}");
        assert_eq!(
            ada.http(method, "/v1/relay").json(&body).send().await.status,
            403,
            "{method}: not in its scopes"
        );
    }
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    let mail = fares(&inbox, &id, "sent").await;
    assert_eq!(answer(&mail, 0), "250 2.0.0 taken as 7");
    let taken = relay.mails().remove(0);
    assert!(taken.encrypted && taken.text.contains("DKIM-Signature:"), "{taken:?}");
    assert_eq!(relay.logins(), [STANDARD.encode(format!("\0ada\0{PASSWORD}"))]);
    assert_eq!(direct.connections(), 0);
    let id = sent(&other, &letter(&other, &["mia@corp.test"])).await;
    fares(&other, &id, "delivered").await;
    assert_eq!((relay.mails().len(), direct.mails().len()), (1, 1));
    // Mail within the house stays there.
    let id = sent(&inbox, &letter(&inbox, &[&other.address])).await;
    fares(&inbox, &id, "delivered").await;
    assert_eq!(relay.mails().len(), 1);

    let rows = outside.world.dump().await;
    assert!(!rows.iter().any(|row| row.contains(PASSWORD) || row.contains("relay.ada.test")));
    let log = ada.review("GET", "/v1/audit?limit=100").send().await.expect(200).to_string();
    assert!(log.contains("relay.set") && !log.contains(PASSWORD));
    ada.review("DELETE", "/v1/relay").send().await.expect(200);
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    fares(&inbox, &id, "delivered").await;
    assert_eq!((relay.mails().len(), direct.mails().len()), (1, 2));
}

async fn the_password_is_kept_for_the_same_place_alone(world: World) {
    let authority = Authority::new();
    let outside = stage(&world, &authority).await;
    let relay = relay(&outside, authority.issue("relay.ada.test"), Script::Relays).await;
    let thief =
        Host::start_as("127.0.0.9", outside.port, authority.issue("thief.test"), Script::Relays).await;
    outside.name("thief.test", "127.0.0.9");
    let ada = outside.world.tenant("ada").await;
    let refused = choose(&ada, &place(&outside), None).await.expect(400);
    assert_eq!(refused["error"], "validation_error");
    choose(&ada, &place(&outside), Some(PASSWORD)).await.expect(200);
    choose(&ada, &place(&outside), None).await.expect(200);
    choose(&ada, &format!("smtp://thief.test:{}", outside.port), None).await.expect(400);
    let inbox = ada.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    fares(&inbox, &id, "sent").await;
    assert_eq!((relay.logins().len(), thief.connections()), (1, 0));
}

async fn a_relay_is_nowhere_that_nobody_may_be_sent(world: World) {
    let authority = Authority::new();
    let outside = stage(&world, &authority).await;
    let relay = relay(&outside, authority.issue("relay.ada.test"), Script::Relays).await;
    let ada = outside.world.tenant("ada").await;
    outside.name("inner.test", "10.1.2.3");
    outside.dns.set(
        "mixed.test",
        Kind::A,
        vec![Record::A([9, 9, 9, 9].into()), Record::A([10, 1, 2, 3].into())],
    );
    for url in [
        "smtp://10.0.0.1",
        "smtps://169.254.169.254",
        "smtp://[::1]:587",
        "smtp://[::ffff:10.0.0.1]:587",
        "smtp://inner.test",
        "smtp://mixed.test",
        "smtp://missing.test",
        "smtp://mx.test",
        "smtp://9.9.9.9:22",
        "smtp://9.9.9.9:5432",
        "http://9.9.9.9",
        "smtp://ada:secret@9.9.9.9",
        "smtp://127.0.0.8:25?tls=none",
    ] {
        let refused = choose(&ada, url, Some(PASSWORD)).await;
        assert_eq!(refused.status, 400, "{url}");
        assert!(!refused.json().to_string().contains("10.1.2.3"), "no address is told");
    }
    assert_eq!(ada.review("GET", "/v1/relay").send().await.status, 404);
    for (user, password) in [("a\nb", "x"), ("", "x"), ("x", ""), ("x", "a\0b")] {
        let body = json!({ "url": place(&outside), "user": user, "password": password });
        assert_eq!(
            ada.review("PUT", "/v1/relay").json(&body).send().await.status,
            400,
            "{user:?} {password:?}"
        );
    }
    // Its name leads elsewhere once it was chosen.
    choose(&ada, &place(&outside), Some(PASSWORD)).await.expect(200);
    outside.name("relay.ada.test", "10.1.2.3");
    let inbox = ada.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    let mail = fares(&inbox, &id, "deferred").await;
    assert!(answer(&mail, 0).contains("not on the public internet"), "{mail}");
    assert_eq!(relay.connections(), 0);
}

async fn a_relay_that_is_not_who_it_says_hears_no_password(world: World) {
    let authority = Authority::new();
    for (identity, script) in [
        (authority.issue("elsewhere.test"), Script::Relays),
        (Identity::own("relay.ada.test"), Script::Relays),
        (authority.issue("relay.ada.test"), Script::Plain),
    ] {
        let outside = stage(&world, &authority).await;
        let relay = relay(&outside, identity, script).await;
        let ada = outside.world.tenant("ada").await;
        choose(&ada, &place(&outside), Some(PASSWORD)).await.expect(200);
        let inbox = ada.inbox().await;
        let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
        let mail: Value = fares(&inbox, &id, "deferred").await;
        assert!(!mail.to_string().contains(PASSWORD), "{mail}");
        assert!(relay.connections() > 0 && relay.logins().is_empty() && relay.mails().is_empty());
    }
}

async fn in_the_sandbox_no_relay_gets_anything(world: World) {
    let authority = Authority::new();
    let outside = Outside::start(&world, &["outbound.mode=sandbox"]).await;
    let relay = relay(&outside, authority.issue("relay.ada.test"), Script::Relays).await;
    let ada = outside.world.tenant("ada").await;
    choose(&ada, &place(&outside), Some(PASSWORD)).await.expect(200);
    let inbox = ada.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    let mail = fares(&inbox, &id, "sent").await;
    assert!(answer(&mail, 0).contains("sandbox"), "{mail}");
    assert_eq!(relay.connections(), 0);
}
