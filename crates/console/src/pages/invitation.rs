//! An invitation, taken up: a name, a password, an authenticator app. What is shown to who has none is the same as for one
//! that has ended.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mailward_mailroom::Error;
use mailward_mailroom::people::{Invited, Joining};
use qrcodegen::{QrCode, QrCodeEcc};

use crate::door::{Cookies, Letter};
use crate::look::{Look, Worn};
use crate::trouble::{Told, Trouble, render};
use crate::{Desk, Listener};

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    look: Arc<Look>,
    organisation: String,
    email: String,
    role: &'static str,
    seed: String,
    setup: String,
    square: Square,
    name: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct RecoveryPage {
    look: Arc<Look>,
    codes: Vec<String>,
}

/// A QR code as one SVG path.
struct Square {
    width: i32,
    path: String,
}

/// `GET /console/invitation/{secret}`
pub(crate) async fn show(
    State(desk): State<Desk>,
    worn: Worn,
    Path(secret): Path<String>,
) -> Result<Response, Trouble> {
    match opened(&desk, &worn, &secret).await? {
        Some(invited) => Ok(page(&worn, &invited, String::new(), None)),
        None => Ok(ended()),
    }
}

/// `POST /console/invitation/{secret}`
pub(crate) async fn accept(
    State(desk): State<Desk>,
    worn: Worn,
    Path(secret): Path<String>,
    Letter { fields }: Letter,
) -> Result<Response, Trouble> {
    let Some(invited) = opened(&desk, &worn, &secret).await? else { return Ok(ended()) };
    let name = fields.text("name");
    let again = |text: String| {
        (StatusCode::BAD_REQUEST, page(&worn, &invited, name.to_owned(), Some(text))).into_response()
    };
    if fields.text("password") != fields.text("again") {
        return Ok(again("The two passwords differ.".into()));
    }
    let joining = Joining { name, password: fields.text("password"), code: fields.text("code") };
    match desk.room.accept(&secret, &joining).await {
        Ok(Some(accepted)) => {
            let recovery = RecoveryPage { look: worn.look(), codes: accepted.recovery };
            let cookies = Cookies::session(&desk, accepted.session.expose());
            Ok((cookies, render(&recovery)).into_response())
        }
        Ok(None) => Ok(ended()),
        Err(error @ Error::Invalid { .. }) => match Trouble::from(error) {
            Trouble::Bad(text) => Ok(again(text)),
            other => Err(other),
        },
        Err(error) => Err(error.into()),
    }
}

/// The invitation, where it leads to this listener and host.
async fn opened(desk: &Desk, worn: &Worn, secret: &str) -> Result<Option<Invited>, Trouble> {
    let invited = desk.room.invitation(secret).await?;
    let here = desk.listener == Listener::Private;
    let is_here = |invited: &Invited| {
        invited.organisation.is_none() == here && worn.lets_in(invited.organisation.as_deref())
    };
    Ok(invited.filter(is_here))
}

fn ended() -> Response {
    let told = Told {
        title: "This invitation has ended",
        text: "Invitations are good once and for two days. Ask whoever invited you for another one.".into(),
        back: ("/console/sign-in", "Sign in"),
    };
    told.with(StatusCode::NOT_FOUND)
}

fn page(worn: &Worn, invited: &Invited, name: String, wrong: Option<String>) -> Response {
    let organisation = invited.organisation.clone().unwrap_or_else(|| "Operations".into());
    let seed = invited.seed.base32();
    let look = worn.look();
    let setup = setup_link(&look.name, &organisation, &invited.email, &seed);
    let spaced: Vec<&str> =
        seed.as_bytes().chunks(4).filter_map(|four| std::str::from_utf8(four).ok()).collect();
    render(&InvitationPage {
        look,
        organisation,
        email: invited.email.clone(),
        role: invited.role.as_str(),
        seed: spaced.join(" "),
        square: square(&setup),
        setup,
        name,
        wrong,
    })
}

/// What an authenticator app reads.
fn setup_link(brand: &str, organisation: &str, email: &str, seed: &str) -> String {
    let escaped = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let issuer = escaped(&format!("{brand} {organisation}")).replace('+', "%20");
    let label = escaped(email).replace('+', "%20");
    format!("otpauth://totp/{issuer}:{label}?secret={seed}&issuer={issuer}")
}

fn square(text: &str) -> Square {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
        return Square { width: 1, path: String::new() };
    };
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                path.push_str(&format!("M{} {}h1v1h-1z", x + 2, y + 2));
            }
        }
    }
    Square { width: code.size() + 4, path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_told_whose_code_it_is() {
        let link = setup_link("Mailward", "acme", "ada+x@acme.test", "ABCD");
        assert_eq!(
            link,
            "otpauth://totp/Mailward%20acme:ada%2Bx%40acme.test?secret=ABCD&issuer=Mailward%20acme"
        );
        let square = square(&link);
        assert!(square.width > 25 && square.path.starts_with("M2 2h1"), "a finder stands in the corner");
    }
}
