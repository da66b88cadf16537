//! A real PostgreSQL for tests: one cluster per user of the machine, one fresh database per test.
//!
//! The first test process starts the cluster, later ones (nextest runs many at once) share it, and a watchdog
//! shell stops it and removes its files when no test has used it for [`IDLE_SECONDS`]. It listens on a UNIX socket
//! in a private directory, never on the network, and never runs as root.
//!
//! Knows nothing of our tables: the caller brings the migrations. It never skips; a machine without PostgreSQL
//! fails. Needs Linux (`/proc`, `flock`, `setsid`, and `setpriv` when the tests run as root).

#[path = "postgres/cluster.rs"]
pub mod cluster;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use cluster::{Cluster, locked, shared_directory};

/// How long the cluster outlives its last user, in seconds.
pub const IDLE_SECONDS: u32 = 120;

/// A database of one test, dropped together with this value.
pub struct TestDatabase {
    /// As `mailward_owner`, who owns the database and runs migrations; no superuser, bound by row policies it forces.
    pub owner_url: String,
    /// As `mailward_service`, who may connect and owns nothing.
    pub service_url: String,
    /// As the superuser, for looking behind the service's back.
    pub admin_url: String,
    name: String,
    cluster: Cluster,
}

/// Creates an empty database.
pub async fn database() -> TestDatabase {
    blocking(|| Cluster::join(&shared_directory(), IDLE_SECONDS).create("template1")).await
}

/// Creates an empty database on a server of the test's own, which it may stop and start.
pub async fn own_server() -> TestDatabase {
    let directory = std::env::temp_dir().join(format!("mailward-own-{}", std::process::id()));
    blocking(move || Cluster::join(&directory, 1).create("template1")).await
}

/// Creates a database that `migrate` has already been run on.
///
/// `migrate` gets the owner's URL and runs once for each state of the folder `migrations` and of the running test
/// binary (its own code may be what changed); every further database is a copy, which costs less than migrating.
pub async fn migrated_database(migrations: &Path, migrate: impl AsyncFnOnce(&str)) -> TestDatabase {
    let print = fingerprint(migrations);
    let (template, draft) = (format!("template_{print:016x}"), format!("draft_{print:016x}"));
    let cluster = blocking(|| Cluster::join(&shared_directory(), IDLE_SECONDS)).await;
    if !cluster.has(&template) {
        // Taken off this thread: whoever holds it may be another future of this very thread.
        let path = cluster.file("template.lock");
        let _building = blocking(move || locked(&path)).await;
        if !cluster.has(&template) {
            cluster.create_named(&draft, "template1");
            migrate(&cluster.url("mailward_owner", &draft)).await;
            // Renamed last, so that a template of that name is a finished one; and a template must stay without
            // connections, or it cannot be copied.
            cluster.admin(&[
                &format!("ALTER DATABASE {draft} ALLOW_CONNECTIONS false"),
                &format!(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{draft}'"
                ),
                &format!("ALTER DATABASE {draft} RENAME TO {template}"),
            ]);
        }
    }
    blocking(move || cluster.create(&template)).await
}

impl TestDatabase {
    /// The server that it is on.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A copy of all of it; nobody may be connected.
    pub async fn copy(&self) -> Self {
        let name = self.name.clone();
        blocking(move || Cluster::join(&shared_directory(), IDLE_SECONDS).create(&name)).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // Best effort: what stays behind is swept by a later process, at the latest with the cluster.
        let _ = self.cluster.psql("postgres", "postgres", &[&drop_database(&self.name)]);
    }
}

impl Cluster {
    /// Creates a database of this process from `template`, after removing those of processes that were killed.
    pub fn create(self, template: &str) -> TestDatabase {
        static SWEPT: Once = Once::new();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        SWEPT.call_once(|| self.sweep());
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        self.create_named(&name, template);
        TestDatabase {
            owner_url: self.url("mailward_owner", &name),
            service_url: self.url("mailward_service", &name),
            admin_url: self.url("postgres", &name),
            name,
            cluster: self,
        }
    }

    fn has(&self, database: &str) -> bool {
        let text = format!("SELECT 1 FROM pg_database WHERE datname = '{database}'");
        !self.admin(&[&text]).is_empty()
    }

    fn create_named(&self, name: &str, template: &str) {
        // From 15 on, the default goes through the log: safer, and eight times slower. Older ones know one way only.
        let strategy = if self.version() < 15 { "" } else { "STRATEGY file_copy" };
        self.admin(&[
            // A killed process of the same id may have left one.
            &drop_database(name),
            &format!("CREATE DATABASE {name} OWNER mailward_owner TEMPLATE {template} {strategy}"),
            // A copy does not inherit these from its template.
            &format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"),
            &format!("GRANT CONNECT ON DATABASE {name} TO mailward_service"),
        ]);
    }

    fn sweep(&self) {
        for name in self.admin(&[r"SELECT datname FROM pg_database WHERE datname LIKE 'test\_%'"]).lines() {
            let pid = name.split('_').nth(1).unwrap_or_default();
            if !Path::new("/proc").join(pid).exists() {
                // Several processes may sweep at once; the slower one finds it being dropped, which is as good.
                let _ = self.psql("postgres", "postgres", &[&drop_database(name)]);
            }
        }
    }
}

fn fingerprint(migrations: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    let binary = fs::metadata("/proc/self/exe").expect("the running binary");
    (binary.ino(), binary.len(), binary.mtime(), binary.mtime_nsec()).hash(&mut hasher);
    let entries = fs::read_dir(migrations).unwrap_or_else(|e| panic!("{}: {e}", migrations.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    for file in files {
        file.file_name().hash(&mut hasher);
        fs::read(&file).expect("a migration").hash(&mut hasher);
    }
    hasher.finish()
}

fn drop_database(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
