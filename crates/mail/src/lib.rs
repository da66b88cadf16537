//! The vocabulary of mail: ids, addresses, envelopes and parsed messages.
//!
//! No I/O, no tokio, nothing of ours below it. The one use of `mail-parser` is in [`parsed`], behind [`prescan`].

pub mod address;
mod ambiguous;
pub mod calendar;
pub mod clock;
pub mod envelope;
pub mod id;
pub mod parsed;
pub mod prescan;
pub mod random;
pub mod refusal;
pub mod sample;
#[cfg(doctest)]
mod unforgeable;
