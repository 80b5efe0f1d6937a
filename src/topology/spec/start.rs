//! The key `start` of a source: where the first start of an application begins to read it.

use std::time::Duration;

use super::name;
use crate::codec::yaml::Item;
use crate::model::Timestamp;
use crate::topology::StartAt;

/// Reads `earliest`, `latest`, a time with its offset, or a duration before the first start.
pub(super) fn read(item: &Item<'_>) -> Option<StartAt> {
    match item.text()? {
        "earliest" => Some(StartAt::Earliest),
        "latest" => Some(StartAt::Latest),
        text if is_duration(text) => item.read::<Duration>().map(StartAt::Ago),
        _ => item.parsed(time).map(StartAt::Time),
    }
}

/// Reads a topic of a list, with where its first start begins: `{ topic: events, start: earliest }`.
pub(super) fn topic(item: &Item<'_>) -> Option<(String, Option<StartAt>)> {
    let mut fields = item.fields()?;
    let topic = fields.required_item("topic").and_then(|item| name::topic(&item));
    let start = fields.item("start").map(|item| read(&item));
    fields.finish();
    let start = match start {
        Some(read) => Some(read?),
        None => None,
    };
    Some((topic?, start))
}

/// True for digits with a unit, such as `7d`: a time has more digits and signs after its first number.
fn is_duration(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    text.as_bytes().first().is_some_and(u8::is_ascii_digit) && text.bytes().all(is_part)
}

fn time(text: &str) -> Result<Timestamp, String> {
    let instant: jiff::Timestamp = text.parse().map_err(|_error: jiff::Error| {
        format!(
            "expected `earliest`, `latest`, a time such as `2026-11-28T06:00:00Z` or a duration such as `24h`, found `{text}`"
        )
    })?;
    Ok(Timestamp::from_millis(instant.as_millisecond()))
}
