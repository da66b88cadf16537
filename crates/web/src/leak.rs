//! Refuses tokens in query strings, and ends those that stood there: proxies and browsers have written them down.

use url::form_urlencoded;

use crate::Web;
use crate::problem::Problem;

/// Where clients of other services put a token.
const NAMES: [&str; 3] = ["token", "access_token", "api_key"];
/// Tokens of one request that are looked up.
const MOST_LOOKED_UP: usize = 2;
/// `mw_`, kind, `_`, 12 characters, `_`, 49 characters.
const LENGTH: usize = 67;

/// Lets a query without a token pass; and one whose whole is `token=...`, where that is the way to bring one.
pub(crate) async fn refuse(web: &Web, query: Option<&str>, may_bring: bool) -> Result<(), Problem> {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Ok(()) };
    if may_bring && query.starts_with("token=") && !query.contains('&') {
        return Ok(());
    }
    let (mut leaked, mut looked_up) = (false, 0);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        leaked |= NAMES.iter().any(|known| name.eq_ignore_ascii_case(known));
        for token in tokens(&name).chain(tokens(&value)) {
            leaked = true;
            looked_up += 1;
            // Each costs a look-up, and anybody may write many.
            if looked_up <= MOST_LOOKED_UP && web.room.revoke_leaked(token).await? {
                tracing::warn!(keyid = &token[5..17], "a token stood in a URL and was revoked");
            }
        }
    }
    if leaked { Err(Problem::token_in_url()) } else { Ok(()) }
}

/// What has the shape of our tokens, wherever it stands in a text.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("mw_")
        .filter_map(|(at, _)| text.get(at..at + LENGTH))
        .filter(|text| is_token(text.as_bytes()))
}

fn is_token(text: &[u8]) -> bool {
    matches!(text[3], b't' | b'i' | b'a' | b's')
        && text[4] == b'_'
        && text[17] == b'_'
        && text[5..17].iter().chain(&text[18..]).all(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_seen_wherever_it_stands_in_a_value() {
        let token = format!("mw_i_{}_{}", "a".repeat(12), "B".repeat(49));
        let found = |text: &str| tokens(text).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found(&token), [token.as_str()]);
        assert_eq!(found(&format!("Bearer mw_{token}.")), [token.as_str()]);
        assert_eq!(found(&format!("{token}{token}")).len(), 2);
        for text in [
            "",
            "mw_",
            "ämw_i_aaaaaaaaaaaa",
            &token[..66],
            &token.replace("_i_", "_x_"),
            &token.replace('B', "-"),
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
