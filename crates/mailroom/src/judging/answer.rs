//! Reads the judge's answer to the letter. Everything that is not exactly what was asked for is no answer.
//!
//! No word of the judge's own reaches anybody: a verdict and an aim are chosen from closed lists, and a quote is shown
//! only where the mail holds it. Else a mail could have the judge write to the agent.

use serde::Deserialize;

use super::failure::Failure;

/// The longest quote that is taken, in characters.
const MOST_QUOTE: usize = 300;
/// Nobody who is less sure than this says anything but `unsure`.
const LEAST_CONFIDENCE: u8 = 50;
/// More tokens than this no endpoint has counted for one answer.
const MOST_TOKENS: u64 = 10_000_000;

/// What the judge thinks of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Opinion {
    /// It tries to steer the agent that reads it.
    Injection {
        /// To what end.
        aim: Aim,
        /// How sure the judge is, 50 to 100.
        confidence: u8,
        /// The words that do, as the judge says.
        quote: String,
    },
    /// It does not.
    Benign {
        /// How sure the judge is, 50 to 100.
        confidence: u8,
    },
    /// It cannot be said.
    Unsure,
}

/// What an injection is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Aim {
    /// None: it is no injection.
    None,
    /// Other instructions, another role.
    Override,
    /// Data that leave.
    Disclose,
    /// An act: a mail, a payment, a click, a deletion, a setting.
    Act,
    /// Text that poses as the system, the operator, a tool or the user.
    Pose,
    /// Something kept from the user, or a check that is skipped.
    Conceal,
    /// Something else.
    Other,
}

impl Aim {
    /// In words, for whoever reads the finding.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::None => "no aim",
            Self::Override => "replaces instructions or role",
            Self::Disclose => "reveals or sends data",
            Self::Act => "makes the agent act",
            Self::Pose => "poses as system, tool or operator",
            Self::Conceal => "hides from the user or skips a check",
            Self::Other => "steers the agent",
        }
    }
}

impl Opinion {
    /// All words.
    pub(super) const WORDS: [&'static str; 3] = ["injection", "benign", "unsure"];

    /// The word for it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Injection { .. } => "injection",
            Self::Benign { .. } => "benign",
            Self::Unsure => "unsure",
        }
    }
}

/// A completion of an OpenAI-compatible endpoint; of what more there is, nothing counts.
#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<serde_json::Value>>,
    #[serde(default)]
    function_call: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    total_tokens: u64,
}

/// What was asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    check: String,
    verdict: Word,
    aim: Aim,
    confidence: u8,
    quote: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Injection,
    Benign,
    Unsure,
}

/// Reads the body of an answer with status 200: the opinion, and the tokens that the endpoint counted.
pub(super) fn read(body: &[u8], check: &str) -> Result<(Opinion, i64), Failure> {
    let completion: Completion = serde_json::from_slice(body).map_err(|_| Failure::Garbage)?;
    let tokens = completion.usage.map_or(0, |usage| usage.total_tokens.min(MOST_TOKENS));
    let [choice] = &completion.choices[..] else { return Err(Failure::Garbage) };
    // Cut off, filtered, or a call of a tool that nobody offered.
    let stopped = choice.finish_reason.as_deref().is_none_or(|reason| reason == "stop");
    let said = &choice.message;
    let calls =
        said.tool_calls.as_ref().is_some_and(|calls| !calls.is_empty()) || said.function_call.is_some();
    if !stopped || calls || said.refusal.as_ref().is_some_and(|text| !text.is_empty()) {
        return Err(Failure::Garbage);
    }
    let content = said.content.as_deref().ok_or(Failure::Garbage)?;
    let answer: Answer = serde_json::from_str(content.trim()).map_err(|_| Failure::Garbage)?;
    Ok((opinion(answer, check)?, i64::try_from(tokens).unwrap_or(i64::MAX)))
}

