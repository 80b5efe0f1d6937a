//! `Retry-After`: seconds, or an HTTP date.

use std::time::Duration;

use crate::model::Timestamp;

/// The longest accepted wait; longer ones are implausible.
const MOST: Duration = Duration::from_hours(1);

/// Parses the header (RFC 9110 section 10.2.3); an invalid value is ignored. A date in the past means now.
pub(in crate::sink) fn read(value: &[u8], now: Timestamp) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that overflows is longer than the longest wait.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Timestamp::from_millis(date.as_millisecond()).since(now)
    };
    Some(wait.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::{Duration, Timestamp, read};

    #[test]
    fn seconds_and_dates_are_read_and_nonsense_is_not() {
        let now = Timestamp::from_millis(784_111_767_000); // Sun, 06 Nov 1994 08:49:27 GMT
        let cases = [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:17 GMT", Some(0)),
            ("99999999999999999999999999", Some(3600)),
            ("Sat, 06 Nov 2094 08:49:37 GMT", Some(3600)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(read(text.as_bytes(), now), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(read(b"\xff", now), None);
    }
}
