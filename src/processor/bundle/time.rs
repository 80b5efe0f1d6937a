//! Parses event times: ISO 8601 and its relatives in other languages, with an offset, or without one in the topology's time
//! zone; and numbers since 1970.

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};

use super::{TimeRule, TimeUnit};
use crate::codec::json::Decimal;
use crate::model::Timestamp;

/// The value of the time field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TimeField<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A number, as it is spelled.
    Number(&'a str),
}

/// How the times of a source are read.
#[derive(Clone, Debug, Default)]
pub(super) struct TimeReader {
    /// The zone of times without an offset; if `None`, they are rejected.
    pub(super) zone: Option<TimeZone>,
    /// The unit of numbers; if `None`, they are rejected.
    pub(super) unit: Option<TimeUnit>,
}

impl TimeReader {
    /// The reader of a field. The error is that of the time zone database.
    pub(super) fn new(rule: &TimeRule) -> Result<Self, jiff::Error> {
        Ok(Self { zone: rule.zone.as_deref().map(TimeZone::get).transpose()?, unit: rule.unit })
    }

    /// The time in a field. The error completes the sentence "the field is ...".
    pub(super) fn read(&self, field: &TimeField<'_>) -> Result<Timestamp, String> {
        match field {
            TimeField::Text(text) => self.text(text),
            TimeField::Number(number) => {
                self.number(number).ok_or_else(|| without_unit(&format!("the number {number}")))
            }
        }
    }

    /// A time as text. With an offset (or `Z`) it is an instant; without one it is local time in the zone, resolved as in RFC
    /// 5545: the earlier instant if the clocks go back over it, and shifted by the length of the gap if they skip it. A leap
    /// second is read as the second before it, because there are none in milliseconds since 1970.
    fn text(&self, text: &str) -> Result<Timestamp, String> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Timestamp::from_millis(instant.as_millisecond()));
        }
        if Decimal::parse(text).is_some() {
            if let Some(at) = self.number(text) {
                return Ok(at);
            }
            // Eight digits are a date of the basic format.
            if text.len() != 8 {
                return Err(without_unit(&format!("the digits `{text}`")));
            }
        }
        let (plain, days) = without_hour_24(text);
        let plain = respelled(&plain);
        if let Ok(instant) = plain.parse::<jiff::Timestamp>() {
            return Ok(add_days(instant, days));
        }
        if let Ok(zoned) = rfc2822::DateTimeParser::new().parse_zoned(&plain) {
            return Ok(add_days(zoned.timestamp(), days));
        }
        if let Some(end) = end_of_time(&plain) {
            return Ok(end);
        }
        let local: DateTime =
            plain.parse().map_err(|error| format!("`{text}`, which is no ISO 8601 time ({error})"))?;
        let out_of_range = |error| format!("`{text}`, which is out of the calendar's range ({error})");
        let local = local.checked_add(Span::new().days(days)).map_err(out_of_range)?;
        let Some(zone) = &self.zone else {
            return Err(format!("`{text}`, which has no zone; name one in the topology (`zone: Europe/Berlin`)"));
        };
        let instant = zone.to_ambiguous_timestamp(local).compatible().map_err(out_of_range)?;
        Ok(Timestamp::from_millis(instant.as_millisecond()))
    }

    /// A number of units since 1970, rounded down to milliseconds; `None` without a unit. A number beyond the range is the
    /// earliest or latest time, which cannot be.
    fn number(&self, text: &str) -> Option<Timestamp> {
        let power = match self.unit? {
            TimeUnit::Seconds => 3,
            TimeUnit::Millis => 0,
            TimeUnit::Micros => -3,
            TimeUnit::Nanos => -6,
        };
        let number = Decimal::parse(text)?;
        let end = if number.is_negative() { i64::MIN } else { i64::MAX };
        let millis = number.scaled(power).and_then(|millis| i64::try_from(millis).ok()).unwrap_or(end);
        Some(Timestamp::from_millis(millis))
    }
}

fn without_unit(what: &str) -> String {
    format!(
        "{what}; a time is an ISO 8601 text, and a number needs its unit in the topology: `unit: s`, `ms`, `us` or `ns`"
    )
}

