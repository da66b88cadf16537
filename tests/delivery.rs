//! Mail that goes to the hosts its recipients' domains name: in their order, with TLS where it is to be had, past hosts
//! that are slow, gone or hostile.

mod authority;
mod bounces;
mod crashes;
mod dark;
mod doctor;
mod host;
mod pins;
mod postfix;
mod promises;
mod relays;
mod signatures;

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::judging::until;
use crate::sending::{fares, letter, sent};
use crate::world::actors::Inbox;
use crate::world::dns_server::{DnsServer, Kind, Record};
use crate::world::{World, both_databases};
use host::{Host, Script};

both_databases!(
    the_next_exchanger_takes_what_the_best_one_cannot,
    who_takes_no_mail_is_told_apart_from_who_cannot_be_asked,
    nothing_is_sent_into_the_house,
    a_greylisted_mail_arrives_with_the_next_try,
    a_host_that_speaks_on_before_tls_gets_nothing,
    where_tls_fails_the_mail_goes_in_clear_unless_tls_is_required,
    a_host_that_does_not_answer_keeps_no_other_mail_waiting,
    several_mails_to_one_destination_share_a_conversation,
    a_host_speaks_of_its_own_recipient_alone,
    hosts_that_do_not_speak_smtp_get_nothing_and_hold_nobody,
    a_mail_that_may_have_been_taken_goes_to_no_other_host,
);

/// A service that asks a name server of the test's own and dials the loopback network.
pub struct Outside {
    pub world: World,
    pub dns: DnsServer,
    pub resolver: std::net::SocketAddr,
    pub port: u16,
}

impl Outside {
    pub async fn start(world: &World, settings: &[&str]) -> Self {
        // One port for all hosts, which have addresses of their own.
        let free = tokio::net::TcpListener::bind("127.0.0.2:0").await.expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        Self::at(world, port, settings).await
    }

    /// With hosts at a port.
    pub async fn at(world: &World, port: u16, settings: &[&str]) -> Self {
        let (resolver, dns) = DnsServer::start(HashMap::new()).await;
        let all = [
            format!("dns.servers=[\"{resolver}\"]"),
            "outbound.mode=direct".to_owned(),
            "outbound.allow_private=[\"127.0.0.0/8\"]".to_owned(),
            format!("outbound.port={port}"),
            "outbound.timeout_seconds=2".to_owned(),
        ];
        let all: Vec<&str> = all.iter().map(String::as_str).chain(settings.iter().copied()).collect();
        Self { world: world.start_with(&all).await, dns, resolver, port }
    }

    /// A host with a name and an address, and nothing that leads to it yet.
    async fn host(&self, name: &str, ip: &str, script: Script) -> Host {
        self.name(name, ip);
        Host::start(ip, self.port, name, script).await
    }

    pub fn name(&self, name: &str, ip: &str) {
        self.dns.set(name, Kind::A, vec![Record::A(ip.parse().expect("an address"))]);
    }

    /// The exchangers of a domain.
    pub fn leads(&self, domain: &str, to: &[(u16, &str)]) {
        let records = to.iter().map(|(preference, host)| Record::Mx(*preference, (*host).to_owned()));
        self.dns.set(domain, Kind::Mx, records.collect());
    }

    async fn inbox(&self) -> Inbox {
        self.world.tenant("ada").await.inbox().await
    }
}

fn answer(mail: &Value, at: usize) -> &str {
    mail["recipients"][at]["answer"].as_str().unwrap_or_default()
}

async fn the_next_exchanger_takes_what_the_best_one_cannot(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let second = outside.host("b.corp.test", "127.0.0.3", Script::Tls).await;
    let sour = outside.host("c.corp.test", "127.0.0.4", Script::Unfriendly).await;
    outside.name("a.corp.test", "127.0.0.2");
    outside.leads("corp.test", &[(20, "b.corp.test"), (10, "a.corp.test"), (15, "c.corp.test")]);
    let inbox = outside.inbox().await;
    let mut body = letter(&inbox, &["Mia.L@Corp.Test"]);
    body["body"]["text"] = json!(".\n..two\n.\nlast");
    let id = sent(&inbox, &body).await;
    let mail = fares(&inbox, &id, "delivered").await;
    assert_eq!(answer(&mail, 0), "250 2.0.0 taken as 7 (b.corp.test, TLS)");
    let mails = second.mails();
    assert_eq!((mails.len(), mails[0].to.as_str(), sour.connections()), (1, "<Mia.L@corp.test>", 1));
    assert!(
        mails[0].encrypted && mails[0].text.ends_with("\r\n\r\n..\r\n...two\r\n..\r\nlast\r\n"),
        "{mails:?}"
    );
    assert!(mails[0].text.replace("\r\n", "").find(['\r', '\n']).is_none());
}

