//! Signing in, in two steps, and out.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use mailward_mailroom::people::{Refused, SignInRequest};

use crate::door::{Cookies, Form, From, Jar, Letter};
use crate::trouble::{Trouble, render};
use crate::{Desk, Listener, assets};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct PasswordPage {
    style: String,
    icon: String,
    brand: String,
    support: Option<String>,
    is_staff: bool,
    organisation: String,
    email: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    style: String,
    icon: String,
    brand: String,
    support: Option<String>,
    wrong: Option<String>,
}

/// `GET /console/sign-in`
pub(crate) async fn show(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let organisation = Jar::of(&headers, &desk).organisation().unwrap_or_default().to_owned();
    password_page(&desk, organisation, String::new(), None)
}

/// `POST /console/sign-in`
pub(crate) async fn password(
    State(desk): State<Desk>,
    from: From,
    Letter { fields }: Letter,
) -> Result<Response, Trouble> {
    let organisation = fields.text("organisation").trim().to_lowercase();
    let request = SignInRequest {
        organisation: (desk.listener == Listener::Public).then_some(organisation.as_str()),
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
            let (status, text) = told(refused, "Organisation, address or password are wrong.")?;
            let page = password_page(&desk, organisation, fields.text("email").to_owned(), Some(text));
            Ok((status, page).into_response())
        }
    }
}

/// `GET /console/sign-in/code`
pub(crate) async fn ask_code(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if Jar::of(&headers, &desk).half().is_none() {
        return Redirect::to("/console/sign-in").into_response();
    }
    code_page(&desk, None)
}

/// `POST /console/sign-in/code`
pub(crate) async fn code(
    State(desk): State<Desk>,
    from: From,
    headers: HeaderMap,
    Letter { fields }: Letter,
) -> Result<Response, Trouble> {
    let Some(half) = Jar::of(&headers, &desk).half() else { return Err(Trouble::SignIn) };
    match desk.room.sign_in_code(half, fields.text("code"), from.address, &from.origin).await {
        Ok(session) => {
            Ok((Cookies::session(&desk, session.expose()), Redirect::to("/console")).into_response())
        }
        Err(refused) => {
            let wrong = "That code is wrong, was used before, or you took longer than five minutes.";
            let (status, text) = told(refused, wrong)?;
            Ok((status, code_page(&desk, Some(text))).into_response())
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

fn password_page(desk: &Desk, organisation: String, email: String, wrong: Option<String>) -> Response {
    render(&PasswordPage {
        style: assets::style(),
        icon: assets::icon(),
        brand: desk.config.name.clone(),
        support: desk.config.support_url.clone(),
        is_staff: desk.listener == Listener::Private,
        organisation,
        email,
        wrong,
    })
}

fn code_page(desk: &Desk, wrong: Option<String>) -> Response {
    render(&CodePage {
        style: assets::style(),
        icon: assets::icon(),
        brand: desk.config.name.clone(),
        support: desk.config.support_url.clone(),
        wrong,
    })
}
