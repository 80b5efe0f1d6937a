//! Durations of flows: `7d`, or ISO 8601 (`P7D`, `PT10S`), and tries (`R5/PT10S`).

use std::time::Duration;

use crate::codec::yaml::{Item, Value};
use crate::processor::flow::Retry;

/// The most tries of a step.
const TRIES_MAX: u32 = 1_000;

/// Reads a duration that is not zero.
pub(super) fn positive(item: &Item<'_>) -> Option<Duration> {
    let is_iso = matches!(&item.node().value, Value::Text(text) | Value::Loose(text) if text.starts_with('P'));
    let read = if is_iso { item.parsed(iso) } else { item.read() };
    if read == Some(Duration::ZERO) {
        item.problem("it is zero", Some("write a time such as `30s`, `24h`, `7d` or `PT10S`".to_owned()));
        return None;
    }
    read
}

/// Reads `R5/PT10S`: five tries, ten seconds between two (ISO 8601's repeating interval). `R0` and `R1` are one try.
pub(super) fn retry(item: &Item<'_>) -> Option<Retry> {
    if let Value::Integer(tries) = item.node().value {
        let hint = format!("write `R{tries}/PT10S` for {tries} tries with ten seconds between them");
        return item.expected("tries and the time between them", Some(hint));
    }
    item.parsed(|text| {
        let refusal =
            || format!("expected tries such as `R5/PT10S`, five with ten seconds between them, found `{text}`");
        let (tries, delay) = text
            .strip_prefix('R')
            .and_then(|rest| rest.split_once('/'))
            .map_or_else(|| (text.strip_prefix('R').unwrap_or_default(), None), |(tries, delay)| (tries, Some(delay)));
        let tries: u32 = tries.parse().map_err(|_error: std::num::ParseIntError| refusal())?;
        if tries > TRIES_MAX {
            return Err(format!("`{text}` has {tries} tries; a step has at most {TRIES_MAX}"));
        }
        let delay = match delay {
            Some(delay) => iso(delay).map_err(|_error| refusal())?,
            None if tries <= 1 => Duration::ZERO,
            None => return Err(refusal()),
        };
        Ok(Retry { tries: tries.max(1), delay })
    })
}

/// A duration of ISO 8601, with days of 24 hours.
fn iso(text: &str) -> Result<Duration, String> {
    let refusal = || format!("expected a duration such as `P7D`, `PT10S` or `7d`, found `{text}`");
    let span: jiff::Span = text.parse().map_err(|_error: jiff::Error| refusal())?;
    let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_error| refusal())?;
    Duration::try_from(duration).map_err(|_error| refusal())
}
