//! Measures a scorer on labelled mail: reads the project's corpus and folders of JSON lines, and turns scores into
//! the figures of the model card.
//!
//! It judges nothing itself; whoever has scores brings them.

pub mod figures;
pub mod report;
pub mod rows;
