//! Parses event times: ISO 8601 with an offset, or without one in the topology's time zone.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::Timestamp;

/// Parses a time. With an offset (or `Z`) it is an instant; without one it is local time in `zone`, resolved as in RFC 5545: the
/// earlier instant if the clocks go back over it, and shifted by the length of the gap if they skip it.
///
/// The error completes the sentence "the field is ...".
pub(super) fn parse(text: &str, zone: Option<&TimeZone>) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp::from_millis(instant.as_millisecond()));
    }
    let local: DateTime = text.parse().map_err(|error| format!("`{text}`, which is no ISO 8601 time ({error})"))?;
    let Some(zone) = zone else {
        return Err(format!("`{text}`, which has no zone; name one in the topology (`zone: Europe/Berlin`)"));
    };
    let instant = zone
        .to_ambiguous_timestamp(local)
        .compatible()
        .map_err(|error| format!("`{text}`, which is out of the calendar's range ({error})"))?;
    Ok(Timestamp::from_millis(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, zone: Option<&str>) -> Result<String, String> {
        parse(text, zone.map(|name| TimeZone::get(name).unwrap()).as_ref()).map(|at| at.to_string())
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
}
