//! Days and months in UTC, as the numbers by which use is counted.

use std::time::Duration;

use crate::clock::Timestamp;

const DAY_MILLIS: i64 = 86_400_000;

/// A day: whole days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

/// A month: whole months since January of the year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(pub i64);

impl Day {
    /// The day of a moment.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.millis().div_euclid(DAY_MILLIS))
    }

    /// When it begins.
    pub fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(DAY_MILLIS))
    }

    /// The day after.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// So many days before.
    pub fn before(self, days: i64) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// The month it lies in.
    pub fn month(self) -> Month {
        let (year, month) = civil(self.start());
        Month(year * 12 + month - 1)
    }
}

impl Month {
    /// When it begins.
    pub fn start(self) -> Timestamp {
        let (year, month) = (self.0.div_euclid(12), self.0.rem_euclid(12) + 1);
        let date = i16::try_from(year).ok().zip(i8::try_from(month).ok());
        let date = date.and_then(|(year, month)| jiff::civil::Date::new(year, month, 1).ok());
        let zoned = date.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
        // Beyond the calendar there is no month that ends.
        zoned.map_or(Timestamp(i64::MAX), |zoned| Timestamp(zoned.timestamp().as_millisecond()))
    }

    /// The month after.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The month before.
    pub fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Its first day.
    pub fn first(self) -> Day {
        Day::of(self.start())
    }

    /// Its last day.
    pub fn last(self) -> Day {
        self.next().first().before(1)
    }

    /// Reads `2026-10`; of the years 1970 to 9998 alone.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let number = |digits: &str, len: usize| -> Option<i64> {
            let is_number = digits.len() == len && digits.bytes().all(|b| b.is_ascii_digit());
            if is_number { digits.parse().ok() } else { None }
        };
        let (year, month) = (number(year, 4)?, number(month, 2)?);
        let is_month = (1970..=9998).contains(&year) && (1..=12).contains(&month);
        is_month.then_some(Self(year * 12 + month - 1))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// The time from one moment to a later one.
pub fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(then.millis().saturating_sub(now.millis())).unwrap_or_default())
}

fn civil(moment: Timestamp) -> (i64, i64) {
    let moment = jiff::Timestamp::from_millisecond(moment.millis()).unwrap_or_default();
    let date = moment.to_zoned(jiff::tz::TimeZone::UTC).date();
    (date.year().into(), date.month().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a moment")
    }

    #[test]
    fn a_day_and_a_month_end_where_the_next_begin() {
        let last = Day::of(at("2026-12-31T23:59:59.999Z"));
        assert_eq!(last.next().start(), at("2027-01-01T00:00:00Z"));
        assert_eq!(last.month().start(), at("2026-12-01T00:00:00Z"));
        assert_eq!(last.month().next().start(), at("2027-01-01T00:00:00Z"));
        assert_eq!(last.next().month(), last.month().next());
        assert_eq!(Day::of(at("2028-02-29T12:00:00Z")).month().next().start(), at("2028-03-01T00:00:00Z"));
    }

    #[test]
    fn a_month_is_written_and_read_as_one() {
        let month = Month::parse("2028-02").expect("a month");
        assert_eq!(
            (month.first().start(), month.to_string()),
            (at("2028-02-01T00:00:00Z"), "2028-02".into())
        );
        assert_eq!(month.last().start(), at("2028-02-29T00:00:00Z"));
        assert_eq!(month.before().before().to_string(), "2027-12");
        for bad in [
            "",
            "2028",
            "2028-13",
            "2028-00",
            "28-02",
            "2028-2",
            "+028-02",
            "1969-12",
            "9999-01",
            "2028-02-01",
        ] {
            assert_eq!(Month::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn moments_before_1970_and_beyond_the_calendar_have_a_day_too() {
        assert_eq!(Day::of(Timestamp(-1)), Day(-1));
        assert_eq!(Day(-1).month().start(), at("1969-12-01T00:00:00Z"));
        assert_eq!(Month(i64::MAX).start(), Timestamp(i64::MAX));
        assert_eq!(Day::of(Timestamp(i64::MAX)).next().start(), Timestamp(i64::MAX));
        assert_eq!(until(Timestamp(5), Timestamp(3)), Duration::ZERO);
    }
}
