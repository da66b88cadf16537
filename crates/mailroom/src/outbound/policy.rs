//! To whom an inbox may write, and what happens to a mail that should not simply go, as its owner chose.
//!
//! An inbox's word goes before the tenant's, field by field; what is blocked and what is a canary adds up, so that no inbox
//! has less of them than its tenant.

use serde::{Deserialize, Serialize};

use crate::limits::Plan;
use crate::screening::policy::is_sender;
use crate::{Error, Result};

/// Addresses and domains of one list.
const MOST_LISTED: usize = 1_000;
/// Canaries of one policy.
const MOST_CANARIES: usize = 50;
/// How long an inbox is watched after a mail of risk, in hours, when nothing is said.
const WATCHED_HOURS: u16 = 24;
/// The longest an inbox may be watched, in hours.
const MOST_HOURS: u16 = 720;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $case:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$of])* $case,)+ }

        impl $name {
            /// As written in the HTTP contract.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$case => $text,)+ }
            }
        }
    };
}

words! {
    /// Whom an inbox may write to.
    SendTo {
        /// Anyone.
        #[default]
        Anyone = "anyone",
        /// Whoever wrote to the inbox, whom the inbox wrote to, or whom the lists name.
        Known = "known",
        /// Whom the lists name.
        Allowlist = "allowlist",
        /// Addresses at the inbox's own domain, and whom the lists name.
        Domain = "domain",
        /// Nobody.
        None = "none",
    }
}

words! {
    /// What becomes of a suspicious mail from an inbox that was given mail of risk.
    Taint {
        /// Nobody looks.
        Off = "off",
        /// It waits for a person.
        #[default]
        Hold = "hold",
        /// It is refused.
        Block = "block",
    }
}

words! {
    /// What becomes of a mail in which a secret stands that is no token of ours; those are always refused.
    OnSecret {
        /// It is refused.
        #[default]
        Refuse = "refuse",
        /// It waits for a person.
        Hold = "hold",
    }
}

/// Limits of one inbox, below those of its tenant's plan: the lower one counts. 0: the plan's alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendLimits {
    /// Recipients a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_sends: Option<u32>,
    /// Recipients a minute; twice as many at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sends_per_minute: Option<u32>,
    /// Recipients a day that the inbox never wrote to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_new_recipients: Option<u32>,
}

impl SendLimits {
    /// These with what `change` says instead.
    fn with(self, change: Self) -> Self {
        Self {
            daily_sends: change.daily_sends.or(self.daily_sends),
            sends_per_minute: change.sends_per_minute.or(self.sends_per_minute),
            daily_new_recipients: change.daily_new_recipients.or(self.daily_new_recipients),
        }
    }

    /// A plan with these where they are lower.
    pub(super) fn narrow(self, plan: Plan) -> Plan {
        let lower = |of_plan: u64, own: Option<u32>| match (of_plan, own.map(u64::from).unwrap_or_default()) {
            (of_plan, 0) => of_plan,
            (0, own) => own,
            (of_plan, own) => of_plan.min(own),
        };
        Plan {
            daily_sends_per_inbox: lower(plan.daily_sends_per_inbox, self.daily_sends),
            sends_per_minute_per_inbox: lower(plan.sends_per_minute_per_inbox, self.sends_per_minute),
            daily_new_recipients_per_inbox: lower(
                plan.daily_new_recipients_per_inbox,
                self.daily_new_recipients,
            ),
            ..plan
        }
    }
}

/// What somebody chose. What is absent is as the next wider policy says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendPolicy {
    /// Whom the inbox may write to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<SendTo>,
    /// Addresses and domains that may be written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<String>>,
    /// Addresses and domains that are never written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<Vec<String>>,
    /// What becomes of suspicious mail after mail of risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taint: Option<Taint>,
    /// For how long after it, in hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taint_hours: Option<u16>,
    /// What becomes of a mail with a secret in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<OnSecret>,
    /// Strings that stand nowhere but where nobody should take them from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canaries: Option<Vec<String>>,
    /// How much an inbox may send, below its plan's limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<SendLimits>,
}

