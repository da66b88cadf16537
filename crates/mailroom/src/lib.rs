//! What happens to mail.
