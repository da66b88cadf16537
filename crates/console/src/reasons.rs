//! Words of the scorer and of sender authentication as sentences for people.

use mailward_mailroom::sender_auth::AuthResult;
use mailward_score::{Finding, Level};

/// What a rule found.
pub(crate) fn reason(rule: &str) -> &'static str {
    let (family, name) = rule.split_once('.').unwrap_or((rule, ""));
    match (family, name) {
        ("override", "new_task") => "Gives the agent a new task",
        ("override", _) => "Tells the agent to disregard its instructions",
        ("role", "reveal_prompt") => "Asks for the agent’s own instructions",
        ("role", _) => "Tells the agent to be somebody else",
        ("exfiltration", "image") => "Would carry data out in the address of an image",
        ("exfiltration", "mail") => "Wants mail handed on",
        ("exfiltration", "files") => "Wants files handed on",
        ("exfiltration", _) => "Wants secrets handed on",
        ("tool", "pay") => "Wants the agent to pay",
        ("tool", "delete") => "Wants the agent to delete something",
        ("tool", "setting") => "Wants the agent to change a setting",
        ("tool", _) => "Wants the agent to act",
        ("secrecy", "urgent_command") => "Presses for something at once",
        ("secrecy", "hearsay_consent") => "Claims that somebody has agreed",
        ("secrecy", _) => "Wants it done behind somebody’s back",
        ("posing", _) | ("chat", _) => "Poses as the system or as a turn of the chat",
        ("address", "memory") => "Wants the agent to remember it",
        ("address", "concealed") => "Speaks to a machine where people do not look",
        ("address", _) => "Speaks to a machine, not to a person",
        ("hidden", _) => "An instruction that people do not see",
        ("encoded", _) => "An instruction in encoded text",
        ("disguised", _) => "Words disguised with look-alike characters",
        ("structure", "ambiguous") => "Its header can be read in two ways",
        ("structure", _) => "Its form is unusual",
        ("sender", "first_time") => "This sender never wrote before",
        ("sender", _) => "The sender differs from the conversation’s",
        ("parser", _) => "It could not be read whole",
        ("judge", _) => "A second opinion takes it for an injection",
        ("own", _) => "A phrase from your own list",
        _ => "Reads like known attacks",
    }
}

/// Where it was found.
pub(crate) fn whereabouts(view: &str) -> String {
    let one = |view: &str| match view {
        "subject" => "subject".to_owned(),
        "text" => "text".to_owned(),
        "html" => "HTML".to_owned(),
        "quoted" => "quoted mail".to_owned(),
        "from_name" => "sender’s name".to_owned(),
        "from_address" => "sender’s address".to_owned(),
        "name" => "somebody’s name".to_owned(),
        "attachment" => "attachment".to_owned(),
        "attachment_name" => "name of an attachment".to_owned(),
        "header" => "header".to_owned(),
        "hidden" => "hidden text".to_owned(),
        "message" => "whole message".to_owned(),
        "decoded:base64" => "base64".to_owned(),
        other => other.replace(['_', ':'], " "),
    };
    let parts: Vec<String> = view.split(" in ").map(one).collect();
    format!("in the {}", parts.join(" in the "))
}

/// A level as a person says it.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Low => "Low risk",
        Level::Medium => "Medium risk",
        Level::High => "High risk",
        Level::Unknown => "Could not be judged",
    }
}

/// The strongest finding that says something about the text itself, in a few words.
pub(crate) fn headline(findings: &[Finding]) -> &'static str {
    // What a rule says is said better than what the model feels.
    let told = findings.iter().find(|finding| !finding.rule.starts_with("model.")).or(findings.first());
    told.map_or("Held by your policy", |finding| reason(&finding.rule))
}

/// One check of the sender: its name, its result, whether that is good or bad, and what it means.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) result: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) meaning: String,
}

/// What the checks say, in words.
pub(crate) fn checks(auth: &mailward_mailroom::sender_auth::SenderAuth, author_domain: &str) -> Vec<Check> {
    let tone = |result| match result {
        AuthResult::Pass => "good",
        AuthResult::Fail | AuthResult::SoftFail => "bad",
        AuthResult::None | AuthResult::Neutral | AuthResult::TempError | AuthResult::PermError => "",
    };
    let domain =
        if author_domain.is_empty() { "the sender’s domain".to_owned() } else { author_domain.to_owned() };
    let check = |name, result: AuthResult, meaning| Check {
        name,
        result: result.as_str(),
        tone: tone(result),
        meaning,
    };
    let later = "It could not be found out when the mail came.";
    vec![
        check(
            "DMARC",
            auth.dmarc,
            match auth.dmarc {
                AuthResult::Pass => format!("{domain} answers for this mail: it really is from there."),
                AuthResult::Fail => format!("{domain} says that this mail is not from there."),
                AuthResult::TempError => later.to_owned(),
                _ if auth.domain.is_some() => {
                    format!("{domain} has no rule, but one of the checks below passed for it.")
                }
                _ => format!("{domain} has no rule: anybody may have written its name."),
            },
        ),
        check(
            "DKIM",
            auth.dkim,
            match auth.dkim {
                AuthResult::Pass => "A signature holds: nothing signed was changed on the way.".into(),
                AuthResult::Fail => {
                    "A signature does not hold: the mail was changed, or was never signed by whom it names."
                        .into()
                }
                AuthResult::TempError => later.into(),
                AuthResult::PermError => {
                    "A signature cannot be checked: the key is missing or unusable.".into()
                }
                _ => "Nobody signed it.".into(),
            },
        ),
        check(
            "SPF",
            auth.spf,
            match auth.spf {
                AuthResult::Pass => "The machine that brought it may send for the envelope’s domain.".into(),
                AuthResult::Fail => {
                    "The machine that brought it may not send for the envelope’s domain.".into()
                }
                AuthResult::SoftFail => {
                    "The machine that brought it probably may not send for the envelope’s domain.".into()
                }
                AuthResult::TempError => later.into(),
                AuthResult::PermError => "What the envelope’s domain publishes cannot be used.".into(),
                _ => "The envelope’s domain does not say which machines may send for it.".into(),
            },
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_of_rules_has_words() {
        assert_eq!(reason("exfiltration.mail"), "Wants mail handed on");
        assert_eq!(reason("fast.whole"), "Reads like known attacks");
        assert_eq!(whereabouts("decoded:base64 in text"), "in the base64 in the text");
        assert_eq!(whereabouts("footer in text"), "in the footer in the text");
    }
}
