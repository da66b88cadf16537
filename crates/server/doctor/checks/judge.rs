//! The judge: whether it answers to the letter, and what is worth knowing of where mail text goes.
//!
//! It is asked about a mail of nobody's. Neither its URL nor a word of its answer is told: both may hold secrets.

use mailward_mail::random::Random;
use mailward_mailroom::JudgeFailure;
use mailward_net::dns::Dns;

use super::{Check, bad, good, private, weak};
use crate::config::{Config, DnsServers};
use crate::judging;

const WHAT: &str = "screening.judge_url";

/// Tries the judge, where there is one.
pub(super) async fn all(config: &Config) -> Vec<Check> {
    let screening = &config.screening;
    let Some(url) = &screening.judge_url else { return Vec::new() };
    let mut checks = Vec::new();
    if let Some(file) = &screening.judge_key_file {
        checks.push(private("screening.judge_key_file", file, "chmod 400"));
    }
    if screening.judge_tenants.is_empty() {
        let seen = "grey mail of every tenant is shown to it";
        checks.push(weak("screening.judge_tenants", seen, "name those who agreed to it, unless all did"));
    }
    let Some(dns) = resolver(config) else {
        checks.push(bad(WHAT, "the system's resolvers cannot be read", "set dns.servers to a list"));
        return checks;
    };
    let judge = match judging::open(config, dns) {
        Ok(Some(judge)) => judge,
        Ok(None) => return checks,
        Err(error) => {
            checks.push(bad(WHAT, error.to_string(), "see docs/judge.md"));
            return checks;
        }
    };
    let way = if url.starts_with("https://") { "over TLS" } else { "in clear, on a network of yours" };
    checks.push(match judge.try_out(&Random::system()).await {
        Ok(took) => {
            let millis = took.as_millis();
            let slow = took * 2 > screening.judge_deadline;
            let seen = format!("it answers to the letter in {millis} ms, {way}");
            match slow {
                true => weak(WHAT, seen, "raise screening.judge_deadline_ms, or ask a faster model"),
                false => good(WHAT, seen),
            }
        }
        Err(failure) => bad(WHAT, seen(failure), fix(failure)),
    });
    checks
}

fn resolver(config: &Config) -> Option<Dns> {
    match &config.dns.servers {
        DnsServers::Off => Some(Dns::off()),
        DnsServers::List(servers) => Some(Dns::servers(servers.clone())),
        DnsServers::System => Dns::system().ok(),
    }
}

fn seen(failure: JudgeFailure) -> String {
    match failure {
        JudgeFailure::Refused(status) => format!("it refuses the question with status {status}"),
        JudgeFailure::Deadline => "it does not answer in time".to_owned(),
        JudgeFailure::Garbage => "its answer is not what it was asked for".to_owned(),
        JudgeFailure::Long => "its answer is longer than any answer may be".to_owned(),
        JudgeFailure::Busy(_) => "it is too busy, or failed".to_owned(),
        other => format!("it cannot be asked ({})", other.word()),
    }
}

fn fix(failure: JudgeFailure) -> &'static str {
    match failure {
        JudgeFailure::Refused(300..=399) => "write the URL that it redirects to: redirects are not followed",
        JudgeFailure::Refused(401 | 403) => "look at screening.judge_key_file",
        JudgeFailure::Refused(404) => "look at screening.judge_url and screening.judge_model",
        JudgeFailure::Refused(_) => "try screening.judge_format=none, and look at screening.judge_model",
        JudgeFailure::Deadline => "raise screening.judge_deadline_ms, or ask a faster model",
        JudgeFailure::Garbage | JudgeFailure::Long => {
            "try screening.judge_format=json_schema, or another model: until then the score stands"
        }
        JudgeFailure::Busy(_) => "look at the endpoint's own log",
        _ => "is it running, and may its address be called? see screening.judge_allow_private",
    }
}
