//! The facts in a mail, for who asks: found anew each time, kept nowhere. That they were asked for is kept, and who
//! was told of codes is in the audit log.

use mailward_extract::{Date, Extraction, extract};
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};
use mailward_mail::parsed::Parsed;
use mailward_store::Action;

use crate::access::Principal;
use crate::codes::source;
use crate::reading::parsed;
use crate::snapshot::body_text;
use crate::{Mailroom, Result};

/// What was found in a mail.
#[derive(Clone)]
pub struct Extracted {
    /// The mail.
    pub email: MessageId,
    /// When it was asked for first.
    pub asked_at: Timestamp,
    /// The facts; none in a mail that could not be read.
    pub found: Extraction,
}

impl Mailroom {
    /// Finds the facts in a delivered mail, and notes that they were asked for. `None`: the caller has no such mail.
    pub async fn extract(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &MessageId,
    ) -> Result<Option<Extracted>> {
        self.facts_in(caller, inbox, id, true).await
    }

    /// The facts in a delivered mail that were asked for before. `None`: nobody did, or the caller has no such mail.
    pub async fn extraction(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &MessageId,
    ) -> Result<Option<Extracted>> {
        self.facts_in(caller, inbox, id, false).await
    }

    async fn facts_in(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &MessageId,
        notes: bool,
    ) -> Result<Option<Extracted>> {
        if !caller.reaches(inbox) {
            return Ok(None);
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let now = self.0.clock.now();
        let mut scope = caller.tenant().read().await?;
        let Some(message) = scope.message(inbox, id).await? else { return Ok(None) };
        let known = scope.extracted_at(id).await?;
        if known.is_none() && !notes {
            return Ok(None);
        }
        let parsed = parsed(caller.tenant(), &mut scope, &keys, &message).await?;
        drop(scope);
        let found = parsed.map(|parsed| facts(&parsed, message.received_at)).unwrap_or_default();
        let has_secrets = !found.codes.is_empty() || !found.links.is_empty();
        let mut asked_at = known;
        if has_secrets || known.is_none() {
            let mut scope = caller.tenant().write().await?;
            asked_at = scope.note_extracted(id, now).await?;
            if has_secrets && scope.note_code_read(&message, now).await? {
                let act = caller.act(Action::CodeRead).on(id.as_str()).word("what", "extraction");
                scope.audit(&act.word("state", message.state.as_str()), now).await?;
            }
            scope.commit().await?;
        }
        // Deleted in between, it is there no more.
        Ok(asked_at.map(|asked_at| Extracted { email: message.id, asked_at, found }))
    }
}

/// The facts in a mail that came at a moment.
pub fn facts(parsed: &Parsed, received: Timestamp) -> Extraction {
    let text = body_text(parsed);
    let is_calendar = |kind: &str| kind == "text/calendar" || kind == "application/ics";
    let calendars: Vec<&str> = parsed
        .attachments
        .iter()
        .filter(|file| is_calendar(&file.content_type))
        .map(|file| file.text.as_str())
        .collect();
    let moment = jiff::Timestamp::from_millisecond(received.millis()).unwrap_or_default();
    let today: Date = moment.to_zoned(jiff::tz::TimeZone::UTC).date();
    extract(&source(parsed, &text, &calendars), today)
}
