//! Writes windows as JSON lines, for a classifier that is trained elsewhere.

use std::io::{self, BufWriter, Write};

use serde_json::json;

use mailward_score::training::WIDTHS;

use crate::mails::Mail;
use crate::random::Random;

/// A stretch of a view's words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// The view.
    pub(crate) view: usize,
    /// Which of the widths.
    pub(crate) width: usize,
    /// The first word.
    pub(crate) start: usize,
    /// After the last word.
    pub(crate) end: usize,
}

/// Every window of a message.
pub(crate) fn of(mail: &Mail) -> Vec<Window> {
    let mut out = Vec::new();
    for (view, text) in mail.anatomy.views.iter().enumerate() {
        for width in 0..WIDTHS.len() {
            out.extend(text.windows(width).map(|(start, end)| Window { view, width, start, end }));
        }
    }
    out
}

/// The share of a window that is attack, and the share of the attack that is in the window.
pub(crate) fn covered(mail: &Mail, window: &Window) -> (f32, f32) {
    let marks = &mail.marks[window.view];
    let inside = marks[window.start..window.end].iter().filter(|mark| **mark).count() as f32;
    let all = marks.iter().filter(|mark| **mark).count() as f32;
    (inside / (window.end - window.start) as f32, if all > 0.0 { inside / all } else { 0.0 })
}

/// Writes the windows of mails to standard output.
pub(crate) fn write(mails: &[Mail], most: usize, all: bool) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut random = Random::new(1);
    for mail in mails {
        let mut windows = of(mail);
        if !all {
            random.shuffle(&mut windows);
        }
        let mut plain = 0;
        for window in windows {
            let (share, part) = covered(mail, &window);
            let attack = share >= 0.5 || part >= 0.6;
            if !all && !attack {
                plain += 1;
                if plain > most {
                    continue;
                }
            }
            let view = &mail.anatomy.views[window.view];
            let place = view.places[window.start].0 as usize..view.places[window.end - 1].1 as usize;
            let text = view.plain.get(place).unwrap_or_default();
            let row = json!({
                "id": mail.row.id, "source": mail.row.source, "own": mail.row.own, "held_out": mail.row.held_out,
                "label": u8::from(mail.row.injection), "kind": mail.row.kind, "lang": mail.row.lang, "weak": mail.row.weak,
                "marked": mail.marked, "view": view.name, "width": WIDTHS[window.width].0,
                "share": share, "part": part, "attack": attack, "subject": mail.row.subject, "text": text,
            });
            writeln!(out, "{row}")?;
        }
    }
    out.flush()
}
