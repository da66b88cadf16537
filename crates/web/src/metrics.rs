//! `GET /metrics`: what a monitor asks for, in the text format of Prometheus. On the private listener; numbers of the
//! deployment; of tenants the ids of the busiest, never an address.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use mailward_mail::clock::Timestamp;
use mailward_store::Written;

use mailward_trace::Meters;
use mailward_trace::meters::{Act, Seen};

use crate::Web;
use crate::isolation::{Trial, Verdict};
use crate::requests::Requests;
use crate::restarts::Restarts;

/// Prometheus text exposition format 0.0.4.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Tells numbers for monitors.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "health", security(()),
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn show(State(web): State<Web>) -> Response {
    let ready = web.room.ready().await.is_ok();
    let mut text = text(ready, web.config.isolation.last().as_ref());
    if let Some(counts) = web.room.judge_counts() {
        judged(&mut text, &counts);
    }
    // A store that does not answer is told of by `mailward_ready`.
    if let Ok(lags) = web.room.queue_lags().await {
        lagging(&mut text, &lags);
    }
    if let Ok(bytes) = web.room.store_size().await {
        let name = "mailward_store_bytes";
        gauge(&mut text, name, "Size of the mail database.");
        let _ = writeln!(text, "{name} {bytes}");
    }
    written(&mut text, &web.room.written());
    requested(&mut text, &web.config.requests);
    restarted(&mut text, &web.config.restarts);
    if let Some(numbers) = web.config.certificate.numbers() {
        certified(&mut text, numbers);
    }
    metered(&mut text, web.room.tracer().meters());
    let name = "mailward_trace_spans_dropped_total";
    let _ = writeln!(text, "# HELP {name} Spans that the collector of traces did not take.");
    let _ = writeln!(text, "# TYPE {name} counter\n{name} {}", web.room.tracer().dropped());
    ([(CONTENT_TYPE, FORMAT)], text).into_response()
}

/// How many requests there were of each kind. Routes are patterns of ours: nothing in them needs escaping.
fn requested(out: &mut String, requests: &Requests) {
    let name = "mailward_http_requests_total";
    let _ = writeln!(out, "# HELP {name} Requests that were answered, by route, method and status.");
    let _ = writeln!(out, "# TYPE {name} counter");
    for ((route, method, status), count) in requests.counts() {
        let _ = writeln!(out, "{name}{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}} {count}");
    }
}

/// Messages over groups is how many share a commit.
fn written(out: &mut String, written: &Written) {
    for (name, help, count) in [
        ("mailward_commit_groups_total", "Commits of mail that came.", written.groups),
        ("mailward_commit_messages_total", "Messages in these commits.", written.messages),
        ("mailward_commit_bytes_total", "Octets of these messages as they are stored.", written.bytes),
    ] {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {count}");
    }
    let name = "mailward_commit_waiting_bytes";
    gauge(out, name, "Octets that wait for the writer.");
    let _ = writeln!(out, "{name} {}", written.waiting_bytes);
}

/// Families of counters: their key, their name, their label, and what they are.
const COUNTERS: [(&str, &str, &str, &str); 7] = [
    (
        "mail",
        "mailward_mails_taken_total",
        "risk",
        "Mails that were taken, a recipient each, by the level of their score.",
    ),
    ("held", "mailward_mails_held_total", "direction", "Of these: waiting for a person."),
    (
        "refused",
        "mailward_smtp_refusals_total",
        "reason",
        "Refusals of messages and recipients, by their reason.",
    ),
    (
        "reply",
        "mailward_smtp_replies_total",
        "status",
        "Replies that refuse anything at all, by their enhanced code (RFC 3463).",
    ),
    ("webhook", "mailward_webhook_calls_total", "outcome", "Calls of webhook endpoints, by how they ended."),
    (
        "lease",
        "mailward_leases_total",
        "outcome",
        "Claims of mail: granted, of these not for the first time, and how they were settled.",
    ),
    ("send", "mailward_sends_total", "outcome", "Tries to hand a mail to a server, by how they ended."),
];

/// What is counted where mail passes.
fn metered(out: &mut String, meters: &Meters) {
    for (family, name, label, help) in COUNTERS {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
        for (word, count) in meters.counts(family) {
            let _ = writeln!(out, "{name}{{{label}=\"{word}\"}} {count}");
        }
    }
    let name = "mailward_stage_seconds";
    let _ =
        writeln!(out, "# HELP {name} How long the steps on the ways of mail take.\n# TYPE {name} histogram");
    for (stage, seen) in meters.times("stage") {
        histogram(out, name, &format!("stage=\"{stage}\""), &seen);
    }
    let name = "mailward_review_decision_seconds";
    let _ = writeln!(
        out,
        "# HELP {name} How long held mail waited until a person decided on it.\n# TYPE {name} histogram"
    );
    for (label, seen) in meters.times("decision") {
        let (direction, decision) = label.split_once('/').unwrap_or((label, ""));
        histogram(out, name, &format!("direction=\"{direction}\",decision=\"{decision}\""), &seen);
    }
    let name = "mailward_tenant_acts_total";
    let _ = writeln!(
        out,
        "# HELP {name} What the busiest tenants did on this node, and all others together.\n# TYPE {name} counter"
    );
    let busy = meters.tenants();
    // No slug has an underscore.
    let others = [("_other", busy.other), ("_former", busy.former)];
    let named = busy.named.iter().map(|(tenant, counts)| (tenant.as_str(), *counts));
    for (tenant, counts) in named.chain(others) {
        for (act, count) in Act::ALL.iter().zip(counts) {
            let _ = writeln!(out, "{name}{{tenant=\"{tenant}\",act=\"{}\"}} {count}", act.as_str());
        }
    }
    if let Some(bytes) = resident() {
        let name = "mailward_memory_bytes";
        let _ = writeln!(
            out,
            "# HELP {name} Memory that the process has in hand.\n# TYPE {name} gauge\n{name} {bytes}"
        );
    }
}

