//! The whole service, started for one test, and those who act on it: tenants, inboxes, senders, nobody.
//!
//! Nothing is replaced: SQLite in a file or a real PostgreSQL, SMTP and HTTP over sockets of the loopback interface.

pub mod actors;
#[path = "../../crates/net/tests/dns_server/mod.rs"]
#[expect(dead_code, reason = "not all that it can answer is asked for here")]
pub mod dns_server;
pub mod endpoint;
pub mod http;
pub mod mail;
pub mod postgres;
pub mod process;
pub mod stage;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use mailward::app::App;
use mailward::config::{Config, Sources, load};
use mailward::roles::Roles;
use mailward_smtp::Shutdown;
use mailward_store::{Location, Store};
use postgres::TestDatabase;
use tempfile::TempDir;

use http::Request;

/// Runs a test on both databases: `both_databases!(a_sentence);` beside `async fn a_sentence(world: World)`.
macro_rules! both_databases {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::world::World::on($crate::world::Engine::Sqlite, &[]).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name($crate::world::World::on($crate::world::Engine::Postgres, &[]).await).await;
            }
        }
    )+};
}
pub(crate) use both_databases;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A running service. A cheap clone.
#[derive(Clone)]
pub struct World {
    pub smtp: SocketAddr,
    pub http: SocketAddr,
    pub operator: SocketAddr,
    pub engine: Engine,
    pub operator_token: String,
    inner: Arc<Inner>,
}

struct Inner {
    app: Mutex<Option<App>>,
    directory: TempDir,
    database: Option<Arc<TestDatabase>>,
    settings: Vec<String>,
    roles: Roles,
    /// Shared with the other nodes; only held, so that it goes with the last of them.
    keystore: Option<Arc<TestDatabase>>,
}

