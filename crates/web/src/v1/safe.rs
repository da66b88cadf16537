//! A mail as one text for a prompt.

use mailward_mailroom::{SafeMail, SafeRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::emails::EmailView;
use crate::problem::Problem;

/// How a mail is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ShowOptions {
    /// `safe`: as one text for a prompt.
    #[param(value_type = Option<String>)]
    view: Option<Way>,
    /// With `view=safe`: characters of the sender's text, 100 to 32000; 16000 when absent.
    #[param(minimum = 100, maximum = 32000)]
    max_characters: Option<u32>,
    /// With `view=safe`: tokens of it, as estimated, 100 to 32000.
    #[param(minimum = 100, maximum = 32000)]
    max_tokens: Option<u32>,
    /// With `view=safe`: from which character on; `nextOffset` of the answer before.
    offset: Option<u32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Way {
    Safe,
}

/// A mail, in the way that was asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = ShownEmail)]
#[serde(untagged)]
pub(crate) enum Shown {
    /// As it is. Everything its sender wrote is untrusted.
    Whole(Box<EmailView>),
    /// For a prompt.
    Safe(SafeView),
}

/// A mail as one text that may stand in a prompt. What its sender wrote stands between two lines with a number that is new
/// in every answer, and each line of it begins with `| `; hidden text, invisible characters and images are left out,
/// links say where they lead.
#[derive(Serialize, ToSchema)]
#[schema(as = SafeEmail)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SafeView {
    id: String,
    inbox_id: String,
    thread_id: Option<String>,
    /// Always true: it was written outside.
    untrusted: bool,
    /// The text.
    safe_body: String,
    /// Characters of the sender's text in all.
    characters: usize,
    /// Ask with this as `offset` for what follows; null: this was the end.
    next_offset: Option<usize>,
    /// `low`, `medium`, `high` or `unknown`.
    injection_risk: &'static str,
}

impl ShowOptions {
    /// What is wanted of the safe text; `None`: the mail as it is.
    pub(crate) fn safe(&self) -> Result<Option<SafeRequest>, Problem> {
        let bounds = [self.max_characters, self.max_tokens, self.offset];
        if self.view.is_none() {
            return match bounds.iter().all(Option::is_none) {
                true => Ok(None),
                false => {
                    Err(Problem::validation("maxCharacters, maxTokens and offset: go with view=safe alone"))
                }
            };
        }
        let default = SafeRequest::default();
        let number = |value: Option<u32>, default| value.map_or(default, |value| value as usize);
        Ok(Some(SafeRequest {
            characters: number(self.max_characters, default.characters),
            tokens: number(self.max_tokens, default.tokens),
            offset: number(self.offset, default.offset),
            ..default
        }))
    }
}

impl SafeView {
    pub(crate) fn of(mail: SafeMail) -> Self {
        Self {
            id: mail.message.id.into(),
            inbox_id: mail.message.inbox.into(),
            thread_id: mail.message.thread.map(String::from),
            untrusted: true,
            safe_body: mail.text,
            characters: mail.characters,
            next_offset: mail.next,
            injection_risk: mail.meta.verdict.as_ref().map_or("unknown", |verdict| verdict.level.as_str()),
        }
    }
}
