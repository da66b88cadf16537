//! The wiring of sending: which server takes what is not of this house, and the worker that runs the jobs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_dispatch::{
    Carried, DirectSettings, Handler, Handlers, Lane, Load, Outbox, Relay, Said, Security, Sender, Sink,
    Taken, Trouble,
};
use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_mailroom::{Fate, Mailroom, Report, TenantRelay};
use mailward_net::dane::Vouched;
use mailward_net::dns::Dns;
use mailward_net::egress::{Egress, EgressRules};
use mailward_net::exchangers::Exchangers;
use mailward_net::mta_sts::MtaSts;
use mailward_store::{ClaimedJob, JobKind};
use rustls_pki_types::CertificateDer;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::config::relay::RelayUrl;
use crate::config::{Config, DnsServers, OutboundMode};
use crate::{StartError, tls};

/// What is written beside the sandbox's answer.
const SANDBOX: &str = "sandbox: nothing left this machine";

/// What runs the jobs.
///
/// # Errors
/// [`StartError`], when the relay's password cannot be read, or the sandbox finds no port.
pub(crate) async fn handlers(
    config: &Config,
    room: &Mailroom,
    clock: &Clock,
    random: &Random,
    stop: &CancellationToken,
) -> Result<Handlers, StartError> {
    let outbox = Arc::new(Room {
        room: room.clone(),
        // In the sandbox nothing leaves this machine, whoever wants it to.
        relays: match config.outbound.mode {
            OutboundMode::Sandbox => None,
            OutboundMode::Relay | OutboundMode::Direct => {
                Some(Relays { hello: config.smtp.bounds.hostname.clone(), extra_roots: roots(config)? })
            }
        },
    });
    let relay = match config.outbound.mode {
        OutboundMode::Direct => {
            let settings = direct(config, room)?;
            let sender = Sender::direct(outbox, settings, clock.clone(), random.clone());
            let sender = sender.map_err(StartError::refused)?.traced(room.tracer().clone());
            return Ok(Handlers::from([(JobKind::Send, Arc::new(sender) as Arc<dyn Handler>)]));
        }
        OutboundMode::Sandbox => {
            let sink = Sink::start(stop.clone())
                .await
                .map_err(|error| StartError::failed(format!("the sandbox finds no port: {error}")))?;
            Relay {
                host: sink.address().ip().to_string(),
                port: sink.address().port(),
                security: Security::None,
                login: None,
                hello: config.smtp.bounds.hostname.clone(),
                remark: Some(SANDBOX),
                address: None,
                extra_roots: Vec::new(),
            }
        }
        OutboundMode::Relay => relay(config)?,
    };
    let sender = Sender::new(outbox, relay, clock.clone(), random.clone()).map_err(StartError::refused)?;
    let sender = sender.traced(room.tracer().clone());
    Ok(Handlers::from([(JobKind::Send, Arc::new(sender) as Arc<dyn Handler>)]))
}

/// How many mails go at once.
pub(crate) fn lane(config: &Config) -> Lane {
    match config.outbound.mode {
        OutboundMode::Direct => Lane::DIRECT,
        OutboundMode::Sandbox | OutboundMode::Relay => Lane::SENDING,
    }
}

fn direct(config: &Config, room: &Mailroom) -> Result<DirectSettings, StartError> {
    let outbound = &config.outbound;
    let hello = config.smtp.bounds.hostname.clone();
    let extra_roots = roots(config)?;
    Ok(DirectSettings {
        exchangers: Exchangers::new(room.dns().clone(), outbound.allow_private.clone(), &hello),
        hello,
        port: outbound.port,
        patience: Duration::from_secs(outbound.timeout_seconds.into()),
        per_destination: outbound.per_destination,
        require_tls: outbound.require_tls,
        mta_sts: mta_sts(config, room.dns().clone())?,
        dane: match &config.dns.servers {
            DnsServers::List(servers) if outbound.dane => servers.first().copied().and_then(Vouched::new),
            _ => None,
        },
        extra_roots,
    })
}

