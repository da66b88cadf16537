//! Whether a machine sent a mail by itself (RFC 3834 5, RFC 2369, RFC 2919, RFC 3464), so that nobody answers a machine.

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
        }
    }
}

/// What the header says of it.
pub(crate) fn automation(headers: &[(&str, &str)]) -> Option<Automation> {
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
    let lists = ["list-id", "list-post", "list-unsubscribe", "list-help", "list-subscribe"];
    if lists.iter().any(|name| said(name).is_some()) {
        return Some(Automation::List);
    }
    if said("content-type").is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/report")) {
        return Some(Automation::Report);
    }
    let suppressed =
        said("x-auto-response-suppress").is_some_and(|value| !value.eq_ignore_ascii_case("none"));
    let vacation = said("x-autoreply").or(said("x-autorespond")).is_some();
    (suppressed || vacation).then_some(Automation::NoReply)
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
            ("Subject", "Out of office", None),
        ] {
            assert_eq!(automation(&[(name, value)]), expected, "{name}: {value}");
        }
    }
}
