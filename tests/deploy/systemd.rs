//! The units: what they start, as whom, with which key, and that the configuration beside them is one.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use super::words::unknown;
use super::{config, mailward, port, read, repository};

pub(super) const FILES: &[&str] = &[
    "systemd/mailward-backup.service",
    "systemd/mailward-backup.timer",
    "systemd/mailward.service",
    "systemd/mailward.sysusers",
    "systemd/mailward.toml",
];

/// The settings of a unit: each with all its values.
fn unit(name: &str) -> BTreeMap<String, Vec<String>> {
    let mut settings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let text = read(&format!("deploy/systemd/{name}")).replace("\\\n", " ");
    for line in text.lines().filter(|line| !line.starts_with(['#', '['])) {
        if let Some((key, value)) = line.split_once('=') {
            settings.entry(key.to_owned()).or_default().push(value.trim().to_owned());
        }
    }
    settings
}

fn path() -> String {
    repository("deploy/systemd/mailward.toml").to_str().expect("plain").to_owned()
}

#[test]
fn the_units_start_commands_that_there_are_with_the_configuration_beside_them() {
    let known = config(&["--config", &path()], &BTreeMap::new());
    for name in ["mailward.service", "mailward-backup.service"] {
        let unit = unit(name);
        let start = &unit["ExecStart"][0];
        let words: Vec<String> = start.split_whitespace().map(str::to_owned).collect();
        assert_eq!(words[0], "/usr/local/bin/mailward", "{name}");
        assert_eq!(unknown(&words[1..]), None, "{name}");
        assert!(start.contains("--config /etc/mailward/mailward.toml"), "{name}: {start}");
        assert_eq!(unit["User"], ["mailward"], "{name}");
        assert_eq!(known["data_dir"].as_str(), Some("/var/lib/mailward"));
        assert_eq!(unit["NoNewPrivileges"], ["yes"], "{name}");
        assert_eq!(unit["ProtectSystem"], ["strict"], "{name}");
        assert_eq!(unit["UMask"], ["0077"], "{name}");
    }
    let service = unit("mailward.service");
    assert_eq!(service["StateDirectory"], ["mailward"], "what ProtectSystem leaves to be written");
    assert_eq!(service["RestartPreventExitStatus"], ["78"]);
    let drain = known["smtp.drain_ms"].as_integer().expect("a number") / 1_000;
    let patience: i64 = service["TimeoutStopSec"][0].parse().expect("seconds");
    assert!(patience >= drain + 20, "sessions and requests may end before it is killed");
    let is_low = ["smtp.listen", "http.listen", "operator.listen"].iter().any(|key| port(&known, key) < 1024);
    assert_eq!(is_low, service["AmbientCapabilities"] == ["CAP_NET_BIND_SERVICE"]);
    assert_eq!(service["CapabilityBoundingSet"], ["CAP_NET_BIND_SERVICE"], "and nothing else");
    assert!(read("deploy/systemd/mailward.sysusers").lines().any(|line| line.starts_with("u mailward ")));
}

#[test]
fn a_backup_is_taken_by_the_service_s_user_with_its_key_into_a_folder_that_may_be_written() {
    let (service, backup) = (unit("mailward.service"), unit("mailward-backup.service"));
    assert_eq!(service["LoadCredentialEncrypted"], backup["LoadCredentialEncrypted"]);
    let out = backup["ExecStart"][0].split_whitespace().skip_while(|word| *word != "--out").nth(1);
    let out = out.expect("--out");
    // It makes files of SQLite's beside the databases, so their folder is written too.
    let written = backup["ReadWritePaths"].join(" ");
    assert!(written.contains("/var/lib/mailward"), "{written}");
    let folder = format!("/var/{}", "backups/mailward");
    assert!(out.starts_with(&folder) && written.contains(&folder), "{out}: {written}");
    assert!(read("deploy/systemd/mailward-backup.timer").contains("OnCalendar="));
}

#[test]
fn the_service_takes_its_master_key_from_the_credential_that_the_unit_names() {
    let credential = unit("mailward.service")["LoadCredentialEncrypted"][0].clone();
    let (name, _) = credential.split_once(':').expect("a name and a file");
    let directory = tempfile::tempdir().expect("a directory");
    // Where the file system knows access lists, systemd grants the user's right in one, and the mode shows its mask.
    for mode in [0o400, 0o440] {
        let credentials = directory.path().join(format!("credentials-{mode:o}"));
        std::fs::create_dir(&credentials).expect("made");
        let file = credentials.join(name);
        std::fs::write(&file, "11".repeat(32)).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
        let credentials = credentials.to_str().expect("plain").to_owned();
        let variables = BTreeMap::from([("CREDENTIALS_DIRECTORY".to_owned(), credentials)]);
        let data = directory.path().join(format!("data-{mode:o}"));
        let words = ["init", "--json", "--data-dir", data.to_str().expect("plain")];
        let provider = ["--set", "keys.provider=systemd-credential", "--set", "dns.servers=off"];
        let made = mailward(&[&words[..], &provider].concat(), &variables);
        assert!(made.status.success(), "{mode:o}: {}", String::from_utf8_lossy(&made.stderr));
        assert!(!data.join("master.key").exists(), "the key is the credential, and nowhere else");
    }
    let file = directory.path().join("credentials-400").join(name);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).expect("set");
    let credentials = directory.path().join("credentials-400").to_str().expect("plain").to_owned();
    let variables = BTreeMap::from([("CREDENTIALS_DIRECTORY".to_owned(), credentials)]);
    let data = directory.path().join("open");
    let words =
        ["init", "--data-dir", data.to_str().expect("plain"), "--set", "keys.provider=systemd-credential"];
    let refused = mailward(&words, &variables);
    assert_eq!(refused.status.code(), Some(78), "everybody may read it");
}
