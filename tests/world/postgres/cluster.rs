//! The cluster that the tests of one machine user share: started, joined, watched and removed.
//!
//! Knows nothing of single databases. The files of its directory that are locks: `lock` while somebody joins or the
//! watchdog removes it, `users` shared by all who use it, `watchdog` by that one shell.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Where the shared cluster is: a fixed place, so that test processes find each other; not `TMPDIR`, because a socket's path has 107 bytes at most.
pub fn shared_directory() -> PathBuf {
    PathBuf::from(format!("/tmp/mailward-postgres-{}", user_id()))
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

    /// Stops the server as a crash would: connections break, nothing is written down. Who joins meanwhile would find it
    /// dead and begin it anew, so this is for a cluster of the test's own.
    pub fn halt(&self) {
        let mut stop = self.server_program("pg_ctl");
        run(stop.args(["stop", "-m", "immediate", "-w", "-s", "-D"]).arg(self.data()));
    }

    /// Starts what was halted, on its data.
    pub fn resume(&self) {
        let mut start = self.server_program("pg_ctl");
        let log = self.data().join("log");
        run(start.args(["start", "-w", "-s", "-D"]).arg(self.data()).arg("-l").arg(log));
    }

    /// A file of the whole cluster, for locks among its users.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The server's major version.
    pub fn version(&self) -> u32 {
        let text = fs::read_to_string(self.data().join("PG_VERSION")).expect("PG_VERSION");
        text.trim().parse().expect("a number since 10")
    }

    /// The process id of the running server.
    pub fn pid(&self) -> u32 {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).expect("postmaster.pid");
        text.lines()
            .next()
            .and_then(|line| line.trim().parse().ok())
            .expect("its first line is the process id")
    }

    /// As [`psql`](Self::psql), as the superuser; a failure fails the test.
    pub fn admin(&self, statements: &[&str]) -> String {
        self.psql("postgres", "postgres", statements).unwrap_or_else(|said| panic!("{statements:?}: {said}"))
    }

    /// Where a client finds a database. The port is written out so that a `PGPORT` of the environment cannot mislead the client.
    pub fn url(&self, user: &str, database: &str) -> String {
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
        run(Command::new("sh").args(["-c", WATCHDOG, "sh", "stop"]).arg(&data));
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
            "CREATE ROLE mailward_owner LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
            "CREATE ROLE mailward_service LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
            "CREATE ROLE mailward_definer NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
            // Only so that migrations can hand their functions over.
            "GRANT mailward_definer TO mailward_owner",
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
        // In a session of its own and without our streams: it must outlive this test, and nextest waits for streams.
        let mut setsid = Command::new("setsid");
        setsid
            .args(["--fork", "sh", "-c", WATCHDOG, "mailward-postgres-watchdog", "watch"])
            .arg(&self.directory);
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

/// `stop DATA` ends a server; `watch DIRECTORY SECONDS` waits for the time to do so.
const WATCHDOG: &str = include_str!("watchdog.sh");

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

/// Makes sure of the directory and locks it. The watchdog removes it while it holds this lock, so that the file we
/// waited for may be gone by now, or the directory before there was a file to wait for.
fn entered(directory: &Path) -> File {
    let path = directory.join("lock");
    loop {
        private_directory(directory);
        let lock = match OpenOptions::new().append(true).create(true).open(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            opened => opened.unwrap_or_else(|e| panic!("{}: {e}", path.display())),
        };
        lock.lock().expect("lock the directory");
        let held = lock.metadata().expect("an open file").ino();
        if fs::metadata(&path).is_ok_and(|now| now.ino() == held) {
            return lock;
        }
    }
}

/// Opens a file, making it if need be, and waits until nobody else has it.
pub fn locked(path: &Path) -> File {
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
