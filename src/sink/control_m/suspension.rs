//! Whether the sink is suspended, because everybody is refused.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::exchange::Reason;
use super::refusal::Refusal;
use crate::metric::Metrics;
use crate::model::Timestamp;
use crate::processor::delivery::control_m::CONTROL_M;

/// The growth of the interval between probes, in percent.
const GROWTH_PERCENT: u32 = 125;

/// The state of the sink.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    metrics: Option<Arc<Metrics>>,
}

#[derive(Debug, Default)]
struct State {
    suspension: Option<Suspension>,
    /// The uptime of the last good check or answer.
    well_at: Option<Duration>,
}

/// A suspension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suspension {
    pub(super) since: Timestamp,
    pub(super) refusal: Refusal,
}

impl Gate {
    pub(super) fn measured(&mut self, metrics: Arc<Metrics>) {
        for reason in Reason::ALL {
            metrics.sink.suspended(CONTROL_M, reason.label(), false);
        }
        self.metrics = Some(metrics);
    }

    /// The suspension, if there is one.
    pub(super) fn suspension(&self) -> Option<Suspension> {
        self.lock().suspension.clone()
    }

    /// True if everything was well at or after this uptime.
    pub(super) fn was_well_since(&self, uptime: Duration) -> bool {
        self.lock().well_at.is_some_and(|at| at >= uptime)
    }

    /// Suspends the sink, or replaces the reason. Logs a reason once.
    pub(super) fn suspend(&self, refusal: Refusal, now: Timestamp) {
        let mut state = self.lock();
        let former = state.suspension.as_ref().map(|it| (it.since, it.refusal.reason));
        let since = former.map_or(now, |(since, _)| since);
        let (reason, detail) = (refusal.reason, refusal.detail.clone());
        state.suspension = Some(Suspension { since, refusal });
        drop(state);
        if former.is_some_and(|(_, before)| before == reason) {
            return;
        }
        self.show(Some(reason));
        tracing::error!(
            target = CONTROL_M, reason = reason.label(), %detail,
            "Control-M refuses everybody: the sink is suspended, bundles wait and lose nothing; it goes on when Control-M is well"
        );
    }

    /// Everything is well at this uptime: ends a suspension.
    pub(super) fn resume(&self, uptime: Duration, now: Timestamp) {
        let mut state = self.lock();
        state.well_at = Some(uptime);
        let Some(suspension) = state.suspension.take() else { return };
        drop(state);
        self.show(None);
        let after = now.since(suspension.since);
        tracing::info!(target = CONTROL_M, ?after, "Control-M takes submits again: the sink goes on");
    }

    fn show(&self, current: Option<Reason>) {
        let Some(metrics) = &self.metrics else { return };
        for reason in Reason::ALL {
            metrics.sink.suspended(CONTROL_M, reason.label(), current == Some(reason));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A poisoned lock is usable: each field is replaced as a whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The interval after this one.
pub(super) fn next_interval(interval: Duration, max: Duration) -> Duration {
    interval.saturating_mul(GROWTH_PERCENT).checked_div(100).unwrap_or(max).min(max)
}