/// What finds the promises of domains. Their web servers are named by strangers: they pass the same guard as webhooks.
///
/// # Errors
/// [`StartError`], when a certificate authority of the configuration is none.
pub(crate) fn mta_sts(config: &Config, dns: Dns) -> Result<MtaSts, StartError> {
    let rules = EgressRules {
        allow_private: config.outbound.allow_private.clone(),
        extra_roots: roots(config)?,
        ..EgressRules::default()
    };
    let egress = Egress::new(dns.clone(), rules);
    let egress = egress.map_err(|error| StartError::refused(format!("outbound.tls_roots: {error}")))?;
    Ok(MtaSts::new(dns, egress, config.outbound.policy_port))
}

fn roots(config: &Config) -> Result<Vec<CertificateDer<'static>>, StartError> {
    config.outbound.tls_roots.as_deref().map_or(Ok(Vec::new()), tls::certificates)
}

fn relay(config: &Config) -> Result<Relay, StartError> {
    let outbound = &config.outbound;
    let password = match (&outbound.relay_password, &outbound.relay_password_file) {
        (Some(password), _) => Some(Zeroizing::new(password.expose().to_owned())),
        (None, Some(path)) => {
            let read = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
                StartError::refused(format!("outbound.relay_password_file {}: {error}", path.display()))
            })?;
            Some(Zeroizing::new(read.trim().to_owned()))
        }
        (None, None) => None,
    };
    let url = outbound.relay_url.as_deref().unwrap_or_default();
    let url =
        RelayUrl::parse(url).map_err(|reason| StartError::refused(format!("outbound.relay_url {reason}")))?;
    Ok(Relay {
        host: url.host,
        port: url.port,
        security: url.security,
        login: outbound.relay_user.clone().zip(password),
        hello: config.smtp.bounds.hostname.clone(),
        remark: None,
        address: None,
        extra_roots: roots(config)?,
    })
}

struct Room {
    room: Mailroom,
    /// How tenants' own relays are spoken with; none: they are not.
    relays: Option<Relays>,
}

struct Relays {
    hello: String,
    extra_roots: Vec<CertificateDer<'static>>,
}

impl Relays {
    /// Where a tenant's relay is now, and how to speak with it.
    async fn reach(&self, room: &Mailroom, relay: TenantRelay) -> Result<Relay, String> {
        let TenantRelay { host, port, implicit_tls, user, password } = relay;
        let found = room.relays().relay(&host, port).await.map_err(|why| why.to_string())?;
        Ok(Relay {
            address: found.first().copied(),
            host,
            port,
            security: if implicit_tls { Security::Tls } else { Security::StartTls },
            login: Some((user, password)),
            hello: self.hello.clone(),
            remark: None,
            extra_roots: self.extra_roots.clone(),
        })
    }
}

impl Outbox for Room {
    fn take<'a>(
        &'a self,
        job: ClaimedJob,
        last: bool,
        admit: &'a (dyn Fn(&str) -> bool + Sync),
    ) -> BoxFuture<'a, Result<Taken, Trouble>> {
        async move {
            let begun = self.room.begin_sending(&job, last, admit).await?;
            let load = match begun.parcel {
                None => None,
                Some(parcel) => {
                    let relay = match (parcel.relay, &self.relays) {
                        (Some(relay), Some(relays)) => Some(relays.reach(&self.room, relay).await),
                        _ => None,
                    };
                    Some(Load { to: parcel.to, raw: parcel.raw, relay })
                }
            };
            Ok(Taken {
                load,
                deferred: begun.deferred,
                left: begun.left,
                again: begun.again,
                waits: begun.waits,
            })
        }
        .boxed()
    }

    fn note(&self, job: ClaimedJob, said: Vec<Said>) -> BoxFuture<'_, Result<(), Trouble>> {
        async move {
            let reports = said.into_iter().map(|one| Report {
                no: one.no,
                fate: match one.carried {
                    Carried::Taken => Fate::Sent,
                    Carried::Delivered => Fate::Delivered,
                    Carried::Later => Fate::Deferred,
                    Carried::Never => Fate::Failed,
                },
                answer: one.answer,
            });
            Ok(self.room.end_sending(&job, reports.collect()).await?)
        }
        .boxed()
    }
}
