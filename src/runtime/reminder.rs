//! When a person is told of something that goes on: now and then, not each time that it is met.

use std::time::Duration;

/// How often it is said again.
const PERIOD: Duration = Duration::from_secs(30);

/// Since when something goes on, and how often that was said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reminder {
    since: Duration,
    /// How long it has to go on before it is said for the first time.
    delay: Duration,
    said: u32,
}

impl Reminder {
    /// It goes on since `uptime`, and is worth a word when it does so for `delay`.
    pub(super) const fn new(uptime: Duration, delay: Duration) -> Self {
        Self { since: uptime, delay, said: 0 }
    }

    /// For how long it has gone on.
    pub(super) const fn lasted(&self, uptime: Duration) -> Duration {
        uptime.saturating_sub(self.since)
    }

    /// It still goes on: for how long, when it is time to say so.
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
    fn what_goes_on_is_said_once_in_half_a_minute() {
        assert_eq!(said(30), [130, 160, 190]);
        assert_eq!(said(0), [100, 130, 160, 190]);
    }
}
