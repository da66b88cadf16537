//! What a person is told when something was not done. The causes of our own faults go to the log, not to her.
//!
//! A [`Trouble`] travels as a response without a page; [`Told::page`] writes it once it is known what the page is to wear.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use mailward_mailroom::Error;
use mailward_store::Role;

use crate::Desk;
use crate::look::Look;

/// See the module.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nobody is signed in.
    SignIn,
    /// There is nothing of this name, or it is somebody else's: the same to who asks.
    NotFound,
    /// It takes such a role.
    Forbidden(Role),
    /// The form is not one of ours.
    Foreign,
    /// The form will not do.
    Bad(String),
    /// Somebody was faster, or the state is another.
    Conflict(String),
    /// Our own fault.
    Down,
}

impl Trouble {
    /// A form that will not do, in words.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::Bad(text.into())
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid { field, problem } => Self::Bad(format!("{}: {problem}.", words(field))),
            Error::Scope(_) => Self::Forbidden(Role::Admin),
            Error::Conflict(text) => Self::Conflict(sentence(text)),
            error @ (Error::Store(_)
            | Error::Keys(_)
            | Error::Unreadable { .. }
            | Error::Root(_)
            | Error::Damaged(_)) => {
                tracing::error!(cause = chain(&error), "a page failed on our side");
                Self::Down
            }
            other => Self::Bad(sentence(&other.to_string())),
        }
    }
}

impl From<mailward_store::Error> for Trouble {
    fn from(error: mailward_store::Error) -> Self {
        Error::from(error).into()
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

fn words(field: &str) -> String {
    match field {
        "allowSender" | "allowSender.until" => "Letting the sender through".into(),
        "email" => "The address".into(),
        "code" => "The code".into(),
        "password" => "The password".into(),
        "name" => "The name".into(),
        "reason" => "The reason".into(),
        "logo" => "The logo".into(),
        "accent" => "The colour on light grounds".into(),
        "accentDark" => "The colour on dark grounds".into(),
        "supportUrl" => "The link to help".into(),
        "host" => "The host".into(),
        other => other.into(),
    }
}

/// A message of ours as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct Page {
    look: Arc<Look>,
    told: Told,
}

/// What stands on such a page.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) title: &'static str,
    pub(crate) text: String,
    /// Where one may go from there, and what the way is called.
    pub(crate) back: (&'static str, &'static str),
}

impl Told {
    /// The page.
    pub(crate) fn page(self, look: Arc<Look>) -> Response {
        render(&Page { look, told: self })
    }

    /// An answer that becomes the page.
    pub(crate) fn with(self, status: StatusCode) -> Response {
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let back = ("/console", "Back to the beginning");
        let (status, title, text) = match self {
            Self::SignIn => return Redirect::to("/console/sign-in").into_response(),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "It may have been decided on, or it never was. What belongs to somebody else looks the same.".into(),
            ),
            Self::Forbidden(role) => (
                StatusCode::FORBIDDEN,
                "Not with your role",
                format!("This takes the role “{}”. Somebody who is an admin can give it to you.", role.as_str()),
            ),
            Self::Foreign => (
                StatusCode::FORBIDDEN,
                "This form is too old",
                "It does not belong to your present session. Go back, load the page anew and try again.".into(),
            ),
            Self::Bad(text) => (StatusCode::BAD_REQUEST, "That will not do", text),
            Self::Conflict(text) => (StatusCode::CONFLICT, "It is not as it was", text),
            Self::Down => (
                StatusCode::SERVICE_UNAVAILABLE,
                "That did not work",
                "It is our fault, and it is in the service’s log. Nothing was changed; try again in a moment.".into(),
            ),
        };
        Told { title, text, back }.with(status)
    }
}

/// A page as an answer.
pub(crate) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What is answered where no page is. Who is not signed in learns nothing from it.
pub(crate) async fn no_such_page(State(_): State<Desk>) -> Trouble {
    Trouble::NotFound
}
