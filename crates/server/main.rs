//! The `mailward` binary.
fn main() {}
