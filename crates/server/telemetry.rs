//! What the service says about itself: log lines on stderr, as text or JSON.
//!
//! A line is one event and stays one line: control characters in what strangers sent are written out, so nobody can
//! forge a line or command a terminal. There are no colours, because they are control characters too. Which
//! fields an event may have is a list, in [`event`].

mod event;

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use event::Form;

use crate::cli::terminal;
use crate::config::Telemetry;

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `telemetry.log` is no filter.
    #[error("telemetry.log: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something else in this process logs already.
    #[error("logging was started before")]
    Started,
}

/// Starts logging to stderr, for the whole process.
///
/// # Errors
/// [`TelemetryError`] when the filter is none, or logging was started before.
pub fn start(telemetry: &Telemetry) -> Result<(), TelemetryError> {
    let subscriber = subscriber(telemetry, io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| TelemetryError::Started)
}

fn subscriber<W>(
    telemetry: &Telemetry,
    writer: W,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = filter(&telemetry.log)?;
    let form = if telemetry.json { Form::Json } else { Form::Text };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    Ok(Box::new(builder.event_format(form).with_writer(Lines(writer)).finish()))
}

/// What is heard when `log` is asked for. The protocol library's messages are the mail itself, so it is never heard below a
/// warning, whatever is asked for.
///
/// # Errors
/// `log` is no filter.
pub fn filter(log: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    let others = log.split(',').filter(|directive| !directive.trim_start().starts_with("rmcp"));
    let others: Vec<&str> = others.collect();
    Ok(EnvFilter::try_new(others.join(","))?.add_directive("rmcp=warn".parse()?))
}

/// Makes each event one line. The formatter hands over an event in one piece, with its line break at the end.
struct Lines<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Lines<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self.0.make_writer())
    }
}

struct Line<W>(W);

impl<W: Write> Write for Line<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = format!("{}\n", terminal::visible(text.strip_suffix('\n').unwrap_or(&text)));
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics with it").extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: &str, json: bool, events: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let telemetry =
            Telemetry { log: log.to_owned(), json, otlp_endpoint: None, otlp_authorization: None };
        let subscriber = subscriber(&telemetry, move || writer.clone()).expect("a filter");
        tracing::subscriber::with_default(subscriber, events);
        let bytes = kept.0.lock().expect("no test panics with it").clone();
        String::from_utf8(bytes).expect("log lines are text")
    }

    #[test]
    fn a_strangers_text_can_neither_forge_a_line_nor_command_the_terminal() {
        let hostile = "x\r\n2026-01-01 ERROR forged\x1b[2J\u{9b}31m\u{202e}";
        for json in [false, true] {
            let text = logged("info", json, || {
                tracing::info!(error = hostile, why = %hostile, cause = ?hostile, "{hostile}");
            });
            assert_eq!(text.matches('\n').count(), 1, "{text}");
            assert!(
                text.ends_with('\n')
                    && !text.trim_end().contains(|c: char| c.is_control() || c == '\u{202e}'),
                "{text:?}"
            );
            if json {
                let event: serde_json::Value = serde_json::from_str(&text).expect("still JSON");
                assert_eq!(event["error"], hostile);
            }
        }
    }

    #[test]
    fn fields_stand_at_the_top_and_only_those_on_the_list() {
        let events = || {
            let (tenant_id, subject) = ("acme", "Your invoice");
            tracing::info!(tenant_id, bytes = 7_u64, held = true, ms = 3_u128, subject, "mail taken");
        };
        let event: serde_json::Value = serde_json::from_str(&logged("info", true, events)).expect("JSON");
        assert_eq!(
            (&event["tenant_id"], &event["bytes"], &event["held"], &event["ms"], &event["message"]),
            (&"acme".into(), &7.into(), &true.into(), &3.into(), &"mail taken".into())
        );
        assert_eq!((&event["level"], &event["left_out"]), (&"info".into(), &1.into()));
        let text = logged("info", false, events);
        assert!(text.ends_with("mail taken tenant_id=acme bytes=7 held=true ms=3 (1 left out)\n"), "{text}");
        for text in [event.to_string(), text] {
            assert!(!text.contains("invoice") && !text.contains("subject"), "{text}");
        }
    }

    /// What is logged anywhere in the workspace, by its source.
    #[test]
    fn every_field_that_is_logged_is_on_the_list() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
        let (mut seen, mut unlisted) = (0, Vec::new());
        for file in sources(&root) {
            let text = std::fs::read_to_string(&file).expect("a source");
            let shown = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (at, _) in shown.match_indices("tracing::") {
                let Some(name) = ["error!(", "warn!(", "info!(", "debug!("]
                    .iter()
                    .find_map(|level| shown[at + 9..].strip_prefix(level))
                else {
                    continue;
                };
                seen += 1;
                let unknown = fields(name).into_iter().filter(|field| !event::FIELDS.contains(field));
                unlisted.extend(unknown.map(|field| format!("{}: {field}", file.display())));
            }
        }
        assert!(seen > 60, "{seen}");
        assert!(unlisted.is_empty(), "{unlisted:#?}");
    }

    fn sources(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            match entry.is_dir() {
                true => found.extend(sources(&entry)),
                false if entry.extension().is_some_and(|kind| kind == "rs") => found.push(entry),
                false => {}
            }
        }
        found
    }

    /// The names of the fields in what stands behind `info!(`: each up to its `=` or comma, until the message.
    fn fields(mut rest: &str) -> Vec<&str> {
        let mut fields = Vec::new();
        loop {
            rest = rest.trim_start();
            if rest.starts_with(['"', ')']) {
                return fields;
            }
            let mut depth = 0;
            let end = rest.find(|c| {
                depth += i32::from(matches!(c, '(' | '{' | '[')) - i32::from(matches!(c, ')' | '}' | ']'));
                depth < 0 || (depth == 0 && c == ',')
            });
            let (field, behind) = rest.split_at(end.unwrap_or(rest.len()));
            if !field.starts_with("target:") {
                let name = field.split('=').next().unwrap_or_default().trim();
                fields.push(name.trim_start_matches(['%', '?']));
            }
            rest = behind.strip_prefix(',').unwrap_or(behind);
        }
    }

    #[test]
    fn the_filter_decides_what_is_logged() {
        let events = || {
            tracing::info!(target: "mailward_smtp", "told");
            tracing::info!(target: "hyper", "untold");
            tracing::debug!(target: "mailward_smtp", "untold");
        };
        let text = logged("warn,mailward_smtp=info", false, events);
        assert!(text.contains("told") && text.lines().count() == 1, "{text}");
    }

    #[test]
    fn the_messages_of_the_protocol_are_never_logged() {
        for log in ["trace", "rmcp=trace", "info,rmcp::service=debug", " rmcp=debug,warn"] {
            let text = logged(log, false, || {
                tracing::debug!(target: "rmcp::service", "a mail");
                tracing::info!(target: "rmcp::service", "a client");
                tracing::warn!(target: "rmcp::transport", "a fault");
            });
            assert!(text.contains("a fault") && text.lines().count() == 1, "{log}: {text}");
        }
    }
}
