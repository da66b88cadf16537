//! Signing in, in two steps, and out.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use mailward_mailroom::people::{Refused, SignInRequest};

use crate::door::{Cookies, Form, From, Jar, Letter};
use crate::look::{Look, Worn};
use crate::trouble::{Trouble, render};
use crate::{Desk, Listener};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct PasswordPage {
    look: Arc<Look>,
    is_staff: bool,
    /// Whether it must be said whose person she is.
    asks_organisation: bool,
    organisation: String,
    email: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    look: Arc<Look>,
    wrong: Option<String>,
}

/// `GET /console/sign-in`
pub(crate) async fn show(State(desk): State<Desk>, worn: Worn, headers: HeaderMap) -> Response {
    let organisation = Jar::of(&headers, &desk).organisation().unwrap_or_default().to_owned();
    password_page(&desk, &worn, organisation, String::new(), None)
}

/// `POST /console/sign-in`
pub(crate) async fn password(
    State(desk): State<Desk>,
    worn: Worn,
    from: From,
    Letter { fields }: Letter,
) -> Result<Response, Trouble> {
    let typed = fields.text("organisation").trim().to_lowercase();
    // At a tenant's host it is that tenant's person, or nobody: who is another's is refused as who is unknown.
    let organisation = worn.tenant().map_or(typed, |tenant| tenant.to_string());
    let request = SignInRequest {
        organisation: match desk.listener {
            Listener::Public => Some(organisation.as_str()),
            // No organisation has this name, and so nobody is of it.
            Listener::Private if worn.tenant().is_some() => Some(""),
            Listener::Private => None,
        },
        email: fields.text("email"),
        password: fields.text("password"),
        from: from.address,
    };
    match desk.room.sign_in(&request).await {
        Ok(half) => {
            // Kept for the next time only where it is a slug: it stands in a cookie.
            let slug = mailward_mail::id::TenantId::parse(&organisation).is_ok();
            let kept = slug.then_some(organisation.as_str());
            let cookies = Cookies::half(&desk, half.expose(), kept);
            Ok((cookies, Redirect::to("/console/sign-in/code")).into_response())
        }
        Err(refused) => {
            let wrong = match worn.tenant() {
                None => "Organisation, address or password are wrong.",
                Some(_) => "Address or password are wrong.",
            };
            let (status, text) = told(refused, wrong)?;
            let page = password_page(&desk, &worn, organisation, fields.text("email").to_owned(), Some(text));
            Ok((status, page).into_response())
        }
    }
}

/// `GET /console/sign-in/code`
pub(crate) async fn ask_code(State(desk): State<Desk>, worn: Worn, headers: HeaderMap) -> Response {
    if Jar::of(&headers, &desk).half().is_none() {
        return Redirect::to("/console/sign-in").into_response();
    }
    code_page(&worn, None)
}

/// `POST /console/sign-in/code`
pub(crate) async fn code(
    State(desk): State<Desk>,
    worn: Worn,
    from: From,
    headers: HeaderMap,
    Letter { fields }: Letter,
) -> Result<Response, Trouble> {
    let Some(half) = Jar::of(&headers, &desk).half() else { return Err(Trouble::SignIn) };
    let wrong = "That code is wrong, was used before, or you took longer than five minutes.";
    if let Some(tenant) = worn.tenant()
        && !desk.room.half_is_of(half, tenant).await?
    {
        return Ok((StatusCode::FORBIDDEN, code_page(&worn, Some(wrong.to_owned()))).into_response());
    }
    match desk.room.sign_in_code(half, fields.text("code"), from.address, &from.origin).await {
        Ok(session) => {
            Ok((Cookies::session(&desk, session.expose()), Redirect::to("/console")).into_response())
        }
        Err(refused) => {
            let (status, text) = told(refused, wrong)?;
            Ok((status, code_page(&worn, Some(text))).into_response())
        }
    }
}

/// `POST /console/sign-out`
pub(crate) async fn sign_out(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Form { .. }: Form,
) -> Result<Response, Trouble> {
    if let Some(secret) = Jar::of(&headers, &desk).session() {
        desk.room.sign_out(secret).await?;
    }
    Ok((Cookies::none(&desk), Redirect::to("/console/sign-in")).into_response())
}

fn told(refused: Refused, wrong: &str) -> Result<(StatusCode, String), Trouble> {
    Ok(match refused {
        Refused::Wrong => (StatusCode::FORBIDDEN, wrong.to_owned()),
        Refused::TooMany(wait) => {
            let wait = if wait.as_secs() < 60 {
                format!("{} seconds", wait.as_secs().max(1))
            } else {
                format!("{} minutes", wait.as_secs().div_ceil(60))
            };
            (StatusCode::TOO_MANY_REQUESTS, format!("That was often. Try again in {wait}."))
        }
        Refused::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Many people sign in just now. Try again in a moment.".to_owned(),
        ),
        Refused::Down(error) => return Err(error.into()),
    })
}

fn password_page(
    desk: &Desk,
    worn: &Worn,
    organisation: String,
    email: String,
    wrong: Option<String>,
) -> Response {
    render(&PasswordPage {
        look: worn.look(),
        is_staff: desk.listener == Listener::Private,
        asks_organisation: desk.listener == Listener::Public && worn.tenant().is_none(),
        organisation,
        email,
        wrong,
    })
}

fn code_page(worn: &Worn, wrong: Option<String>) -> Response {
    render(&CodePage { look: worn.look(), wrong })
}
