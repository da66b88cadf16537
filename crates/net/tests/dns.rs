//! The resolver against a name server of our own.

#[expect(dead_code, reason = "a test uses a part of the name server")]
mod dns_server;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use dns_server::{DnsServer, Kind, Record, Records};
use mailward_net::dns::{Dns, DnsError};

fn records() -> Records {
    let host = "a.example.org".to_owned();
    let back = "1.2.0.192.in-addr.arpa".to_owned();
    Records::from([
        (
            (host.clone(), Kind::A),
            vec![Record::A(Ipv4Addr::new(192, 0, 2, 1)), Record::A(Ipv4Addr::new(192, 0, 2, 2))],
        ),
        ((host.clone(), Kind::Aaaa), vec![Record::Aaaa(Ipv6Addr::LOCALHOST)]),
        (
            (host.clone(), Kind::Mx),
            vec![Record::Mx(20, "B.example.org".into()), Record::Mx(10, "a.example.org".into())],
        ),
        ((host, Kind::Txt), vec![Record::Txt("v=spf1 -all".into()), Record::Txt("x".repeat(300))]),
        ((back, Kind::Ptr), vec![Record::Ptr("a.example.org".into())]),
        (("four.example.org".into(), Kind::A), vec![Record::A(Ipv4Addr::new(192, 0, 2, 4))]),
        (("null.example.org".into(), Kind::Mx), vec![Record::Mx(0, ".".into())]),
    ])
}

#[tokio::test]
async fn every_kind_of_record_is_read() {
    let (address, _server) = DnsServer::start(records()).await;
    let dns = Dns::servers(vec![address]);
    let mut addresses = dns.addresses("a.example.org").await.expect("both families");
    addresses.sort();
    let expected: [IpAddr; 3] =
        [Ipv4Addr::new(192, 0, 2, 1).into(), Ipv4Addr::new(192, 0, 2, 2).into(), Ipv6Addr::LOCALHOST.into()];
    assert_eq!(addresses, expected);
    let expected = [(10, "a.example.org".to_owned()), (20, "b.example.org".to_owned())];
    assert_eq!(dns.mx("a.example.org").await.expect("two exchangers"), expected);
    assert_eq!(dns.mx("null.example.org").await.expect("a null mx"), [(0, String::new())]);
    let mut txt = dns.txt("A.Example.org").await.expect("two texts");
    txt.sort();
    assert_eq!(txt, ["v=spf1 -all".to_owned(), "x".repeat(300)]);
    assert_eq!(dns.ptr(Ipv4Addr::new(192, 0, 2, 1).into()).await.expect("one name"), ["a.example.org"]);
}

#[tokio::test]
async fn one_family_is_enough_and_a_missing_record_is_like_a_missing_name() {
    let (address, _server) = DnsServer::start(records()).await;
    let dns = Dns::servers(vec![address]);
    assert_eq!(dns.addresses("four.example.org").await, Ok(vec![Ipv4Addr::new(192, 0, 2, 4).into()]));
    assert_eq!(dns.txt("four.example.org").await, Err(DnsError::NoSuchName));
    assert_eq!(dns.addresses("nobody.example.org").await, Err(DnsError::NoSuchName));
    assert_eq!(dns.mx("not a name..").await, Err(DnsError::NoSuchName));
}

#[tokio::test]
async fn a_failing_server_is_temporary_and_no_absence() {
    let (address, server) = DnsServer::start(records()).await;
    server.fail("a.example.org");
    let dns = Dns::servers(vec![address]);
    assert_eq!(dns.txt("a.example.org").await, Err(DnsError::Temporary));
    assert_eq!(dns.addresses("a.example.org").await, Err(DnsError::Temporary));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_costs_five_seconds_at_most() {
    let (address, server) = DnsServer::start(records()).await;
    server.silence();
    let started = tokio::time::Instant::now();
    assert_eq!(Dns::servers(vec![address]).addresses("a.example.org").await, Err(DnsError::Temporary));
    assert!(started.elapsed() <= Duration::from_millis(5001), "{:?}", started.elapsed());
}

#[tokio::test]
async fn switched_off_nobody_is_asked() {
    let dns = Dns::off();
    assert!(dns.is_off() && dns.resolver().is_none());
    assert_eq!(dns.addresses("a.example.org").await, Err(DnsError::Off));
    assert_eq!(dns.mx("a.example.org").await, Err(DnsError::Off));
    assert_eq!(dns.txt("a.example.org").await, Err(DnsError::Off));
    assert_eq!(dns.ptr(Ipv4Addr::LOCALHOST.into()).await, Err(DnsError::Off));
}
