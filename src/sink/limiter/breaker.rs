//! A circuit breaker: whether a target is suspended, because it fails or refuses everybody.
//!
//! ```text
//!           failures in a row, or a refusal of everybody
//!  closed ────────────────────────────────────────────────▶ suspended ◀──────┐
//!    ▲                                                          │ pause      │ failure: a longer pause
//!    │ success                                                  ▼            │
//!    └─────────────────────────────────────────────────────  one probe ──────┘
//! ```
//!
//! The probe is the next call; a target with a check of its own is probed by that instead.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::metric::Metrics;
use crate::model::Timestamp;

/// The growth of the pause between probes, in percent.
const GROWTH_PERCENT: u32 = 125;
/// The longest pause that a target may ask for.
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// The limits of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerLimits {
    /// The number of failures in a row that suspend the target, from 1.
    pub failures: u32,
    /// The first pause before a probe.
    pub pause: Duration,
    /// The longest pause before a probe.
    pub pause_max: Duration,
}

impl Default for BreakerLimits {
    /// Ten failures in a row; probes after 1 s, and then up to every minute.
    fn default() -> Self {
        Self { failures: 10, pause: Duration::from_secs(1), pause_max: Duration::from_mins(1) }
    }
}

/// The time of an event, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(in crate::sink) struct At {
    pub(in crate::sink) uptime: Duration,
    pub(in crate::sink) now: Timestamp,
}

/// A failure that may meet everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sink) struct Failure {
    /// The label in metrics, one of the breaker's reasons.
    pub(in crate::sink) reason: &'static str,
    /// What happened, and the remedy.
    pub(in crate::sink) detail: String,
    /// The pause that the target asks for.
    pub(in crate::sink) retry_after: Option<Duration>,
}

/// A suspension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sink) struct Suspension {
    pub(in crate::sink) since: Timestamp,
    pub(in crate::sink) reason: &'static str,
    pub(in crate::sink) detail: String,
    /// The uptime from which a call is the probe; `None`: a check is.
    probe_at: Option<Duration>,
    /// True while the probe has no end.
    is_probed: bool,
}

/// A circuit breaker.
#[derive(Debug)]
pub(in crate::sink) struct Breaker {
    target: String,
    limits: BreakerLimits,
    /// The reasons of suspensions, so that each series starts at 0.
    reasons: &'static [&'static str],
    has_check: bool,
    state: Mutex<State>,
    metrics: Option<Arc<Metrics>>,
}

#[derive(Debug)]
struct State {
    /// The number of failures in a row.
    failures: u32,
    suspension: Option<Suspension>,
    /// The pause before the next probe; it grows until a call succeeds.
    pause: Duration,
    /// The uptime of the last success, or good check.
    well_at: Option<Duration>,
}

