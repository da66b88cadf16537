//! `GET /metrics`: what a monitor asks for, in the text format of Prometheus. On the private listener; numbers of the
//! deployment alone, never a tenant's name or address.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use mailward_mail::clock::Timestamp;

use crate::Web;
use crate::isolation::{Trial, Verdict};
use crate::requests::Requests;

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
    requested(&mut text, &web.config.requests);
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
