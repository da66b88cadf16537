//! What a mail became, in a line, beside what it should have become.

use serde_json::Value;

use super::mails::Mail;
use crate::cli::terminal;

/// What the API tells of one delivery.
pub(super) struct Seen<'a> {
    pub(super) tenant: &'static str,
    pub(super) mail: &'a Mail,
    /// The Email, if it was there; and whether it was held.
    pub(super) found: Option<(&'a Value, bool)>,
}

impl Seen<'_> {
    /// Whether level, hold and reasons are those expected: right for the right reason.
    pub(super) fn is_right(&self) -> bool {
        let Some((email, held)) = self.found else { return false };
        let findings = email["security"]["findings"].as_array().cloned().unwrap_or_default();
        let texts = |key: &str| -> Vec<String> {
            findings.iter().filter_map(|finding| finding[key].as_str().map(str::to_owned)).collect()
        };
        let (rules, places) = (texts("rule"), texts("where"));
        held == self.mail.held
            && email["security"]["injectionRisk"] == self.mail.level.as_str()
            && self
                .mail
                .reasons
                .iter()
                .all(|family| rules.iter().any(|rule| rule.split('.').next() == Some(family)))
            && self.mail.views.iter().all(|view| places.iter().any(|place| place.starts_with(view)))
    }

    /// The cells of its line.
    pub(super) fn cells(&self) -> Vec<String> {
        let mark = if self.is_right() { "✓" } else { "✗" };
        let Some((email, held)) = self.found else {
            return vec![
                mark.into(),
                self.tenant.into(),
                String::new(),
                cut(&self.mail.subject, 38),
                String::new(),
                String::new(),
                String::new(),
                "LOST".into(),
            ];
        };
        let security = &email["security"];
        vec![
            mark.into(),
            self.tenant.into(),
            cut(email["from"].as_str().unwrap_or_default(), 30),
            cut(&self.mail.subject, 38),
            security["injectionScore"].to_string(),
            security["injectionRisk"].as_str().unwrap_or_default().into(),
            reasons(security),
            if held { "HELD" } else { "delivered" }.into(),
        ]
    }
}

/// The head of the table.
pub(super) const HEAD: [&str; 8] = ["", "TO", "FROM", "SUBJECT", "SCORE", "LEVEL", "REASONS", "OUTCOME"];

/// The strongest reasons with their places, for what is worth a look.
fn reasons(security: &Value) -> String {
    let findings = security["findings"].as_array().cloned().unwrap_or_default();
    let name = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!("{} in {}", text("rule"), text("where"))
    };
    cut(&findings.iter().take(2).map(name).collect::<Vec<_>>().join(", "), 72)
}

fn cut(text: &str, most: usize) -> String {
    let shown = terminal::visible(text);
    if shown.chars().count() <= most {
        return shown.into_owned();
    }
    let mut out: String = shown.chars().take(most - 1).collect();
    out.push('…');
    out
}
