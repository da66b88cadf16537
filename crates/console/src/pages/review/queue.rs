//! What waits, in campaigns; and what was just decided and may be taken back.

use std::collections::HashMap;

use mailward_mail::id::MessageId;
use mailward_mailroom::access::Principal;
use mailward_mailroom::{Approvals, Mail};
use mailward_score::Level;
use mailward_store::{Decision, Direction};

use crate::campaigns::campaigns;
use crate::text::{Piece, line, plain};
use crate::trouble::Trouble;
use crate::{Desk, reasons, words};

/// Mails that are listed at once.
const MOST: i64 = 300;

/// See the module.
pub(crate) struct Queue {
    pub(crate) groups: Vec<Group>,
    pub(crate) count: usize,
    pub(crate) is_full: bool,
}

/// A campaign.
pub(crate) struct Group {
    pub(crate) what: &'static str,
    pub(crate) items: Vec<Item>,
}

/// A mail of the list.
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) subject: Vec<Piece>,
    pub(crate) sender: Vec<Piece>,
    pub(crate) why: &'static str,
    pub(crate) level: &'static str,
    pub(crate) score: u8,
    pub(crate) age: String,
    pub(crate) is_here: bool,
    pub(crate) is_out: bool,
    /// Of a mail that two must release: whom it waits for.
    pub(crate) twice: Option<&'static str>,
}

/// Decisions of one moment, that may be taken back together.
pub(crate) struct Undo {
    pub(crate) text: String,
    pub(crate) ids: Vec<String>,
    pub(crate) left_ms: i64,
}

impl Queue {
    /// Leaves the campaign of one mail alone.
    pub(crate) fn keep_campaign(&mut self, id: &str) {
        self.groups.retain(|group| group.items.iter().any(|item| item.id == id));
    }

    /// The neighbours of a mail.
    pub(crate) fn around(&self, id: &str) -> (Option<String>, Option<String>) {
        let all: Vec<&str> =
            self.groups.iter().flat_map(|group| &group.items).map(|item| item.id.as_str()).collect();
        let Some(at) = all.iter().position(|known| *known == id) else {
            return (None, all.first().map(|id| (*id).to_owned()));
        };
        let own = |at: Option<usize>| at.and_then(|at| all.get(at)).map(|id| (*id).to_owned());
        (own(at.checked_sub(1)), own(Some(at + 1)))
    }
}

/// Reads what waits. What somebody has decided on waits no longer.
pub(crate) async fn read(
    desk: &Desk,
    principal: &Principal,
    person: &str,
    here: Option<&MessageId>,
) -> Result<(Queue, Vec<Undo>), Trouble> {
    let now = desk.room.clock().now();
    let held = desk.room.held(principal, None, MOST).await?;
    let is_full = held.len() as i64 >= MOST;
    let approvals = desk.room.approvals(principal, &held).await?;
    let approvals: HashMap<MessageId, Approvals> = held
        .iter()
        .zip(approvals)
        .filter_map(|(mail, approvals)| Some((mail.message.id.clone(), approvals?)))
        .collect();
    let pending = desk.room.pending_decisions(principal).await?;
    let mut undos: Vec<(Decision, i64, Undo)> = Vec::new();
    for one in pending.iter().filter(|one| one.by == person && one.due_at > now) {
        // What was decided together is taken back together.
        let second = one.due_at.millis() / 1_000;
        let known =
            undos.iter_mut().find(|(decision, at, _)| *decision == one.decision && (second - at).abs() < 2);
        match known {
            Some((_, _, undo)) => undo.ids.push(one.message.to_string()),
            None => {
                let left_ms = one.due_at.millis() - now.millis();
                let undo = Undo { text: String::new(), ids: vec![one.message.to_string()], left_ms };
                undos.push((one.decision, second, undo));
            }
        }
    }
    let undos = undos.into_iter().map(|(decision, _, mut undo)| {
        let what = match decision {
            Decision::Release => "released",
            Decision::Reject => "rejected",
        };
        undo.text = match undo.ids.as_slice() {
            [id] => {
                let is_first = MessageId::parse(id)
                    .is_ok_and(|id| approvals.get(&id).is_some_and(|approvals| approvals.first.is_none()));
                let what = match what {
                    "released" if is_first => "released by you, and waits for a second person",
                    what => what,
                };
                let subject = held.iter().find(|mail| mail.message.id.as_str() == id);
                let subject: String =
                    subject.map_or(String::new(), |mail| mail.meta.subject.chars().take(60).collect());
                let subject = if subject.trim().is_empty() {
                    "a mail".into()
                } else {
                    format!("“{}”", plain(&subject))
                };
                format!("{subject} is {what}.")
            }
            many => format!("{} mails are {what}.", many.len()),
        };
        undo
    });
    let undos = undos.collect();
    let waiting: Vec<Mail> =
        held.into_iter().filter(|mail| pending.iter().all(|one| one.message != mail.message.id)).collect();
    let groups = campaigns(&waiting).into_iter().map(|campaign| Group {
        what: if campaign.mails.len() > 1 { campaign.what } else { "" },
        items: campaign
            .mails
            .iter()
            .map(|at| {
                let twice = approvals.get(&waiting[*at].message.id).map(|it| whom(it, person));
                Item { twice, ..item(&waiting[*at], now, here) }
            })
            .collect(),
    });
    Ok((Queue { groups: groups.collect(), count: waiting.len(), is_full }, undos))
}

fn item(mail: &Mail, now: mailward_mail::clock::Timestamp, here: Option<&MessageId>) -> Item {
    let meta = &mail.meta;
    let (level, score, findings) = meta.verdict.as_ref().map_or((Level::Unknown, 75, &[][..]), |verdict| {
        (verdict.level, verdict.score, verdict.findings.as_slice())
    });
    let subject = if meta.subject.trim().is_empty() { "(no subject)" } else { &meta.subject };
    let sender = match (meta.from.name.trim(), meta.from.address.as_str()) {
        ("", "") => "unknown sender".to_owned(),
        ("", address) => address.to_owned(),
        (name, address) => format!("{name} <{address}>"),
    };
    Item {
        id: mail.message.id.to_string(),
        subject: line(subject),
        sender: line(&sender),
        why: reasons::headline(findings),
        level: level.as_str(),
        score,
        age: words::ago(mail.message.received_at, now),
        is_here: here == Some(&mail.message.id),
        is_out: mail.message.direction == Direction::Outbound,
        twice: None,
    }
}

/// Whom a mail waits for that two must release.
fn whom(approvals: &Approvals, person: &str) -> &'static str {
    match &approvals.first {
        None => "takes two who release it",
        Some((by, _)) if by == person => "released by you: somebody else must, too",
        Some(_) => "released by one: waits for a second",
    }
}
