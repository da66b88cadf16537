//! The stack of open elements: which of them hide what stands inside.
//!
//! Follows the tree construction of the HTML standard where it decides what a text inherits: implied ends, scopes,
//! formatting that is opened again after a block, text that is moved before its table. Bounded in depth and in how
//! far an end tag looks for its start, so that hostile nesting costs no more than text.

use html5ever::LocalName;
use html5ever::tendril::StrTendril;

use super::css::{Declaration, Look, Named, READERS, Siblings, Style};
use super::elements::{
    bounds_scope, closes_paragraph, fits_head, fits_table_frame, is_formatting, is_never_shown, is_special,
    is_table_frame,
};

/// The open elements, outermost first. The document and its body are always open.
#[derive(Debug)]
pub(crate) struct OpenElements {
    stack: Vec<Element>,
    /// Elements opened beyond the depth limit: they inherit the last one's look.
    deeper: usize,
    /// How many readers are told apart.
    readers: usize,
    /// Some elements stood too deep to be followed.
    pub(crate) cut: bool,
}

/// An element that is about to be opened.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) name: LocalName,
    pub(crate) id: StrTendril,
    pub(crate) class: StrTendril,
    /// What it says of itself, for each reader.
    pub(crate) own: [Style; READERS],
    /// The part of the mail that it starts: a quotation, a signature, a footer.
    pub(crate) part: Option<&'static str>,
    pub(crate) foreign: bool,
    /// It is a block by its name, but not by its style.
    pub(crate) inline: bool,
}

#[derive(Debug)]
pub(crate) struct Element {
    name: LocalName,
    id: StrTendril,
    class: StrTendril,
    before: usize,
    children: usize,
    looks: [Look; READERS],
    hidden: bool,
    /// The winning declarations, kept of elements that may be opened again elsewhere.
    own: Vec<(usize, Declaration)>,
    part: Option<&'static str>,
    foreign: bool,
    inline: bool,
}

impl Named for Element {
    fn tag(&self) -> &str {
        &self.name
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn class(&self) -> &str {
        &self.class
    }

    fn attribute(&self, _: &str) -> Option<&str> {
        None
    }

    fn siblings(&self) -> Siblings {
        Siblings { before: self.before }
    }
}

impl OpenElements {
    const DEEPEST: usize = 512;
    const LOOK_BACK: usize = 64;
    /// The document and its body.
    const ROOTS: usize = 2;

    /// A document whose roots look as the style sheet says.
    pub(crate) fn new(readers: usize, html: [Style; READERS], body: [Style; READERS]) -> Self {
        let root = |name: &str, own| Start {
            name: name.into(),
            id: StrTendril::new(),
            class: StrTendril::new(),
            own,
            part: None,
            foreign: false,
            inline: false,
        };
        let mut open = Self { stack: Vec::new(), deeper: 0, readers, cut: false };
        open.push(root("html", html), [Look::PLAIN; READERS], None);
        open.root(root("body", body));
        open
    }

    /// Whether text at this place cannot be seen, by any reader.
    pub(crate) fn hidden(&self) -> bool {
        self.stack[self.place()].hidden
    }

    /// The part of the mail that this place belongs to.
    pub(crate) fn part(&self) -> Option<&'static str> {
        self.last().part
    }

    /// Whether this place is inside SVG or MathML.
    pub(crate) fn foreign(&self) -> bool {
        self.last().foreign
    }

    /// The open elements, innermost first.
    pub(crate) fn ancestors(&self) -> impl Iterator<Item = &Element> + Clone {
        self.stack.iter().rev()
    }

    /// Notes one more child of this place, and says how many there were.
    pub(crate) fn count_child(&mut self) -> usize {
        let at = self.stack.len() - 1;
        self.stack[at].children += 1;
        self.stack[at].children - 1
    }

    /// Whether the innermost element of a name was made inline by its style.
    pub(crate) fn is_inline(&self, name: &str) -> bool {
        self.last().inline && &*self.last().name == name
    }

    /// Ends the head where something starts that it cannot have.
    pub(crate) fn leave_head(&mut self) {
        if &*self.last().name == "head" {
            self.stack.pop();
        }
    }

    /// Takes what a second `<body>`, or the first that is written, says of the body.
    pub(crate) fn root(&mut self, start: Start) {
        if self.stack.len() > Self::ROOTS {
            self.leave_head();
        }
        if self.stack.len() <= Self::ROOTS {
            self.stack.truncate(1);
            let looks = self.stack[0].looks;
            self.push(start, looks, None);
        }
    }

    /// Opens an element, closing those that cannot contain it.
    pub(crate) fn open(&mut self, start: Start) {
        let name = start.name.clone();
        if !fits_head(&name) {
            self.leave_head();
        }
        if self.deeper == 0 && !self.foreign() {
            self.close_implied(&name);
        }
        if self.stack.len() >= Self::DEEPEST {
            self.deeper += 1;
            self.cut = true;
            return;
        }
        let place = if fits_table_frame(&name) { self.stack.len() - 1 } else { self.place() };
        let looks = self.stack[place].looks;
        let part = start.part.or(self.last().part);
        self.push(start, looks, part);
    }

