//! The steps of the demo, each checked against what must happen.

use std::net::SocketAddr;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde_json::{Value, json};

use super::api::ask;
use super::hook::Hook;
use super::mails::Mail;
use super::report::{HEAD, Seen};
use super::{ALL_PARTS, failed, say};
use crate::StartError;
use crate::app::App;
use crate::cli::terminal;

/// A tenant with its inbox.
pub(super) struct Cast {
    name: &'static str,
    pub(super) address: String,
    pub(super) token: String,
    review_token: String,
    inbox: String,
}

/// Everybody who takes part.
pub(super) struct Stage {
    http: SocketAddr,
    pub(super) ada: Cast,
    pub(super) bob: Cast,
    hook: Hook,
}

impl Stage {
    /// Makes two tenants with an inbox and a webhook each.
    pub(super) async fn set(app: &App) -> Result<Self, StartError> {
        let operator = crate::data_dir::read_secret(&app.data_dir().join("operator.key"))?;
        let (hook, at) = Hook::listen().await.map_err(|error| failed("the webhook endpoint", &error))?;
        let ada = Cast::make(app, &operator, "ada", &hook, at).await?;
        let bob = Cast::make(app, &operator, "bob", &hook, at).await?;
        Ok(Self { http: app.http.expect(ALL_PARTS), ada, bob, hook })
    }

    /// Sends every mail over SMTP; one for both is one transaction with two recipients.
    pub(super) async fn deliver(&self, smtp: SocketAddr, mails: &[Mail]) -> Result<(), StartError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(smtp.ip().to_string())
            .port(smtp.port())
            .build::<Tokio1Executor>();
        for mail in mails {
            let to = self
                .cast()
                .into_iter()
                .filter(|cast| mail.is_for(cast.name))
                .map(|cast| cast.address.parse());
            let to: Vec<_> = to.collect::<Result<_, _>>().map_err(|error| failed("an address", &error))?;
            let from = match mail.sender.as_str() {
                "" => None,
                sender => Some(sender.parse().map_err(|error| failed(sender, &error))?),
            };
            let envelope = Envelope::new(from, to).map_err(|error| failed("an envelope", &error))?;
            transport.send_raw(&envelope, mail.raw).await.map_err(|error| failed(&mail.what, &error))?;
        }
        say(&format!(
            "{} mails sent over SMTP to {smtp}; a 250 means that each is sealed and on the disk.\n\n",
            mails.len()
        ));
        Ok(())
    }

    /// Shows what became of each, as the tenants see it.
    pub(super) async fn verdicts(&self, mails: &[Mail]) -> Result<bool, StartError> {
        let (mut rows, mut well) = (Vec::new(), true);
        for cast in self.cast() {
            let (delivered, held) = (cast.delivered(self.http).await?, cast.held(self.http).await?);
            for mail in mails.iter().filter(|mail| mail.is_for(cast.name)) {
                let of = |list: &'_ [Value]| {
                    list.iter().position(|email| email["subject"] == mail.subject.as_str())
                };
                let found = match (of(&delivered), of(&held)) {
                    (Some(at), None) => Some((&delivered[at], false)),
                    (None, Some(at)) => Some((&held[at], true)),
                    // In both places, or in none.
                    _ => None,
                };
                let seen = Seen { tenant: cast.name, mail, found };
                well &= seen.is_right();
                rows.push(seen.cells());
            }
            let expected = mails.iter().filter(|mail| mail.is_for(cast.name)).count();
            well &= delivered.len() + held.len() == expected;
        }
        say(&terminal::table(&HEAD, &rows));
        let held = rows.iter().filter(|row| row[7] == "HELD").count();
        say(&format!(
            "\n{} deliveries, {held} held for a person; the sender of each saw the same 250.\n",
            rows.len()
        ));
        Ok(well)
    }

    /// Waits until each delivered mail was told to its tenant's endpoint, signed.
    pub(super) async fn webhooks(&self, mails: &[Mail], patience: Duration) -> bool {
        let count = |cast: &Cast| mails.iter().filter(|mail| mail.is_for(cast.name) && !mail.held).count();
        let expected: usize = self.cast().into_iter().map(count).sum();
        let all_came = async {
            while self.hook.look(|arrived| arrived.events.len()) < expected {
                self.hook.news().await;
            }
        };
        let in_time = tokio::time::timeout(patience, all_came).await.is_ok();
        let (came, forged, held_told) = self.hook.look(|arrived| {
            let is_held = |event: &Value| {
                mails.iter().any(|mail| mail.held && event["data"]["subject"] == mail.subject.as_str())
            };
            (
                arrived.events.len(),
                arrived.forged,
                arrived.events.iter().filter(|event| is_held(event)).count(),
            )
        });
        let well = in_time && came == expected && forged == 0 && held_told == 0;
        check(
            well,
            &format!(
                "webhooks: {came} of {expected} events arrived with a good signature, none of held mail"
            ),
        );
        well
    }

    /// Bob's key at Ada's mail: there is nothing there.
    pub(super) async fn crossed_token(&self) -> Result<bool, StartError> {
        let hers = self.ada.delivered(self.http).await?;
        let id = hers.first().and_then(|email| email["id"].as_str()).unwrap_or_default();
        let path = format!("/v1/inboxes/{}/emails/{id}", self.ada.inbox);
        let (own, _) = ask(self.http, &self.ada.token, "GET", &path, None).await?;
        let (status, answer) = ask(self.http, &self.bob.token, "GET", &path, None).await?;
        let well = own == 200 && status == 404;
        let error = answer["error"].as_str().unwrap_or_default();
        check(
            well,
            &format!(
                "isolation: ada reads her mail ({own}), bob's key gets {status} {error} for the same URL"
            ),
        );
        Ok(well)
    }

    /// A reviewer releases one held mail; only then does the agent see it.
    pub(super) async fn release(&self) -> Result<bool, StartError> {
        let held = self.ada.held(self.http).await?;
        let Some(id) = held.first().and_then(|email| email["id"].as_str()) else {
            check(false, "review: nothing was held");
            return Ok(false);
        };
        let path = format!("/v1/inboxes/{}/emails/{id}", self.ada.inbox);
        let (before, _) = ask(self.http, &self.ada.token, "GET", &path, None).await?;
        let release = format!("/v1/review/{id}/release");
        let (done, _) = ask(self.http, &self.ada.review_token, "POST", &release, Some(&json!({}))).await?;
        let (after, _) = ask(self.http, &self.ada.token, "GET", &path, None).await?;
        let (again, _) = ask(self.http, &self.ada.review_token, "POST", &release, Some(&json!({}))).await?;
        let well = (before, done, after, again) == (404, 200, 200, 409);
        check(
            well,
            &format!(
                "review: a held mail is {before} to the agent, a reviewer releases it ({done}), now it is {after}; a second decision gets {again}"
            ),
        );
        Ok(well)
    }

    fn cast(&self) -> [&Cast; 2] {
        [&self.ada, &self.bob]
    }
}

