//! Behind a TCP balancer: the client is who the balancer says, and nobody else may say anything.

use std::net::Ipv4Addr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::world::mail::plain;
use crate::world::{Engine, World};

const BALANCER: &str = "smtp.proxy_protocol=[\"127.0.0.0/8\"]";

/// PROXY protocol 2, TCP over IPv4, for a client.
fn header(client: [u8; 4]) -> Vec<u8> {
    let mut octets = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".to_vec();
    octets.extend(client);
    octets.extend(Ipv4Addr::LOCALHOST.octets());
    octets.extend([0xd4, 0x31, 0x00, 0x19]);
    octets
}

/// A connection on which these octets were sent first, and the first line that came back.
async fn connect(world: &World, first: &[u8]) -> (BufReader<TcpStream>, String) {
    let mut stream = BufReader::new(TcpStream::connect(world.smtp).await.expect("connected"));
    stream.write_all(first).await.expect("sent");
    let line = line(&mut stream).await;
    (stream, line)
}

async fn line(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("a line");
    line
}

async fn say(stream: &mut BufReader<TcpStream>, command: &str) -> String {
    stream.write_all(format!("{command}\r\n").as_bytes()).await.expect("sent");
    line(stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_a_network_are_the_announced_clients() {
    let settings = [BALANCER, "smtp.max_connections_per_ip=1", "smtp.ban_after_unknown=2"];
    let world = World::on(Engine::Sqlite, &settings).await;
    let (mut first, greeting) = connect(&world, &header([192, 0, 2, 7])).await;
    assert!(greeting.starts_with("220 "), "{greeting}");
    let (_, refused) = connect(&world, &header([192, 0, 2, 7])).await;
    assert!(refused.starts_with("421 4.7.0 "), "{refused}");
    // Another client of the same balancer is not to blame.
    let (_second, greeting) = connect(&world, &header([192, 0, 2, 8])).await;
    assert!(greeting.starts_with("220 "), "{greeting}");
    say(&mut first, "HELO a.test").await;
    say(&mut first, "MAIL FROM:<a@a.test>").await;
    assert!(say(&mut first, "RCPT TO:<nobody@agents.test>").await.starts_with("550 "));
    assert!(say(&mut first, "RCPT TO:<nobody@agents.test>").await.starts_with("421 "), "banned");
    drop(first);
    let (_, refused) = connect(&world, &header([192, 0, 2, 7])).await;
    assert!(refused.starts_with("421 ") || refused.starts_with("554 "), "{refused}");
    let (_, greeting) = connect(&world, &header([192, 0, 2, 9])).await;
    assert!(greeting.starts_with("220 "), "{greeting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_message_names_the_announced_client() {
    let world = World::on(Engine::Sqlite, &[BALANCER]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let (mut stream, _) = connect(&world, &header([192, 0, 2, 7])).await;
    say(&mut stream, "HELO a.test").await;
    say(&mut stream, "MAIL FROM:<a@a.test>").await;
    say(&mut stream, &format!("RCPT TO:<{}>", inbox.address)).await;
    say(&mut stream, "DATA").await;
    stream.write_all(&plain("behind", "x")).await.expect("sent");
    assert!(say(&mut stream, ".").await.starts_with("250 "));
    let id = inbox.emails().await[0]["id"].as_str().expect("an id").to_owned();
    let raw = ada.review("GET", format!("/v1/inboxes/{}/emails/{id}/raw", inbox.id)).send().await;
    assert!(raw.text().contains("192.0.2.7"), "{} {}", raw.status, raw.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balancer_that_does_not_say_for_whom_is_refused() {
    let world = World::on(Engine::Sqlite, &[BALANCER, "smtp.first_command_timeout_ms=300"]).await;
    let mut wrong = header([192, 0, 2, 7]);
    wrong[12] = 0x11;
    for first in
        [&b"EHLO sender.test\r\n"[..], b"PROXY TCP4 192.0.2.7 127.0.0.1 1 25\r\n", &wrong, b"\r\n\r\n", b""]
    {
        let (mut stream, refused) = connect(&world, first).await;
        assert!(refused.starts_with("554 5.5.1 "), "{first:?}: {refused}");
        // And that is all: what follows is read by nobody.
        let _ = stream.write_all(b"NOOP\r\n").await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "{rest:?}");
    }
    assert_eq!(world.with_app(|app| app.smtp_server().expect("it takes mail").sessions()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_announces_somebody_is_refused() {
    let world = World::on(Engine::Sqlite, &["smtp.proxy_protocol=[\"192.0.2.0/24\"]"]).await;
    for claim in [header([10, 0, 0, 1]), b"PROXY TCP4 10.0.0.1 127.0.0.1 1 25\r\n".to_vec()] {
        let (mut stream, greeting) = connect(&world, b"").await;
        assert!(greeting.starts_with("220 "), "{greeting}");
        stream.write_all(&claim).await.expect("sent");
        let refused = line(&mut stream).await;
        assert!(refused.starts_with("554 5.7.1 "), "{refused}");
    }
    // Nor a client that reaches us through the balancer and brings a header of its own.
    let world = World::on(Engine::Sqlite, &[BALANCER]).await;
    let (mut stream, _) = connect(&world, &header([192, 0, 2, 7])).await;
    stream.write_all(&header([10, 0, 0, 1])).await.expect("sent");
    let refused = line(&mut stream).await;
    assert!(refused.starts_with("554 5.7.1 "), "{refused}");
}
