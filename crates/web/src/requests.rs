//! How many requests there were, by route and by how they ended: numbers of the deployment, never of a tenant.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;

/// Requests since the start. A cheap clone; clones share their numbers.
#[derive(Clone, Debug, Default)]
pub struct Requests(Arc<Mutex<BTreeMap<Kind, u64>>>);

/// What is counted together. Bounded: routes are ours, and of methods and statuses there are few.
type Kind = (String, &'static str, u16);

impl Requests {
    /// Counts one that was answered.
    pub(crate) fn count(&self, route: &str, method: &Method, status: u16) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((route.to_owned(), word(method), status)).or_default() += 1;
    }

    /// Every kind with its number, in order of routes.
    pub(crate) fn counts(&self) -> Vec<(Kind, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(kind, count)| (kind.clone(), *count)).collect()
    }
}

/// A peer may write any word as a method, and must not make a line of the monitor's with it.
pub(crate) fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_method_and_status() {
        let requests = Requests::default();
        let shared = requests.clone();
        for (method, status) in [("GET", 200), ("GET", 200), ("GET", 204), ("BREW", 405), ("STEEP", 405)] {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            shared.count("/v1/a/{id}", &method, status);
        }
        let counts = requests.counts();
        let told: Vec<(&str, u16, u64)> =
            counts.iter().map(|((_, method, status), count)| (*method, *status, *count)).collect();
        assert_eq!(told, [("GET", 200, 2), ("GET", 204, 1), ("other", 405, 2)]);
    }
}
