//! The compose file: what it hands to the program, and that its parts find each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::words::{help, unknown};
use super::{config, mailward, port, read, yaml};

pub(super) const FILES: &[&str] = &["compose/compose.yaml", "compose/mailward.env.example"];

fn file() -> Value {
    yaml("deploy/compose/compose.yaml").remove(0)
}

/// The names of the example's variables.
fn offered() -> BTreeSet<String> {
    let text = read("deploy/compose/mailward.env.example");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The names within `${...}`.
fn asked(text: &str) -> BTreeSet<String> {
    text.split("${")
        .skip(1)
        .map(|rest| rest.split([':', '}']).next().unwrap_or_default().to_owned())
        .collect()
}

/// The environment of a service, filled in as somebody would.
fn variables(service: &Value) -> BTreeMap<String, String> {
    let listed = service["environment"].as_object().expect("a list of variables");
    listed
        .iter()
        .map(|(name, value)| {
            let mut text = value.as_str().expect("text").to_owned();
            while let Some((before, rest)) = text.clone().split_once("${") {
                let (name, after) = rest.split_once('}').expect("it ends");
                let name = name.split(':').next().unwrap_or_default();
                let value = match name {
                    "ACME_TERMS" => "true".to_owned(),
                    "MASTER_KEY" => "22".repeat(32),
                    "PUBLIC_URL" => "https://mail.example.com".to_owned(),
                    "DOMAIN" | "MX_HOST" => "mx.example.com".to_owned(),
                    _ => "secret".to_owned(),
                };
                text = format!("{before}{value}{after}");
            }
            (name.clone(), text)
        })
        .collect()
}

#[test]
fn the_service_starts_with_what_compose_hands_to_it() {
    let file = file();
    let service = &file["services"]["mailward"];
    let known = config(&[], &variables(service));
    assert_eq!(known["smtp.hostname"].as_str(), Some("mx.example.com"));
    for port in service["ports"].as_array().expect("ports") {
        let (_, inside) = port.as_str().expect("text").split_once(':').expect("outside:inside");
        let inside: u16 = inside.parse().expect("a port");
        let listeners =
            ["smtp.listen", "http.listen", "acme.http_listen"].map(|name| super::port(&known, name));
        assert!(listeners.contains(&inside), "{inside} is listened on, and is not the operator's");
        assert!(super::image::ports().contains(&inside), "{inside}");
    }
    assert!(known["operator.listen"].as_str().is_some_and(|at| at.starts_with("127.0.0.1:")));
    assert_eq!(port(&known, "operator.listen"), 8081);
    let words: Vec<String> = serde_json::from_value(service["command"].clone()).expect("words");
    assert_eq!(unknown(&words), None);
    let mounts: Vec<&str> =
        service["volumes"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(mounts.contains(&"data:/var/lib/mailward"), "{mounts:?}");
    // Ordered for both names, and proven at the port that the world comes to.
    let ports = service["ports"].as_array().expect("ports");
    let proven = format!("80:{}", port(&known, "acme.http_listen"));
    assert!(ports.iter().any(|port| port.as_str() == Some(&proven)), "{ports:?}");
    assert_eq!([&known["smtp.tls_cert"], &known["http.tls_cert"]].map(toml::Value::as_str), [Some(""); 2]);
    assert_eq!(service["read_only"], true);
    assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]));
}

#[test]
fn a_variable_that_is_no_key_of_the_configuration_is_one_that_the_command_reads() {
    let file = file();
    let init = &file["services"]["db-init"];
    let words: Vec<String> = serde_json::from_value(init["command"].clone()).expect("words");
    assert_eq!(unknown(&words), None);
    let text = help(&words).text;
    for name in variables(init).keys() {
        assert!(text.contains(name.as_str()), "{words:?} says nothing of {name}");
    }
    for (name, _) in variables(&file["services"]["mailward"]) {
        assert!(name.starts_with("MAILWARD__") || name == "MAILWARD_MASTER_KEY", "{name}");
    }
    // The one that holds the key: without it the provider says its name, with it it is content.
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let words = [
        "init",
        "--data-dir",
        data.to_str().expect("plain"),
        "--set",
        "keys.provider=env",
        "--set",
        "dns.servers=off",
    ];
    let refused = mailward(&words, &BTreeMap::new());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("MAILWARD_MASTER_KEY"));
    let data = directory.path().join("another");
    let words = [
        "init",
        "--data-dir",
        data.to_str().expect("plain"),
        "--set",
        "keys.provider=env",
        "--set",
        "dns.servers=off",
    ];
    let given = BTreeMap::from([("MAILWARD_MASTER_KEY".to_owned(), "22".repeat(32))]);
    assert!(mailward(&words, &given).status.success());
}

#[test]
fn what_compose_asks_for_is_in_its_example_and_its_parts_find_each_other() {
    let text = read("deploy/compose/compose.yaml");
    assert_eq!(asked(&text), offered());
    let file = file();
    let services = file["services"].as_object().expect("services");
    let (volumes, networks) = (&file["volumes"], &file["networks"]);
    for (name, service) in services {
        for mount in service["volumes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let from = mount.split(':').next().unwrap_or_default();
            assert!(from.starts_with("./") || volumes.get(from).is_some(), "{name}: {mount}");
        }
        for network in service["networks"].as_array().expect("networks").iter().filter_map(Value::as_str) {
            assert!(networks.get(network).is_some(), "{name}: {network}");
        }
        for other in service["depends_on"].as_object().into_iter().flatten().map(|(other, _)| other) {
            assert!(services.contains_key(other), "{name}: {other}");
        }
    }
    assert_eq!(networks["stores"]["internal"], true, "databases reach nothing else");
    for (name, url) in [("MAILWARD__STORE__URL", "mail-db"), ("MAILWARD__KEYS__STORE_URL", "key-db")] {
        let url = format!("@{url}/");
        assert!(services["mailward"]["environment"][name].as_str().is_some_and(|text| text.contains(&url)));
    }
    for database in ["mail-db", "key-db"] {
        assert!(services[database].get("ports").is_none(), "{database} is not for the world");
    }
}