impl Breaker {
    pub(super) fn new(target: &str, limits: BreakerLimits, reasons: &'static [&'static str], has_check: bool) -> Self {
        let state = State { failures: 0, suspension: None, pause: limits.pause, well_at: None };
        Self { target: target.to_owned(), limits, reasons, has_check, state: Mutex::new(state), metrics: None }
    }

    pub(super) fn measured(&mut self, metrics: Arc<Metrics>) {
        for reason in self.reasons {
            metrics.sink.suspended(&self.target, reason, false);
        }
        self.metrics = Some(metrics);
    }

    /// The suspension, if there is one; also while it is probed by a call.
    pub(in crate::sink) fn suspension(&self) -> Option<Suspension> {
        self.lock().suspension.clone()
    }

    /// The most calls at once that it lets through at this uptime: all, the probe, or none.
    pub(super) fn calls_max(&self, uptime: Duration) -> usize {
        match &self.lock().suspension {
            None => usize::MAX,
            Some(Suspension { probe_at: Some(at), is_probed: false, .. }) if uptime >= *at => 1,
            Some(_) => 0,
        }
    }

    /// True if a call may be made: all, or the one that is the probe.
    pub(super) fn admits(&self, uptime: Duration) -> bool {
        let mut state = self.lock();
        let Some(suspension) = &mut state.suspension else { return true };
        let may_probe = !suspension.is_probed && suspension.probe_at.is_some_and(|at| uptime >= at);
        suspension.is_probed |= may_probe;
        may_probe
    }

    /// A call has ended without saying anything about the target: another one may be the probe.
    pub(in crate::sink) fn ended_early(&self) {
        if let Some(suspension) = &mut self.lock().suspension {
            suspension.is_probed = false;
        }
    }

    /// True if everything was well at or after this uptime.
    pub(in crate::sink) fn was_well_since(&self, uptime: Duration) -> bool {
        self.lock().well_at.is_some_and(|at| at >= uptime)
    }

    /// Counts a failure of a call; if it suspends the target anew, the pause before the first probe.
    pub(in crate::sink) fn failed(&self, failure: Failure, at: At) -> Option<Duration> {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        let is_probe = state.suspension.as_ref().is_some_and(|it| it.is_probed);
        let is_open = state.suspension.is_some();
        if !is_probe && (is_open || state.failures < self.limits.failures) {
            return None;
        }
        let Failure { reason, detail, retry_after } = failure;
        let pause = retry_after.map_or(state.pause, |asked| asked.min(PAUSE_MAX).max(state.pause));
        state.pause = next_pause(state.pause, self.limits.pause_max);
        let probe_at = (!self.has_check).then(|| at.uptime.saturating_add(pause));
        let detail =
            if is_open { detail } else { format!("{} failures in a row; the last one: {detail}", state.failures) };
        drop(state);
        self.open(reason, &detail, probe_at, at.now);
        (!is_open).then_some(pause)
    }

    /// Everybody is refused, as a check has found: suspends the target, or replaces the reason.
    pub(in crate::sink) fn suspend(&self, failure: &Failure, now: Timestamp) {
        self.open(failure.reason, &failure.detail, None, now);
    }

    fn open(&self, reason: &'static str, detail: &str, probe_at: Option<Duration>, now: Timestamp) {
        let mut state = self.lock();
        let former = state.suspension.as_ref().map(|it| (it.since, it.reason));
        let since = former.map_or(now, |(since, _)| since);
        state.suspension = Some(Suspension { since, reason, detail: detail.to_owned(), probe_at, is_probed: false });
        drop(state);
        if former.is_some_and(|(_, before)| before == reason) {
            return;
        }
        self.show(Some(reason));
        tracing::error!(
            target = self.target, reason, %detail,
            "a target refuses everybody: the sink is suspended, bundles wait and lose nothing; it goes on when the target is well"
        );
    }

    /// A call has succeeded: ends a suspension that it has probed.
    pub(in crate::sink) fn succeeded(&self, at: At) {
        let mut state = self.lock();
        (state.failures, state.well_at) = (0, Some(at.uptime));
        if state.suspension.is_some() && self.has_check {
            return; // The check tells.
        }
        state.pause = self.limits.pause;
        self.close(state, at);
    }

    /// A check is well: ends a suspension. The pause before the next probe stays as long as it is until a call succeeds.
    pub(in crate::sink) fn resume(&self, at: At) {
        let mut state = self.lock();
        (state.failures, state.well_at) = (0, Some(at.uptime));
        self.close(state, at);
    }

    fn close(&self, mut state: MutexGuard<'_, State>, at: At) {
        let Some(suspension) = state.suspension.take() else { return };
        drop(state);
        self.show(None);
        let after = at.now.since(suspension.since);
        tracing::info!(target = self.target, ?after, "a target takes calls again: the sink goes on");
    }

    fn show(&self, current: Option<&'static str>) {
        let Some(metrics) = &self.metrics else { return };
        for reason in self.reasons {
            metrics.sink.suspended(&self.target, reason, current == Some(reason));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock is usable: each field is replaced as a whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pause after this one.
pub(in crate::sink) fn next_pause(pause: Duration, max: Duration) -> Duration {
    pause.saturating_mul(GROWTH_PERCENT).checked_div(100).unwrap_or(max).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> At {
        At { uptime: Duration::from_millis(ms), now: Timestamp::from_millis(i64::try_from(ms).unwrap()) }
    }

    fn breaker(has_check: bool) -> Breaker {
        let limits = BreakerLimits { failures: 3, ..BreakerLimits::default() };
        Breaker::new("shop", limits, &["failing"], has_check)
    }

    fn failure(retry_after: Option<u64>) -> Failure {
        let retry_after = retry_after.map(Duration::from_secs);
        Failure { reason: "failing", detail: "HTTP 503".to_owned(), retry_after }
    }

    #[test]
    fn failures_in_a_row_suspend_and_one_probe_decides() {
        let breaker = breaker(false);
        assert_eq!([0, 1].map(|ms| breaker.failed(failure(None), at(ms))), [None, None]);
        breaker.succeeded(at(2));
        let opened = [3, 4, 5, 6].map(|ms| breaker.failed(failure(None), at(ms)).is_some());
        assert_eq!(opened, [false, false, true, false], "a success begins a new row");
        let calls = |ms| breaker.calls_max(Duration::from_millis(ms));
        assert_eq!([calls(6), calls(1_004), calls(1_005)], [0, 0, 1]);
        assert_eq!(breaker.suspension().unwrap().detail, "3 failures in a row; the last one: HTTP 503");
        assert_eq!([1_100, 1_101].map(|ms| breaker.admits(Duration::from_millis(ms))), [true, false], "one probe");
        assert_eq!(calls(1_102), 0);
        assert_eq!(breaker.failed(failure(Some(20)), at(2_000)), None, "it is suspended already");
        assert_eq!([calls(21_999), calls(22_000)], [0, 1], "as long as the target asks for");
        breaker.succeeded(at(22_500));
        assert_eq!((breaker.suspension(), calls(22_500)), (None, usize::MAX));
    }

    #[test]
    fn a_target_with_a_check_is_resumed_by_that_only() {
        let breaker = breaker(true);
        let first = Some(Duration::from_secs(1));
        assert_eq!([0, 1, 2].map(|ms| breaker.failed(failure(None), at(ms))), [None, None, first]);
        assert_eq!(breaker.calls_max(Duration::MAX), 0);
        breaker.succeeded(at(3));
        assert!(breaker.suspension().is_some(), "an answer to an older call proves nothing");
        breaker.resume(at(4));
        assert!(breaker.suspension().is_none() && breaker.was_well_since(Duration::from_millis(4)));
        let longer = Some(Duration::from_millis(1_250));
        assert_eq!([5, 6, 7].map(|ms| breaker.failed(failure(None), at(ms))), [None, None, longer], "calls fail on");
    }

    #[test]
    fn pauses_grow_up_to_their_limit() {
        let second = Duration::from_secs(1);
        assert_eq!(next_pause(4 * second, 60 * second), 5 * second);
        assert_eq!(next_pause(50 * second, 60 * second), 60 * second);
    }
}
