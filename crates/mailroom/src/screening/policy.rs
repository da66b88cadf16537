//! What is held, as its owner chose: checked when it is chosen, then laid over what the next wider one says.
//!
//! An inbox's word goes before the tenant's, and the tenant's before the server's, field by field: what is not said is
//! taken from the next wider one.

use mailward_mail::clock::Timestamp;
use mailward_score::Level;
use mailward_store::Direction;
use serde::{Deserialize, Serialize};

use super::own::folded;
use super::receive::{Effective as EffectiveReceive, ReceivePolicy};
use crate::outbound::SendPolicy;
use crate::{Error, Hold, Result};

/// Trusted senders of one policy.
const MOST_TRUSTED: usize = 200;
/// Rules of one policy.
const MOST_RULES: usize = 50;
/// The longest phrase, in characters.
const MOST_PHRASE: usize = 200;

/// One version of what somebody chose. What is absent is as the next wider policy says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatePolicy {
    /// From which level on mail waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Addresses and domains whose authenticated mail is not held for its level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_senders: Option<Vec<String>>,
    /// Phrases of the owner's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<OwnRule>>,
    /// Whether a sign-in code may be handed out while its mail is held, where DMARC passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes_while_held: Option<bool>,
    /// To whom mail may go, and what is looked for in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<SendPolicy>,
    /// From whom mail is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receive: Option<ReceivePolicy>,
    /// Which held mail two people must release; of the whole tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub four_eyes: Option<FourEyes>,
    /// What it was before it was lowered: nobody chooses this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowered: Option<Lowered>,
}

/// A word or phrase that is a finding wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnRule {
    /// The phrase; case, white space and invisible characters do not matter.
    pub phrase: String,
    /// The score that it gives at least, 1 to 100; without one it only warns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u8>,
}

/// Which held mail two different people must release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FourEyes {
    /// None: one is enough.
    #[default]
    Off,
    /// What is high or could not be judged, and what goes.
    High,
    /// All of it.
    All,
}

/// A rule that was lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lowered {
    /// The strictest that ruled before.
    pub rule: FourEyes,
    /// When it was lowered last, in milliseconds since 1970.
    pub at: i64,
}

impl FourEyes {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::High => "high",
            Self::All => "all",
        }
    }

    /// Whether two must release such a mail.
    pub(crate) fn takes_two(self, direction: Direction, level: Level) -> bool {
        let grave = direction == Direction::Outbound || matches!(level, Level::High | Level::Unknown);
        match self {
            Self::Off => false,
            Self::High => grave,
            Self::All => true,
        }
    }
}

/// What rules for one inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// From which level on mail waits for a person.
    pub hold: Hold,
    /// Addresses and domains, lower case.
    pub trusted: Vec<String>,
    /// The owner's phrases.
    pub rules: Vec<OwnRule>,
    /// Whether a sign-in code may be handed out while its mail is held.
    pub codes_while_held: bool,
    /// From whom mail is taken.
    pub receive: EffectiveReceive,
    /// Which held mail two people must release.
    pub four_eyes: FourEyes,
    /// The version of the tenant's policy and of the inbox's; 0 where there is none.
    pub versions: [i64; 2],
}

impl GatePolicy {
    /// Checks a policy and writes it in its one form.
    ///
    /// # Errors
    /// [`Error::Invalid`] for whatever is too much, too long, or no address, domain or phrase.
    pub fn checked(mut self) -> Result<Self> {
        self.send = self.send.map(SendPolicy::checked).transpose()?;
        self.receive = self.receive.map(ReceivePolicy::checked).transpose()?;
        if let Some(senders) = &mut self.trusted_senders {
            if senders.len() > MOST_TRUSTED {
                return Err(Error::invalid("trustedSenders", format!("at most {MOST_TRUSTED}")));
            }
            for sender in &mut *senders {
                *sender = sender.trim().to_lowercase();
                if !is_sender(sender) {
                    return Err(Error::invalid(
                        "trustedSenders",
                        "each must be an address, or a domain such as example.com (in ASCII)",
                    ));
                }
            }
            senders.sort();
            senders.dedup();
        }
        let rules = self.rules.as_deref().unwrap_or_default();
        if rules.len() > MOST_RULES {
            return Err(Error::invalid("rules", format!("at most {MOST_RULES}")));
        }
        for rule in rules {
            let length = rule.phrase.chars().count();
            if length > MOST_PHRASE || folded(&rule.phrase).text.trim().chars().count() < 2 {
                let problem = format!("a phrase must have 2 to {MOST_PHRASE} characters that can be seen");
                return Err(Error::invalid("rules", problem));
            }
            if rule.phrase.chars().any(char::is_control) {
                return Err(Error::invalid("rules", "a phrase must not hold control characters"));
            }
            if rule.weight.is_some_and(|weight| !(1..=100).contains(&weight)) {
                return Err(Error::invalid(
                    "rules",
                    "a weight must be between 1 and 100; without one it warns",
                ));
            }
        }
        Ok(self)
    }

