//! What an operator chose about the judge. Values come checked from the server's configuration; what only this crate can
//! check is checked when [`super::Judge`] is made.

use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;
use mailward_mail::id::TenantId;
use zeroize::Zeroizing;

/// How the endpoint is told to answer in JSON, beside the prompt, which always does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgeFormat {
    /// Not at all: for endpoints that refuse requests with `response_format`.
    None,
    /// Any JSON object.
    #[default]
    JsonObject,
    /// Exactly our schema.
    JsonSchema,
}

/// See the module.
#[derive(Clone)]
pub struct JudgeSettings {
    /// The endpoint: a base such as `https://llm.example.org/v1`, or the whole URL up to `/chat/completions`.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// The key, sent as a bearer token.
    pub key: Option<Zeroizing<String>>,
    /// How JSON is asked for.
    pub format: JudgeFormat,
    /// How long one answer may take, from the first DNS question to its last byte.
    pub deadline: Duration,
    /// How long a mail waits in all; then its score stands.
    pub patience: Duration,
    /// Which scores are in doubt. Never reaches a score that is high by itself.
    pub grey: RangeInclusive<u8>,
    /// Bytes of one mail's text that are sent, as they are written in the request.
    pub most_bytes: usize,
    /// Whose mail is asked about; none: everybody's.
    pub tenants: Vec<TenantId>,
    /// Networks that are not public in which the endpoint may be, beside an address that stands in `url` itself.
    pub allow_private: Vec<IpNet>,
}

/// Why there can be no judge with these settings.
#[derive(Debug, thiserror::Error)]
pub enum BadJudge {
    /// The URL may not be called.
    #[error("screening.judge_url: {0}")]
    Url(String),
    /// The key cannot stand in a header.
    #[error("the judge's key holds characters that no HTTP header may hold")]
    Key,
    /// TLS cannot be prepared.
    #[error("cannot prepare TLS: {0}")]
    Tls(String),
}

impl JudgeSettings {
    /// Whether the judge is asked about this tenant's mail at all.
    pub(super) fn is_for(&self, tenant: &TenantId) -> bool {
        self.tenants.is_empty() || self.tenants.contains(tenant)
    }

    /// Whether the judge is asked about a mail of this score.
    pub(super) fn asks_about(&self, tenant: &TenantId, score: u8) -> bool {
        self.grey.contains(&score) && self.is_for(tenant)
    }
}
