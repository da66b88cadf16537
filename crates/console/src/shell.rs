//! What is around every page of somebody who is signed in: the name of the service, where one can go, who one is.

use std::sync::Arc;

use mailward_mailroom::GlassView;
use mailward_mailroom::people::Member;
use mailward_store::Role;

use crate::door::Seat;
use crate::look::Look;
use crate::notice::Notice;
use crate::text::plain;
use crate::{Desk, Listener, assets, words};

/// See the module.
pub(crate) struct Shell {
    pub(crate) title: String,
    pub(crate) look: Arc<Look>,
    pub(crate) script: String,
    pub(crate) ways: Vec<Way>,
    pub(crate) person: String,
    pub(crate) role: &'static str,
    pub(crate) place: String,
    pub(crate) proof: String,
    pub(crate) notice: Option<Notice>,
    pub(crate) glasses: Vec<GlassNote>,
}

/// That an operator of the service may read mail now.
pub(crate) struct GlassNote {
    pub(crate) id: String,
    pub(crate) what: &'static str,
    pub(crate) until: String,
    pub(crate) reason: String,
    /// Whether she who sees it may end it.
    pub(crate) may_end: bool,
}

/// A way to another page.
pub(crate) struct Way {
    pub(crate) href: &'static str,
    pub(crate) label: &'static str,
    pub(crate) is_here: bool,
    /// How many things wait there.
    pub(crate) count: usize,
}

/// Pages that a person may go to.
const TENANTS: &[(&str, &str)] = &[
    ("/console", "Overview"),
    ("/console/review", "Review"),
    ("/console/inboxes", "Inboxes"),
    ("/console/webhooks", "Webhooks"),
    ("/console/domains", "Domains"),
    ("/console/keys", "Keys"),
    ("/console/usage", "Usage"),
    ("/console/people", "People"),
    ("/console/audit", "Audit log"),
];
const STAFF: &[(&str, &str)] = &[
    ("/console", "Overview"),
    ("/console/tenants", "Tenants"),
    ("/console/people", "People"),
    ("/console/audit", "Audit log"),
];

impl Shell {
    /// The surroundings of a page that stands under `here`.
    pub(crate) fn new(desk: &Desk, seat: &Seat, title: &str, here: &str) -> Self {
        let ways = match desk.listener {
            Listener::Public => TENANTS,
            Listener::Private => STAFF,
        };
        let member: &Member = seat.member();
        Self {
            title: title.to_owned(),
            look: seat.look(),
            script: assets::script(),
            ways: ways
                .iter()
                .map(|(href, label)| Way { href, label, is_here: *href == here, count: 0 })
                .collect(),
            person: member.name().to_owned(),
            role: member.role().as_str(),
            place: member.organisation().unwrap_or("Operations").to_owned(),
            proof: member.proof().to_owned(),
            notice: None,
            glasses: seat.glasses().iter().map(|view| note(view, seat.may(Role::Admin))).collect(),
        }
    }

    /// The same with the number of mails that wait for a person.
    pub(crate) fn counting(mut self, waiting: usize) -> Self {
        for way in self.ways.iter_mut().filter(|way| way.href == "/console/review") {
            way.count = waiting;
        }
        self
    }

    /// The same with something to say.
    pub(crate) fn saying(self, notice: Option<Notice>) -> Self {
        Self { notice, ..self }
    }
}

fn note(view: &GlassView, may_end: bool) -> GlassNote {
    GlassNote {
        id: view.glass.id.to_string(),
        what: if view.glass.message.is_some() { "one mail of yours" } else { "your mail" },
        until: words::time(view.glass.until),
        reason: plain(view.reason.as_deref().unwrap_or_default()),
        may_end,
    }
}
