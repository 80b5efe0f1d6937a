//! The durations and limits of a delivery.

use std::time::Duration;

use crate::model::{Key, Target};
use crate::processor::call::Backoff;

/// The durations and limits of a delivery. All durations are on the wall clock of the instance.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The target of the calls.
    pub target: Target,
    /// The time after the commit of an intent within which its call may start.
    pub intent_valid_for: Duration,
    /// The time-out of one call.
    pub request_timeout: Duration,
    /// The longest time from the execution of a submit until a look-up finds it.
    pub visibility_lag: Duration,
    /// The waits between attempts.
    pub retry: Backoff,
    /// The time from the first intent to submit until the delivery gives up: it fails if no submit was executed, and is unknown if
    /// one is in doubt. The time in which the target refuses everybody does not count.
    pub give_up_after: Duration,
    /// The time after an intent within which an empty look-up proves that the submit was not executed; later the target may
    /// have removed it.
    pub lookup_horizon: Duration,
    /// The retention of a journal after its end, to recognize duplicates.
    pub keep: Duration,
}

impl Settings {
    /// The wait before a look-up after a lost answer: the request may run until its time-out, and then be invisible for a while.
    pub(super) fn doubt_after_loss(&self) -> Duration {
        self.request_timeout.saturating_add(self.visibility_lag)
    }

    /// The wait before a look-up after a rebalance: the previous owner may still start the submit.
    pub(super) fn doubt_after_rebalance(&self) -> Duration {
        self.intent_valid_for.saturating_add(self.doubt_after_loss())
    }

    /// The wait before call `call` of `key`; see [`Backoff::wait`].
    pub(super) fn wait(&self, key: &Key, call: u32, failures: u32, requested: Option<Duration>) -> Duration {
        self.retry.wait(key, call, failures, requested)
    }
}
