//! Tells systemd how the service is: ready, alive, stopping (`sd_notify(3)`, for units with `Type=notify` and `WatchdogSec=`). Without
//! systemd nothing is told.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::admin::Health;

/// The time between two reports: half of what systemd asks for, and not more often than this.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// The service, as systemd knows it.
#[derive(Debug, Default)]
pub(super) struct Service {
    is_ready: bool,
    state: String,
    next: Duration,
}

impl Service {
    /// Reports the health, if that is due `now`, a time on a monotonic clock. It is ready once it was ready for the first time: a
    /// later rebalance or restore is no end of the service. A watchdog is told only while the stream threads turn.
    pub(super) fn report(&mut self, now: Duration, health: impl FnOnce() -> Health) {
        if now < self.next {
            return;
        }
        self.next = now.saturating_add(REPORT_INTERVAL);
        for state in self.states(&health()) {
            tell(&[state.as_state()]);
        }
    }

    fn states(&mut self, health: &Health) -> Vec<Told> {
        let mut told = Vec::new();
        if health.ready && !self.is_ready {
            self.is_ready = true;
            told.push(Told::Ready);
        }
        if health.state != self.state {
            self.state.clone_from(&health.state);
            told.push(Told::State(health.state.clone()));
        }
        if health.alive {
            told.push(Told::Alive);
        }
        told
    }
}

/// Reports that the service stops.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Ready,
    State(String),
    Alive,
}

impl Told {
    fn as_state(&self) -> NotifyState<'_> {
        match self {
            Self::Ready => NotifyState::Ready,
            Self::State(state) => NotifyState::Status(state),
            Self::Alive => NotifyState::Watchdog,
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd cannot be told how the service is");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn health(alive: bool, ready: bool, state: &str) -> Health {
        Health { alive, ready, state: state.to_owned(), details: BTreeMap::new(), applications: BTreeMap::new() }
    }

    #[test]
    fn it_is_ready_once_and_its_watchdog_stops_with_its_threads() {
        let mut service = Service::default();
        let state = |state: &str| Told::State(state.to_owned());
        assert_eq!(service.states(&health(true, false, "restoring")), [state("restoring"), Told::Alive]);
        assert_eq!(service.states(&health(true, true, "running")), [Told::Ready, state("running"), Told::Alive]);
        assert_eq!(service.states(&health(true, false, "joining")), [state("joining"), Told::Alive]);
        assert_eq!(
            service.states(&health(true, true, "running")),
            [state("running"), Told::Alive],
            "it was ready before"
        );
        assert_eq!(service.states(&health(false, true, "running")), []);
    }
}
