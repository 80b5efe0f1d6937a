//! Rate-limited warnings about a condition that persists.

use std::time::Duration;

/// The interval of the warnings.
const PERIOD: Duration = Duration::from_secs(30);

/// A condition that persists, with the warnings so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reminder {
    since: Duration,
    /// The time before the first warning.
    delay: Duration,
    said: u32,
}

impl Reminder {
    /// A condition since `uptime`, with its first warning after `delay`.
    pub(super) const fn new(uptime: Duration, delay: Duration) -> Self {
        Self { since: uptime, delay, said: 0 }
    }

    /// The duration of the condition.
    pub(super) const fn lasted(&self, uptime: Duration) -> Duration {
        uptime.saturating_sub(self.since)
    }

    /// The duration of the condition, if a warning is due.
    pub(super) fn is_due(&mut self, uptime: Duration) -> Option<Duration> {
        let lasted = self.lasted(uptime);
        let is_time = lasted >= self.delay + PERIOD * self.said;
        self.said += u32::from(is_time);
        is_time.then_some(lasted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(delay: u64) -> Vec<u64> {
        let second = Duration::from_secs;
        let mut reminder = Reminder::new(second(100), second(delay));
        (100..200).filter(|now| reminder.is_due(second(*now)).is_some()).collect()
    }

    #[test]
    fn a_condition_that_persists_is_warned_about_every_half_minute() {
        assert_eq!(said(30), [130, 160, 190]);
        assert_eq!(said(0), [100, 130, 160, 190]);
    }
}
