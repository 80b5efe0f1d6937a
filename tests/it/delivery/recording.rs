//! What the instances of a cluster have done: their calls, and their spans.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sheaf::model::{Completion, Execution, Sink, Span, Spans, Target, Verdict};
use sheaf::processor::delivery::control_m::{CONTROL_M_RUNS, Request};
use sheaf::sink::control_m::{ControlM, Runs};

/// The spans that have ended.
#[derive(Debug, Default)]
pub(crate) struct Ended(Mutex<Vec<Span>>);

impl Ended {
    /// The spans so far, by name.
    pub(crate) fn of(&self, name: &str) -> Vec<Span> {
        self.0.lock().unwrap().iter().filter(|span| span.name == name).cloned().collect()
    }
}

impl Spans for Ended {
    fn ended(&self, span: Span) {
        self.0.lock().unwrap().push(span);
    }

    fn close(&self) {}
}

/// The calls so far, in the order in which they were handed to the sinks.
#[derive(Debug, Default)]
pub(super) struct Calls {
    in_flight: AtomicUsize,
    made: Mutex<Vec<Call>>,
}

/// A call, and its end, which the instance may not have lived to see.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) request: String,
    pub(super) verdict: Option<Verdict>,
}

impl Calls {
    /// The calls that have no end yet.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// The submits and look-ups of each folder, and the additions of each event.
    pub(super) fn by_folder(&self) -> BTreeMap<String, Vec<(Request, Option<Verdict>)>> {
        let mut by_folder: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for Call { request, verdict } in self.made.lock().unwrap().iter().cloned() {
            let Ok(request) = serde_json::from_str::<Request>(&request) else { continue };
            let (Request::Submit { folder, .. }
            | Request::Run { folder, .. }
            | Request::Order { name: folder, .. }
            | Request::LookUp { folder, .. }
            | Request::AddEvent { event: folder, .. }) = &request;
            by_folder.entry(folder.clone()).or_default().push((request, verdict));
        }
        by_folder
    }
}

/// The sinks of all instances. Calls of a killed instance go on, as those that are on their way to a server do.
#[derive(Debug)]
pub(super) struct Recording {
    submits: ControlM,
    runs: Runs,
    calls: Arc<Calls>,
}

impl Recording {
    pub(super) fn new(submits: ControlM, calls: Arc<Calls>) -> Self {
        Self { runs: submits.runs(), submits, calls }
    }

    fn of(&self, to: &Target) -> &dyn Sink {
        if *to == Target::new(CONTROL_M_RUNS) { &self.runs } else { &self.submits }
    }
}

impl Sink for Recording {
    fn execute(&self, execution: Execution, done: Completion) {
        self.calls.in_flight.fetch_add(1, Ordering::SeqCst);
        let number = {
            let mut made = self.calls.made.lock().unwrap();
            made.push(Call { request: execution.act.request.clone(), verdict: None });
            made.len() - 1
        };
        let calls = Arc::clone(&self.calls);
        let done = move |outcome: sheaf::model::Outcome| {
            calls.made.lock().unwrap()[number].verdict = Some(outcome.verdict.clone());
            done(outcome);
            calls.in_flight.fetch_sub(1, Ordering::SeqCst);
        };
        let to = execution.act.to.clone();
        self.of(&to).execute(execution, Box::new(done));
    }

    fn capacity(&self, to: &Target) -> usize {
        self.of(to).capacity(to)
    }

    fn suspensions(&self) -> BTreeMap<Target, String> {
        self.submits.suspensions()
    }
}
