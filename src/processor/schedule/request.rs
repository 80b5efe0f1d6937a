//! What a record asks for, and the keying step.

use std::time::Duration;

use crate::model::{Key, Record, Reject, RejectReason, Timestamp};
use crate::processor::bundle::{AHEAD_MAX, PLAUSIBLE_FROM};
use crate::processor::{Keyed, Keying};

/// The longest delay: ten years. A longer one is a time, or has another unit.
const DELAY_MAX: Duration = Duration::from_hours(24 * 3653);

/// Parts the key and the value of the later record.
const SEPARATOR: u8 = b'|';
/// The longest value that is repeated in a message, in characters.
const QUOTED_MAX: usize = 40;

/// What a record asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// That its record is written after this time. It is not zero.
    After(Duration),
    /// That it is not written.
    Cancel,
}

/// The key and the value of the later record, in the key of a request: what is before the first `|`, and all that is behind it. `None` without a
/// key.
pub(super) fn parts(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = key.iter().position(|byte| *byte == SEPARATOR).filter(|at| *at > 0)?;
    let (to, rest) = key.split_at(at);
    Some((to, rest.get(1..).unwrap_or_default()))
}

impl Request {
    /// What a record asks for by its value: a delay in milliseconds, as text. `0` and no value at all cancel.
    pub(super) fn of(record: &Record) -> Result<Self, Reject> {
        let Some(value) = record.value.as_deref() else { return Ok(Self::Cancel) };
        let text = String::from_utf8_lossy(value);
        let text = text.trim();
        let quoted: String = text.chars().take(QUOTED_MAX).collect();
        let not_one = |reason, what: &str| {
            let message =
                format!("the value `{quoted}` is no delay: {what}, such as `60000` for a minute; `0` cancels");
            Err(Reject::new(reason, message))
        };
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            return not_one(RejectReason::WrongType, "write whole milliseconds as text");
        }
        // What is beyond all numbers is beyond the limit.
        match Duration::from_millis(text.parse().unwrap_or(u64::MAX)) {
            Duration::ZERO => Ok(Self::Cancel),
            delay if delay <= DELAY_MAX => Ok(Self::After(delay)),
            _ => not_one(
                RejectReason::BadValue,
                "it is longer than ten years; write milliseconds from the record's timestamp",
            ),
        }
    }
}

/// Rejects a timestamp that cannot be: before 2000, because somebody writes seconds or none, or further ahead than clocks are apart.
pub(super) fn plausible(at: Timestamp, now: Timestamp) -> Result<(), Reject> {
    if at >= PLAUSIBLE_FROM && at <= now.saturating_add(AHEAD_MAX) {
        return Ok(());
    }
    let what = "which is before 2000 or more than five minutes ahead: a record is due by the timestamp of its request";
    Err(Reject::new(RejectReason::BadTime, format!("the record has the timestamp {at}, {what}")))
}

/// Keys requests by their whole key.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScheduleKeying;

impl Keying for ScheduleKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let no_key = || {
            let message =
                "the key is not `<key>|<value>`, which are key and value of the record that is to be written later";
            Reject::new(RejectReason::BadId, message)
        };
        let key = record.key.as_deref().filter(|key| parts(key).is_some()).ok_or_else(no_key)?;
        let request = Request::of(record)?;
        Ok(Keyed::new(Key::from_slice(key), "request", record.timestamp).with_parsed(request))
    }
}
