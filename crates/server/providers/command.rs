//! An external program that wraps and unwraps, for a KMS.
//!
//! It is started for each question: one JSON object on its standard input, one on its standard output, and 0 as its
//! exit status. It never sees a tenant's key, only keys that were drawn for one wrap each. The protocol is described in
//! `docs/keys.md`, and `scripts/key-provider.example` is a program that speaks it.

use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailward_mail::random::Random;
use mailward_mailroom::{Issued, KeyContext, Root, RootError};
use mailward_vault::MasterKey;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::StartError;
use crate::config::Keys;

/// Programs at once.
const AT_ONCE: usize = 4;
/// An answer is no longer.
const MOST_BYTES: u64 = 64 * 1024;
/// What it makes of a key is no longer: it is stored beside each wrap.
const MOST_BLOB: usize = 8 * 1024;
/// After a failure nobody is made to wait for the next one.
const REST: Duration = Duration::from_secs(2);

/// The program and how it fares.
pub(super) struct Command {
    words: Vec<String>,
    timeout: Duration,
    random: Random,
    places: Semaphore,
    failed: Mutex<Option<(Instant, String)>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    error: Option<String>,
    key_ids: Option<Vec<String>>,
    blob: Option<String>,
    plaintext: Option<Zeroizing<String>>,
}

impl Command {
    pub(super) fn new(keys: &Keys, random: Random) -> Result<Self, StartError> {
        if keys.command.is_empty() {
            let how = "keys.provider is command: set keys.command to the program and its arguments, such as \
                       [\"/usr/local/bin/mailward-kms\"]";
            return Err(StartError::refused(how));
        }
        Ok(Self {
            words: keys.command.clone(),
            timeout: Duration::from_millis(keys.command_timeout_ms),
            random,
            places: Semaphore::new(AT_ONCE),
            failed: Mutex::default(),
        })
    }

    async fn ask(&self, question: Zeroizing<String>) -> Result<Answer, RootError> {
        let _place = self.places.acquire().await.map_err(|_| down("it is stopping"))?;
        let last = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, why)) = last.filter(|(at, _)| at.elapsed() < REST) {
            return Err(RootError::Down(why));
        }
        let answer = match tokio::time::timeout(self.timeout, self.run(&question)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} ms", self.timeout.as_millis())),
        };
        let failure = answer.as_ref().err().map(|why| (Instant::now(), why.clone()));
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        let answer = answer.map_err(RootError::Down)?;
        match answer.error {
            Some(why) => Err(RootError::Refused(why.chars().filter(|c| !c.is_control()).take(200).collect())),
            None => Ok(answer),
        }
    }

    async fn run(&self, question: &str) -> Result<Answer, String> {
        let mut command = tokio::process::Command::new(&self.words[0]);
        command.args(&self.words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        // Our own settings may hold passwords, and are no business of the program's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MAILWARD") {
                command.env_remove(name);
            }
        }
        let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
        let mut stdin = child.stdin.take().ok_or("it has no standard input")?;
        let stdout = child.stdout.take().ok_or("it has no standard output")?;
        // One that answers without reading closes the pipe; what it says decides.
        let write = async move {
            let _ = stdin.write_all(question.as_bytes()).await;
        };
        // Room for all of it at once: a buffer that grows leaves unwiped copies behind.
        let mut answer = Zeroizing::new(Vec::with_capacity(MOST_BYTES as usize + 1));
        let mut bounded = stdout.take(MOST_BYTES + 1);
        let (_, read) = tokio::join!(write, bounded.read_to_end(&mut answer));
        read.map_err(|error| format!("its answer cannot be read: {error}"))?;
        if answer.len() as u64 > MOST_BYTES {
            return Err(format!("its answer is longer than {MOST_BYTES} bytes"));
        }
        let status = child.wait().await.map_err(|error| format!("it cannot be waited for: {error}"))?;
        if !status.success() {
            return Err(format!("it ended with {status}"));
        }
        // What the library would say of the answer may quote it.
        serde_json::from_slice(&answer).map_err(|_| "its answer is not the JSON that is expected".to_owned())
    }
}

impl Root for Command {
    fn ids(&self) -> BoxFuture<'_, Result<Vec<String>, RootError>> {
        async {
            let answer = self.ask(Zeroizing::new(r#"{"protocol":1,"op":"keys"}"#.to_owned())).await?;
            let ids = answer.key_ids.ok_or_else(|| down("it told no keyIds"))?;
            if ids.is_empty() || !ids.iter().all(|id| is_id(id)) {
                return Err(down("its keyIds are not 1 to 200 visible ASCII characters without |"));
            }
            Ok(ids)
        }
        .boxed()
    }

    fn issue<'a>(
        &'a self,
        id: &'a str,
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<Issued, RootError>> {
        async move {
            let key = MasterKey::one_off(id, &self.random);
            let plaintext = Zeroizing::new(STANDARD.encode(&key.expose()[..]));
            let question = Zeroizing::new(format!(
                r#"{{"protocol":1,"op":"wrap","keyId":{},"context":"{context}","plaintext":"{}"}}"#,
                serde_json::json!(id),
                *plaintext
            ));
            let blob = self.ask(question).await?.blob.ok_or_else(|| down("it gave no blob"))?;
            let envelope = STANDARD.decode(blob).map_err(|_| down("its blob is not base64"))?;
            if envelope.is_empty() || envelope.len() > MOST_BLOB {
                return Err(down("its blob is empty or too long"));
            }
            Ok(Issued { key, envelope })
        }
        .boxed()
    }

    fn recall<'a>(
        &'a self,
        id: &'a str,
        context: &'a KeyContext<'a>,
        envelope: &'a [u8],
    ) -> BoxFuture<'a, Result<MasterKey, RootError>> {
        async move {
            if envelope.is_empty() {
                return Err(RootError::Refused("this was wrapped by a key of another provider".into()));
            }
            let question = Zeroizing::new(format!(
                r#"{{"protocol":1,"op":"unwrap","keyId":{},"context":"{context}","blob":"{}"}}"#,
                serde_json::json!(id),
                STANDARD.encode(envelope)
            ));
            let plaintext =
                self.ask(question).await?.plaintext.ok_or_else(|| down("it gave no plaintext"))?;
            let mut bytes = Zeroizing::new([0; 33]);
            let length = STANDARD
                .decode_slice(plaintext.as_bytes(), &mut bytes[..])
                .map_err(|_| down("its plaintext is not base64 of 32 bytes"))?;
            MasterKey::kept(id, &bytes[..length]).map_err(|_| down("its plaintext is not 32 bytes"))
        }
        .boxed()
    }

    fn prepare(&self) -> BoxFuture<'_, Result<Option<String>, RootError>> {
        async { Ok(None) }.boxed()
    }

    fn destroy<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<String>, RootError>> {
        async move { Ok(Some(format!("destroy the key {id} where the program keeps it"))) }.boxed()
    }
}

fn down(why: &str) -> RootError {
    RootError::Down(why.to_owned())
}

fn is_id(id: &str) -> bool {
    (1..=200).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'|')
}
