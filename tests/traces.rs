//! Traces: a collector of the test's own is told of the way of a mail and of requests, and of nothing that a mail says.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::sending::{letter, send};
use crate::world::endpoint::{Call, endpoint};
use crate::world::mail::Sender;
use crate::world::{Engine, World, both_databases};

both_databases!(
    a_mail_is_one_trace_from_the_connection_to_the_webhooks_answer,
    a_mail_for_two_tenants_is_two_traces,
);

const LOOPBACK: &str = r#"webhooks.allow_private=["127.0.0.0/8"]"#;

/// A collector, and what it was told.
struct Collector {
    url: String,
    calls: UnboundedReceiver<Call>,
    spans: Vec<Value>,
    written: String,
}

impl Collector {
    async fn start(statuses: &[u16]) -> Self {
        let (address, calls) = endpoint(statuses).await;
        Self { url: format!("http://{address}"), calls, spans: Vec::new(), written: String::new() }
    }

    fn setting(&self) -> String {
        format!("telemetry.otlp_endpoint={}", self.url)
    }

    /// Waits until the spans that were told are enough.
    async fn until(&mut self, enough: impl Fn(&[Value]) -> bool) {
        while !enough(&self.spans) {
            let call = tokio::time::timeout(Duration::from_secs(20), self.calls.recv()).await;
            let call =
                call.unwrap_or_else(|_| panic!("nothing more came: {:#?}", self.spans)).expect("a call");
            assert_eq!((call.path.as_str(), call.header("content-type")), ("/v1/traces", "application/json"));
            self.written.push_str(&String::from_utf8(call.body.clone()).expect("text"));
            let spans = call.json()["resourceSpans"][0]["scopeSpans"][0]["spans"].clone();
            self.spans.extend(spans.as_array().expect("spans").iter().cloned());
        }
    }

    fn of<'a>(&'a self, trace: &'a str) -> impl Iterator<Item = &'a Value> {
        self.spans.iter().filter(move |span| span["traceId"] == trace)
    }
}

/// The trace of a mail: the UUID that its id is (Crockford's base32), in hexadecimal.
fn trace_of(id: &Value) -> String {
    let letters = "0123456789abcdefghjkmnpqrstvwxyz";
    let id = id.as_str().expect("an id").strip_prefix("eml_").expect("of a mail");
    let value = id.chars().fold(0_u128, |value, c| value << 5 | letters.find(c).expect("base32") as u128);
    format!("{value:032x}")
}

fn attribute<'a>(span: &'a Value, key: &str) -> &'a Value {
    let found = span["attributes"].as_array().expect("attributes").iter().find(|it| it["key"] == key);
    found.map_or(&Value::Null, |it| it["value"].as_object().expect("a value").values().next().expect("one"))
}

