//! The manifests: each part runs what there is, with what is mounted, reached where it listens, and confined.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::words::{help, unknown};
use super::{config, port, repository, yaml};
use crate::world::http::Request;
use crate::world::process::Process;

pub(super) const FILES: &[&str] = &[
    "kubernetes/base/budgets.yaml",
    "kubernetes/base/db-init.yaml",
    "kubernetes/base/dispatch.yaml",
    "kubernetes/base/kustomization.yaml",
    "kubernetes/base/mailward.toml",
    "kubernetes/base/namespace.yaml",
    "kubernetes/base/network-policies.yaml",
    "kubernetes/base/scaling.yaml",
    "kubernetes/base/secrets.example.yaml",
    "kubernetes/base/smtp.yaml",
    "kubernetes/base/web.yaml",
    "kubernetes/tenant-acme/kustomization.yaml",
    "kubernetes/tenant-acme/mailward.toml",
];

/// Certificates are made by a command of the documentation, or by the ingress.
const MADE_ELSEWHERE: &[&str] = &["mailward-mx-tls", "mailward-web-tls"];

/// Everything that the base applies.
fn objects() -> Vec<Value> {
    let kustomization = yaml("deploy/kubernetes/base/kustomization.yaml").remove(0);
    let files = kustomization["resources"].as_array().expect("a list").iter().filter_map(Value::as_str);
    files.flat_map(|file| yaml(&format!("deploy/kubernetes/base/{file}"))).collect()
}

fn of_kind(kind: &str) -> Vec<Value> {
    objects().into_iter().filter(|object| object["kind"] == kind).collect()
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().expect("a name")
}

