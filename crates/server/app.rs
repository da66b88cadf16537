//! The wiring: every part is made here, once, and handed to those that need it.

use std::net::SocketAddr;
use std::time::Duration;

use mailward_console::ConsoleConfig;
use mailward_dispatch::{Lane, Terms, Worker, sweep};
use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_mailroom::{Keyring, Mailroom, Parts};
use mailward_net::dns::Dns;
use mailward_net::egress::{Egress, EgressRules};
use mailward_smtp::Shutdown;
use mailward_store::{Act, Action, Intake, IntakeLimits, JobKind, Keystore, Location, Store};
use mailward_web::{Isolation, Requests, ServeOptions, StreamTimes, WebConfig};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, DnsServers, Signup};
use crate::data_dir::DataDir;
use crate::doctor::job::Job;
use crate::{StartError, checkpoints, doctor, domains, judging, providers, sending, time, tls};

/// How long requests may take to end when the service stops.
const GRACE: Duration = Duration::from_secs(20);

/// Connections of operators at once; further ones are closed.
const OPERATORS_CONNECTIONS: usize = 2_000;

/// A running service.
pub struct App {
    /// Where mail comes in, where this process takes any.
    pub smtp: Option<SocketAddr>,
    /// The public API, where this process serves it.
    pub http: Option<SocketAddr>,
    /// The operator's API; without the role `web` only the health of this process.
    pub operator: SocketAddr,
    room: Mailroom,
    store: Store,
    intake: Intake,
    listener: Option<mailward_smtp::Server>,
    stop: CancellationToken,
    trial: Option<Job>,
    tasks: Vec<JoinHandle<()>>,
    _data: DataDir,
}

