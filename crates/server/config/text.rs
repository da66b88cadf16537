//! Values as text: what the environment and `--set` say, and what is shown.

use super::keys::Key;

/// A TOML value.
pub(super) fn parse(text: &str) -> Option<toml::Value> {
    let line = format!("v = {text}");
    // A line break would make a second key of it.
    if text.contains(['\n', '\r']) {
        return None;
    }
    toml::from_str::<toml::Table>(&line).ok()?.remove("v")
}

/// Reads a value given as bare text, in the type that the key's default has. Text needs no quotes; a list is TOML.
///
/// # Errors
/// What the text should have looked like.
pub(super) fn read(key: &Key, text: &str) -> Result<toml::Value, String> {
    let default = key.value();
    match (parse(text), &default) {
        // A list is taken for any key: `dns.servers` has a word for default, and any other refuses it later by name.
        (Some(value), _) if value.is_array() => Ok(value),
        (Some(value), _) if value.same_type(&default) => Ok(value),
        (_, toml::Value::String(_)) => Ok(toml::Value::String(text.to_owned())),
        (_, toml::Value::Array(_)) => Err(format!("write a list, such as {}=[\"...\"]", key.name)),
        (_, toml::Value::Boolean(_)) => Err("write true or false".to_owned()),
        _ => Err("write a whole number".to_owned()),
    }
}

/// A value as TOML, with passwords blotted out.
pub(super) fn show(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => toml::Value::String(redact(text)).to_string(),
        toml::Value::Array(list) => format!("[{}]", list.iter().map(show).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Replaces the password of each URL in a text: `postgres://user:password@host` and `?password=...`.
pub(super) fn redact(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, authority) = rest.split_at(at + 3);
        out.push_str(before);
        let end = authority.find(['/', '?', '"', ' ']).unwrap_or(authority.len());
        // The last @ ends the credentials: an earlier one belongs to a password that should have been encoded. A
        // password may also hold what looks like the authority's end, so the search goes on to the text's.
        let end = authority[end..].find('@').map_or(end, |further| end + further + 1);
        match authority[..end].rfind('@') {
            Some(sign) => {
                let user = authority[..sign].split(':').next().unwrap_or_default();
                out.push_str(user);
                out.push_str(if user.len() == sign { "" } else { ":***" });
                rest = &authority[sign..];
            }
            None => rest = authority,
        }
    }
    out.push_str(rest);
    redact_parameter(&out)
}

fn redact_parameter(text: &str) -> String {
    const NAME: &str = "password=";
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(NAME) {
        let (before, value) = rest.split_at(at + NAME.len());
        out.push_str(before);
        out.push_str("***");
        rest = &value[value.find(['&', '"', ' ']).unwrap_or(value.len())..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;

    fn reads(name: &str, text: &str) -> Result<String, String> {
        read(keys::find(name).expect("the key exists"), text).map(|value| value.to_string())
    }

    #[test]
    fn text_is_read_in_the_type_of_the_keys_default() {
        assert_eq!(reads("smtp.listen", "[::1]:2525").as_deref(), Ok(r#""[::1]:2525""#));
        assert_eq!(reads("domain", "123").as_deref(), Ok(r#""123""#));
        assert_eq!(reads("domain", r#""a.test""#).as_deref(), Ok(r#""a.test""#));
        assert_eq!(reads("dns.servers", r#"["127.0.0.1:53"]"#).as_deref(), Ok(r#"["127.0.0.1:53"]"#));
        assert_eq!(reads("http.behind_proxy", "true").as_deref(), Ok("true"));
        assert_eq!(reads("http.behind_proxy", "yes"), Err("write true or false".to_owned()));
        assert_eq!(reads("smtp.max_errors", "many"), Err("write a whole number".to_owned()));
        assert_eq!(reads("domains", "a.test"), Err(r#"write a list, such as domains=["..."]"#.to_owned()));
        assert_eq!(reads("smtp.max_errors", "1\nx = 2"), Err("write a whole number".to_owned()));
    }

    #[test]
    fn a_password_is_blotted_out_wherever_a_url_may_carry_it() {
        for (url, shown) in [
            ("postgres://mail:s3cret@db/mail", "postgres://mail:***@db/mail"),
            ("postgres://mail:s@3:c/r?t@db/mail", "postgres://mail:***@db/mail"),
            ("postgres://mail@db/mail", "postgres://mail@db/mail"),
            ("postgres://:s3cret@db", "postgres://:***@db"),
            ("postgres://db/mail?user=a&password=s3cret&x=1", "postgres://db/mail?user=a&password=***&x=1"),
            ("sqlite", "sqlite"),
        ] {
            assert_eq!(redact(url), shown);
        }
        let list = parse(r#"["https://a:b@c", "https://d:e@f", 1]"#).expect("a list");
        assert_eq!(show(&list), r#"["https://a:***@c", "https://d:***@f", 1]"#);
    }
}
