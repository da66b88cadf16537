//! Tells what in a mail is aimed at people: links that lead elsewhere than they say, senders who are not who they say,
//! texts that press for credentials or money; and whether a machine sent it by itself.
//!
//! In two steps: [`examine`] reads what the sender wrote, [`Evidence::report`] weighs it with what the receiver found
//! out about the sender. No I/O, no clock, no failure, linear in its input. Says nothing about prompt injection, and no
//! score of that kind depends on it.
//!
//! ```
//! use mailward_phishing::{Circumstances, Flag, Letter, examine};
//!
//! let letter = Letter { html: r#"<a href="http://203.0.113.9/login">https://bank.example</a>"#, ..Letter::default() };
//! let report = examine(&letter).report(&Circumstances::default());
//! assert!(report.has(Flag::PhishingUrl));
//! ```

mod automation;
mod autoreply;
mod brands;
mod domain;
mod html;
mod links;
mod sender;
mod social;
mod words;

use serde::{Deserialize, Serialize};

pub use automation::Automation;
use links::Page;

/// Bytes of each text that are read.
pub const TEXT_LIMIT: usize = 256 * 1024;

/// A display name and an address, as somebody wrote them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mailbox<'a> {
    /// The display name.
    pub name: &'a str,
    /// The bare address.
    pub address: &'a str,
}

/// What the sender wrote.
#[derive(Clone, Debug, Default)]
pub struct Letter<'a> {
    /// The author.
    pub from: Mailbox<'a>,
    /// The header leaves open who the author is.
    pub ambiguous: bool,
    /// Where answers are to go.
    pub reply_to: Vec<&'a str>,
    /// The subject, decoded.
    pub subject: &'a str,
    /// The plain text.
    pub text: &'a str,
    /// The HTML.
    pub html: &'a str,
    /// The attachments.
    pub attachments: Vec<Attachment<'a>>,
    /// Other fields of the header, decoded, as name and value.
    pub headers: Vec<(&'a str, &'a str)>,
}

/// One attachment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attachment<'a> {
    /// Its file name.
    pub name: &'a str,
    /// The declared media type.
    pub content_type: &'a str,
    /// Its text, if it is text.
    pub text: &'a str,
}

/// What the receiver knows.
#[derive(Clone, Debug, Default)]
pub struct Circumstances<'a> {
    /// SPF, DKIM and DMARC.
    pub auth: Auth,
    /// The envelope had no sender: a bounce or the like.
    pub null_sender: bool,
    /// Domains of the receiver's own.
    pub own_domains: Vec<&'a str>,
    /// Who wrote to the thread before.
    pub earlier: Vec<Mailbox<'a>>,
}

/// What a check of the sender said (RFC 8601 2.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was claimed, checked or found out.
    #[default]
    Unknown,
    /// It is so.
    Pass,
    /// It is not so.
    Fail,
    /// Probably not so.
    SoftFail,
}

/// What is known of who sent it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Auth {
    /// Whether the client may send for the envelope's domain.
    pub spf: Outcome,
    /// Whether a signature holds.
    pub dkim: Outcome,
    /// Whether the author's domain answers for it.
    pub dmarc: Outcome,
    /// SPF or DKIM passed for the author's domain, whether or not it publishes a policy.
    pub is_proven: bool,
}

/// What a mail is flagged as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Its links lead elsewhere than they say.
    PhishingUrl,
    /// Its author is not who it says.
    SpoofedSender,
    /// It presses a person for credentials, money or a click.
    SocialEngineering,
    /// A machine sent it by itself.
    Automated,
}

impl Flag {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::PhishingUrl, Self::SpoofedSender, Self::SocialEngineering, Self::Automated];

    /// As it stands in `flags`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PhishingUrl => "phishing_url",
            Self::SpoofedSender => "spoofed_sender",
            Self::SocialEngineering => "social_engineering",
            Self::Automated => "automated",
        }
    }
}

/// One sign of a flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What it speaks for.
    pub flag: Flag,
    /// Which sign, such as `text_target`.
    pub sign: String,
    /// What it adds; a flag is set from [`Report::THRESHOLD`].
    pub weight: u8,
    /// The place itself, at most 120 characters.
    pub detail: String,
}

