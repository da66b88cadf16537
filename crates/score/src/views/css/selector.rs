//! Selectors, as far as they can be told while a document streams by: names, classes, ids, attributes, a few
//! pseudo-classes, descendants and children. What looks ahead or at siblings never matches.

/// An element as a selector asks for it.
pub(crate) trait Named {
    fn tag(&self) -> &str;
    fn id(&self) -> &str;
    fn class(&self) -> &str;
    /// The value of another attribute; ancestors have forgotten theirs.
    fn attribute(&self, name: &str) -> Option<&str>;
    /// Which child of its parent it is.
    fn siblings(&self) -> Siblings;
}

/// How many children of the parent stand before an element.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Siblings {
    pub(crate) before: usize,
}

/// A selector, innermost compound first.
#[derive(Debug)]
pub(super) struct Selector {
    compounds: Vec<(Compound, Combinator)>,
    /// CSS Selectors 4, 17: ids, classes, names, packed so that they compare.
    pub(super) specificity: u32,
}

/// How a compound stands to the one inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Combinator {
    Descendant,
    Child,
}

#[derive(Debug, Default)]
struct Compound {
    tag: Option<String>,
    id: Option<String>,
    classes: Vec<String>,
    attributes: Vec<(String, char, String)>,
    nth: Option<Nth>,
    not: Option<Box<Compound>>,
}

#[derive(Clone, Copy, Debug)]
enum Nth {
    Odd,
    Even,
    Is(usize),
}

