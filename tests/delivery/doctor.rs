//! `mailward doctor --send` and `mailward dns`: what they say is to be published makes them content, and each thing that is wrong
//! is named.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::Outside;
use super::authority::Authority;
use super::promises::Web;
use crate::world::dns_server::{Kind, Record};
use crate::world::{World, both_databases, process};

both_databases!(
    what_doctor_says_is_to_be_published_makes_it_content,
    each_record_that_is_wrong_is_named_with_the_right_one,
    a_domain_of_a_tenant_is_looked_at_with_its_own_keys,
);

/// Runs the program beside a service that asks the test's own name server.
async fn mailward(outside: &Outside, arguments: &[&str], settings: &[String]) -> (i32, String, String) {
    let mut command = Command::new(process::binary());
    command.args(arguments).args(["--server", &format!("http://{}", outside.world.operator)]);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.env_clear().env("MAILWARD_OPERATOR_KEY", &outside.world.operator_token).stdin(Stdio::null());
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}

struct Doctor<'a> {
    outside: &'a Outside,
    domain: &'a str,
    more: &'a [&'a str],
    settings: Vec<String>,
}

impl<'a> Doctor<'a> {
    fn of(outside: &'a Outside, domain: &'a str, more: &'a [&'a str]) -> Self {
        let settings = vec![
            format!("dns.servers=[\"{}\"]", outside.resolver),
            "outbound.mode=direct".to_owned(),
            "outbound.allow_private=[\"127.0.0.0/8\"]".to_owned(),
            "smtp.hostname=mx.test".to_owned(),
        ];
        Self { outside, domain, more, settings }
    }

    /// Its exit status and what it looked at.
    async fn looks(&self) -> (i32, Vec<Value>) {
        let arguments = [&["doctor", "--send", self.domain, "--json"], self.more].concat();
        let (code, out, err) = mailward(self.outside, &arguments, &self.settings).await;
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code} {out} {err}"));
        (code, report["checks"].as_array().expect("checks").clone())
    }

    /// How one thing stands, and what is seen of it.
    async fn finds(&self, what: &str) -> (String, String) {
        let (_, checks) = self.looks().await;
        let found = checks.iter().find(|check| check["what"].as_str().is_some_and(|it| it.starts_with(what)));
        let found = found.unwrap_or_else(|| panic!("{what} in {checks:?}"));
        let text = |key: &str| found[key].as_str().expect("a text").to_owned();
        (text("state"), text("seen"))
    }
}

/// Publishes what a check says.
fn publish(outside: &Outside, check: &Value) -> bool {
    let record = &check["publish"];
    let text = |key: &str| record[key].as_str().expect("a text").to_owned();
    if record.is_null() {
        return false;
    }
    let (host, value) = (text("host"), text("value"));
    match text("type").as_str() {
        "TXT" => outside.dns.set(&host, Kind::Txt, vec![Record::Txt(value)]),
        "PTR" => {
            outside.dns.set(&host, Kind::Ptr, vec![Record::Ptr(value.trim_end_matches('.').to_owned())]);
        }
        "MX" => {
            let (preference, name) = value.split_once(' ').expect("a preference");
            let preference = preference.parse().expect("a number");
            outside.dns.set(
                &host,
                Kind::Mx,
                vec![Record::Mx(preference, name.trim_end_matches('.').to_owned())],
            );
        }
        other => panic!("{other}"),
    }
    true
}

fn states(checks: &[Value], state: &str) -> Vec<String> {
    let them = checks.iter().filter(|check| check["state"] == state);
    them.map(|check| check["what"].as_str().expect("a text").to_owned()).collect()
}