    /// This one in place of `was`: held mail that two had to release until now still takes two, whoever lowered it. One
    /// who may choose the policy could else release alone what takes another.
    pub(crate) fn after(mut self, was: &Self, now: Timestamp) -> Self {
        let before = was.four_eyes.unwrap_or_default();
        self.lowered = was.lowered;
        if self.four_eyes.unwrap_or_default() < before {
            let rule = was.lowered.map_or(before, |lowered| lowered.rule.max(before));
            self.lowered = Some(Lowered { rule, at: now.millis() });
        }
        self
    }

    /// Which held mail that came then two people must release.
    pub(crate) fn four_eyes_for(&self, came: Timestamp) -> FourEyes {
        let rule = self.four_eyes.unwrap_or_default();
        let lowered = self.lowered.filter(|lowered| came.millis() <= lowered.at);
        lowered.map_or(rule, |lowered| lowered.rule.max(rule))
    }

    /// Whether it says nothing, so that the next wider one rules.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// This one with what `change` says instead.
    pub fn with(self, change: Self) -> Self {
        Self {
            hold: change.hold.or(self.hold),
            trusted_senders: change.trusted_senders.or(self.trusted_senders),
            rules: change.rules.or(self.rules),
            codes_while_held: change.codes_while_held.or(self.codes_while_held),
            four_eyes: change.four_eyes.or(self.four_eyes),
            lowered: self.lowered,
            send: match (self.send, change.send) {
                (Some(own), Some(change)) => Some(own.with(change)),
                (own, change) => change.or(own),
            },
            receive: match (self.receive, change.receive) {
                (Some(own), Some(change)) => Some(own.with(change)),
                (own, change) => change.or(own),
            },
        }
    }
}

impl Effective {
    /// The same for a mail whose verdict has been through the owner's phrases already.
    pub(crate) fn without_rules(self) -> Self {
        Self { rules: Vec::new(), ..self }
    }

    /// Lays an inbox's policy over its tenant's over the server's.
    pub fn of(server: Hold, tenant: Option<(i64, GatePolicy)>, inbox: Option<(i64, GatePolicy)>) -> Self {
        let versions = [&tenant, &inbox].map(|one| one.as_ref().map_or(0, |(version, _)| *version));
        let (tenant, inbox) = (tenant.unwrap_or_default().1, inbox.unwrap_or_default().1);
        let receive = EffectiveReceive::of(tenant.receive.clone(), inbox.receive.clone());
        let policy = tenant.with(inbox);
        Self {
            hold: policy.hold.unwrap_or(server),
            trusted: policy.trusted_senders.unwrap_or_default(),
            rules: policy.rules.unwrap_or_default(),
            codes_while_held: policy.codes_while_held.unwrap_or(false),
            receive,
            four_eyes: policy.four_eyes.unwrap_or_default(),
            versions,
        }
    }

    /// Whether an address, or its very domain, is trusted. A subdomain is another sender.
    pub fn trusts(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        let Some((_, domain)) = address.rsplit_once('@') else { return false };
        self.trusted.iter().any(|one| *one == address || *one == domain)
    }
}

