//! Time as a value: code below floor 5 reads no clock and takes a [`Timestamp`] as an argument.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, as in Kafka.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest representable instant.
    pub const MIN: Self = Self(i64::MIN);

    /// An instant from milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant plus `duration`, saturating at the latest representable instant.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// This instant minus `duration`, saturating at [`Timestamp::MIN`].
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// The time from `earlier` to this instant; zero if this is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, to the millisecond; the number with `ms` outside the range of the calendar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

/// The text of a time that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time such as 2026-01-02T06:00:00Z")]
pub struct NoTime;

impl FromStr for Timestamp {
    type Err = NoTime;

    /// RFC 3339, with any offset.
    fn from_str(text: &str) -> Result<Self, NoTime> {
        let instant: Result<jiff::Timestamp, _> = text.parse();
        instant.map(|instant| Self(instant.as_millisecond())).map_err(|_no_time| NoTime)
    }
}

/// The time of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock of the instance.
    pub wall: Timestamp,
    /// The watermark of the task: all records that were in its sources at this wall-clock time have been processed.
    /// [`Timestamp::MIN`] while unknown.
    pub watermark: Timestamp,
}

impl Moment {
    /// A wall-clock time without a watermark.
    pub const fn at(wall: Timestamp) -> Self {
        Self { wall, watermark: Timestamp::MIN }
    }
}

/// The clock, injected by the command line: the system's, or a manual one in the demo and the simulator.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock, which may jump when it is set.
    fn now(&self) -> Timestamp;

    /// Monotonic time since a fixed point. It advances while the process is suspended and while the machine sleeps, so that a
    /// sink that resumes sees that the validity of an act has expired.
    fn uptime(&self) -> Duration;
}

/// The time base of a timer and its slot within the entry.
///
/// The processor numbers the slots. An entry has at most one timer per kind; scheduling a kind again reschedules it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TimerKind {
    /// Event time: due when the watermark has passed it.
    Deadline(u8),
    /// Wall-clock time: for retries and polling.
    Delay(u8),
}

/// A scheduled call of a processor for one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timer {
    /// The time base and slot.
    pub kind: TimerKind,
    /// The due time.
    pub due: Timestamp,
}