/// The text with hour 0 instead of 24, and 1 day to add to it. ISO 8601 and SQL write the end of a day so.
fn without_hour_24(text: &str) -> (String, i32) {
    let is_hour = |at: &usize| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let minutes = rest.strip_prefix("24").unwrap_or("1").trim_start_matches(['0', ':', '.', ',']);
        minutes.is_empty() || minutes.starts_with(['+', '-', 'Z', 'z', '[', ' '])
    };
    let hour = text.match_indices(['T', 't', ' ']).map(|(at, _)| at).find(is_hour);
    match hour.and_then(|at| Some((text.get(..=at)?, text.get(at + 3..)?))) {
        Some((date, minutes)) => ([date, "00", minutes].concat(), 1),
        None => (text.to_owned(), 0),
    }
}

/// Spellings of other languages in that of ISO 8601: a blank before the offset (SQL Server), a zone's name behind it and a
/// monotonic clock (Go), `UTC` in place of an offset (Ruby).
fn respelled(text: &str) -> String {
    let words: Vec<&str> = text.split_ascii_whitespace().filter(|word| !word.starts_with("m=")).collect();
    let is_offset = |word: &str| word.starts_with(['+', '-']);
    match words.as_slice() {
        [date, _, ..] if !date.contains('-') => text.trim().to_owned(),
        [date, time, "UTC" | "GMT" | "Z"] => format!("{date} {time}Z"),
        [date, time, offset] | [date, time, offset, _] if is_offset(offset) => format!("{date} {time}{offset}"),
        [date_and_time, "UTC" | "GMT" | "Z"] => format!("{date_and_time}Z"),
        [date_and_time, offset] if is_offset(offset) => format!("{date_and_time}{offset}"),
        words => words.join(" "),
    }
}

/// The latest time of the calendar for the last days of the year 9999, by which programs mean "never" and which it does not
/// have in all offsets.
fn end_of_time(text: &str) -> Option<Timestamp> {
    let earlier = ["9998", text.strip_prefix("9999")?].concat();
    let is_time = earlier.parse::<jiff::Timestamp>().is_ok() || earlier.parse::<DateTime>().is_ok();
    is_time.then(|| Timestamp::from_millis(jiff::Timestamp::MAX.as_second().saturating_mul(1000)))
}