async fn what_doctor_says_is_to_be_published_makes_it_content(world: World) {
    let outside = Outside::start(&world, &[]).await;
    outside.name("mx.test", "192.0.2.25");
    let doctor = Doctor::of(&outside, "agents.test", &[]);
    let (code, checks) = doctor.looks().await;
    assert_eq!(code, 3, "{checks:?}");
    let wrong = ["SPF", "DKIM mailward", "DKIM mailward-rsa", "DMARC", "PTR 192.0.2.25"];
    assert_eq!(states(&checks, "bad"), wrong, "{checks:#?}");
    assert_eq!(states(&checks, "weak"), ["MX", "TLS", "MTA-STS"]);
    assert_eq!(checks.iter().filter(|check| publish(&outside, check)).count(), 7);
    let (code, checks) = doctor.looks().await;
    assert_eq!(
        (code, states(&checks, "bad").len()),
        (3, 1),
        "the policy is promised and not there: {checks:#?}"
    );
    outside.dns.set("_mta-sts.agents.test", Kind::Txt, vec![]);
    let (code, checks) = doctor.looks().await;
    assert_eq!(
        (code, states(&checks, "weak")),
        (0, vec!["TLS".to_owned(), "MTA-STS".to_owned()]),
        "{checks:#?}"
    );

    // For people: the same, and lines to be copied into a zone.
    outside.dns.set("mailward-rsa._domainkey.agents.test", Kind::Txt, vec![]);
    let (code, out, err) = mailward(&outside, &["doctor", "--send", "agents.test"], &doctor.settings).await;
    assert_eq!(code, 3, "{out}{err}");
    let line =
        out.lines().find(|line| line.starts_with("mailward-rsa._domainkey.agents.test. IN TXT \"v=DKIM1"));
    assert!(line.is_some_and(|line| line.matches('"').count() == 4), "{out}");
    let (code, out, err) = mailward(&outside, &["dns"], &[]).await;
    assert_eq!(code, 0, "{err}");
    for wanted in [
        "; dkim: missing\nmailward-rsa._domainkey.agents.test. IN TXT \"v=DKIM1; k=rsa; p=",
        "; dkim: found\nmailward._domainkey.agents.test. IN TXT \"v=DKIM1; k=ed25519; p=",
        "agents.test. IN MX 10 mx.test.\n",
        "_dmarc.agents.test. IN TXT \"v=DMARC1; p=quarantine\"\n",
    ] {
        assert!(out.contains(wanted), "{wanted} in {out}");
    }
}

