//! To whom an inbox may write, as it is asked for and shown. Canaries are taken and never shown again.

use mailward_mailroom::{EffectiveSend, OnSecret, SendLimits, SendPolicy, SendTo, Taint};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whom an inbox may write to.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = SendTo)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ToShape {
    /// Anyone.
    Anyone,
    /// Whoever wrote to the inbox, whom it wrote to, or whom `allow` names.
    Known,
    /// Whom `allow` names.
    Allowlist,
    /// Addresses at the inbox's own domain, and whom `allow` names.
    Domain,
    /// Nobody.
    None,
}

/// What becomes of a suspicious mail after mail of medium or higher risk.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = Taint)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TaintShape {
    /// Nobody looks.
    Off,
    /// It waits for a person.
    Hold,
    /// It is refused.
    Block,
}

/// What becomes of a mail with a secret in it. One with a token of this service is always refused.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = OnSecret)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnSecretShape {
    /// It is refused.
    Refuse,
    /// It waits for a person.
    Hold,
}

/// How much an inbox may send, below the limits of its tenant's plan: the lower one counts. 0: the plan's alone.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[schema(as = SendLimits)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SendLimitsShape {
    /// Recipients a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    daily_sends: Option<u32>,
    /// Recipients a minute; twice as many at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sends_per_minute: Option<u32>,
    /// Recipients a day that the inbox never wrote to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    daily_new_recipients: Option<u32>,
}

impl SendLimitsShape {
    fn limits(self) -> SendLimits {
        SendLimits {
            daily_sends: self.daily_sends,
            sends_per_minute: self.sends_per_minute,
            daily_new_recipients: self.daily_new_recipients,
        }
    }

    fn of(limits: SendLimits) -> Self {
        Self {
            daily_sends: limits.daily_sends,
            sends_per_minute: limits.sends_per_minute,
            daily_new_recipients: limits.daily_new_recipients,
        }
    }
}

/// A send policy. What is absent is as the tenant's says.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[schema(as = SendPolicy)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SendPolicyShape {
    /// Whom the inbox may write to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<ToShape>,
    /// Addresses and domains that may be written to. At most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    allow: Option<Vec<String>>,
    /// Addresses and domains that are never written to, besides the tenant's. At most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    block: Option<Vec<String>>,
    /// What becomes of suspicious mail after mail of risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taint: Option<TaintShape>,
    /// For how many hours after it, 1 to 720.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taint_hours: Option<u16>,
    /// What becomes of a mail with a secret in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secrets: Option<OnSecretShape>,
    /// Strings that must not leave, besides the tenant's: at least 8 letters and digits each, at most 50. Never shown.
    #[serde(default, skip_serializing)]
    canaries: Option<Vec<String>>,
    /// How much an inbox may send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limits: Option<SendLimitsShape>,
}

/// `sendPolicy` of what is changed: whom alone, or all of it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = InboxSendPolicy)]
#[serde(untagged)]
pub(crate) enum InboxSendPolicy {
    /// `anyone`, `known`, `allowlist`, `domain` or `none`.
    To(ToShape),
    /// What is named changes, the rest stays.
    Fields(SendPolicyShape),
}

/// What rules for mail that goes, with what the tenant's policy says.
#[derive(Serialize, ToSchema)]
#[schema(as = EffectiveSendPolicy)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EffectiveSendView {
    to: &'static str,
    allow: Vec<String>,
    block: Vec<String>,
    taint: &'static str,
    taint_hours: u16,
    secrets: &'static str,
    /// How many there are.
    canaries: usize,
    limits: SendLimitsShape,
}

impl InboxSendPolicy {
    /// A policy with limits of this inbox besides.
    pub(crate) fn limited(policy: Option<Self>, limits: SendLimitsShape) -> Self {
        let shape = match policy {
            None => SendPolicyShape::default(),
            Some(Self::To(to)) => SendPolicyShape { to: Some(to), ..SendPolicyShape::default() },
            Some(Self::Fields(shape)) => shape,
        };
        Self::Fields(SendPolicyShape { limits: Some(limits), ..shape })
    }

    pub(crate) fn policy(self) -> SendPolicy {
        let shape = match self {
            Self::To(to) => SendPolicyShape { to: Some(to), ..SendPolicyShape::default() },
            Self::Fields(shape) => shape,
        };
        SendPolicy {
            to: shape.to.map(|to| match to {
                ToShape::Anyone => SendTo::Anyone,
                ToShape::Known => SendTo::Known,
                ToShape::Allowlist => SendTo::Allowlist,
                ToShape::Domain => SendTo::Domain,
                ToShape::None => SendTo::None,
            }),
            allow: shape.allow,
            block: shape.block,
            taint: shape.taint.map(|taint| match taint {
                TaintShape::Off => Taint::Off,
                TaintShape::Hold => Taint::Hold,
                TaintShape::Block => Taint::Block,
            }),
            taint_hours: shape.taint_hours,
            secrets: shape.secrets.map(|secrets| match secrets {
                OnSecretShape::Refuse => OnSecret::Refuse,
                OnSecretShape::Hold => OnSecret::Hold,
            }),
            canaries: shape.canaries,
            limits: shape.limits.map(SendLimitsShape::limits),
        }
    }
}

impl SendPolicyShape {
    pub(crate) fn of(policy: SendPolicy) -> Self {
        Self {
            to: policy.to.map(|to| match to {
                SendTo::Anyone => ToShape::Anyone,
                SendTo::Known => ToShape::Known,
                SendTo::Allowlist => ToShape::Allowlist,
                SendTo::Domain => ToShape::Domain,
                SendTo::None => ToShape::None,
            }),
            allow: policy.allow,
            block: policy.block,
            taint: policy.taint.map(|taint| match taint {
                Taint::Off => TaintShape::Off,
                Taint::Hold => TaintShape::Hold,
                Taint::Block => TaintShape::Block,
            }),
            taint_hours: policy.taint_hours,
            secrets: policy.secrets.map(|secrets| match secrets {
                OnSecret::Refuse => OnSecretShape::Refuse,
                OnSecret::Hold => OnSecretShape::Hold,
            }),
            canaries: None,
            limits: policy.limits.map(SendLimitsShape::of),
        }
    }
}

impl EffectiveSendView {
    pub(crate) fn of(send: EffectiveSend) -> Self {
        Self {
            to: send.to.as_str(),
            allow: send.allow,
            block: send.block,
            taint: send.taint.as_str(),
            taint_hours: send.taint_hours,
            secrets: send.secrets.as_str(),
            canaries: send.canaries.len(),
            limits: SendLimitsShape::of(send.limits),
        }
    }
}
