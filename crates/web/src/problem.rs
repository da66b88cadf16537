//! What a caller is told when something was not done. The only place that knows the error body of the contract.
//!
//! A [`Problem`] travels as a response without a body; [`Problem::render`] writes the body once the request's id is
//! known. Text of mail never appears here, and the causes of our own faults go to the log, not to the caller.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::header::{ALLOW, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use mailward_mail::calendar::until;
use mailward_mail::clock::Timestamp;
use mailward_mailroom::access::Denied;
use mailward_mailroom::{Error, Limit, OverLimit};
use serde::Serialize;
use utoipa::ToSchema;

/// The longest message; some repeat what a caller sent.
const MOST_CHARACTERS: usize = 400;

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorView {
    /// A stable word for programs.
    error: &'static str,
    /// A sentence for people.
    message: String,
    /// Names the request in the service's log.
    request_id: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    /// The limit that stood in the way, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'static str>,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<u64>,
    /// What of it is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<u64>,
    /// When there is something to use again; null where something must be deleted, or come to its end, first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    resets_at: Option<Option<String>>,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    docs: Option<&'static str>,
}

/// A limit that stood in the way.
#[derive(Clone, Debug)]
struct Reached {
    limit: &'static str,
    max: u64,
    used: u64,
    resets_at: Option<String>,
}

/// Why a request was not carried out.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    error: &'static str,
    message: Cow<'static, str>,
    fix: Option<Cow<'static, str>>,
    limit: Option<Box<Reached>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log alone.
    inside: Option<Box<Inside>>,
}

/// What the caller is not told.
#[derive(Clone, Debug, Default)]
struct Inside {
    cause: Option<Box<str>>,
    /// What of the tenant's does not open, for its audit log.
    unreadable: Option<Box<str>>,
}

