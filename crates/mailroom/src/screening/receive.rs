//! From whom an inbox takes mail, as its owner chose: whom it never takes any from, and whether it takes any from strangers.
//!
//! A block goes by what the envelope and the header say, proven or not: who is blocked and writes as somebody else is
//! somebody else's to prove. What lets in goes by a proven author alone (DMARC), or anybody would write as whom is listed.

use mailward_mail::parsed::Parsed;
use serde::{Deserialize, Serialize};

use super::policy::is_sender;
use crate::sender_auth::{AuthResult, SenderAuth};
use crate::{Error, Result};

/// Addresses and domains of one list.
const MOST_LISTED: usize = 1_000;

/// From whom an inbox takes mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiveFrom {
    /// Anyone.
    #[default]
    Anyone,
    /// Whom the inbox wrote to, and whom the lists name.
    Known,
    /// Whom the lists name.
    Allowlist,
}

/// What becomes of mail of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// It waits for a person.
    #[default]
    Hold,
    /// It is refused.
    Refuse,
}

/// What somebody chose. What is absent is as the next wider policy says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReceivePolicy {
    /// From whom mail is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ReceiveFrom>,
    /// Addresses and domains that mail is taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<String>>,
    /// Addresses and domains that no mail is taken from, with all below them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<Vec<String>>,
    /// What becomes of mail of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Otherwise>,
}

/// What rules for one inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// See [`ReceivePolicy::from`].
    pub from: ReceiveFrom,
    /// See [`ReceivePolicy::allow`].
    pub allow: Vec<String>,
    /// The tenant's and the inbox' together.
    pub block: Vec<String>,
    /// See [`ReceivePolicy::otherwise`].
    pub otherwise: Otherwise,
}

/// What is to be done with a mail before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It is taken, whatever becomes of it.
    Take,
    /// It is taken if its proven author is one whom the inbox knows.
    IfKnown,
    /// It is taken and waits for a person.
    Hold,
    /// It is refused.
    Refuse,
    /// It is refused, whoever else lets its author in.
    Block,
}

impl ReceivePolicy {
    /// Checks a policy and writes it in its one form.
    ///
    /// # Errors
    /// [`Error::Invalid`] for whatever is too much, or no address or domain.
    pub fn checked(mut self) -> Result<Self> {
        for list in [&mut self.allow, &mut self.block].into_iter().flatten() {
            if list.len() > MOST_LISTED {
                return Err(Error::invalid(
                    "receivePolicy",
                    format!("a list has at most {MOST_LISTED} entries"),
                ));
            }
            for one in &mut *list {
                *one = one.trim().to_lowercase();
                if !is_sender(one) {
                    let problem = "each entry of a list must be an address, or a domain such as example.com";
                    return Err(Error::invalid("receivePolicy", problem));
                }
            }
            list.sort();
            list.dedup();
        }
        Ok(self)
    }

    /// This one with what `change` says instead.
    pub fn with(self, change: Self) -> Self {
        Self {
            from: change.from.or(self.from),
            allow: change.allow.or(self.allow),
            block: change.block.or(self.block),
            otherwise: change.otherwise.or(self.otherwise),
        }
    }
}

impl Effective {
    /// Lays an inbox' policy over its tenant's. What is blocked adds up, so that no inbox has less of it than its tenant.
    pub fn of(tenant: Option<ReceivePolicy>, inbox: Option<ReceivePolicy>) -> Self {
        let (tenant, inbox) = (tenant.unwrap_or_default(), inbox.unwrap_or_default());
        let blocks = [&tenant, &inbox].into_iter().flat_map(|one| one.block.clone().unwrap_or_default());
        let block = blocks.collect();
        let policy = tenant.with(inbox);
        Self {
            from: policy.from.unwrap_or_default(),
            allow: policy.allow.unwrap_or_default(),
            block,
            otherwise: policy.otherwise.unwrap_or_default(),
        }
    }

    /// Whether it says nothing about anybody.
    pub(crate) fn is_open(&self) -> bool {
        self.block.is_empty() && self.from == ReceiveFrom::Anyone
    }

    /// What to do with a mail, by who says to have sent and written it.
    pub(crate) fn judge(&self, envelope: Option<&str>, parsed: Option<&Parsed>, auth: &SenderAuth) -> Word {
        let written = parsed.into_iter().flat_map(|parsed| parsed.from.iter().chain(&parsed.sender));
        let named = envelope.into_iter().chain(written.map(|one| one.address.as_str()));
        if named.into_iter().any(|address| within(&self.block, address)) {
            return Word::Block;
        }
        let author = parsed.and_then(Parsed::author).filter(|_| auth.dmarc == AuthResult::Pass);
        let is_listed = author.is_some_and(|author| named_by(&self.allow, &author.address));
        match self.from {
            ReceiveFrom::Anyone => Word::Take,
            _ if is_listed => Word::Take,
            ReceiveFrom::Known if author.is_some() => Word::IfKnown,
            _ => self.others(),
        }
    }

