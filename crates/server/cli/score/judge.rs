//! One message to one verdict, on a thread that hostile mail may ruin.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mailward_mailroom::flags::circumstances;
use mailward_mailroom::sender_auth::SenderAuth;
use mailward_phishing::{Letter, Mailbox, Report, examine};
use mailward_score::{Policy, Sample, Verdict};

use crate::cli::Failure;

/// Room for a parser that recurses as deep as the pre-scan lets it, many times over; as in the service.
const STACK: usize = 64 << 20;

/// What is said of a message: whether it is an injection, and what in it is aimed at people.
pub(in crate::cli) struct Judged {
    pub(in crate::cli) verdict: Verdict,
    pub(in crate::cli) people: Report,
}

/// Judges a message as it came over the wire.
pub(in crate::cli) fn mail(raw: &[u8], auth: &SenderAuth) -> Judged {
    guarded(|| {
        let screened = mailward_mailroom::judge(raw, &Policy::default());
        let people = screened.evidence.report(&circumstances(auth, false, None, &[]));
        Judged { verdict: screened.verdict, people }
    })
}

/// Judges texts that somebody else took out of a message.
pub(in crate::cli) fn texts(sample: &Sample<'_>, auth: &SenderAuth) -> Judged {
    guarded(|| {
        let letter = Letter {
            from: Mailbox { name: sample.from_name, address: sample.from_address },
            subject: sample.subject,
            text: sample.text,
            html: sample.html,
            ..Letter::default()
        };
        let people = examine(&letter).report(&circumstances(auth, false, None, &[]));
        Judged { verdict: mailward_mailroom::judge_texts(sample, &Policy::default()), people }
    })
}

/// Starts a thread with room for a deep parser.
pub(in crate::cli) fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<std::thread::ScopedJoinHandle<'scope, T>, Failure> {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
    thread.map_err(|error| Failure::failed(format!("no thread can be started: {error}"), ""))
}

/// Does one piece of work on such a thread.
pub(in crate::cli) fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    std::thread::scope(|scope| {
        let done = spawn(scope, work)?.join();
        done.map_err(|_| Failure::failed("the thread that judges ended early", ""))
    })
}

/// A parser's panic is a property of the message, not the end of the program.
fn guarded(work: impl FnOnce() -> Judged) -> Judged {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Judged {
        verdict: Verdict::unknown("parser.panic", "reading this message failed"),
        people: Report::default(),
    })
}

#[cfg(test)]
mod tests {
    use mailward_score::Level;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_unknown_and_held() {
        let bomb = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(500);
        let auth = SenderAuth::default();
        for judged in [mail(bomb.as_bytes(), &auth), guarded(|| panic!("as a parser might"))] {
            let verdict = judged.verdict;
            assert_eq!((verdict.level, verdict.score >= 70), (Level::Unknown, true), "{verdict:?}");
        }
    }
}
