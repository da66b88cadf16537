//! Certificates by ACME, from an authority that really looks: ordered, served by HTTPS and STARTTLS, renewed, and what stays
//! when nothing can be had.

mod pebble;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use crate::judging::until;
use crate::world::dns_server::{DnsServer, Kind, Record};
use crate::world::http::Request;
use crate::world::{Engine, World};
use pebble::{EXTERNAL_KEY, Pebble, Rules};

/// An authority, and names that lead to this machine.
async fn authority(rules: Rules) -> (Pebble, DnsServer) {
    let here = vec![Record::A([127, 0, 0, 1].into())];
    let names = ["mx.test", "mail.test"].map(|name| ((name.to_owned(), Kind::A), here.clone()));
    let (resolver, dns) = DnsServer::start(HashMap::from(names)).await;
    (Pebble::start(resolver, rules).await, dns)
}

async fn service(settings: &[String]) -> World {
    World::on(Engine::Sqlite, &settings.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// The certificate that is shown to a client that trusts these roots and asks for this name; none when it will not do.
async fn shown<S>(stream: S, name: &'static str, roots: &RootCertStore) -> Option<CertificateDer<'static>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    let name = ServerName::try_from(name).expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    stream.get_ref().1.peer_certificates()?.first().cloned()
}

async fn by_https(world: &World, roots: &RootCertStore) -> Option<CertificateDer<'static>> {
    shown(TcpStream::connect(world.http).await.expect("a connection"), "mail.test", roots).await
}

async fn by_starttls(world: &World, roots: &RootCertStore) -> Option<CertificateDer<'static>> {
    let mut stream = BufReader::new(TcpStream::connect(world.smtp).await.expect("a connection"));
    for command in ["", "EHLO client.test\r\n", "STARTTLS\r\n"] {
        stream.write_all(command.as_bytes()).await.expect("written");
        let mut line = String::new();
        while !line.get(3..).is_some_and(|rest| rest.starts_with(' ')) {
            line.clear();
            assert!(stream.read_line(&mut line).await.expect("a reply") > 0, "hung up");
        }
        assert!(line.starts_with('2'), "{line}");
    }
    shown(stream.into_inner(), "mx.test", roots).await
}

async fn metric(world: &World, name: &str) -> i64 {
    let text = world.operator_http("GET", "/metrics").send().await.text();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or_else(|| panic!("no {name}"))
}

const ENDS: &str = "mailward_certificate_expiry_timestamp_seconds ";
const FAILURES: &str = "mailward_certificate_failures_total ";

