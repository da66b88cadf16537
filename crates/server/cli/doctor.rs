//! `doctor`: looks at the configuration, with `--send` at a domain's records, and with `--isolation` tries every door between
//! two tenants of a running server.

mod send;

use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};

use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_web::Verdict;
use serde_json::{Value, json};

use super::args::Doctor;
use super::operator::{connector, operator_key, refuse_clear};
use super::{Failure, terminal};
use crate::doctor::checks::{self, State};
use crate::doctor::lane::{Ask, Lane};
use crate::doctor::stage::Service;
use crate::doctor::{Trouble, trial};

pub(super) fn run(arguments: &Doctor) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("no runtime: {error}"), ""))?;
    if arguments.isolation {
        refuse_clear(&arguments.server)?;
        return runtime.block_on(isolation(arguments));
    }
    let config = arguments.config()?;
    if let Some(domain) = &arguments.send {
        let keys = send::keys(arguments, domain)?;
        let checks = runtime.block_on(send::checks(arguments, &config, domain, keys))?;
        return told(&checks, arguments.server.json);
    }
    told(&runtime.block_on(checks::all(&config)), arguments.server.json)
}

fn told(found: &[checks::Check], as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", terminal::json(&json!({ "checks": found })))?;
    } else {
        let word = |state| match state {
            State::Good => "good",
            State::Weak => "weak",
            State::Bad => "BAD",
        };
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|one| vec![word(one.state).to_owned(), one.what.clone(), one.seen.clone(), one.fix.clone()])
            .collect();
        write!(out, "{}", terminal::table(&["STATE", "WHAT", "SEEN", "WHAT TO DO"], &rows))?;
        let lines: Vec<String> =
            found.iter().filter_map(|one| one.publish.as_ref()).map(checks::Publish::line).collect();
        if !lines.is_empty() {
            writeln!(out, "\nTo publish:")?;
        }
        for line in lines {
            writeln!(out, "{}", terminal::visible(&line))?;
        }
    }
    let count = |state| found.iter().filter(|one| one.state == state).count();
    match (count(State::Bad), count(State::Weak)) {
        (0, _) => Ok(()),
        (bad, weak) => {
            Err(Failure::fault(format!("{bad} things are bad, {weak} weak"), "each says what to do"))
        }
    }
}

async fn isolation(arguments: &Doctor) -> Result<(), Failure> {
    let failed =
        |Trouble(why): Trouble| Failure::failed(why, "is the server running, and reachable from here?");
    let (service, known) = reach(arguments).await?;
    let outcome = trial::run(&service, &Clock::system(), &Random::system()).await.map_err(failed)?;
    let count = |verdict| outcome.trial.count(verdict);
    let (leaks, untried) = (count(Verdict::Leaks), count(Verdict::Untried));
    let mut out = std::io::stdout().lock();
    if arguments.server.json {
        let report = json!({
            "at": outcome.trial.at,
            "doors": outcome.trial.doors,
            "leaks": leaks,
            "untried": untried,
            "left": outcome.left,
            "boundaries": known["boundaries"],
        });
        writeln!(out, "{}", terminal::json(&report))?;
    } else {
        let word = |verdict| match verdict {
            Verdict::Closed => "closed",
            Verdict::Leaks => "LEAKS",
            Verdict::Untried => "untried",
        };
        let rows: Vec<Vec<String>> = outcome
            .trial
            .doors
            .iter()
            .map(|one| {
                vec![one.door.clone(), one.tried.clone(), one.answered.clone(), word(one.verdict).to_owned()]
            })
            .collect();
        writeln!(out, "{}", terminal::table(&["DOOR", "TRIED", "ANSWERED", "VERDICT"], &rows))?;
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_owned();
        let shared: Vec<Vec<String>> = known["boundaries"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|row| ["what", "shared", "kept", "apart"].map(|name| text(row, name)).to_vec())
            .collect();
        let head = ["TENANTS SHARE", "HERE", "KEPT APART BY", "ITS OWN WITH"];
        writeln!(out, "{}", terminal::table(&head, &shared))?;
        let doors = outcome.trial.doors.len();
        writeln!(
            out,
            "{doors} attempts: {} closed, {leaks} leak, {untried} untried",
            count(Verdict::Closed)
        )?;
        for left in &outcome.left {
            writeln!(out, "left behind: {}", terminal::visible(left))?;
        }
    }
    match (leaks, untried) {
        (0, 0) => Ok(()),
        (0, untried) => {
            Err(Failure::failed(format!("{untried} doors could not be tried"), "the table says why of each"))
        }
        (leaks, _) => Err(Failure::fault(
            format!("{leaks} doors between tenants leak"),
            "stop the service or what stands in front of it; the table says which doors",
        )),
    }
}

/// Finds the three listeners of a server: the operator's is named, the others it tells itself unless they are named too.
async fn reach(arguments: &Doctor) -> Result<(Service, Value), Failure> {
    let usage = |Trouble(why): Trouble| Failure::usage(why, "");
    let server = &arguments.server;
    let tls = connector(server.ca_cert.as_deref())?;
    let operator = Lane::to(&server.server, &tls).map_err(usage)?;
    let operator_token = operator_key(server)?;
    let ask = Ask::new("GET", "/operator/v1/isolation", &operator_token);
    let failed = |Trouble(why): Trouble| Failure::failed(why, "is it the operator API of a running server?");
    let known = operator.must(&ask).await.map_err(failed)?;
    let text = |name: &str| known[name].as_str().unwrap_or_default().to_owned();
    let http = arguments.http.clone().unwrap_or_else(|| text("http"));
    let public = Lane::to(&http, &tls).map_err(usage)?;
    let smtp = socket(&arguments.smtp.clone().unwrap_or_else(|| text("smtp")))?;
    Ok((Service { public, operator, smtp, operator_token }, known))
}

fn socket(text: &str) -> Result<SocketAddr, Failure> {
    let found = text.to_socket_addrs().ok().and_then(|mut found| found.next());
    let mut found = found.ok_or_else(|| {
        Failure::usage(format!("--smtp {text}: write HOST:PORT, such as mx.example.com:25"), "")
    })?;
    if found.ip().is_unspecified() {
        // It listens everywhere, so also here.
        found.set_ip(if found.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    Ok(found)
}
