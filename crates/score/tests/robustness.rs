//! What an attacker may do to a mail without gaining by it, and what people do to mail every day without harm. On the
//! mails of the corpus.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use mailward_score::{Attachment, Level, Policy, Sample, score};
use proptest::prelude::*;
use serde_json::Value;

/// A mail of the corpus that is plain text.
struct Mail {
    id: String,
    subject: String,
    from: String,
    text: String,
    level: Level,
}

struct Corpus {
    /// Injections of level medium and high.
    known: Vec<Mail>,
    /// Benign mails of level low.
    benign: Vec<Mail>,
}

static CORPUS: LazyLock<Corpus> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the corpus is there").flatten().map(|e| e.path()).collect();
    files.sort();
    let mut corpus = Corpus { known: Vec::new(), benign: Vec::new() };
    for file in files.iter().filter(|path| path.extension().is_some_and(|end| end == "jsonl")) {
        for line in fs::read_to_string(file).expect("it can be read").lines() {
            let row: Value = serde_json::from_str(line).expect("each line is an object");
            let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let (text, html) = (field("text"), field("html"));
            if text.is_empty() || !html.is_empty() || !field("eml").is_empty() {
                continue;
            }
            let mut mail = Mail {
                id: field("id"),
                subject: field("subject"),
                from: field("from"),
                text,
                level: Level::Low,
            };
            mail.level = level(&mail, &mail.subject, &mail.text);
            // What is written in code does not survive a change of its letters.
            let plain = mail.text.contains(row["payload"].as_str().unwrap_or("\0"));
            match (row["label"] == "injection", mail.level) {
                (true, Level::Medium | Level::High) if plain => corpus.known.push(mail),
                (false, Level::Low) => corpus.benign.push(mail),
                _ => {}
            }
        }
    }
    assert!(corpus.known.len() > 20 && corpus.benign.len() > 1000, "the corpus is read");
    corpus
});

fn judge(sample: &Sample<'_>) -> Level {
    score(sample, &Policy::default()).level
}

fn level(mail: &Mail, subject: &str, text: &str) -> Level {
    judge(&Sample { subject, from_name: &mail.from, text, ..Sample::default() })
}

fn rank(level: Level) -> u8 {
    match level {
        Level::Low => 0,
        Level::Medium => 1,
        Level::High | Level::Unknown => 2,
    }
}

/// The change lowers the level of no known injection; of a hundred, two may stand so close to the line that it does.
fn gains_nothing(change: impl Fn(&Mail) -> Level) {
    gains_little(2, change);
}

/// The same with so many of a hundred near the line.
fn gains_little(near: usize, change: impl Fn(&Mail) -> Level) {
    let fallen: Vec<String> = CORPUS
        .known
        .iter()
        .filter_map(|mail| {
            let now = change(mail);
            (rank(now) < rank(mail.level)).then(|| format!("{}: {:?} became {now:?}", mail.id, mail.level))
        })
        .collect();
    assert!(
        fallen.len() * 100 <= CORPUS.known.len() * near,
        "{} of {}:\n{}",
        fallen.len(),
        CORPUS.known.len(),
        fallen.join("\n")
    );
}

/// The change lifts no benign mail; of a thousand, five may stand so close to the line that it does.
fn does_no_harm(change: impl Fn(&Mail) -> (String, String)) {
    let lifted: Vec<&str> = CORPUS
        .benign
        .iter()
        .filter(|mail| {
            let (subject, text) = change(mail);
            level(mail, &subject, &text) != Level::Low
        })
        .map(|mail| mail.id.as_str())
        .collect();
    assert!(
        lifted.len() * 200 <= CORPUS.benign.len(),
        "{} of {}: {lifted:?}",
        lifted.len(),
        CORPUS.benign.len()
    );
}

