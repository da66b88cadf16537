//! What listens over HTTP: the public API with the tenants' console, the operator's with the staff's, and the place where an
//! authority looks for the answers to its challenges.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mailward_console::ConsoleConfig;
use mailward_mail::clock::Clock;
use mailward_mailroom::Mailroom;
use mailward_web::{
    Certificate, Challenges, Isolation, Requests, Restarts, ServeOptions, StreamTimes, WebConfig,
    challenge_router,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::acme::Acme;
use crate::app::dns;
use crate::config::Config;
use crate::supervise::Supervisor;
use crate::{StartError, tls};

/// How long requests may take to end when the service stops.
const GRACE: Duration = Duration::from_secs(20);

/// Connections of operators at once; further ones are closed.
const OPERATORS_CONNECTIONS: usize = 2_000;

/// Connections at once to the listener of an authority's challenges; each is for one question.
const CHALLENGES_CONNECTIONS: usize = 256;

/// What the listeners of a process count together.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) requests: Requests,
    pub(crate) restarts: Restarts,
    pub(crate) certificate: Certificate,
}

/// Answers an authority's challenges, and keeps the certificate that it issues.
pub(crate) async fn certify(
    config: &Config,
    clock: &Clock,
    (counted, http, stop): (&Counted, Option<SocketAddr>, &CancellationToken),
    tasks: &mut Supervisor,
) -> Result<(), StartError> {
    let Some(wanted) = config.acme.http_listen else { return Ok(()) };
    let (challenges, shown) = (Challenges::default(), counted.certificate.clone());
    let Some(orders) = Acme::open(config, dns(config)?, clock, challenges.clone(), shown)? else {
        return Ok(());
    };
    let (listener, _) = listen("acme.http_listen", wanted).await?;
    let https = http.map(|address| config.public_url(address)).or_else(|| config.http.public_url.clone());
    let https = https.map(|url| url.trim_end_matches('/').to_owned());
    let options = ServeOptions {
        tls: None,
        behind_proxy: false,
        max_connections: CHALLENGES_CONNECTIONS,
        grace: Duration::from_secs(1),
    };
    let router = challenge_router(challenges, https);
    tasks.once(tokio::spawn(mailward_web::serve(listener, options, router, stop.clone())));
    let (orders, stopped) = (Arc::new(orders), stop.clone());
    tasks.keep("certificate", move || Arc::clone(&orders).keep(stopped.clone()));
    Ok(())
}

/// Serves the public API and the console of tenants.
pub(crate) async fn serve_public(
    config: &Config,
    room: &Mailroom,
    counted: &Counted,
    stop: &CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), StartError> {
    let (listener, address) = listen("http.listen", config.http.listen).await?;
    let tls = config.http.tls().map(|files| tls::load(files, &[b"http/1.1"])).transpose()?;
    let tls_or_proxy = tls.is_some() || config.http.behind_proxy;
    let web = WebConfig {
        public_url: config.public_url(address),
        behind_proxy: config.http.behind_proxy,
        mcp_origins: config.mcp.allowed_origins.clone(),
        tls: tls_or_proxy,
        requests: counted.requests.clone(),
        restarts: counted.restarts.clone(),
        certificate: counted.certificate.clone(),
        streams: StreamTimes {
            ping: config.http.stream_ping,
            idle: config.http.stream_idle,
            patience: config.http.stream_patience,
            // Never later than the peer is to be asked.
            look: config.http.stream_ping.min(StreamTimes::default().look),
        },
        ..WebConfig::default()
    };
    let options = ServeOptions {
        tls,
        behind_proxy: config.http.behind_proxy,
        max_connections: config.http.max_connections,
        grace: GRACE,
    };
    let console = console_config(config, address, tls_or_proxy)?;
    let router = mailward_web::public_router(room.clone(), web)
        .merge(mailward_console::tenants_console(room.clone(), console));
    Ok((address, tokio::spawn(mailward_web::serve(listener, options, router, stop.clone()))))
}

/// Serves the operator's API and the console of the staff; without the role `web` its health and metrics alone.
pub(crate) async fn serve_operator(
    config: &Config,
    room: &Mailroom,
    isolation: &Isolation,
    counted: &Counted,
    public: Option<SocketAddr>,
    stop: &CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), StartError> {
    let (listener, address) = listen("operator.listen", config.operator.listen).await?;
    let tls = config.operator.tls().map(|files| tls::load(files, &[b"http/1.1"])).transpose()?;
    let web = WebConfig {
        public_url: config.public_url(address),
        behind_proxy: config.operator.behind_proxy,
        tls: tls.is_some() || config.operator.behind_proxy,
        isolation: isolation.clone(),
        people_url: public.map(|address| config.public_url(address)),
        requests: counted.requests.clone(),
        restarts: counted.restarts.clone(),
        certificate: counted.certificate.clone(),
        ..WebConfig::default()
    };
    let behind_proxy = config.operator.behind_proxy;
    let router = if config.roles.web {
        let tls = tls.is_some() || behind_proxy;
        let mut console = console_config(config, address, tls)?;
        console.behind_proxy = behind_proxy;
        if let Some(public) = public {
            console.people_url = config.public_url(public);
        }
        mailward_web::operator_router(room.clone(), web)
            .merge(mailward_console::staff_console(room.clone(), console))
    } else {
        mailward_web::health_router(room.clone(), web)
    };
    let options = ServeOptions { tls, behind_proxy, max_connections: OPERATORS_CONNECTIONS, grace: GRACE };
    Ok((address, tokio::spawn(mailward_web::serve(listener, options, router, stop.clone()))))
}

fn console_config(config: &Config, address: SocketAddr, tls: bool) -> Result<ConsoleConfig, StartError> {
    Ok(ConsoleConfig {
        public_url: config.public_url(address),
        people_url: config.public_url(address),
        behind_proxy: config.http.behind_proxy,
        tls,
        brand: crate::brand::read(&config.brand)?,
        held_for: config.screening.held(),
    })
}

async fn listen(key: &'static str, wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error: std::io::Error| StartError::bind(key, wanted, &error);
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