impl World {
    /// Starts a service on an engine, with `section.key=value` settings.
    pub async fn on(engine: Engine, settings: &[&str]) -> Self {
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Arc::new(migrated().await)),
        };
        let directory = tempfile::tempdir().expect("a temporary directory");
        let settings = settings.iter().map(ToString::to_string).collect();
        Self::open(engine, database, directory, settings, Roles::ALL, None).await
    }

    /// Starts a service on a PostgreSQL server of its own, which the test may stop and start.
    pub async fn on_own_server(settings: &[&str]) -> Self {
        let database = postgres::own_server().await;
        migrate(&database.owner_url).await;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let settings = settings.iter().map(ToString::to_string).collect();
        Self::open(Engine::Postgres, Some(Arc::new(database)), directory, settings, Roles::ALL, None).await
    }

    /// Starts the first of several nodes: PostgreSQL for the mail, and another one for the keys.
    pub async fn node(settings: &[&str]) -> Self {
        let (database, keystore) = (Arc::new(migrated().await), Arc::new(postgres::database().await));
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut all = vec![format!("keys.store_url={}", keystore.owner_url)];
        all.extend(settings.iter().map(ToString::to_string));
        Self::open(Engine::Postgres, Some(database), directory, all, Roles::ALL, Some(keystore)).await
    }

    /// Starts a further node beside one that [`World::node`] started: the same databases and master key, another
    /// directory, the same settings and these.
    pub async fn further_node(&self, roles: &str, settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("data");
        std::fs::create_dir(&data).expect("a directory");
        std::fs::copy(self.data_dir().join("master.key"), data.join("master.key")).expect("copied");
        let mut all = self.inner.settings.clone();
        all.extend(settings.iter().map(ToString::to_string));
        let roles = roles.parse().expect("roles");
        let (database, keystore) = (self.inner.database.clone(), self.inner.keystore.clone());
        let mut node = Self::open(self.engine, database, directory, all, roles, keystore).await;
        node.operator_token.clone_from(&self.operator_token);
        node
    }

    /// The same engine and nothing else in common, with other settings.
    pub async fn start_with(&self, settings: &[&str]) -> Self {
        Self::on(self.engine, settings).await
    }

    /// What is said to a node that would join with a master key of its own.
    pub async fn stranger(&self) -> String {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = configuration(directory.path(), self.inner.database.as_deref(), &self.inner.settings);
        App::start(config).await.map(drop).expect_err("it has another master key").to_string()
    }

    async fn open(
        engine: Engine,
        database: Option<Arc<TestDatabase>>,
        directory: TempDir,
        settings: Vec<String>,
        roles: Roles,
        keystore: Option<Arc<TestDatabase>>,
    ) -> Self {
        let mut config = configuration(directory.path(), database.as_deref(), &settings);
        config.roles = roles;
        let app = App::start(config).await.expect("the service starts");
        // A further node has none: the operator's key is the first node's.
        let key = directory.path().join("data/operator.key");
        let operator_token = std::fs::read_to_string(key).unwrap_or_default().trim().to_owned();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let (smtp, http, operator) = (app.smtp.unwrap_or(nowhere), app.http.unwrap_or(nowhere), app.operator);
        let inner = Inner { app: Mutex::new(Some(app)), directory, database, settings, roles, keystore };
        Self { smtp, http, operator, engine, operator_token, inner: Arc::new(inner) }
    }

    /// Stops the service in order and starts it again on the same data.
    pub async fn restart(self) -> Self {
        self.stop().await;
        let inner = Arc::into_inner(self.inner).expect("nobody else holds the world");
        let Inner { database, directory, settings, roles, keystore, .. } = inner;
        Self::open(self.engine, database, directory, settings, roles, keystore).await
    }

    /// The same with other settings.
    pub async fn restart_with(self, settings: &[&str]) -> Self {
        self.stop().await;
        let inner = Arc::into_inner(self.inner).expect("nobody else holds the world");
        let Inner { database, directory, roles, keystore, .. } = inner;
        let settings = settings.iter().map(ToString::to_string).collect();
        Self::open(self.engine, database, directory, settings, roles, keystore).await
    }

    /// Stops the service in order; its data stays until the world goes.
    pub async fn stop(&self) {
        let app = self.inner.app.lock().expect("no test panicked holding it").take();
        if let Some(app) = app {
            app.stop(Shutdown::Hard).await;
        }
    }

    /// Starts a stopped service again on the same data, while others still hold the old one, which stays stopped.
    pub async fn restart_shared(&self) -> Self {
        self.stop().await;
        self.copy(|_| {}).await
    }

    /// The same service over copies of all its files and tables; this one must be stopped. `prepare` may exchange files
    /// before the copy starts.
    pub async fn copy(&self, prepare: impl FnOnce(&Path)) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("data");
        copy_files(&self.data_dir(), &data);
        prepare(&data);
        let database = match &self.inner.database {
            None => None,
            Some(database) => Some(Arc::new(database.copy().await)),
        };
        let (settings, roles) = (self.inner.settings.clone(), self.inner.roles);
        Self::open(self.engine, database, directory, settings, roles, self.inner.keystore.clone()).await
    }

    /// Every row of every table as text, but for the service's own notes on its log.
    pub async fn dump(&self) -> Vec<String> {
        // The last use of a key, and that a 250 was read, are noted a moment after the fact: what is still changing is
        // looked at again, and what will change by then has.
        let mut rows = self.dump_now().await;
        for _ in 0..50 {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let again = self.dump_now().await;
            if again == rows {
                break;
            }
            rows = again;
        }
        rows
    }

    async fn dump_now(&self) -> Vec<String> {
        let mut rows = Vec::new();
        match &self.inner.database {
            None => {
                let path = format!("sqlite://{}", self.data_dir().join("mailward.db").display());
                let pool = sqlx::SqlitePool::connect(&path).await.expect("opened");
                let columns = "SELECT m.name, 'quote(' || group_concat(p.name, ') || ''|'' || quote(') || ')'
                    FROM sqlite_master m, pragma_table_info(m.name) p
                    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '_sqlx%' GROUP BY m.name";
                let tables: Vec<(String, String)> =
                    sqlx::query_as(columns).fetch_all(&pool).await.expect("tables");
                for (table, columns) in tables {
                    let sql = sqlx::AssertSqlSafe(format!("SELECT {columns} FROM {table}"));
                    let found: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&pool).await.expect("rows");
                    rows.extend(found.into_iter().map(|(row,)| format!("{table}: {row}")));
                }
                pool.close().await;
            }
            Some(database) => {
                let pool = sqlx::PgPool::connect(&database.admin_url).await.expect("opened");
                let names =
                    "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'
                    AND table_name NOT LIKE '\\_sqlx%'";
                let tables: Vec<(String,)> = sqlx::query_as(names).fetch_all(&pool).await.expect("tables");
                for (table,) in tables {
                    let sql = sqlx::AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
                    let found: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&pool).await.expect("rows");
                    rows.extend(found.into_iter().map(|(row,)| format!("{table}: {row}")));
                }
                pool.close().await;
            }
        }
        let own = ["checkpoint:", "audit_head:", "node:"];
        rows.retain(|row| !own.iter().any(|table| row.starts_with(table)));
        rows.sort();
        rows
    }

    /// The data directory.
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.inner.directory.path().join("data")
    }

    /// A second look into the same mail store, beside the service.
    pub async fn store(&self) -> Store {
        let location = match &self.inner.database {
            None => Location::Sqlite(self.data_dir().join("mailward.db")),
            Some(database) => Location::Postgres { url: database.service_url.clone(), owner_url: None },
        };
        Store::open(&location).await.expect("the store opens")
    }

    /// The database behind the service's back, as PostgreSQL's superuser.
    pub fn database(&self) -> Option<&TestDatabase> {
        self.inner.database.as_deref()
    }

    /// Changes the database as somebody would who has the machine, past every trigger.
    pub async fn tamper(&self, sql: &'static str) {
        let done = match &self.inner.database {
            None => {
                let path = format!("sqlite://{}", self.data_dir().join("mailward.db").display());
                let pool = sqlx::SqlitePool::connect(&path).await.expect("opened");
                let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.expect("begun");
                let triggers: Vec<(String, String)> =
                    sqlx::query_as("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
                        .fetch_all(&mut *tx)
                        .await
                        .expect("asked");
                for (name, _) in &triggers {
                    let drop = sqlx::AssertSqlSafe(format!("DROP TRIGGER {name}"));
                    sqlx::query(drop).execute(&mut *tx).await.expect("dropped");
                }
                let done = sqlx::query(sql).execute(&mut *tx).await.expect("changed").rows_affected();
                for (_, text) in triggers {
                    sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut *tx).await.expect("restored");
                }
                tx.commit().await.expect("committed");
                done
            }
            Some(database) => {
                let pool = sqlx::PgPool::connect(&database.admin_url).await.expect("opened");
                let mut tx = pool.begin().await.expect("begun");
                sqlx::query("SET LOCAL session_replication_role = replica")
                    .execute(&mut *tx)
                    .await
                    .expect("triggers are off");
                let done = sqlx::query(sql).execute(&mut *tx).await.expect("changed").rows_affected();
                tx.commit().await.expect("committed");
                done
            }
        };
        assert!(done > 0, "nothing was changed by {sql}");
    }

    /// A request to the public listener.
    pub fn http(&self, method: &str, path: impl Into<String>) -> Request {
        Request::new(self.http, method, path)
    }

    /// A request to the private listener, as the operator.
    pub fn operator_http(&self, method: &str, path: impl Into<String>) -> Request {
        Request::new(self.operator, method, path).token(&self.operator_token)
    }

    pub(crate) fn with_app<T>(&self, look: impl FnOnce(&App) -> T) -> T {
        let app = self.inner.app.lock().expect("no test panicked holding it");
        look(app.as_ref().expect("the service runs"))
    }
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_files(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// A file of the repository.
pub fn fixture(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A PostgreSQL database with the schema of this version.
pub async fn migrated() -> TestDatabase {
    postgres::migrated_database(&fixture("migrations/postgres"), async |owner: &str| migrate(owner).await)
        .await
}

async fn migrate(owner: &str) {
    let location = Location::Postgres { url: owner.to_owned(), owner_url: Some(owner.to_owned()) };
    Store::open(&location).await.expect("the migrations run").close().await;
}

/// Settings that fit a test; those of the test itself come last and win.
fn configuration(directory: &Path, database: Option<&TestDatabase>, settings: &[String]) -> Config {
    let mut set: Vec<String> = [
        "smtp.listen=127.0.0.1:0",
        "http.listen=127.0.0.1:0",
        "operator.listen=127.0.0.1:0",
        "smtp.hostname=mx.test",
        "smtp.greeting_delay_ms=1",
        "smtp.tarpit_ms=1",
        "dns.servers=off",
        "domain=agents.test",
        "limits.disk_free_bytes=0",
        "screening.threads=2",
        "offboarding.settle_seconds=1",
    ]
    .map(str::to_owned)
    .to_vec();
    if let Some(database) = database {
        set.push(format!("store.url={}", database.service_url));
    }
    // What is refused as a mistake, but is for a test a short way to a full memory, or to nodes that never look by
    // themselves.
    let (mut memory, mut cache, mut look) = (None, None, None);
    for setting in settings {
        if let Some(bytes) = setting.strip_prefix("smtp.max_inflight_bytes=") {
            memory = Some(bytes.parse().expect("a number"));
        } else if let Some(millis) = setting.strip_prefix("limits.token_cache_ms=") {
            cache = Some(std::time::Duration::from_millis(millis.parse().expect("a number")));
        } else if let Some(millis) = setting.strip_prefix("store.look_again_ms=") {
            look = Some(std::time::Duration::from_millis(millis.parse().expect("a number")));
        } else if setting == "smtp.tls_cert=self-signed" {
            let (cert, key) = self_signed(directory);
            set.extend([format!("smtp.tls_cert={cert}"), format!("smtp.tls_key={key}")]);
        } else {
            set.push(setting.clone());
        }
    }
    let sources = Sources { data_dir: Some(directory.join("data")), set, ..Sources::default() };
    let mut config = load(&sources).expect("a configuration");
    config.smtp.bounds.max_inflight_bytes = memory.unwrap_or(config.smtp.bounds.max_inflight_bytes);
    config.limits.token_cache = cache.unwrap_or(config.limits.token_cache);
    config.store.look_again = look.unwrap_or(config.store.look_again);
    config
}

fn self_signed(directory: &Path) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (cert, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    (cert.display().to_string(), key.display().to_string())
}
