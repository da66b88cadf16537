//! Threads of an inbox, as its agent sees them; and how a mail that goes out joins one.

use mailward_mail::address::Address;
use mailward_mail::id::{InboxId, MessageId, ThreadId};
use mailward_store::{Scope, Thread, Threading};

use super::{Mail, meta, parsed};
use crate::access::Principal;
use crate::inbound::{among, id_digest};
use crate::keyring::TenantKeys;
use crate::{Error, Mailroom, Result};

/// Message-IDs that an answer names in `References`; the first and the newest are kept (RFC 5322 3.6.4 sets no bound).
const MOST_REFERENCES: usize = 20;

/// A thread without its mails.
#[derive(Clone, Debug)]
pub struct ThreadView {
    /// What the store knows of it.
    pub thread: Thread,
    /// The subject of the mail that opened it.
    pub subject: String,
}

/// Some threads, and where the next ones begin.
#[derive(Clone, Debug)]
pub struct ThreadPage {
    /// The one that was written to last first.
    pub threads: Vec<ThreadView>,
    /// Ask for those behind this place next; none: these were the last.
    pub next: Option<ThreadPlace>,
}

/// A place in the list of threads: as the inbox stood when the walk began, and the last mail of the last thread seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadPlace {
    /// The place of the newest mail when the walk began.
    pub until: i64,
    /// The place of the last mail of the last thread.
    pub before: i64,
}

/// A thread with mails of it, oldest first.
#[derive(Clone, Debug)]
pub struct OpenThread {
    /// The thread.
    pub view: ThreadView,
    /// Its mails.
    pub mails: Vec<Mail>,
    /// Ask for those behind this place next; none: these were the last.
    pub next: Option<i64>,
}

/// A mail that is to go out.
#[derive(Clone, Debug, Default)]
pub struct Outgoing<'a> {
    /// Its own Message-ID, with or without brackets.
    pub message_id: &'a str,
    /// Everybody it goes to openly.
    pub recipients: &'a [String],
    /// Its subject.
    pub subject: &'a str,
    /// What it answers: a Message-ID, or the `eml_` id of a mail of the inbox.
    pub in_reply_to: Option<&'a str>,
    /// The thread it is to join.
    pub thread: Option<&'a ThreadId>,
}

/// Where a mail that goes out belongs, and what its header says of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// To be stored with it.
    pub threading: Threading,
    /// `In-Reply-To`, without brackets.
    pub in_reply_to: Option<String>,
    /// `References`, oldest first, without brackets.
    pub references: Vec<String>,
    /// The mail of the inbox that it answers, where there is one.
    pub answers: Option<MessageId>,
}