async fn each_record_that_is_wrong_is_named_with_the_right_one(world: World) {
    let authority = Authority::new();
    let roots = authority.file();
    let outside = Outside::start(&world, &[]).await;
    outside.name("mx.test", "192.0.2.25");
    let mut doctor = Doctor::of(&outside, "agents.test", &["--ip", "192.0.2.25", "--ip", "2001:db8::25"]);
    let (_, checks) = doctor.looks().await;
    for check in &checks {
        publish(&outside, check);
    }
    outside.dns.set("mx.test", Kind::Aaaa, vec![Record::Aaaa("2001:db8::25".parse().expect("an address"))]);
    outside.name("mta-sts.agents.test", "127.0.0.9");
    let web = Web::start("127.0.0.9", authority.issue("mta-sts.agents.test")).await;
    web.has_policy("enforce", &["mx.test"]);
    doctor.settings.push(format!("outbound.policy_port={}", web.port));
    doctor.settings.push(format!("outbound.tls_roots={}", roots.path().display()));
    let (code, checks) = doctor.looks().await;
    assert_eq!((code, states(&checks, "weak")), (0, vec!["TLS".to_owned()]), "{checks:#?}");

    let txt = |host: &str, texts: &[&str]| {
        let records = texts.iter().map(|text| Record::Txt((*text).to_owned()));
        outside.dns.set(host, Kind::Txt, records.collect());
    };
    let own = "v=spf1 a:mx.test ~all";
    for (texts, state, seen) in [
        (vec![own, own], "bad", "2 SPF records"),
        (vec!["v=spf1 include:elsewhere.test -all"], "bad", "cannot read to its end"),
        (vec!["v=spf1 ip4:192.0.2.25 -all"], "bad", "does not let 2001:db8::25 send (fail)"),
        (vec!["v=spf1 a:mx.test +all"], "bad", "lets everybody"),
        (vec!["other", own], "good", "lets 192.0.2.25, 2001:db8::25 send"),
    ] {
        txt("agents.test", &texts);
        let (stands, said) = doctor.finds("SPF").await;
        assert!(stands == state && said.contains(seen), "{texts:?}: {stands} {said}");
    }
    let at = "mailward._domainkey.agents.test";
    txt(at, &[]);
    let (_, checks) = doctor.looks().await;
    let right =
        checks.iter().find(|check| check["what"] == "DKIM mailward").expect("a check")["publish"]["value"]
            .clone();
    let right = right.as_str().expect("a text");
    let key = right.split("p=").nth(1).expect("a key");
    for (text, state, seen) in [
        ("v=DKIM1; k=ed25519; p=".to_owned(), "bad", "revoked"),
        ("v=DKIM1; k=ed25519; p=AAAA".to_owned(), "bad", "another key"),
        (format!("v=DKIM1; p={key}"), "bad", "of kind rsa"),
        (format!("v=DKIM1; k=ed25519; t=y:s; p={key}"), "weak", "t=y"),
        (format!("v=DKIM1; k=ed25519; p= {key} "), "good", "has the key"),
    ] {
        txt(at, &[&text]);
        let (stands, said) = doctor.finds("DKIM mailward").await;
        assert!(stands == state && said.contains(seen), "{text}: {stands} {said}");
    }
    for (texts, state, seen) in [
        (vec!["v=DMARC1; p=none"], "weak", "p=none"),
        (vec!["v=DMARC1"], "bad", "no policy"),
        (vec!["v=DMARC1; p=reject", "v=DMARC1; p=none"], "bad", "2 records"),
        (vec!["v=DMARC1; p=reject"], "good", "reject"),
    ] {
        txt("_dmarc.agents.test", &texts);
        let (stands, said) = doctor.finds("DMARC").await;
        assert!(stands == state && said.contains(seen), "{texts:?}: {stands} {said}");
    }
    let pointer = |name: &str| {
        outside.dns.set("25.2.0.192.in-addr.arpa", Kind::Ptr, vec![Record::Ptr(name.to_owned())])
    };
    outside.name("other.test", "192.0.2.25");
    outside.name("liar.test", "192.0.2.99");
    for (name, state) in [("other.test", "weak"), ("liar.test", "bad"), ("mx.test", "good")] {
        pointer(name);
        assert_eq!(doctor.finds("PTR 192").await.0, state, "{name}");
    }
    for (mode, host, state) in
        [("enforce", "elsewhere.test", "bad"), ("testing", "mx.test", "weak"), ("none", "mx.test", "weak")]
    {
        web.has_policy(mode, &[host]);
        assert_eq!(doctor.finds("MTA-STS").await.0, state, "{mode} {host}");
    }
    outside.leads("agents.test", &[(1, "elsewhere.test")]);
    assert!(doctor.finds("MX").await.1.contains("not to mx.test"));
    outside.dns.fail("_dmarc.agents.test");
    assert_eq!(doctor.finds("DMARC").await.0, "weak", "no answer is no fault");
}

async fn a_domain_of_a_tenant_is_looked_at_with_its_own_keys(world: World) {
    let outside = Outside::start(&world, &[]).await;
    outside.name("mx.test", "192.0.2.25");
    let ada = outside.world.tenant("ada").await;
    let body = json!({ "domain": "own.example.com" });
    let claimed = ada.http("POST", "/v1/domains").json(&body).send().await.expect(201);
    let key = claimed["dnsRecords"][3]["value"].as_str().expect("a key");
    let doctor = Doctor::of(&outside, "own.example.com", &["--tenant", "ada"]);
    let (code, checks) = doctor.looks().await;
    let check = checks.iter().find(|check| check["what"] == "DKIM mailward").expect("a check");
    assert_eq!((code, check["publish"]["value"].as_str()), (3, Some(key)));
    let (code, out, _) = mailward(&outside, &["dns", "--tenant", "ada"], &[]).await;
    assert!(
        code == 0 && out.contains("_mailward.own.example.com. IN TXT \"mailward-domain-verification="),
        "{out}"
    );
    // What is not there is not there, whoever has it.
    outside.world.tenant("bob").await;
    for (domain, tenant) in [("own.example.com", "bob"), ("agents.test", "bob"), ("else.example.com", "ada")]
    {
        let arguments = ["doctor", "--send", domain, "--tenant", tenant];
        let (code, _, said) = mailward(&outside, &arguments, &doctor.settings).await;
        assert!(code == 2 && said.contains("no domain of this tenant's"), "{code} {said}");
    }
    let (code, _, _) = mailward(&outside, &["doctor", "--send", "own.example.com"], &doctor.settings).await;
    assert_eq!(code, 2);
}
