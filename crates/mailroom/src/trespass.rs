//! The trial of the locks below the API, for an operator who wants to know whether they hold on the running service.
//!
//! Nothing is opened and nothing is shown: what leaves are counts, and those of foreign things are to be zero.

use mailward_mail::id::{InboxId, MessageId, TenantId, WebhookId};
use mailward_store::{Operator, Sighting};

use crate::{Mailroom, Result};

/// Ids of one tenant, tried by another.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// An inbox.
    pub inbox: InboxId,
    /// A delivered mail in it.
    pub email: MessageId,
    /// A held one.
    pub held: Option<MessageId>,
    /// An endpoint.
    pub webhook: Option<WebhookId>,
    /// The public part of a key.
    pub keyid: String,
}

/// What a tenant found.
#[derive(Clone, Debug)]
pub struct Trespass {
    /// Without any condition, table by table; `None` where the database has no roles.
    pub tables: Option<Vec<Sighting>>,
    /// Statements of the service that were given the other's ids.
    pub statements: u32,
    /// How many of them found something.
    pub found: u32,
}

impl Mailroom {
    /// Lets a tenant look for another's things in the database. `None`: there is no such tenant.
    pub async fn trespass(
        &self,
        operator: &Operator,
        by: &TenantId,
        foreign: &Foreign,
    ) -> Result<Option<Trespass>> {
        let Some((_, tenant)) = operator.tenant(by).await? else { return Ok(None) };
        let tables = tenant.trespass().await?;
        let mut scope = tenant.read().await?;
        let mut finds = vec![
            scope.inbox(&foreign.inbox).await?.is_some(),
            scope.message(&foreign.inbox, &foreign.email).await?.is_some(),
            scope.message_for_review(&foreign.email).await?.is_some(),
            scope.newest_seq(&foreign.inbox).await? != 0,
            scope.key(&foreign.keyid).await?.is_some(),
            !scope.keys(Some(&foreign.inbox), 1).await?.is_empty(),
        ];
        for id in std::iter::once(&foreign.email).chain(&foreign.held) {
            for kind in mailward_vault::PartKind::ALL {
                finds.push(scope.part(id, kind.as_str()).await?.is_some());
            }
        }
        if let Some(held) = &foreign.held {
            finds.push(scope.message_for_review(held).await?.is_some());
        }
        if let Some(webhook) = &foreign.webhook {
            finds.push(scope.webhook(webhook).await?.is_some());
        }
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let found = finds.iter().filter(|found| **found).count();
        Ok(Some(Trespass { tables, statements: count(finds.len()), found: count(found) }))
    }
}
