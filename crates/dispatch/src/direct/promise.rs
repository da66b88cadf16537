//! How well mail for a domain has to be protected on its way to one of its hosts: what the operator wants, what the domain
//! promises (MTA-STS), and what DNSSEC vouches for (DANE).
//!
//! DANE speaks of one host and goes before MTA-STS (RFC 8461 2): where certificates are pinned, nothing else counts.

use std::sync::Arc;

use mailward_net::dane::{Pins, Vouched};
use mailward_net::mta_sts::{Mode, MtaSts, Policy};

use super::tls::Need;

/// Where promises are found.
pub(super) struct Promises {
    pub(super) require_tls: bool,
    pub(super) mta_sts: MtaSts,
    pub(super) dane: Option<Vouched>,
    /// The port of the hosts: pins are of a port.
    pub(super) port: u16,
}

/// What holds for one mail to one domain.
pub(super) struct Kept {
    policy: Option<Arc<Policy>>,
    /// Who knows pins, where the domain's hosts are vouched for; `Err`: nobody may be talked to now.
    dane: Result<Option<(Vouched, u16)>, String>,
    /// What holds where nothing is promised.
    least: Need,
}

/// What holds for one of its hosts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// So well it must be protected.
    pub(super) need: Need,
    /// A certificate is looked for first, and told of where it is missing.
    pub(super) is_tested: bool,
    why: Option<&'static str>,
}

impl Promises {
    /// What holds for mail to a domain.
    pub(super) async fn of(&self, domain: &str) -> Kept {
        let policy = self.mta_sts.of(domain).await.filter(|policy| policy.mode != Mode::None);
        let dane = match &self.dane {
            None => Ok(None),
            Some(vouched) => match vouched.vouches_for(domain).await {
                Ok(yes) => Ok(yes.then(|| (vouched.clone(), self.port))),
                // RFC 7672 2.1.1: an answer that is forged, or kept from us, must not weaken anything.
                Err(_) => {
                    Err("the resolver gave no valid answer about the domain's mail exchangers".to_owned())
                }
            },
        };
        Kept { policy, dane, least: if self.require_tls { Need::Tls } else { Need::Any } }
    }
}

impl Kept {
    /// What holds for one of the domain's hosts. `Err`: it gets nothing, and why.
    pub(super) async fn of_host(&self, host: &str) -> Result<Wanted, String> {
        let (mut need, mut why) = (self.least.clone(), None);
        if let Some((vouched, port)) = self.dane.as_ref().map_err(Clone::clone)? {
            match vouched.pins(host, *port).await {
                Pins::None => {}
                // Nothing to hold a certificate against: what the domain promises otherwise still holds.
                Pins::Any(pins) if pins.is_empty() => (need, why) = (Need::Tls, Some(TLSA)),
                Pins::Any(pins) => {
                    return Ok(Wanted { need: Need::Pinned(pins.into()), is_tested: false, why: Some(TLSA) });
                }
                Pins::Unknown => {
                    return Err(format!("{host}: the resolver gave no valid answer about its certificate"));
                }
            }
        }
        let Some(policy) = &self.policy else { return Ok(Wanted { need, is_tested: false, why }) };
        let is_named = policy.names(host);
        match policy.mode {
            Mode::Enforce if !is_named => {
                Err(format!("{host} is not among the hosts of the domain's MTA-STS policy"))
            }
            Mode::Enforce => Ok(Wanted { need: Need::Verified, is_tested: false, why: Some(STS) }),
            _ => {
                if !is_named {
                    tracing::warn!(host, "its domain's MTA-STS policy, which is tested, does not name it");
                }
                Ok(Wanted { need, is_tested: is_named, why })
            }
        }
    }

    /// Whether a conversation that was begun for another mail is good enough for this one.
    pub(super) fn is_met_by(&self, host: &str, need: &Need) -> bool {
        match (need, &self.policy, &self.dane) {
            (_, _, Err(_)) => false,
            (Need::Pinned(_), ..) => true,
            (_, Some(policy), _) if policy.mode == Mode::Enforce => {
                *need == Need::Verified && policy.names(host)
            }
            _ => true,
        }
    }
}

const TLSA: &str = "its certificate is published in signed DNS";
const STS: &str = "the domain's MTA-STS policy wants a certificate for its name";

impl Wanted {
    /// Why a host was not talked to, with what was asked of it.
    pub(super) fn explain(&self, text: String) -> String {
        match self.why {
            Some(why) => format!("{text} ({why})"),
            None => text,
        }
    }
}
