//! The files to deploy with, and the commands that the documentation shows: whatever they name, the program has.

mod compose;
mod docs;
mod image;
mod kubernetes;
mod monitors;
mod systemd;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::world::process::binary;

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents of a YAML file.
fn yaml(path: &str) -> Vec<serde_json::Value> {
    serde_saphyr::from_multiple(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Runs the program in an empty directory, with these variables and no others.
fn mailward(words: &[&str], variables: &BTreeMap<String, String>) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(binary());
    command.args(words).current_dir(&directory).env_clear().envs(variables);
    command.output().expect("the program starts")
}

/// The configuration that the program reads from a file or variables, by key; it is one that it would start with.
fn config(words: &[&str], variables: &BTreeMap<String, String>) -> BTreeMap<String, toml::Value> {
    let output = mailward(&[&["config", "--json"], words].concat(), variables);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?} {variables:?}: {said}");
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let list = list.as_array().expect("a list").iter();
    list.map(|one| {
        let text = format!("value = {}", one["value"].as_str().expect("TOML"));
        let mut table: toml::Table = text.parse().expect("TOML");
        let value = table.remove("value").expect("it was just written");
        (one["key"].as_str().expect("a name").to_owned(), value)
    })
    .collect()
}

/// The port of a listener.
fn port(config: &BTreeMap<String, toml::Value>, key: &str) -> u16 {
    let text = config[key].as_str().expect("an address");
    text.parse::<std::net::SocketAddr>().expect("an address").port()
}

#[test]
fn every_file_of_deploy_is_looked_at_by_a_test() {
    let mut found = Vec::new();
    let mut folders = vec![repository("deploy")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(repository("deploy")).expect("it is in it");
                found.push(name.to_str().expect("plain").to_owned());
            }
        }
    }
    let read = ["README.md"].into_iter().chain(systemd::FILES.iter().copied());
    let read = read.chain(image::FILES.iter().copied()).chain(compose::FILES.iter().copied());
    let read = read.chain(kubernetes::FILES.iter().copied());
    let mut read: Vec<&str> = read.chain(monitors::FILES.iter().copied()).collect();
    read.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, read);
}
