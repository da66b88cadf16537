//! The door: binds, accepts, starts a task for each session, shuts down.
//!
//! Tasks, not threads, so a thousand silent peers cost a thousand small buffers. A session that panics ends alone.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mailward_mail::clock::Clock;
use mailward_mailroom::Mailroom;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::SmtpConfig;
use crate::connection::{Shared, serve};
use crate::gate::Gate;
use crate::proxy::{self, Source};
use crate::reply::{self, Reply};

/// Under a burst a shorter queue drops connections for good.
const BACKLOG: u32 = 4096;
/// The wait after accept failed: out of file descriptors it fails again at once, and would keep a core busy.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long sessions told to end at once may take to say so.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Connections of balancers whose header has not come yet.
const MOST_ANNOUNCEMENTS: usize = 1_024;

/// How to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Idle sessions get 421 now, those within a message may finish for [`SmtpConfig::drain`].
    Soft,
    /// Every session that waits for its peer gets 421 now.
    Hard,
}

/// A running listener. Dropping it stops nothing.
#[derive(Clone)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    /// Ends what neither token ended, a message on its way into the store too: it was not acknowledged.
    abort: CancellationToken,
    announcements: Arc<Semaphore>,
}

/// Starts to listen. With `tls`, STARTTLS is offered.
///
/// # Errors
/// When the address cannot be bound.
pub fn bind(
    address: SocketAddr,
    config: SmtpConfig,
    tls: Option<Arc<rustls::ServerConfig>>,
    mailroom: Mailroom,
    clock: Clock,
) -> io::Result<Server> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let config = Arc::new(config);
    let shared = Arc::new(Shared {
        gate: Arc::new(Gate::new(Arc::clone(&config), clock)),
        config,
        tls: tls.map(TlsAcceptor::from),
        mailroom,
        soft: CancellationToken::new(),
        hard: CancellationToken::new(),
    });
    let address = listener.local_addr()?;
    let server = Server {
        address,
        shared,
        tasks: TaskTracker::new(),
        abort: CancellationToken::new(),
        announcements: Arc::new(Semaphore::new(MOST_ANNOUNCEMENTS)),
    };
    server.tasks.spawn(server.clone().accept(listener));
    Ok(server)
}

impl Server {
    /// Where it listens; the port is known even if port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Sessions open now.
    pub fn sessions(&self) -> usize {
        self.shared.gate.open()
    }

    /// Accepts no more and waits until all sessions have ended, which they do within the time of `how`. A hard
    /// shutdown may follow upon a soft one that is still waiting.
    pub async fn shutdown(&self, how: Shutdown) {
        self.shared.soft.cancel();
        self.tasks.close();
        if how == Shutdown::Soft && timeout(self.shared.config.drain, self.tasks.wait()).await.is_ok() {
            return;
        }
        self.shared.hard.cancel();
        if timeout(LAST_WORDS, self.tasks.wait()).await.is_err() {
            tracing::warn!(sessions = self.sessions(), "SMTP sessions were cut off");
            self.abort.cancel();
            self.tasks.wait().await;
        }
    }

    async fn accept(self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shared.soft.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.open(stream, peer),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept an SMTP connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn open(&self, stream: TcpStream, peer: SocketAddr) {
        let peer = peer.ip().to_canonical();
        if !self.shared.config.proxies.iter().any(|network| network.contains(&peer)) {
            return self.enter(stream, peer);
        }
        // Few can be here at once unless the balancer hangs: its header is the first thing it sends.
        let Ok(place) = Arc::clone(&self.announcements).try_acquire_owned() else {
            return self.turn_away(stream, &reply::full());
        };
        let (server, soft) = (self.clone(), self.shared.soft.clone());
        self.tasks.spawn(soft.run_until_cancelled_owned(async move {
            let _place = place;
            server.announced(stream, peer).await;
        }));
    }

    /// Lets in whom a balancer announces. All that is counted and remembered of a network is the client's, none the
    /// balancer's: one hostile client must not use up what all behind it share.
    async fn announced(&self, mut stream: TcpStream, balancer: IpAddr) {
        match timeout(self.shared.config.first_command_timeout, proxy::read(&mut stream)).await {
            Ok(Ok(Source::Client(client))) => self.enter(stream, client),
            Ok(Ok(Source::Itself)) => self.enter(stream, balancer),
            Ok(Err(bad)) => {
                tracing::warn!(%balancer, %bad, "an SMTP connection was refused");
                self.turn_away(stream, &reply::not_announced());
            }
            Err(_) => {
                tracing::warn!(%balancer, "no PROXY protocol header came in time");
                self.turn_away(stream, &reply::not_announced());
            }
        }
    }

    fn enter(&self, stream: TcpStream, client: IpAddr) {
        match self.shared.gate.admit(client) {
            Err(refusal) => self.turn_away(stream, &refusal),
            Ok(pass) => {
                // Without it a pipelining client waits 44 ms a message for the acknowledgement of our last reply.
                let _ = stream.set_nodelay(true);
                let (shared, abort) = (Arc::clone(&self.shared), self.abort.clone());
                self.tasks.spawn(abort.run_until_cancelled_owned(serve(stream, client, pass, shared)));
            }
        }
    }

    /// Says why and closes, without a task: the send buffer of a new connection holds one reply, so nothing waits.
    fn turn_away(&self, stream: TcpStream, refusal: &Reply) {
        tracing::debug!(code = refusal.code(), "an SMTP connection was turned away");
        self.shared.note(refusal);
        let mut wire = Vec::new();
        refusal.write_to(&mut wire);
        if let Ok(mut stream) = stream.into_std() {
            let _ = stream.write(&wire);
        }
    }
}