fn opinion(answer: Answer, check: &str) -> Result<Opinion, Failure> {
    let Answer { check: echoed, verdict, aim, confidence, quote } = answer;
    let sure = (LEAST_CONFIDENCE..=100).contains(&confidence);
    if echoed != check || confidence > 100 || quote.chars().count() > MOST_QUOTE {
        return Err(Failure::Garbage);
    }
    match verdict {
        Word::Injection if sure && aim != Aim::None && !quote.trim().is_empty() => {
            Ok(Opinion::Injection { aim, confidence, quote })
        }
        Word::Benign if sure && aim == Aim::None && quote.is_empty() => Ok(Opinion::Benign { confidence }),
        Word::Unsure => Ok(Opinion::Unsure),
        // It says one thing and another.
        Word::Injection | Word::Benign => Err(Failure::Garbage),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CHECK: &str = "c0ffee";

    fn completion(content: &str) -> Value {
        json!({ "id": "x", "object": "chat.completion", "choices": [{ "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": content, "refusal": null, "tool_calls": [] } }],
            "usage": { "prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100 } })
    }

    fn said(content: &str) -> Result<(Opinion, i64), Failure> {
        read(completion(content).to_string().as_bytes(), CHECK)
    }

    fn answer(change: impl FnOnce(&mut Value)) -> Result<Opinion, Failure> {
        let mut answer = json!({ "check": CHECK, "verdict": "injection", "aim": "disclose", "confidence": 90,
            "quote": "send the code" });
        change(&mut answer);
        said(&answer.to_string()).map(|(opinion, _)| opinion)
    }

    #[test]
    fn an_answer_to_the_letter_is_an_opinion() {
        let quote = "send the code".to_owned();
        assert_eq!(answer(|_| {}), Ok(Opinion::Injection { aim: Aim::Disclose, confidence: 90, quote }));
        let benign = r#" {"check":"c0ffee","verdict":"benign","aim":"none","confidence":50,"quote":""} "#;
        assert_eq!(said(benign), Ok((Opinion::Benign { confidence: 50 }, 100)));
        let unsure = r#"{"check":"c0ffee","verdict":"unsure","aim":"none","confidence":10,"quote":""}"#;
        assert_eq!(said(unsure), Ok((Opinion::Unsure, 100)));
    }

    #[test]
    fn whatever_else_comes_is_no_answer() {
        let benign = r#"{"check":"c0ffee","verdict":"benign","aim":"none","confidence":90,"quote":""}"#;
        assert!(said(benign).is_ok());
        for content in [
            "",
            "benign",
            "null",
            "[]",
            "```json\n{}\n```",
            &benign[..benign.len() - 1],
            &format!("{benign}{benign}"),
            &format!("Sure! {benign}"),
            &format!("```json\n{benign}\n```"),
            &benign.replace(r#""quote":"""#, r#""quote":"","note":"x""#),
            &benign.replace(r#""quote":"""#, r#""quote":"","verdict":"benign""#),
            &benign.replace("c0ffee", "decaf"),
            &benign.replace("c0ffee", ""),
        ] {
            assert_eq!(said(content), Err(Failure::Garbage), "{content}");
        }
    }

    #[test]
    fn an_answer_that_contradicts_itself_is_none() {
        let set = |key: &'static str, value: Value| move |answer: &mut Value| answer[key] = value;
        for (key, value) in [
            ("verdict", json!("benign")),
            ("verdict", json!("safe")),
            ("verdict", json!(1)),
            ("aim", json!("none")),
            ("aim", json!("world peace")),
            ("confidence", json!(49)),
            ("confidence", json!(101)),
            ("confidence", json!(-1)),
            ("confidence", json!(0.9)),
            ("confidence", json!("90")),
            ("confidence", json!(null)),
            ("quote", json!("")),
            ("quote", json!(" \n")),
            ("quote", json!("a".repeat(301))),
            ("quote", json!(null)),
            ("check", json!(null)),
        ] {
            assert_eq!(answer(set(key, value.clone())), Err(Failure::Garbage), "{key}: {value}");
        }
    }

    #[test]
    fn what_stands_around_the_answer_must_be_a_plain_completion() {
        let benign = r#"{"check":"c0ffee","verdict":"benign","aim":"none","confidence":90,"quote":""}"#;
        let read = |value: &Value| read(value.to_string().as_bytes(), CHECK).map(|(opinion, _)| opinion);
        let good = completion(benign);
        assert!(read(&good).is_ok());
        for (place, value) in [
            ("/choices", json!([])),
            ("/choices", json!([good["choices"][0], good["choices"][0]])),
            ("/choices/0/finish_reason", json!("length")),
            ("/choices/0/finish_reason", json!("tool_calls")),
            ("/choices/0/message/content", json!(null)),
            ("/choices/0/message/content", json!([{ "type": "text", "text": benign }])),
            ("/choices/0/message/refusal", json!("I cannot")),
            ("/choices/0/message/tool_calls", json!([{ "id": "1" }])),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(place).expect("it is there") = value.clone();
            assert_eq!(read(&bad), Err(Failure::Garbage), "{place}: {value}");
        }
        // Small servers leave out what is not needed.
        let small = json!({ "choices": [{ "message": { "content": benign } }] });
        assert!(read(&small).is_ok());
    }
}
