//! The wiring: every part is made here, once, and handed to those that need it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_mailroom::brand::Host;
use mailward_mailroom::{Keyring, Mailroom, Parts};
use mailward_net::dns::Dns;
use mailward_net::egress::{Egress, EgressRules};
use mailward_smtp::Shutdown;
use mailward_store::{Act, Action, Intake, IntakeLimits, Keystore, Location, Store};
use mailward_trace::Tracer;
use mailward_web::{Isolation, WebConfig};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::acme;
use crate::config::{Config, DnsServers, Signup, machine_name};
use crate::data_dir::DataDir;
use crate::doctor::job::Job;
use crate::listeners::{Counted, certify, serve_operator, serve_public};
use crate::supervise::Supervisor;
use crate::work::Background;
use crate::{StartError, beat, doctor, judging, providers, time, tls, traces};

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
        let is_certified = config.acme.http_listen.is_some() && (roles.web || roles.smtp);
        if is_certified {
            acme::stand_in(&acme::certificate_file(&config.data_dir), &config.acme.domains)?;
        }
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
        let collector = traces::open(&config, dns.clone())?;
        let (tracer, spans) = match &collector {
            Some(_) => Some(Tracer::new(clock.clone(), random.clone())).unzip(),
            None => (None, None),
        };
        let tracer = tracer.unwrap_or_default();
        let room = Mailroom::new(Parts {
            config: mailroom_config(&config),
            store: store.clone(),
            intake: intake.clone(),
            keyring,
            screening,
            dns,
            egress: egress.clone(),
            judge,
            tracer: tracer.clone(),
            clock: clock.clone(),
            random: random.clone(),
        });
        install_operator(&room, &data).await?;
        let started = Act::new(Action::ServiceStarted).word("version", env!("CARGO_PKG_VERSION"));
        room.note_act(&started).await.map_err(|error| StartError::failed(error.to_string()))?;

        let stop = CancellationToken::new();
        let counted = Counted::default();
        let mut tasks = Supervisor::new(stop.clone(), counted.restarts.clone());
        tasks.once(writer);
        let (kept, hands, stopped) = (store.clone(), clock.clone(), stop.clone());
        tasks.keep("clock", move || time::keep(kept.clone(), hands.clone(), stopped.clone()));
        if let Some((collector, spans)) = collector.zip(spans) {
            let (collector, spans) = (Arc::new(collector), Arc::new(Mutex::new(spans)));
            let (dropping, stopped) = (tracer.clone(), stop.clone());
            tasks.keep("traces", move || {
                Arc::clone(&collector).keep(Arc::clone(&spans), dropping.clone(), stopped.clone())
            });
        }
        let me = beat::node(machine_name(), roles, &clock, &random);
        let (kept, telling, stopped) = (store.clone(), room.clone(), stop.clone());
        tasks.keep("nodes", move || beat::keep(me.clone(), kept.clone(), telling.clone(), stopped.clone()));
        let (heard, listening, stopped) = (store.clone(), room.clone(), stop.clone());
        tasks.keep("news", move || hear(heard.clone(), listening.clone(), stopped.clone()));
        let unclean = data
            .begin()
            .map_err(|error| StartError::failed(format!("cannot write to the data directory: {error}")))?;
        if unclean {
            tasks.once(tokio::spawn(recount(store.clone(), stop.clone())));
        }
        if roles.dispatch {
            let background = Background {
                config: &config,
                store: &store,
                room: &room,
                clock: &clock,
                random: &random,
                stop: &stop,
            };
            background.begin(&mut tasks, egress, data.file("checkpoints.log")).await?;
        }
        let mut http = None;
        if roles.web {
            let (address, task) = serve_public(&config, &room, &counted, &stop).await?;
            http = Some(address);
            tasks.once(task);
        }
        if is_certified {
            certify(&config, &clock, (&counted, http, &stop), &mut tasks).await?;
        }
        let isolation = Isolation::new(doctor::boundaries::boundaries(&config));
        let (operator, task) = serve_operator(&config, &room, &isolation, &counted, http, &stop).await?;
        tasks.once(task);
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
            let stopped = stop.clone();
            tasks.keep("isolation", move || trial.clone().keep(every, stopped.clone()));
        }
        let shown =
            |address: Option<SocketAddr>| address.map_or("off".to_owned(), |address| address.to_string());
        tracing::info!(%roles, smtp = shown(smtp), http = shown(http), %operator, "serving");
        let tasks = tasks.tasks();
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

fn take_mail(config: &Config, room: &Mailroom, clock: Clock) -> Result<mailward_smtp::Server, StartError> {
    let tls = config.smtp.tls().map(|files| tls::load(files, &[])).transpose()?;
    mailward_smtp::bind(config.smtp.listen, config.smtp.bounds.clone(), tls, room.clone(), clock)
        .map_err(|error| StartError::bind("smtp.listen", config.smtp.listen, &error))
}

pub(crate) fn dns(config: &Config) -> Result<Dns, StartError> {
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
        own_host: config.http.public_url.as_deref().and_then(Host::of_url),
        region: config.region.clone(),
        regions: config.served_regions(),
        domains: config.all_domains(),
        dkim_key: config.outbound.dkim_key,
        ramp_first: config.outbound.ramp_first,
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
