//! Spans as a collector takes them: an `ExportTraceServiceRequest` in the JSON encoding of OTLP 1.x
//! (opentelemetry-proto, "JSON Protobuf Encoding"): ids in hexadecimal, 64-bit numbers as text, enumerations as numbers.

use serde_json::{Value, json};

use crate::span::{Fact, Kind, Span};

/// `STATUS_CODE_ERROR`.
const FAILED: u8 = 2;

/// The body of a POST to `/v1/traces`. `instance` tells the nodes of one deployment apart.
pub fn body(spans: &[Span], version: &str, instance: &str) -> Vec<u8> {
    let resource =
        [("service.name", "mailward"), ("service.version", version), ("service.instance.id", instance)];
    let resource: Vec<Value> = resource.iter().map(|(key, value)| text(key, value)).collect();
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "mailward", "version": version }, "spans": spans }],
    }]})
    .to_string()
    .into_bytes()
}

fn span(span: &Span) -> Value {
    let mut attributes: Vec<Value> = Vec::new();
    attributes.extend(span.tenant.as_ref().map(|tenant| text("tenant_id", tenant.as_str())));
    attributes.extend(span.inbox.as_ref().map(|inbox| text("inbox_id", inbox.as_str())));
    attributes.extend(span.facts.iter().map(fact));
    let mut told = json!({
        "traceId": span.trace.to_string(),
        "spanId": format!("{:016x}", span.id),
        "name": span.name,
        "kind": match span.kind { Kind::Internal => 1, Kind::Server => 2, Kind::Client => 3 },
        "startTimeUnixNano": span.from.0.to_string(),
        "endTimeUnixNano": span.to.0.max(span.from.0).to_string(),
        "attributes": attributes,
        "status": if span.failed { json!({ "code": FAILED }) } else { json!({}) },
    });
    if let Some(parent) = span.parent {
        told["parentSpanId"] = json!(format!("{parent:016x}"));
    }
    told
}

/// Where the semantic conventions of OpenTelemetry have a name for it, that name.
fn fact(fact: &Fact) -> Value {
    match fact {
        Fact::Message(id) => text("message_id", id.as_str()),
        Fact::Event(id) => text("event_id", id.as_str()),
        Fact::Webhook(id) => text("webhook_id", id.as_str()),
        Fact::Bytes(bytes) => whole("bytes", i64::try_from(*bytes).unwrap_or(i64::MAX)),
        Fact::Attempt(attempt) => whole("attempt", *attempt),
        Fact::Status(status) => whole("http.response.status_code", i64::from(*status)),
        Fact::Reply(code) => whole("smtp.reply.code", i64::from(*code)),
        Fact::Method(method) => text("http.request.method", method),
        Fact::Route(route) => text("http.route", route),
        Fact::Level(level) => text("risk.level", level),
        Fact::Score(score) => whole("risk.score", i64::from(*score)),
        Fact::Held(held) => json!({ "key": "held", "value": { "boolValue": held } }),
        Fact::Outcome(word) => text("outcome", word),
    }
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn whole(key: &str, value: i64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

#[cfg(test)]
mod tests {
    use mailward_mail::clock::Timestamp;
    use mailward_mail::id::TenantId;

    use super::*;
    use crate::Trace;

    #[test]
    fn a_span_is_written_as_the_protocol_has_it() {
        let trace = Trace::of_request(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        let (from, to) = (Timestamp(1_000).into(), Timestamp(1_250).into());
        let tenant = TenantId::parse("acme").expect("a slug");
        let root = Span::root(trace, "GET /v1/account", from, to)
            .kind(Kind::Server)
            .of(Some(&tenant), None)
            .with(Fact::Status(500))
            .failed(true);
        let below = Span { id: 9, ..Span::new(trace, "store", to, from) };
        let told: Value = serde_json::from_slice(&body(&[root, below], "1.0", "node-1")).expect("JSON");
        let spans = &told["resourceSpans"][0]["scopeSpans"][0]["spans"];
        assert_eq!(
            spans[0],
            json!({
                "traceId": "0123456789abcdef0011223344556677", "spanId": "0011223344556677",
                "name": "GET /v1/account", "kind": 2,
                "startTimeUnixNano": "1000000000", "endTimeUnixNano": "1250000000",
                "attributes": [
                    { "key": "tenant_id", "value": { "stringValue": "acme" } },
                    { "key": "http.response.status_code", "value": { "intValue": "500" } },
                ],
                "status": { "code": 2 },
            })
        );
        assert_eq!(
            (&spans[1]["parentSpanId"], &spans[1]["spanId"], &spans[1]["status"]),
            (&json!("0011223344556677"), &json!("0000000000000009"), &json!({}))
        );
        assert_eq!(
            spans[1]["startTimeUnixNano"], spans[1]["endTimeUnixNano"],
            "no span ends before it began"
        );
    }
}
