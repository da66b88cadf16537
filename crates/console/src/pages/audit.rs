//! The audit log: of the reader's own house, or of a tenant for the operator's staff; without the reasons people gave where
//! they are not hers to read.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::Role;
use mailward_store::audit::rows::Entry;

use crate::door::Seat;
use crate::fields::Fields;
use crate::shell::Shell;
use crate::trouble::{Trouble, render};
use crate::{Desk, Listener, words};

/// Rows of a page.
const MOST: i64 = 100;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    shell: Shell,
    tenant: String,
    rows: Vec<LogRow>,
    next: Option<i64>,
}

/// A row of the log.
pub(crate) struct LogRow {
    pub(crate) seq: i64,
    pub(crate) when: String,
    /// A name, where it is known; else empty.
    pub(crate) name: String,
    pub(crate) who: String,
    pub(crate) what: String,
    pub(crate) object: String,
    pub(crate) outcome: String,
    pub(crate) from: String,
    pub(crate) said: String,
}

/// `GET /console/audit`
pub(crate) async fn show(
    State(desk): State<Desk>,
    seat: Seat,
    RawQuery(query): RawQuery,
) -> Result<Response, Trouble> {
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let before = query.text("before").parse().ok().filter(|seq| *seq > 0).unwrap_or(i64::MAX);
    let (found, tenant) = match desk.listener {
        Listener::Public => {
            let principal = seat.principal(Role::Viewer)?;
            (desk.room.audit_log(&principal, before, MOST).await?, String::new())
        }
        Listener::Private => {
            let operator = seat.operator(Role::Viewer)?;
            let named = query.text("tenant");
            let tenant = TenantId::parse(named).ok();
            if tenant.is_none() && !named.is_empty() {
                return Err(Trouble::NotFound);
            }
            let slug = tenant.as_ref().map(TenantId::as_str);
            let rows =
                desk.room.audit_before(&operator, slug, before, MOST).await?.ok_or(Trouble::NotFound)?;
            (rows.into_iter().map(|row| (row, None)).collect(), named.to_owned())
        }
    };
    let names = Names::of(&desk, &seat).await?;
    let next = found.last().map(|(row, _)| row.seq).filter(|seq| *seq > 1 && found.len() as i64 == MOST);
    Ok(render(&AuditPage {
        shell: Shell::new(&desk, &seat, "Audit log", "/console/audit"),
        tenant,
        rows: found.into_iter().map(|(row, said)| row_of(row, said, &names)).collect(),
        next,
    }))
}

/// The people of the reader's own house, by their ids. Others' stay ids.
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    pub(crate) async fn of(desk: &Desk, seat: &Seat) -> Result<Self, Trouble> {
        let people = desk.room.people(seat.member()).await?;
        let named = people.into_iter().map(|person| {
            let name = if person.name.is_empty() { person.email } else { person.name };
            (person.id.to_string(), name)
        });
        Ok(Self(named.collect()))
    }
}

/// A row as it is shown.
pub(crate) fn row_of(entry: Entry, said: Option<String>, names: &Names) -> LogRow {
    let row = entry.row;
    LogRow {
        name: row.actor.as_ref().and_then(|id| names.0.get(id).cloned()).unwrap_or_default(),
        seq: entry.seq,
        when: words::moment(Timestamp(row.at)),
        who: match (row.actor_kind.as_str(), row.actor) {
            ("service", _) => "the service".into(),
            ("sender", _) => "somebody without a key".into(),
            ("operator", Some(id)) => format!("operator {id}"),
            (_, Some(id)) => id,
            (kind, None) => kind.to_owned(),
        },
        what: row.action,
        object: row.object.unwrap_or_default(),
        outcome: if row.outcome == "done" { String::new() } else { row.outcome },
        from: row.network.unwrap_or_default(),
        said: said.unwrap_or_default(),
    }
}
