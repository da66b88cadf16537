//! Alert rules and the dashboard: every series that they name is one that the program serves, with those labels.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{read, repository, yaml};
use crate::world::{Engine, World};

/// All files of `prometheus` and `grafana`.
pub(super) const FILES: &[&str] = &["grafana/mailward.json", "prometheus/alerts.yml"];

/// Served once the doors between tenants were tried, and where a certificate is ordered.
const LATER: [&str; 2] = ["mailward_isolation_doors", "mailward_certificate_expiry_timestamp_seconds"];
/// Labels of series that have no line yet where nothing has happened, and of Prometheus itself.
const LABELS: [&str; 12] = [
    "risk",
    "direction",
    "reason",
    "outcome",
    "stage",
    "le",
    "verdict",
    "tenant",
    "act",
    "status",
    "instance",
    "task",
];

/// The expressions of a file.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "expr" => found.push(text.clone()),
                    value => expressions(value, found),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|one| expressions(one, found)),
        _ => {}
    }
}

/// The words of an expression that are names: of series, and of labels.
fn names(expression: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut series, mut labels) = (BTreeSet::new(), BTreeSet::new());
    let outside: String = expression.split('"').step_by(2).collect::<Vec<_>>().join("\"");
    let words = outside.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    for word in words {
        if word.starts_with("mailward_") {
            series.insert(word.to_owned());
        }
    }
    for (at, _) in outside.match_indices("by (") {
        let list = outside[at + 4..].split(')').next().unwrap_or_default();
        labels.extend(list.split(',').map(|one| one.trim().to_owned()));
    }
    for (at, _) in outside.match_indices('{') {
        let matchers = outside[at + 1..].split('}').next().unwrap_or_default();
        let keys = matchers.split(',').filter_map(|one| one.split(['=', '!']).next());
        labels.extend(keys.map(|key| key.trim_matches(['"', ' ']).to_owned()).filter(|key| !key.is_empty()));
    }
    (series, labels)
}

#[tokio::test]
async fn alerts_and_dashboard_name_what_is_served() {
    let world = World::on(Engine::Sqlite, &[]).await;
    let served = world.operator_http("GET", "/metrics").send().await.text();
    let known: BTreeSet<&str> = served
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .chain(LATER)
        .collect();
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/mailward.json")).expect("JSON");
    let mut all = Vec::new();
    yaml("deploy/prometheus/alerts.yml")
        .iter()
        .chain([&dashboard])
        .for_each(|file| expressions(file, &mut all));
    assert!(all.len() >= 20, "{}", all.len());
    for expression in &all {
        let (series, labels) = names(expression);
        assert!(!series.is_empty(), "{expression}");
        for name in series {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            assert!(known.contains(base.unwrap_or(&name)), "{name} of {expression} is not served");
        }
        for label in labels {
            let is_served =
                served.contains(&format!("{{{label}=\"")) || served.contains(&format!(",{label}=\""));
            assert!(is_served || LABELS.contains(&label.as_str()), "{label} of {expression} is no label");
        }
    }
}

/// Prometheus' own checker, where `scripts/test` puts it.
fn promtool() -> PathBuf {
    let cache = || Some(PathBuf::from(std::env::var_os("XDG_CACHE_HOME")?));
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let tools = std::env::var_os("MAILWARD_TOOLS")
        .map(PathBuf::from)
        .or_else(|| cache().or_else(home).map(|cache| cache.join("mailward-tools")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(tools.map(|tools| tools.join("bin")))
        .map(|folder| folder.join("promtool"))
        .find(|program| program.exists())
        .expect("promtool is not installed: run scripts/test, it brings it")
}

#[test]
fn prometheus_takes_the_alert_rules() {
    let rules = repository("deploy/prometheus/alerts.yml");
    let checked = Command::new(promtool()).args(["check", "rules"]).arg(&rules).output().expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    // It is one that can say no.
    let broken = tempfile::NamedTempFile::new().expect("a file");
    let text = std::fs::read_to_string(rules).expect("the rules").replacen("expr: ", "expr: )", 1);
    std::fs::write(broken.path(), text).expect("written");
    let checked = Command::new(promtool()).args(["check", "rules"]).arg(broken.path()).output();
    assert!(!checked.expect("it runs").status.success());
}

#[test]
fn each_alert_says_how_urgent_it_is_and_what_to_do() {
    let files = yaml("deploy/prometheus/alerts.yml");
    let rules = files[0]["groups"][0]["rules"].as_array().expect("rules").clone();
    let mut seen = BTreeSet::new();
    for rule in &rules {
        assert!(seen.insert(rule["alert"].as_str().expect("a name").to_owned()), "{rule}");
        assert!(matches!(rule["labels"]["severity"].as_str(), Some("page" | "ticket")), "{rule}");
        assert!(rule["annotations"]["summary"].as_str().is_some_and(|text| text.len() > 30), "{rule}");
    }
}
