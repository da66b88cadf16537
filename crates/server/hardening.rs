//! What the process does so that its memory stays its own: no core dumps, no debugger of another user, no swap.
//!
//! Without unsafe code single pages cannot be locked, only all of them; so all are, as they are first touched, where
//! the system allows any amount. What is not possible is said, and the service runs without it.

use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// Lock a page when it is touched, not when it is mapped: a thread's stack of 64 MiB is mostly never touched. Linux's
/// number; the library does not know it.
const ON_FAULT: i32 = 4;

/// The capability to lock any amount of memory, as a bit of `CapEff` (capabilities(7)).
const CAP_IPC_LOCK: u64 = 1 << 14;

/// Hardens the process. What could not be done comes back, for the log.
pub(crate) fn apply(lock_memory: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    // Asked first: afterwards the files in /proc/self belong to root.
    let may_lock = may_lock();
    if let Err(error) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        warnings.push(format!("core dumps cannot be limited: {error}"));
    }
    if let Err(error) = nix::sys::prctl::set_dumpable(false) {
        warnings.push(format!("core dumps cannot be switched off: {error}"));
    }
    if lock_memory {
        let flags = MlockAllFlags::MCL_CURRENT
            | MlockAllFlags::MCL_FUTURE
            | MlockAllFlags::from_bits_retain(ON_FAULT);
        let done =
            if may_lock { mlockall(flags).map_err(|error| error.to_string()) } else { Err(LIMITED.into()) };
        if let Err(why) = done {
            warnings.push(format!(
                "keys may be written to swap: memory cannot be locked ({why}); use encrypted swap or none, or set \
                 keys.lock_memory=false to hide this"
            ));
        }
    }
    warnings
}

const LIMITED: &str = "its amount is limited; LimitMEMLOCK=infinity, or ulimit -l unlimited, lifts that";

/// With a limit, memory that is asked for later could not be had at all.
fn may_lock() -> bool {
    let is_unlimited = getrlimit(Resource::RLIMIT_MEMLOCK).is_ok_and(|(soft, _)| soft == RLIM_INFINITY);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let capabilities =
        capabilities.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or_default();
    is_unlimited || capabilities & CAP_IPC_LOCK != 0
}
