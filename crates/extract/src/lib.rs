//! Finds in one mail what an agent acts on: sign-in codes and links, contacts, dates, amounts, events, and what can be
//! done; and the new text of an answer.
//!
//! No I/O, no clock (the day is an argument), none of our other crates. Linear in its input, which is cut at bounds;
//! never fails: what is not found is not there. Everything found is a sender's word, and as untrusted as the mail.

mod amounts;
mod codes;
mod contacts;
mod dates;
mod events;
mod fold;
mod html;
mod links;
mod quotes;
mod words;

use serde::{Deserialize, Serialize};

pub use jiff::civil::Date;
pub use quotes::new_text;

/// What is read. Empty where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source<'a> {
    /// The subject.
    pub subject: &'a str,
    /// The text that a person sees.
    pub text: &'a str,
    /// The HTML.
    pub html: &'a str,
    /// The author's display name.
    pub from_name: &'a str,
    /// The author's bare address.
    pub from: &'a str,
    /// Calendar parts (RFC 5545), as text.
    pub calendars: &'a [&'a str],
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Extraction {
    /// Codes, the likeliest first.
    pub codes: Vec<Code>,
    /// Links that sign in or confirm, the likeliest first.
    pub links: Vec<Link>,
    /// People and ways to reach them.
    pub contacts: Vec<Contact>,
    /// Days and moments.
    pub dates: Vec<When>,
    /// Sums of money.
    pub amounts: Vec<Amount>,
    /// Meetings and the like.
    pub scheduling: Vec<Event>,
    /// What can be done by following a link.
    pub actions: Vec<Action>,
}

/// A code to type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// As it is typed.
    pub code: String,
    /// 0.5 to 0.99; what is less likely is not told.
    pub confidence: f32,
}

/// What a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Signs in.
    MagicLink,
    /// Confirms an address, an account or a subscription.
    ConfirmLink,
}

/// A link that signs in or confirms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Where it leads.
    pub url: String,
    /// What it does.
    pub kind: LinkKind,
    /// 0.5 to 0.99; what is less likely is not told.
    pub confidence: f32,
}

/// Somebody, and how to reach them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Their name.
    pub name: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// Their telephone number, as written.
    pub phone: Option<String>,
    /// What they are.
    pub role: Option<String>,
    /// Where.
    pub organization: Option<String>,
}

/// A day or a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct When {
    /// `YYYY-MM-DD`.
    pub value: String,
    /// The words around it.
    pub label: String,
    /// Year, or order of day and month, or the day itself is a guess.
    pub is_estimate: bool,
}

/// A sum of money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// How much.
    pub value: f64,
    /// Of what, ISO 4217.
    pub currency: String,
    /// The words before it.
    pub label: String,
}

/// A meeting or the like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// `meeting`, `cancellation` or `reply`.
    pub event_type: String,
    /// ISO 8601; with an offset where it is known.
    pub start_time: Option<String>,
    /// ISO 8601; with an offset where it is known.
    pub end_time: Option<String>,
    /// Where.
    pub location: Option<String>,
    /// Addresses.
    pub attendees: Vec<String>,
    /// What.
    pub summary: String,
}

/// Something that can be done by following a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// `sign_in`, `confirm`, `reset_password`, `unsubscribe`, `view_in_browser`, `pay`, `track`, `download`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The words on it.
    pub description: String,
    /// Where it leads.
    pub url: Option<String>,
    /// Until when, `YYYY-MM-DD`.
    pub deadline: Option<String>,
}

/// The codes and sign-in links of a mail, the likeliest first.
pub fn secrets(source: &Source<'_>) -> (Vec<Code>, Vec<Link>) {
    let codes = codes::codes(source);
    let links = links::sign_in_links(source);
    (codes, links)
}

/// Everything of a mail that was written on `today`, or came then.
pub fn extract(source: &Source<'_>, today: Date) -> Extraction {
    let (codes, links) = secrets(source);
    let plain =
        if source.text.trim().is_empty() { html::page(source.html).text } else { source.text.to_owned() };
    let text = fold::cut(&plain, MOST_TEXT);
    Extraction {
        actions: links::actions(source, &links),
        contacts: contacts::contacts(source, text),
        dates: dates::dates(text, today),
        amounts: amounts::amounts(text),
        scheduling: events::events(source.calendars),
        codes,
        links,
    }
}

/// As much text is read for contacts, dates and amounts.
const MOST_TEXT: usize = 256 * 1024;
