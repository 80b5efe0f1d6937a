//! The acts of a stream thread: handed to the sink, in flight, and their outcomes.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use crate::broker::Waker;
use crate::model::{
    Act, ActSlot, Clock, Execution, Key, Outcome, Sink, Span, SpanKind, Spans, TaskId, TraceContext, Verdict,
};
use crate::runtime::decisions::Decision;
use crate::runtime::span_id;
use crate::runtime::topology_plan::TopologyPlan;
use crate::runtime::transaction::Returned;

/// An act of an entry: its task, its key, its slot, its attempt.
type ActId = (TaskId, Key, ActSlot, u32);

/// Why pending acts are inherited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inherit {
    /// The task was restored: its queues are filled anew.
    Restored,
    /// The wall clock was set.
    ClockSet,
}

/// What makes a span of each call.
pub(super) struct CallSpans {
    /// Takes the spans.
    pub spans: Arc<dyn Spans>,
    /// The clock of their times.
    pub clock: Arc<dyn Clock>,
    /// The application.
    pub plan: Arc<TopologyPlan>,
}

/// The acts of a stream thread.
pub(super) struct Acts {
    waker: Waker,
    spans: Option<Arc<CallSpans>>,
    /// Acts with the sink, or with an uncommitted outcome.
    in_flight: BTreeSet<ActId>,
    /// The channel on which the sink returns outcomes, from any thread.
    channel: (Sender<Returned>, Receiver<Returned>),
    /// Received outcomes that have not been processed, in order.
    outcomes: VecDeque<Returned>,
}

impl Acts {
    /// No acts; each outcome wakes `waker`.
    pub(super) fn new(waker: Waker, spans: Option<CallSpans>) -> Self {
        Self {
            waker,
            spans: spans.map(Arc::new),
            in_flight: BTreeSet::new(),
            channel: mpsc::channel(),
            outcomes: VecDeque::new(),
        }
    }

    /// Hands a committed act to the sink.
    pub(super) fn hand_over(&mut self, decision: Decision, sink: &dyn Sink) {
        let Decision { task, epoch, key, act, trace, decided_at } = decision;
        self.in_flight.insert((task.clone(), key.clone(), act.slot, act.attempt));
        let (returned, waker) = (self.channel.0.clone(), self.waker.clone());
        let expires_at = decided_at.saturating_add(act.valid_for);
        let back = (task.clone(), key.clone());
        let spans = self.spans.clone();
        let span = spans.as_ref().zip(trace.as_ref()).and_then(|(spans, trace)| spans.begin(trace, &back, &act));
        let trace = span.as_ref().map(|span| span.parent.from_span(span.id)).or(trace);
        let done = Box::new(move |outcome: Outcome| {
            let (task, key) = back;
            if let Some((spans, span)) = spans.zip(span) {
                spans.end(span, &outcome.verdict);
            }
            // The thread may have ended; then the next owner of the task finds the act in the state.
            drop(returned.send(Returned { task, epoch, key, outcome }));
            waker.wake();
        });
        sink.execute(Execution { task, key, act, expires_at, trace }, done);
    }

    /// True for an act with the sink, or with an uncommitted outcome.
    pub(super) fn is_in_flight(&self, task: &TaskId, key: &Key, slot: ActSlot, attempt: u32) -> bool {
        self.in_flight.contains(&(task.clone(), key.clone(), slot, attempt))
    }

    /// The number of acts in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Takes all received outcomes, in order.
    pub(super) fn take_outcomes(&mut self) -> VecDeque<Returned> {
        self.outcomes.extend(self.channel.1.try_iter());
        std::mem::take(&mut self.outcomes)
    }

    /// True if received outcomes have not been processed.
    pub(super) fn has_outcomes(&self) -> bool {
        !self.outcomes.is_empty()
    }

    /// Puts outcomes back, before those that were received since.
    pub(super) fn put_back(&mut self, mut outcomes: VecDeque<Returned>) {
        outcomes.append(&mut self.outcomes);
        self.outcomes = outcomes;
    }

    /// Adds an outcome that is not from the sink.
    pub(super) fn push(&mut self, outcome: Returned) {
        self.outcomes.push_back(outcome);
    }

    /// Waits for one outcome, for at most `timeout`.
    pub(super) fn wait(&mut self, timeout: Duration) {
        if let Ok(returned) = self.channel.1.recv_timeout(timeout) {
            self.outcomes.push_back(returned);
        }
    }

