//! The image: what a linter would say of its Dockerfile, and that it starts what there is.

use super::words::unknown;
use super::{read, repository};

pub(super) const FILES: &[&str] = &["docker/Dockerfile", "docker/Dockerfile.dockerignore"];

/// The instructions, with continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = read("deploy/docker/Dockerfile").replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (word, rest) = line.split_once(' ').expect("an instruction has arguments");
            (word.to_owned(), rest.trim().to_owned())
        })
        .collect()
}

/// What an instruction says, in the last stage or in all.
fn all(word: &str) -> Vec<String> {
    instructions().into_iter().filter(|(known, _)| known == word).map(|(_, rest)| rest).collect()
}

/// The words of an instruction in its form without a shell.
fn exec(word: &str) -> Vec<String> {
    serde_json::from_str(all(word).last().expect("it is there")).expect("without a shell, as JSON")
}

/// The ports that the image names, and its data directory.
pub(super) fn ports() -> Vec<u16> {
    all("EXPOSE").join(" ").split(' ').map(|port| port.parse().expect("a port")).collect()
}

#[test]
fn the_image_is_built_in_stages_from_pinned_bases_and_runs_without_root() {
    let bases = all("FROM");
    assert_eq!(bases.len(), 2, "one stage to build, one to run");
    let rust = read("Cargo.toml");
    let rust: toml::Table = rust.parse().expect("TOML");
    let version = rust["workspace"]["package"]["rust-version"].as_str().expect("a version");
    assert!(bases[0].starts_with(&format!("rust:{version}-")), "{}", bases[0]);
    assert!(bases[1].contains("distroless") && bases[1].ends_with(":nonroot"), "{}", bases[1]);
    assert!(bases.iter().all(|base| base.contains(':') && !base.contains(":latest")));
    let user = all("USER");
    let (uid, _) = user.last().expect("a user").split_once(':').expect("a number and a number");
    assert!(uid.parse::<u32>().is_ok_and(|uid| uid > 0), "Kubernetes believes numbers alone");
    assert!(
        all("ADD").is_empty() && all("RUN").iter().all(|run| !run.contains("sudo") && !run.contains("curl"))
    );
    assert!(all("RUN").iter().all(|run| run.contains("--locked")), "what is built is what was tested");
    let after = instructions().into_iter().skip_while(|(_, rest)| rest != &bases[1]);
    let words: Vec<String> = after.map(|(word, _)| word).collect();
    assert!(!words.contains(&"RUN".to_owned()), "there is no shell to run anything");
    let copies = all("COPY");
    assert!(copies.iter().skip(1).all(|copy| copy.starts_with("--from=build ")), "{copies:?}");
}

#[test]
fn the_image_starts_the_program_with_words_and_variables_that_it_knows() {
    assert_eq!(exec("ENTRYPOINT"), ["/usr/local/bin/mailward"]);
    assert_eq!(unknown(&exec("CMD")), None);
    let variables = all("ENV").into_iter().map(|one| {
        let (name, value) = one.split_once('=').expect("a variable");
        (name.to_owned(), value.to_owned())
    });
    let known = super::config(&[], &variables.collect());
    let data = known["data_dir"].as_str().expect("a path");
    assert_eq!(all("VOLUME"), [data]);
    assert!(all("COPY").iter().any(|copy| copy.contains("--chown=65532:65532") && copy.ends_with(data)));
    for key in ["smtp.listen", "http.listen", "operator.listen"] {
        assert!(ports().contains(&super::port(&known, key)), "{key}");
    }
}

#[test]
fn what_the_build_reads_is_sent_to_it() {
    let sent: Vec<String> = read("deploy/docker/Dockerfile.dockerignore")
        .lines()
        .filter_map(|line| line.strip_prefix('!').map(str::to_owned))
        .collect();
    for path in &sent {
        assert!(repository(path).exists(), "{path}");
    }
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let members = manifest["workspace"]["members"].as_array().expect("a list");
    let mut needed: Vec<String> =
        members.iter().map(|one| one.as_str().expect("a path").to_owned()).collect();
    needed.extend(["Cargo.lock", "migrations", "fixtures", "benches", "tests"].map(str::to_owned));
    for path in needed {
        let is_sent = sent.iter().any(|one| path == *one || path.starts_with(&format!("{one}/")));
        assert!(is_sent, "{path}");
    }
}
