//! A real PostgreSQL for tests: one cluster per user of the machine, one fresh database per test.
//!
//! The first test process starts the cluster, later ones (nextest runs many at once) share it, and a watchdog
//! shell stops it and removes its files when no test has used it for [`IDLE_SECONDS`]. It listens on a UNIX socket
//! in a private directory, never on the network, and never runs as root.
//!
//! Knows nothing of our tables: the caller brings the migrations. It never skips; a machine without PostgreSQL
//! fails. Needs Linux (`/proc`, `flock`, `setsid`, and `setpriv` when the tests run as root).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

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
        let path = cluster.directory.join("template.lock");
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

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // Best effort: what stays behind is swept by a later process, at the latest with the cluster.
        let _ = self.cluster.psql("postgres", "postgres", &[&drop_database(&self.name)]);
    }
}

/// One user of a running cluster; the cluster stays at least as long as this value.
pub struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    /// Locked for sharing. The kernel lets go of it however this process ends.
    _user: File,
}

impl Cluster {
    /// Joins the cluster in `directory`, starting it when it does not run (or was killed).
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start, with what it said.
    pub fn join(directory: &Path, idle_seconds: u32) -> Self {
        let programs = programs();
        let _starting = entered(directory);
        let mut user = open(&directory.join("users"));
        user.lock_shared().expect("lock users");
        // The file's time tells the watchdog of users that came and went between two of its looks.
        user.write_all(b".").expect("mark users");
        let cluster = Self { programs, directory: directory.to_owned(), _user: user };
        if !cluster.is_ready() {
            cluster.start();
        }
        cluster.watch(idle_seconds);
        cluster
    }

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

    /// Runs each statement by itself and returns what they select, a row a line.
    ///
    /// # Errors
    /// What `psql` said on the first statement that failed.
    pub fn psql(&self, user: &str, database: &str, statements: &[&str]) -> Result<String, String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-p",
            "5432",
            "-U",
            user,
            "-d",
            database,
        ]);
        psql.arg("-h").arg(self.data()).env_remove("PGOPTIONS").stdin(Stdio::null());
        for statement in statements {
            psql.args(["-c", statement]);
        }
        succeeded(psql.output().map_err(|e| format!("psql: {e}"))?)
    }

    /// The process id of the running server.
    pub fn pid(&self) -> u32 {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).expect("postmaster.pid");
        text.lines()
            .next()
            .and_then(|line| line.trim().parse().ok())
            .expect("its first line is the process id")
    }

    fn has(&self, database: &str) -> bool {
        let text = format!("SELECT 1 FROM pg_database WHERE datname = '{database}'");
        !self.admin(&[&text]).is_empty()
    }

    fn create_named(&self, name: &str, template: &str) {
        let version = fs::read_to_string(self.data().join("PG_VERSION")).expect("the version");
        // From 15 on, the default goes through the log: safer, and eight times slower. Older ones know one way only.
        let strategy = if version.trim() < "15" { "" } else { "STRATEGY file_copy" };
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

    fn admin(&self, statements: &[&str]) -> String {
        self.psql("postgres", "postgres", statements).unwrap_or_else(|said| panic!("{statements:?}: {said}"))
    }

    /// The port is written out so that a `PGPORT` of the environment cannot mislead the client.
    fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@localhost:5432/{database}?host={}", self.data().display())
    }

    /// Also the socket's directory: only its owner (and root) can enter.
    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn is_ready(&self) -> bool {
        // `ready` is written last; a starter that was killed leaves a server without our roles.
        self.data().join("ready").exists() && UnixStream::connect(self.data().join(".s.PGSQL.5432")).is_ok()
    }

    fn start(&self) {
        let data = self.data();
        let stop = format!("{STOP}\nstop \"$1\"");
        run(Command::new("sh").args(["-c", &stop, "sh"]).arg(&data));
        if data.exists() {
            fs::remove_dir_all(&data).expect("remove the files of a dead cluster");
        }
        DirBuilder::new().mode(0o700).create(&data).expect("create the data directory");
        if is_root() {
            // PostgreSQL refuses to run as root. Its group may pass through the directory, nobody else.
            let [uid, gid] = ["-u", "-g"].map(|flag| {
                let id = run(Command::new("id").args([flag, "postgres"]));
                id.trim().parse().expect("a number")
            });
            chown(&data, Some(uid), Some(gid)).expect("give the data directory to postgres");
            chown(&self.directory, None, Some(gid)).expect("let postgres pass");
            fs::set_permissions(&self.directory, fs::Permissions::from_mode(0o710))
                .expect("let postgres pass");
        }
        let mut initdb = self.server_program("initdb");
        initdb.args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ]);
        run(initdb.arg(&data));
        let mut settings =
            OpenOptions::new().append(true).open(data.join("postgresql.conf")).expect("settings");
        writeln!(settings, "{SETTINGS}unix_socket_directories = '{}'", data.display())
            .expect("write settings");
        let mut pg_ctl = self.server_program("pg_ctl");
        pg_ctl.args(["start", "-w", "-s", "-D"]).arg(&data).arg("-l").arg(data.join("log"));
        let started = succeeded(pg_ctl.output().expect("run pg_ctl"));
        let log = || fs::read_to_string(data.join("log")).unwrap_or_default();
        started.unwrap_or_else(|said| panic!("PostgreSQL does not start: {said}\n{}", log()));
        self.admin(&[
            "CREATE ROLE mailward_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
            "CREATE ROLE mailward_service LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
        ]);
        // Every later database is a copy of this one. Said aloud because the defaults changed with PostgreSQL 15.
        let schema =
            ["ALTER SCHEMA public OWNER TO mailward_owner", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"];
        self.psql("postgres", "template1", &schema).expect("set up template1");
        fs::write(data.join("ready"), "").expect("write ready");
    }

    /// A program of the server, as a user that PostgreSQL accepts.
    fn server_program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = Command::new(if is_root() { Path::new("setpriv") } else { &program });
        if is_root() {
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(&program);
        }
        // It may not be allowed to read the directory that we are in.
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    /// Starts a watchdog; it ends at once when there is one.
    fn watch(&self, idle_seconds: u32) {
        let script = format!("{STOP}\n{WATCHDOG}");
        // In a session of its own and without our streams: it must outlive this test, and nextest waits for streams.
        let mut setsid = Command::new("setsid");
        setsid.args(["--fork", "sh", "-c", &script, "mailward-postgres-watchdog"]).arg(&self.directory);
        setsid.arg(idle_seconds.to_string()).current_dir("/");
        let streams = setsid.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(streams.status().expect("run setsid").success(), "setsid failed");
    }
}