fn reason(world: &World) -> String {
    std::fs::read_to_string(world.data_dir().join("acme/failure")).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_ordered_and_served_by_https_and_starttls() {
    let (pebble, _dns) = authority(Rules::default()).await;
    let world = service(&pebble.settings()).await;
    until("a certificate", async || by_https(&world, &pebble.roots).await.is_some()).await;
    let https = by_https(&world, &pebble.roots).await.expect("it chains to the authority's root");
    let smtp = by_starttls(&world, &pebble.roots).await.expect("it names the host of mail too");
    assert_eq!(https, smtp);
    until("the metric", async || metric(&world, ENDS).await > 1_700_000_000).await;
    assert_eq!(metric(&world, FAILURES).await, 0);
    let ready = world.operator_http("GET", "/readyz").send().await;
    assert_eq!((ready.status, ready.json()), (200, serde_json::json!({"status": "ready"})));

    let folder = world.data_dir().join("acme");
    assert_eq!(std::fs::metadata(&folder).expect("a folder").mode() & 0o777, 0o700);
    for file in ["certificate.pem", "account.json", "orders"] {
        let mode = std::fs::metadata(folder.join(file)).expect(file).mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{file} has {mode:o}");
    }

    // The next start has no need of another one.
    let roots = pebble.roots.clone();
    drop(pebble);
    let settings = ["acme.agree_terms=true", "http.public_url=https://mail.test"];
    let listen = format!("acme.http_listen={}", free());
    let directory = format!("acme.directory={}", issuer(&world));
    let world = world.restart_with(&[&listen, &directory, settings[0], settings[1]]).await;
    assert_eq!(by_https(&world, &roots).await.as_ref(), Some(&https));
    assert_eq!(metric(&world, FAILURES).await, 0, "nobody was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_renewed_while_the_service_goes_on() {
    let (pebble, _dns) = authority(Rules { seconds: Some(12), ..Rules::default() }).await;
    let world = service(&pebble.settings()).await;
    until("a certificate", async || by_https(&world, &pebble.roots).await.is_some()).await;
    let first = by_https(&world, &pebble.roots).await.expect("the first one");
    let next = async || by_https(&world, &pebble.roots).await.filter(|shown| *shown != first);
    until("a renewal", async || next().await.is_some()).await;
    let second = next().await.expect("the second one");
    assert_eq!(by_starttls(&world, &pebble.roots).await, Some(second));
    assert_eq!(metric(&world, FAILURES).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_the_operator_has_already_is_bound() {
    let (pebble, _dns) = authority(Rules { wants_external_account: true, ..Rules::default() }).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hmac");
    std::fs::write(&file, EXTERNAL_KEY).expect("written");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o400)).expect("set");
    let mut settings = pebble.settings();
    let stranger = service(&settings).await;
    until("a refusal", async || metric(&stranger, FAILURES).await == 1).await;
    assert!(reason(&stranger).contains("externalAccountRequired"), "{}", reason(&stranger));
    stranger.stop().await;
    settings.extend(["acme.eab_id=kid-1".to_owned(), format!("acme.eab_key_file={}", file.display())]);
    let world = service(&settings).await;
    until("a certificate", async || by_https(&world, &pebble.roots).await.is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_not_ours_leaves_the_reason_and_the_service_serves_on() {
    let (pebble, dns) = authority(Rules::default()).await;
    dns.set("mail.test", Kind::A, Vec::new());
    let world = service(&pebble.settings()).await;
    until("a refusal", async || metric(&world, FAILURES).await == 1).await;
    let said = reason(&world);
    assert!(said.contains("mail.test was not proven to be ours"), "{said}");
    // Nobody trusts what stands in, and mail comes in all the same.
    assert_eq!(by_https(&world, &pebble.roots).await, None);
    assert_eq!(metric(&world, ENDS).await, 0);
    let ready = world.operator_http("GET", "/readyz").send().await;
    assert_eq!((ready.status, &ready.json()["reason"]), (200, &serde_json::json!("certificate")));
    let stands_in = std::fs::read(world.data_dir().join("acme/certificate.pem")).expect("it is there");
    let own: CertificateDer<'static> =
        rustls::pki_types::pem::PemObject::from_pem_slice(&stands_in).expect("a certificate");
    assert_eq!(by_starttls(&world, &trusting(&own)).await, Some(own));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_is_down_or_answers_nonsense_takes_nothing_away() {
    let (pebble, _dns) = authority(Rules::default()).await;
    let mut world = service(&pebble.settings()).await;
    until("a certificate", async || by_https(&world, &pebble.roots).await.is_some()).await;
    let before = by_https(&world, &pebble.roots).await.expect("a certificate");
    let (nonsense, endless) = (speaking(b"<html>hello</html>").await, endless().await);
    let elsewhere = [
        (free(), "could not connect"),
        (nonsense, "JSON"),
        (speaking(br#"{"newNonce":"http://192.0.2.1/","newAccount":"","newOrder":""}"#).await, "in clear"),
        (endless, "longer than it may be"),
    ];
    for (authority, why) in elsewhere {
        // Another authority than the one that issued it: it is asked at once.
        let settings = [
            format!("acme.http_listen={}", pebble.proofs),
            format!("acme.directory=http://{authority}/dir"),
            "acme.agree_terms=true".to_owned(),
            "http.public_url=https://mail.test".to_owned(),
        ];
        world = world.restart_with(&settings.each_ref().map(String::as_str)).await;
        until("a failure", async || metric(&world, FAILURES).await == 1).await;
        assert!(reason(&world).contains(why), "{why}: {}", reason(&world));
        assert_eq!(by_https(&world, &pebble.roots).await.as_ref(), Some(&before));
        assert_eq!(by_starttls(&world, &pebble.roots).await.as_ref(), Some(&before));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_listener_of_challenges_answers_nothing_else() {
    let door = free();
    let settings = [
        format!("acme.http_listen={door}"),
        format!("acme.directory=http://{}/dir", free()),
        "acme.agree_terms=true".to_owned(),
        "http.public_url=https://mail.test".to_owned(),
    ];
    let _world = service(&settings).await;
    let ask = async |method: &str, path: &str| Request::new(door, method, path).send().await;
    for path in ["", "unknown", "../../../etc/passwd", "%2e%2e/healthz", "a/b", "?token=a"] {
        let answer = ask("GET", &format!("/.well-known/acme-challenge/{path}")).await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{path}");
    }
    for path in ["/", "/v1/messages", "/readyz", "/metrics", "/operator/v1/tenants", "//evil.test/"] {
        let answer = ask("GET", path).await;
        let there = answer.headers.iter().find(|(name, _)| name == "location");
        assert_eq!(answer.status, 308, "{path}");
        assert_eq!(there.map(|(_, url)| url.as_str()), Some(format!("https://mail.test{path}").as_str()));
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
        assert_eq!(ask(method, "/.well-known/acme-challenge/unknown").await.status, 405, "{method}");
    }
    assert_eq!(ask("GET", &format!("/{}", "a".repeat(4_000))).await.status, 404);
    let long = Request::new(door, "GET", "/").header("x-long", &"a".repeat(40_000)).send().await;
    assert_eq!(long.status, 431);
    // A host of somebody else's leads nowhere else; a body is not waited for; one question closes the connection.
    let raw = async |request: &str| {
        let mut stream = TcpStream::connect(door).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it is closed");
        answer.to_ascii_lowercase()
    };
    let led = raw("GET http://evil.test/x HTTP/1.1\r\nhost: evil.test\r\n\r\n").await;
    assert!(led.contains("location: https://mail.test/x\r\n") && !led.contains("evil"), "{led}");
    let unread = raw("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n").await;
    assert!(unread.starts_with("http/1.1 405 "), "{unread}");
    assert!(raw("\u{16}\u{3}\u{1} hello\r\n\r\n").await.starts_with("http/1.1 400 "));
}

/// An address that nobody listens at.
fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

/// What the file says of who issued it.
fn issuer(world: &World) -> String {
    let text = std::fs::read_to_string(world.data_dir().join("acme/certificate.pem")).expect("it is there");
    text.lines().next().and_then(|line| line.strip_prefix("Issued by ")).expect("it was issued").to_owned()
}

/// Trusts this certificate and no other.
fn trusting(only: &CertificateDer<'static>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(only.clone()).expect("a certificate");
    roots
}

/// A web server that says the same to everybody.
async fn speaking(body: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4_096]).await;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
        }
    });
    address
}

/// A web server whose answer never ends.
async fn endless() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b' '; 4_096]).await.is_ok() {}
        }
    });
    address
}
