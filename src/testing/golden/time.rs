//! Times of golden text: durations since hour zero.

use jiff::SignedDuration;

use crate::model::Timestamp;

/// Hour zero, in milliseconds since the epoch: midnight of 1 January 2026 in UTC.
const HOUR_ZERO: i64 = 1_767_225_600_000;

/// The instant so long after hour zero.
pub fn instant(after: SignedDuration) -> Timestamp {
    let millis = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(HOUR_ZERO.saturating_add(millis))
}

/// An instant as the time since hour zero: `0h`, `24h`, `3h5m`, `-1h`.
pub fn hours(at: Timestamp) -> String {
    let millis = at.as_millis().saturating_sub(HOUR_ZERO);
    let sign = if millis < 0 { "-" } else { "" };
    let (mut rest, mut text) = (millis.unsigned_abs(), Vec::new());
    for (unit, name) in [(3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")] {
        if rest >= unit {
            text.push(format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    if text.is_empty() { "0h".to_owned() } else { format!("{sign}{}", text.concat()) }
}
