//! One held mail, in all the forms in which somebody may have to see it.

use mailward_mail::parsed::Parsed;
use mailward_mailroom::Mail;
use mailward_mailroom::access::Principal;
use mailward_score::{Coverage, Finding, Level};
use mailward_store::Direction;

use crate::reasons::{self, Check};
use crate::text::{Piece, Place, line, loosely, pieces};
use crate::trouble::Trouble;
use crate::{Desk, words};

/// See the module.
pub(crate) struct MailView {
    pub(crate) id: String,
    pub(crate) subject: Vec<Piece>,
    pub(crate) from_name: Vec<Piece>,
    pub(crate) from_address: Vec<Piece>,
    pub(crate) to: String,
    pub(crate) received: String,
    pub(crate) ends: Option<String>,
    pub(crate) size: String,
    pub(crate) is_out: bool,
    pub(crate) level: &'static str,
    pub(crate) is_grave: bool,
    pub(crate) level_words: &'static str,
    pub(crate) score: u8,
    pub(crate) partial: bool,
    pub(crate) model: String,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) flags: Vec<String>,
    pub(crate) view: View,
    pub(crate) has_html: bool,
    pub(crate) has_text: bool,
    pub(crate) concealed: Vec<Piece>,
    pub(crate) checks: Vec<Check>,
    pub(crate) ambiguous: bool,
    pub(crate) attachments: Vec<File>,
    pub(crate) around: Vec<Turn>,
    pub(crate) can_allow: bool,
}

/// What of the mail is shown.
pub(crate) enum View {
    /// Its text, or what a person would see of its HTML.
    Text(Vec<Piece>),
    /// The source of its HTML.
    Source(Vec<Piece>),
    /// What its agent would be handed.
    Agent(Vec<Piece>),
    /// Its HTML, in a frame.
    Formatted(String),
    /// It could not be read.
    Unread,
}

/// A finding.
pub(crate) struct Reason {
    pub(crate) weight: u8,
    pub(crate) what: &'static str,
    pub(crate) place: String,
    pub(crate) excerpt: Vec<Piece>,
    pub(crate) rule: String,
}

/// An attachment: never opened here.
pub(crate) struct File {
    pub(crate) name: Vec<Piece>,
    pub(crate) kind: Vec<Piece>,
    pub(crate) size: String,
}

/// A mail of the conversation.
pub(crate) struct Turn {
    pub(crate) who: Vec<Piece>,
    pub(crate) subject: Vec<Piece>,
    pub(crate) when: String,
    pub(crate) preview: Vec<Piece>,
    pub(crate) is_own: bool,
}

impl View {
    /// The word by which it is asked for.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Unread => "text",
            Self::Source(_) => "source",
            Self::Agent(_) => "agent",
            Self::Formatted(_) => "formatted",
        }
    }
}

