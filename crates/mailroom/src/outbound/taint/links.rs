//! Links that say more than where a page is: what an agent was talked into writing is carried away by whoever follows them.

use super::Texts;

/// Characters of a link's part that may carry something away.
const LONG_PART: usize = 20;
/// Characters after a link's `?` and `#` that may carry something away.
const LONG_QUERY: usize = 60;

/// The links in a text, without their schemes.
pub(super) fn links(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("://").map(move |(at, _)| {
        let rest = &text[at..];
        rest[..rest.find(ends_link).unwrap_or(rest.len())].trim_end_matches(['.', ',', ';'])
    })
}

fn ends_link(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | ']')
}

/// Whether a link that is not of the thread carries something away: to a host that is known from elsewhere alone, anything
/// beyond where a page is; to any other one, a user or more than is said of an ordinary page.
pub(super) fn has_data_link(text: &str, own: &Texts, elsewhere: &Texts) -> bool {
    links(text).filter(|link| !own.links.contains(*link)).any(|link| {
        let (host, beyond) = taken_apart(link);
        let is_elsewhere_s =
            elsewhere.hosts.iter().any(|named| is_of(host, named) && !own.hosts.contains(named));
        link.contains('@')
            || has_long_part(link)
            || beyond.len() > LONG_QUERY
            || is_elsewhere_s && !beyond.is_empty()
    })
}

/// Whether HTML has something loaded, which nobody has to click at, under a name that says more than what is loaded. One pass.
pub(super) fn loads_data(html: &str, own: &Texts) -> bool {
    let lower = html.to_ascii_lowercase();
    let (mut tag, mut next) = (None, 0);
    for (at, byte) in lower.bytes().enumerate() {
        match byte {
            b'<' => tag = Some(at + 1),
            b'>' => tag = None,
            b'/' if at >= next && lower[at..].starts_with("//") => {
                // A name without its scheme is one too.
                let rest = &html[at..];
                let rest = &rest[..rest.find(ends_link).unwrap_or(rest.len())];
                next = at + rest.len();
                let before = lower[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == ':');
                let before = before.trim_end_matches(['"', '\'', ' ']);
                let name =
                    tag.and_then(|tag| lower.get(tag..at)).and_then(|tag| tag.split_whitespace().next());
                let is_clicked = name == Some("a") && before.ends_with("href=");
                let is_loaded = before.ends_with("url(") || name.is_some() && !is_clicked;
                let link = format!(":{rest}");
                let says_more =
                    !taken_apart(&link).1.is_empty() || link.contains('@') || has_long_part(&link);
                if is_loaded && says_more && !own.links.contains(&link) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// A link's host, and what is behind its `?` or `#`.
fn taken_apart(link: &str) -> (&str, &str) {
    let rest = &link[3..];
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or(rest);
    let beyond = rest.find(['?', '#']).map_or("", |at| &rest[at + 1..]);
    (host.rsplit_once('@').map_or(host, |(_, host)| host), beyond)
}

/// Whether a host is the named one, or one within it.
fn is_of(host: &str, named: &str) -> bool {
    let host = host.to_lowercase();
    host == named || host.strip_suffix(named).is_some_and(|rest| rest.ends_with('.'))
}

fn has_long_part(link: &str) -> bool {
    let parts = link[3..].split(['/', '.', '@', '-', '_', '?', '#', '=', '&', ',', '+', '%', ':', ';']);
    parts.into_iter().any(|part| part.len() >= LONG_PART)
}