    /// Removes the acts of committed outcomes.
    pub(super) fn committed(&mut self, outcomes: VecDeque<Returned>) {
        for Returned { task, key, outcome, .. } in outcomes {
            self.in_flight.remove(&(task, key, outcome.slot, outcome.attempt));
        }
    }

    /// Removes the acts of all other tasks.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&TaskId) -> bool) {
        self.in_flight.retain(|(task, ..)| is_kept(task));
    }

    /// Drops the outcomes that have not been processed.
    pub(super) fn drop_outcomes(&mut self) {
        self.outcomes.clear();
    }
}

impl CallSpans {
    /// The span of a call that begins now; `None` if the trace is not sampled.
    fn begin(&self, trace: &TraceContext, (task, key): &(TaskId, Key), act: &Act) -> Option<Span> {
        if !trace.is_sampled() {
            return None;
        }
        let now = self.clock.now();
        Some(Span {
            parent: trace.clone(),
            id: span_id::of_call(trace, (&self.plan, task, key), act),
            name: format!("call {}", act.to),
            kind: SpanKind::Call,
            start: now,
            end: now,
            attributes: vec![("sheaf.key", key.text().into_owned()), ("sheaf.attempt", act.attempt.to_string())],
            error: None,
        })
    }

    /// Exports the span of a call that ends now with this verdict.
    fn end(&self, span: Span, verdict: &Verdict) {
        let error = match verdict {
            Verdict::Answered(_) | Verdict::Inherited => None,
            Verdict::NotSent(why) => Some(format!("not sent: {why}")),
            Verdict::Suspended(why) => Some(format!("not sent, the target is suspended: {why}")),
            Verdict::Unknown(why) => Some(format!("the outcome is unknown: {why}")),
        };
        self.spans.ended(Span { end: self.clock.now(), error, ..span });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::model::{Act, Completion, Outcome, Target, Verdict};

    /// Keeps what it is asked for.
    #[derive(Default)]
    struct Kept(Mutex<Vec<(Act, Duration, Completion)>>);

    impl std::fmt::Debug for Kept {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Kept")
        }
    }

    impl Sink for Kept {
        fn execute(&self, execution: Execution, done: Completion) {
            let Execution { act, expires_at, .. } = execution;
            self.0.lock().unwrap().push((act, expires_at, done));
        }

        fn capacity(&self, _: &Target) -> usize {
            1
        }
    }

    fn decision(key: &str) -> Decision {
        let (to, valid_for) = (Target::new("t"), Duration::from_secs(30));
        Decision {
            task: TaskId { processor: "p".into(), partition: 0 },
            epoch: 2,
            key: Key::new(key),
            act: Act { slot: ActSlot(1), attempt: 4, to, valid_for, request: String::new() },
            trace: None,
            decided_at: Duration::from_secs(100),
        }
    }

    #[test]
    fn an_act_is_in_flight_until_its_outcome_is_committed() {
        let (sink, mut acts) = (Kept::default(), Acts::new(Waker::none(), None));
        let Decision { task, key, .. } = decision("a");
        let is_in_flight = |acts: &Acts| acts.is_in_flight(&task, &key, ActSlot(1), 4);
        acts.hand_over(decision("a"), &sink);
        let (act, expires_at, done) = sink.0.lock().unwrap().pop().unwrap();
        assert_eq!(expires_at, Duration::from_secs(130), "the validity counts from the decision");
        assert!(is_in_flight(&acts) && acts.take_outcomes().is_empty());
        done(Outcome { slot: act.slot, attempt: act.attempt, verdict: Verdict::Inherited });
        let outcomes = acts.take_outcomes();
        assert_eq!((outcomes.len(), outcomes[0].epoch, is_in_flight(&acts)), (1, 2, true));
        acts.committed(outcomes);
        assert!(!is_in_flight(&acts) && acts.in_flight() == 0);
    }

    #[test]
    fn what_is_put_back_comes_before_what_came_meanwhile() {
        let mut acts = Acts::new(Waker::none(), None);
        let returned = |key: &str| {
            let Decision { task, epoch, key, .. } = decision(key);
            Returned {
                task,
                epoch,
                key,
                outcome: Outcome { slot: ActSlot(1), attempt: 4, verdict: Verdict::Inherited },
            }
        };
        acts.push(returned("first"));
        let taken = acts.take_outcomes();
        acts.push(returned("second"));
        acts.put_back(taken);
        let keys: Vec<String> = acts.take_outcomes().iter().map(|it| it.key.to_string()).collect();
        assert_eq!(keys, ["first", "second"]);
    }
}
