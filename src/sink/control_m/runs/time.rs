//! Control-M's forms of a time, all without a zone: `20261129120000` (jobs/status), `Nov 29, 2026 12:00:00 PM` (run/status), and
//! the same with a comma after the year, or a narrow space before AM and PM, as newer versions of Java write it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::processor::tracking::Times;

const COMPACT: &str = "%Y%m%d%H%M%S";
const WORDS: &str = "%b %d, %Y %I:%M:%S %p";

/// The times of a run in Control-M's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RawTimes {
    pub(super) started: Option<String>,
    pub(super) ended: Option<String>,
}

impl RawTimes {
    /// From the first start to the last end; without an end as long as one is missing.
    pub(super) fn of_all(all: impl Iterator<Item = Self>) -> Self {
        let (started, ended): (Vec<_>, Vec<_>) = all.map(|times| (times.started, times.ended)).unzip();
        let by_time = |text: &&String| parse(text);
        Self {
            started: started.iter().flatten().min_by_key(by_time).cloned(),
            ended: if ended.contains(&None) { None } else { ended.iter().flatten().max_by_key(by_time).cloned() },
        }
    }

    /// In RFC 3339 if the server's zone is known and they can be read, else as they are.
    pub(super) fn told_in(self, zone: Option<&TimeZone>) -> Times {
        let told = |text: String| zone.and_then(|zone| instant(&text, zone)).unwrap_or(text);
        Times { started: self.started.map(told), ended: self.ended.map(told) }
    }
}

fn instant(text: &str, zone: &TimeZone) -> Option<String> {
    let zoned = zone.to_ambiguous_zoned(parse(text)?).compatible().ok()?;
    Some(zoned.timestamp().to_string())
}

fn parse(text: &str) -> Option<DateTime> {
    let plain: String = text.trim().chars().map(|char| if char.is_whitespace() { ' ' } else { char }).collect();
    if plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return DateTime::strptime(COMPACT, &plain).ok();
    }
    // The comma after the year is the second one.
    let mut parts = plain.splitn(3, ',');
    let (day, year, rest) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
    DateTime::strptime(WORDS, format!("{day},{year}{rest}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_are_read_in_the_servers_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for text in [
            "20260729191733",
            "Jul 29, 2026 7:17:33 PM",
            "Jul 29, 2026, 7:17:33 PM",
            "Jul 29, 2026, 7:17:33\u{202f}PM",
            " Jul 29, 2026 07:17:33 PM ",
        ] {
            assert_eq!(instant(text, &zone).as_deref(), Some("2026-07-29T17:17:33Z"), "{text}");
        }
        for text in ["", "yesterday", "2026", "20261301000000", "29.07.2026 19:17:33"] {
            assert_eq!(instant(text, &zone), None, "{text}");
        }
    }

    #[test]
    fn unreadable_times_and_times_without_a_zone_stay_as_they_are() {
        let raw = RawTimes { started: Some("20260729191733".to_owned()), ended: Some("soon".to_owned()) };
        let told = raw.clone().told_in(Some(&TimeZone::UTC));
        assert_eq!(told.started.as_deref(), Some("2026-07-29T19:17:33Z"));
        assert_eq!(told.ended.as_deref(), Some("soon"));
        assert_eq!(raw.told_in(None).started.as_deref(), Some("20260729191733"));
    }

    #[test]
    fn a_run_begins_with_its_first_job_and_ends_with_its_last() {
        let times = |started: &str, ended: Option<&str>| RawTimes {
            started: Some(started.to_owned()),
            ended: ended.map(str::to_owned),
        };
        let all = [times("20260729191733", Some("20260729191740")), times("20260729191730", Some("20260729191735"))];
        assert_eq!(RawTimes::of_all(all.clone().into_iter()), times("20260729191730", Some("20260729191740")));
        let open = all.into_iter().chain([times("20260729191800", None)]);
        assert_eq!(RawTimes::of_all(open).ended, None);
    }
}
