//! Limits and waits of restores and standbys.

use std::time::Duration;

use crate::runtime::reminder::Reminder;

/// The most records that one round applies.
pub(super) const BATCH_MAX: usize = 2_000;
/// The wait of a replay after a retriable error.
pub(super) const BACK_OFF: Duration = Duration::from_millis(300);
/// The longest wait of a reader for the next record.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// True if a read failure that goes on is due to be logged.
pub(super) fn is_due(interrupted: &mut Option<Reminder>, uptime: Duration) -> bool {
    interrupted.get_or_insert_with(|| Reminder::new(uptime, Duration::ZERO)).is_due(uptime).is_some()
}