/// Durability is off (the files live for minutes), but a commit still waits for its record to be written.
const SETTINGS: &str = "
listen_addresses = ''
port = 5432
max_connections = 300
fsync = off
full_page_writes = off
autovacuum = off
shared_buffers = 64MB
wal_level = minimal
max_wal_senders = 0
# Shared memory in the directory, so that a killed server leaves none outside of it.
dynamic_shared_memory_type = mmap
timezone = 'UTC'
log_timezone = 'UTC'
";

/// `stop DATA`: ends the server of that directory. The process id in the file may be another program's by now,
/// hence the look at where that process works.
const STOP: &str = r#"
stop() {
    pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) || return 0
    [ "/proc/$pid/cwd" -ef "$1" ] || return 0
    kill -QUIT "$pid" || return 0
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ "/proc/$pid/cwd" -ef "$1" ] || return 0
        sleep 0.5
    done
    kill -KILL "$pid" || return 0
}"#;

/// `$1` the directory, `$2` the seconds. Ends when it has removed the directory, or finds it replaced.
const WATCHDOG: &str = r#"
exec 9>>"$1/watchdog"
flock -n 9 || exit 0
while sleep 1; [ "/proc/$$/fd/9" -ef "$1/watchdog" ]; do
    flock -n -x "$1/users" true || { touch "$1/users"; continue; }
    [ $(($(date +%s) - $(stat -c %Y "$1/users"))) -ge "$2" ] || continue
    exec 8>>"$1/lock"
    flock 8
    # Nobody can join now; but somebody may have joined a moment ago.
    if flock -n -x "$1/users" true && [ $(($(date +%s) - $(stat -c %Y "$1/users"))) -ge "$2" ]; then
        stop "$1/data"
        # Away in one step, so that nobody joins a directory that is half removed.
        mv "$1" "$1.$$" && rm -rf "$1.$$"
    fi
    exec 8>&-
done
"#;

/// A fixed place, so that test processes find each other; not `TMPDIR`, because a socket's path has 107 bytes at most.
fn shared_directory() -> PathBuf {
    PathBuf::from(format!("/tmp/mailward-postgres-{}", user_id()))
}

/// Newest first: the packages of Debian and Ubuntu, what `pg_config` names, the search path.
fn programs() -> PathBuf {
    let version = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let entries = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut packaged: Vec<_> = entries.map(|entry| entry.path()).collect();
    packaged.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let config = Command::new("pg_config").arg("--bindir").output().ok();
    let named = config.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let search = std::env::var_os("PATH").unwrap_or_default();
    let mut places =
        packaged.into_iter().map(|path| path.join("bin")).chain(named).chain(std::env::split_paths(&search));
    let complete =
        |place: &PathBuf| ["initdb", "pg_ctl", "postgres", "psql"].iter().all(|p| place.join(p).exists());
    places.find(complete).expect("PostgreSQL is not installed: run scripts/test, it installs PostgreSQL")
}

/// Creates the directory, or makes sure that it is ours: `/tmp` is everybody's.
fn private_directory(path: &Path) {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => panic!("{}: {e}", path.display()),
        _ => (),
    }
    let Ok(found) = fs::symlink_metadata(path) else { return };
    assert!(found.is_dir() && found.uid() == user_id(), "{} belongs to somebody else", path.display());
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

/// Makes sure of the directory and locks it. The watchdog removes it while it holds this lock, so that the file we
/// waited for may be gone by now, or the directory before there was a file to wait for.
fn entered(directory: &Path) -> File {
    let path = directory.join("lock");
    loop {
        private_directory(directory);
        let Ok(lock) = OpenOptions::new().append(true).create(true).open(&path) else { continue };
        lock.lock().expect("lock the directory");
        let held = lock.metadata().expect("an open file").ino();
        if fs::metadata(&path).is_ok_and(|now| now.ino() == held) {
            return lock;
        }
    }
}

fn locked(path: &Path) -> File {
    let file = open(path);
    file.lock().expect("lock");
    file
}

fn open(path: &Path) -> File {
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    succeeded(output).unwrap_or_else(|said| panic!("{command:?}: {said}"))
}

fn succeeded(output: Output) -> Result<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn is_root() -> bool {
    user_id() == 0
}

fn user_id() -> u32 {
    fs::metadata("/proc/self").expect("/proc is mounted").uid()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