fn add_days(instant: jiff::Timestamp, days: i32) -> Timestamp {
    let later =
        instant.saturating_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(jiff::Timestamp::MAX);
    Timestamp::from_millis(later.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeReader {
        TimeReader { zone: Some(TimeZone::get(name).unwrap()), unit: None }
    }

    fn text(reader: &TimeReader, text: &str) -> Result<String, String> {
        reader.read(&TimeField::Text(Cow::Borrowed(text))).map(|at| at.to_string())
    }

    fn read(text_: &str, name: Option<&str>) -> Result<String, String> {
        text(&name.map(zone).unwrap_or_default(), text_)
    }

    #[test]
    fn an_offset_in_the_text_overrides_the_topologys_zone() {
        for zone in [None, Some("America/New_York")] {
            assert_eq!(read("2026-07-01T09:30:00.25+02:00", zone).unwrap(), "2026-07-01T07:30:00.250Z");
            assert_eq!(read("2026-07-01T09:30:00Z", zone).unwrap(), "2026-07-01T09:30:00.000Z");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_local_time_in_the_zone() {
        // The output of Python's datetime.now().isoformat() has no zone, and microseconds.
        let read = |text| read(text, Some("Europe/Berlin"));
        assert_eq!(read("2026-07-01T09:30:00.123456").unwrap(), "2026-07-01T07:30:00.123Z");
        assert_eq!(read("2026-01-01 09:30").unwrap(), "2026-01-01T08:30:00.000Z");
        assert_eq!(read("2026-10-25T02:30:00").unwrap(), "2026-10-25T00:30:00.000Z");
        assert_eq!(read("2026-03-29T02:30:00").unwrap(), "2026-03-29T01:30:00.000Z");
    }

    #[test]
    fn a_time_without_an_offset_and_a_zone_is_not_guessed() {
        assert!(read("2026-07-01T09:30:00", None).unwrap_err().contains("has no zone"));
        for text in ["", "yesterday", "2026-02-30T00:00:00", "2026-07-01T09:30:00+99:00"] {
            assert!(read(text, Some("UTC")).unwrap_err().contains("no ISO 8601 time"), "{text}");
        }
    }

    #[test]
    fn the_spellings_of_other_languages_are_read() {
        for (text, from) in [
            ("2026-05-03T07:20:00.000+0000", "Jackson before 2.11"),
            ("2026-05-03T09:20:00+02:00[Europe/Berlin]", "Java's ZonedDateTime"),
            ("2026-05-03T07:20:00Z[UTC]", "the same"),
            ("2026-05-03 09:20:00+02:00", "Python's str(datetime)"),
            ("2026-05-03 09:20:00+02", "PostgreSQL"),
            ("2026-05-03 09:20:00.0000000 +02:00", "SQL Server"),
            ("2026-05-03 07:20:00 +0000 UTC", "Go's Time.String"),
            ("2026-05-03 09:20:00.000000001 +0200 CEST m=+0.000000001", "the same with a monotonic clock"),
            ("2026-05-03 07:20:00 UTC", "Ruby, BigQuery"),
            ("20260503T072000Z", "the basic format"),
            ("2026-05-03t07:20:00z", "RFC 3339"),
            ("2026-05-03T07:20:00,0Z", "a comma"),
            ("Sun, 3 May 2026 07:20:00 GMT", "RFC 1123"),
            ("Sun, 03 May 2026 09:20:00 +0200", "Python's email.utils"),
            ("2026-05-03T09:20", "Java's LocalDateTime"),
            ("2026-05-02T24:00:00", "the end of a day"),
        ] {
            let local = if text.contains("24:00") { "2026-05-02T22:00:00.000Z" } else { "2026-05-03T07:20:00.000Z" };
            assert_eq!(read(text, Some("Europe/Berlin")).as_deref(), Ok(local), "{text}: {from}");
        }
        for (text, at) in [
            ("2026-05-02T24:00Z", "2026-05-03T00:00:00.000Z"),
            ("20261231T2400Z", "2027-01-01T00:00:00.000Z"),
            ("2026-12-31 24:00:00.000+02:00", "2026-12-31T22:00:00.000Z"),
            ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59.000Z"),
            ("9999-12-31T23:59:59Z", "9999-12-30T22:00:00.000Z"),
            ("9999-12-31 23:59:59.9999999", "9999-12-30T22:00:00.000Z"),
            ("20260503", "2026-05-02T22:00:00.000Z"),
        ] {
            assert_eq!(read(text, Some("Europe/Berlin")).as_deref(), Ok(at), "{text}");
        }
        for text in ["2026-05-02T24:30:00Z", "2026-05-02T25:00:00Z", "9999-13-31T00:00:00Z", "05/03/2026 07:20:00 AM"] {
            assert!(read(text, Some("UTC")).unwrap_err().contains("no ISO 8601 time"), "{text}");
        }
    }

    #[test]
    fn a_number_is_read_by_its_unit_and_never_by_guess() {
        let of = |unit| TimeReader { zone: None, unit: Some(unit) };
        for (unit, number, at) in [
            (TimeUnit::Seconds, "1777792800", "2026-05-03T07:20:00.000Z"),
            (TimeUnit::Seconds, "1777792800.1239", "2026-05-03T07:20:00.123Z"),
            (TimeUnit::Seconds, "1.7777928E9", "2026-05-03T07:20:00.000Z"),
            (TimeUnit::Millis, "1777792800123", "2026-05-03T07:20:00.123Z"),
            (TimeUnit::Millis, "-1", "1969-12-31T23:59:59.999Z"),
            (TimeUnit::Micros, "1777792800123999", "2026-05-03T07:20:00.123Z"),
            (TimeUnit::Nanos, "1777792800123999999", "2026-05-03T07:20:00.123Z"),
            (TimeUnit::Seconds, "1e400", "9223372036854775807ms"),
        ] {
            let reader = of(unit);
            assert_eq!(reader.read(&TimeField::Number(number)).unwrap().to_string(), at, "{number}");
            assert_eq!(text(&reader, number).unwrap(), at, "`{number}`");
        }
        assert_eq!(text(&of(TimeUnit::Millis), "2026-05-03T07:20:00Z").unwrap(), "2026-05-03T07:20:00.000Z");
        let reader = zone("UTC");
        for refused in
            [reader.read(&TimeField::Number("1777792800")).map(|at| at.to_string()), text(&reader, "1777792800")]
        {
            assert!(refused.unwrap_err().contains("`unit: s`"));
        }
    }
}
