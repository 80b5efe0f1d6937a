//! The transitions to the end of a signal.

use std::collections::BTreeMap;

use serde_json::json;

use super::state::{Adding, Ended, Signal};
use super::{Signals, TIMER, count};
use crate::model::{Alert, Key, Reject, Severity, Timer, Timestamp};
use crate::processor::{Effect, Transition};

impl Signals {
    /// To Added: the event is there, or was.
    pub(super) fn added(&self, now: Timestamp) -> Transition<Signal> {
        self.ended(Signal::Added(Ended { at: now }), now).with(Effect::Count(count::ADDED))
    }

    /// To Failed: the event is not there, and its bundle's folder waits for it.
    pub(super) fn failed(&self, key: &Key, adding: Adding, reject: &Reject, now: Timestamp) -> Transition<Signal> {
        let Adding { bundle_id, origin, call } = adding;
        let (server, detail) = (&self.settings.server, &reject.detail);
        let message =
            format!("the event {key} was not added, and the folder of bundle {bundle_id} waits for it: {detail}");
        let details = BTreeMap::from([
            ("event".to_owned(), json!(key.text())),
            ("bundle_id".to_owned(), json!(bundle_id)),
            ("attempts".to_owned(), json!(call.attempts)),
            ("signal".to_owned(), json!(origin)),
            ("detail".to_owned(), json!(detail)),
        ]);
        let kind = count::SIGNAL_FAILED.to_owned();
        let alert = Alert { kind, severity: Severity::Critical, at: now, message, details };
        let remedy =
            format!("mend the cause, and add the event to the server {server} in Control-M by hand, without a date");
        let letter = Reject { reason: reject.reason, detail: format!("signal {origin}: {detail}") };
        self.ended(Signal::Failed(Ended { at: now }), now)
            .with(Effect::Count(count::FAILED))
            .with(Effect::Alert(alert.with_remedy(&remedy)))
            .with(Effect::DeadLetter(letter))
    }

    fn ended(&self, signal: Signal, now: Timestamp) -> Transition<Signal> {
        let due = now.saturating_add(self.settings.keep);
        Transition::to(signal).with(Effect::Schedule(Timer { kind: TIMER, due }))
    }
}
