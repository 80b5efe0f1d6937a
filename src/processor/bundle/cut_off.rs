//! A time of the day at which bundles are due.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp as Instant};

use crate::model::Timestamp;

/// A time of the day, by the clocks of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOff {
    /// The time of the day.
    pub at: Time,
    /// The time zone.
    pub zone: TimeZone,
}

impl CutOff {
    /// The first time of that name at or after an event. If the clocks go back over it, it is the earlier one; if they skip it, it
    /// is later by the length of the gap, as in RFC 5545.
    pub(super) fn next(&self, event: Timestamp) -> Timestamp {
        let of_day = |days: i32| {
            let instant = Instant::from_millisecond(event.as_millis()).ok()?;
            let day = self.zone.to_datetime(instant).date().checked_add(Span::new().days(days)).ok()?;
            let instant = self.zone.to_ambiguous_timestamp(day.to_datetime(self.at)).compatible().ok()?;
            Some(Timestamp::from_millis(instant.as_millisecond()))
        };
        // At the end of the calendar there is no next day.
        (0..=2).filter_map(of_day).find(|due| *due >= event).unwrap_or(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(at: &str, zone: &str, event: &str) -> String {
        let cut_off = CutOff { at: at.parse().unwrap(), zone: TimeZone::get(zone).unwrap() };
        let event: Instant = event.parse().unwrap();
        cut_off.next(Timestamp::from_millis(event.as_millisecond())).to_string()
    }

    #[test]
    fn a_cut_off_is_the_next_time_of_that_name_by_the_clocks_of_its_zone() {
        let berlin = |at: &str, event: &str| next(at, "Europe/Berlin", event);
        // Winter and summer, and the days on which the clocks change.
        assert_eq!(berlin("23:59", "2026-01-15T12:00:00Z"), "2026-01-15T22:59:00.000Z");
        assert_eq!(berlin("23:59", "2026-07-15T12:00:00Z"), "2026-07-15T21:59:00.000Z");
        assert_eq!(berlin("23:59", "2026-03-28T23:30:00Z"), "2026-03-29T21:59:00.000Z", "a day of 23 hours");
        assert_eq!(berlin("23:59", "2026-10-24T22:30:00Z"), "2026-10-25T22:59:00.000Z", "a day of 25 hours");
        // At the cut-off it is due, a moment later on the next day.
        assert_eq!(berlin("23:59", "2026-01-15T22:59:00Z"), "2026-01-15T22:59:00.000Z");
        assert_eq!(berlin("23:59", "2026-01-15T22:59:00.001Z"), "2026-01-16T22:59:00.000Z");
        // 02:30 is skipped in March, and comes twice in October.
        assert_eq!(berlin("02:30", "2026-03-29T00:00:00Z"), "2026-03-29T01:30:00.000Z");
        assert_eq!(berlin("02:30", "2026-10-24T23:00:00Z"), "2026-10-25T00:30:00.000Z");
        assert_eq!(berlin("02:30", "2026-10-25T01:00:00Z"), "2026-10-26T01:30:00.000Z");
        // Samoa had no 30 December 2011.
        assert_eq!(next("12:00", "Pacific/Apia", "2011-12-30T09:00:00Z"), "2011-12-30T22:00:00.000Z");
    }
}
