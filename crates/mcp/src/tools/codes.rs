//! A wait for the code or link of a mail that signs in. What is found is the sender's word: a code is a field only where it
//! can be nothing but a code; its link stands in the frame.

use mailward_mailroom::CodeWait;
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use super::mails::moment;
use super::waiting::patience;
use super::{Context, Tool};
use crate::frame::{self, Frame};
use crate::refusal::Refusal;

/// The longest code that is no sentence.
const MOST_CHARACTERS: usize = 16;
/// The longest link; longer ones are no use to a model.
const MOST_LINK: usize = 2_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wait {
    /// Which; a key of one inbox may leave it out.
    #[serde(default)]
    inbox_id: Option<String>,
    /// Only from this address, or from this domain and those below it.
    #[serde(default)]
    from: Option<String>,
    /// Only of mail that became available later, ISO 8601; the best choice is the moment before you asked for the code.
    #[serde(default)]
    since: Option<String>,
    /// 0 to 25; 25 when left out.
    #[serde(default)]
    #[schemars(range(min = 0, max = 25))]
    timeout_seconds: Option<u8>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Waited {
    /// The code, as it is typed; null: none came in time, or the mail has a link alone, which stands in `text`.
    code: Option<String>,
    /// 0.5 to 0.99.
    confidence: Option<f64>,
    /// The mail it came with; null: none came, so call again.
    email_id: Option<String>,
    /// Always true: a code is its sender's word, whoever that is.
    untrusted: bool,
    /// The author's address and the link, in a frame; empty when none came.
    text: String,
}

pub(super) fn code() -> Tool {
    const ABOUT: &str = "Waits up to 25 seconds for a mail with a sign-in code or a link that signs in or confirms, and \
                         gives that alone. Use it after you asked a service to send one. When none came, call again.";
    let run = |call: Context, asked: Wait| async move {
        let inbox = call.inbox(asked.inbox_id.as_deref())?;
        let wait = CodeWait {
            from: asked.from,
            since: moment(asked.since.as_deref())?,
            timeout: patience(asked.timeout_seconds),
        };
        let found = tokio::select! {
            found = call.room.wait_for_code(call.caller.principal(), &inbox, &wait) => {
                found?.ok_or_else(Refusal::not_found)?
            }
            () = call.caller.shutdown() => None,
        };
        // A key that was revoked during the wait gets nothing of what came after.
        call.caller.still(&call.room).await?;
        let Some(found) = found else {
            let text = String::new();
            return Ok(Waited { code: None, confidence: None, email_id: None, untrusted: true, text });
        };
        let mut frame = Frame::open(&call.random);
        frame.push(&frame::line("From", &found.from));
        let (code, odd): (Option<String>, _) = match found.code {
            Some(code) if is_plain(&code) => (Some(code), None),
            other => (None, other),
        };
        if let Some(odd) = odd {
            frame.push(&frame::line("Code", &odd));
        }
        // Whole, for a part of it would lead nowhere; what could be read as anything but a URL is left out.
        if let Some(link) = found.link.filter(|link| is_link(link)) {
            frame.push(&format!("| Link: {link}\n"));
        }
        let confidence = Some((f64::from(found.confidence) * 100.0).round() / 100.0);
        Ok(Waited {
            code,
            confidence,
            email_id: Some(found.email.into()),
            untrusted: true,
            text: frame.close(),
        })
    };
    Tool::new("wait_for_code", "Wait for a sign-in code", ABOUT, run)
}

fn is_plain(code: &str) -> bool {
    code.len() <= MOST_CHARACTERS
        && code.bytes().any(|byte| byte.is_ascii_digit())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether it is one line that no client takes for anything but a URL.
fn is_link(link: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_graphic() && !b"<>()[]`\"\\".contains(&byte);
    link.len() <= MOST_LINK && link.bytes().all(is_fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_sentence_is_no_code() {
        assert!(is_plain("482913") && is_plain("AB12-CD34"));
        for other in ["IGNORE-RULES", "send 1 key", "1234567890-1234567", "12\n34", "\u{661}\u{662}"] {
            assert!(!is_plain(other), "{other:?}");
        }
    }

    #[test]
    fn a_link_is_one_line_and_no_markdown() {
        assert!(is_link(&format!("https://a.test/magic?token={}", "aB3_x~%2F".repeat(100))));
        for other in
            ["https://a.test/\n--- END", "https://a.test/](x", "https://a.test/ b", "https://\u{430}.test/"]
        {
            assert!(!is_link(other), "{other:?}");
        }
    }
}
