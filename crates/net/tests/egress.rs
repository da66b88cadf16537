//! The guard against real servers on loopback: names that lie, and answers that never end.

#[expect(dead_code, reason = "a test uses a part of the name server")]
mod dns_server;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dns_server::{DnsServer, Kind, Record, Records};
use mailward_net::dns::{Dns, DnsError};
use mailward_net::egress::{Answer, Blocked, Egress, EgressRules, PostError};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

const HOST: &str = "hooks.example.org";
const PUBLIC: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

#[tokio::test]
async fn a_post_arrives_as_it_was_written_and_its_answer_comes_back() {
    let server =
        Server::http("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nw\x1bit").await;
    let (guard, _dns) = guard(&["127.0.0.0/8"], &[Ipv4Addr::LOCALHOST]).await;
    let url = format!("http://{HOST}:{}/in?x=1", server.port());
    let headers = [("webhook-id", "evt_1"), ("Host", "evil.example"), ("transfer-encoding", "chunked")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let answer = guard.post(&url, &headers, b"{\"a\":1}".to_vec()).await.expect("an answer");
    let expected =
        Answer { status: 429, retry_after: Some(Duration::from_secs(7)), body_start: "w?it".to_owned() };
    assert_eq!(answer, expected);
    let request = server.requests().pop().expect("one request");
    assert!(request.starts_with("POST /in?x=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("\r\nhost: {HOST}:{}\r\n", server.port())), "{request}");
    assert!(
        request.contains("\r\nwebhook-id: evt_1\r\n") && request.contains("\r\nconnection: close\r\n"),
        "{request}"
    );
    assert!(!request.contains("evil") && !request.contains("chunked"), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
}

#[tokio::test]
async fn a_header_that_would_break_out_is_not_sent() {
    let server = Server::http(OK).await;
    let (guard, _dns) = guard(&["127.0.0.0/8"], &[Ipv4Addr::LOCALHOST]).await;
    let headers = [("webhook-id".to_owned(), "a\r\nx: y".to_owned())];
    let refused = guard.post(&server.url("http", "localhost"), &headers, Vec::new()).await;
    assert!(matches!(refused, Err(PostError::Protocol(_))), "{refused:?}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn over_https_the_certificate_must_be_the_host_s_own() {
    let (server, root) = Server::https(HOST, OK).await;
    let (dns_address, _dns) = DnsServer::start(Records::from([
        ((HOST.to_owned(), Kind::A), vec![Record::A(Ipv4Addr::LOCALHOST)]),
        (("other.example.org".to_owned(), Kind::A), vec![Record::A(Ipv4Addr::LOCALHOST)]),
    ]))
    .await;
    let build = |extra_roots| {
        let allow_private = vec!["127.0.0.0/8".parse().expect("a network")];
        let rules = EgressRules { allow_private, extra_roots, ..EgressRules::default() };
        Egress::new(Dns::servers(vec![dns_address]), rules).expect("a root")
    };
    let guard = build(vec![root]);
    let answer = guard.post(&server.url("https", HOST), &[], Vec::new()).await.expect("an answer");
    assert_eq!((answer.status, answer.body_start.as_str()), (200, "hello"));
    let other = guard.post(&server.url("https", "other.example.org"), &[], Vec::new()).await;
    assert!(matches!(other, Err(PostError::Tls(_))), "{other:?}");
    let untrusted = build(Vec::new()).post(&server.url("https", HOST), &[], Vec::new()).await;
    assert!(matches!(untrusted, Err(PostError::Tls(_))), "{untrusted:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_root_that_is_no_certificate_is_refused_at_the_start() {
    let rules =
        EgressRules { extra_roots: vec![CertificateDer::from(vec![1, 2, 3])], ..EgressRules::default() };
    assert!(Egress::new(Dns::off(), rules).is_err());
}

#[tokio::test]
async fn a_name_that_turns_inside_after_the_check_is_not_dialled() {
    let server = Server::http(OK).await;
    let (guard, dns) = guard(&[], &[PUBLIC]).await;
    dns.then(HOST, Kind::A, vec![Record::A(Ipv4Addr::LOCALHOST)]);
    let url = server.url("https", HOST);
    assert!(guard.check(&url).await.is_ok(), "public at first");
    let refused = guard.post(&url, &[], Vec::new()).await;
    assert!(matches!(refused, Err(PostError::Blocked(Blocked::Address))), "{refused:?}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_is_asked_for_once_in_each_attempt() {
    let server = Server::http(OK).await;
    let (guard, dns) = guard(&["127.0.0.0/8"], &[Ipv4Addr::LOCALHOST]).await;
    guard.post(&server.url("http", HOST), &[], Vec::new()).await.expect("an answer");
    assert_eq!(dns.questions(), [HOST, HOST], "one for each family");
}

#[tokio::test]
async fn one_address_inside_refuses_the_whole_name() {
    for addresses in [
        &[PUBLIC, Ipv4Addr::LOCALHOST][..],
        &[PUBLIC, Ipv4Addr::new(10, 0, 0, 1)],
        &[PUBLIC, Ipv4Addr::new(169, 254, 169, 254)],
        &[Ipv4Addr::new(100, 64, 0, 1)],
        &[Ipv4Addr::UNSPECIFIED],
    ] {
        let (guard, _dns) = guard(&[], addresses).await;
        assert_eq!(guard.check(&format!("https://{HOST}/")).await, Err(Blocked::Address), "{addresses:?}");
    }
    let (guard, dns) = guard(&[], &[PUBLIC]).await;
    for inside in ["::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1", "fe80::1", "2002:7f00:1::1"] {
        dns.set(HOST, Kind::Aaaa, vec![Record::Aaaa(inside.parse().expect("an address"))]);
        assert_eq!(guard.check(&format!("https://{HOST}/")).await, Err(Blocked::Address), "{inside}");
    }
    dns.set(HOST, Kind::Aaaa, vec![Record::Aaaa("2606:2800:220:1::1".parse().expect("an address"))]);
    assert!(guard.check(&format!("https://{HOST}/")).await.is_ok());
}

#[tokio::test]
async fn an_opened_network_next_to_a_public_address_is_refused() {
    let (guard, dns) = guard(&["127.0.0.0/8"], &[PUBLIC, Ipv4Addr::LOCALHOST]).await;
    assert_eq!(guard.check(&format!("https://{HOST}/")).await, Err(Blocked::Address));
    dns.set(HOST, Kind::A, vec![Record::A(PUBLIC)]);
    assert!(guard.check(&format!("https://{HOST}/")).await.is_ok());
    assert_eq!(guard.check(&format!("http://{HOST}/")).await, Err(Blocked::Scheme));
    assert_eq!(guard.check(&format!("https://{HOST}:22/")).await, Err(Blocked::Port));
    dns.set(HOST, Kind::A, vec![Record::A(Ipv4Addr::LOCALHOST)]);
    assert!(guard.check(&format!("http://{HOST}:22/")).await.is_ok());
}

#[tokio::test]
async fn more_than_sixteen_addresses_are_refused() {
    let addresses: Vec<Ipv4Addr> = (1..=17).map(|last| Ipv4Addr::new(93, 184, 216, last)).collect();
    let (many, _dns) = guard(&[], &addresses).await;
    assert_eq!(many.check(&format!("https://{HOST}/")).await, Err(Blocked::TooManyAddresses));
    let (some, _dns) = guard(&[], &addresses[..16]).await;
    assert!(some.check(&format!("https://{HOST}/")).await.is_ok());
}

#[tokio::test]
async fn a_name_without_an_answer_says_whether_to_try_again() {
    let (guard, dns) = guard(&[], &[PUBLIC]).await;
    let gone = "https://nobody.example.org/";
    assert_eq!(guard.check(gone).await, Err(Blocked::Unresolved(DnsError::NoSuchName)));
    assert!(matches!(guard.post(gone, &[], Vec::new()).await, Err(PostError::Dns(DnsError::NoSuchName))));
    dns.fail(HOST);
    let url = format!("https://{HOST}/");
    assert!(matches!(guard.post(&url, &[], Vec::new()).await, Err(PostError::Dns(DnsError::Temporary))));
    let off = Egress::new(Dns::off(), EgressRules::default()).expect("no root");
    assert!(matches!(off.post(&url, &[], Vec::new()).await, Err(PostError::Dns(DnsError::Off))));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let inside = Server::http(OK).await;
    let location = inside.url("http", "127.0.0.1");
    let redirect = format!("HTTP/1.1 307 Over there\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    let server = Server::http(&redirect).await;
    let answer = local().post(&server.url("http", "localhost"), &[], Vec::new()).await.expect("an answer");
    assert_eq!(answer.status, 307);
    assert_eq!((server.connections(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn headers_beyond_16_kib_are_refused() {
    let fits = format!("HTTP/1.1 200 OK\r\nx: {}\r\nContent-Length: 2\r\n\r\nok", "a".repeat(15 * 1024));
    let server = Server::http(&fits).await;
    let answer = local().post(&server.url("http", "localhost"), &[], Vec::new()).await.expect("an answer");
    assert_eq!(answer.body_start, "ok");
    let huge = format!("HTTP/1.1 200 OK\r\nx: {}\r\nContent-Length: 2\r\n\r\nok", "a".repeat(17 * 1024));
    let server = Server::http(&huge).await;
    let refused = local().post(&server.url("http", "localhost"), &[], Vec::new()).await;
    assert!(matches!(refused, Err(PostError::TooLarge)), "{refused:?}");
}

#[tokio::test]
async fn of_an_endless_body_the_start_is_read_and_the_connection_is_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    let sent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("the head is taken");
        let mut sent = 0_usize;
        while stream.write_all(&[b'z'; 4096]).await.is_ok() {
            sent += 4096;
        }
        sent
    });
    let answer =
        local().post(&format!("http://localhost:{port}/"), &[], Vec::new()).await.expect("an answer");
    assert_eq!((answer.status, answer.body_start.len()), (200, 256));
    let sent = tokio::time::timeout(Duration::from_secs(5), sent).await.expect("the writer is cut off");
    assert!(sent.expect("the writer ends") < 16 << 20);
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    for reply in ["SSH-2.0-OpenSSH_9.6\r\n", "", "HTTP/1.1 200"] {
        let server = Server::http(reply).await;
        let refused = local().post(&server.url("http", "localhost"), &[], Vec::new()).await;
        assert!(matches!(refused, Err(PostError::Protocol(_))), "{reply:?}: {refused:?}");
    }
}

#[tokio::test]
async fn a_closed_port_is_a_failed_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    drop(listener);
    let refused = local().post(&format!("http://localhost:{port}/"), &[], Vec::new()).await;
    assert!(matches!(refused, Err(PostError::Connect(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_accepts_and_says_nothing_costs_twenty_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    let started = tokio::time::Instant::now();
    let refused = local().post(&format!("http://localhost:{port}/"), &[], Vec::new()).await;
    assert!(matches!(refused, Err(PostError::Timeout)), "{refused:?}");
    assert!((19_900..20_100).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_tls_handshake_that_hangs_costs_five_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    let started = tokio::time::Instant::now();
    let refused = local().post(&format!("https://localhost:{port}/"), &[], Vec::new()).await;
    assert!(matches!(refused, Err(PostError::Timeout)), "{refused:?}");
    assert!((4_900..5_100).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_takes_nothing_from_the_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    let _server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 202 Yes\r\nContent-Length: 9\r\n\r\nhalf").await.expect("it is taken");
        std::future::pending::<()>().await;
    });
    let answer =
        local().post(&format!("http://localhost:{port}/"), &[], Vec::new()).await.expect("an answer");
    assert_eq!((answer.status, answer.body_start.as_str()), (202, "half"));
}

#[tokio::test]
async fn an_answer_that_is_wanted_whole_is_whole_or_none() {
    let ask = async |reply: &str| {
        let server = Server::http(reply).await;
        let url = server.url("http", "localhost");
        local().ask(&url, &[], b"{}".to_vec(), Duration::from_secs(5), 1_000).await
    };
    let body = "\u{1}b".repeat(500);
    let whole =
        ask(&format!("HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n{body}")).await.expect("a reply");
    assert_eq!((whole.status, whole.body), (500, body.into_bytes()));
    let long = ask(&format!("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n{}", "a".repeat(1_001))).await;
    assert!(matches!(long, Err(PostError::LongBody)), "{long:?}");
    let half = ask("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
    assert!(matches!(half, Err(PostError::Protocol(_))), "{half:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_wanted_whole_has_its_own_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    let _server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await.expect("it is taken");
        std::future::pending::<()>().await;
    });
    let started = tokio::time::Instant::now();
    let url = format!("http://localhost:{port}/");
    let refused = local().ask(&url, &[], Vec::new(), Duration::from_secs(40), 1_000).await;
    assert!(matches!(refused, Err(PostError::Timeout)), "{refused:?}");
    assert!((39_900..40_100).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
}

/// A guard with a name server that knows one host.
async fn guard(allow_private: &[&str], addresses: &[Ipv4Addr]) -> (Egress, DnsServer) {
    let answer = addresses.iter().copied().map(Record::A).collect();
    let (address, server) = DnsServer::start(Records::from([((HOST.to_owned(), Kind::A), answer)])).await;
    let allow_private = allow_private.iter().map(|net| net.parse().expect("a network")).collect();
    let rules = EgressRules { allow_private, ..EgressRules::default() };
    (Egress::new(Dns::servers(vec![address]), rules).expect("no root"), server)
}

/// A guard that reaches IPv4 loopback and asks no name server.
fn local() -> Egress {
    let allow_private = vec![ipnet::IpNet::from(IpAddr::V4(Ipv4Addr::LOCALHOST))];
    Egress::new(Dns::off(), EgressRules { allow_private, ..EgressRules::default() }).expect("no root")
}

/// Gives one and the same reply to each request and remembers what it was asked.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<std::sync::Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn http(reply: &str) -> Self {
        Self::start(reply, None).await
    }

    /// Also returns the certificate, which is its own authority.
    async fn https(host: &str, reply: &str) -> (Self, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a private key");
        let root = made.cert.der().clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks them")
            .with_no_client_auth()
            .with_single_cert(vec![root.clone()], key)
            .expect("the key fits");
        (Self::start(reply, Some(tokio_rustls::TlsAcceptor::from(Arc::new(config)))).await, root)
    }

    async fn start(reply: &str, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let (count, seen, reply) = (Arc::clone(&connections), Arc::clone(&requests), reply.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (seen, reply, tls) = (Arc::clone(&seen), reply.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => talk(stream, &seen, &reply).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                talk(stream, &seen, &reply).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, connections, requests, task }
    }

    fn port(&self) -> u16 {
        self.address.port()
    }

    fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/", self.port())
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panics while it holds the requests").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    seen: &std::sync::Mutex<Vec<String>>,
    reply: &str,
) {
    let request = read_request(&mut stream).await;
    seen.lock().expect("no test panics while it holds the requests").push(request);
    // The client may hang up first; that is its right.
    drop(stream.write_all(reply.as_bytes()).await);
    drop(stream.shutdown().await);
}

/// Reads one request by its Content-Length.
async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
                return text;
            }
        }
        let mut some = [0; 4096];
        match stream.read(&mut some).await {
            Ok(read) if read > 0 => request.extend_from_slice(&some[..read]),
            _ => return text,
        }
    }
}