impl Cast {
    async fn make(
        app: &App,
        operator: &str,
        name: &'static str,
        hook: &Hook,
        at: SocketAddr,
    ) -> Result<Self, StartError> {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let made = created(
            ask(app.operator, operator, "POST", "/operator/v1/tenants", Some(&json!({ "id": name }))).await?,
        )?;
        let token = text(&made, "token");
        let wanted = json!({ "displayName": format!("{name} assistant") });
        let inbox =
            created(ask(app.http.expect(ALL_PARTS), &token, "POST", "/v1/inboxes", Some(&wanted)).await?)?;
        let wanted = json!({ "url": format!("http://{at}/{name}"), "events": ["email.received"] });
        let webhook =
            created(ask(app.http.expect(ALL_PARTS), &token, "POST", "/v1/webhooks", Some(&wanted)).await?)?;
        hook.trust(webhook["secret"].as_str().unwrap_or_default());
        Ok(Self {
            name,
            address: text(&inbox, "address"),
            inbox: text(&inbox, "id"),
            review_token: text(&made, "reviewToken"),
            token,
        })
    }

    async fn delivered(&self, http: SocketAddr) -> Result<Vec<Value>, StartError> {
        let path = format!("/v1/inboxes/{}/emails?limit=100", self.inbox);
        list(ask(http, &self.token, "GET", &path, None).await?)
    }

    async fn held(&self, http: SocketAddr) -> Result<Vec<Value>, StartError> {
        list(ask(http, &self.review_token, "GET", "/v1/review?limit=100", None).await?)
    }
}

fn created((status, answer): (u16, Value)) -> Result<Value, StartError> {
    if status == 201 { Ok(answer) } else { Err(failed("the API answered", &format!("{status} {answer}"))) }
}

fn list((status, mut answer): (u16, Value)) -> Result<Vec<Value>, StartError> {
    match answer["data"].take() {
        Value::Array(rows) if status == 200 => Ok(rows),
        _ => Err(failed("the API answered", &format!("{status} {answer}"))),
    }
}

fn check(well: bool, line: &str) {
    say(&format!("{} {line}\n", if well { "✓" } else { "✗" }));
}
