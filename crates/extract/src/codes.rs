//! Sign-in codes: which of the numbers in a mail is the one to type.
//!
//! A number is what the nearest word beside it says that it is. Words are looked for within its sentence, or for a
//! number on a line of its own on the lines around it; then the mail as a whole speaks for or against it.

use std::ops::Range;

use crate::fold::{Folded, cut, folded};
use crate::words::{Class, Hit, hits};
use crate::{Code, Source, html, quotes};

mod candidate;
#[cfg(test)]
mod tests;

use candidate::{Candidate, Form, candidates};

/// As much of a text is looked at; who sends a code says it early.
const MOST_TEXT: usize = 64 * 1024;
/// As much of a subject.
const MOST_SUBJECT: usize = 1024;
/// How far before a number a word may stand that says what it is, in bytes.
const BEFORE: usize = 160;
/// How far behind it.
const AFTER: usize = 90;
/// From here on a number is taken for a code.
pub(crate) const LIKELY: f32 = 0.5;
/// At most so many are told.
const MOST_CODES: usize = 10;

/// The codes of a mail, the likeliest first.
pub(crate) fn codes(source: &Source<'_>) -> Vec<Code> {
    let subject = cut(source.subject, MOST_SUBJECT);
    let mut found = read(subject, cut(source.text, MOST_TEXT));
    if found.is_empty() && !source.html.is_empty() {
        // The plain text may be a stub that sends its reader to the HTML.
        found = read(subject, cut(&html::page(source.html).text, MOST_TEXT));
    }
    if found.is_empty() && !quotes::is_answer(subject) && source.text.contains('>') {
        // A forwarded mail may come with marks before its lines.
        let unmarked: Vec<&str> =
            cut(source.text, MOST_TEXT).lines().map(|line| line.trim_start_matches(['>', ' '])).collect();
        found = read(subject, &unmarked.join("\n"));
    }
    found
}

fn read(subject: &str, text: &str) -> Vec<Code> {
    let new = quotes::new_text(text);
    let mail = Reading::new(subject, &new);
    let mut found: Vec<Code> = Vec::new();
    for candidate in candidates(&mail.folded.text) {
        let confidence = mail.confidence(&candidate);
        if confidence < LIKELY {
            continue;
        }
        let is_full = found.len() >= MOST_CODES;
        match found.iter_mut().find(|known| known.code == candidate.code) {
            Some(known) => known.confidence = (known.confidence.max(confidence) + 0.03).min(0.99),
            None if !is_full => found.push(Code { code: candidate.code, confidence }),
            None => {}
        }
    }
    // The sort is stable: of two as likely, the first in the mail.
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    found
}

/// A mail, with its words found.
struct Reading {
    folded: Folded,
    labels: Vec<Hit>,
    dead: Vec<Hit>,
    elsewhere: Vec<Hit>,
    topics: usize,
    fleeting: usize,
    end_of_subject: usize,
    is_bulk: bool,
    is_answer: bool,
    is_meeting: bool,
    subject_says: Option<Class>,
}

/// What stands beside a number.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Beside {
    /// A word, with so many bytes between, in the same sentence.
    Word(Class, usize),
    /// A word on a line around a number that has its own.
    Line(Class),
    Nothing,
}

impl Reading {
    fn new(subject: &str, text: &str) -> Self {
        let folded = folded(&format!("{}\n\n{text}", subject.replace('\n', " ")));
        let all = hits(&folded.low);
        let end_of_subject = folded.low.find('\n').unwrap_or(folded.low.len());
        let of = |wanted: &[Class]| -> Vec<Hit> {
            all.iter().filter(|hit| wanted.contains(&hit.class)).copied().collect()
        };
        let labels = of(&[Class::Strong, Class::Weak, Class::Other, Class::Enter]);
        let says = |class| labels.iter().any(|hit| hit.class == class && hit.end <= end_of_subject);
        let subject_says = [Class::Strong, Class::Weak].into_iter().find(|class| says(*class));
        Self {
            topics: of(&[Class::Topic]).len(),
            fleeting: of(&[Class::Fleeting]).len(),
            is_bulk: all.iter().any(|hit| hit.class == Class::Bulk),
            dead: of(&[Class::Dead]),
            elsewhere: of(&[Class::Elsewhere]),
            is_answer: quotes::is_answer(subject),
            is_meeting: all.iter().any(|hit| hit.class == Class::Meeting),
            subject_says,
            labels,
            end_of_subject,
            folded,
        }
    }

