//! What an operator chose about mail. Values come checked from the server's configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use mailward_score::Ask;

use crate::brand::Host;
use crate::limits::Plan;

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

impl Hold {
    /// As it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Medium => "medium",
            Self::High => "high",
            Self::Never => "never",
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name of this host in trace headers and authentication results.
    pub hostname: String,
    /// The host of the service's own public URL, where that is a name: no tenant's people alone come in there.
    pub own_host: Option<Host>,
    /// Where new tenants' data lives; bound into keys.
    pub region: String,
    /// Whose tenants are served here, the one of new tenants among them.
    pub regions: Vec<String>,
    /// Domains that inboxes may have; the first is the default.
    pub domains: Vec<String>,
    /// From which level on mail is held, where no policy of a tenant says otherwise.
    pub hold: Hold,
    /// When the deep model is asked.
    pub ask: Ask,
    /// Plans by name.
    pub plans: BTreeMap<String, Plan>,
    /// The number of the keys that sign for these domains; another number, another key.
    pub dkim_key: u32,
    /// Recipients of an inbox on its first day, where its plan gives it more; 0: no such beginning.
    pub ramp_first: u64,
    /// Networks that are not public, in which tenants' relays may be all the same.
    pub relay_networks: Vec<IpNet>,
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
    /// Octets of mail that may be in flight at a moment; a tenant has an eighth of them.
    pub inflight_bytes: u64,
    /// Whether mail comes in here, so that a full disk or hanging screening threads make this process unready.
    pub takes_mail: bool,
    /// How long a poll goes without a look of its own at what other nodes may have written.
    pub look_again: Duration,
    /// How long it is remembered who holds a token: a revocation on another node is felt after this at the latest.
    pub token_cache: Duration,
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

    /// Whether tenants of a region are served here.
    pub fn serves(&self, region: &str) -> bool {
        self.regions.iter().any(|served| served == region)
    }

    /// The plan of that name; an unknown one has no limits of its own.
    pub fn plan(&self, name: &str) -> Plan {
        self.plans.get(name).cloned().unwrap_or_default()
    }
}
