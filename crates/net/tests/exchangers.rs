//! Who takes a domain's mail, by real questions to a name server of the test's own.

#[expect(dead_code, reason = "a test uses a part of the name server")]
mod dns_server;

use std::collections::HashMap;
use std::net::IpAddr;

use dns_server::{DnsServer, Kind, Record};
use mailward_net::dns::Dns;
use mailward_net::exchangers::{Exchanger, Exchangers, NoExchanger};

const PUBLIC: [&str; 3] = ["93.184.216.34", "93.184.216.35", "93.184.216.36"];

fn a(ip: &str) -> Record {
    Record::A(ip.parse().expect("an address"))
}

fn mx(preference: u16, host: &str) -> Record {
    Record::Mx(preference, host.to_owned())
}

async fn with(allow: &[&str]) -> (Exchangers, DnsServer) {
    let (address, dns) = DnsServer::start(HashMap::new()).await;
    let allow = allow.iter().map(|net| net.parse().expect("a network")).collect();
    (Exchangers::new(Dns::servers(vec![address]), allow, "Mx.Own.test"), dns)
}

async fn of(exchangers: &Exchangers, domain: &str) -> Result<Vec<(String, usize)>, NoExchanger> {
    let all = exchangers.of(domain, || 0).await?;
    Ok(all.into_iter().map(|Exchanger { host, addresses }| (host, addresses.len())).collect())
}

fn named(hosts: &[&str]) -> Result<Vec<(String, usize)>, NoExchanger> {
    Ok(hosts.iter().map(|host| ((*host).to_owned(), 1)).collect())
}

#[tokio::test]
async fn the_best_exchanger_comes_first_and_one_preference_goes_by_lot() {
    let (exchangers, dns) = with(&[]).await;
    dns.set(
        "corp.test",
        Kind::Mx,
        vec![mx(20, "c.test"), mx(10, "B.test"), mx(10, "a.test"), mx(5, "gone.test")],
    );
    for (host, ip) in ["a.test", "b.test", "c.test"].into_iter().zip(PUBLIC) {
        dns.set(host, Kind::A, vec![a(ip)]);
    }
    assert_eq!(of(&exchangers, "corp.test").await, named(&["a.test", "b.test", "c.test"]));
    let mut lots = 100;
    let drawn = exchangers
        .of("corp.test", || {
            lots -= 1;
            lots
        })
        .await
        .expect("hosts");
    let hosts: Vec<&str> = drawn.iter().map(|one| one.host.as_str()).collect();
    assert_eq!(hosts, ["b.test", "a.test", "c.test"]);
}

#[tokio::test]
async fn without_an_exchanger_the_domain_s_own_addresses_count_of_both_families() {
    let (exchangers, dns) = with(&[]).await;
    dns.set("corp.test", Kind::A, vec![a(PUBLIC[0])]);
    dns.set("corp.test", Kind::Aaaa, vec![Record::Aaaa("2606:2800:220:1::1".parse().expect("an address"))]);
    let found = exchangers.of("corp.test", || 0).await.expect("a host");
    let addresses: Vec<IpAddr> =
        ["93.184.216.34", "2606:2800:220:1::1"].map(|ip| ip.parse().expect("an address")).into();
    assert_eq!(found, [Exchanger { host: "corp.test".to_owned(), addresses }]);
}

#[tokio::test]
async fn a_null_mx_a_missing_domain_and_silence_are_told_apart() {
    let (exchangers, dns) = with(&[]).await;
    dns.set("null.test", Kind::Mx, vec![mx(0, "")]);
    dns.set("null.test", Kind::A, vec![a(PUBLIC[0])]);
    dns.fail("broken.test");
    dns.set("half.test", Kind::Mx, vec![mx(1, "broken.test")]);
    assert_eq!(of(&exchangers, "null.test").await, Err(NoExchanger::Null));
    assert_eq!(of(&exchangers, "missing.test").await, Err(NoExchanger::NoSuchDomain));
    assert_eq!(of(&exchangers, "broken.test").await, Err(NoExchanger::Temporary));
    assert_eq!(of(&exchangers, "half.test").await, Err(NoExchanger::Temporary));
}

#[tokio::test]
async fn what_leads_inside_is_not_dialled_unless_the_operator_opened_it() {
    let inside = ["127.0.0.1", "10.0.0.7", "169.254.169.254", "192.168.1.1", "0.0.0.0"];
    let (exchangers, dns) = with(&[]).await;
    let (opened, other) = with(&["127.0.0.0/8", "169.254.0.0/16"]).await;
    for (no, ip) in inside.into_iter().enumerate() {
        let domain = format!("in{no}.test");
        for zone in [&dns, &other] {
            zone.set(&domain, Kind::Mx, vec![mx(1, "sly.test")]);
            zone.set("sly.test", Kind::A, vec![a(ip)]);
        }
        assert_eq!(of(&exchangers, &domain).await, Err(NoExchanger::Refused), "{ip}");
        assert_eq!(of(&opened, &domain).await.is_ok(), ip == "127.0.0.1", "{ip}");
    }
    // One bad address takes nothing from a good one, and is not dialled.
    dns.set("mixed.test", Kind::A, vec![a("10.0.0.7"), a(PUBLIC[1])]);
    assert_eq!(of(&exchangers, "mixed.test").await, named(&["mixed.test"]));
}

#[tokio::test]
async fn mail_is_not_sent_to_ourselves_nor_to_whoever_comes_after_us() {
    let (exchangers, dns) = with(&[]).await;
    dns.set("a.test", Kind::A, vec![a(PUBLIC[0])]);
    dns.set("mx.own.test", Kind::A, vec![a(PUBLIC[1])]);
    dns.set("loop.test", Kind::Mx, vec![mx(10, "mx.own.test"), mx(20, "a.test")]);
    dns.set("backup.test", Kind::Mx, vec![mx(5, "a.test"), mx(10, "mx.own.test")]);
    assert_eq!(of(&exchangers, "loop.test").await, Err(NoExchanger::Refused));
    assert_eq!(of(&exchangers, "backup.test").await, named(&["a.test"]));
}

#[tokio::test]
async fn five_hosts_and_ten_addresses_are_enough() {
    let (exchangers, dns) = with(&[]).await;
    dns.set("wide.test", Kind::Mx, (0..9).map(|no| mx(no, &format!("h{no}.test"))).collect());
    for no in 0..9 {
        dns.set(&format!("h{no}.test"), Kind::A, PUBLIC.map(a).to_vec());
    }
    let found = of(&exchangers, "wide.test").await.expect("hosts");
    assert_eq!(found.iter().map(|(_, many)| many).sum::<usize>(), 10);
    assert!(found.len() <= 5, "{found:?}");
}
