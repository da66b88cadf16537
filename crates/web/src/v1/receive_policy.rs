//! From whom an inbox takes mail, as it is asked for and shown.

use mailward_mailroom::{EffectiveReceive, Otherwise, ReceiveFrom, ReceivePolicy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// From whom an inbox takes mail.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = ReceiveFrom)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FromShape {
    /// Anyone.
    Anyone,
    /// Whom the inbox wrote to, and whom `allow` names, where DMARC passed.
    Known,
    /// Whom `allow` names, where DMARC passed.
    Allowlist,
}

/// What becomes of mail of others.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = ReceiveOtherwise)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OtherwiseShape {
    /// It waits for a person.
    Hold,
    /// It is refused with 550.
    Refuse,
}

/// A receive policy. What is absent is as the tenant's says.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[schema(as = ReceivePolicy)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ReceivePolicyShape {
    /// From whom mail is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<FromShape>,
    /// Addresses and domains that mail is taken from. At most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    allow: Option<Vec<String>>,
    /// Addresses and domains, with all below them, that no mail is taken from, besides the tenant's. At most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    block: Option<Vec<String>>,
    /// What becomes of mail of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    otherwise: Option<OtherwiseShape>,
}

impl ReceivePolicyShape {
    pub(crate) fn policy(self) -> ReceivePolicy {
        ReceivePolicy {
            from: self.from.map(|from| match from {
                FromShape::Anyone => ReceiveFrom::Anyone,
                FromShape::Known => ReceiveFrom::Known,
                FromShape::Allowlist => ReceiveFrom::Allowlist,
            }),
            allow: self.allow,
            block: self.block,
            otherwise: self.otherwise.map(|otherwise| match otherwise {
                OtherwiseShape::Hold => Otherwise::Hold,
                OtherwiseShape::Refuse => Otherwise::Refuse,
            }),
        }
    }

    pub(crate) fn of(policy: ReceivePolicy) -> Self {
        Self {
            from: policy.from.map(from),
            allow: policy.allow,
            block: policy.block,
            otherwise: policy.otherwise.map(otherwise),
        }
    }

    /// What rules for an inbox: nothing is absent.
    pub(crate) fn ruling(policy: EffectiveReceive) -> Self {
        Self {
            from: Some(from(policy.from)),
            allow: Some(policy.allow),
            block: Some(policy.block),
            otherwise: Some(otherwise(policy.otherwise)),
        }
    }
}

fn from(from: ReceiveFrom) -> FromShape {
    match from {
        ReceiveFrom::Anyone => FromShape::Anyone,
        ReceiveFrom::Known => FromShape::Known,
        ReceiveFrom::Allowlist => FromShape::Allowlist,
    }
}

fn otherwise(otherwise: Otherwise) -> OtherwiseShape {
    match otherwise {
        Otherwise::Hold => OtherwiseShape::Hold,
        Otherwise::Refuse => OtherwiseShape::Refuse,
    }
}
