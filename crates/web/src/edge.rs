//! What happens around every request, whoever handles it: an id, no token in the URL, no panic without an answer,
//! the body of errors, the headers of every answer, one line in the log.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use mailward_mailroom::access::Principal;
use mailward_trace::{Fact, Kind, Span, Trace};
use tokio::time::Instant;

use crate::problem::Problem;
use crate::{Web, headers, leak, requests};

/// The one route whose query may bring a token.
const SOCKET: &str = "/v1/ws";

/// Where a request notes who turned out to act, for the logs.
#[derive(Clone, Default)]
pub(crate) struct Acting(Arc<OnceLock<Principal>>);

impl Acting {
    pub(crate) fn is(&self, principal: &Principal) {
        // A request acts for one tenant; a second note would be the same.
        let _ = self.0.set(principal.clone());
    }
}

/// The id of a request, for who keeps it.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// See the module.
pub(crate) async fn edge(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let number = u128::from_be_bytes(web.random.bytes());
    let request_id = format!("req_{number:032x}");
    let watch = web.room.tracer().watch();
    let acting = Acting::default();
    request.extensions_mut().insert(acting.clone());
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let method = request.method().clone();
    // The route's pattern: a path may hold a signed link, a query somebody's address.
    let route = request.extensions().get::<MatchedPath>().cloned();

    let may_bring = route.as_ref().is_some_and(|it| it.as_str() == SOCKET);
    let mut response = match leak::refuse(&web, request.uri().query(), may_bring).await {
        Err(problem) => problem.into_response(),
        Ok(()) => match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            Err(_) => Problem::internal("a handler panicked").into_response(),
        },
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if let Some(cause) = problem.cause() {
            tracing::error!(%request_id, cause, "a request failed on our side");
        }
        if let (Some(object), Some(principal)) = (problem.unreadable(), acting.0.get()) {
            web.room.note_unreadable(principal, object).await;
        }
        let allow = response.headers_mut().remove(axum::http::header::ALLOW);
        response = problem.render(&request_id);
        response.headers_mut().extend(allow.map(|methods| (axum::http::header::ALLOW, methods)));
    }
    headers::dress(response.headers_mut(), &request_id, &web.config);

    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status().as_u16();
    web.config.requests.count(route, &method, status);
    let principal = acting.0.get();
    if let Some(watch) = watch {
        web.room.tracer().tell(|| {
            let word = requests::word(&method);
            Span::root(Trace::of_request(number), format!("{word} {route}"), watch.start_of(), watch.now())
                .kind(Kind::Server)
                .of(principal.map(|principal| principal.tenant().id()), principal.and_then(Principal::inbox))
                .with(Fact::Method(word))
                .with(Fact::Route(route.to_owned()))
                .with(Fact::Status(status))
                .failed(status >= 500)
        });
    }
    if !matches!(route, "/healthz" | "/readyz") {
        tracing::info!(
            %method,
            route,
            status,
            ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            %request_id,
            tenant_id = principal.map(|principal| principal.tenant().id().as_str()),
            inbox_id = principal.and_then(Principal::inbox).map(|inbox| inbox.as_str()),
            "request"
        );
    }
    response
}
