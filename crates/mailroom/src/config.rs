//! What an operator chose about mail. Values come checked from the server's configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// From which level on mail waits for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hold {
    /// Medium and above.
    Medium,
    /// High.
    #[default]
    High,
    /// Nothing that could be screened.
    Never,
}

/// What a tenant of a plan may use. 0 is no limit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Inboxes.
    pub max_inboxes: u32,
    /// Recipients a day.
    pub daily_sends: u32,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name of this host in trace headers and authentication results.
    pub hostname: String,
    /// Where tenants' data lives; bound into keys.
    pub region: String,
    /// Domains that inboxes may have; the first is the default.
    pub domains: Vec<String>,
    /// From which level on mail is held.
    pub hold: Hold,
    /// Plans by name.
    pub plans: BTreeMap<String, Plan>,
    /// A stranger may make a tenant of plan `free`.
    pub signup_open: bool,
    /// The directory whose disk must not fill up.
    pub data_dir: PathBuf,
    /// A tenant may be taken back for so many days, unless told otherwise.
    pub grace_days: u32,
    /// What was under way when a tenant's keys were destroyed has ended after this; then the last of it is removed.
    pub settle: std::time::Duration,
    /// Below this many free bytes no mail is taken; 0 never looks.
    pub disk_free_bytes: u64,
}

impl Config {
    /// Whether the disk is too full to take more.
    pub(crate) fn disk_is_full(&self) -> bool {
        if self.disk_free_bytes == 0 {
            return false;
        }
        match nix::sys::statvfs::statvfs(&self.data_dir) {
            Ok(disk) => disk.blocks_available() * disk.fragment_size() < self.disk_free_bytes,
            // A disk that cannot even be asked is not one to promise mail on.
            Err(_) => true,
        }
    }

    /// The plan of that name; an unknown one has no limits of its own.
    pub fn plan(&self, name: &str) -> Plan {
        self.plans.get(name).cloned().unwrap_or(Plan { max_inboxes: 0, daily_sends: 0 })
    }
}