impl App {
    /// Starts what the configuration's roles name. When it returns, the listeners answer.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong and what to do.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let data = DataDir::open(&config.data_dir)?;
        let (clock, random) = (clock(&config), Random::system());
        let roles = config.roles;
        let keyring = open_keyring(&config, &data, &clock, &random).await?;
        let store = Store::open(&store_location(&config, &data)).await.map_err(StartError::store)?;
        time::set(&store, &clock).await;
        let intake_limits = IntakeLimits { loops: config.loops.budget(), ..IntakeLimits::default() };
        let (intake, writer) = Intake::start(store.clone(), clock.clone(), random.clone(), intake_limits);
        let dns = dns(&config)?;
        let egress = egress(&config, dns.clone())?;
        let judge = judging::open(&config, dns.clone())?;
        let screening =
            mailward_mailroom::Screening::start(&data.file("parsing"), screening_threads(&config)).map_err(
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
            judge,
            clock: clock.clone(),
            random: random.clone(),
        });
        install_operator(&room, &data).await?;
        let started = Act::new(Action::ServiceStarted).word("version", env!("CARGO_PKG_VERSION"));
        room.note_act(&started).await.map_err(|error| StartError::failed(error.to_string()))?;

        let stop = CancellationToken::new();
        let mut tasks = vec![writer];
        tasks.push(tokio::spawn(time::keep(store.clone(), clock.clone(), stop.clone())));
        tasks.push(tokio::spawn(hear(store.clone(), room.clone(), stop.clone())));
        let unclean = data
            .begin()
            .map_err(|error| StartError::failed(format!("cannot write to the data directory: {error}")))?;
        if unclean {
            tasks.push(tokio::spawn(recount(store.clone(), stop.clone())));
        }
        if roles.dispatch {
            let terms = Terms { held: config.screening.held(), expired: config.limits.expired() };
            tasks.push(tokio::spawn(sweep(
                store.clone(),
                clock.clone(),
                random.clone(),
                terms,
                stop.clone(),
            )));
            let file = data.file("checkpoints.log");
            tasks.push(tokio::spawn(checkpoints::keep(room.clone(), file, stop.clone())));
            let handlers = crate::hooks::handlers(&room, egress, &clock, &random);
            let worker = Worker::new(
                store.clone(),
                clock.clone(),
                handlers,
                config.store.look_again,
                config.served_regions(),
                Lane::WEBHOOKS,
            );
            tasks.push(tokio::spawn(worker.run(stop.clone())));
            let back = store.take_back(JobKind::Judge, clock.now()).await.map_err(StartError::store)?;
            if back > 0 {
                tracing::info!(mails = back, "mail that waited for the judge is taken up again");
            }
            let judging = Worker::new(
                store.clone(),
                clock.clone(),
                judging::handlers(&room, &clock, &stop),
                config.store.look_again,
                config.served_regions(),
                judging::lane(&config),
            );
            tasks.push(tokio::spawn(judging.run(stop.clone())));
            let back = store.take_back_sending(clock.now()).await.map_err(StartError::store)?;
            if back > 0 {
                tracing::info!(mails = back, "mail that was on its way is taken up again");
            }
            let sending = Worker::new(
                store.clone(),
                clock.clone(),
                sending::handlers(&config, &room, &clock, &random, &stop).await?,
                config.store.look_again,
                config.served_regions(),
                sending::lane(&config),
            );
            tasks.push(tokio::spawn(sending.run(stop.clone())));
            let looking = Worker::new(
                store.clone(),
                clock.clone(),
                domains::handlers(&room, &clock),
                config.store.look_again,
                config.served_regions(),
                domains::LANE,
            );
            tasks.push(tokio::spawn(looking.run(stop.clone())));
            let deciding = Worker::new(
                store.clone(),
                clock.clone(),
                crate::decisions::handlers(&room, &clock),
                config.store.look_again,
                config.served_regions(),
                crate::decisions::LANE,
            );
            tasks.push(tokio::spawn(deciding.run(stop.clone())));
            let reporting = Worker::new(
                store.clone(),
                clock.clone(),
                crate::reports::handlers(&room, &clock),
                config.store.look_again,
                config.served_regions(),
                crate::reports::LANE,
            );
            tasks.push(tokio::spawn(reporting.run(stop.clone())));
            tasks.push(tokio::spawn(rotate_keys(room.clone(), stop.clone())));
            tasks.push(tokio::spawn(room.clone().run_endings(stop.clone().cancelled_owned())));
        }
        let mut http = None;
        let requests = Requests::default();
        if roles.web {
            let (address, task) = serve_public(&config, &room, &requests, &stop).await?;
            http = Some(address);
            tasks.push(task);
        }
        let isolation = Isolation::new(doctor::boundaries::boundaries(&config));
        let (operator, task) = serve_operator(&config, &room, &isolation, &requests, http, &stop).await?;
        tasks.push(task);
        let listener = if roles.smtp { Some(take_mail(&config, &room, clock)?) } else { None };
        let smtp = listener.as_ref().map(mailward_smtp::Server::local_addr);
        // The doors are tried where both lead in.
        let trial = http.zip(smtp).map(|(http, smtp)| {
            isolation.reached_at(config.public_url(http), smtp);
            let web = WebConfig { public_url: config.public_url(http), isolation, ..WebConfig::default() };
            Job::new(&room, &web, smtp, data.file("operator.key"))
        });
        if let Some(trial) = trial.clone().filter(|_| config.doctor.isolation_every_minutes > 0) {
            let every = Duration::from_secs(config.doctor.isolation_every_minutes.saturating_mul(60));
            tasks.push(tokio::spawn(trial.keep(every, stop.clone())));
        }
        let shown =
            |address: Option<SocketAddr>| address.map_or("off".to_owned(), |address| address.to_string());
        tracing::info!(%roles, smtp = shown(smtp), http = shown(http), %operator, "serving");
        Ok(Self { smtp, http, operator, room, store, intake, listener, stop, trial, tasks, _data: data })
    }

    /// The mailroom, for what runs in the same process.
    pub fn room(&self) -> &Mailroom {
        &self.room
    }

    /// The SMTP listener, where there is one.
    pub fn smtp_server(&self) -> Option<&mailward_smtp::Server> {
        self.listener.as_ref()
    }

    /// A trial of the walls between tenants, as the job makes it; none where mail or requests do not come in.
    pub fn isolation_trial(&self) -> Option<Job> {
        self.trial.clone()
    }

    /// The data directory.
    pub fn data_dir(&self) -> &std::path::Path {
        self._data.path()
    }

    /// Stops in order: no new mail, no new requests, what runs comes to its end, what waits is written, the
    /// databases are closed.
    pub async fn stop(self, how: Shutdown) {
        if let Some(listener) = &self.listener {
            listener.shutdown(how).await;
        }
        self.stop.cancel();
        self.intake.stop().await;
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task ended badly");
            }
        }
        self.store.close().await;
        self.room.close().await;
        if let Err(error) = self._data.end() {
            tracing::warn!(%error, "the next start will check the books without need");
        }
    }
}

/// After an unclean stop: whether what is counted is what is there.
async fn recount(store: Store, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        wrong = store.recount() => match wrong {
            Ok(0) => tracing::info!("the last stop was unclean; the books are right"),
            Ok(wrong) => tracing::warn!(wrong, "the last stop was unclean; counters were set right"),
            Err(error) => tracing::warn!(%error, "could not check the books after an unclean stop"),
        },
    }
}

pub(crate) fn store_location(config: &Config, data: &DataDir) -> Location {
    match config.store.url.expose() {
        "sqlite" => Location::Sqlite(data.file("mailward.db")),
        url => Location::Postgres {
            url: url.to_owned(),
            owner_url: config.store.owner_url.as_ref().map(|owner| owner.expose().to_owned()),
        },
    }
}

pub(crate) fn keystore_location(config: &Config, data: &DataDir) -> Location {
    match &config.keys.store_url {
        None => Location::Sqlite(data.file("keystore.db")),
        Some(url) => Location::Postgres {
            url: url.expose().to_owned(),
            owner_url: config.keys.store_owner_url.as_ref().map(|owner| owner.expose().to_owned()),
        },
    }
}

/// On one PostgreSQL the nodes share a clock: the database's.
fn clock(config: &Config) -> Clock {
    if config.store.url.expose() == "sqlite" { Clock::system() } else { Clock::following() }
}

/// Who takes no mail screens none.
fn screening_threads(config: &Config) -> usize {
    if config.roles.smtp { config.screening.threads() } else { 1 }
}

