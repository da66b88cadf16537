//! What a look at a domain's proof means for its standing. Pure: the state machine of a domain, and nothing else.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_store::{Domain, DomainStatus};

use super::records::Presence;

const DAY: Duration = Duration::from_secs(86_400);
/// So long after the proof was first missed mail is still taken: a slip in DNS loses nothing.
const GRACE: Duration = Duration::from_secs(3 * 86_400);
/// So long name servers may give no answer at all before that counts as missing: a domain whose delegation lapsed
/// answers nobody, and would be held for ever.
const PATIENCE: Duration = Duration::from_secs(7 * 86_400);
/// How often a missing proof is looked for again.
const SOON: Duration = Duration::from_secs(6 * 3_600);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is proven, for the first time or again.
    Verified,
    /// Its proof is missing.
    Failed,
    /// It is held no more.
    Lost,
}

/// Brings a domain to where a look at its proof puts it.
pub(super) fn judge(domain: &mut Domain, proof: Presence, now: Timestamp) -> Option<Change> {
    let silent_for = |limit: Duration| domain.seen_at.is_none_or(|seen| seen.plus(limit) <= now);
    let missing = match proof {
        Presence::Found => {
            let was = std::mem::replace(&mut domain.status, DomainStatus::Verified);
            domain.held_since = domain.held_since.or(Some(now));
            domain.failed_since = None;
            domain.seen_at = Some(now);
            return (was != DomainStatus::Verified).then_some(Change::Verified);
        }
        Presence::Missing | Presence::Mismatch => true,
        // Lost by silence alone only after both.
        Presence::Unknown | Presence::Pending => match domain.status {
            DomainStatus::Failed => silent_for(PATIENCE + GRACE),
            DomainStatus::Verified | DomainStatus::Pending => silent_for(PATIENCE),
        },
    };
    match (domain.status, missing) {
        (DomainStatus::Verified, true) => {
            domain.status = DomainStatus::Failed;
            domain.failed_since = Some(now);
            Some(Change::Failed)
        }
        (DomainStatus::Failed, true) if domain.held_since.is_some() => {
            let over = receives_until(domain).is_none_or(|end| end <= now);
            over.then(|| {
                domain.held_since = None;
                Change::Lost
            })
        }
        _ => None,
    }
}

/// Until when mail is taken at a domain whose proof is missing.
pub(super) fn receives_until(domain: &Domain) -> Option<Timestamp> {
    domain.held_since.and(domain.failed_since).map(|since| since.plus(GRACE))
}

/// When a held domain is looked at next; `spread` is added where there is no hurry.
pub(super) fn next_look(domain: &Domain, now: Timestamp, spread: Duration) -> Option<Timestamp> {
    domain.held_since?;
    match receives_until(domain) {
        None => Some(now.plus(DAY).plus(spread)),
        Some(end) if end > now => Some(now.plus(SOON).min(end)),
        // Waiting for name servers that are silent.
        Some(_) => Some(now.plus(SOON)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailward_mail::id::DomainId;
    use mailward_mail::{clock::Clock, random::Random};

    const START: Timestamp = Timestamp(1_800_000_000_000);

    fn held() -> Domain {
        let mut domain = Domain {
            id: DomainId::generate(&Clock::system(), &Random::system()),
            name: "corp.example".to_owned(),
            status: DomainStatus::Pending,
            held_since: None,
            failed_since: None,
            seen_at: None,
            checked_at: None,
            created_at: START,
            signing_key: Vec::new(),
            signing_rsa: None,
            key_no: 1,
            next_keys: None,
            found: Vec::new(),
        };
        assert_eq!(judge(&mut domain, Presence::Found, START), Some(Change::Verified));
        domain
    }

    #[test]
    fn a_claim_without_proof_stays_a_claim() {
        let mut domain = Domain { held_since: None, status: DomainStatus::Pending, seen_at: None, ..held() };
        for proof in [Presence::Missing, Presence::Mismatch, Presence::Unknown, Presence::Pending] {
            assert_eq!(judge(&mut domain, proof, START.plus(DAY * 400)), None);
            assert_eq!((domain.status, domain.held_since), (DomainStatus::Pending, None));
        }
        assert_eq!(next_look(&domain, START, DAY), None, "nothing is looked for unasked");
    }

    #[test]
    fn a_proof_that_is_gone_costs_the_domain_after_three_days_and_not_before() {
        let mut domain = held();
        assert_eq!(judge(&mut domain, Presence::Found, START.plus(DAY)), None);
        let gone = START.plus(DAY * 2);
        assert_eq!(judge(&mut domain, Presence::Missing, gone), Some(Change::Failed));
        let last = Timestamp(gone.plus(GRACE).0 - 1);
        assert_eq!(judge(&mut domain, Presence::Mismatch, last), None);
        assert!(domain.held_since.is_some(), "it still takes mail");
        assert_eq!(next_look(&domain, last, DAY), Some(gone.plus(GRACE)), "looked at just when it is over");
        assert_eq!(judge(&mut domain, Presence::Missing, gone.plus(GRACE)), Some(Change::Lost));
        assert_eq!((domain.status, domain.held_since), (DomainStatus::Failed, None));
        assert_eq!(judge(&mut domain, Presence::Missing, gone.plus(GRACE * 2)), None, "told once");
    }

    #[test]
    fn a_proof_that_comes_back_within_the_grace_loses_nothing() {
        let mut domain = held();
        let since = domain.held_since;
        judge(&mut domain, Presence::Missing, START.plus(DAY));
        assert_eq!(judge(&mut domain, Presence::Found, START.plus(DAY * 3)), Some(Change::Verified));
        assert_eq!((domain.failed_since, domain.held_since), (None, since));
    }

    #[test]
    fn silent_name_servers_cost_a_domain_late_and_in_the_end() {
        let mut domain = held();
        assert_eq!(judge(&mut domain, Presence::Unknown, START.plus(DAY * 6)), None);
        let silent = START.plus(PATIENCE);
        assert_eq!(judge(&mut domain, Presence::Unknown, silent), Some(Change::Failed));
        assert_eq!(judge(&mut domain, Presence::Unknown, silent.plus(DAY)), None);
        assert_eq!(judge(&mut domain, Presence::Unknown, silent.plus(GRACE)), Some(Change::Lost));
    }
}