impl Problem {
    fn new(status: StatusCode, error: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            error,
            message: message.into(),
            fix: None,
            limit: None,
            headers: Vec::new(),
            inside: None,
        }
    }

    /// One answer for what does not exist, is held, was deleted, belongs to somebody else or is no id at all.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is no such thing, or it is not yours to see")
            .fix("check the path and the id; GET /v1/inboxes lists the inboxes your token reaches")
    }

    /// One answer for tokens that are missing, malformed, unknown, revoked or expired.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "this needs a valid token")
            .fix("send one header `Authorization: Bearer <token>` with a token that is neither revoked nor expired")
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    pub(crate) fn insufficient_scope(scope: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "insufficient_scope", format!("the token lacks the scope `{scope}`"))
            .fix("use a token that holds it; POST /v1/keys mints keys with the scopes your own key holds")
    }

    /// RFC 9110 15.5.20: the request is fine, and this server is not the one to answer it.
    pub(crate) fn wrong_region(region: &str) -> Self {
        let message = format!("this service does not serve the region `{region}`");
        Self::new(StatusCode::MISDIRECTED_REQUEST, "wrong_region", message)
            .fix(format!("ask the service of the region `{region}`; its address is your operator's to tell"))
    }

    pub(crate) fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "validation_error", message)
            .fix("see /openapi.json for what this route takes")
    }

    pub(crate) fn token_in_url() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "token_in_url", "a token must never be part of a URL: URLs end up in logs")
            .fix("a token of ours that stood there is revoked; mint a new one and send it as `Authorization: Bearer`")
    }

    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "the body must be JSON")
            .fix("send `Content-Type: application/json`")
    }

    /// RFC 9110 15.5.22.
    pub(crate) fn upgrade_required() -> Self {
        Self::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "this path speaks WebSocket")
            .fix(
                "open it with a WebSocket client; GET /v1/inboxes/{id}/stream tells the same over plain HTTP",
            )
            .header(UPGRADE, HeaderValue::from_static("websocket"))
    }

    pub(crate) fn conflict(message: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message).closing()
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the body did not arrive in time").closing()
    }

    pub(crate) fn rate_limited(message: &'static str, wait: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
            .fix("wait as long as Retry-After says, then go on more slowly")
            .header(RETRY_AFTER, whole_seconds(wait).into())
    }

    /// A limit of the tenant's stands in the way. `now` is the time by which its end is counted.
    pub(crate) fn limit(over: &OverLimit, now: Timestamp) -> Self {
        let (limit, message) = (over.limit, Error::Limit(over.clone()).to_string());
        let wait = over.resets_at.map(|at| until(now, at).max(Duration::from_millis(1)));
        let problem = if limit.is_momentary() {
            // A poll that waits ends within half a minute, and most end sooner: who asks again is not far off.
            let wait = wait.unwrap_or(Duration::from_secs(1));
            Self { message: message.into(), ..Self::rate_limited("", wait) }.rate(over.max, wait)
        } else if limit.is_of_sending() {
            let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "send_limit_exceeded", message);
            match wait {
                Some(wait) => problem
                    .fix("wait until resetsAt, send to fewer, or ask the operator for a larger plan")
                    .header(RETRY_AFTER, whole_seconds(wait).into())
                    .rate(over.max, wait),
                None => problem.fix("send the mail to fewer at a time: so many may never go at once"),
            }
        } else {
            let problem = Self::new(StatusCode::PAYMENT_REQUIRED, "quota_exceeded", message);
            match (limit, wait) {
                (_, Some(wait)) => problem
                    .fix("wait until resetsAt, or ask the operator for a larger plan")
                    .header(RETRY_AFTER, whole_seconds(wait).into())
                    .rate(over.max, wait),
                (Limit::MaxInboxes, None) => problem.fix(
                    "delete an inbox that is not needed any more (DELETE /v1/inboxes/{id}), or ask the operator for a larger plan",
                ),
                (Limit::WebhookEndpoints, None) => problem.fix(
                    "delete an endpoint that is not needed any more (DELETE /v1/webhooks/{id}), or ask the operator for a larger plan",
                ),
                _ => problem.fix("delete what is not needed any more, or ask the operator for a larger plan"),
            }
        };
        let resets_at = over.resets_at.map(|at| at.to_string());
        Self {
            limit: Some(Box::new(Reached { limit: limit.json(), max: over.max, used: over.used, resets_at })),
            ..problem
        }
    }

    /// Likewise of an inbox whose limit grows to `full`.
    pub(crate) fn still_new(over: &OverLimit, full: u64, now: Timestamp) -> Self {
        let message = Error::StillNew { over: over.clone(), full }.to_string();
        Self { message: message.into(), ..Self::limit(over, now) }
            .fix("wait until resetsAt: what a new inbox may send in a day doubles with each day")
    }

    /// Says how much there is of what is used up, and when there is some again.
    pub(crate) fn rate(self, limit: u64, wait: Duration) -> Self {
        self.header(HeaderName::from_static("ratelimit-limit"), limit.into())
            .header(HeaderName::from_static("ratelimit-remaining"), 0.into())
            .header(HeaderName::from_static("ratelimit-reset"), whole_seconds(wait).into())
    }

    pub(crate) fn unavailable(cause: String) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the service cannot answer at the moment")
            .fix("try again after Retry-After seconds")
            .header(RETRY_AFTER, 1.into())
            .because(cause)
    }

    pub(crate) fn storage_full(cause: String) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", "the service has no room to store this")
            .fix("try again later; reading goes on meanwhile")
            .because(cause)
    }

    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "something went wrong on our side")
            .fix("try again; if it stays, tell the operator the requestId")
            .because(cause.into())
    }

    /// Adds a header to the answer.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What went wrong on our side, for the log.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.inside.as_ref()?.cause.as_deref()
    }

    /// The id of what was found not to open.
    pub(crate) fn unreadable(&self) -> Option<&str> {
        self.inside.as_ref()?.unreadable.as_deref()
    }

    /// The answer, for a request of this id.
    pub(crate) fn render(self, request_id: &str) -> Response {
        let limit = self.limit.as_deref();
        let body = ErrorView {
            limit: limit.map(|reached| reached.limit),
            max: limit.map(|reached| reached.max),
            used: limit.map(|reached| reached.used),
            resets_at: limit.map(|reached| reached.resets_at.clone()),
            error: self.error,
            message: self.message.chars().take(MOST_CHARACTERS).collect(),
            request_id: request_id.to_owned(),
            fix: self.fix.map(Cow::into_owned),
            docs: None,
        };
        (self.status, HeaderMap::from_iter(self.headers), axum::Json(body)).into_response()
    }

    fn fix(mut self, fix: impl Into<Cow<'static, str>>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    fn because(mut self, cause: String) -> Self {
        self.inside.get_or_insert_default().cause = Some(cause.into());
        self
    }

    /// The rest of the request is not worth reading.
    fn closing(self) -> Self {
        self.header(axum::http::header::CONNECTION, HeaderValue::from_static("close"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Invalid { .. } => Self::validation(message),
            Error::AddressCollision => Self::new(StatusCode::CONFLICT, "address_collision", message)
                .fix("choose another localPart, or leave it out for a random one"),
            // None of those that come this way ends at a time, so none is asked for.
            Error::Limit(over) => Self::limit(&over, Timestamp(0)),
            Error::StillNew { over, full } => Self::still_new(&over, full, Timestamp(0)),
            Error::IdempotencyMismatch => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", message)
                    .fix("use a new Idempotency-Key for a new request")
            }
            Error::InboxPaused => Self::new(StatusCode::LOCKED, "inbox_paused", message).fix(
                "PATCH /v1/inboxes/{id} with isActive true, with a token that holds the scope `inboxes`",
            ),
            Error::SendingStopped => Self::new(StatusCode::LOCKED, "inbox_paused", message)
                .fix("write to addresses that exist (GET /v1/suppressions has those that do not); days that are over no longer count, and PATCH /v1/inboxes/{id} with isPaused false lets it send at once, with a token that holds the scope `settings`"),
            Error::SecretInBody => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "secret_in_body", message)
                .fix("take it out; it is revoked now, so mint a new one (POST /v1/keys) where it was used"),
            Error::SecretOf(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "secret_in_body", message)
                .fix("take it out; whoever should have it gets it another way"),
            Error::Tainted(_) => Self::new(StatusCode::FORBIDDEN, "recipient_not_allowed", message)
                .fix("answer whoever wrote, without what came from elsewhere; PATCH /v1/inboxes/{id} with sendPolicy.taint `hold` asks a person instead, with a token that holds the scope `settings`"),
            Error::SendPolicy(_) => Self::new(StatusCode::FORBIDDEN, "recipient_not_allowed", message)
                .fix("PATCH /v1/inboxes/{id} with `sendPolicy`, with a token that holds the scope `settings`"),
            Error::RecipientNotAllowed(_) => {
                Self::new(StatusCode::FORBIDDEN, "recipient_not_allowed", message)
                    .fix("answer a mail that a person sent, or write a new one")
            }
            Error::TooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
                .fix("send smaller or fewer attachments"),
            Error::Archive(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "archive_refused", message)
                .fix("export it again; nothing of this one was taken"),
            Error::ImportConflict(_) => Self::new(StatusCode::CONFLICT, "import_conflict", message)
                .fix("a dry run (`--dry-run`) lists every conflict; nothing was taken"),
            Error::DomainInUse(_) => Self::new(StatusCode::CONFLICT, "conflict", message)
                .fix("delete its inboxes first: GET /v1/inboxes lists them, DELETE /v1/inboxes/{id} deletes one"),
            Error::DomainNotHeld => Self::new(StatusCode::CONFLICT, "conflict", message)
                .fix("GET /v1/domains tells which record is missing; publish it, then POST /v1/domains/{id}/verify"),
            Error::DomainHeld => Self::new(StatusCode::CONFLICT, "conflict", message).fix(
                "take their ownership record out of your DNS; three days after it was last seen missing the domain is free",
            ),
            Error::Conflict(_) => Self::new(StatusCode::CONFLICT, "conflict", message),
            Error::Scope(scope) => Self::insufficient_scope(&scope),
            Error::NoGrant => Self::new(StatusCode::FORBIDDEN, "break_glass_needed", message)
                .fix("POST /operator/v1/tenants/{id}/break-glass with a reason; the tenant reads it"),
            Error::UrlNotAllowed(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "url_not_allowed", message)
                    .fix("use an https URL of a public host")
            }
            Error::SignupClosed => Self::new(StatusCode::FORBIDDEN, "signup_closed", message)
                .fix("ask the operator of this service for a token"),
            Error::Unreadable { ref object, .. } => {
                let message = "what is stored here is not what was put there, and is not shown";
                let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "unreadable", message)
                    .fix("tell the operator the requestId; your audit log has it too")
                    .because(chain(&error));
                problem.inside.get_or_insert_default().unreadable = Some(object.clone().into());
                problem
            }
            Error::WrongRegion(region) => Self::wrong_region(&region),
            Error::Root(_) => Self::unavailable(chain(&error)),
            Error::Store(mailward_store::Error::Corrupt { .. }) | Error::Keys(_) | Error::Damaged(_) => {
                Self::internal(chain(&error))
            }
            Error::Store(ref store) if store.is_full() => Self::storage_full(chain(&error)),
            Error::Store(_) => Self::unavailable(chain(&error)),
        }
    }
}

