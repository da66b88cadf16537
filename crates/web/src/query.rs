//! What stands in a URL: ids in the path, options in the query. What is no id is as absent as what nobody has.

use axum::extract::FromRequestParts;
use axum::extract::rejection::QueryRejection;
use axum::http::request::Parts;
use mailward_mail::clock::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::Web;
use crate::problem::Problem;

/// How many entries a page has when nothing is said.
const DEFAULT_LIMIT: u32 = 20;
/// How many entries a page has at most.
const MOST: u32 = 100;

/// The ids in the path.
pub(crate) struct Ids<T>(pub(crate) T);

/// The options in the query; unknown ones are refused.
pub(crate) struct Query<T>(pub(crate) T);

/// How many entries are wanted, 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct Limit(pub(crate) u32);

/// A moment in ISO 8601.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Moment(pub(crate) Timestamp);

/// A moment in a body.
pub(crate) fn moment(field: &str, text: &str) -> Result<Timestamp, Problem> {
    Timestamp::parse(text).ok_or_else(|| {
        Problem::validation(format!("{field}: is no moment such as 2026-12-24T18:00:00Z (RFC 3339)"))
    })
}

impl<T: DeserializeOwned + Send> FromRequestParts<Web> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, web).await {
            Ok(axum::extract::Path(ids)) => Ok(Self(ids)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Web> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        let read = axum::extract::Query::try_from_uri(&parts.uri);
        read.map(|axum::extract::Query(options)| Self(options))
            .map_err(|rejected| Problem::validation(reason(&rejected)))
    }
}

impl TryFrom<u32> for Limit {
    type Error = String;
    fn try_from(number: u32) -> Result<Self, String> {
        if (1..=MOST).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("must be between 1 and {MOST}"))
        }
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl TryFrom<String> for Moment {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        Timestamp::parse(&text)
            .map(Self)
            .ok_or("must be ISO 8601 with an offset, such as 2026-11-22T10:00:00.000Z")
    }
}

fn reason(rejected: &QueryRejection) -> String {
    let cause = std::error::Error::source(rejected).map(ToString::to_string);
    format!("the query: {}", cause.unwrap_or_else(|| rejected.to_string()))
}
/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    pub(crate) limit: Limit,
    /// From the page before.
    pub(crate) cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Options {
        #[serde(default)]
        limit: Limit,
        since: Option<Moment>,
    }

    fn read(query: &str) -> Result<Options, String> {
        let uri = format!("/x?{query}").parse().expect("a URI");
        axum::extract::Query::try_from_uri(&uri)
            .map(|axum::extract::Query(it)| it)
            .map_err(|error| reason(&error))
    }

    #[test]
    fn a_limit_is_between_1_and_100_and_20_when_nothing_is_said() {
        assert_eq!(read("").map(|options| options.limit), Ok(Limit(20)));
        assert_eq!(read("limit=100").map(|options| options.limit), Ok(Limit(100)));
        for bad in ["limit=0", "limit=101", "limit=-1", "limit=", "limit=x", "limit=1&limit=2"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_moment_is_iso_8601() {
        let since = read("since=2026-11-22T10:00:00Z").expect("a moment").since;
        assert_eq!(since, Some(Moment(Timestamp(1_795_341_600_000))));
        assert!(read("since=yesterday").expect_err("no moment").contains("ISO 8601"));
    }

    #[test]
    fn an_option_nobody_knows_is_named() {
        assert!(read("limt=3").expect_err("unknown").contains("limt"));
    }
}
