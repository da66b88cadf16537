//! How the certificate that this process orders is doing: for monitors and `/readyz`.

use std::sync::{Arc, Mutex, PoisonError};

use mailward_mail::clock::Timestamp;

/// Within so many seconds of its end a certificate is told of, unless it was never to hold for six times as long.
const SOON: i64 = 7 * 24 * 3_600;

/// What is known of it; nothing where none is ordered. A cheap clone; clones share what they know.
#[derive(Clone, Debug, Default)]
pub struct Certificate(Arc<Mutex<Option<Known>>>);

/// A certificate and the orders for it.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    holds: Option<(i64, i64)>,
    failures: u64,
}

impl Certificate {
    /// Notes from when until when the one in use holds; none: a stand-in that nobody has certified is in use.
    pub fn holds(&self, between: Option<(Timestamp, Timestamp)>) {
        let mut known = self.lock();
        known.get_or_insert_default().holds = between.map(|(from, to)| (from.seconds(), to.seconds()));
    }

    /// Counts an order that came to nothing.
    pub fn count_failure(&self) {
        self.lock().get_or_insert_default().failures += 1;
    }

    /// When the one in use ends, in seconds since the epoch (0: it is a stand-in), and how many orders came to nothing.
    pub(crate) fn numbers(&self) -> Option<(i64, u64)> {
        self.lock().map(|known| (known.holds.map_or(0, |(_, to)| to), known.failures))
    }

    /// What a person should know of it now.
    pub(crate) fn words(&self, now: Timestamp) -> Option<&'static str> {
        let known = (*self.lock())?;
        let Some((from, to)) = known.holds else {
            return Some(
                "no certificate was issued yet: HTTPS clients refuse the one that stands in for it, mail comes in by STARTTLS all the same; mailward doctor and the log say why",
            );
        };
        let left = to - now.seconds();
        if left <= 0 {
            return Some(
                "the certificate has expired: HTTPS clients refuse it, mail comes in by STARTTLS all the same; mailward doctor and the log say why it was not renewed",
            );
        }
        (left < SOON.min((to - from) / 6)).then_some(
            "the certificate expires soon and could not be renewed yet; mailward doctor and the log say why",
        )
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_told_of_when_little_of_its_life_is_left() {
        let (certificate, days) = (Certificate::default(), |count: i64| Timestamp(count * 86_400_000));
        let said = |at: i64| certificate.words(days(at)).unwrap_or_default();
        assert_eq!((said(0), certificate.numbers()), ("", None), "none is ordered");
        certificate.holds(None);
        assert!(said(0).contains("no certificate was issued yet"));
        certificate.holds(Some((days(100), days(190))));
        assert_eq!(said(182), "");
        assert!(said(184).contains("expires soon"));
        assert!(said(190).contains("has expired"));
        certificate.holds(Some((days(100), days(106))));
        assert_eq!(said(104), "", "it was to hold for six days");
        assert!(said(105).is_empty() && certificate.words(Timestamp(days(105).0 + 1_000)).is_some());
        certificate.count_failure();
        assert_eq!(certificate.numbers(), Some((106 * 86_400, 1)));
    }
}