async fn a_mail_is_one_trace_from_the_connection_to_the_webhooks_answer(world: World) {
    let mut collector = Collector::start(&[503]).await;
    let (hook, mut called) = endpoint(&[]).await;
    let world = world.start_with(&[LOOPBACK, &collector.setting()]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let wanted = json!({ "url": format!("http://{hook}/secret-path"), "events": ["email.received"] });
    ada.http("POST", "/v1/webhooks".to_owned()).json(&wanted).send().await.expect(201);
    let mail = "From: Grace Hopper <grace@sender.example>\r\nTo: x\r\nSubject: quarterly zebra\r\n\r\nthe giraffe sleeps\r\n";
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    let reply =
        sender.send("grace@sender.example", &[&inbox.address], mail.as_bytes()).await.expect("a reply");
    assert!(reply.starts_with("250 "), "{reply}");
    let event = called.recv().await.expect("a call").json();
    let id = event["data"]["id"].clone();
    let trace = trace_of(&id);
    collector
        .until(|spans| spans.iter().any(|it| it["name"] == "webhook" && it["traceId"] == trace.as_str()))
        .await;

    let names: BTreeSet<&str> =
        collector.of(&trace).map(|span| span["name"].as_str().expect("a name")).collect();
    assert_eq!(
        names,
        BTreeSet::from(["receive", "smtp", "screen", "authenticate", "seal", "commit", "webhook"])
    );
    let root = collector.of(&trace).find(|span| span.get("parentSpanId").is_none()).expect("a root");
    assert_eq!((&root["name"], &root["spanId"]), (&json!("receive"), &json!(trace[16..])));
    assert_eq!((attribute(root, "message_id"), attribute(root, "risk.level")), (&id, &json!("low")));
    for span in collector.of(&trace) {
        assert_eq!(
            (attribute(span, "tenant_id"), attribute(span, "inbox_id")),
            (&json!("ada"), &json!(inbox.id))
        );
        if span != root {
            assert_eq!(span["parentSpanId"], root["spanId"], "{span}");
        }
        let nanos = |key: &str| span[key].as_str().expect("text").parse::<u64>().expect("a number");
        assert!(nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"), "{span}");
    }
    let call = collector.of(&trace).find(|span| span["name"] == "webhook").expect("told");
    assert_eq!((&call["kind"], attribute(call, "http.response.status_code")), (&json!(3), &json!("200")));
    assert_eq!(attribute(call, "event_id"), &event["id"]);

    // What goes out: its trace is that of its own id.
    let said = send(&inbox, &letter(&inbox, &["otter@elsewhere.example"])).await.expect(202);
    let trace = trace_of(&said["id"]);
    collector
        .until(|spans| spans.iter().any(|it| it["name"] == "send" && it["traceId"] == trace.as_str()))
        .await;
    for secret in ["grace", "Hopper", "zebra", "giraffe", "otter", "secret-path", inbox.address.as_str()] {
        assert!(!collector.written.contains(secret), "{secret} was told: {}", collector.written);
    }
}

async fn a_mail_for_two_tenants_is_two_traces(world: World) {
    let mut collector = Collector::start(&[]).await;
    let world = world.start_with(&[&collector.setting()]).await;
    let (ada, bob) = (world.tenant("ada").await.inbox().await, world.tenant("bob").await.inbox().await);
    let mail = "From: a@sender.example\r\nSubject: s\r\n\r\nt\r\n";
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    let reply = sender.send("a@sender.example", &[&ada.address, &bob.address], mail.as_bytes()).await;
    assert!(reply.expect("a reply").starts_with("250 "));
    let received = |span: &&Value| span["name"] == "receive";
    collector.until(|spans| spans.iter().filter(received).count() == 2).await;
    let traces: BTreeSet<&str> =
        collector.spans.iter().filter(received).map(|span| span["traceId"].as_str().expect("text")).collect();
    assert_eq!(traces.len(), 2);
    for trace in traces {
        let tenants: BTreeSet<&str> = collector
            .of(trace)
            .map(|span| attribute(span, "tenant_id").as_str().expect("a tenant"))
            .collect();
        assert_eq!(tenants.len(), 1, "{tenants:?}");
    }
}

#[tokio::test]
async fn the_request_id_of_an_error_is_its_trace() {
    let mut collector = Collector::start(&[]).await;
    let world = World::on(Engine::Sqlite, &[&collector.setting()]).await;
    let ada = world.tenant("ada").await;
    let missing = ada.http("GET", "/v1/inboxes/ibx_00000000000000000000000000".to_owned()).send().await;
    let id = missing.expect(404)["requestId"].as_str().expect("an id").to_owned();
    let trace = id.strip_prefix("req_").expect("of a request").to_owned();
    collector.until(|spans| spans.iter().any(|span| span["traceId"] == trace.as_str())).await;
    let span = collector.of(&trace).next().expect("told");
    assert_eq!((&span["name"], &span["kind"]), (&json!("GET /v1/inboxes/{id}"), &json!(2)));
    assert_eq!(
        (attribute(span, "tenant_id"), attribute(span, "http.response.status_code")),
        (&json!("ada"), &json!("404"))
    );
}

#[tokio::test]
async fn a_collector_that_is_not_there_costs_mail_nothing() {
    let nobody =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("one");
    let world = World::on(Engine::Sqlite, &[&format!("telemetry.otlp_endpoint=http://{nobody}")]).await;
    let inbox = world.tenant("ada").await.inbox().await;
    for no in 0..20 {
        let mail = format!("From: a@sender.example\r\nSubject: {no}\r\n\r\nt\r\n");
        let mut sender = Sender::connect(world.smtp).await.expect("connected");
        let reply = sender.send("a@sender.example", &[&inbox.address], mail.as_bytes()).await;
        assert!(reply.expect("a reply").starts_with("250 "));
    }
    let list =
        inbox.http("GET", format!("/v1/inboxes/{}/emails?limit=100", inbox.id)).send().await.expect(200);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(20));
}