/// The lines of one histogram, whose labels are these.
fn histogram(out: &mut String, name: &str, labels: &str, seen: &Seen) {
    for (bound, within) in &seen.within {
        let bound = seconds(*bound);
        let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {within}");
    }
    let (count, sum) = (seen.count, seconds(seen.micros));
    let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
    let _ = writeln!(out, "{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {count}");
}

/// Microseconds as seconds, without a float's noise.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The second number of `statm` is resident pages (proc(5)); pages are of 4 KiB where this runs.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    statm.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4_096)
}

/// How the certificate is doing that this process orders.
fn certified(out: &mut String, (ends, failures): (i64, u64)) {
    let name = "mailward_certificate_expiry_timestamp_seconds";
    gauge(out, name, "When the certificate ends that this process orders; 0 while none was issued.");
    let _ = writeln!(out, "{name} {ends}");
    let name = "mailward_certificate_failures_total";
    let _ = writeln!(out, "# HELP {name} Orders of a certificate that came to nothing.");
    let _ = writeln!(out, "# TYPE {name} counter\n{name} {failures}");
}

/// How often tasks broke down. Their names are ours.
fn restarted(out: &mut String, restarts: &Restarts) {
    let name = "mailward_task_restarts_total";
    let _ =
        writeln!(out, "# HELP {name} Tasks of the service that broke down and were begun again, by task.");
    let _ = writeln!(out, "# TYPE {name} counter");
    for (task, count) in restarts.counts() {
        let _ = writeln!(out, "{name}{{task=\"{task}\"}} {count}");
    }
}

fn text(ready: bool, trial: Option<&Trial>) -> String {
    let mut out = String::new();
    gauge(&mut out, "mailward_ready", "Whether mail and requests can be served.");
    let _ = writeln!(out, "mailward_ready {}", u8::from(ready));
    let Some(trial) = trial else { return out };
    let name = "mailward_isolation_doors";
    gauge(
        &mut out,
        name,
        "Doors between two tenants in the last trial since the start, by how they stood it.",
    );
    for (verdict, word) in
        [(Verdict::Closed, "closed"), (Verdict::Leaks, "leaks"), (Verdict::Untried, "untried")]
    {
        let _ = writeln!(out, "{name}{{verdict=\"{word}\"}} {}", trial.count(verdict));
    }
    let name = "mailward_isolation_trial_timestamp_seconds";
    gauge(&mut out, name, "When that trial ended.");
    let at = Timestamp::parse(&trial.at).map_or(0, |at| at.millis() / 1_000);
    let _ = writeln!(out, "{name} {at}");
    out
}

/// How mails that waited for the judge ended to do so.
fn judged(out: &mut String, counts: &[(&'static str, u64)]) {
    let name = "mailward_judged_total";
    let _ = writeln!(
        out,
        "# HELP {name} Mails that waited for the judge, by what it said or why it said nothing."
    );
    let _ = writeln!(out, "# TYPE {name} counter");
    for (word, count) in counts {
        let _ = writeln!(out, "{name}{{judge=\"{word}\"}} {count}");
    }
}

/// How far each queue lags behind.
fn lagging(out: &mut String, lags: &[(&'static str, i64)]) {
    let name = "mailward_queue_lag_seconds";
    gauge(out, name, "For how long the oldest job of a queue has been due without being taken up.");
    for (queue, seconds) in lags {
        let _ = writeln!(out, "{name}{{queue=\"{queue}\"}} {seconds}");
    }
}

fn gauge(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::isolation::Tried;

    #[test]
    fn a_monitor_reads_how_the_last_trial_ended() {
        let door =
            |verdict| Tried { door: "mail".into(), tried: "x".into(), answered: "404".into(), verdict };
        let trial = Trial {
            at: "2026-11-22T10:00:00.000Z".into(),
            doors: vec![door(Verdict::Closed), door(Verdict::Closed), door(Verdict::Leaks)],
        };
        expect![[r#"
            # HELP mailward_ready Whether mail and requests can be served.
            # TYPE mailward_ready gauge
            mailward_ready 1
            # HELP mailward_isolation_doors Doors between two tenants in the last trial since the start, by how they stood it.
            # TYPE mailward_isolation_doors gauge
            mailward_isolation_doors{verdict="closed"} 2
            mailward_isolation_doors{verdict="leaks"} 1
            mailward_isolation_doors{verdict="untried"} 0
            # HELP mailward_isolation_trial_timestamp_seconds When that trial ended.
            # TYPE mailward_isolation_trial_timestamp_seconds gauge
            mailward_isolation_trial_timestamp_seconds 1795341600
        "#]]
        .assert_eq(&text(true, Some(&trial)));
        assert!(!text(false, None).contains("isolation"));
    }
}