    /// How sure it is that this is the code, 0 to 1.
    fn confidence(&self, candidate: &Candidate) -> f32 {
        let (line, is_alone) = self.line(&candidate.place);
        let beside = self.beside(candidate, is_alone);
        let in_topic = self.topics > 0 || self.fleeting > 0;
        let is_elsewhere = self.is_elsewhere(&candidate.place);
        let mut sure: f32 = match beside {
            Beside::Word(Class::Strong, far) => {
                if far <= 24 {
                    0.95
                } else {
                    0.85
                }
            }
            Beside::Line(Class::Strong) => 0.92,
            Beside::Word(Class::Weak, far) if in_topic && !is_elsewhere => {
                if far <= 24 {
                    0.85
                } else {
                    0.7
                }
            }
            Beside::Line(Class::Weak) if in_topic && !is_elsewhere => 0.8,
            Beside::Line(Class::Weak) if !is_elsewhere && !self.is_bulk => 0.55,
            Beside::Word(Class::Enter, far) if far <= 24 && in_topic && !is_elsewhere => 0.65,
            Beside::Line(Class::Enter) if in_topic && !is_elsewhere => 0.6,
            // The number that stands by itself below a subject that announces it.
            Beside::Nothing if is_alone && !is_elsewhere && self.subject_says == Some(Class::Strong) => 0.7,
            Beside::Nothing if is_alone && !is_elsewhere && in_topic && self.subject_says.is_some() => 0.6,
            Beside::Nothing
                if is_alone && !is_elsewhere && self.topics > 0 && self.fleeting > 0 && !self.is_bulk =>
            {
                0.58
            }
            _ => return 0.0,
        };
        if self.is_meeting || self.dead_near(&candidate.place, &line) || self.is_told(&candidate.place, &line)
        {
            return 0.0;
        }
        sure -= match candidate.form {
            Form::Digits => 0.0,
            Form::Mixed => 0.02,
            Form::Year => 0.2,
            Form::Small => 0.15,
            // A word in capitals is a code only where nothing else can be meant.
            Form::Letters if is_alone || matches!(beside, Beside::Word(Class::Strong, 0..=4)) => 0.15,
            Form::Letters => 1.0,
            Form::Odd => 0.3,
            Form::Words
                if matches!(beside, Beside::Line(Class::Strong | Class::Weak))
                    || matches!(beside, Beside::Word(Class::Strong | Class::Weak, 0..=4)) =>
            {
                0.25
            }
            Form::Words => 1.0,
        };
        if self.is_bulk {
            sure -= if is_alone || self.subject_says == Some(Class::Strong) { 0.2 } else { 0.4 };
        }
        if self.is_answer {
            sure -= 0.5;
        }
        sure.clamp(0.0, 0.99)
    }

    /// The line a number stands on, and whether it has it for itself.
    fn line(&self, place: &Range<usize>) -> (Range<usize>, bool) {
        let low = &self.folded.low;
        let start = low.floor_char_boundary(place.start.saturating_sub(BEFORE));
        let end = low.ceil_char_boundary((place.end + BEFORE).min(low.len()));
        let start = low[start..place.start].rfind('\n').map_or(start, |at| start + at + 1);
        let end = low[place.end..end].find('\n').map_or(end, |at| place.end + at);
        let decoration = |text: &str| text.chars().all(|c| !c.is_alphanumeric());
        let is_alone = decoration(&low[start..place.start]) && decoration(&low[place.end..end]);
        (start..end, is_alone)
    }

