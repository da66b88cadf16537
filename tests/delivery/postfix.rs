//! Postfix as the world outside: an instance of its own with its own folder, at an address of the loopback network.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::net::TcpStream;

/// Where Debian has its programs.
const PROGRAMS: &str = "/usr/lib/postfix/sbin";
/// Folders of the queue that are the daemon's alone, and those that others may leave mail in.
const PRIVATE: [&str; 11] = [
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved",
    "trace",
];
const SHARED: [(&str, u32); 2] = [("public", 0o710), ("maildrop", 0o730)];
const SERVICES: &str = "
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
virtual   unix  -       n       n       -       -       virtual
anvil     unix  -       -       n       -       1       anvil
postlog   unix-dgram n  -       n       -       1       postlogd
";

/// Ends with the test.
pub struct Postfix {
    folder: TempDir,
    master: Child,
}

impl Postfix {
    /// Starts it for `corp.test`, where everybody has a box but `nobody`, `later` (4yz) and, by its own report, `bounces`.
    pub async fn start(ip: &str, port: u16, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        open_to_all(at);
        for name in ["conf", "queue", "data", "mail", "queue/pid"] {
            std::fs::create_dir(at.join(name)).expect("a folder");
            open_to_all(&at.join(name));
        }
        let (user, group) = (id(&["-u", "postfix"]), id(&["-g", "postfix"]));
        for name in PRIVATE {
            std::fs::create_dir(at.join("queue").join(name)).expect("a folder");
        }
        for (name, mode) in SHARED {
            let path = at.join("queue").join(name);
            std::fs::create_dir(&path).expect("a folder");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        }
        let owned =
            PRIVATE.iter().copied().chain(SHARED.map(|(name, _)| name)).map(|name| format!("queue/{name}"));
        for name in owned.chain(["data".to_owned(), "mail".to_owned()]) {
            let user = user.parse().expect("a number");
            let group = if name.starts_with("queue/public") || name.starts_with("queue/maildrop") {
                postdrop()
            } else {
                None
            };
            std::os::unix::fs::chown(at.join(&name), Some(user), group).expect("postfix is started by root");
        }
        let made =
            rcgen::generate_simple_self_signed(vec!["mx.corp.test".to_owned()]).expect("a certificate");
        // Postfix wants the key first.
        std::fs::write(at.join("cert.pem"), made.signing_key.serialize_pem() + &made.cert.pem())
            .expect("written");
        let folder_name = at.display();
        let main = format!(
            "compatibility_level = 3.6
queue_directory = {folder_name}/queue
data_directory = {folder_name}/data
command_directory = /usr/sbin
daemon_directory = {PROGRAMS}
maillog_file = {folder_name}/log
maillog_file_prefixes = {folder_name}
myhostname = mx.corp.test
mydomain = corp.test
mydestination =
inet_interfaces = all
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = corp.test
virtual_mailbox_maps = static:all/
virtual_mailbox_base = {folder_name}/mail
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{group}
smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder_name}/cert.pem
smtpd_tls_received_header = yes
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{nobody@corp.test = 550 5.1.1 no such person here}}, {{later@corp.test = 450 4.2.1 not now}} }}, reject_unauth_destination
{more}
"
        );
        std::fs::write(at.join("conf/main.cf"), main).expect("written");
        let services = format!("{ip}:{port} inet n - n - - smtpd{SERVICES}");
        std::fs::write(at.join("conf/master.cf"), services).expect("written");
        let master = Command::new(format!("{PROGRAMS}/master"))
            .arg("-c")
            .arg(at.join("conf"))
            .arg("-d")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postfix is installed: scripts/test says what the tests need");
        let postfix = Self { folder, master };
        for _ in 0..200 {
            if TcpStream::connect((ip, port)).await.is_ok() {
                return postfix;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("postfix does not listen: {}", postfix.log());
    }

    /// All mails that are in boxes, each with what Postfix wrote before it.
    pub fn mails(&self) -> Vec<String> {
        let boxes = self.folder.path().join("mail/all/new");
        let files = std::fs::read_dir(boxes).into_iter().flatten().flatten();
        files.map(|file| std::fs::read_to_string(file.path()).expect("a mail")).collect()
    }

    /// What it has to say.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // It ends all of its own when it is asked to.
        drop(Command::new("kill").arg(self.master.id().to_string()).status());
        drop(self.master.wait());
    }
}

fn open_to_all(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("its mode");
}

fn id(arguments: &[&str]) -> String {
    let out = Command::new("id").args(arguments).output().expect("id runs");
    assert!(out.status.success(), "there is no user postfix: scripts/test says what the tests need");
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

fn postdrop() -> Option<u32> {
    let groups = std::fs::read_to_string(PathBuf::from("/etc/group")).expect("groups");
    let line = groups.lines().find(|line| line.starts_with("postdrop:"))?;
    line.split(':').nth(2)?.parse().ok()
}
