//! The conversation with the endpoint: one question, one answer, nothing kept, nothing followed, no tool.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use mailward_mail::clock::Timestamp;
use mailward_mail::random::Random;
use mailward_net::dns::Dns;
use mailward_net::egress::{Egress, EgressRules, PostError};
use serde_json::{Value, json};

use super::answer::{self, Opinion};
use super::failure::Failure;
use super::question::Question;
use super::settings::{BadJudge, JudgeFormat, JudgeSettings};

/// The largest answer that is read, in bytes.
const MOST_ANSWER: usize = 64 * 1024;
/// Tokens that the answer may have: the object and a quote in a language that takes many.
const MOST_TOKENS: u32 = 400;
/// Failures in a row after which the endpoint is left alone, and for how long.
const MOST_FAILURES: u32 = 5;
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// The endpoint and what is known of how it does.
pub struct Judge {
    settings: JudgeSettings,
    url: String,
    egress: Egress,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    failures: u32,
    until: Option<Timestamp>,
}

impl Judge {
    /// Makes the way to the endpoint. An address or `localhost` in the URL itself may be called, and what lies in
    /// `allow_private`; in clear text no other.
    ///
    /// # Errors
    /// [`BadJudge`], when the settings cannot work.
    pub fn new(settings: JudgeSettings, dns: Dns) -> Result<Self, BadJudge> {
        let base = settings.url.trim_end_matches('/');
        let url = match base.ends_with("/chat/completions") {
            true => base.to_owned(),
            false => format!("{base}/chat/completions"),
        };
        let mut allow_private = settings.allow_private.clone();
        allow_private.extend(named(&url));
        let rules = EgressRules { allow_private, inside_names: true, ..EgressRules::default() };
        let egress = Egress::new(dns, rules).map_err(|error| BadJudge::Tls(error.to_string()))?;
        egress.judge(&url).map_err(|blocked| BadJudge::Url(blocked.to_string()))?;
        if settings.key.as_ref().is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(BadJudge::Key);
        }
        Ok(Self { settings, url, egress, health: Mutex::default() })
    }

    /// What the operator chose.
    pub fn settings(&self) -> &JudgeSettings {
        &self.settings
    }

    /// Asks about a harmless mail of nobody's, whatever is known of the endpoint; how long it took to answer to the
    /// letter.
    ///
    /// # Errors
    /// Why it did not.
    pub async fn try_out(&self, random: &Random) -> Result<Duration, Failure> {
        let question = Question::trial([random.bytes(), random.bytes()]);
        let begun = tokio::time::Instant::now();
        self.ask(self.body(&question), &question).await?;
        Ok(begun.elapsed())
    }

    /// The request for a question.
    pub(super) fn body(&self, question: &Question) -> Vec<u8> {
        let mut body = json!({
            "model": self.settings.model,
            "messages": [
                { "role": "system", "content": Question::instructions() },
                { "role": "user", "content": question.framed() },
            ],
            "temperature": 0,
            "max_tokens": MOST_TOKENS,
            "n": 1,
            "stream": false,
        });
        match self.settings.format {
            JudgeFormat::None => {}
            JudgeFormat::JsonObject => body["response_format"] = json!({ "type": "json_object" }),
            JudgeFormat::JsonSchema => {
                let schema = json!({ "name": "opinion", "strict": true, "schema": schema(question) });
                body["response_format"] = json!({ "type": "json_schema", "json_schema": schema });
            }
        }
        body.to_string().into_bytes()
    }

    /// Sends a request; the opinion, and the tokens that the endpoint counted.
    pub(super) async fn ask(&self, body: Vec<u8>, question: &Question) -> Result<(Opinion, i64), Failure> {
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), concat!("mailward/", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        if let Some(key) = &self.settings.key {
            headers.push(("authorization".to_owned(), format!("Bearer {}", key.as_str())));
        }
        let reply = self.egress.ask(&self.url, &headers, body, self.settings.deadline, MOST_ANSWER).await;
        let reply = reply.map_err(|error| match error {
            PostError::Timeout => Failure::Deadline,
            PostError::LongBody | PostError::TooLarge => Failure::Long,
            PostError::Protocol(_) => Failure::Garbage,
            PostError::Blocked(_) | PostError::Dns(_) | PostError::Connect(_) | PostError::Tls(_) => {
                Failure::Unreachable
            }
        })?;
        match reply.status {
            200 => answer::read(&reply.body, question.check()),
            408 | 429 | 500 | 502 | 503 | 504 => Err(Failure::Busy(reply.retry_after.unwrap_or_default())),
            // A redirect too: what is not answered here is not asked elsewhere.
            status => Err(Failure::Refused(status)),
        }
    }

    /// Whether the endpoint may be asked now. Of those that come when it was left alone for long enough, one is let
    /// through to see.
    pub(super) fn may_ask(&self, now: Timestamp) -> bool {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match health.until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                health.until = Some(now.plus(LEFT_ALONE));
                true
            }
        }
    }

    /// Notes how it did.
    pub(super) fn note(&self, now: Timestamp, answer: &Result<(Opinion, i64), Failure>) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Err(failure) if failure.is_endpoint() => {
                health.failures = health.failures.saturating_add(1);
                if health.failures >= MOST_FAILURES {
                    health.until = Some(now.plus(LEFT_ALONE));
                }
            }
            _ => *health = Health::default(),
        }
    }
}

