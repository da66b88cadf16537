//! Whether a machine sent a mail by itself (RFC 3834 5, RFC 2076 3.9, RFC 2369, RFC 2919, RFC 8058, RFC 3464), so that
//! nobody answers a machine.

/// How it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Automation {
    /// The envelope had no sender.
    NullSender,
    /// `Auto-Submitted`.
    AutoSubmitted,
    /// `Precedence`.
    Precedence,
    /// A field of a mailing list.
    List,
    /// It reports on another mail.
    Report,
    /// It asks that no program answers.
    NoReply,
    /// Its subject is that of a program's automatic answer.
    ReplySubject,
}

impl Automation {
    /// Its name, as it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NullSender => "null_sender",
            Self::AutoSubmitted => "auto_submitted",
            Self::Precedence => "precedence",
            Self::List => "list",
            Self::Report => "report",
            Self::NoReply => "no_auto_reply",
            Self::ReplySubject => "auto_reply_subject",
        }
    }
}

/// What the header says of it.
///
/// What it says of itself comes before what its subject is like: the former is meant.
pub(crate) fn automation(headers: &[(&str, &str)], subject: &str) -> Option<Automation> {
    let said = |name: &str| {
        headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    // "no" is the one value that says that a person sent it; parameters may follow (RFC 3834 5).
    let submitted = said("auto-submitted").map(|value| value.split(';').next().unwrap_or_default().trim());
    if submitted.is_some_and(|value| !value.is_empty() && !value.eq_ignore_ascii_case("no")) {
        return Some(Automation::AutoSubmitted);
    }
    if said("precedence").is_some_and(|value| {
        ["bulk", "list", "junk", "auto_reply"].iter().any(|one| value.eq_ignore_ascii_case(one))
    }) {
        return Some(Automation::Precedence);
    }
    let lists =
        ["list-id", "list-post", "list-unsubscribe", "list-help", "list-subscribe", "list-unsubscribe-post"];
    if lists.iter().any(|name| said(name).is_some()) {
        return Some(Automation::List);
    }
    if said("content-type").is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/report")) {
        return Some(Automation::Report);
    }
    let suppressed =
        said("x-auto-response-suppress").is_some_and(|value| !value.eq_ignore_ascii_case("none"));
    const ANSWERS: [&str; 6] = [
        "x-autoreply",
        "x-autorespond",
        "x-autoreply-from",
        "x-autoresponder",
        "x-mail-autoreply",
        "x-vacation",
    ];
    let vacation = ANSWERS.iter().any(|name| said(name).is_some());
    if suppressed || vacation {
        return Some(Automation::NoReply);
    }
    crate::autoreply::is_subject(subject).then_some(Automation::ReplySubject)
}

/// Whether somebody between author and receiver says to have passed it on, which breaks signatures and SPF.
pub(crate) fn is_relayed(headers: &[(&str, &str)]) -> bool {
    const MARKS: [&str; 9] = [
        "list-id",
        "list-post",
        "resent-from",
        "resent-sender",
        "x-forwarded-to",
        "x-forwarded-for",
        "arc-seal",
        "x-beenthere",
        "x-original-to",
    ];
    headers.iter().any(|(name, _)| MARKS.iter().any(|mark| name.eq_ignore_ascii_case(mark)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_say_so_in_many_ways() {
        use Automation::{AutoSubmitted, List, NoReply, Precedence, Report};
        for (name, value, expected) in [
            ("Auto-Submitted", "auto-replied; owner-email=\"a@b.test\"", Some(AutoSubmitted)),
            ("Auto-Submitted", "no", None),
            ("Auto-Submitted", "No ; x=y", None),
            ("precedence", "Bulk", Some(Precedence)),
            ("Precedence", "first-class", None),
            ("List-Unsubscribe", "<https://a.test>", Some(List)),
            ("List-ID", "<a.test>", Some(List)),
            ("Content-Type", "multipart/report delivery-status", Some(Report)),
            ("Content-Type", "text/plain", None),
            ("X-Auto-Response-Suppress", "All", Some(NoReply)),
            ("X-Auto-Response-Suppress", "None", None),
            ("X-Autoreply", "yes", Some(NoReply)),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click", Some(List)),
            // What counts is the subject as it is read, not a field of that name.
            ("Subject", "Out of office", None),
        ] {
            assert_eq!(automation(&[(name, value)], "Lunch?"), expected, "{name}: {value}");
        }
        assert_eq!(automation(&[], "Out of office: Lunch?"), Some(Automation::ReplySubject));
        let said = automation(&[("Auto-Submitted", "auto-replied")], "Out of office: Lunch?");
        assert_eq!(said, Some(AutoSubmitted), "what it says of itself comes first");
    }
}
