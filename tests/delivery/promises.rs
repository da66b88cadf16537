//! What a domain promises of its hosts (MTA-STS): kept against a forged DNS, and by nobody's word but the domain's own.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::authority::{Authority, Identity};
use super::host::{Host, Script};
use super::{Outside, answer};
use crate::sending::{fares, letter, sent};
use crate::world::dns_server::{Kind, Record};
use crate::world::{World, both_databases};

both_databases!(
    mail_for_a_domain_with_a_promise_goes_to_hosts_that_keep_it,
    a_promise_outlives_the_record_that_told_of_it,
    what_is_only_tested_stops_no_mail,
    what_is_no_promise_of_the_domain_s_own_counts_for_nothing,
);

/// The web server of a domain: one answer to everybody.
pub struct Web {
    pub port: u16,
    answer: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Web {
    pub async fn start(ip: &str, identity: Identity) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (tls, answer) = (identity.acceptor(), Arc::<Mutex<String>>::default());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (said, heard) = (Arc::clone(&answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, said, heard) = (tls.clone(), Arc::clone(&said), Arc::clone(&heard));
                tokio::spawn(async move {
                    let Ok(mut stream) = tls.accept(stream).await else { return };
                    let mut head = vec![0; 4_096];
                    let read = stream.read(&mut head).await.unwrap_or_default();
                    let head = String::from_utf8_lossy(&head[..read]).into_owned();
                    heard.lock().expect("no panic").push(head.lines().next().unwrap_or_default().to_owned());
                    let said = said.lock().expect("no panic").clone();
                    drop(stream.write_all(said.as_bytes()).await);
                    drop(stream.shutdown().await);
                });
            }
        });
        Self { port, answer, asked }
    }

    /// What it answers from now on.
    pub fn says(&self, status: &str, kind: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().expect("no panic") =
            format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}");
    }

    pub fn has_policy(&self, mode: &str, hosts: &[&str]) {
        let hosts: String = hosts.iter().map(|host| format!("mx: {host}\r\n")).collect();
        let body = format!("version: STSv1\r\nmode: {mode}\r\n{hosts}max_age: 86400\r\n");
        self.says("200 OK", "text/plain; charset=utf-8", &body);
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

/// A service that trusts an authority, and the web server of `corp.test`.
async fn stage(world: &World, authority: &Authority, web: Web) -> (Outside, Web) {
    let roots = authority.file();
    let settings = [
        format!("outbound.tls_roots={}", roots.path().display()),
        format!("outbound.policy_port={}", web.port),
    ];
    let outside = Outside::start(world, &settings.each_ref().map(String::as_str)).await;
    outside.name("mta-sts.corp.test", "127.0.0.9");
    promise(&outside, "1");
    (outside, web)
}

fn promise(outside: &Outside, id: &str) {
    let text = format!("v=STSv1; id={id};");
    outside.dns.set("_mta-sts.corp.test", Kind::Txt, vec![Record::Txt(text)]);
}

async fn trusted(authority: &Authority) -> Web {
    Web::start("127.0.0.9", authority.issue("mta-sts.corp.test")).await
}

async fn host(outside: &Outside, name: &str, ip: &str, identity: Identity, script: Script) -> Host {
    outside.name(name, ip);
    Host::start_as(ip, outside.port, identity, script).await
}

async fn mail_for_a_domain_with_a_promise_goes_to_hosts_that_keep_it(world: World) {
    let authority = Authority::new();
    let (outside, web) = stage(&world, &authority, trusted(&authority).await).await;
    web.has_policy("enforce", &["a.corp.test", "*.good.test"]);
    let forged = host(&outside, "a.corp.test", "127.0.0.2", Identity::own("a.corp.test"), Script::Tls).await;
    let other = host(&outside, "b.good.test", "127.0.0.3", authority.issue("c.good.test"), Script::Tls).await;
    let plain =
        host(&outside, "d.good.test", "127.0.0.4", authority.issue("d.good.test"), Script::Plain).await;
    let broken =
        host(&outside, "e.good.test", "127.0.0.5", authority.issue("e.good.test"), Script::BrokenTls).await;
    let unnamed =
        host(&outside, "mx.evil.test", "127.0.0.6", authority.issue("mx.evil.test"), Script::Tls).await;
    let bad =
        [(1, "a.corp.test"), (2, "b.good.test"), (3, "d.good.test"), (4, "e.good.test"), (5, "mx.evil.test")];
    outside.leads("corp.test", &bad);
    let inbox = outside.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    let mail = fares(&inbox, &id, "deferred").await;
    assert!(answer(&mail, 0).contains("mx.evil.test is not among the hosts"), "{mail}");
    for host in [&forged, &other, &plain, &broken] {
        assert!(host.mails().is_empty() && host.connections() > 0);
    }
    assert_eq!(unnamed.connections(), 0, "it is not even talked to");

    let (outside, web) = stage(&world, &authority, trusted(&authority).await).await;
    web.has_policy("enforce", &["a.corp.test", "*.good.test"]);
    let forged = host(&outside, "a.corp.test", "127.0.0.2", Identity::own("a.corp.test"), Script::Tls).await;
    let kept = host(&outside, "f.good.test", "127.0.0.7", authority.issue("f.good.test"), Script::Tls).await;
    outside.leads("corp.test", &[(1, "a.corp.test"), (2, "f.good.test")]);
    let inbox = outside.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    let mail = fares(&inbox, &id, "delivered").await;
    assert!(answer(&mail, 0).ends_with("(f.good.test, TLS, certificate verified)"), "{mail}");
    let id = sent(&inbox, &letter(&inbox, &["eve@corp.test"])).await;
    fares(&inbox, &id, "delivered").await;
    assert_eq!((kept.mails().len(), forged.mails().len()), (2, 0));
    assert_eq!(web.asked(), ["GET /.well-known/mta-sts.txt HTTP/1.1"], "it is remembered");
    // Another id, another policy.
    web.has_policy("enforce", &["nowhere.test"]);
    promise(&outside, "2");
    let id = sent(&inbox, &letter(&inbox, &["ada@corp.test"])).await;
    assert!(answer(&fares(&inbox, &id, "deferred").await, 0).contains("not among the hosts"));
    assert_eq!(web.asked().len(), 2);
}

async fn a_promise_outlives_the_record_that_told_of_it(world: World) {
    let authority = Authority::new();
    // Whoever forges DNS hides the record, or has it name a policy that nobody serves, and leads the mail elsewhere.
    for records in [vec![], vec![Record::Txt("v=STSv1; id=2".to_owned())]] {
        let (outside, web) = stage(&world, &authority, trusted(&authority).await).await;
        web.has_policy("enforce", &["mx.corp.test"]);
        let kept =
            host(&outside, "mx.corp.test", "127.0.0.2", authority.issue("mx.corp.test"), Script::Tls).await;
        outside.leads("corp.test", &[(1, "mx.corp.test")]);
        let inbox = outside.inbox().await;
        let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
        fares(&inbox, &id, "delivered").await;
        let thief =
            host(&outside, "mx.evil.test", "127.0.0.3", authority.issue("mx.evil.test"), Script::Tls).await;
        outside.leads("corp.test", &[(1, "mx.evil.test")]);
        web.says("404 Not Found", "text/plain", "");
        outside.dns.set("_mta-sts.corp.test", Kind::Txt, records);
        // A conversation with the right host is kept for a moment.
        tokio::time::sleep(std::time::Duration::from_millis(3_500)).await;
        let id = sent(&inbox, &letter(&inbox, &["eve@corp.test"])).await;
        let mail = fares(&inbox, &id, "deferred").await;
        assert!(answer(&mail, 0).contains("mx.evil.test is not among the hosts"), "{mail}");
        assert_eq!((kept.mails().len(), thief.connections()), (1, 0));
    }
}

async fn what_is_only_tested_stops_no_mail(world: World) {
    let authority = Authority::new();
    let (outside, web) = stage(&world, &authority, trusted(&authority).await).await;
    let own = host(&outside, "mx.corp.test", "127.0.0.2", Identity::own("mx.corp.test"), Script::Tls).await;
    outside.leads("corp.test", &[(1, "mx.corp.test")]);
    let inbox = outside.inbox().await;
    let modes = [("testing", "mx.corp.test"), ("testing", "nowhere.test"), ("none", "nowhere.test")];
    for (no, (mode, named)) in modes.into_iter().enumerate() {
        web.has_policy(mode, &[named]);
        promise(&outside, &no.to_string());
        let id = sent(&inbox, &letter(&inbox, &[&format!("mia{no}@corp.test")])).await;
        let mail = fares(&inbox, &id, "delivered").await;
        assert!(answer(&mail, 0).ends_with("(mx.corp.test, TLS)"), "{mail}");
    }
    assert_eq!((own.mails().len(), web.asked().len()), (3, 3));
}

async fn what_is_no_promise_of_the_domain_s_own_counts_for_nothing(world: World) {
    let authority = Authority::new();
    let good = "version: STSv1\nmode: enforce\nmx: nowhere.test\nmax_age: 86400\n";
    let long = format!("{good}{}", "x: y\n".repeat(20_000));
    let cases = [
        ("302 Found", "text/plain", good),
        ("404 Not Found", "text/plain", good),
        ("200 OK", "text/html", good),
        ("200 OK", "text/plain", "mode: enforce\nmx: nowhere.test\nmax_age: 1"),
        ("200 OK", "text/plain", &long),
    ];
    let (outside, web) = stage(&world, &authority, trusted(&authority).await).await;
    let taken =
        host(&outside, "mx.corp.test", "127.0.0.2", Identity::own("mx.corp.test"), Script::Plain).await;
    outside.leads("corp.test", &[(1, "mx.corp.test")]);
    let inbox = outside.inbox().await;
    for (no, (status, kind, body)) in cases.into_iter().enumerate() {
        web.says(status, kind, body);
        promise(&outside, &format!("a{no}"));
        let id = sent(&inbox, &letter(&inbox, &[&format!("mia{no}@corp.test")])).await;
        fares(&inbox, &id, "delivered").await;
    }
    assert_eq!((taken.mails().len(), web.asked().len()), (5, 5));
    // A web server that is not the domain's own.
    let forged = Web::start("127.0.0.9", authority.issue("mta-sts.evil.test")).await;
    forged.has_policy("enforce", &["nowhere.test"]);
    let (outside, forged) = stage(&world, &authority, forged).await;
    let taken =
        host(&outside, "mx.corp.test", "127.0.0.2", Identity::own("mx.corp.test"), Script::Plain).await;
    outside.leads("corp.test", &[(1, "mx.corp.test")]);
    let inbox = outside.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    fares(&inbox, &id, "delivered").await;
    assert_eq!((taken.mails().len(), forged.asked().len()), (1, 0));
}
