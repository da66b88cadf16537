//! What a list shows of a mail: the sealed `meta` part, made once from the snapshot, the verdict and the sender's
//! authentication.

use mailward_mail::envelope::Received;
use mailward_mail::id::MessageId;
use mailward_mail::parsed::{Mailbox, Parsed};
use mailward_phishing::{Evidence, Report};
use mailward_score::{Coverage, Level, Verdict};
use serde::{Deserialize, Serialize};

use crate::flags::circumstances;
use crate::screening::gate::GateNote;
use crate::sender_auth::SenderAuth;

/// Characters of a preview.
const PREVIEW: usize = 200;

/// See the module. Its JSON is sealed; the names are the store's own, not the contract's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Who the mail says wrote it.
    pub from: Mailbox,
    /// Who it says it is for.
    pub to: Vec<String>,
    /// Copies.
    pub cc: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// The beginning of its text.
    pub preview: String,
    /// Its attachments.
    pub attachments: Vec<AttachmentMeta>,
    /// The verdict.
    pub verdict: Option<Verdict>,
    /// The sender's authentication.
    pub auth: SenderAuth,
    /// What its gate went by.
    #[serde(default)]
    pub gate: GateNote,
    /// Header ambiguities.
    pub ambiguous: Vec<String>,
    /// The reverse-path of the envelope; none for bounces.
    pub envelope_from: Option<String>,
    /// The address it was delivered to, with its tag.
    pub delivered_to: String,
    /// The plus tag of that address.
    pub tag: Option<String>,
    /// `Message-ID`.
    pub message_id: Option<String>,
    /// `In-Reply-To`.
    pub in_reply_to: Vec<String>,
    /// `References`.
    pub references: Vec<String>,
    /// What in it is aimed at people.
    #[serde(default)]
    pub people: Report,
    /// A machine sent it by itself, and how we know.
    pub automated: Option<String>,
    /// A bare LF was made CRLF, a line was too long.
    pub wire_flags: Vec<String>,
    /// Of a mail that goes: why it waited for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_for: Option<HeldFor>,
    /// It could not be parsed: only the raw message is there.
    pub unread: bool,
}

/// Why a mail that goes waits for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFor {
    /// In words of ours.
    pub reasons: Vec<String>,
    /// The mail that caused it.
    pub caused_by: Option<MessageId>,
}

/// An attachment as a list shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentMeta {
    /// The name the sender gave it.
    pub filename: String,
    /// `type/subtype`, as the sender claims.
    pub content_type: String,
    /// Bytes after decoding.
    pub size: u64,
}

impl Meta {
    /// Puts together what is known of a message before it has a recipient.
    pub(crate) fn new(
        received: &Received,
        parsed: Option<&Parsed>,
        verdict: &Verdict,
        auth: SenderAuth,
    ) -> Self {
        let mut meta = Self {
            verdict: Some(verdict.clone()),
            auth,
            envelope_from: received.envelope.from.clone(),
            unread: parsed.is_none(),
            ..Self::default()
        };
        if received.bare_lf {
            meta.wire_flags.push("bare_lf".into());
        }
        if received.long_line {
            meta.wire_flags.push("long_line".into());
        }
        if let Some(parsed) = parsed {
            meta.read(parsed);
        }
        meta
    }

    /// What is known of a mail that goes. Nobody judges what the agent itself wrote.
    pub(crate) fn outgoing(parsed: &Parsed, address: &str) -> Self {
        let verdict = Verdict {
            score: 0,
            level: Level::Low,
            findings: Vec::new(),
            coverage: Coverage::Full,
            model: "none".to_owned(),
        };
        let mut meta = Self {
            verdict: Some(verdict),
            envelope_from: Some(address.to_owned()),
            automated: Some("auto-submitted".to_owned()),
            ..Self::default()
        };
        meta.read(parsed);
        meta
    }

    /// What in the mail is aimed at people, for a recipient in this domain; `earlier` wrote to the thread before.
    pub(crate) fn flag(&mut self, evidence: &Evidence, own_domain: &str, earlier: &[Mailbox]) {
        let own_domain = Some(own_domain).filter(|domain| !domain.is_empty());
        let around = circumstances(&self.auth, self.envelope_from.is_none(), own_domain, earlier);
        self.automated =
            evidence.automation(&around).map(|how| how.as_str().to_owned()).filter(|_| !self.unread);
        self.people = if self.unread { Report::default() } else { evidence.report(&around) };
    }

    /// The same mail read again from its bytes: what is known of its delivery stays, all else is made anew.
    pub(crate) fn reread(self, parsed: Option<&Parsed>, evidence: &Evidence) -> Self {
        let mut meta = Self {
            verdict: self.verdict,
            auth: self.auth,
            envelope_from: self.envelope_from,
            delivered_to: self.delivered_to,
            tag: self.tag,
            wire_flags: self.wire_flags,
            unread: parsed.is_none(),
            ..Self::default()
        };
        if let Some(parsed) = parsed {
            meta.read(parsed);
        }
        let domain =
            meta.delivered_to.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
        meta.flag(evidence, &domain, &[]);
        meta
    }

    /// Short words on what is notable: rule families that fired, what is aimed at people, and how the mail came.
    pub fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        let families = self.verdict.iter().flat_map(|verdict| &verdict.findings).map(|finding| {
            finding.rule.split_once('.').map_or(finding.rule.as_str(), |(family, _)| family).to_owned()
        });
        // Stored before there were such reports, a mail has this alone.
        let automated = self.automated.iter().map(|_| "automated".to_owned());
        let people = self.people.flags().map(|flag| flag.as_str().to_owned());
        let trust = self.gate.trust.iter().map(|trust| trust.as_str().to_owned());
        let unlisted = self.gate.unlisted.then(|| "sender_not_listed".to_owned());
        let wire = self.wire_flags.iter().cloned();
        for flag in families.chain(wire).chain(people).chain(automated).chain(trust).chain(unlisted) {
            if !flags.contains(&flag) {
                flags.push(flag);
            }
        }
        flags
    }

    fn read(&mut self, parsed: &Parsed) {
        let bare = |list: &[Mailbox]| list.iter().map(|one| one.address.clone()).take(100).collect();
        self.from = parsed.from.first().cloned().unwrap_or_default();
        self.to = bare(&parsed.to);
        self.cc = bare(&parsed.cc);
        self.subject = parsed.subject.clone();
        self.preview = preview(&body_text(parsed));
        self.ambiguous = parsed.ambiguous.clone();
        self.message_id = parsed.message_id.clone();
        self.in_reply_to = parsed.in_reply_to.clone();
        self.references = parsed.references.clone();
        self.attachments = parsed
            .attachments
            .iter()
            .map(|one| AttachmentMeta {
                filename: one.filename.clone(),
                content_type: one.content_type.clone(),
                size: one.size,
            })
            .collect();
    }
}

/// The text an agent reads: the plain text, or what a person would see of the HTML.
pub(crate) fn body_text(parsed: &Parsed) -> String {
    if parsed.text.trim().is_empty() {
        mailward_score::visible_text(&parsed.html)
    } else {
        parsed.text.clone()
    }
}

fn preview(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.chars().count() >= PREVIEW {
            return out.chars().take(PREVIEW).collect();
        }
    }
    out
}
