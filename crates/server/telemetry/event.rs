//! The form of a log line, and what may stand in it: fields on a list, so that a library, or a later change, cannot log what
//! nobody decided on.
//!
//! Fields that are not on the list are left out, and the line says how many. Messages are words of ours; those of libraries,
//! which may quote what they handle, are heard from warnings on, or not at all, as the filter says.

use std::fmt::{self, Write};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// What may stand in a line besides its time, level, target and message: ids, counts, words and addresses of machines of ours.
/// Never a subject, an address of anybody's, or text.
pub(super) const FIELDS: &[&str] = &[
    // Whose, and of what.
    "tenant_id",
    "inbox_id",
    "message_id",
    "request_id",
    "trace_id",
    "webhook",
    "webhook_id",
    "job",
    "kind",
    "keyid",
    // How it went.
    "status",
    "method",
    "route",
    "ms",
    "milliseconds",
    "bytes",
    "risk",
    "score",
    "held",
    "attempt",
    "again",
    "code",
    "no",
    "carried",
    "reason",
    "why",
    "error",
    "causes",
    "cause",
    "detail",
    "drift",
    "refusal",
    "revoked",
    "family",
    "by",
    // Of the service itself.
    "task",
    "roles",
    "smtp",
    "http",
    "operator",
    "path",
    "host",
    "domain",
    "balancer",
    "bad",
    "sessions",
    "open",
    "rows",
    "messages",
    "mails",
    "wrong",
    "number",
    "note",
    "rotation",
    "from",
    "to",
    "door",
    "tried",
    "answered",
    "closed",
    "leaks",
    "untried",
    "left",
    "tenants",
    "waited",
];

/// The form.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// One JSON object, its fields at the top.
    Json,
    /// For people.
    Text,
}

impl<S, N> FormatEvent<S, N> for Form
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut said = Said::default();
        event.record(&mut said);
        let mut at = String::new();
        SystemTime.format_time(&mut Writer::new(&mut at))?;
        let (level, target) = (event.metadata().level(), event.metadata().target());
        match self {
            Self::Json => {
                let mut line = Map::new();
                line.insert("timestamp".into(), at.into());
                line.insert("level".into(), level.as_str().to_lowercase().into());
                line.insert("target".into(), target.into());
                line.insert("message".into(), said.message.into());
                line.extend(said.fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
                if said.left_out > 0 {
                    line.insert("left_out".into(), said.left_out.into());
                }
                writeln!(out, "{}", Value::Object(line))
            }
            Self::Text => {
                write!(out, "{at} {level:>5} {target}: {}", said.message)?;
                for (name, value) in said.fields {
                    match value {
                        Value::String(text) if is_plain(&text) => write!(out, " {name}={text}")?,
                        value => write!(out, " {name}={value}")?,
                    }
                }
                match said.left_out {
                    0 => writeln!(out),
                    count => writeln!(out, " ({count} left out)"),
                }
            }
        }
    }
}

/// Whether a value can be told from what stands around it.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=')
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    /// As they stand where it is logged.
    fields: Vec<(&'static str, Value)>,
    left_out: usize,
}

impl Said {
    fn set(&mut self, field: &Field, value: Value) {
        match field.name() {
            name if FIELDS.contains(&name) => self.fields.push((name, value)),
            _ => self.left_out += 1,
        }
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        match field.name() {
            "message" => self.message = text,
            _ => self.set(field, text.into()),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            _ => self.set(field, value.into()),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.record_u64(field, u64::try_from(value).unwrap_or(u64::MAX));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }
}