/// What rules for one inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// Whom the inbox may write to.
    pub to: SendTo,
    /// Addresses and domains that may be written to.
    pub allow: Vec<String>,
    /// Those that are never written to.
    pub block: Vec<String>,
    /// What becomes of suspicious mail after mail of risk.
    pub taint: Taint,
    /// For how long after it, in hours.
    pub taint_hours: u16,
    /// What becomes of a mail with a secret in it.
    pub secrets: OnSecret,
    /// See [`SendPolicy::canaries`].
    pub canaries: Vec<String>,
    /// See [`SendPolicy::limits`].
    pub limits: SendLimits,
}

impl SendPolicy {
    /// Checks a policy and writes it in its one form.
    ///
    /// # Errors
    /// [`Error::Invalid`] for whatever is too much, too long, or no address or domain.
    pub fn checked(mut self) -> Result<Self> {
        for list in [&mut self.allow, &mut self.block].into_iter().flatten() {
            if list.len() > MOST_LISTED {
                return Err(Error::invalid(
                    "sendPolicy",
                    format!("a list has at most {MOST_LISTED} entries"),
                ));
            }
            for one in &mut *list {
                *one = one.trim().to_lowercase();
                if !is_sender(one) {
                    let problem = "each entry of a list must be an address, or a domain such as example.com";
                    return Err(Error::invalid("sendPolicy", problem));
                }
            }
            list.sort();
            list.dedup();
        }
        if self.taint_hours.is_some_and(|hours| !(1..=MOST_HOURS).contains(&hours)) {
            return Err(Error::invalid("sendPolicy.taintHours", format!("must be 1 to {MOST_HOURS}")));
        }
        let canaries = self.canaries.as_deref().unwrap_or_default();
        let is_canary =
            |one: &String| one.len() <= 200 && one.chars().filter(|c| c.is_alphanumeric()).count() >= 8;
        if canaries.len() > MOST_CANARIES || !canaries.iter().all(is_canary) {
            let problem =
                format!("at most {MOST_CANARIES}, each of 8 letters and digits or more, in 200 bytes");
            return Err(Error::invalid("sendPolicy.canaries", problem));
        }
        Ok(self)
    }

    /// This one with what `change` says instead.
    pub fn with(self, change: Self) -> Self {
        Self {
            to: change.to.or(self.to),
            allow: change.allow.or(self.allow),
            block: change.block.or(self.block),
            taint: change.taint.or(self.taint),
            taint_hours: change.taint_hours.or(self.taint_hours),
            secrets: change.secrets.or(self.secrets),
            canaries: change.canaries.or(self.canaries),
            limits: match (self.limits, change.limits) {
                (Some(limits), Some(change)) => Some(limits.with(change)),
                (limits, change) => change.or(limits),
            },
        }
    }
}

impl Effective {
    /// Lays an inbox's policy over its tenant's.
    pub fn of(tenant: Option<SendPolicy>, inbox: Option<SendPolicy>) -> Self {
        let (tenant, inbox) = (tenant.unwrap_or_default(), inbox.unwrap_or_default());
        let both = |of: fn(&SendPolicy) -> &Option<Vec<String>>| -> Vec<String> {
            [&tenant, &inbox].into_iter().flat_map(|one| of(one).clone().unwrap_or_default()).collect()
        };
        let (block, canaries) = (both(|one| &one.block), both(|one| &one.canaries));
        let policy = tenant.with(inbox);
        Self {
            to: policy.to.unwrap_or_default(),
            allow: policy.allow.unwrap_or_default(),
            block,
            taint: policy.taint.unwrap_or_default(),
            taint_hours: policy.taint_hours.unwrap_or(WATCHED_HOURS),
            secrets: policy.secrets.unwrap_or_default(),
            canaries,
            limits: policy.limits.unwrap_or_default(),
        }
    }

