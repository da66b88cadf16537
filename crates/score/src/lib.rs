//! Judges text and mail for prompt injection.
