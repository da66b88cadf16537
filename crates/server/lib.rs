//! The Mailward service: configuration, wiring, lifecycle and command line.
