//! The sockets: accepts, bounds what a slow or greedy peer can hold, and ends in good order.
//!
//! HTTP/1.1 only. hyper is strict about framing: where `Content-Length` and `Transfer-Encoding` both stand, the latter
//! counts and the connection ends after the answer (RFC 9112 6.1), so nothing can be smuggled behind it.

mod patient;

use crate::sources::{Place, Sources};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use patient::Patient;

/// How long a request's header may take, and how long a connection may wait for its next request.
const HEADER_PATIENCE: Duration = Duration::from_secs(10);
/// How long a TLS handshake may take.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);
/// The header of a request, in bytes.
const MOST_HEADER: usize = 32 * 1024;
/// How long to pause when a connection could not be accepted, for example for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Tells handlers that wait when to wait no longer.
#[derive(Clone, Default)]
pub(crate) struct Shutdown(CancellationToken);

impl Shutdown {
    /// Returns once the service ends.
    pub(crate) async fn begun(&self) {
        self.0.cancelled().await;
    }

    /// The token that is cancelled then.
    pub(crate) fn token(&self) -> CancellationToken {
        self.0.clone()
    }
}

impl<S: Sync> FromRequestParts<S> for Shutdown {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// A connection's place among all and among those of its network, and in what a shutdown waits for. Kept by who goes on
/// with the connection when HTTP is over.
#[derive(Clone, Default)]
pub(crate) struct Seat(#[expect(dead_code, reason = "it is held, not read")] Option<Arc<Seated>>);

type Seated = (OwnedSemaphorePermit, Place, TaskTrackerToken);

impl<S: Sync> FromRequestParts<S> for Seat {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// How a listener is served.
pub struct ServeOptions {
    /// With a certificate.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// All connections come from a proxy of the operator's.
    pub behind_proxy: bool,
    /// Connections at once; further ones are closed.
    pub max_connections: usize,
    /// How long requests may take to end at a shutdown.
    pub grace: Duration,
}

/// Serves until `shutdown`, then lets requests that run end within `grace`, then closes what is left.
///
/// Long polls end at once when `shutdown` comes, so that `grace` is for work alone.
pub async fn serve(
    listener: TcpListener,
    options: ServeOptions,
    router: Router,
    shutdown: CancellationToken,
) {
    let ServeOptions { tls, behind_proxy, max_connections, grace } = options;
    let tls = tls.map(TlsAcceptor::from);
    let slots = Arc::new(Semaphore::new(max_connections));
    let sources = Sources::default();
    let connections = TaskTracker::new();
    let hard = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(PAUSE).await;
                continue;
            }
        };
        let slot = Arc::clone(&slots).try_acquire_owned().ok();
        let (Some(slot), Some(place)) = (slot, sources.enter(source(peer.ip(), behind_proxy))) else {
            turn_away(stream);
            continue;
        };
        let connection = Connection {
            peer,
            router: router.clone(),
            shutdown: shutdown.clone(),
            hard: hard.clone(),
            seat: Seat(Some(Arc::new((slot, place, connections.token())))),
        };
        connections.spawn(connection.open(stream, tls.clone()));
    }
    drop(listener);
    connections.close();
    if timeout(grace, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "closing connections whose requests did not end in time");
        hard.cancel();
        connections.wait().await;
    }
}

/// One connection and what it needs to be served.
struct Connection {
    peer: SocketAddr,
    router: Router,
    shutdown: CancellationToken,
    hard: CancellationToken,
    seat: Seat,
}

/// Whose share of the connections it is: a proxy brings everybody's, and is counted like the machine itself.
fn source(peer: std::net::IpAddr, behind_proxy: bool) -> std::net::IpAddr {
    if behind_proxy { std::net::Ipv4Addr::LOCALHOST.into() } else { peer }
}

/// Says that there is no room, as far as that goes without waiting for anybody.
fn turn_away(stream: TcpStream) {
    const FULL: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let _ = stream.try_write(FULL);
}

impl Connection {
    async fn open(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        // Answers are small and complete: waiting for more to send would only delay them.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let Some(tls) = tls else { return self.speak(stream).await };
        let handshake = timeout(HANDSHAKE_PATIENCE, tls.accept(stream));
        let greeted = tokio::select! {
            greeted = handshake => greeted,
            () = self.shutdown.cancelled() => return,
        };
        match greeted {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => {}
        }
    }

    async fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let router = TowerToHyperService::new(self.router);
        let (peer, shutdown) = (Peer(self.peer), Shutdown(self.shutdown.clone()));
        let seat = self.seat;
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(shutdown.clone());
            request.extensions_mut().insert(seat.clone());
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_PATIENCE)
            .max_header_size(MOST_HEADER)
            .max_buf_size(2 * MOST_HEADER)
            .serve_connection(TokioIo::new(Patient::new(stream)), service)
            .with_upgrades();
        tokio::pin!(connection);
        let done = tokio::select! {
            done = connection.as_mut() => done,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    done = connection => done,
                    () = self.hard.cancelled() => return,
                }
            }
        };
        if let Err(error) = done {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}
