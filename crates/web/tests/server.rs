//! The sockets, spoken to byte by byte: what a slow, greedy or ambiguous client can and cannot do.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use mailward_web::{Peer, ServeOptions, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server with a few routes, until it is dropped.
struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    ended: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start(grace: Duration) -> Self {
        let router = Router::new()
            .route(
                "/peer",
                get(
                    |axum::Extension(Peer(peer)): axum::Extension<Peer>| async move { peer.ip().to_string() },
                ),
            )
            .route("/slow", get(|| async { sleep(Duration::from_millis(400)).await }))
            .route("/stuck", get(|| async { sleep(Duration::from_secs(600)).await }))
            .route("/length", post(|body: Bytes| async move { body.len().to_string() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shutdown = CancellationToken::new();
        let ended = tokio::spawn(serve(
            listener,
            ServeOptions { tls: None, behind_proxy: false, grace, max_connections: 100 },
            router,
            shutdown.clone(),
        ));
        Self { address, shutdown, ended }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// What the server says to these bytes until it closes.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may close while we still write.
        let _ = stream.write_all(bytes).await;
        read_all(&mut stream).await
    }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_handler_learns_who_its_peer_is() {
    let server = Server::start(PATIENCE).await;
    let answer = server.say(b"GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n127.0.0.1"), "{answer}");
}

#[tokio::test]
async fn a_body_may_be_larger_than_a_header_may_be() {
    let server = Server::start(PATIENCE).await;
    let mut request =
        b"POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n".to_vec();
    request.resize(request.len() + 100_000, b'x');
    assert!(server.say(&request).await.ends_with("\r\n\r\n100000"));
}

#[tokio::test]
async fn a_header_of_more_than_32_kib_is_refused() {
    let server = Server::start(PATIENCE).await;
    let request = format!("GET /peer HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(33 * 1024));
    assert!(server.say(request.as_bytes()).await.starts_with("HTTP/1.1 431 "));
    let many = format!("GET /peer HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(200));
    assert!(server.say(many.as_bytes()).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn nothing_is_smuggled_behind_a_doubtful_length() {
    let server = Server::start(PATIENCE).await;
    let smuggled = "0\r\n\r\nGET /peer HTTP/1.1\r\nHost: x\r\n\r\n";
    for lengths in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ] {
        let answer = server
            .say(format!("POST /length HTTP/1.1\r\nHost: x\r\n{lengths}\r\n{smuggled}").as_bytes())
            .await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "one answer, then the end: {answer}");
    }
    for lengths in
        ["Content-Length: 4\r\nContent-Length: 5\r\n", "Content-Length: +4\r\n", "Transfer-Encoding: x\r\n"]
    {
        let answer = server
            .say(format!("POST /length HTTP/1.1\r\nHost: x\r\n{lengths}\r\n{smuggled}").as_bytes())
            .await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lengths}{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
}

#[tokio::test]
async fn a_silent_client_is_closed_after_ten_seconds() {
    let server = Server::start(PATIENCE).await;
    let started = Instant::now();
    let (never, half) = (b"".as_slice(), b"GET /peer HTTP/1.1\r\nHost".as_slice());
    tokio::join!(server.say(never), server.say(half));
    let waited = started.elapsed().as_secs_f32();
    assert!((8.0..15.0).contains(&waited), "{waited}");
}

#[tokio::test]
async fn requests_that_run_end_and_idle_connections_close_at_shutdown() {
    let server = Server::start(PATIENCE).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /peer HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    sleep(Duration::from_millis(100)).await;
    server.shutdown.cancel();
    let (idle, busy) = tokio::join!(read_all(&mut idle), read_all(&mut busy));
    assert!(idle.ends_with("127.0.0.1") && busy.starts_with("HTTP/1.1 200 "), "{idle}\n{busy}");
    timeout(Duration::from_secs(2), server.ended).await.expect("it ends at once").expect("in order");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_does_not_end_within_the_grace_is_closed() {
    let server = Server::start(Duration::from_millis(300)).await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    sleep(Duration::from_millis(100)).await;
    server.shutdown.cancel();
    assert_eq!(read_all(&mut stuck).await, "");
    timeout(Duration::from_secs(2), server.ended).await.expect("it ends").expect("in order");
}
