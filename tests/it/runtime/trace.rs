//! The trace of what a step sends: that of its record, or that of its entry.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sheaf::model::{Headers, Key, Moment, OutRecord, Record, Reject, Topic};
use sheaf::processor::{AnyProcessor, Input, Processor, Transition, erase};

use super::query::{entry, queried};
use super::support::{Count, Counter, produce, run_until_idle};

const FIRST: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const SECOND: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

/// [`Counter`], whose entries have one trace each.
struct Kept;

impl Processor for Kept {
    type State = Count;

    const KEEPS_TRACE: bool = true;

    fn step(&self, key: &Key, state: Option<Count>, input: Input, at: Moment) -> Result<Transition<Count>, Reject> {
        Counter.step(key, state, input, at)
    }
}

/// Three records of one key, of which the first has no trace, and the timer an hour later; returns the id of the trace that is shown
/// before it, and the outputs with their traces.
fn run(processor: Arc<dyn AnyProcessor>) -> (Value, Vec<(String, Option<String>)>) {
    let mut world = queried(processor);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    for traceparent in [None, Some(FIRST), Some(SECOND)] {
        let headers = traceparent.map_or_else(Headers::new, |value| Headers::new().with("traceparent", value));
        let record = OutRecord::keyed(&Topic::new("events"), &Key::new("x"), "1".into()).with_headers(headers);
        produce(&world, std::iter::once(record));
        run_until_idle(&mut world);
    }
    let shown = entry(&mut world, "a", "x").unwrap()["trace_id"].clone();
    // What the other instance knows of the trace is from the changelog.
    world.crash("a");
    world.clock().advance(Duration::from_hours(1));
    world.start("b").unwrap();
    run_until_idle(&mut world);
    let records = world.broker().committed_records(&Topic::new("counts"));
    let text = |record: &Record| String::from_utf8(record.value.as_deref().unwrap().to_vec()).unwrap();
    let trace = |record: &Record| record.headers.text("traceparent").map(str::to_owned);
    (shown, records.iter().map(|record| (text(record), trace(record))).collect())
}

fn expected(traces: [Option<&str>; 4]) -> Vec<(String, Option<String>)> {
    let texts = ["1", "2", "3", "done at 3"];
    texts.into_iter().map(str::to_owned).zip(traces.map(|trace| trace.map(str::to_owned))).collect()
}

#[test]
fn what_a_record_causes_belongs_to_its_trace() {
    assert_eq!(run(erase(Counter)), (Value::Null, expected([None, Some(FIRST), Some(SECOND), None])));
}

#[test]
fn what_an_entry_sends_belongs_to_the_trace_of_its_first_record_that_has_one() {
    let shown = "0af7651916cd43dd8448eb211c80319c".into();
    assert_eq!(run(erase(Kept)), (shown, expected([None, Some(FIRST), Some(FIRST), Some(FIRST)])));
}