/// What a rule is looked up by.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key<'s> {
    Id(&'s str),
    Class(&'s str),
    Tag(&'s str),
    Any,
}

impl Selector {
    /// Reads a selector; `None` if it can never be told to match.
    pub(super) fn parse(text: &str) -> Option<Self> {
        const MOST_COMPOUNDS: usize = 8;
        let mut compounds: Vec<(Compound, Combinator)> = Vec::new();
        let mut next = Combinator::Descendant;
        let (mut ids, mut classes, mut tags) = (0_u32, 0_u32, 0_u32);
        for part in Parts(text.trim()) {
            match part {
                ">" => next = Combinator::Child,
                "+" | "~" => return None,
                _ => {
                    let compound = Compound::parse(part)?;
                    for compound in [Some(&compound), compound.not.as_deref()].into_iter().flatten() {
                        ids += u32::from(compound.id.is_some());
                        classes += (compound.classes.len() + compound.attributes.len()) as u32
                            + u32::from(compound.nth.is_some());
                        tags += u32::from(compound.tag.is_some());
                    }
                    compounds.push((compound, next));
                    next = Combinator::Descendant;
                }
            }
            if compounds.len() > MOST_COMPOUNDS {
                return None;
            }
        }
        if compounds.is_empty() {
            return None;
        }
        compounds.reverse();
        // 3 bits for ids, 6 for classes, 4 for names; above them importance, below them the order.
        let specificity = ids.min(7) << 10 | classes.min(63) << 4 | tags.min(15);
        Some(Self { compounds, specificity })
    }

    pub(super) fn key(&self) -> Key<'_> {
        let innermost = &self.compounds[0].0;
        match (&innermost.id, innermost.classes.first(), &innermost.tag) {
            (Some(id), ..) => Key::Id(id),
            (_, Some(class), _) => Key::Class(class),
            (_, _, Some(tag)) => Key::Tag(tag),
            _ => Key::Any,
        }
    }

    /// Whether the selector matches an element among its ancestors, innermost first.
    pub(super) fn matches<'a, E: Named + 'a>(
        &self,
        element: &impl Named,
        ancestors: impl Iterator<Item = &'a E>,
    ) -> bool {
        const LOOK_BACK: usize = 32;
        if !self.compounds[0].0.matches(element) {
            return false;
        }
        let mut wanted = self.compounds[1..].iter();
        let Some(mut compound) = wanted.next() else { return true };
        let mut link = self.compounds[0].1;
        for ancestor in ancestors.take(LOOK_BACK) {
            crate::work::count(1);
            if compound.0.matches(ancestor) {
                link = compound.1;
                match wanted.next() {
                    Some(next) => compound = next,
                    None => return true,
                }
            } else if link == Combinator::Child {
                return false;
            }
        }
        false
    }
}

impl Compound {
    fn parse(text: &str) -> Option<Self> {
        let mut compound = Self::default();
        let mut rest = text;
        let name = |text: &str| {
            let end = text.find(['.', '#', ':', '[']).unwrap_or(text.len());
            (text[..end].replace('\\', ""), end)
        };
        while let Some(first) = rest.chars().next() {
            match first {
                '.' | '#' => {
                    let (word, end) = name(&rest[1..]);
                    if word.is_empty() {
                        return None;
                    }
                    if first == '.' {
                        compound.classes.push(word);
                    } else {
                        compound.id = Some(word);
                    }
                    rest = &rest[1 + end..];
                }
                '[' => {
                    let end = rest.find(']')?;
                    compound.attributes.push(attribute(&rest[1..end])?);
                    rest = &rest[end + 1..];
                }
                ':' => {
                    let end = match rest.find('(') {
                        Some(open) if !rest[1..open].contains([':', '.', '#', '[']) => {
                            rest[open..].find(')')? + open + 1
                        }
                        _ => rest[1..].find(['.', '#', ':', '[']).map_or(rest.len(), |at| at + 1),
                    };
                    compound.pseudo(&rest[1..end].to_ascii_lowercase(), &rest[1..end])?;
                    rest = &rest[end..];
                }
                _ => {
                    let (word, end) = name(rest);
                    if word != "*" {
                        compound.tag = Some(word.to_ascii_lowercase());
                    }
                    rest = &rest[end..];
                }
            }
        }
        Some(compound)
    }

    fn pseudo(&mut self, lower: &str, written: &str) -> Option<()> {
        match lower {
            "link" | "any-link" => self.tag = Some("a".to_owned()),
            "root" => self.tag = Some("html".to_owned()),
            "first-child" => self.nth = Some(Nth::Is(1)),
            _ => {
                let (function, _) = lower.split_once('(')?;
                let inner = written.split_once('(')?.1.trim_end_matches(')').trim();
                match (function, inner) {
                    ("not", _) => self.not = Some(Box::new(Self::parse(inner)?)),
                    ("nth-child", "n") => {}
                    ("nth-child", "odd" | "2n+1") => self.nth = Some(Nth::Odd),
                    ("nth-child", "even" | "2n") => self.nth = Some(Nth::Even),
                    ("nth-child", number) => self.nth = Some(Nth::Is(number.parse().ok()?)),
                    _ => return None,
                }
            }
        }
        Some(())
    }

    fn matches(&self, element: &impl Named) -> bool {
        self.tag.as_deref().is_none_or(|tag| tag == element.tag())
            && self.id.as_deref().is_none_or(|id| id == element.id())
            && self
                .classes
                .iter()
                .all(|class| element.class().split_ascii_whitespace().take(16).any(|known| known == class))
            && self.attributes.iter().all(|(name, sign, wanted)| {
                element.attribute(name).is_some_and(|value| match sign {
                    '=' => value == wanted,
                    '~' => value.split_ascii_whitespace().any(|word| word == wanted),
                    '^' => value.starts_with(wanted),
                    '$' => value.ends_with(wanted),
                    '*' => value.contains(wanted),
                    '|' => {
                        value == wanted
                            || value.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('-'))
                    }
                    _ => true,
                })
            })
            && self.nth.is_none_or(|nth| {
                let place = element.siblings().before + 1;
                match nth {
                    Nth::Odd => !place.is_multiple_of(2),
                    Nth::Even => place.is_multiple_of(2),
                    Nth::Is(wanted) => place == wanted,
                }
            })
            && self.not.as_deref().is_none_or(|not| !not.matches(element))
    }
}

/// `name`, or `name`, a sign and a value.
fn attribute(inner: &str) -> Option<(String, char, String)> {
    let Some((name, value)) = inner.split_once('=') else {
        return Some((inner.trim().to_ascii_lowercase(), '?', String::new()));
    };
    let value = value.trim().trim_end_matches(" i").trim_matches(['"', '\'']);
    let (name, sign) = match name.chars().next_back()? {
        sign @ ('~' | '^' | '$' | '*' | '|') => (&name[..name.len() - 1], sign),
        _ => (name, '='),
    };
    Some((name.trim().to_ascii_lowercase(), sign, value.to_owned()))
}

/// Compounds and combinators, in order.
struct Parts<'s>(&'s str);

impl<'s> Iterator for Parts<'s> {
    type Item = &'s str;

    fn next(&mut self) -> Option<&'s str> {
        self.0 = self.0.trim_start();
        let first = self.0.chars().next()?;
        let mut depth = 0_usize;
        let end = if matches!(first, '>' | '+' | '~') {
            1
        } else {
            self.0
                .char_indices()
                .find(|(_, c)| {
                    match c {
                        '[' | '(' => depth += 1,
                        ']' | ')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    depth == 0 && (c.is_ascii_whitespace() || matches!(c, '>' | '+' | '~'))
                })
                .map_or(self.0.len(), |(at, _)| at)
        };
        let (part, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(part)
    }
}
