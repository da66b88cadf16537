//! Whether a mail waits for a person: its level against the policy, and who is trusted against what they wrote.
//!
//! Trust changes what is done with a verdict, never the verdict. It holds only where the sender's domain answered for the
//! mail (DMARC), and never for a mail that would hand somebody's data on: a trusted sender's account may be another's.

use mailward_mail::parsed::Parsed;
use mailward_score::{Coverage, Level, Verdict};
use serde::{Deserialize, Serialize};

use super::policy::Effective;
use crate::config::Hold;
use crate::sender_auth::{AuthResult, SenderAuth};

/// The family of rules that no trust clears.
const NEVER_CLEARED: &str = "exfiltration.";

/// Why a mail passed that its level would have held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The policy names its sender.
    TrustedSender,
    /// A reviewer let its sender through for some time.
    AllowedSender,
}

impl Trust {
    /// As a flag of the mail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrustedSender => "trusted_sender",
            Self::AllowedSender => "allowed_sender",
        }
    }
}

/// What the gate went by, kept with the mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateNote {
    /// The version of the tenant's policy and of the inbox's; 0 where there was none.
    pub policy: [i64; 2],
    /// Why it passed, where its level would have held it.
    #[serde(default)]
    pub trust: Option<Trust>,
    /// It waits because its author is none of those from whom its inbox takes mail.
    #[serde(default)]
    pub unlisted: bool,
}

/// Unknown is always held: whoever cannot be judged is not let through.
pub(crate) fn is_held(level: Level, hold: Hold) -> bool {
    match level {
        Level::Unknown => true,
        Level::High => hold != Hold::Never,
        Level::Medium => hold == Hold::Medium,
        Level::Low => false,
    }
}

/// The sender whose trust could let a held mail pass; `None`: nobody's can.
///
/// `scored` is the scorer's own verdict, `judged` the one with the owner's phrases: what the owner's phrases hold, the
/// owner's trust does not clear.
pub(crate) fn trusted_author<'a>(
    scored: &Verdict,
    judged: &Verdict,
    parsed: Option<&'a Parsed>,
    auth: &SenderAuth,
    policy: &Effective,
) -> Option<&'a str> {
    let author = parsed?.author()?;
    let is_authentic = auth.dmarc == AuthResult::Pass && auth.domain.is_some();
    let hands_on = scored.findings.iter().any(|finding| finding.rule.starts_with(NEVER_CLEARED));
    // What was cut off may be what must not pass: the rest of the mail, or findings beyond the most that are named.
    let is_whole = scored.coverage == Coverage::Full && scored.findings.len() < Verdict::MOST_FINDINGS;
    let own = judged.findings.iter().filter(|finding| finding.rule.starts_with("own."));
    let held_by_owner = own.map(|finding| Level::of(finding.weight)).any(|level| is_held(level, policy.hold));
    let passes = is_authentic
        && is_whole
        && !hands_on
        && !held_by_owner
        && scored.level != Level::Unknown
        && judged.level != Level::Unknown;
    passes.then_some(author.address.as_str())
}

#[cfg(test)]
mod tests {
    use mailward_mail::parsed::Mailbox;
    use mailward_score::Finding;

    use super::*;

    fn finding(rule: &str, weight: u8) -> Finding {
        let (view, excerpt) = ("text".to_owned(), "x".to_owned());
        Finding { rule: rule.to_owned(), weight, view, start: 0, end: 1, excerpt }
    }

    fn verdict(findings: Vec<Finding>) -> Verdict {
        let score = findings.iter().map(|finding| finding.weight).max().unwrap_or_default();
        let (level, model) = (Level::of(score), "rules-1".to_owned());
        Verdict { score, level, findings, coverage: Coverage::Full, model }
    }

    fn mail() -> Parsed {
        let from = vec![Mailbox { name: "Mia".into(), address: "mia@a.test".into() }];
        Parsed { from, ..Parsed::default() }
    }

    fn authentic() -> SenderAuth {
        SenderAuth { dmarc: AuthResult::Pass, domain: Some("a.test".into()), ..SenderAuth::default() }
    }

    fn author(scored: &Verdict, judged: &Verdict, parsed: &Parsed, auth: &SenderAuth) -> bool {
        trusted_author(scored, judged, Some(parsed), auth, &Effective::default()).is_some()
    }

    #[test]
    fn mail_is_held_by_its_level_and_what_is_unknown_always() {
        let held =
            |hold| [Level::Low, Level::Medium, Level::High, Level::Unknown].map(|one| is_held(one, hold));
        assert_eq!(held(Hold::Medium), [false, true, true, true]);
        assert_eq!(held(Hold::High), [false, false, true, true]);
        assert_eq!(held(Hold::Never), [false, false, false, true]);
    }

    #[test]
    fn an_authentic_sender_may_be_trusted_with_what_is_no_theft() {
        let high = verdict(vec![finding("override.instructions", 90)]);
        assert!(author(&high, &high, &mail(), &authentic()));
    }

    #[test]
    fn nobody_is_trusted_to_hand_data_on() {
        for weight in [1, 30, 60, 99] {
            let scored =
                verdict(vec![finding("override.instructions", 90), finding("exfiltration.mail", weight)]);
            assert!(!author(&scored, &scored, &mail(), &authentic()), "{weight}");
        }
    }

    #[test]
    fn trust_needs_a_domain_that_answers_for_the_mail() {
        let high = verdict(vec![finding("override.instructions", 90)]);
        use AuthResult::{Fail, None, Pass, PermError, TempError};
        for dmarc in [Fail, None, PermError, TempError] {
            // SPF or DKIM of somebody else's says nothing.
            let auth = SenderAuth { spf: Pass, dkim: Pass, dmarc, domain: Some("a.test".into()) };
            assert!(!author(&high, &high, &mail(), &auth), "{dmarc:?}");
        }
        let unaligned = SenderAuth { domain: Option::None, ..authentic() };
        assert!(!author(&high, &high, &mail(), &unaligned));
        let doubtful = Parsed { ambiguous: vec!["two From".into()], ..mail() };
        assert!(!author(&high, &high, &doubtful, &authentic()));
        let two = Parsed { from: [mail().from, mail().from].concat(), ..mail() };
        assert!(!author(&high, &high, &two, &authentic()));
        assert!(trusted_author(&high, &high, Option::None, &authentic(), &Effective::default()).is_none());
    }

    #[test]
    fn trust_does_not_reach_what_was_not_read_or_not_judged() {
        let high = verdict(vec![finding("override.instructions", 90)]);
        let partial = Verdict { coverage: Coverage::Partial, ..high.clone() };
        let unknown = Verdict::unknown("parser.deadline", "too slow");
        let crowded = verdict((0..20).map(|n| finding(&format!("override.{n}"), 90)).collect());
        for scored in [partial, unknown, crowded] {
            assert!(!author(&scored, &scored, &mail(), &authentic()), "{scored:?}");
        }
    }

    #[test]
    fn what_an_owners_phrase_holds_the_owners_trust_does_not_clear() {
        let scored = verdict(vec![finding("override.instructions", 90)]);
        let held = verdict(vec![finding("own.1", 70), finding("override.instructions", 90)]);
        assert!(!author(&scored, &held, &mail(), &authentic()));
        let warned = verdict(vec![finding("own.1", 60), finding("override.instructions", 90)]);
        assert!(author(&scored, &warned, &mail(), &authentic()), "it would not be held by that");
    }
}