    /// Closes an element and all that it contains; an end tag without a start is ignored.
    pub(crate) fn close(&mut self, name: &str) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        // What follows the body is shown inside it.
        if matches!(name, "body" | "html") {
            return;
        }
        crate::work::count(self.stack.len().min(Self::LOOK_BACK));
        let foreign = self.foreign();
        let heading = |name: &str| matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
        let in_table = fits_table_frame(name) || name == "table";
        for (above, element) in self.stack.iter().rev().take(Self::LOOK_BACK).enumerate() {
            let open: &str = &element.name;
            if open == name || (heading(open) && heading(name)) {
                let at = self.stack.len() - above - 1;
                if at >= Self::ROOTS {
                    self.remove(at);
                }
                return;
            }
            let barred = if in_table {
                matches!(open, "table" | "template" | "html")
            } else if is_formatting(name) || is_special(name) || foreign {
                bounds_scope(open)
            } else {
                is_special(open)
            };
            if barred {
                return;
            }
        }
    }

    /// Closes the element at a place in the stack. Formatting inside it that was not closed goes on after it; where
    /// formatting itself is closed, the blocks inside it go on without it (HTML 13.2.6.4.7, adoption agency).
    fn remove(&mut self, at: usize) {
        const MOST_REOPENED: usize = 8;
        let inner = self.stack.split_off(at);
        let mut inner = inner.into_iter();
        let Some(closed) = inner.next() else { return };
        let formatting = is_formatting(&closed.name);
        if closed.foreign || bounds_scope(&closed.name) || is_table_frame(&closed.name) {
            return;
        }
        let mut reopened = 0;
        for element in inner {
            let goes_on = if formatting { true } else { is_formatting(&element.name) };
            if goes_on && reopened < MOST_REOPENED {
                reopened += 1;
                self.again(element);
            }
        }
    }

    /// Opens an element again at another place.
    fn again(&mut self, element: Element) {
        let mut own = [Style::default(); READERS];
        for (reader, said) in &element.own {
            own[*reader].lay(said, Style::ATTRIBUTE);
        }
        let (looks, part) = (self.last().looks, element.part.or(self.last().part));
        let Element { name, id, class, foreign, inline, .. } = element;
        self.push(Start { name, id, class, own, part, foreign, inline }, looks, part);
    }

    fn push(&mut self, start: Start, around: [Look; READERS], part: Option<&'static str>) {
        let Start { name, id, class, own, foreign, inline, .. } = start;
        let mut looks = around;
        for (reader, look) in looks.iter_mut().enumerate().take(self.readers) {
            *look = look.inside(&own[reader], foreign);
            if is_never_shown(&name, foreign) {
                *look = look.never_shown();
            }
        }
        let hidden = looks.iter().take(self.readers).all(Look::hides);
        let own = (0..self.readers)
            .flat_map(|reader| own[reader].winners().map(move |said| (reader, said)))
            .collect();
        let before = self.stack.last().map_or(0, |parent| parent.children.saturating_sub(1));
        self.stack.push(Element {
            name,
            id,
            class,
            before,
            children: 0,
            looks,
            hidden,
            own,
            part,
            foreign,
            inline,
        });
    }

    /// Closes what ends, without an end tag, where another element starts.
    fn close_implied(&mut self, next: &str) {
        let ends = |open: &str| match next {
            "li" => open == "li",
            "dt" | "dd" => matches!(open, "dt" | "dd"),
            "option" | "optgroup" => open == "option",
            "td" | "th" => matches!(open, "td" | "th"),
            "tr" => matches!(open, "tr" | "td" | "th"),
            "tbody" | "thead" | "tfoot" => matches!(open, "tr" | "td" | "th" | "tbody" | "thead" | "tfoot"),
            _ => false,
        };
        let cell = fits_table_frame(next);
        // The outermost that ends: a row ends with its cell.
        let mut found = None;
        for (above, element) in self.stack.iter().rev().take(Self::LOOK_BACK).enumerate() {
            let open: &str = &element.name;
            let at = self.stack.len() - above - 1;
            if ends(open) {
                found = Some(at);
                if !cell {
                    break;
                }
                continue;
            }
            let stops = if cell {
                matches!(open, "table" | "template" | "html")
            } else {
                // An item ends its neighbour, not the list it stands in.
                is_special(open) && !matches!(open, "p" | "div" | "address")
            };
            if stops {
                break;
            }
        }
        if let Some(at) = found.filter(|at| *at >= Self::ROOTS) {
            self.remove(at);
        }
        if closes_paragraph(next) {
            for (above, element) in self.stack.iter().rev().take(Self::LOOK_BACK).enumerate() {
                let open: &str = &element.name;
                if open == "p" {
                    let at = self.stack.len() - above - 1;
                    return self.remove(at);
                }
                if bounds_scope(open) || open == "button" {
                    return;
                }
            }
        }
    }

    /// The element whose look holds for text here: in the frame of a table it is moved before the table.
    fn place(&self) -> usize {
        let last = self.stack.len() - 1;
        if self.deeper > 0 || !is_table_frame(&self.stack[last].name) {
            return last;
        }
        let table = self.stack.iter().rev().take(8).position(|element| &*element.name == "table");
        table.map_or(last, |above| (last - above).saturating_sub(1))
    }

    fn last(&self) -> &Element {
        &self.stack[self.stack.len() - 1]
    }
}