/// The addresses that an operator opened by writing them down.
fn named(url: &str) -> Vec<IpNet> {
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    if host.eq_ignore_ascii_case("localhost") {
        return vec![
            IpAddr::from([127, 0, 0, 1]).into(),
            IpNet::from(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)),
        ];
    }
    host.parse::<IpAddr>().map(IpNet::from).into_iter().collect()
}

fn schema(question: &Question) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["check", "verdict", "aim", "confidence", "quote"],
        "properties": {
            "check": { "type": "string", "const": question.check() },
            "verdict": { "type": "string", "enum": Opinion::WORDS },
            "aim": { "type": "string", "enum": ["none", "override", "disclose", "act", "pose", "conceal", "other"] },
            "confidence": { "type": "integer", "minimum": 0, "maximum": 100 },
            "quote": { "type": "string" },
        },
    })
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn settings(url: &str) -> JudgeSettings {
        JudgeSettings {
            url: url.to_owned(),
            model: "m".to_owned(),
            key: None,
            format: JudgeFormat::default(),
            deadline: Duration::from_secs(1),
            patience: Duration::from_secs(1),
            grey: 35..=69,
            most_bytes: 1_000,
            tenants: Vec::new(),
            allow_private: Vec::new(),
        }
    }

    fn judge(url: &str) -> Result<Judge, BadJudge> {
        Judge::new(settings(url), Dns::off())
    }

    #[test]
    fn what_an_operator_wrote_down_is_open_and_nothing_beside_it() {
        for url in [
            "http://127.0.0.1:11434/v1",
            "http://localhost:8000/v1/",
            "http://[::1]:8000/v1/chat/completions",
            "http://10.1.2.3/v1",
            "https://llm.example.org/v1",
        ] {
            let judge = judge(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert!(judge.url.ends_with("/v1/chat/completions"), "{}", judge.url);
        }
        for url in
            ["http://llm.example.org/v1", "llm", "ftp://127.0.0.1/", "http://a:b@127.0.0.1/", "http://llm/v1"]
        {
            assert!(judge(url).is_err(), "{url}");
        }
        assert_eq!(named("http://10.1.2.3:80/127.0.0.1"), vec!["10.1.2.3/32".parse().expect("a network")]);
        assert!(named("https://llm.example.org/").is_empty());
    }

    #[test]
    fn a_key_that_would_break_out_of_its_header_is_refused() {
        for key in ["a\r\nx: y", "a b", "ä"] {
            let settings =
                JudgeSettings { key: Some(Zeroizing::new(key.to_owned())), ..settings("http://127.0.0.1/") };
            assert!(matches!(Judge::new(settings, Dns::off()), Err(BadJudge::Key)), "{key:?}");
        }
    }

    #[test]
    fn an_endpoint_that_fails_again_and_again_is_left_alone_and_then_tried_by_one() {
        let judge = judge("http://127.0.0.1/v1").expect("a judge");
        let now = Timestamp(1_795_341_600_000);
        for _ in 0..MOST_FAILURES {
            assert!(judge.may_ask(now));
            judge.note(now, &Err(Failure::Deadline));
        }
        assert!(!judge.may_ask(now));
        let later = now.plus(LEFT_ALONE);
        assert!(judge.may_ask(later) && !judge.may_ask(later), "one goes to see");
        judge.note(later, &Ok((Opinion::Unsure, 0)));
        assert!(judge.may_ask(later) && judge.may_ask(later));
        // One answer that is none says nothing about the endpoint.
        for _ in 0..9 {
            judge.note(later, &Err(Failure::Garbage));
        }
        assert!(judge.may_ask(later));
    }

    #[test]
    fn no_tool_is_offered_and_nothing_is_left_to_chance() {
        let judge = judge("http://127.0.0.1/v1").expect("a judge");
        let question = Question::trial([[1; 16], [2; 16]]);
        let body: Value = serde_json::from_slice(&judge.body(&question)).expect("JSON");
        assert_eq!(
            (&body["temperature"], &body["stream"], &body["n"]),
            (&json!(0), &json!(false), &json!(1))
        );
        assert!(body.get("tools").is_none() && body["max_tokens"] == json!(MOST_TOKENS));
        assert_eq!(body["messages"].as_array().map(Vec::len), Some(2));
    }
}
