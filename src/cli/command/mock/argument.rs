//! The values of arguments.

use std::time::Duration;

/// A duration such as `30m` or `500ms`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let found = text.parse::<jiff::SignedDuration>().ok().and_then(|found| Duration::try_from(found).ok());
    found.ok_or_else(|| "expected a duration, for example 30m or 90s".to_owned())
}