/// Whether a text is an address, or a domain, as lists hold them.
pub(crate) fn is_sender(text: &str) -> bool {
    let domain = match text.rsplit_once('@') {
        Some((local, domain)) => {
            let plain =
                |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '@' | '<' | '>' | ',');
            if local.is_empty() || local.len() > 64 || !local.chars().all(plain) {
                return false;
            }
            domain
        }
        None => text,
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn senders(list: &[&str]) -> GatePolicy {
        let list = list.iter().map(|one| (*one).to_owned()).collect();
        GatePolicy { trusted_senders: Some(list), ..GatePolicy::default() }
    }

    fn rule(phrase: &str, weight: Option<u8>) -> GatePolicy {
        let rules = Some(vec![OwnRule { phrase: phrase.into(), weight }]);
        GatePolicy { rules, ..GatePolicy::default() }
    }

    #[test]
    fn senders_are_addresses_or_domains_in_one_form() {
        let checked = senders(&[" Mia@Example.COM ", "example.org", "example.org"]).checked().expect("good");
        assert_eq!(
            checked.trusted_senders,
            Some(vec!["example.org".to_owned(), "mia@example.com".to_owned()])
        );
        let bad =
            ["", "com", "@example.com", "a b@example.com", "a@b@example.com", "-a.test", "ex_ample.com"];
        for bad in bad.into_iter().chain(["*.example.com", "mia@bücher.example", "<mia@example.com>"]) {
            assert!(senders(&[bad]).checked().is_err(), "{bad}");
        }
        assert!(senders(&["a.test"; 201]).checked().is_err());
    }

    #[test]
    fn rules_are_few_short_and_weighed_within_bounds() {
        assert!(rule("wire transfer", Some(60)).checked().is_ok() && rule("送金", None).checked().is_ok());
        for (phrase, weight) in [
            ("x", None),
            ("\u{200b}\u{200b}\u{200b}", None),
            ("   ", None),
            ("pay", Some(0)),
            ("pay", Some(101)),
            ("a\nb", None),
        ] {
            assert!(rule(phrase, weight).checked().is_err(), "{phrase:?} {weight:?}");
        }
        assert!(rule(&"x".repeat(201), None).checked().is_err());
        let many = vec![OwnRule { phrase: "pay".into(), weight: None }; 51];
        assert!(GatePolicy { rules: Some(many), ..GatePolicy::default() }.checked().is_err());
    }

    #[test]
    fn an_inbox_goes_before_its_tenant_and_a_tenant_before_the_server() {
        let hold = |hold| GatePolicy { hold: Some(hold), ..GatePolicy::default() };
        let of = |tenant: Option<GatePolicy>, inbox: Option<GatePolicy>| {
            Effective::of(Hold::High, tenant.map(|one| (3, one)), inbox.map(|one| (5, one)))
        };
        assert_eq!(of(None, None).hold, Hold::High);
        assert_eq!(of(Some(hold(Hold::Medium)), None).hold, Hold::Medium);
        let both = of(Some(hold(Hold::Medium).with(senders(&["a.test"]))), Some(hold(Hold::Never)));
        assert_eq!((both.hold, both.versions), (Hold::Never, [3, 5]));
        assert!(both.trusts("X@A.test"), "what the inbox does not say, the tenant does");
        let none = of(Some(senders(&["a.test"])), Some(senders(&[])));
        assert!(!none.trusts("x@a.test"), "an empty list is a word too");
        let codes = |may| GatePolicy { codes_while_held: Some(may), ..GatePolicy::default() };
        assert!(!of(None, None).codes_while_held && of(Some(codes(true)), None).codes_while_held);
        assert!(!of(Some(codes(true)), Some(codes(false))).codes_while_held, "so is a no");
    }

    #[test]
    fn a_domain_is_trusted_without_its_subdomains_and_its_look_alikes() {
        let policy =
            Effective { trusted: vec!["a.test".into(), "mia@b.test".into()], ..Effective::default() };
        assert!(policy.trusts("x@a.test") && policy.trusts("MIA@b.test"));
        for stranger in
            ["x@b.test", "x@sub.a.test", "x@ba.test", "a.test", "x@a.test.evil.test", "x@mia@b.test"]
        {
            assert!(!policy.trusts(stranger), "{stranger}");
        }
    }

    #[test]
    fn two_release_what_is_grave_and_what_goes_or_everything() {
        use Direction::{Inbound, Outbound};
        let of = |rule: FourEyes| {
            [
                (Inbound, Level::Medium),
                (Inbound, Level::High),
                (Inbound, Level::Unknown),
                (Outbound, Level::Low),
            ]
            .map(|(direction, level)| rule.takes_two(direction, level))
        };
        assert_eq!(of(FourEyes::Off), [false; 4]);
        assert_eq!(of(FourEyes::High), [false, true, true, true]);
        assert_eq!(of(FourEyes::All), [true; 4]);
    }

    #[test]
    fn what_needed_two_until_it_was_lowered_still_does() {
        let rule = |rule| GatePolicy { four_eyes: Some(rule), ..GatePolicy::default() };
        let at = Timestamp;
        let high = rule(FourEyes::High).after(&rule(FourEyes::All), at(10));
        assert_eq!(
            [5, 10, 11].map(|came| high.four_eyes_for(at(came))),
            [FourEyes::All, FourEyes::All, FourEyes::High]
        );
        let off = rule(FourEyes::Off).after(&high, at(20));
        assert_eq!(
            [5, 20, 21].map(|came| off.four_eyes_for(at(came))),
            [FourEyes::All, FourEyes::All, FourEyes::Off]
        );
        // To and fro takes nothing away, and what is raised rules at once.
        let again = rule(FourEyes::High).after(&off, at(30));
        assert_eq!(
            [5, 25, 31].map(|came| again.four_eyes_for(at(came))),
            [FourEyes::All, FourEyes::High, FourEyes::High]
        );
        assert_eq!(GatePolicy::default().after(&GatePolicy::default(), at(1)), GatePolicy::default());
    }
}
