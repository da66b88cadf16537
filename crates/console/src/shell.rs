//! What is around every page of somebody who is signed in: the name of the service, where one can go, who one is.

use mailward_mailroom::people::Member;

use crate::door::Seat;
use crate::notice::Notice;
use crate::{Desk, Listener, assets};

/// See the module.
pub(crate) struct Shell {
    pub(crate) title: String,
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) icon: String,
    pub(crate) brand: String,
    pub(crate) support: Option<String>,
    pub(crate) ways: Vec<Way>,
    pub(crate) person: String,
    pub(crate) role: &'static str,
    pub(crate) place: String,
    pub(crate) proof: String,
    pub(crate) notice: Option<Notice>,
}

/// A way to another page.
pub(crate) struct Way {
    pub(crate) href: &'static str,
    pub(crate) label: &'static str,
    pub(crate) is_here: bool,
}

/// Pages that a person may go to.
const TENANTS: &[(&str, &str)] = &[("/console/review", "Review"), ("/console/people", "People")];
const STAFF: &[(&str, &str)] = &[("/console/people", "People")];

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
            style: assets::style(),
            script: assets::script(),
            icon: assets::icon(),
            brand: desk.config.name.clone(),
            support: desk.config.support_url.clone(),
            ways: ways.iter().map(|(href, label)| Way { href, label, is_here: *href == here }).collect(),
            person: member.name().to_owned(),
            role: member.role().as_str(),
            place: member.organisation().unwrap_or("Operations").to_owned(),
            proof: member.proof().to_owned(),
            notice: None,
        }
    }

    /// The same with something to say.
    pub(crate) fn saying(self, notice: Option<Notice>) -> Self {
        Self { notice, ..self }
    }
}
