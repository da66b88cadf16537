//! The stack of open elements: which of them hide what stands inside.
//!
//! Bounded in depth and in how far an end tag looks for its start, so that hostile nesting costs no more than text.

use super::css::{Colour, Style, blends};
use super::elements::is_block;

/// The open elements, outermost first.
#[derive(Debug, Default)]
pub(crate) struct OpenElements {
    stack: Vec<Element>,
    /// Elements opened beyond the depth limit: they inherit the last one's look.
    deeper: usize,
}

#[derive(Debug)]
struct Element {
    name: String,
    look: Look,
}

/// What an element inherits from those around it.
#[derive(Clone, Copy, Debug)]
struct Look {
    gone: bool,
    invisible: bool,
    tiny: bool,
    colour: Colour,
    background: Colour,
}

impl OpenElements {
    const DEEPEST: usize = 400;
    const LOOK_BACK: usize = 40;

    /// Whether text at this place cannot be seen.
    pub(crate) fn hidden(&self) -> bool {
        let look = self.look();
        look.gone || look.invisible || look.tiny || blends(look.colour, look.background)
    }

    /// Opens an element, closing those that cannot contain it.
    pub(crate) fn open(&mut self, name: &str, own: &Style) {
        if let Some(last) = self.stack.last()
            && self.deeper == 0
            && ends_before(&last.name, name)
        {
            self.stack.pop();
        }
        if self.stack.len() >= Self::DEEPEST {
            self.deeper += 1;
            return;
        }
        let around = self.look();
        let look = Look {
            gone: around.gone
                || own.gone
                || matches!(name, "template" | "head" | "title" | "datalist" | "noframes"),
            invisible: own.invisible.unwrap_or(around.invisible),
            tiny: own.tiny.unwrap_or(around.tiny),
            colour: if own.colour == Colour::Inherited { around.colour } else { own.colour },
            background: match own.background {
                Colour::Inherited | Colour::Clear => around.background,
                said => said,
            },
        };
        // What was opened in the head and never closed does not hide the body.
        let look = if name == "body" { Look { gone: own.gone, ..look } } else { look };
        self.stack.push(Element { name: name.to_owned(), look });
    }

    /// Closes an element and all that it contains; an end tag without a start is ignored.
    pub(crate) fn close(&mut self, name: &str) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        crate::work::count(self.stack.len().min(Self::LOOK_BACK));
        let nearest = self.stack.iter().rev().take(Self::LOOK_BACK).position(|element| element.name == name);
        if let Some(above) = nearest {
            self.stack.truncate(self.stack.len() - above - 1);
        }
    }

    fn look(&self) -> Look {
        self.stack.last().map_or(
            // Mail is read on white unless it says otherwise.
            Look {
                gone: false,
                invisible: false,
                tiny: false,
                colour: Colour::Rgb(0, 0, 0),
                background: Colour::Rgb(255, 255, 255),
            },
            |element| element.look,
        )
    }
}

/// Whether an open element ends, without an end tag, where another starts.
fn ends_before(open: &str, next: &str) -> bool {
    match open {
        "p" => is_block(next) && !matches!(next, "td" | "th" | "tr"),
        "li" | "option" => next == open,
        "dt" | "dd" => matches!(next, "dt" | "dd"),
        "td" | "th" => matches!(next, "td" | "th" | "tr"),
        "tr" => next == "tr",
        "head" => next == "body",
        _ => false,
    }
}