    /// Why a recipient may not be written to; `known`: the inbox had mail from or wrote to it.
    pub(super) fn refuses(&self, address: &str, own: &str, known: bool) -> Option<&'static str> {
        if lists(&self.block, address) {
            return Some("the recipient is on the block list (`sendPolicy.block`)");
        }
        if lists(&self.allow, address) && self.to != SendTo::None {
            return None;
        }
        let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        match self.to {
            SendTo::Anyone => None,
            SendTo::Known if known => None,
            SendTo::Known => {
                Some("the send policy of this inbox is `known`: the recipient never wrote to it")
            }
            SendTo::Allowlist => {
                Some("the send policy of this inbox is `allowlist`, and the recipient is not on it")
            }
            SendTo::Domain if domain(address) == domain(own) => None,
            SendTo::Domain => {
                Some("the send policy of this inbox is `domain`, and the recipient is at another domain")
            }
            SendTo::None => Some("the send policy of this inbox is `none`: it sends nothing"),
        }
    }
}

/// Whether a list names an address, or its very domain.
fn lists(list: &[String], address: &str) -> bool {
    let address = address.to_lowercase();
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    list.iter().any(|one| *one == address || one == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(of: &[&str]) -> Option<Vec<String>> {
        Some(of.iter().map(|one| (*one).to_owned()).collect())
    }

    #[test]
    fn each_policy_lets_through_whom_it_names_and_nobody_else() {
        let allowed = |to: SendTo| {
            let policy = Effective {
                to,
                allow: vec!["listed.test".into()],
                block: vec!["eve@home.test".into(), "bad.test".into()],
                ..Effective::default()
            };
            [
                "x@listed.test",
                "friend@a.test",
                "x@home.test",
                "stranger@a.test",
                "EVE@home.test",
                "x@bad.test",
            ]
            .map(|one| policy.refuses(one, "me@home.test", one == "friend@a.test").is_none())
        };
        assert_eq!(allowed(SendTo::Anyone), [true, true, true, true, false, false]);
        assert_eq!(allowed(SendTo::Known), [true, true, false, false, false, false]);
        assert_eq!(allowed(SendTo::Allowlist), [true, false, false, false, false, false]);
        assert_eq!(allowed(SendTo::Domain), [true, false, true, false, false, false]);
        assert_eq!(allowed(SendTo::None), [false; 6]);
    }

    #[test]
    fn an_inbox_cannot_lose_what_its_tenant_blocks() {
        let tenant =
            SendPolicy { block: list(&["a.test"]), to: Some(SendTo::Known), ..SendPolicy::default() };
        let inbox =
            SendPolicy { block: list(&[]), canaries: list(&["c4n4ry-0001"]), ..SendPolicy::default() };
        let rules = Effective::of(Some(tenant), Some(inbox));
        assert_eq!(
            (rules.block, rules.to, rules.taint),
            (vec!["a.test".to_owned()], SendTo::Known, Taint::Hold)
        );
        assert_eq!((rules.canaries.len(), rules.taint_hours), (1, WATCHED_HOURS));
    }

    #[test]
    fn what_is_no_address_no_time_and_no_canary_is_refused() {
        let bad = [
            SendPolicy { allow: list(&["*.a.test"]), ..SendPolicy::default() },
            SendPolicy { taint_hours: Some(0), ..SendPolicy::default() },
            SendPolicy { canaries: list(&["short"]), ..SendPolicy::default() },
        ];
        for policy in bad {
            assert!(policy.clone().checked().is_err(), "{policy:?}");
        }
    }

    #[test]
    fn the_lower_limit_counts_and_none_of_its_own_is_the_plan_s() {
        let plan = Plan { daily_sends_per_inbox: 50, sends_per_minute_per_inbox: 0, ..Plan::default() };
        let own = |daily_sends, sends_per_minute| SendLimits {
            daily_sends,
            sends_per_minute,
            ..SendLimits::default()
        };
        let limits = |own: SendLimits| {
            let plan = own.narrow(plan.clone());
            (plan.daily_sends_per_inbox, plan.sends_per_minute_per_inbox)
        };
        assert_eq!(limits(own(Some(7), Some(3))), (7, 3));
        assert_eq!(limits(own(Some(70), None)), (50, 0), "no inbox has more than its plan");
        assert_eq!(limits(own(Some(0), Some(0))), (50, 0));
        assert_eq!(own(Some(7), Some(3)).with(own(Some(0), None)), own(Some(0), Some(3)));
    }
}
