//! Whose turn it is, and who has to wait: what the writer, the screening threads, the delivery worker and the listeners
//! share so that no tenant slows down another.
//!
//! No I/O, no clock, no locks: time is an argument, and whoever shares a value puts it behind a lock of its own.

mod bucket;
mod lru;
mod turns;

pub use bucket::{BURST_MICROS, Interval};
pub use lru::Lru;
pub use turns::{QUANTUM, Turns};