/// Puts a held mail together for its page.
pub(crate) async fn view(
    desk: &Desk,
    principal: &Principal,
    mail: Mail,
    wanted: &str,
) -> Result<MailView, Trouble> {
    let now = desk.room.clock().now();
    let around = desk.room.around_held(principal, &mail).await?;
    let turns = around.into_iter().map(|turn| Turn {
        who: line(if turn.meta.from.name.is_empty() {
            &turn.meta.from.address
        } else {
            &turn.meta.from.name
        }),
        subject: line(&turn.meta.subject),
        when: words::ago(turn.message.available_at.unwrap_or(turn.message.received_at), now),
        preview: line(&turn.meta.preview),
        is_own: turn.message.direction == Direction::Outbound,
    });
    let turns = turns.collect();
    let meta = &mail.meta;
    let verdict = meta.verdict.as_ref();
    let findings = verdict.map_or(&[][..], |verdict| verdict.findings.as_slice());
    let parsed = mail.parsed.as_ref();
    let has_html = parsed.is_some_and(|parsed| !parsed.html.trim().is_empty());
    let has_text = parsed.is_some_and(|parsed| !parsed.text.trim().is_empty());
    let domain = meta.from.address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let shown = match (wanted, parsed) {
        (_, None) => View::Unread,
        ("source", Some(parsed)) if has_html => {
            View::Source(pieces(&parsed.html, &places(findings, Of::Html)))
        }
        ("formatted", Some(_)) if has_html => {
            let link = desk.room.link_to_html(principal, &mail.message.id).await?;
            View::Formatted(format!("/console/view/{link}"))
        }
        ("agent", Some(_)) => View::Agent(pieces(&desk.room.as_agent_reads(mail.clone()).await?.text, &[])),
        (_, Some(parsed)) => View::Text(text(parsed, findings)),
    };
    let level = verdict.map_or(Level::Unknown, |verdict| verdict.level);
    Ok(MailView {
        id: mail.message.id.to_string(),
        subject: subject(&meta.subject, findings),
        from_name: line(&meta.from.name),
        from_address: line(if meta.from.address.is_empty() { "no address" } else { &meta.from.address }),
        to: meta.delivered_to.clone(),
        received: words::moment(mail.message.received_at),
        ends: desk.config.held_for.map(|time| words::day(mail.message.received_at.plus(time))),
        size: words::size(mail.message.size),
        is_out: mail.message.direction == Direction::Outbound,
        level: level.as_str(),
        is_grave: matches!(level, Level::High | Level::Unknown),
        level_words: reasons::level(level),
        score: verdict.map_or(75, |verdict| verdict.score),
        partial: verdict.is_none_or(|verdict| verdict.coverage == Coverage::Partial),
        model: verdict.map(|verdict| verdict.model.clone()).unwrap_or_default(),
        reasons: findings.iter().map(reason).collect(),
        flags: meta.people.flags().map(|flag| flag.as_str().replace('_', " ")).collect(),
        view: shown,
        has_html,
        has_text,
        concealed: parsed.map(|parsed| concealed(parsed, findings)).unwrap_or_default(),
        checks: reasons::checks(&meta.auth, domain),
        ambiguous: !meta.ambiguous.is_empty(),
        attachments: meta
            .attachments
            .iter()
            .take(50)
            .map(|one| File {
                name: line(if one.filename.is_empty() { "without a name" } else { &one.filename }),
                kind: line(&one.content_type),
                size: words::size(i64::try_from(one.size).unwrap_or(i64::MAX)),
            })
            .collect(),
        around: turns,
        can_allow: !meta.unread && meta.ambiguous.is_empty() && meta.from.address.contains('@'),
    })
}

fn reason(finding: &Finding) -> Reason {
    Reason {
        weight: finding.weight,
        what: reasons::reason(&finding.rule),
        place: reasons::whereabouts(&finding.view),
        excerpt: line(&finding.excerpt),
        rule: finding.rule.clone(),
    }
}

/// The findings that name a place; what the model feels of a whole passage would mark all of it.
fn precise(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    let vague = |finding: &Finding| finding.rule.starts_with("model.");
    let all_vague = findings.iter().all(vague);
    findings.iter().filter(move |finding| all_vague || !vague(finding))
}

/// What a finding's place counts the bytes of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Subject,
    Text,
    Html,
    Other,
}

fn source(view: &str) -> Of {
    match view.rsplit(" in ").next().unwrap_or_default() {
        "subject" => Of::Subject,
        "text" | "quoted" => Of::Text,
        "html" | "hidden" | "comment" | "attribute" => Of::Html,
        other if other.starts_with("hidden") => Of::Html,
        _ => Of::Other,
    }
}

fn places(findings: &[Finding], of: Of) -> Vec<Place> {
    let own = precise(findings).filter(|finding| source(&finding.view) == of);
    own.map(|finding| Place {
        range: finding.start..finding.end,
        what: reasons::reason(&finding.rule).to_owned(),
    })
    .collect()
}

fn subject(text: &str, findings: &[Finding]) -> Vec<Piece> {
    if text.trim().is_empty() {
        return line("(no subject)");
    }
    pieces(&text[..text.floor_char_boundary(600.min(text.len()))], &places(findings, Of::Subject))
}

/// The text, or what a person would see of the HTML, with what was found in it.
fn text(parsed: &Parsed, findings: &[Finding]) -> Vec<Piece> {
    if !parsed.text.trim().is_empty() {
        return pieces(&parsed.text, &places(findings, Of::Text));
    }
    let seen = mailward_score::visible_text(&parsed.html);
    pieces(&seen, &found_in(&seen, findings))
}

/// What a person does not see of the HTML, where something was found there; else nothing worth a page.
fn concealed(parsed: &Parsed, findings: &[Finding]) -> Vec<Piece> {
    if parsed.html.trim().is_empty() {
        return Vec::new();
    }
    let hidden = mailward_score::hidden_text(&parsed.html);
    if hidden.trim().is_empty() { Vec::new() } else { pieces(&hidden, &found_in(&hidden, findings)) }
}

fn found_in(text: &str, findings: &[Finding]) -> Vec<Place> {
    let places = precise(findings).filter_map(|finding| {
        let range = loosely(text, &finding.excerpt)?;
        Some(Place { range, what: reasons::reason(&finding.rule).to_owned() })
    });
    places.collect()
}