/// Puts a piece behind every `every`th letter that stands between two letters.
fn within_words(text: &str, piece: &str, every: usize) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    let mut count = 0_usize;
    while let Some(c) = chars.next() {
        out.push(c);
        // Scripts that join their letters need their joiners where they are.
        let latin = |c: char| c.is_alphabetic() && (c as u32) < 0x530;
        if latin(c) && chars.peek().is_some_and(|next| latin(*next)) {
            count += 1;
            if count.is_multiple_of(every) {
                out.push_str(piece);
            }
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[test]
fn invisible_characters_gain_nothing() {
    for piece in ["\u{200b}", "\u{ad}", "\u{2060}", "\u{feff}", "\u{200d}", "\u{34f}"] {
        gains_nothing(|mail| level(mail, &mail.subject, &within_words(&mail.text, piece, 3)));
    }
}

#[test]
fn case_gains_nothing() {
    gains_nothing(|mail| level(mail, &mail.subject, &mail.text.to_uppercase()));
    gains_nothing(|mail| level(mail, &mail.subject, &mail.text.to_lowercase()));
}

#[test]
fn look_alike_letters_gain_nothing() {
    let look_alike =
        |text: &str| -> String {
            let swap = |c: char| match c {
                'a' => 'а',
                'e' => 'е',
                'o' => 'о',
                'c' => 'с',
                'p' => 'р',
                'i' => 'і',
                _ => c,
            };
            // Addresses stay what they are, or nothing could be sent to them.
            let words = text.split_inclusive(char::is_whitespace);
            words
                .map(|word| {
                    if word.contains(['@', '/']) { word.to_owned() } else { word.chars().map(swap).collect() }
                })
                .collect()
        };
    gains_nothing(|mail| level(mail, &mail.subject, &look_alike(&mail.text)));
}

#[test]
fn html_gains_nothing() {
    for (open, close) in [
        ("<p>", "</p>"),
        ("<div style='display:none'>", "</div>"),
        ("<table><tr><td style='font-size:0'>", "</td></tr></table>"),
        ("<!--", "-->"),
    ] {
        // Markup ends sentences elsewhere, so that windows fall otherwise.
        gains_little(10, |mail| {
            // In a comment a reference is no reference, and no line of dashes may end it.
            let text = match open {
                "<!--" => mail.text.replace("--", "- -"),
                _ => escaped(&mail.text).replace("\n\n", "<br><br>"),
            };
            let html = format!("<p>Hello</p>{open}{text}{close}");
            judge(&Sample { subject: &mail.subject, from_name: &mail.from, html: &html, ..Sample::default() })
        });
    }
}

#[test]
fn base64_gains_nothing() {
    gains_nothing(|mail| {
        level(mail, &mail.subject, &format!("Please see:\n\n{}\n", base64(mail.text.as_bytes())))
    });
}

#[test]
fn another_part_of_the_mail_gains_nothing() {
    gains_nothing(|mail| {
        let part = Attachment { name: "note.txt", content_type: "text/plain", text: &mail.text };
        let (subject, from_name) = (mail.subject.as_str(), mail.from.as_str());
        judge(&Sample {
            subject,
            from_name,
            text: "See the note.",
            attachments: vec![part],
            ..Sample::default()
        })
    });
    gains_nothing(|mail| level(mail, &mail.subject, &format!("> {}", mail.text.replace('\n', "\n> "))));
}

#[test]
fn quoting_does_no_harm() {
    does_no_harm(|mail| {
        let text = format!("Thanks, that works.\n\n> {}\n", mail.text.replace('\n', "\n> "));
        (format!("Re: {}", mail.subject), text)
    });
}

#[test]
fn forwarding_does_no_harm() {
    does_no_harm(|mail| {
        let text = format!(
            "For your information.\n\n---------- Forwarded message ---------\nFrom: {}\nSubject: {}\n\n{}",
            mail.from, mail.subject, mail.text
        );
        (format!("Fwd: {}", mail.subject), text)
    });
}

#[test]
fn footers_do_no_harm() {
    does_no_harm(|mail| {
        let text = format!(
            "{}\n\n-- \nThis message is confidential. If you are not the intended recipient, delete it and tell the sender.\n\
             Please consider the environment before printing. Unsubscribe: https://news.example/u?id=31\n",
            mail.text
        );
        (mail.subject.clone(), text)
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// Whatever the bytes are, and wherever they stand, there is a verdict.
    #[test]
    fn any_bytes_have_a_verdict(bytes in prop::collection::vec(any::<u8>(), 0..2000), kind in 0_usize..6) {
        let text = String::from_utf8_lossy(&bytes);
        let content_type = ["text/plain", "text/html", "text/calendar", "text/vcard", "image/svg+xml", ""][kind];
        let ics = format!("BEGIN:VCALENDAR\n{text}");
        let attachments = vec![
            Attachment { name: &text, content_type, text: &text },
            Attachment { name: "", content_type, text: &ics },
        ];
        let sample = Sample { subject: &text, from_name: &text, from_address: &text, names: vec![&text], text: &text, html: &text, attachments, ..Sample::default() };
        prop_assert!(score(&sample, &Policy::default()).score <= 100);
    }
}

/// A known injection stays known with padding between its words.
#[test]
fn wide_spaces_gain_nothing() {
    for wide in 2..5 {
        gains_nothing(|mail| level(mail, &mail.subject, &mail.text.replace(' ', &" ".repeat(wide))));
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}