impl Mailroom {
    /// Threads of an inbox, the one that was written to last first. `None`: the caller has no such inbox.
    pub async fn threads(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        limit: u32,
        place: Option<ThreadPlace>,
    ) -> Result<Option<ThreadPage>> {
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        if !caller.reaches(inbox) || scope.inbox(inbox).await?.is_none() {
            return Ok(None);
        }
        let until = match place {
            Some(place) => place.until,
            None => scope.newest_seq(inbox).await?,
        };
        let before = place.map(|place| place.before);
        // One more than wanted tells whether there is a next page.
        let mut found = scope.threads(inbox, until, before, i64::from(limit) + 1).await?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|last| ThreadPlace { until, before: last.last_seq });
        let mut threads = Vec::with_capacity(found.len());
        for thread in found {
            let subject = meta(caller.tenant(), &mut scope, &keys, &thread.opener).await?.subject;
            threads.push(ThreadView { thread, subject });
        }
        Ok(Some(ThreadPage { threads, next }))
    }

    /// One thread with at most `limit` of its mails behind the place `after`, without their texts. `None`: the caller has no
    /// such thread.
    pub async fn thread(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        id: &ThreadId,
        limit: u32,
        after: Option<i64>,
    ) -> Result<Option<OpenThread>> {
        if !caller.reaches(inbox) {
            return Ok(None);
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        // An inbox that was deleted has no mail any more, and so no thread.
        let Some(thread) = scope.conversation(inbox, id).await? else { return Ok(None) };
        let mut found = scope.conversation_mails(&thread.opener, after, i64::from(limit) + 1).await?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().and_then(|message| message.seq).filter(|_| more);
        let subject = meta(caller.tenant(), &mut scope, &keys, &thread.opener).await?.subject;
        let mut mails = Vec::with_capacity(found.len());
        for message in found {
            let meta = meta(caller.tenant(), &mut scope, &keys, &message).await?;
            mails.push(Mail { message, meta, parsed: None });
        }
        Ok(Some(OpenThread { view: ThreadView { thread, subject }, mails, next }))
    }

    /// Where a mail of an inbox that goes out belongs. Its thread is the one that is named, that of what it answers, or that
    /// of its subject among its recipients.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a thread or a mail that the inbox does not have, or that its agent may not see.
    pub async fn join_thread(
        &self,
        caller: &Principal,
        inbox: &InboxId,
        address: &Address,
        outgoing: &Outgoing<'_>,
    ) -> Result<Joined> {
        if !caller.reaches(inbox) {
            return Err(Error::invalid("from", "is not one of your inboxes"));
        }
        let keys = self.0.keyring.tenant(caller.tenant()).await?;
        let mut scope = caller.tenant().read().await?;
        let mut joined = Joined::default();
        if let Some(named) = outgoing.in_reply_to.filter(|named| !named.trim().is_empty()) {
            joined = self.answering(caller, &mut scope, &keys, inbox, named).await?;
        } else if let Some(thread) = outgoing.thread {
            // Its newest mail is what is answered.
            let newest = scope.newest_of_thread(inbox, thread).await?;
            let newest = newest.ok_or_else(|| Error::invalid("threadId", "is no thread of this inbox"))?;
            joined = self.answering(caller, &mut scope, &keys, inbox, newest.as_str()).await?;
        }
        let recipients = outgoing.recipients.iter().map(String::as_str);
        let references = joined.references.iter().rev().map(|id| id_digest(&keys, id));
        joined.threading = Threading {
            message_id: Some(id_digest(&keys, outgoing.message_id)),
            references: references.take(Scope::MOST_REFERENCES).collect(),
            thread: among(&keys, recipients, address, outgoing.subject),
        };
        if let Some(thread) = outgoing.thread {
            let digest = scope.thread_digest(inbox, thread).await?;
            joined.threading.thread =
                digest.ok_or_else(|| Error::invalid("threadId", "is no thread of this inbox"))?;
            // What was chosen stands, whatever the answered mail belongs to.
            joined.threading.references.clear();
        }
        Ok(joined)
    }

    async fn answering(
        &self,
        caller: &Principal,
        scope: &mut Scope,
        keys: &TenantKeys,
        inbox: &InboxId,
        named: &str,
    ) -> Result<Joined> {
        let own = |what: &MessageId| format!("`{what}` is no mail of this inbox");
        let id = match MessageId::parse(named.trim()) {
            Ok(id) => Some(id),
            // Somebody's Message-ID: known or not, it may be answered.
            Err(_) => scope.message_with_id(inbox, &id_digest(keys, named)).await?,
        };
        let Some(id) = id else {
            let bare = bare(named).ok_or_else(|| Error::invalid("inReplyTo", "is no Message-ID"))?;
            let references = vec![bare.clone()];
            return Ok(Joined { in_reply_to: Some(bare), references, ..Joined::default() });
        };
        let message = scope.message(inbox, &id).await?;
        let message = message.ok_or_else(|| Error::invalid("inReplyTo", own(&id)))?;
        let parsed = parsed(caller.tenant(), scope, keys, &message).await?.unwrap_or_default();
        let answered = parsed.message_id.as_deref().and_then(bare);
        // RFC 5322 3.6.4: the parent's references, or what it answers, and the parent itself.
        let before = if parsed.references.is_empty() { &parsed.in_reply_to } else { &parsed.references };
        let mut references: Vec<String> = before.iter().filter_map(|id| bare(id)).collect();
        references.extend(answered.clone());
        if references.len() > MOST_REFERENCES {
            references.drain(1..=references.len() - MOST_REFERENCES);
        }
        Ok(Joined { in_reply_to: answered, references, answers: Some(id), ..Joined::default() })
    }
}

/// A Message-ID as it may stand in a header: without brackets, in visible ASCII, of bounded length.
fn bare(id: &str) -> Option<String> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let is_fit = !id.is_empty()
        && id.len() <= 900
        && id.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
    is_fit.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_brings_nothing_into_a_header() {
        assert_eq!(bare(" <a.1@b.test> ").as_deref(), Some("a.1@b.test"));
        for bad in ["", "<>", "a b@c", "a@b\r\nBcc: x@y.test", "a>, <b@c", "ä@b", &"x".repeat(901)] {
            assert_eq!(bare(bad), None, "{bad:?}");
        }
    }
}
