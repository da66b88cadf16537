//! The trial of the walls, again and again on the service in production, through its own listeners' routers.
//!
//! The result is in the log, in the service's audit log, and at `GET /operator/v1/isolation`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_mailroom::Mailroom;
use mailward_web::{Trial, Verdict, WebConfig};
use tokio_util::sync::CancellationToken;

use super::Trouble;
use super::lane::{Inside, Lane};
use super::stage::Service;
use super::trial::{self, Outcome};

/// A trial of one's own service, whenever it is wanted.
#[derive(Clone)]
pub struct Job {
    service: Service,
    key: PathBuf,
    clock: Clock,
}

impl Job {
    /// Prepares trials of a service through the routers of its listeners, without their sockets: whatever certificate or
    /// proxy stands before those, what is tried is the same. `key` is where the operator's key lies.
    pub fn new(room: &Mailroom, web: &WebConfig, mut smtp: SocketAddr, key: PathBuf) -> Self {
        if smtp.ip().is_unspecified() {
            smtp.set_ip(if smtp.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
        }
        let inside = |router| {
            let service = TowerToHyperService::new(router);
            let open: Inside = Arc::new(move || {
                let (near, far) = tokio::io::duplex(64 << 10);
                let connection = http1::Builder::new().serve_connection(TokioIo::new(far), service.clone());
                tokio::spawn(async move {
                    // The near end is dropped when its answer was read.
                    let _ = connection.await;
                });
                near
            });
            Lane::inside(open)
        };
        let service = Service {
            public: inside(mailward_web::public_router(room.clone(), web.clone())),
            operator: inside(mailward_web::operator_router(room.clone(), web.clone())),
            smtp,
            operator_token: String::new(),
        };
        Self { service, key, clock: room.clock().clone() }
    }

    /// Runs a trial every `every` until told to stop.
    pub async fn keep(self, every: Duration, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = stop.cancelled() => return,
            }
            // A trial that was begun is brought to its end, so that its tenants do not stay behind.
            if let Err(Trouble(why)) = self.once().await {
                tracing::warn!(why, "the doors between tenants could not be tried");
            }
        }
    }

    /// Runs one trial. The operator's key is read again each time: it may have changed.
    ///
    /// # Errors
    /// [`Trouble`] when it could not be made.
    pub async fn once(&self) -> Result<Trial, Trouble> {
        let operator_token =
            crate::data_dir::read_secret(&self.key).map_err(|error| Trouble(error.to_string()))?;
        let service = Service { operator_token, ..self.service.clone() };
        let Outcome { trial, left } = trial::run(&service, &self.clock, &Random::system()).await?;
        let count = |verdict| trial.count(verdict);
        let (closed, leaks, untried) =
            (count(Verdict::Closed), count(Verdict::Leaks), count(Verdict::Untried));
        for door in trial.doors.iter().filter(|door| door.verdict == Verdict::Leaks) {
            let (tried, answered) = (&door.tried, &door.answered);
            tracing::error!(door = door.door, tried, answered, "a door between tenants leaks");
        }
        tracing::info!(closed, leaks, untried, left = left.len(), "tried the doors between tenants");
        Ok(trial)
    }
}
