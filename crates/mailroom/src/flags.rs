//! Hands a mail to the reader of what is aimed at people (`mailward-phishing`) and what is known of its sender with it.
//!
//! What it finds stands in a mail's flags and nowhere else: the injection verdict does not know of it.

use mailward_mail::parsed::{Mailbox, Parsed};
use mailward_phishing::{Attachment, Auth, Circumstances, Evidence, Letter, Outcome, examine};

use crate::sender_auth::{AuthResult, SenderAuth};

/// Reads a mail. Runs where mail is screened: what it reads is hostile.
pub fn evidence(parsed: &Parsed) -> Evidence {
    let attachments = parsed.attachments.iter().map(|one| Attachment {
        name: &one.filename,
        content_type: &one.content_type,
        text: &one.text,
    });
    examine(&Letter {
        from: parsed.from.first().map(mailbox).unwrap_or_default(),
        ambiguous: parsed.ambiguous.iter().any(|name| name.contains("from") || name.contains("authors")),
        reply_to: parsed.reply_to.iter().map(|one| one.address.as_str()).collect(),
        subject: &parsed.subject,
        text: &parsed.text,
        html: &parsed.html,
        attachments: attachments.collect(),
        headers: parsed.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
    })
}

/// What is known around a mail.
pub fn circumstances<'a>(
    auth: &SenderAuth,
    null_sender: bool,
    own_domain: Option<&'a str>,
    earlier: &'a [Mailbox],
) -> Circumstances<'a> {
    Circumstances {
        auth: Auth {
            spf: outcome(auth.spf),
            dkim: outcome(auth.dkim),
            dmarc: outcome(auth.dmarc),
            is_proven: auth.domain.is_some(),
        },
        null_sender,
        own_domains: own_domain.into_iter().collect(),
        earlier: earlier.iter().map(mailbox).collect(),
    }
}

fn mailbox(one: &Mailbox) -> mailward_phishing::Mailbox<'_> {
    mailward_phishing::Mailbox { name: &one.name, address: &one.address }
}

fn outcome(result: AuthResult) -> Outcome {
    match result {
        AuthResult::Pass => Outcome::Pass,
        AuthResult::Fail => Outcome::Fail,
        AuthResult::SoftFail => Outcome::SoftFail,
        AuthResult::None | AuthResult::Neutral | AuthResult::TempError | AuthResult::PermError => {
            Outcome::Unknown
        }
    }
}