impl From<mailward_store::Error> for Problem {
    fn from(error: mailward_store::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unauthorized => Self::unauthorized(),
            Denied::TooManyFailures => {
                Self::rate_limited("too many wrong tokens came from this address", Duration::from_secs(60))
            }
            Denied::WrongRegion(region) => Self::wrong_region(&region),
            Denied::Suspended => {
                Self::new(StatusCode::LOCKED, "tenant_suspended", "this tenant is suspended")
                    .fix("ask the operator of this service")
            }
            // Whoever cannot be asked about is not let in, whatever the reason.
            Denied::Down(error) => Self::unavailable(chain(&error)),
        }
    }
}

/// Answers requests for paths that nobody serves.
pub(crate) async fn no_such_route() -> Problem {
    Problem::not_found()
}

/// Answers requests with a method that a path does not have; the router adds `Allow`.
pub(crate) async fn no_such_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take this method")
        .fix(format!("use a method that the header `{ALLOW}` names"))
}

/// Seconds, rounded up: who comes back after them is not too early.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn table(problems: Vec<Problem>) -> String {
        problems
            .iter()
            .map(|one| format!("{} {}: {}\n", one.status.as_u16(), one.error, one.message))
            .collect()
    }

    #[test]
    fn what_the_mailroom_refuses_has_one_status_and_one_word_each() {
        let errors = vec![
            Error::Invalid { field: "limit", problem: "must be at most 100".into() },
            Error::AddressCollision,
            Error::Limit(OverLimit { limit: Limit::MaxInboxes, max: 5, used: 5, resets_at: None }),
            Error::IdempotencyMismatch,
            Error::Conflict("this mail was decided on already"),
            Error::DomainInUse(2),
            Error::DomainNotHeld,
            Error::DomainHeld,
            Error::Scope("raw".into()),
            Error::NoGrant,
            Error::UrlNotAllowed("the host is not public".into()),
            Error::SignupClosed,
            Error::Limit(OverLimit { limit: Limit::ConcurrentPolls, max: 50, used: 50, resets_at: None }),
            Error::Damaged("a part is missing"),
            Error::Unreadable {
                object: "eml_1".into(),
                cause: Box::new(Error::Damaged("a part is missing")),
            },
            Error::Store(mailward_store::Error::Io(std::io::Error::other("gone"))),
        ];
        expect![[r#"
            400 validation_error: limit: must be at most 100
            409 address_collision: this address cannot be had
            402 quota_exceeded: the limit of 5 inboxes is reached
            422 idempotency_mismatch: this idempotency key was used for another request
            409 conflict: this mail was decided on already
            409 conflict: there are 2 inboxes at this domain
            409 conflict: the domain of this inbox is no longer verified as yours
            409 conflict: this domain is verified for another customer of this service
            403 insufficient_scope: the token lacks the scope `raw`
            403 break_glass_needed: you have no grant that is open to read this tenant's mail
            422 url_not_allowed: the host is not public
            403 signup_closed: sign-up is closed
            429 rate_limited: the limit of 50 waiting polls is reached
            500 internal_error: something went wrong on our side
            500 unreadable: what is stored here is not what was put there, and is not shown
            503 unavailable: the service cannot answer at the moment
        "#]]
        .assert_eq(&table(errors.into_iter().map(Problem::from).collect()));
    }

    #[test]
    fn a_limit_tells_its_use_its_end_and_what_to_do() {
        let now = Timestamp(1_795_341_600_000);
        let end = now.plus(Duration::from_millis(1_500));
        let over = OverLimit { limit: Limit::RequestsPerSecond, max: 20, used: 40, resets_at: Some(end) };
        let problem = Problem::limit(&over, now);
        let told = |problem: &Problem, name: &str| {
            let found = problem.headers.iter().find(|(known, _)| known.as_str() == name);
            found.map(|(_, value)| value.to_str().expect("ASCII").to_owned())
        };
        assert_eq!(problem.status, StatusCode::TOO_MANY_REQUESTS);
        for (name, value) in [
            ("retry-after", "2"),
            ("ratelimit-limit", "20"),
            ("ratelimit-remaining", "0"),
            ("ratelimit-reset", "2"),
        ] {
            assert_eq!(told(&problem, name).as_deref(), Some(value), "{name}");
        }
        let reached = problem.limit.as_deref().expect("a limit");
        assert_eq!((reached.limit, reached.max, reached.used), ("requestsPerSecond", 20, 40));
        assert_eq!(reached.resets_at.as_deref(), Some("2026-11-22T10:00:01.500Z"));
        let over = OverLimit { limit: Limit::MaxInboxes, max: 5, used: 5, resets_at: None };
        let problem = Problem::limit(&over, now);
        assert_eq!((problem.status, told(&problem, "retry-after")), (StatusCode::PAYMENT_REQUIRED, None));
        assert!(problem.fix.as_deref().is_some_and(|fix| fix.contains("DELETE /v1/inboxes/{id}")));
    }

    #[test]
    fn whoever_is_not_let_in_learns_nothing_of_why() {
        let down = Denied::Down(Error::Damaged("the pepper is gone"));
        let denied = vec![Denied::Unauthorized, Denied::TooManyFailures, Denied::Suspended, down];
        expect![[r#"
            401 unauthorized: this needs a valid token
            429 rate_limited: too many wrong tokens came from this address
            423 tenant_suspended: this tenant is suspended
            503 unavailable: the service cannot answer at the moment
        "#]]
        .assert_eq(&table(denied.into_iter().map(Problem::from).collect()));
    }

    #[test]
    fn our_own_faults_are_for_the_log_with_their_chain() {
        let problem = Problem::from(Error::Store(mailward_store::Error::Io(std::io::Error::other("gone"))));
        let cause = "the store could not answer: the store's files cannot be used: gone";
        assert_eq!(problem.cause(), Some(cause));
        assert!(!problem.message.contains("gone"));
    }

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
    }
}