    /// What becomes of a mail of somebody who is neither listed nor known.
    pub(crate) fn others(&self) -> Word {
        match self.otherwise {
            Otherwise::Hold => Word::Hold,
            Otherwise::Refuse => Word::Refuse,
        }
    }
}

/// Whether a list names an address, or its very domain.
fn named_by(list: &[String], address: &str) -> bool {
    let address = address.to_lowercase();
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    list.iter().any(|one| *one == address || one == domain)
}

/// Likewise, or a domain above it: who is blocked would only move a name down.
fn within(list: &[String], address: &str) -> bool {
    let address = address.to_lowercase();
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let below =
        |one: &str| domain.strip_suffix(one).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    list.iter().any(|one| *one == address || (!one.contains('@') && below(one)))
}

#[cfg(test)]
mod tests {
    use mailward_mail::parsed::Mailbox;

    use super::*;

    fn list(of: &[&str]) -> Option<Vec<String>> {
        Some(of.iter().map(|one| (*one).to_owned()).collect())
    }

    fn mail(from: &str) -> Parsed {
        let from = vec![Mailbox { name: String::new(), address: from.into() }];
        Parsed { from, ..Parsed::default() }
    }

    fn proven(is: bool) -> SenderAuth {
        let dmarc = if is { AuthResult::Pass } else { AuthResult::None };
        SenderAuth { dmarc, ..SenderAuth::default() }
    }

    #[test]
    fn who_is_blocked_is_refused_whatever_is_proven_and_wherever_it_says_so() {
        let policy = Effective {
            block: list(&["bad.test", "eve@mail.test"]).unwrap_or_default(),
            ..Effective::default()
        };
        let of =
            |envelope: Option<&str>, from: &str| policy.judge(envelope, Some(&mail(from)), &proven(true));
        for (envelope, from) in [
            (Some("x@bad.test"), "mia@a.test"),
            (Some("x@a.test"), "mia@BAD.test"),
            (None, "mia@deep.bad.test"),
            (Some("Eve@mail.test"), "mia@a.test"),
        ] {
            assert_eq!(of(envelope, from), Word::Block, "{envelope:?} {from}");
        }
        for (envelope, from) in [(Some("x@notbad.test"), "mia@a.test"), (None, "adam@mail.test")] {
            assert_eq!(of(envelope, from), Word::Take, "{envelope:?} {from}");
        }
    }

    #[test]
    fn only_a_proven_author_is_let_in_by_a_list() {
        let policy = |from, otherwise| Effective {
            from,
            otherwise,
            allow: list(&["a.test"]).unwrap_or_default(),
            ..Effective::default()
        };
        let strict = policy(ReceiveFrom::Allowlist, Otherwise::Hold);
        let of = |policy: &Effective, from: &str, is| {
            policy.judge(Some("x@a.test"), Some(&mail(from)), &proven(is))
        };
        assert_eq!(of(&strict, "mia@a.test", true), Word::Take);
        assert_eq!(of(&strict, "mia@a.test", false), Word::Hold);
        assert_eq!(of(&strict, "mia@sub.a.test", true), Word::Hold, "a subdomain is another sender");
        assert_eq!(strict.judge(None, None, &proven(true)), Word::Hold, "what cannot be read has no author");
        let closed = policy(ReceiveFrom::Allowlist, Otherwise::Refuse);
        assert_eq!(of(&closed, "mia@b.test", true), Word::Refuse);
        let known = policy(ReceiveFrom::Known, Otherwise::Hold);
        assert_eq!(
            (of(&known, "mia@b.test", true), of(&known, "mia@b.test", false)),
            (Word::IfKnown, Word::Hold)
        );
    }

    #[test]
    fn an_inbox_blocks_what_its_tenant_blocks_and_more() {
        let tenant = ReceivePolicy {
            block: list(&["bad.test"]),
            from: Some(ReceiveFrom::Known),
            ..ReceivePolicy::default()
        };
        let inbox = ReceivePolicy {
            block: list(&["worse.test"]),
            from: Some(ReceiveFrom::Anyone),
            ..ReceivePolicy::default()
        };
        let both = Effective::of(Some(tenant), Some(inbox));
        assert_eq!(
            (both.block, both.from),
            (vec!["bad.test".to_owned(), "worse.test".to_owned()], ReceiveFrom::Anyone)
        );
        let bad = ReceivePolicy { block: list(&["*.bad.test"]), ..ReceivePolicy::default() };
        assert!(bad.checked().is_err());
    }
}
