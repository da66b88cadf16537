//! Proves of every mail in `corpus/*.jsonl` what `corpus/README.md` promises: its shape, that the attack is there to be
//! found, that no wording comes twice, and that nothing but the attack tells the labels apart.
//!
//! A failure names file and mail and says what to do. It judges the mails; how well the scorer does on them is measured
//! elsewhere.

mod boilerplate;
mod extent;
mod letter;
mod mails;
mod overlap;
mod payloads;
mod regression;
mod shape;
mod split;
mod telltales;
mod verdicts;
