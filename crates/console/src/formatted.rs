//! A mail's HTML, for who must see how it looks: behind three walls of which each is enough.
//!
//! A sanitiser with a short list of tags, a frame without any right, and a policy that loads and runs nothing. No cookie is
//! read here, and the link is good for a minute.

use ammonia::{Builder, UrlRelative};
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};

use crate::Desk;
use crate::trouble::Trouble;

/// The policy of a page that shows what a sender wrote as HTML.
pub const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
    base-uri 'none'; frame-ancestors 'self'";

/// Bytes of HTML that are looked at.
const MOST: usize = 256 * 1024;
/// Elements within elements; what is deeper is shown as its text.
const DEEPEST: usize = 100;

/// Elements that stay. None of them loads, links, runs or takes input.
const TAGS: [&str; 44] = [
    "abbr",
    "b",
    "bdi",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "tr",
    "ul",
];

/// `GET /console/view/{link}`
pub(crate) async fn show(State(desk): State<Desk>, Path(link): Path<String>) -> Result<Response, Trouble> {
    let html = desk.room.html_behind(&link).await?.ok_or(Trouble::NotFound)?;
    // Off the threads that serve everybody else: it is a stranger's, and long perhaps.
    let made = tokio::task::spawn_blocking(move || page(&html)).await;
    let page = made.map_err(|_| Trouble::Down)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, page).into_response())
}

fn page(html: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Mail</title><style>body{{font:15px/1.6 \
         system-ui,sans-serif;color:#1b1c1f;background:#fff;margin:16px;overflow-wrap:anywhere}}table{{border-collapse:collapse}}\
         td,th{{padding:4px 8px;vertical-align:top;text-align:left}}blockquote{{border-left:3px solid #ccc;margin:0;padding-left:12px}}\
         </style></head><body>{}</body></html>",
        sanitised(html)
    )
}

/// The HTML without anything that loads, links, runs or hides: images become words, links their targets.
pub fn sanitised(html: &str) -> String {
    let cut = &html[..html.floor_char_boundary(MOST.min(html.len()))];
    if depth(cut) > DEEPEST {
        let text = mailward_score::visible_text(cut);
        return format!("<pre>{}</pre>", ammonia::clean_text(&text));
    }
    let named = with_words(cut);
    Builder::empty()
        .tags(TAGS.into_iter().collect())
        .clean_content_tags(
            [
                "script", "style", "title", "textarea", "noscript", "template", "svg", "math", "iframe",
                "object", "select",
            ]
            .into_iter()
            .collect(),
        )
        .generic_attributes(Default::default())
        .tag_attributes(
            [
                ("td", ["colspan", "rowspan"].into_iter().collect()),
                ("th", ["colspan", "rowspan"].into_iter().collect()),
            ]
            .into_iter()
            .collect(),
        )
        .url_schemes(Default::default())
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true)
        .clean(&named)
        .to_string()
}

/// Says in words what an image or a link is, before both are taken away: `[image: host]`, and a link's target behind its
/// text. Only ever adds text that is escaped.
fn with_words(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + 256);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = tag_end(rest);
        let tag = &rest[..end];
        let lower = tag
            .get(..8.min(tag.floor_char_boundary(8.min(tag.len()))))
            .unwrap_or_default()
            .to_ascii_lowercase();
        if lower.starts_with("<img") {
            out.push_str(&ammonia::clean_text(&format!(
                "[image: {}]",
                host(attribute(tag, "src").unwrap_or_default())
            )));
        } else if lower.starts_with("<a ") || lower.starts_with("<a\n") || lower.starts_with("<a\t") {
            if let Some(target) = attribute(tag, "href") {
                out.push_str(&ammonia::clean_text(&format!("[link to {}] ", host(target))));
            }
        } else {
            out.push_str(tag);
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Where a tag ends that begins here, quotes aside.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices().skip(1) {
        match (quote, c) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// The value of an attribute, as it stands in the tag.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let lower = tag.to_ascii_lowercase();
    let at = lower.find(&format!("{name}="))?;
    let value = &tag[at + name.len() + 1..];
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(quote) => value[1..].split(quote).next(),
        None => value.split(|c: char| c.is_whitespace() || c == '>').next(),
    }
}

/// The host of an address in ASCII, or what it is instead.
fn host(address: &str) -> String {
    match url::Url::parse(address.trim()) {
        Ok(url) => match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(host)) => host.to_owned(),
            (scheme, _) => format!("a {scheme} address"),
        },
        Err(_) => "nowhere".to_owned(),
    }
}

/// How deep tags are opened within each other, at most; counted without understanding, so rather too deep.
fn depth(html: &str) -> usize {
    let (mut deep, mut deepest) = (0_usize, 0_usize);
    let bytes = html.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'<' {
            continue;
        }
        match bytes.get(at + 1) {
            Some(b'/') => deep = deep.saturating_sub(1),
            Some(next) if next.is_ascii_alphabetic() => {
                let name: Vec<u8> = bytes[at + 1..].iter().take(6).map(u8::to_ascii_lowercase).collect();
                let is_void =
                    [&b"br"[..], b"img", b"hr", b"input", b"meta", b"link", b"col", b"area", b"wbr"]
                        .iter()
                        .any(|void| name.starts_with(void));
                if !is_void {
                    deep += 1;
                    deepest = deepest.max(deep);
                }
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_links_become_words_and_nothing_runs() {
        let html = "<p onclick=x>Hi <a href='https://b\u{fc}cher.test/x'>here</a> <img src=\"https://track.test/p.gif\"></p>\
                    <script>alert(1)</script><form><input></form><svg onload=x><p>deep</p></svg>";
        let clean = sanitised(html);
        assert!(!clean.contains("script"), "{clean}");
        assert!(clean.contains("xn--bcher-kva.test") && clean.contains("track.test"), "{clean}");
        for gone in ["<a", "<img", "onclick", "alert", "<form", "<input", "<svg"] {
            assert!(!clean.contains(gone), "{gone} in {clean}");
        }
    }

    #[test]
    fn what_is_nested_without_end_is_shown_as_text() {
        let wild = format!("{}deep{}", "<div>".repeat(5_000), "</div>".repeat(5_000));
        let clean = sanitised(&wild);
        assert!(
            clean.starts_with("<pre>") && clean.contains("deep") && !clean.contains("<div>"),
            "{}",
            &clean[..40]
        );
        let long = "<p>x</p>".repeat(100_000);
        assert!(sanitised(&long).len() <= MOST + 100);
    }
}