async fn who_takes_no_mail_is_told_apart_from_who_cannot_be_asked(world: World) {
    let outside = Outside::start(&world, &[]).await;
    outside.leads("null.test", &[(0, "")]);
    outside.dns.fail("silent.test");
    let host = outside.host("bare.test", "127.0.0.2", Script::Plain).await;
    let inbox = outside.inbox().await;
    let to = ["a@null.test", "b@missing.test", "c@silent.test", "d@bare.test"];
    let id = sent(&inbox, &letter(&inbox, &to)).await;
    let mail = fares(&inbox, &id, "deferred").await;
    let status = |at: usize| mail["recipients"][at]["status"].as_str().unwrap_or_default();
    assert_eq!([0, 1, 2, 3].map(status), ["failed", "failed", "deferred", "delivered"]);
    assert!(answer(&mail, 0).contains("null MX") && answer(&mail, 1).contains("does not exist"), "{mail}");
    assert_eq!(answer(&mail, 3), "250 2.0.0 taken as 7 (bare.test, in clear)", "without an MX it is its own");
    assert_eq!(host.mails().len(), 1);
}

async fn nothing_is_sent_into_the_house(world: World) {
    let outside = Outside::start(&world, &["outbound.allow_private=[\"127.0.0.2/32\"]"]).await;
    let inner = outside.host("inner.test", "127.0.0.3", Script::Plain).await;
    outside.leads("sly.test", &[(1, "inner.test")]);
    outside.leads("mirror.test", &[(1, "mx.test")]);
    outside.name("mx.test", "127.0.0.2");
    outside.name("meta.test", "169.254.169.254");
    let inbox = outside.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["a@sly.test", "b@mirror.test", "c@meta.test"])).await;
    let mail = fares(&inbox, &id, "failed").await;
    for at in 0..3 {
        assert!(answer(&mail, at).contains("not on the public internet"), "{mail}");
        assert!(!answer(&mail, at).contains("127.0"), "no address is told: {mail}");
    }
    assert_eq!(inner.connections(), 0);
}

async fn a_greylisted_mail_arrives_with_the_next_try(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let host = outside.host("grey.test", "127.0.0.2", Script::Greylists).await;
    let inbox = outside.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@grey.test"])).await;
    let mail = fares(&inbox, &id, "deferred").await;
    assert!(answer(&mail, 0).starts_with("451 4.7.1 greylisted"), "{mail}");
    fares(&inbox, &id, "delivered").await;
    assert_eq!(host.mails().len(), 1);
}

async fn a_host_that_speaks_on_before_tls_gets_nothing(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let host = outside.host("sly.test", "127.0.0.2", Script::Injects).await;
    let inbox = outside.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@sly.test"])).await;
    let mail = fares(&inbox, &id, "deferred").await;
    assert!(answer(&mail, 0).contains("spoke on before TLS"), "{mail}");
    assert!(host.mails().is_empty(), "not in clear either");
}

async fn where_tls_fails_the_mail_goes_in_clear_unless_tls_is_required(world: World) {
    for (required, status) in [(false, "delivered"), (true, "deferred")] {
        let setting = format!("outbound.require_tls={required}");
        let outside = Outside::start(&world, &[&setting]).await;
        let broken = outside.host("broken.test", "127.0.0.2", Script::BrokenTls).await;
        let plain = outside.host("plain.test", "127.0.0.3", Script::Plain).await;
        let fine = outside.host("fine.test", "127.0.0.4", Script::Tls).await;
        let inbox = outside.inbox().await;
        let ids = [
            sent(&inbox, &letter(&inbox, &["mia@broken.test"])).await,
            sent(&inbox, &letter(&inbox, &["mia@plain.test"])).await,
        ];
        for id in &ids {
            fares(&inbox, id, status).await;
        }
        let id = sent(&inbox, &letter(&inbox, &["mia@fine.test"])).await;
        assert!(answer(&fares(&inbox, &id, "delivered").await, 0).ends_with("(fine.test, TLS)"));
        let many = if required { 0 } else { 1 };
        assert_eq!((broken.mails().len(), plain.mails().len(), fine.mails().len()), (many, many, 1));
    }
}

