//! Who asks: the key of one request, asked about again after a wait.

use std::net::IpAddr;

use mailward_mail::id::InboxId;
use mailward_mailroom::Mailroom;
use mailward_mailroom::access::{Denied, Principal};
use mailward_store::Scopes;
use tokio_util::sync::CancellationToken;

/// A key that was valid a moment ago, with what is needed to ask again. It is of one request, also within a session.
#[derive(Clone)]
pub struct Caller {
    principal: Principal,
    token: String,
    from: IpAddr,
    shutdown: CancellationToken,
}

impl Caller {
    /// The holder of a token that was just found valid; waits end when `shutdown` comes.
    pub fn new(principal: Principal, token: String, from: IpAddr, shutdown: CancellationToken) -> Self {
        Self { principal, token, from, shutdown }
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(crate) fn keyid(&self) -> &str {
        self.principal.keyid()
    }

    pub(crate) fn holds(&self, scopes: Scopes) -> bool {
        self.principal.scopes().contains(scopes)
    }

    /// The inbox that the key is bound to.
    pub(crate) fn inbox(&self) -> Option<&InboxId> {
        self.principal.inbox()
    }

    /// Returns once the service ends.
    pub(crate) async fn shutdown(&self) {
        self.shutdown.cancelled().await;
    }

    /// Asks again, after a wait: the key may have been revoked meanwhile.
    pub(crate) async fn still(&self, room: &Mailroom) -> Result<(), Denied> {
        room.principal(&self.token, self.from).await.map(drop)
    }
}
