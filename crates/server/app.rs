//! The wiring: every part is made here, once, and handed to those that need it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mailward_dispatch::{Call, Calls, Handlers, Webhooks, Worker, sweep};
use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_mailroom::{Keyring, Mailroom, Parts};
use mailward_net::dns::Dns;
use mailward_net::egress::{Egress, EgressRules};
use mailward_smtp::Shutdown;
use mailward_store::{Act, Action, Intake, IntakeLimits, JobKind, Keystore, Location, Store};
use mailward_web::{ServeOptions, WebConfig};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, DnsServers, Signup};
use crate::data_dir::DataDir;
use crate::{StartError, checkpoints, tls};

/// How long requests may take to end when the service stops.
const GRACE: Duration = Duration::from_secs(20);

/// A running service.
pub struct App {
    /// Where mail comes in.
    pub smtp: SocketAddr,
    /// The public API.
    pub http: SocketAddr,
    /// The operator's API.
    pub operator: SocketAddr,
    room: Mailroom,
    store: Store,
    intake: Intake,
    listener: mailward_smtp::Server,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    _data: DataDir,
}

impl App {
    /// Starts everything. When it returns, the listeners answer.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong and what to do.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let data = DataDir::open(&config.data_dir)?;
        let (clock, random) = (Clock::system(), Random::system());
        let ring = data.master_ring(&random)?;
        let keystore = Keystore::open(&keystore_location(&config, &data)).await.map_err(StartError::store)?;
        let keyring = Keyring::new(keystore, ring, clock.clone(), random.clone());
        let store = Store::open(&store_location(&config, &data)).await.map_err(StartError::store)?;
        let (intake, writer) = Intake::start(store.clone(), clock.clone(), IntakeLimits::default());
        let dns = dns(&config)?;
        let egress = egress(&config, dns.clone())?;
        let screening =
            mailward_mailroom::Screening::start(&data.file("parsing"), config.screening.threads()).map_err(
                |error| StartError::failed(format!("cannot start the screening threads: {error}")),
            )?;
        let room = Mailroom::new(Parts {
            config: mailroom_config(&config),
            store: store.clone(),
            intake: intake.clone(),
            keyring,
            screening,
            dns,
            egress: egress.clone(),
            clock: clock.clone(),
            random: random.clone(),
        });
        install_operator(&room, &data).await?;
        let started = Act::new(Action::ServiceStarted).word("version", env!("CARGO_PKG_VERSION"));
        room.note_act(&started).await.map_err(|error| StartError::failed(error.to_string()))?;

        let stop = CancellationToken::new();
        let mut tasks = vec![writer];
        tasks.push(tokio::spawn(sweep(store.clone(), clock.clone(), stop.clone())));
        tasks.push(tokio::spawn(checkpoints::keep(room.clone(), data.file("checkpoints.log"), stop.clone())));
        tasks.push(tokio::spawn(room.clone().run_endings(stop.clone().cancelled_owned())));
        let worker = Worker::new(store.clone(), clock.clone(), handlers(&room, egress, &clock, &random));
        tasks.push(tokio::spawn(worker.run(stop.clone())));

        let (http, task) = serve_public(&config, &room, &stop).await?;
        tasks.push(task);
        let (operator, task) = serve_operator(&config, &room, &stop).await?;
        tasks.push(task);
        let smtp_tls = config.smtp.tls().map(|files| tls::load(files, &[])).transpose()?;
        let listener = mailward_smtp::bind(
            config.smtp.listen,
            config.smtp.bounds.clone(),
            smtp_tls,
            room.clone(),
            clock,
        )
        .map_err(|error| StartError::bind("smtp.listen", config.smtp.listen, &error))?;
        let smtp = listener.local_addr();
        tracing::info!(%smtp, %http, %operator, "serving");
        Ok(Self { smtp, http, operator, room, store, intake, listener, stop, tasks, _data: data })
    }

    /// The mailroom, for what runs in the same process.
    pub fn room(&self) -> &Mailroom {
        &self.room
    }

    /// The SMTP listener.
    pub fn smtp_server(&self) -> &mailward_smtp::Server {
        &self.listener
    }

    /// The data directory.
    pub fn data_dir(&self) -> &std::path::Path {
        self._data.path()
    }

    /// Stops in order: no new mail, no new requests, what runs comes to its end, what waits is written, the
    /// databases are closed.
    pub async fn stop(self, how: Shutdown) {
        self.listener.shutdown(how).await;
        self.stop.cancel();
        self.intake.stop().await;
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task ended badly");
            }
        }
        self.store.close().await;
        self.room.close().await;
    }
}

fn store_location(config: &Config, data: &DataDir) -> Location {
    match config.store.url.expose() {
        "sqlite" => Location::Sqlite(data.file("mailward.db")),
        url => Location::Postgres {
            url: url.to_owned(),
            owner_url: config.store.owner_url.as_ref().map(|owner| owner.expose().to_owned()),
        },
    }
}

