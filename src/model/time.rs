//! Time as a value: nothing below floor 5 reads a clock, it is handed a [`Timestamp`].

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, as Kafka counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant that can be written down; sorts before every other.
    pub const MIN: Self = Self(i64::MIN);

    /// An instant from its milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant moved later by `duration`, stopping at the end of time.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// This instant moved earlier by `duration`, stopping at [`Timestamp::MIN`].
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// How much later this is than `earlier`; zero when it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, to the millisecond; the bare number where the calendar ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

/// The time at which a step takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock of the task's owner.
    pub wall: Timestamp,
    /// The watermark of the task: everything that lay in its sources at this time of the wall clock has been processed.
    /// [`Timestamp::MIN`] while that is not known.
    pub watermark: Timestamp,
}

impl Moment {
    /// A time of the wall clock, with no watermark.
    pub const fn at(wall: Timestamp) -> Self {
        Self { wall, watermark: Timestamp::MIN }
    }
}

/// The one clock, handed in by the command line: the system's, or a manual one in the demo and the simulator.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock: it can be set, and jump.
    fn now(&self) -> Timestamp;

    /// Time since some fixed point. It never goes back, and it runs on while the process is stopped and while the
    /// machine sleeps, so that a sender that wakes up knows that its permission to send has run out.
    fn uptime(&self) -> Duration;
}

/// What drives a timer, and which of its entry's timers it is.
///
/// The slot is the processor's own numbering; an entry has at most one timer per kind, so scheduling a kind again
/// moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TimerKind {
    /// Judged by event time: due when everything that happened up to it has been processed.
    Deadline(u8),
    /// Judged by the wall clock: retries and polling.
    Delay(u8),
}

/// A promise to call a processor again for one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timer {
    /// Which timer of its entry.
    pub kind: TimerKind,
    /// When.
    pub due: Timestamp,
}
