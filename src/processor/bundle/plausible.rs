//! Event times that cannot be: replaced or rejected, by the rules of their source.
//!
//! Old producers write no timestamp (-1), others seconds or microseconds where Kafka expects milliseconds, and a field that
//! nobody has set is of the year 1 or 1970. Believed, such a time breaches the SLA of its bundle at once.

use super::source::Reader;
use super::{AHEAD_MAX, Implausible, PLAUSIBLE_FROM, count};
use crate::model::{Reject, Timestamp};
use crate::processor::{Effect, Event};

/// Replaces the time of an event if it cannot be, and counts it; rejects the event if the source says so.
///
/// The replacement is the time of the record in its topic if that one can be, and else `now`, at which the record is read.
pub(super) fn replace(reader: &Reader, event: &mut Event, now: Timestamp) -> Result<Option<Effect>, Reject> {
    let Some(reason) = doubt(event.at, now) else { return Ok(None) };
    if reader.implausible == Implausible::Reject {
        return Err(refuse(reader, event.at));
    }
    let appended = event.record.timestamp;
    event.at = if doubt(appended, now).is_none() { appended } else { now };
    Ok(Some(count::implausible(reader.member, reason)))
}

/// Rejects a time that is too early whatever the current time is, if the source says so.
pub(super) fn refuse_past(reader: &Reader, at: Timestamp) -> Result<(), Reject> {
    match reader.implausible {
        Implausible::Reject if at < PLAUSIBLE_FROM => Err(refuse(reader, at)),
        Implausible::Reject | Implausible::AppendTime => Ok(()),
    }
}

/// Why a time cannot be, as the value of the metric's label.
fn doubt(at: Timestamp, now: Timestamp) -> Option<&'static str> {
    if at < PLAUSIBLE_FROM {
        return Some("past");
    }
    (at > now.saturating_add(AHEAD_MAX)).then_some("future")
}

fn refuse(reader: &Reader, at: Timestamp) -> Reject {
    reader.bad_time(&format!(
        "{at} ({} ms), which cannot be: before {PLAUSIBLE_FROM} or more than {} minutes ahead; correct its producer or the \
         `unit`, or set `time.implausible: append_time`",
        at.as_millis(),
        AHEAD_MAX.as_secs() / 60
    ))
}
