//! Order dates: a day begins at New Day, in the time zone of the server.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};

use crate::model::Timestamp;

/// The time zone of the server, and its New Day.
#[derive(Clone, Debug)]
pub(in crate::mock::control_m) struct Calendar {
    /// The time zone.
    pub(in crate::mock::control_m) zone: TimeZone,
    /// The time of day at which the next order date begins.
    pub(in crate::mock::control_m) new_day: Time,
}

impl Calendar {
    /// The order date at an instant.
    pub(super) fn order_date(&self, at: Timestamp) -> Date {
        let local = self.local(at);
        let date = local.date();
        if local.time() < self.new_day { date.yesterday().unwrap_or(date) } else { date }
    }

    /// The first New Day after an instant; none at the end of the calendar.
    pub(super) fn next_new_day(&self, at: Timestamp) -> Option<Timestamp> {
        self.at(self.order_date(at).tomorrow().ok()?, self.new_day)
    }

    /// The instant of a local time.
    pub(super) fn at(&self, date: Date, time: Time) -> Option<Timestamp> {
        let zoned = date.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
    }

    /// The instant in a form of `strftime`; empty outside the calendar.
    pub(in crate::mock::control_m) fn written(&self, at: Timestamp, format: &str) -> String {
        self.local(at).strftime(format).to_string()
    }

    fn local(&self, at: Timestamp) -> Zoned {
        jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default().to_zoned(self.zone.clone())
    }
}

/// A date plus so many days; the date itself at the ends of the calendar.
pub(super) fn plus(date: Date, days: i32) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_new_day_in_the_zone_of_the_server() {
        let calendar = Calendar { zone: TimeZone::get("Europe/Berlin").unwrap(), new_day: Time::constant(7, 0, 0, 0) };
        let at = |text: &str| Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        assert_eq!(calendar.order_date(at("2026-03-28T05:59:59Z")).to_string(), "2026-03-27");
        assert_eq!(calendar.order_date(at("2026-03-28T06:00:00Z")).to_string(), "2026-03-28");
        // The clock is set forward in the night between.
        assert_eq!(calendar.next_new_day(at("2026-03-28T06:00:00Z")), Some(at("2026-03-29T05:00:00Z")));
    }
}
