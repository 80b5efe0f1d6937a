//! The sinks: execute the acts of the runtime in other systems.
//!
//! | module | calls |
//! |---|---|
//! | [`control_m`] | BMC Control-M over its Automation API |
//! | [`webhook`] | an HTTP POST of JSON |
//! | [`smtp`] | a mail |
//!
//! [`Sinks`] dispatches each act to the sink of its target. `limiter` limits the calls to each: how many at once, at which rate, and
//! whether any at all. `attempts` makes those of a webhook or a mail server; `http` has what all sinks over HTTP share.

mod attempts;
pub mod control_m;
mod http;
mod limiter;
pub mod smtp;
pub mod webhook;

pub use attempts::Calls;
pub use limiter::{BreakerLimits, Limits, Rate};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Completion, Execution, Outcome, Sink, Target, Verdict};

/// The sinks of an instance by target.
#[derive(Clone, Debug, Default)]
pub struct Sinks(BTreeMap<Target, Arc<dyn Sink>>);

impl Sinks {
    /// No sinks: every act gets [`Verdict::NotSent`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces the sink of a target.
    #[must_use]
    pub fn with(mut self, target: Target, sink: Arc<dyn Sink>) -> Self {
        self.0.insert(target, sink);
        self
    }
}

impl Sink for Sinks {
    fn execute(&self, execution: Execution, done: Completion) {
        if let Some(sink) = self.0.get(&execution.act.to) {
            return sink.execute(execution, done);
        }
        let Execution { act, .. } = execution;
        let verdict = Verdict::NotSent(format!("no sink is configured for `{}`", act.to));
        done(Outcome { slot: act.slot, attempt: act.attempt, verdict });
    }

    fn capacity(&self, to: &Target) -> usize {
        self.0.get(to).map_or(usize::MAX, |sink| sink.capacity(to))
    }

    fn suspensions(&self) -> BTreeMap<Target, String> {
        self.0.values().flat_map(|sink| sink.suspensions()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::model::{Act, ActSlot, Key, TaskId};

    /// Returns its name as verdict at once, with this capacity.
    #[derive(Debug)]
    struct Named(&'static str, usize);

    impl Sink for Named {
        fn execute(&self, execution: Execution, done: Completion) {
            let Execution { act, .. } = execution;
            let verdict = Verdict::Answered(self.0.to_owned());
            done(Outcome { slot: act.slot, attempt: act.attempt, verdict });
        }

        fn capacity(&self, _: &Target) -> usize {
            self.1
        }
    }

    #[test]
    fn an_act_goes_to_the_sink_of_its_target_and_comes_back_when_there_is_none() {
        let [left, right, nobody] = ["left", "right", "nobody"].map(Target::new);
        let sinks =
            Sinks::new().with(left.clone(), Arc::new(Named("l", 3))).with(right.clone(), Arc::new(Named("r", 5)));
        let verdict = |to: &Target| {
            let (send, outcome) = mpsc::channel();
            let (slot, valid_for, request) = (ActSlot(1), Duration::from_secs(1), String::new());
            let act = Act { slot, attempt: 4, to: to.clone(), valid_for, request };
            let task = TaskId { processor: "p".into(), partition: 0 };
            let execution = Execution { task, key: Key::new("k"), act, expires_at: Duration::MAX, trace: None };
            sinks.execute(execution, Box::new(move |it| send.send(it).unwrap()));
            let Outcome { slot, attempt, verdict } = outcome.recv().unwrap();
            assert_eq!((slot, attempt), (ActSlot(1), 4));
            verdict
        };
        assert_eq!(verdict(&left), Verdict::Answered("l".to_owned()));
        assert_eq!(verdict(&right), Verdict::Answered("r".to_owned()));
        assert_eq!(verdict(&nobody), Verdict::NotSent("no sink is configured for `nobody`".to_owned()));
        assert_eq!([&left, &right, &nobody].map(|to| sinks.capacity(to)), [3, 5, usize::MAX]);
    }
}
