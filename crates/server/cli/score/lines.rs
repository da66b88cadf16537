//! `score --jsonl`: a stream of messages to a stream of verdicts, in order, on all cores.
//!
//! Each line becomes a task with a place in a queue of answers, so the writer needs only to take the answers in the
//! order of the questions. Both queues are bounded: a slow line holds back the reader, never fills the memory.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use mailward_mailroom::sender_auth::SenderAuth;
use mailward_phishing::Flag;
use mailward_score::Sample;
use mailward_score_eval::rows::mailbox;
use serde::Deserialize;
use serde_json::{Value, json};

use super::judge::{self, Judged};
use crate::cli::{Failure, terminal};

/// Lines in flight for each thread: enough that no thread waits for the reader.
const WAITING: usize = 8;

/// One question. Unknown fields belong to the asker and are ignored.
#[derive(Deserialize)]
struct Question<'a> {
    id: Value,
    #[serde(borrow)]
    eml: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    html: Option<Cow<'a, str>>,
    #[serde(borrow)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow)]
    from: Option<Cow<'a, str>>,
    /// What the receiver found out about the sender: `spf`, `dkim`, `dmarc`, `domain`.
    #[serde(default)]
    auth: SenderAuth,
}

struct Task {
    line: Vec<u8>,
    answer: SyncSender<Answer>,
}

struct Answer {
    row: String,
    bad: bool,
}

/// Judges line by line; tells how many lines were bad.
pub(super) fn judge_lines(
    input: impl BufRead,
    output: impl Write + Send,
    threads: usize,
) -> Result<usize, Failure> {
    let (tasks, queue) = sync_channel::<Task>(threads * WAITING);
    let (places, answers) = sync_channel::<Receiver<Answer>>(threads * WAITING);
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        // The reader's ends live in this closure and go with it: then everybody else comes to an end.
        let (tasks, places) = (tasks, places);
        for _ in 0..threads {
            judge::spawn(scope, || work(&queue))?;
        }
        let writer = judge::spawn(scope, move || write(&answers, output))?;
        let read = read(input, &tasks, &places);
        drop((tasks, places));
        let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writer ended early")));
        // A reader that stopped because nobody takes the answers is not to blame.
        let bad = written?;
        read.map_err(|error| Failure::failed(format!("standard input cannot be read: {error}"), ""))?;
        Ok(bad)
    })
}

fn read(
    mut input: impl BufRead,
    tasks: &SyncSender<Task>,
    places: &SyncSender<Receiver<Answer>>,
) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let (answer, place) = sync_channel(1);
        if places.send(place).is_err() || tasks.send(Task { line, answer }).is_err() {
            return Ok(());
        }
    }
}

fn work(queue: &Mutex<Receiver<Task>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Task { line, answer }) = next else { return };
        // The writer may be gone; the next task tells.
        let _ = answer.send(judge_line(&line));
    }
}

fn write(answers: &Receiver<Receiver<Answer>>, output: impl Write) -> io::Result<usize> {
    let mut output = io::BufWriter::new(output);
    let mut bad = 0;
    while let Some(place) = next(answers, &mut output)? {
        let answer =
            next(&place, &mut output)?.ok_or_else(|| io::Error::other("a thread that judges ended early"))?;
        bad += usize::from(answer.bad);
        writeln!(output, "{}", answer.row)?;
    }
    output.flush()?;
    Ok(bad)
}

/// The next of a queue. Before it waits, whoever reads the output gets the answers so far.
fn next<T>(queue: &Receiver<T>, output: &mut impl Write) -> io::Result<Option<T>> {
    match queue.try_recv() {
        Ok(one) => Ok(Some(one)),
        Err(TryRecvError::Disconnected) => Ok(None),
        Err(TryRecvError::Empty) => {
            output.flush()?;
            Ok(queue.recv().ok())
        }
    }
}

fn judge_line(line: &[u8]) -> Answer {
    let start = Instant::now();
    let question: Question<'_> = match serde_json::from_slice(line) {
        Ok(question) => question,
        Err(error) => {
            return Answer {
                row: terminal::json(&json!({"id": null, "error": error.to_string()})),
                bad: true,
            };
        }
    };
    let Judged { verdict, people } = judge(&question);
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let row = json!({
        "id": question.id,
        "score": verdict.score,
        "level": verdict.level,
        "findings": verdict.findings,
        "flags": people.flags().map(Flag::as_str).collect::<Vec<_>>(),
        "reasons": people.reasons,
        "ms": (ms * 1000.0).round() / 1000.0,
    });
    Answer { row: terminal::json(&row), bad: false }
}

fn judge(question: &Question<'_>) -> Judged {
    let auth = &question.auth;
    if let Some(eml) = &question.eml {
        return judge::mail(eml.as_bytes(), auth);
    }
    let (from_name, from_address) = mailbox(question.from.as_deref().unwrap_or_default());
    let sample = Sample {
        subject: question.subject.as_deref().unwrap_or_default(),
        from_name,
        from_address,
        text: question.text.as_deref().unwrap_or_default(),
        html: question.html.as_deref().unwrap_or_default(),
        ..Sample::default()
    };
    judge::texts(&sample, auth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(input: &str, threads: usize) -> (Vec<Value>, usize) {
        let mut output = Vec::new();
        let bad = judge_lines(input.as_bytes(), &mut output, threads).expect("memory never fails");
        let rows = String::from_utf8(output).expect("JSON is text");
        (rows.lines().map(|row| serde_json::from_str(row).expect("a row is JSON")).collect(), bad)
    }

    #[test]
    fn answers_come_in_the_order_of_the_questions_however_long_each_takes() {
        let line = |id: usize| json!({"id": id, "text": "word ".repeat(if id.is_multiple_of(7) { 20_000 } else { 1 })});
        let input: String = (0..200).map(|id| format!("{}\n", line(id))).collect();
        let (rows, bad) = judged(&input, 4);
        let ids: Vec<u64> = rows.iter().filter_map(|row| row["id"].as_u64()).collect();
        assert_eq!((ids, bad), ((0..200).collect(), 0));
    }

    #[test]
    fn a_bad_line_is_answered_in_its_place_and_counted() {
        let (rows, bad) =
            judged("{\"id\":\"a\"}\n\nnot json\n{\"text\":\"no id\"}\n{\"id\":\"b\",\"label\":1}", 2);
        assert_eq!((rows.len(), bad), (4, 2));
        assert_eq!((&rows[0]["id"], &rows[3]["id"]), (&json!("a"), &json!("b")));
        assert!(rows[1]["id"].is_null() && rows[1]["error"].is_string() && rows[2]["error"].is_string());
    }

    #[test]
    fn output_that_cannot_be_written_ends_the_reading() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let endless = io::BufReader::new(io::Read::chain(&b""[..], Repeat));
        let failure = judge_lines(endless, Closed, 2).expect_err("nobody reads");
        assert!(failure.is_closed_pipe());
    }

    struct Repeat;
    impl io::Read for Repeat {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let line = b"{\"id\":1}\n";
            let length = line.len().min(buffer.len());
            buffer[..length].copy_from_slice(&line[..length]);
            Ok(length)
        }
    }
}
