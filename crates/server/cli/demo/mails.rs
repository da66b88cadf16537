//! The demo's mails and what is expected of them, embedded in the program.

use mailward_mail::parsed::parse;
use mailward_mail::prescan::Bounds;
use serde::Deserialize;

use super::failed;
use crate::StartError;

/// One mail of the demo.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mail {
    file: String,
    /// `ada`, `bob` or `both`.
    pub(super) to: String,
    /// What it is, in words.
    pub(super) what: String,
    /// The envelope sender; empty for a bounce.
    pub(super) sender: String,
    /// The expected level.
    pub(super) level: String,
    /// Whether it is expected to be held.
    pub(super) held: bool,
    /// Rule families expected among its findings.
    pub(super) reasons: Vec<String>,
    /// Where they are expected, by the beginning of the view's name.
    pub(super) views: Vec<String>,
    /// The message.
    #[serde(skip)]
    pub(super) raw: &'static [u8],
    /// Its subject, by which it is found again.
    #[serde(skip)]
    pub(super) subject: String,
}

impl Mail {
    /// Whether it goes to this tenant.
    pub(super) fn is_for(&self, tenant: &str) -> bool {
        self.to == tenant || self.to == "both"
    }
}

/// All of them, in the order of their names.
pub(super) fn all() -> Result<Vec<Mail>, StartError> {
    let manifest = include_str!("../../../../fixtures/demo/manifest.json");
    let mut mails: Vec<Mail> =
        serde_json::from_str(manifest).map_err(|error| failed("manifest.json", &error))?;
    for mail in &mut mails {
        let found = FILES.iter().find(|(name, _)| *name == mail.file);
        mail.raw = found.map(|(_, raw)| *raw).ok_or_else(|| failed(&mail.file, &"is not in the program"))?;
        mail.subject =
            parse(mail.raw, &Bounds::default()).map_err(|error| failed(&mail.file, &error))?.subject;
    }
    Ok(mails)
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../../fixtures/demo/", $name)))),+]
    };
}

const FILES: &[(&str, &[u8])] = files![
    "01-signin-code.eml",
    "02-verify-address.eml",
    "03-receipt.eml",
    "04-newsletter.eml",
    "05-list-digest.eml",
    "06-forwarded-thread.eml",
    "07-quoted-thread.eml",
    "08-calendar-invitation.eml",
    "09-bounce.eml",
    "10-japanese-delivery.eml",
    "11-german-offer.eml",
    "12-arabic-course.eml",
    "13-persian-note.eml",
    "14-invoice-pdf.eml",
    "15-csv-export.eml",
    "16-security-newsletter.eml",
    "17-bug-report.eml",
    "18-corrections.eml",
    "19-scheduling-assistant.eml",
    "20-shipping-notice.eml",
    "21-recruiter.eml",
    "22-injection-plain.eml",
    "23-injection-display-none.eml",
    "24-injection-white-text.eml",
    "25-injection-comment.eml",
    "26-injection-subject.eml",
    "27-injection-file-name.eml",
    "28-injection-base64.eml",
    "29-injection-zero-width.eml",
    "30-injection-german.eml",
    "31-injection-chinese.eml",
    "32-injection-quoted-reply.eml",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_of_the_manifest_is_in_the_program_and_can_be_told_by_its_subject() {
        let mails = all().expect("a whole manifest");
        assert_eq!(mails.len(), FILES.len());
        let mut subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
        subjects.sort_unstable();
        subjects.dedup();
        assert_eq!(subjects.len(), mails.len());
    }
}
