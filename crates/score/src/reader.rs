//! A second reader: a slower model, of whoever calls, that is asked about stretches of a message.
//!
//! What stretches are worth asking about, and what the answers are worth beside rules and fast model, is decided here;
//! how they are read is the reader's affair.

use std::ops::Range;

use crate::model::words::Word;
use crate::model::{Heated, MODEL};
use crate::rules;
use crate::verdict::Finding;
use crate::views::{View, confusable::is_invisible};

/// Reads stretches of text and says how likely each holds an injection.
pub trait Reader {
    /// Log-odds for each stretch, in order; `None` when there was no time or no room to read them.
    fn log_odds(&self, subject: &str, stretches: &[&str]) -> Option<Vec<f32>>;

    /// Names the model, as it will stand in verdicts: `deep-1b2c3d4e`.
    fn version(&self) -> &str;
}

/// When the second reader is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ask {
    /// Where rules and fast model leave a doubt.
    #[default]
    InDoubt,
    /// About every message.
    Always,
    /// Never.
    Never,
}

/// Words of a stretch: it ends at the first sentence end after `ENOUGH`, and at the latest after `MOST_WORDS`.
const ENOUGH: usize = 40;
const MOST_WORDS: usize = 64;
/// Fewer words say nothing alone.
const FEWEST: usize = 3;
/// Most stretches of a message that are read: the hottest.
const MOST: usize = 12;

/// A stretch that may be read.
#[derive(Debug)]
pub(crate) struct Stretch {
    heat: f32,
    text: String,
    finding: Finding,
}

/// Cuts a view into stretches. Linear.
pub(crate) fn cut(view: &View<'_>, heated: &Heated, out: &mut Vec<Stretch>) {
    let words = &heated.words;
    let mut start = 0;
    while start < words.len() {
        let end = end_of(view, words, start);
        if end - start >= FEWEST {
            let place = words[start].start as usize..words[end - 1].end as usize;
            out.push(Stretch {
                heat: heated.sums.heat(start..end, &MODEL.table),
                text: readable(view, place.clone()),
                finding: rules::finding(view, "deep.window".to_owned(), 0, &place),
            });
        }
        start = end;
    }
    // Of a long message only the hottest are ever read.
    if out.len() > 8 * MOST {
        keep_hottest(out);
    }
}

/// Where a stretch that starts at a word ends. Words of scripts without spaces are characters: two make a word.
fn end_of(view: &View<'_>, words: &[Word], start: usize) -> usize {
    let text = &view.folded.mapped.text;
    let mut halves = 0;
    for (at, word) in words.iter().enumerate().skip(start) {
        let wide =
            word.end - word.start >= 3 && text[word.start as usize..word.end as usize].chars().count() == 1;
        halves += if wide { 1 } else { 2 };
        let next = words.get(at + 1).map_or(word.end, |next| next.start) as usize;
        let gap = &text[word.end as usize..next];
        let closes = gap.contains(['.', '!', '?', ';', '。', '！', '？', '।'])
            || view.folded.breaks.binary_search_by(|(place, _)| place.cmp(&(word.end as usize))).is_ok();
        if halves >= 2 * MOST_WORDS || (closes && halves >= 2 * ENOUGH) {
            return at + 1;
        }
    }
    words.len()
}

/// The place as a program reads it: as written, without what cannot be seen; with disguises undone if there are any.
fn readable(view: &View<'_>, place: Range<usize>) -> String {
    if view.folded.tricks.iter().any(|at| place.contains(at)) {
        return view.folded.mapped.text[place].to_owned();
    }
    let plain = view.folded.mapped.origin(place);
    let mut out = String::with_capacity(plain.len());
    for word in view.plain().get(plain).unwrap_or_default().split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().filter(|c| !is_invisible(*c)));
    }
    out
}

fn keep_hottest(stretches: &mut Vec<Stretch>) {
    stretches.sort_by(|a, b| b.heat.total_cmp(&a.heat));
    stretches.truncate(MOST);
}

/// What a second reader said of a message.
#[derive(Debug)]
pub(crate) struct Read {
    /// Log-odds of the likeliest stretch.
    pub(crate) odds: f32,
    /// Where that is; its weight is for whoever knows the whole.
    pub(crate) finding: Finding,
    /// Who said it.
    pub(crate) version: String,
}

/// Asks about the hottest stretches; the likeliest speaks for the message.
pub(crate) fn read(reader: &dyn Reader, subject: &str, mut stretches: Vec<Stretch>) -> Option<Read> {
    keep_hottest(&mut stretches);
    let texts: Vec<&str> = stretches.iter().map(|stretch| stretch.text.as_str()).collect();
    let odds = reader.log_odds(subject, &texts)?;
    let answers = odds.into_iter().zip(stretches).filter(|(odds, _)| odds.is_finite());
    let (odds, likeliest) = answers.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(Read { odds, finding: likeliest.finding, version: reader.version().to_owned() })
}
