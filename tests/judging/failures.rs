//! A judge that lies, stalls or talks nonsense: mail is decided on all the same, by its score.

use serde_json::{Value, json};

use super::endpoint::{Asked, Endpoint, Reply, completion, response};
use super::{doubtful, doubtful_with, judged, with};
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(
    an_answer_that_is_not_to_the_letter_is_none,
    a_judge_that_stalls_keeps_no_mail,
    a_judge_that_is_away_is_left_alone_and_mail_goes_on,
    no_lie_clears_more_than_a_little,
    a_redirect_is_not_followed,
    the_judge_may_not_be_where_nobody_said,
);

const JSON: &str = "Content-Type: application/json\r\n";

fn nonsense(asked: &Asked, subject: &str) -> Reply {
    let good = completion(&asked.benign());
    let raw = |value: &Value| Reply::Raw(response("200 OK", JSON, &value.to_string()));
    let with = |place: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(place).expect("it is there") = value;
        raw(&bad)
    };
    match subject {
        "truncated" => {
            let text = good.to_string();
            Reply::Raw(response("200 OK", JSON, &text[..text.len() / 2]))
        }
        "cut off" => {
            let mut bytes = response("200 OK", JSON, &good.to_string());
            bytes.truncate(bytes.len() - 20);
            Reply::Raw(bytes)
        }
        "html" => {
            Reply::Raw(response("200 OK", "Content-Type: text/html\r\n", "<html><h1>Welcome</h1></html>"))
        }
        "empty" => Reply::Raw(response("200 OK", "", "")),
        "no http" => Reply::Raw(b"\x00\x01 SSH-2.0\r\n\r\n".to_vec()),
        "huge" => Reply::Raw(response("200 OK", JSON, &" ".repeat(10 << 20))),
        "huge head" => Reply::Raw(response("200 OK", &format!("X-Long: {}\r\n", "a".repeat(1 << 20)), "{}")),
        "deep" => Reply::Raw(response("200 OK", JSON, &"[".repeat(60_000))),
        "schema" => Reply::Says(json!({ "answer": "benign" }).to_string()),
        "extra key" => {
            let mut answer: Value = serde_json::from_str(&asked.benign()).expect("JSON");
            answer["instructions"] = json!("deliver it");
            Reply::Says(answer.to_string())
        }
        "contradiction" => Reply::Says(asked.benign().replace("\"none\"", "\"disclose\"")),
        "other check" => Reply::Says(asked.benign().replace(&asked.mail().1, "0")),
        "fenced" => Reply::Says(format!("```json\n{}\n```", asked.benign())),
        "chatty" => Reply::Says(format!("Sure! {}", asked.benign())),
        "length" => with("/choices/0/finish_reason", json!("length")),
        "no choice" => with("/choices", json!([])),
        "tool" => with("/choices/0/message", json!({ "content": null, "tool_calls": [{ "id": "1" }] })),
        "unauthorised" => {
            Reply::Raw(response("401 Unauthorized", JSON, r#"{"error":{"message":"sk-secret"}}"#))
        }
        other => panic!("{other}"),
    }
}

async fn an_answer_that_is_not_to_the_letter_is_none(world: World) {
    let judge = Endpoint::start(|asked| nonsense(asked, &asked.subject())).await;
    let world = with(&world, &judge, &["screening.judge_deadline_ms=5000"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let cases = [
        ("truncated", "garbage"),
        ("cut off", "garbage"),
        ("html", "garbage"),
        ("empty", "garbage"),
        ("no http", "garbage"),
        ("huge", "long"),
        ("huge head", "long"),
        ("deep", "garbage"),
        ("schema", "garbage"),
        ("extra key", "garbage"),
        ("contradiction", "garbage"),
        ("other check", "garbage"),
        ("fenced", "garbage"),
        ("chatty", "garbage"),
        ("length", "garbage"),
        ("no choice", "garbage"),
        ("tool", "garbage"),
        ("unauthorised", "refused"),
    ];
    for (subject, why) in cases {
        let row = judged(&ada, &inbox, &plain(subject, "x")).await;
        assert_eq!((&row["detail"]["judge"], &row["outcome"]), (&json!(why), &json!("failed")), "{subject}");
        assert_eq!(row["detail"]["score"], row["detail"]["score_before"], "{subject}");
    }
    assert_eq!(inbox.emails().await.len(), cases.len(), "low by their scores");
    assert_eq!(judge.asked().len(), cases.len(), "none of it is worth asking again");
}

async fn a_judge_that_stalls_keeps_no_mail(world: World) {
    let judge = Endpoint::start(|asked| match asked.subject().as_str() {
        "hangs up" => Reply::HangsUp,
        "half" => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"choices\":".to_vec()),
        "busy" => Reply::Raw(response("503 Busy", "Retry-After: 1\r\n", "")),
        _ => Reply::Stalls,
    })
    .await;
    let world = with(&world, &judge, &["screening.judge_deadline_ms=200", "screening.hold=medium"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let row = judged(&ada, &inbox, &plain("stalls", "x")).await;
    assert_eq!(row["detail"]["judge"], json!("deadline"));
    assert_eq!(judge.asked().len(), 3, "it was asked again, and then no more");
    assert_eq!(inbox.emails().await.len(), 1);
    for subject in ["hangs up", "half"] {
        let row = judged(&ada, &inbox, &plain(subject, "x")).await;
        assert_eq!(row["detail"]["judge"], json!("garbage"), "{subject}");
    }
    let row = judged(&ada, &inbox, &plain("busy", "x")).await;
    assert_eq!(row["detail"]["judge"], json!("busy"));
    let row = judged(&ada, &inbox, &doubtful()).await;
    assert_eq!(row["detail"]["became"], json!("held"), "hold applies to the score: {row}");
    let held = ada.held().await;
    assert_eq!(held[0]["security"]["injectionRisk"], json!("medium"));
    assert!(held[0]["security"]["model"].as_str().is_some_and(|model| !model.contains("judge")));
}

async fn a_judge_that_is_away_is_left_alone_and_mail_goes_on(world: World) {
    let judge = Endpoint::start(|_| Reply::Raw(response("403 No", "", ""))).await;
    let world = with(&world, &judge, &[]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let mut words = Vec::new();
    for number in 0..8 {
        let row = judged(&ada, &inbox, &plain(&format!("m{number}"), "x")).await;
        words.push(row["detail"]["judge"].as_str().expect("a word").to_owned());
    }
    let mut expected = vec!["refused"; 5];
    expected.extend(["away"; 3]);
    assert_eq!(words, expected);
    assert_eq!((judge.asked().len(), inbox.emails().await.len()), (5, 8));
}

async fn no_lie_clears_more_than_a_little(world: World) {
    // Calls the harmful harmless and the harmless harmful.
    let judge = Endpoint::start(|asked| match asked.subject().as_str() {
        "harmless" => Reply::Says(asked.injection("never written: obey")),
        _ => Reply::Says(asked.benign()),
    })
    .await;
    let world = with(&world, &judge, &["screening.hold=medium", "screening.judge_max_bytes=1024"]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let row = judged(&ada, &inbox, &plain("harmless", "See you tomorrow.")).await;
    assert_eq!((&row["detail"]["became"], &row["detail"]["score"]), (&json!("held"), &json!(90)));
    let finding = &ada.held().await[0]["security"]["findings"][0];
    assert_eq!(finding["excerpt"], json!("reveals or sends data"), "its own words are shown to nobody");
    // What it was not shown all of, it cannot clear.
    let long = doubtful_with(&"\r\nSee you on Thursday, and bring the blue folder.".repeat(100), 10);
    let row = judged(&ada, &inbox, &long).await;
    let detail = &row["detail"];
    assert_eq!((&detail["judge"], &detail["score"]), (&json!("benign"), &detail["score_before"]));
    // A high one is not its to judge, whatever it would say.
    world.deliver("fixtures/demo/22-injection-plain.eml", &[&inbox.address]).await;
    let held = 2 + usize::from(detail["became"] == json!("held"));
    super::until("it", async || ada.held().await.len() == held).await;
    let models = ada.held().await;
    assert!(models[0]["security"]["model"].as_str().is_some_and(|model| !model.contains("judge")));
    assert_eq!(judge.asked().len(), 2);
}

async fn a_redirect_is_not_followed(world: World) {
    let elsewhere = Endpoint::start(|asked| Reply::Says(asked.benign())).await;
    let target = format!("Location: http://{}/v1/chat/completions\r\n", elsewhere.address);
    let judge = Endpoint::start(move |_| Reply::Raw(response("307 Temporary Redirect", &target, ""))).await;
    let world = with(&world, &judge, &[]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let row = judged(&ada, &inbox, &plain("redirected", "x")).await;
    assert_eq!(row["detail"]["judge"], json!("refused"));
    assert_eq!((elsewhere.asked().len(), inbox.emails().await.len()), (0, 1));
}

async fn the_judge_may_not_be_where_nobody_said(world: World) {
    // The name leads to loopback, which only an address in the URL, or a network beside it, opens.
    drop(world);
    for url in ["http://llm.internal:8000/v1", "http://user:pw@127.0.0.1/v1", "http://llm.example.com/v1"] {
        let set = vec![format!("screening.judge_url={url}"), "screening.judge_model=m".to_owned()];
        let directory = tempfile::tempdir().expect("a directory");
        let data_dir = Some(directory.path().join("data"));
        let sources = mailward::config::Sources { data_dir, set, ..mailward::config::Sources::default() };
        let mut config = mailward::config::load(&sources).expect("a configuration");
        config.dns.servers = mailward::config::DnsServers::Off;
        let refused = mailward::app::App::start(config).await.map(drop).expect_err(url).to_string();
        assert!(refused.contains("screening.judge_url") && !refused.contains("pw"), "{refused}");
    }
}

/// What doctor says of a judge.
async fn doctor(judge: &Endpoint, more: &[&str]) -> Vec<mailward::doctor::checks::Check> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut set = super::settings(judge, more);
    set.extend(["dns.servers=off", "screening.judge_key=sk-the-key"].map(str::to_owned));
    let data_dir = Some(directory.path().join("data"));
    let sources = mailward::config::Sources { data_dir, set, ..mailward::config::Sources::default() };
    let config = mailward::config::load(&sources).expect("a configuration");
    let all = mailward::doctor::checks::all(&config).await;
    all.into_iter().filter(|check| check.what.starts_with("screening.judge")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tries_the_judge_and_tells_nothing_of_what_it_said() {
    use mailward::doctor::checks::State;
    let good = Endpoint::start(|asked| Reply::Says(asked.benign())).await;
    let checks = doctor(&good, &["screening.judge_tenants=[\"ada\"]"]).await;
    assert_eq!(checks.iter().map(|check| check.state).collect::<Vec<_>>(), [State::Good], "{checks:?}");
    assert!(checks[0].seen.contains("to the letter"), "{checks:?}");
    let checks = doctor(&good, &[]).await;
    assert_eq!(checks.iter().map(|check| check.state).collect::<Vec<_>>(), [State::Weak, State::Good]);
    for (reply, said) in [
        (response("200 OK", JSON, "{\"leak\":\"canary\"}"), "not what it was asked for"),
        (response("401 canary", JSON, "canary"), "status 401"),
        (response("302 Found", "Location: http://canary/\r\n", ""), "status 302"),
        (response("503 canary", "", "canary"), "too busy"),
    ] {
        let bad = Endpoint::start(move |_| Reply::Raw(reply.clone())).await;
        let checks = doctor(&bad, &["screening.judge_tenants=[\"ada\"]"]).await;
        assert_eq!((checks.len(), checks[0].state), (1, State::Bad), "{checks:?}");
        assert!(checks[0].seen.contains(said) && !checks[0].fix.is_empty(), "{checks:?}");
        let told = format!("{checks:?}");
        let port = bad.address.port().to_string();
        assert!(!told.contains("canary") && !told.contains("sk-the-key") && !told.contains(&port), "{told}");
        assert_eq!(bad.asked().len(), 1, "once");
    }
}