    fn beside(&self, candidate: &Candidate, is_alone: bool) -> Beside {
        let place = &candidate.place;
        let low = &self.folded.low;
        let first = self.labels.partition_point(|hit| hit.end <= place.start);
        let reach = low.floor_char_boundary(place.start.saturating_sub(BEFORE));
        let before = self.labels[..first].iter().rev().take_while(|hit| hit.start >= reach);
        let last = self.labels.partition_point(|hit| hit.start < place.end);
        let behind = low.ceil_char_boundary((place.end + AFTER).min(low.len()));
        let after = self.labels[last..].iter().take_while(|hit| hit.start <= behind);
        let mut enter = Beside::Nothing;
        let mut nearest = Beside::Nothing;
        let mut of_sentence_before = Beside::Nothing;
        let mut other_at = 0;
        for hit in before.clone() {
            let between = &low[hit.end..place.start];
            if between.contains('\n') {
                break;
            }
            let far = between.len();
            if ends_sentence(between) {
                // "Here is your code. 123456": the sentence before, where its own says nothing.
                if far <= 35 && nearest == Beside::Nothing && matches!(hit.class, Class::Strong | Class::Weak)
                {
                    of_sentence_before = Beside::Word(hit.class, far.max(25));
                }
                break;
            }
            match hit.class {
                // "Enter code": the thing is nearer to the number than the deed, wherever both stand.
                Class::Enter => {
                    enter = if enter == Beside::Nothing { Beside::Word(Class::Enter, far) } else { enter }
                }
                // "The code for your account is 123456": a word that names another thing rules only right beside it.
                Class::Other if far > 10 || between.chars().any(char::is_alphabetic) => {
                    if nearest == Beside::Nothing {
                        (nearest, other_at) = (Beside::Word(Class::Other, far), hit.start);
                    }
                }
                Class::Other => {
                    if nearest == Beside::Nothing {
                        nearest = Beside::Word(Class::Other, far);
                    }
                    break;
                }
                class => {
                    let is_joined = match nearest {
                        Beside::Word(Class::Other, near) if near <= 10 => {
                            let gap = &low[hit.end..other_at.max(hit.end)];
                            !gap.contains([',', ';', ':', '(', '–', '—'])
                                && (class == Class::Strong || gap.len() <= 20)
                        }
                        _ => true,
                    };
                    if is_joined {
                        nearest = Beside::Word(class, far);
                    }
                    break;
                }
            }
        }
        let mut following = Beside::Nothing;
        for hit in after.clone() {
            let between = &low[place.end..hit.start];
            if between.contains('\n') || ends_sentence(between) {
                break;
            }
            if hit.class != Class::Enter {
                following = Beside::Word(hit.class, between.len());
                break;
            }
        }
        match (nearest, following) {
            // "123456 is your code": a word before it that names another thing must stand right beside it.
            (Beside::Word(Class::Other, far), Beside::Word(Class::Strong | Class::Weak, near))
                if far > 6 && near < far + 20 =>
            {
                return following;
            }
            (Beside::Word(..), _) => return nearest,
            (_, Beside::Word(Class::Strong | Class::Weak, _)) => return following,
            _ => {}
        }
        if !is_alone {
            return if enter == Beside::Nothing { of_sentence_before } else { enter };
        }
        // The two lines before, then the one behind.
        let mut lines = Beside::Nothing;
        for hit in before {
            let between = &low[hit.end..place.start];
            if lines_between(between) > 2 {
                break;
            }
            match hit.class {
                Class::Strong | Class::Weak
                    if matches!(lines, Beside::Nothing | Beside::Line(Class::Enter)) =>
                {
                    return Beside::Line(hit.class);
                }
                // "Invoice number:" and the number below it.
                Class::Other
                    if lines == Beside::Nothing
                        && between.trim_matches([' ', '\n', ':', '.', '#']).is_empty() =>
                {
                    return Beside::Line(Class::Other);
                }
                Class::Enter if lines == Beside::Nothing => lines = Beside::Line(Class::Enter),
                _ => {}
            }
        }
        for hit in after {
            let between = &low[place.end..hit.start];
            if lines_between(between) > 1 {
                break;
            }
            if matches!(hit.class, Class::Strong | Class::Weak) {
                return Beside::Line(hit.class);
            }
        }
        lines
    }

    /// Whether the words around it speak of doors, parcels, meetings or discounts.
    fn is_elsewhere(&self, place: &Range<usize>) -> bool {
        let low = &self.folded.low;
        let start = place.start.saturating_sub(160);
        let first = self.elsewhere.partition_point(|hit| hit.end < start);
        let in_subject = self.elsewhere.first().is_some_and(|hit| hit.end <= self.end_of_subject);
        in_subject
            || self.elsewhere[first..].iter().take_while(|hit| hit.start <= place.end + 160).any(|hit| {
                if hit.end <= place.start {
                    lines_between(&low[hit.end..place.start]) <= 2
                } else {
                    hit.start < place.end || lines_between(&low[place.end..hit.start]) <= 1
                }
            })
    }

    /// Whether it stands within what somebody is said to have said: quotation marks around it and other words.
    fn is_told(&self, place: &Range<usize>, line: &Range<usize>) -> bool {
        let low = &self.folded.low;
        let (before, after) = (&low[line.start..place.start], &low[place.end..line.end]);
        let words = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count() >= 4;
        [('"', '"'), ('“', '”'), ('„', '“'), ('«', '»'), ('「', '」')].into_iter().any(|(open, close)| {
            let opened = match open == close {
                true => (before.matches(open).count() % 2 == 1).then(|| before.rfind(open)).flatten(),
                false => before.rfind(open).filter(|at| !before[*at + open.len_utf8()..].contains(close)),
            };
            let closed = after.find(close);
            opened.zip(closed).is_some_and(|(from, to)| words(&before[from..]) || words(&after[..to]))
        })
    }

    /// Whether its sentence speaks of a code that is none now.
    fn dead_near(&self, place: &Range<usize>, line: &Range<usize>) -> bool {
        let low = &self.folded.low;
        let first = self.dead.partition_point(|hit| hit.end <= line.start);
        self.dead[first..].iter().take_while(|hit| hit.start < line.end).any(|hit| {
            let between = if hit.end <= place.start {
                &low[hit.end..place.start]
            } else if hit.start >= place.end {
                &low[place.end..hit.start]
            } else {
                ""
            };
            !ends_sentence(between)
        })
    }
}

/// How many lines further on something stands, those without words not counted.
fn lines_between(text: &str) -> usize {
    let Some((_, behind)) = text.split_once('\n') else { return 0 };
    let whole = behind.rsplit_once('\n').map_or("", |(whole, _)| whole);
    1 + whole.split('\n').filter(|line| line.chars().any(char::is_alphanumeric)).count()
}

/// Whether a sentence ends within a text.
fn ends_sentence(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '。' | '！' | '？' | '।' | '؟' | '!' | '?' | ';' | '；' => return true,
            '.' if chars.peek().is_none_or(|next| next.is_whitespace()) => return true,
            _ => {}
        }
    }
    false
}
