//! The description of the routes as a page for people: written once at the start from the same document that programs read,
//! with nothing of anybody else's in it and nothing that runs.

mod html;
mod schema;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde_json::Value;

use crate::Web;
use html::{escaped, prose};

/// Nothing but our own style sheet is loaded, and nothing is sent anywhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
const STYLE: &str = include_str!("docs/style.css");
/// In this order; what is not named comes after, by its name.
const TAGS: &[&str] = &[
    "account", "inboxes", "emails", "threads", "leases", "events", "webhooks", "domains", "keys", "review",
    "gate", "audit",
];
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

/// The description for people.
#[utoipa::path(get, path = "/docs", operation_id = "docs", tag = "health", security(()),
    responses((status = 200, description = "This page", body = String, content_type = "text/html")))]
pub(crate) async fn show(State(web): State<Web>) -> impl IntoResponse {
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    ([(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, POLICY)], web.docs.clone())
}

/// How that page looks.
#[utoipa::path(get, path = "/docs/style.css", operation_id = "docsStyle", tag = "health", security(()),
    responses((status = 200, description = "A style sheet", body = String, content_type = "text/css")))]
pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// The page of a description.
pub(crate) fn page(openapi: &[u8]) -> String {
    let api: Value = serde_json::from_slice(openapi).expect("the description is JSON");
    let groups = groups(&api);
    let title = escaped(text(&api["info"]["title"]));
    let server = text(&api["servers"][0]["url"]);
    let mut menu = String::new();
    let mut body = String::new();
    for (tag, operations) in &groups {
        menu += &format!("<li><a href=\"#tag-{0}\">{1}</a><ul>", escaped(tag), escaped(shown(tag)));
        body += &format!("<section id=\"tag-{0}\"><h2>{1}</h2>\n", escaped(tag), escaped(shown(tag)));
        for one in operations {
            let id = escaped(text(&one.operation["operationId"]));
            menu += &format!("<li><a href=\"#{id}\">{id}</a></li>");
            body += &article(&api, one, server);
        }
        menu += "</ul></li>\n";
        body += "</section>\n";
    }
    menu += "<li><a href=\"#schemas\">schemas</a></li>";
    body += &schema::all(&api);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body>\n\
         <header><h1>{title}</h1><p>Version {version}. Every request but those marked <b>open</b> carries \
         <code>Authorization: Bearer</code> and a token. The same for programs: \
         <a href=\"/openapi.json\">openapi.json</a>.</p></header>\n\
         <nav aria-label=\"Routes\"><ul>{menu}</ul></nav>\n\
         <main>{body}</main></body></html>\n",
        version = escaped(text(&api["info"]["version"])),
    )
}

/// A tag as it is shown; the style makes its first letter a capital.
fn shown(tag: &str) -> &str {
    if tag == "mcp" { "MCP" } else { tag }
}

struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    operation: &'a Value,
}

/// The operations by their first tag.
fn groups(api: &Value) -> Vec<(&str, Vec<Operation<'_>>)> {
    let mut groups: Vec<(&str, Vec<Operation<'_>>)> = Vec::new();
    for (path, item) in api["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let tag = operation["tags"][0].as_str().unwrap_or("other");
            let one = Operation { method, path, operation };
            match groups.iter_mut().find(|(known, _)| *known == tag) {
                Some((_, operations)) => operations.push(one),
                None => groups.push((tag, vec![one])),
            }
        }
    }
    let place = |tag: &str| TAGS.iter().position(|known| *known == tag).unwrap_or(TAGS.len());
    groups.sort_by_key(|(tag, _)| (place(tag), *tag));
    groups
}

fn article(api: &Value, one: &Operation<'_>, server: &str) -> String {
    let Operation { method, path, operation } = one;
    let id = escaped(text(&operation["operationId"]));
    let is_open = operation["security"] == serde_json::json!([{}]);
    let open = if is_open { " <span class=\"open\">open</span>" } else { "" };
    let mut out = format!(
        "<article id=\"{id}\"><h3><span class=\"method {method}\">{}</span> <code>{}</code>{open} \
         <a class=\"here\" href=\"#{id}\" aria-label=\"Link to {id}\">#</a></h3>\n",
        method.to_uppercase(),
        escaped(path),
    );
    out += &prose(text(&operation["summary"]));
    out += &prose(text(&operation["description"]));
    out += &schema::parameters(operation);
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        out += &format!("<h4>Body</h4>{}", schema::fields(api, body));
    }
    out += "<h4>Answers</h4><dl class=\"answers\">";
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let said = prose(text(&response["description"]));
        let content = response["content"].as_object().and_then(|content| content.iter().next());
        let kind = content.map_or_else(String::new, |(media, content)| match &content["schema"] {
            Value::Null => format!("<code>{}</code>", escaped(media)),
            described => schema::kind(described),
        });
        out += &format!("<dt>{}</dt><dd>{kind}{said}</dd>", escaped(status));
    }
    out += "</dl>";
    out += &format!("<pre><code>{}</code></pre></article>\n", escaped(&example(one, server, is_open)));
    out
}

/// The request as a command line.
fn example(one: &Operation<'_>, server: &str, is_open: bool) -> String {
    let mut line = String::from("curl");
    if one.method != "get" {
        line += &format!(" -X {}", one.method.to_uppercase());
    }
    line += &format!(" '{server}{}'", one.path);
    if !is_open {
        line += " \\\n  -H \"Authorization: Bearer $TOKEN\"";
    }
    if !one.operation["requestBody"].is_null() {
        line += " \\\n  -H 'Content-Type: application/json' -d '{}'";
    }
    line
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{openapi, routes};

    fn written(routes: routes::Routes) -> String {
        let (_, api) = routes.split_for_parts();
        page(&openapi::document(api, "Mailward", "https://mail.test"))
    }

    #[test]
    fn every_route_and_every_schema_is_on_the_page() {
        for routes in [routes::public, routes::operator] {
            let (_, api) = routes().split_for_parts();
            let api: Value =
                serde_json::from_slice(&openapi::document(api, "t", "https://mail.test")).expect("JSON");
            let page = written(routes());
            for item in api["paths"].as_object().expect("paths").values() {
                for operation in item.as_object().expect("methods").values() {
                    let id = format!("<article id=\"{}\">", text(&operation["operationId"]));
                    assert!(page.contains(&id), "{id}");
                }
            }
            for name in api["components"]["schemas"].as_object().expect("schemas").keys() {
                assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
            }
        }
    }

    #[test]
    fn links_within_the_page_lead_somewhere() {
        let page = written(routes::public());
        for link in page.split("href=\"#").skip(1) {
            let id = link.split('"').next().expect("an end");
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }

    #[test]
    fn nothing_runs_and_nothing_comes_from_elsewhere() {
        let page = written(routes::public());
        for word in ["<script", "<style", "style=", "onclick", "src=", "<img", "<iframe", "<form"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    #[test]
    fn what_a_description_says_is_text_and_not_markup() {
        let api = serde_json::json!({
            "info": { "title": "<b>", "version": "1" },
            "paths": { "/<i>": { "get": { "operationId": "x\"y", "summary": "<u> & `a<b`", "tags": ["<t>"] } } },
        });
        let page = page(api.to_string().as_bytes());
        for raw in ["<b>&", "<i>", "<u>", "<t>", "x\"y", "a<b"] {
            assert!(!page.contains(raw), "{raw}");
        }
        assert!(page.contains("<code>a&lt;b</code>"));
    }
}
