//! The style sheet and the script, within the program. Their names hold a digest, so that a browser may keep them.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../assets/console.css");
const SCRIPT: &str = include_str!("../assets/console.js");
const ICON: &str = include_str!("../assets/icon.svg");

struct Asset {
    name: String,
    kind: &'static str,
    text: &'static str,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    let named = |stem: &str, end: &str, kind, text: &'static str| {
        let digest = Sha256::digest(text.as_bytes());
        let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Asset { name: format!("{stem}.{short}.{end}"), kind, text }
    };
    [
        named("console", "css", "text/css; charset=utf-8", STYLE),
        named("console", "js", "text/javascript; charset=utf-8", SCRIPT),
        named("icon", "svg", "image/svg+xml", ICON),
    ]
});

/// Where the style sheet is.
pub(crate) fn style() -> String {
    place(0)
}

/// Where the script is.
pub(crate) fn script() -> String {
    place(1)
}

/// Where the icon is.
pub(crate) fn icon() -> String {
    place(2)
}

fn place(which: usize) -> String {
    format!("/console/assets/{}", ASSETS[which].name)
}

/// `GET /console/assets/{file}`
pub(crate) async fn show(Path(file): Path<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, asset.text).into_response()
}