/// Hears of other nodes' commits until told to stop.
async fn hear(store: Store, room: Mailroom, stop: CancellationToken) {
    stop.run_until_cancelled(store.listen(|news| room.heard(&news))).await;
}

/// The provider is asked before anything is served: without its keys nothing could be.
async fn open_keyring(
    config: &Config,
    data: &DataDir,
    clock: &Clock,
    random: &Random,
) -> Result<Keyring, StartError> {
    let keystore = Keystore::open(&keystore_location(config, data)).await.map_err(StartError::store)?;
    let current = keystore.current_master().await.map_err(StartError::store)?;
    let used = keystore.master_in_use().await.map_err(StartError::store)?;
    let fresh = current.or(used).is_none();
    let root = providers::open(config, data, fresh, random)?;
    let keyring = Keyring::new(keystore, root, config.served_regions(), clock.clone(), random.clone());
    keyring.unlock().await.map_err(|error| {
        let mut text = error.to_string();
        if let Some(cause) = std::error::Error::source(&error) {
            text = format!("{text}: {cause}");
        }
        StartError::refused(text)
    })?;
    Ok(keyring)
}

/// Dropped in the middle of a step, a rotation is resumed at the next start.
async fn rotate_keys(room: Mailroom, stop: CancellationToken) {
    tokio::select! {
        () = room.run_rotations() => {}
        () = stop.cancelled() => {}
    }
}

fn take_mail(config: &Config, room: &Mailroom, clock: Clock) -> Result<mailward_smtp::Server, StartError> {
    let tls = config.smtp.tls().map(|files| tls::load(files, &[])).transpose()?;
    mailward_smtp::bind(config.smtp.listen, config.smtp.bounds.clone(), tls, room.clone(), clock)
        .map_err(|error| StartError::bind("smtp.listen", config.smtp.listen, &error))
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
        regions: config.served_regions(),
        domains: config.all_domains(),
        dkim_key: config.outbound.dkim_key,
        relay_networks: config.outbound.allow_private.clone(),
        hold: config.screening.hold,
        ask: config.screening.deep.into(),
        plans: config.plans.clone(),
        signup_open: config.signup == Signup::Open,
        data_dir: config.data_dir.clone(),
        disk_free_bytes: config.limits.disk_free_bytes,
        inflight_bytes: config.smtp.bounds.max_inflight_bytes,
        takes_mail: config.roles.smtp,
        // Nobody else writes to a file of this process.
        look_again: match config.store.url.expose() {
            "sqlite" => Duration::from_secs(3_600),
            _ => config.store.look_again,
        },
        token_cache: config.limits.token_cache,
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
            let token = room.new_operator_token().await.map_err(failed)?;
            let path = data.write_operator_key(&token)?;
            tracing::info!(path = %path.display(), "wrote the operator's key");
            token
        }
    };
    if room.install_operator(&token).await.map_err(failed)? {
        return Ok(());
    }
    // The one in the file was revoked, or another node was first.
    let token = room.new_operator_token().await.map_err(failed)?;
    if room.install_operator(&token).await.map_err(failed)? {
        let path = data.write_operator_key(&token)?;
        tracing::warn!(path = %path.display(), "the operator's key was revoked; wrote a new one");
    } else {
        tracing::warn!("another node installed its operator key first; use that one");
    }
    Ok(())
}

async fn serve_public(
    config: &Config,
    room: &Mailroom,
    requests: &Requests,
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
        requests: requests.clone(),
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
    let console = console_config(config, address, tls_or_proxy);
    let router = mailward_web::public_router(room.clone(), web)
        .merge(mailward_console::tenants_console(room.clone(), console));
    Ok((address, tokio::spawn(mailward_web::serve(listener, options, router, stop.clone()))))
}

async fn serve_operator(
    config: &Config,
    room: &Mailroom,
    isolation: &Isolation,
    requests: &Requests,
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
        requests: requests.clone(),
        ..WebConfig::default()
    };
    let behind_proxy = config.operator.behind_proxy;
    let router = if config.roles.web {
        let tls = tls.is_some() || behind_proxy;
        let mut console = console_config(config, address, tls);
        console.behind_proxy = behind_proxy;
        mailward_web::operator_router(room.clone(), web)
            .merge(mailward_console::staff_console(room.clone(), console))
    } else {
        mailward_web::health_router(room.clone(), web)
    };
    let options = ServeOptions { tls, behind_proxy, max_connections: OPERATORS_CONNECTIONS, grace: GRACE };
    Ok((address, tokio::spawn(mailward_web::serve(listener, options, router, stop.clone()))))
}

fn console_config(config: &Config, address: SocketAddr, tls: bool) -> ConsoleConfig {
    ConsoleConfig {
        public_url: config.public_url(address),
        behind_proxy: config.http.behind_proxy,
        tls,
        name: config.console.name.clone(),
        support_url: config.console.support_url.clone(),
        held_for: config.screening.held(),
    }
}

async fn listen(key: &'static str, wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error: std::io::Error| StartError::bind(key, wanted, &error);
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
