//! The busiest tenants by name and the rest together, so that series are few however many tenants there are.
//!
//! Who is busy is judged each minute. What a tenant did that is busy no more is kept apart, so that no rate jumps when it goes, and
//! one that becomes busy begins at nothing, as after a restart: all of them together are all that happened.

use std::collections::HashMap;
use std::time::Duration;

use mailward_mail::id::TenantId;
use tokio::time::Instant;

/// How long it is watched who is busy.
const WINDOW: Duration = Duration::from_secs(60);
/// Tenants that are watched in one window; further ones are of the rest.
const WATCHED: usize = 10_000;

/// What a tenant did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It received a mail.
    Received,
    /// Of these: one waits for a person.
    Held,
    /// A mail of its went to a recipient.
    Sent,
    /// An endpoint of its was called.
    Called,
    /// A call or a mail of its failed.
    Failed,
}

impl Act {
    /// All of them, in the order of their counts.
    pub const ALL: [Self; 5] = [Self::Received, Self::Held, Self::Sent, Self::Called, Self::Failed];

    /// As a label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Held => "held",
            Self::Sent => "sent",
            Self::Called => "called",
            Self::Failed => "failed",
        }
    }
}

/// Counts in the order of [`Act::ALL`].
pub type Counts = [u64; Act::ALL.len()];

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// The busiest, by name.
    pub named: Vec<(TenantId, Counts)>,
    /// All others, while they had no name.
    pub other: Counts,
    /// Those who had one and lost it, while they had it.
    pub former: Counts,
}

pub(super) struct Busiest {
    most: usize,
    since: Instant,
    watched: HashMap<TenantId, u64>,
    named: HashMap<TenantId, Counts>,
    other: Counts,
    former: Counts,
}

impl Busiest {
    pub(super) fn new(most: usize, now: Instant) -> Self {
        Self {
            most,
            since: now,
            watched: HashMap::new(),
            named: HashMap::new(),
            other: Counts::default(),
            former: Counts::default(),
        }
    }

    pub(super) fn count(&mut self, tenant: &TenantId, act: Act, times: u64, now: Instant) {
        if now.saturating_duration_since(self.since) >= WINDOW {
            self.judge(now);
        }
        if let Some(seen) = self.watched.get_mut(tenant) {
            *seen += times;
        } else if self.watched.len() < WATCHED {
            self.watched.insert(tenant.clone(), times);
        }
        // At the beginning the first to come are as busy as any.
        if self.named.len() < self.most && !self.named.contains_key(tenant) {
            self.named.insert(tenant.clone(), Counts::default());
        }
        self.named.get_mut(tenant).unwrap_or(&mut self.other)[act as usize] += times;
    }

    fn judge(&mut self, now: Instant) {
        let mut seen: Vec<(TenantId, u64)> = self.watched.drain().collect();
        self.since = now;
        // Of equals those who have a name keep it: a series that comes and goes helps nobody.
        seen.sort_by_key(|(tenant, count)| (std::cmp::Reverse(*count), !self.named.contains_key(tenant)));
        seen.truncate(self.most);
        let busy: Vec<TenantId> = seen.into_iter().map(|(tenant, _)| tenant).collect();
        let newcomers = busy.iter().filter(|tenant| !self.named.contains_key(*tenant)).count();
        let mut leaving: Vec<TenantId> =
            self.named.keys().filter(|tenant| !busy.contains(tenant)).cloned().collect();
        // Only as many go as others need their place.
        let full = (self.named.len() + newcomers).saturating_sub(self.most);
        leaving.truncate(full);
        for tenant in leaving {
            let counts = self.named.remove(&tenant).unwrap_or_default();
            self.former.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
        }
        for tenant in busy {
            self.named.entry(tenant).or_default();
        }
    }

    pub(super) fn seen(&self) -> Busy {
        let mut named: Vec<_> = self.named.iter().map(|(tenant, counts)| (tenant.clone(), *counts)).collect();
        named.sort_by(|one, two| one.0.cmp(&two.0));
        Busy { named, other: self.other, former: self.former }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(no: usize) -> TenantId {
        TenantId::parse(&format!("t-{no}")).expect("a slug")
    }

    fn total(busy: &Busy) -> u64 {
        busy.named.iter().map(|(_, counts)| counts[0]).sum::<u64>() + busy.other[0] + busy.former[0]
    }

    #[test]
    fn ten_thousand_tenants_make_a_few_series_and_nothing_is_lost() {
        let start = Instant::now();
        let mut busiest = Busiest::new(20, start);
        let (mut all, mut rest) = (0, (0, 0));
        for minute in 0..5_u64 {
            let now = start + WINDOW * u32::try_from(minute).expect("few");
            for no in 0..12_000 {
                // Others are busy in each minute.
                let times = if no % 1_000 == usize::try_from(minute).expect("few") { 50 } else { 1 };
                busiest.count(&tenant(no), Act::Received, times, now);
                all += times;
            }
            let busy = busiest.seen();
            assert_eq!((busy.named.len(), total(&busy)), (20, all));
            assert!(busy.other[0] >= rest.0 && busy.former[0] >= rest.1, "nothing goes back");
            rest = (busy.other[0], busy.former[0]);
        }
        assert!(busiest.watched.len() <= WATCHED);
    }

    #[test]
    fn who_becomes_busy_gets_a_name_at_the_next_look() {
        let start = Instant::now();
        let mut busiest = Busiest::new(2, start);
        for no in [1, 2, 3, 3, 3, 2] {
            busiest.count(&tenant(no), Act::Sent, 1, start);
        }
        let names = |busiest: &Busiest| -> Vec<String> {
            busiest.seen().named.iter().map(|(tenant, _)| tenant.to_string()).collect()
        };
        assert_eq!(names(&busiest), ["t-1", "t-2"]);
        busiest.count(&tenant(3), Act::Sent, 1, start + WINDOW);
        assert_eq!(names(&busiest), ["t-2", "t-3"]);
        let seen = busiest.seen();
        assert_eq!((seen.other[2], seen.former[2], seen.named[1].1[2]), (3, 1, 1), "t-3 had no name before");
    }
}