/// What runs pods, and the pods.
fn workloads() -> Vec<(String, Value)> {
    let running = ["Deployment", "StatefulSet", "Job"].into_iter().flat_map(of_kind);
    running.map(|object| (name(&object).to_owned(), object["spec"]["template"].clone())).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn known(folder: &str) -> BTreeMap<String, toml::Value> {
    let path = repository(&format!("deploy/kubernetes/{folder}/mailward.toml"));
    let stores = [
        ("MAILWARD__STORE__URL".to_owned(), "postgres://a@b/c".to_owned()),
        ("MAILWARD__KEYS__STORE_URL".to_owned(), "postgres://a@b/d".to_owned()),
    ];
    config(&["--config", path.to_str().expect("plain")], &stores.into())
}

#[test]
fn each_part_runs_words_that_there_are_with_secrets_that_are_described() {
    let secrets: BTreeMap<String, BTreeSet<String>> = yaml("deploy/kubernetes/base/secrets.example.yaml")
        .iter()
        .map(|secret| {
            let keys = secret["stringData"].as_object().expect("values").keys().cloned().collect();
            (name(secret).to_owned(), keys)
        })
        .collect();
    let known = known("base");
    for (part, template) in workloads() {
        let pod = &template["spec"];
        let container = &pod["containers"][0];
        let words: Vec<String> = serde_json::from_value(container["args"].clone()).expect("words");
        assert_eq!(unknown(&words), None, "{part}");
        assert_eq!(container["image"], "mailward", "{part}: the kustomization names the version");
        let mounts: Vec<&str> =
            list(&container["volumeMounts"]).filter_map(|mount| mount["mountPath"].as_str()).collect();
        for variable in list(&container["env"]) {
            let variable_name = variable["name"].as_str().expect("a name");
            match variable_name.strip_prefix("MAILWARD__") {
                Some(key) => {
                    let key = key.to_ascii_lowercase().replace("__", ".");
                    assert!(known.contains_key(&key), "{part}: {key}");
                }
                None if variable_name == "CREDENTIALS_DIRECTORY" => {
                    assert!(mounts.contains(&variable["value"].as_str().expect("a path")), "{part}");
                }
                None => {
                    let path: Vec<String> =
                        words.iter().take_while(|word| !word.starts_with('-')).cloned().collect();
                    assert!(help(&path).text.contains(variable_name), "{part}: {variable_name}");
                }
            }
            if let Some(from) = variable["valueFrom"].get("secretKeyRef") {
                let keys = &secrets[from["name"].as_str().expect("a name")];
                assert!(keys.contains(from["key"].as_str().expect("a key")), "{part}: {from}");
            }
        }
        let claimed = of_kind("StatefulSet").into_iter().filter(|set| name(set) == part);
        let mut volumes: BTreeSet<String> = claimed
            .flat_map(|set| list(&set["spec"]["volumeClaimTemplates"]).cloned().collect::<Vec<_>>())
            .map(|claim| name(&claim).to_owned())
            .collect();
        for volume in list(&pod["volumes"]) {
            volumes.insert(volume["name"].as_str().expect("a name").to_owned());
            if let Some(secret) = volume["secret"]["secretName"].as_str() {
                assert!(secrets.contains_key(secret) || MADE_ELSEWHERE.contains(&secret), "{part}: {secret}");
            }
            if let Some(map) = volume["configMap"]["name"].as_str() {
                let made = yaml("deploy/kubernetes/base/kustomization.yaml").remove(0);
                assert_eq!(made["configMapGenerator"][0]["name"], map);
                assert_eq!(made["configMapGenerator"][0]["files"], json!(["mailward.toml"]));
            }
        }
        let mounted: BTreeSet<String> = list(&container["volumeMounts"])
            .map(|mount| mount["name"].as_str().expect("a name").to_owned())
            .collect();
        assert_eq!(mounted, volumes, "{part}");
        if words[0] == "serve" {
            for key in ["data_dir", "smtp.tls_cert", "smtp.tls_key"] {
                let path = known[key].as_str().expect("a path");
                assert!(mounts.iter().any(|mount| path.starts_with(mount)), "{part}: {key}");
            }
            assert!(words.windows(2).any(|two| two[0] == "--only" && two[1] == part), "{part}: {words:?}");
            assert!(
                mounts.contains(&words[2].as_str()),
                "{part}: the configuration is mounted where it is read"
            );
        }
    }
    let credential = secrets["mailward-master-key"].iter().next().expect("a key");
    assert_eq!(credential, "mailward-master-key", "the name that the provider looks for");
    assert_eq!(known["keys.provider"].as_str(), Some("systemd-credential"));
}

#[test]
fn every_pod_is_confined() {
    assert_eq!(
        of_kind("Namespace")[0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
        "restricted"
    );
    for (part, template) in workloads() {
        let pod = &template["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{part}");
        assert_eq!(pod["securityContext"]["runAsUser"], 65532, "{part}: the user of the image");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{part}");
        assert_eq!(pod["automountServiceAccountToken"], false, "{part}");
        assert_eq!(pod["enableServiceLinks"], false, "{part}");
        for container in list(&pod["containers"]) {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false, "{part}");
            assert_eq!(context["readOnlyRootFilesystem"], true, "{part}");
            assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{part}");
            assert!(container["resources"]["limits"]["memory"].is_string(), "{part}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_ask_for_what_the_program_answers_where_it_listens() {
    let directory = tempfile::tempdir().expect("a directory");
    let process = Process::serve(&directory.path().join("data"));
    let known = known("base");
    for (part, template) in workloads() {
        let container = &template["spec"]["containers"][0];
        let ports: BTreeMap<&str, u64> = list(&container["ports"])
            .map(|port| {
                (port["name"].as_str().expect("a name"), port["containerPort"].as_u64().expect("a port"))
            })
            .collect();
        for (name, number) in &ports {
            let key = format!("{name}.listen");
            assert_eq!(*number, u64::from(port(&known, &key)), "{part}: {name}");
        }
        if part == "db-init" {
            continue;
        }
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let asked = &container[probe]["httpGet"];
            assert_eq!(asked["port"], "operator", "{part}: it is there whatever the part is");
            assert!(ports.contains_key("operator"), "{part}");
            let path = asked["path"].as_str().expect("a path");
            assert_eq!(
                Request::new(process.operator, "GET", path).send().await.status,
                200,
                "{part}: {path}"
            );
        }
        let drain = known["smtp.drain_ms"].as_integer().expect("a number") / 1_000;
        let patience = template["spec"]["terminationGracePeriodSeconds"].as_i64().expect("seconds");
        assert!(patience >= drain + 20, "{part}");
    }
}

#[test]
fn services_budgets_and_policies_lead_to_parts_and_ports_that_there_are() {
    let parts: BTreeMap<String, Value> = workloads().into_iter().collect();
    let has_port = |part: &str, wanted: &Value| {
        list(&parts[part]["spec"]["containers"][0]["ports"])
            .any(|port| port["name"] == *wanted || port["containerPort"] == *wanted)
    };
    let component = |labels: &Value| {
        let part = labels["app.kubernetes.io/component"].as_str().expect("a part").to_owned();
        assert_eq!(parts[&part]["metadata"]["labels"]["app.kubernetes.io/component"], part.as_str());
        part
    };
    for service in of_kind("Service") {
        let part = component(&service["spec"]["selector"]);
        for port in list(&service["spec"]["ports"]) {
            assert!(has_port(&part, &port["targetPort"]), "{}", name(&service));
        }
    }
    let services: Vec<String> = of_kind("Service").iter().map(|one| name(one).to_owned()).collect();
    for ingress in of_kind("Ingress") {
        let backend = &ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
        assert!(services.contains(&backend["name"].as_str().expect("a name").to_owned()));
        assert_ne!(backend["name"], "operator", "operators are not reached from outside");
    }
    let guarded: BTreeSet<String> = of_kind("PodDisruptionBudget")
        .iter()
        .map(|budget| component(&budget["spec"]["selector"]["matchLabels"]))
        .collect();
    assert_eq!(guarded, BTreeSet::from(["smtp", "web", "dispatch"].map(str::to_owned)));
    let policies = of_kind("NetworkPolicy");
    let nothing = policies.iter().find(|one| {
        one["spec"]["podSelector"] == json!({})
            && one["spec"].get("egress").is_none()
            && one["spec"].get("ingress").is_none()
    });
    assert_eq!(nothing.expect("one that forbids all")["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
    for policy in &policies {
        let labels = &policy["spec"]["podSelector"]["matchLabels"];
        for port in list(&policy["spec"]["ingress"]).flat_map(|rule| list(&rule["ports"])) {
            let reached = if labels.is_null() { "web".to_owned() } else { component(labels) };
            assert!(has_port(&reached, &port["port"]), "{}", name(policy));
        }
    }
    let outside = policies.iter().find(|policy| name(policy) == "outside").expect("the way out");
    assert_eq!(
        component(&outside["spec"]["podSelector"]["matchLabels"]),
        "dispatch",
        "no other part goes out"
    );
    let refused = outside["spec"]["egress"][0]["to"][0]["ipBlock"]["except"].to_string();
    assert!(refused.contains("169.254.0.0/16") && refused.contains("10.0.0.0/8"), "{refused}");
}

#[test]
fn a_namespace_for_a_tenant_is_the_base_with_names_of_its_own() {
    let kustomization = yaml("deploy/kubernetes/tenant-acme/kustomization.yaml").remove(0);
    assert_eq!(kustomization["resources"], json!(["../base"]));
    assert_ne!(kustomization["namespace"], yaml("deploy/kubernetes/base/kustomization.yaml")[0]["namespace"]);
    let (base, acme) = (known("base"), known("tenant-acme"));
    let differing: Vec<&String> = base.keys().filter(|key| base[*key] != acme[*key]).collect();
    assert_eq!(differing, ["domain", "http.public_url", "smtp.hostname"]);
    let parts: BTreeSet<String> = workloads().into_iter().map(|(part, _)| part).collect();
    for replica in list(&kustomization["replicas"]) {
        assert!(parts.contains(replica["name"].as_str().expect("a name")), "{replica}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_scales_is_there_and_what_it_goes_by_is_told_by_the_program() {
    let directory = tempfile::tempdir().expect("a directory");
    let process = Process::serve(&directory.path().join("data"));
    let answer = Request::new(process.operator, "GET", "/metrics").send().await;
    let metrics = String::from_utf8(answer.body).expect("text");
    let scaled = of_kind("HorizontalPodAutoscaler");
    assert_eq!(scaled.len(), 2);
    for scaler in scaled {
        let target = &scaler["spec"]["scaleTargetRef"];
        let kind = target["kind"].as_str().expect("a kind");
        let found = of_kind(kind).into_iter().find(|object| name(object) == target["name"]);
        let found = found.expect("what it scales");
        assert!(found["spec"].get("replicas").is_none(), "two would decide: {target}");
        for metric in list(&scaler["spec"]["metrics"]) {
            match metric["type"].as_str() {
                Some("Resource") => {
                    let asked = &found["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"];
                    assert!(asked.get(metric["resource"]["name"].as_str().expect("a name")).is_some());
                }
                Some("External") => {
                    let wanted = metric["external"]["metric"]["name"].as_str().expect("a name");
                    for queue in ["webhook", "send"] {
                        let line = format!("{wanted}{{queue=\"{queue}\"}} 0");
                        assert!(metrics.lines().any(|one| one == line), "{line}");
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
