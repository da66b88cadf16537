//! Sends spans on to the operator's collector: OTLP over HTTP with JSON, a batch at a time.
//!
//! Mail never waits for it: what a collector that is down, slow or full does not take in a few tries is dropped and counted.

use std::sync::Arc;
use std::time::Duration;

use mailward_net::dns::Dns;
use mailward_net::egress::{Egress, EgressRules, PostError, Reply};
use mailward_trace::{Span, Spans, Tracer, body};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::StartError;
use crate::config::Config;

/// Spans of one request.
const BATCH: usize = 512;
/// How long the first of a batch waits for others.
const LINGER: Duration = Duration::from_millis(250);
/// How long a collector may take for a batch, and how often it is tried.
const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: u32 = 4;
/// The pause behind the first try; doubled with each.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that a collector may ask for.
const MOST_PAUSE: Duration = Duration::from_secs(30);
/// The largest answer that is read, in bytes.
const MOST_ANSWER: usize = 64 * 1024;

/// Networks that a collector may be in, also without TLS: spans hold ids and numbers, and the operator wrote the URL.
const NETWORKS: [&str; 6] =
    ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"];

/// The collector.
pub(crate) struct Collector {
    url: String,
    egress: Egress,
    authorization: Option<String>,
    instance: String,
}

/// Makes the tracer, and the way to the collector where there is one.
pub(crate) fn open(config: &Config, dns: Dns) -> Result<Option<Collector>, StartError> {
    let Some(endpoint) = &config.telemetry.otlp_endpoint else { return Ok(None) };
    let base = endpoint.trim_end_matches('/');
    let url = if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") };
    let allow_private = NETWORKS.iter().filter_map(|network| network.parse().ok()).collect();
    let rules = EgressRules { allow_private, inside_names: true, ..EgressRules::default() };
    let egress = Egress::new(dns, rules)
        .map_err(|error| StartError::failed(format!("cannot prepare TLS: {error}")))?;
    egress
        .judge(&url)
        .map_err(|blocked| StartError::refused(format!("telemetry.otlp_endpoint: {blocked}")))?;
    let authorization = config.telemetry.otlp_authorization.as_ref().map(|value| value.expose().to_owned());
    if authorization.as_ref().is_some_and(|value| value.contains(|c: char| c.is_control() || !c.is_ascii())) {
        let why = "telemetry.otlp_authorization: is no header value: printable ASCII on one line";
        return Err(StartError::refused(why.to_owned()));
    }
    let instance = config.smtp.bounds.hostname.clone();
    Ok(Some(Collector { url, egress, authorization, instance }))
}

impl Collector {
    /// Sends until told to stop, and then what is left.
    pub(crate) async fn keep(
        self: Arc<Self>,
        spans: Arc<Mutex<Spans>>,
        tracer: Tracer,
        stop: CancellationToken,
    ) {
        let mut spans = spans.lock().await;
        let mut is_well = true;
        loop {
            let batch = tokio::select! {
                batch = batch(&mut spans) => batch,
                () = stop.cancelled() => break,
            };
            let sent = tokio::select! {
                sent = self.send(&batch) => sent,
                // One more try, below.
                () = stop.cancelled() => {
                    let _ = self.post(&batch).await;
                    break;
                }
            };
            match &sent {
                Ok(()) if !is_well => tracing::info!("the collector of traces takes spans again"),
                Err(why) if is_well => {
                    tracing::warn!(why, "the collector of traces takes no spans; they are dropped")
                }
                _ => {}
            }
            is_well = sent.is_ok();
            if !is_well {
                tracer.drop_more(batch.len());
            }
        }
        // What the last requests told.
        while let Ok(left) = tokio::time::timeout(Duration::from_millis(50), spans.next(BATCH)).await {
            if left.is_empty() || self.post(&left).await.is_err() {
                return;
            }
        }
    }

    async fn send(&self, batch: &[Span]) -> Result<(), String> {
        let mut pause = PAUSE;
        let mut tried = 1;
        loop {
            let (why, wait) = match self.post(batch).await {
                Ok(reply) if (200..300).contains(&reply.status) => return Ok(()),
                // The four that may be tried again (OTLP specification, "Failures").
                Ok(reply) if matches!(reply.status, 429 | 502..=504) => {
                    (format!("status {}", reply.status), reply.retry_after.unwrap_or(pause))
                }
                Ok(reply) => return Err(format!("status {}", reply.status)),
                Err(error) => (error.to_string(), pause),
            };
            if tried == TRIES {
                return Err(why);
            }
            tokio::time::sleep(wait.min(MOST_PAUSE)).await;
            (pause, tried) = (pause * 2, tried + 1);
        }
    }

    async fn post(&self, batch: &[Span]) -> Result<Reply, PostError> {
        let version = env!("CARGO_PKG_VERSION");
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), format!("mailward/{version}")),
        ];
        headers.extend(self.authorization.clone().map(|value| ("authorization".to_owned(), value)));
        let body = body(batch, version, &self.instance);
        self.egress.ask(&self.url, &headers, body, PATIENCE, MOST_ANSWER).await
    }
}

/// What is there, after a moment for more.
async fn batch(spans: &mut Spans) -> Vec<Span> {
    let mut batch = spans.next(BATCH).await;
    if batch.is_empty() {
        // All tracers are gone: nothing comes any more.
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(LINGER).await;
    if batch.len() < BATCH {
        batch.extend(spans.waiting(BATCH - batch.len()));
    }
    batch
}
