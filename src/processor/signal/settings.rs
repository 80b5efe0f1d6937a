//! The settings of signals.

use std::time::Duration;

use crate::model::Target;
use crate::processor::call::{Backoff, Certainty, Limits};

/// The settings of signals. All durations are on the wall clock of the instance.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The target of the calls.
    pub target: Target,
    /// The Control-M server whose events they are.
    pub server: String,
    /// The time after the commit within which an attempt may start.
    pub valid_for: Duration,
    /// The limits of the attempts.
    pub call: Limits,
    /// The retention of a signal after its end, to recognize duplicates.
    pub keep: Duration,
}

impl Settings {
    /// The usual durations: a retry after 5 s, 10 s, 20 s and so on up to 5 minutes.
    pub fn new(target: Target, server: &str, give_up_after: Duration) -> Self {
        let retry =
            Backoff { first: Duration::from_secs(5), factor: 2, max: Duration::from_mins(5), jitter_percent: 25 };
        Self {
            target,
            server: server.to_owned(),
            valid_for: Duration::from_secs(30),
            call: Limits { certainty: Certainty::Idempotent, retry, give_up_after },
            keep: Duration::from_hours(7 * 24),
        }
    }
}
