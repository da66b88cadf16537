//! `top`: what a running node does now, from its `/metrics`, again and again until it is interrupted.

mod sample;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::json;

use super::args::top::Top;
use super::operator::Client;
use super::{Failure, terminal};
use sample::Sample;

/// Home, and everything from there on cleared (ECMA-48 CUP and ED).
const CLEAR: &str = "\x1b[H\x1b[2J";

pub(super) fn run(wanted: &Top) -> Result<(), Failure> {
    let client = Client::of_metrics(&wanted.server)?;
    let mut out = std::io::stdout();
    let is_watched = out.is_terminal() && !wanted.once && !wanted.server.json;
    let mut before: Option<Sample> = None;
    loop {
        let now = Sample::read(&client.text("/metrics")?);
        if wanted.server.json {
            writeln!(out, "{}", terminal::json(&json!(now.values())))?;
            return Ok(());
        }
        let picture = picture(before.as_ref(), &now);
        if !is_watched {
            write!(out, "{picture}")?;
            return Ok(());
        }
        write!(out, "{CLEAR}{picture}")?;
        out.flush()?;
        before = Some(now);
        std::thread::sleep(Duration::from_secs(wanted.every));
    }
}

/// What there is to see: rates since the sample before, or what was counted since the start.
fn picture(before: Option<&Sample>, now: &Sample) -> String {
    let unit = if before.is_some() { "/s" } else { "since the start" };
    let ready =
        if now.one("mailward_ready", &[]) == 1.0 { "ready" } else { "NOT READY: GET /readyz says why" };
    let lag = now.series("mailward_queue_lag_seconds").into_iter().map(|(_, lag)| lag).fold(0.0, f64::max);
    let memory = now.one("mailward_memory_bytes", &[]) / 1_048_576.0;
    let mut text = format!("{ready}, {memory:.0} MiB, longest waiting job {lag:.1} s, numbers {unit}\n");
    for (title, name, label) in [
        ("mail taken, by risk", "mailward_mails_taken_total", "risk"),
        ("of these held", "mailward_mails_held_total", "direction"),
        ("refused over SMTP", "mailward_smtp_refusals_total", "reason"),
        ("webhook calls", "mailward_webhook_calls_total", "outcome"),
        ("sends", "mailward_sends_total", "outcome"),
        ("tasks begun again", "mailward_task_restarts_total", "task"),
    ] {
        let counted = now.since(before, name);
        let all: f64 = counted.iter().map(|(_, count)| count).sum();
        let each = counted.iter().filter(|(_, count)| *count > 0.0);
        let each: Vec<String> =
            each.map(|(labels, count)| format!("{} {}", labels[label], short(*count))).collect();
        text.push_str(&format!("{title:<22}{:>9}  {}\n", short(all), each.join("  ")));
    }
    text.push_str(&format!("\n{:<14}{:>9}{:>12}{:>12}\n", "STEP", "COUNT", "P50", "P99"));
    for stage in now.labels("mailward_stage_seconds_count", "stage") {
        let (count, [half, most]) =
            now.quantiles(before, "mailward_stage_seconds", ("stage", &stage), [0.5, 0.99]);
        text.push_str(&format!("{stage:<14}{:>9}{:>12}{:>12}\n", short(count), time(half), time(most)));
    }
    text.push_str(&format!(
        "\n{:<42}{:>9}{:>9}{:>9}{:>9}{:>9}\n",
        "TENANT", "RECEIVED", "HELD", "SENT", "CALLED", "FAILED"
    ));
    let mut tenants: Vec<(String, [f64; 5])> = Vec::new();
    for (labels, count) in now.since(before, "mailward_tenant_acts_total") {
        let tenant = labels["tenant"].clone();
        // What is over is no rate.
        if tenant == "_former" && before.is_some() {
            continue;
        }
        let place =
            ["received", "held", "sent", "called", "failed"].iter().position(|act| *act == labels["act"]);
        let Some(place) = place else { continue };
        match tenants.iter_mut().find(|(known, _)| *known == tenant) {
            Some((_, counts)) => counts[place] = count,
            None => {
                let mut counts = [0.0; 5];
                counts[place] = count;
                tenants.push((tenant, counts));
            }
        }
    }
    tenants.sort_by(|one, two| two.1.iter().sum::<f64>().total_cmp(&one.1.iter().sum::<f64>()));
    for (tenant, counts) in tenants.iter().take(20) {
        let counts: String = counts.iter().map(|count| format!("{:>9}", short(*count))).collect();
        let name = match tenant.as_str() {
            "_other" => "all others",
            "_former" => "busy before",
            tenant => tenant,
        };
        text.push_str(&format!("{name:<42}{counts}\n"));
    }
    text
}

/// Four digits that matter, at most.
fn short(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        small if small < 10.0 && small.fract() != 0.0 => format!("{small:.2}"),
        some if some < 10_000.0 => format!("{some:.0}"),
        many if many < 10_000_000.0 => format!("{:.0}k", many / 1_000.0),
        huge => format!("{:.0}M", huge / 1_000_000.0),
    }
}

/// The bound within which so many were.
fn time(seconds: Option<f64>) -> String {
    match seconds {
        None => "-".to_owned(),
        Some(seconds) if seconds.is_infinite() => "> 60 s".to_owned(),
        Some(seconds) if seconds < 1.0 => format!("{} ms", seconds * 1_000.0),
        Some(seconds) => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "# TYPE mailward_ready gauge\nmailward_ready 1\nmailward_memory_bytes 104857600\n\
        mailward_mails_taken_total{risk=\"low\"} 10\n\
        mailward_stage_seconds_bucket{stage=\"screen\",le=\"0.001\"} 9\nmailward_stage_seconds_bucket{stage=\"screen\",le=\"0.01\"} 10\n\
        mailward_stage_seconds_bucket{stage=\"screen\",le=\"+Inf\"} 10\nmailward_stage_seconds_count{stage=\"screen\"} 10\n\
        mailward_tenant_acts_total{tenant=\"acme\",act=\"received\"} 7\nmailward_tenant_acts_total{tenant=\"_other\",act=\"received\"} 3\n";

    #[test]
    fn one_picture_tells_what_was_counted_since_the_start() {
        let text = picture(None, &Sample::read(FIRST));
        assert!(
            text.starts_with("ready, 100 MiB, longest waiting job 0.0 s, numbers since the start\n"),
            "{text}"
        );
        let line = |start: &str| {
            let line = text
                .lines()
                .find(|line| line.starts_with(start))
                .unwrap_or_else(|| panic!("{start}: {text}"));
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line("mail taken"), "mail taken, by risk 10 low 10");
        assert_eq!(line("screen"), "screen 10 1 ms 10 ms");
        assert_eq!(
            (line("acme"), line("all others")),
            ("acme 7 0 0 0 0".into(), "all others 3 0 0 0 0".into())
        );
    }

    #[test]
    fn the_next_picture_tells_what_happened_meanwhile_a_second() {
        let first = Sample::read(FIRST);
        let more = FIRST.replace("risk=\"low\"} 10", "risk=\"low\"} 30");
        let more =
            more.replace("le=\"0.01\"} 10", "le=\"0.01\"} 14").replace("le=\"+Inf\"} 10", "le=\"+Inf\"} 14");
        let second = Sample::read(&more).later(Duration::from_secs(4));
        let text = picture(Some(&first), &second);
        assert!(text.contains("numbers /s") && text.contains("low 5"), "{text}");
        let steps = text.lines().find(|line| line.starts_with("screen")).expect("a step");
        assert!(steps.ends_with("10 ms       10 ms"), "only the four since: {steps}");
    }
}