/// The flags that are set, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The signs of the flags that are set, strongest first.
    pub reasons: Vec<Reason>,
}

impl Report {
    /// The sum of weights from which a flag is set.
    pub const THRESHOLD: u32 = 50;
    /// No report names more reasons than this.
    pub const MOST_REASONS: usize = 12;

    /// Whether a flag is set.
    #[must_use]
    pub fn has(&self, flag: Flag) -> bool {
        self.reasons.iter().any(|reason| reason.flag == flag)
    }

    /// The flags that are set.
    pub fn flags(&self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(|flag| self.has(*flag))
    }
}

/// What was read in a letter. It owns what it needs, so that it can be weighed elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    page: Page,
    author: sender::Author,
    appeals: Vec<social::Appeal>,
    automation: Option<Automation>,
    /// A mailing list or a forwarder had it in hand: what authenticates the author may be broken.
    relayed: bool,
}

/// Reads a letter.
#[must_use]
pub fn examine(letter: &Letter<'_>) -> Evidence {
    let page = Page::read(letter);
    let appeals = social::appeals(letter, &page);
    Evidence {
        author: sender::Author::read(letter),
        appeals,
        automation: automation::automation(&letter.headers, letter.subject),
        relayed: automation::is_relayed(&letter.headers),
        page,
    }
}

impl Evidence {
    /// Weighs what was read.
    #[must_use]
    pub fn report(&self, around: &Circumstances<'_>) -> Report {
        let mut signs = Signs::default();
        links::weigh(&self.page, &self.author, around, &mut signs);
        sender::weigh(&self.author, self.relayed, around, &mut signs);
        social::weigh(&self.appeals, &self.page, &self.author, around, &mut signs);
        if let Some(automation) = self.automation(around) {
            signs.add(Flag::Automated, automation.as_str(), 100, "");
        }
        signs.report()
    }

    /// How it shows that a machine sent it by itself.
    #[must_use]
    pub fn automation(&self, around: &Circumstances<'_>) -> Option<Automation> {
        if around.null_sender { Some(Automation::NullSender) } else { self.automation }
    }
}

/// Builds what [`examine`] looks words up in. Without it the first call does so; a service calls it at its start.
pub fn warm_up() {
    words::build();
}

/// Signs as they are found: of each kind the strongest counts.
#[derive(Default)]
pub(crate) struct Signs(Vec<Reason>);

impl Signs {
    pub(crate) fn add(&mut self, flag: Flag, sign: &str, weight: u8, detail: &str) {
        match self.0.iter_mut().find(|known| known.flag == flag && known.sign == sign) {
            Some(known) if known.weight >= weight => {}
            Some(known) => (known.weight, known.detail) = (weight, shown(detail)),
            None => self.0.push(Reason { flag, sign: sign.to_owned(), weight, detail: shown(detail) }),
        }
    }

    pub(crate) fn has(&self, flag: Flag, sign: &str) -> bool {
        self.0.iter().any(|known| known.flag == flag && known.sign == sign)
    }

    pub(crate) fn sum(&self, flag: Flag) -> u32 {
        self.0.iter().filter(|sign| sign.flag == flag).map(|sign| u32::from(sign.weight)).sum()
    }

    fn report(self) -> Report {
        let set: Vec<Flag> =
            Flag::ALL.into_iter().filter(|flag| self.sum(*flag) >= Report::THRESHOLD).collect();
        let mut reasons: Vec<Reason> =
            self.0.into_iter().filter(|sign| set.contains(&sign.flag) && sign.weight > 0).collect();
        reasons.sort_by_key(|sign| (std::cmp::Reverse(sign.weight), sign.flag));
        reasons.truncate(Report::MOST_REASONS);
        Report { reasons }
    }
}

/// At most 120 characters, none that acts.
fn shown(detail: &str) -> String {
    const MOST: usize = 120;
    detail.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST).collect()
}

/// A text's beginning, at a character.
pub(crate) fn head(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most.min(text.len()))]
}