fn keystore_location(config: &Config, data: &DataDir) -> Location {
    match &config.keys.store_url {
        None => Location::Sqlite(data.file("keystore.db")),
        Some(url) => {
            Location::Postgres { url: url.expose().to_owned(), owner_url: Some(url.expose().to_owned()) }
        }
    }
}

fn dns(config: &Config) -> Result<Dns, StartError> {
    Ok(match &config.dns.servers {
        DnsServers::Off => Dns::off(),
        DnsServers::List(servers) => Dns::servers(servers.clone()),
        DnsServers::System => Dns::system().map_err(|error| {
            StartError::failed(format!(
                "cannot read the system's name servers: {error}; set dns.servers to a list or to \"off\""
            ))
        })?,
    })
}

fn egress(config: &Config, dns: Dns) -> Result<Egress, StartError> {
    let rules = EgressRules {
        allow_private: config.webhooks.allow_private.clone(),
        own_domains: config.all_domains(),
        ..EgressRules::default()
    };
    Egress::new(dns, rules).map_err(|error| StartError::failed(format!("cannot prepare TLS: {error}")))
}

fn mailroom_config(config: &Config) -> mailward_mailroom::Config {
    mailward_mailroom::Config {
        hostname: config.smtp.bounds.hostname.clone(),
        region: config.region.clone(),
        domains: config.all_domains(),
        hold: config.screening.hold,
        plans: config.plans.clone(),
        signup_open: config.signup == Signup::Open,
        data_dir: config.data_dir.clone(),
        disk_free_bytes: config.limits.disk_free_bytes,
        grace_days: config.offboarding.grace_days,
        settle: Duration::from_secs(config.offboarding.settle_seconds.into()),
    }
}

/// The key goes to its file first and to the database then: a start that was cut off between finds the file and
/// goes on, and no key is ever valid that nobody has.
async fn install_operator(room: &Mailroom, data: &DataDir) -> Result<(), StartError> {
    let failed = |error: mailward_mailroom::Error| StartError::failed(error.to_string());
    if room.has_operator().await.map_err(failed)? {
        return Ok(());
    }
    let token = match data.operator_key()? {
        Some(token) => token,
        None => {
            let token = room.new_operator_token();
            let path = data.write_operator_key(&token)?;
            tracing::info!(path = %path.display(), "wrote the operator's key");
            token
        }
    };
    if room.install_operator(&token).await.map_err(failed)? {
        return Ok(());
    }
    // The one in the file was revoked, or another node was first.
    let token = room.new_operator_token();
    if room.install_operator(&token).await.map_err(failed)? {
        let path = data.write_operator_key(&token)?;
        tracing::warn!(path = %path.display(), "the operator's key was revoked; wrote a new one");
    } else {
        tracing::warn!("another node installed its operator key first; use that one");
    }
    Ok(())
}

fn handlers(room: &Mailroom, egress: Egress, clock: &Clock, random: &Random) -> Handlers {
    let room = room.clone();
    let calls: Calls = Arc::new(move |job| {
        let room = room.clone();
        Box::pin(async move {
            let call = room.webhook_call(&job).await?;
            Ok(call.map(|call| Call {
                url: call.url,
                secret: call.secret,
                headers: call.headers,
                event: call.event,
                body: call.body,
            }))
        })
    });
    let webhooks = Webhooks::new(egress, calls, clock.clone(), random.clone());
    Handlers::from([(JobKind::Webhook, Arc::new(webhooks) as Arc<dyn mailward_dispatch::Handler>)])
}

async fn serve_public(
    config: &Config,
    room: &Mailroom,
    stop: &CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), StartError> {
    let (listener, address) = listen("http.listen", config.http.listen).await?;
    let tls = config.http.tls().map(|files| tls::load(files, &[b"http/1.1"])).transpose()?;
    let web = WebConfig {
        public_url: config.public_url(address),
        behind_proxy: config.http.behind_proxy,
        tls: tls.is_some() || config.http.behind_proxy,
        ..WebConfig::default()
    };
    let options = ServeOptions { tls, behind_proxy: config.http.behind_proxy, grace: GRACE };
    let router = mailward_web::public_router(room.clone(), web);
    Ok((address, tokio::spawn(mailward_web::serve(listener, options, router, stop.clone()))))
}

async fn serve_operator(
    config: &Config,
    room: &Mailroom,
    stop: &CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), StartError> {
    let (listener, address) = listen("operator.listen", config.operator.listen).await?;
    let tls = config.operator.tls().map(|files| tls::load(files, &[b"http/1.1"])).transpose()?;
    let web = WebConfig {
        public_url: config.public_url(address),
        behind_proxy: config.operator.behind_proxy,
        tls: tls.is_some() || config.operator.behind_proxy,
        ..WebConfig::default()
    };
    let options = ServeOptions { tls, behind_proxy: config.operator.behind_proxy, grace: GRACE };
    let router = mailward_web::operator_router(room.clone(), web);
    Ok((address, tokio::spawn(mailward_web::serve(listener, options, router, stop.clone()))))
}

async fn listen(key: &'static str, wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error: std::io::Error| StartError::bind(key, wanted, &error);
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
