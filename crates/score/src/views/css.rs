//! The part of CSS that decides whether a person can see a text: declarations, colours, style sheets and media
//! queries, each read within bounds.
//!
//! Not a CSS engine: it lays nothing out. What it cannot know (an image behind the text, a variable, a sibling
//! selector) it calls unknown, and what is unknown hides nothing.

mod colour;
mod declaration;
mod media;
mod selector;
mod sheet;
mod style;

pub(crate) use colour::Colour;
pub(crate) use declaration::{Declaration, Property, Value, colour_attribute, declarations};
pub(crate) use media::READERS;
pub(crate) use selector::{Named, Siblings};
pub(crate) use sheet::Sheet;
pub(crate) use style::{Look, Style};
