//! What a person is told when something was not done. The causes of our own faults go to the log, not to her.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use mailward_mailroom::Error;
use mailward_store::Role;

use crate::{Desk, assets};

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
    style: String,
    icon: String,
    title: &'static str,
    text: String,
    back: Option<(&'static str, &'static str)>,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let home = Some(("/console", "Back to the beginning"));
        let (status, title, text, back) = match self {
            Self::SignIn => return Redirect::to("/console/sign-in").into_response(),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "It may have been decided on, or it never was. What belongs to somebody else looks the same.".into(),
                home,
            ),
            Self::Forbidden(role) => (
                StatusCode::FORBIDDEN,
                "Not with your role",
                format!("This takes the role “{}”. Somebody who is an admin can give it to you.", role.as_str()),
                home,
            ),
            Self::Foreign => (
                StatusCode::FORBIDDEN,
                "This form is too old",
                "It does not belong to your present session. Go back, load the page anew and try again.".into(),
                home,
            ),
            Self::Bad(text) => (StatusCode::BAD_REQUEST, "That will not do", text, home),
            Self::Conflict(text) => (StatusCode::CONFLICT, "It is not as it was", text, home),
            Self::Down => (
                StatusCode::SERVICE_UNAVAILABLE,
                "That did not work",
                "It is our fault, and it is in the service’s log. Nothing was changed; try again in a moment.".into(),
                home,
            ),
        };
        let page = Page { style: assets::style(), icon: assets::icon(), title, text, back };
        (status, render(&page)).into_response()
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
