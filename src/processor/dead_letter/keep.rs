//! For how long a letter is kept, and how often it is sent again.

use std::time::Duration;

use crate::model::{Timer, TimerKind, Timestamp};
use crate::processor::Effect;

/// The rounds after which a record is not sent again as it is.
pub const ROUNDS_MAX: u32 = 10;
/// The time for which a letter is kept that nobody has answered: that of its topic.
pub const KEPT_FOR: Duration = Duration::from_hours(30 * 24);
/// The time for which a letter is kept that was sent again or discarded.
pub const ANSWERED_KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// The only timer of an entry: its deletion.
pub(super) const TIMER: TimerKind = TimerKind::Delay(0);

/// Schedules the deletion.
pub(super) fn forget_at(due: Timestamp) -> Effect {
    Effect::Schedule(Timer { kind: TIMER, due })
}