async fn a_host_that_does_not_answer_keeps_no_other_mail_waiting(world: World) {
    let settings = ["outbound.per_destination=4", "outbound.timeout_seconds=300"];
    let outside = Outside::start(&world, &settings).await;
    let slow = outside.host("slow.test", "127.0.0.2", Script::Silent).await;
    let quick = outside.host("quick.test", "127.0.0.3", Script::Plain).await;
    let inbox = outside.inbox().await;
    // More than all places of a tenant.
    for no in 0..30 {
        let to = format!("mia{}@slow.test", no % 10);
        sent(&inbox, &letter(&inbox, &[&to])).await;
    }
    until("conversations", async || slow.connections() == 2).await;
    let id = sent(&inbox, &letter(&inbox, &["mia@quick.test"])).await;
    fares(&inbox, &id, "delivered").await;
    assert_eq!((quick.mails().len(), slow.connections()), (1, 2), "half of the places are one tenant's");
    let all =
        inbox.http("GET", format!("/v1/inboxes/{}/emails?limit=100", inbox.id)).send().await.expect(200);
    let all = all["data"].as_array().expect("a list");
    let many = |status: &str| all.iter().filter(|mail| mail["status"] == status).count();
    assert_eq!((many("sending"), many("queued")), (2, 28), "the others wait in the queue");
}

async fn several_mails_to_one_destination_share_a_conversation(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let host = outside.host("corp.test", "127.0.0.2", Script::Tls).await;
    let inbox = outside.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["a@corp.test", "b@corp.test", "c@corp.test"])).await;
    fares(&inbox, &id, "delivered").await;
    assert_eq!((host.mails().len(), host.connections()), (3, 1));
    assert!(host.mails().iter().all(|mail| mail.encrypted));
}

async fn a_host_speaks_of_its_own_recipient_alone(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let host = outside.host("picky.test", "127.0.0.2", Script::Picky).await;
    let inbox = outside.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["no@picky.test", "yes@picky.test", "later@picky.test"])).await;
    let mail = fares(&inbox, &id, "deferred").await;
    let status = |at: usize| mail["recipients"][at]["status"].as_str().unwrap_or_default();
    assert_eq!([0, 1, 2].map(status), ["failed", "delivered", "deferred"]);
    assert_eq!(answer(&mail, 0), "550 5.1.1 nobody?[31m 5.1.1 here (picky.test, in clear)");
    assert_eq!((host.mails().len(), host.connections()), (1, 1));
}

async fn hosts_that_do_not_speak_smtp_get_nothing_and_hold_nobody(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let scripts = [Script::Silent, Script::Endless, Script::Stutters];
    let inbox = outside.inbox().await;
    for (no, script) in scripts.into_iter().enumerate() {
        let name = format!("bad{no}.test");
        let host = outside.host(&name, &format!("127.0.0.{}", no + 2), script).await;
        let id = sent(&inbox, &letter(&inbox, &[&format!("mia@{name}")])).await;
        let mail = fares(&inbox, &id, "deferred").await;
        assert!(answer(&mail, 0).contains("was lost"), "{script:?}: {mail}");
        assert!(host.mails().is_empty(), "{script:?}");
    }
}

async fn a_mail_that_may_have_been_taken_goes_to_no_other_host(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let first = outside.host("a.corp.test", "127.0.0.2", Script::Vanishes).await;
    let second = outside.host("b.corp.test", "127.0.0.3", Script::Plain).await;
    outside.leads("corp.test", &[(10, "a.corp.test"), (20, "b.corp.test")]);
    let inbox = outside.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    fares(&inbox, &id, "deferred").await;
    until("another try", async || first.mails().len() >= 2).await;
    assert!(second.mails().is_empty());
    let name = |text: &str| text.lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned);
    let names: Vec<_> = first.mails().iter().map(|mail| name(&mail.text)).collect();
    assert!(names[0].is_some() && names[0] == names[1], "the same mail by name");
}
