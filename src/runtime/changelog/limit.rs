//! Limits and waits that restores and standbys share.

use std::time::Duration;

use crate::runtime::reminder::Reminder;

/// How many records one round applies at most.
pub(super) const BATCH_MAX: usize = 2_000;
/// How long a replay waits after a failure that may pass.
pub(super) const BACK_OFF: Duration = Duration::from_millis(300);
/// How long a reader waits for the next record.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// True when a failure to read that goes on since some time is to be logged.
pub(super) fn is_due(interrupted: &mut Option<Reminder>, uptime: Duration) -> bool {
    interrupted.get_or_insert_with(|| Reminder::new(uptime, Duration::ZERO)).is_due(uptime).is_some()
}
