//! The trace of what a step sends: that of its record, or that of its entry.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sheaf::broker::memory;
use sheaf::model::{
    Headers, Key, Listing, Moment, OutRecord, Record, Reject, Span, Status, Timestamp, Topic, TraceContext,
};
use sheaf::processor::{AnyProcessor, Effect, Input, Processor, Transition, erase};
use sheaf::sim::World;

use super::query::{entry, queried};
use super::support::{Count, Counter, NoSink, produce, run_until_idle, setup};
use crate::delivery::recording::Ended;

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

/// Opens an entry (`begin`), ends it (`end`), does both (`whole`), or neither; forwards what it was told, or so many bytes.
struct Jobs;

const OPEN: Status = Status(1);
const ENDED: Status = Status(2);

impl Processor for Jobs {
    type State = Count;

    const KEEPS_TRACE: bool = true;

    fn step(&self, _: &Key, state: Option<Count>, input: Input, _: Moment) -> Result<Transition<Count>, Reject> {
        let Input::Record(event) = input else { return Ok(Transition { state, effects: Vec::new() }) };
        let told = event.record.value.unwrap();
        let state = match &told[..] {
            b"begin" => Some(Count(OPEN.0)),
            b"end" | b"whole" => Some(Count(ENDED.0)),
            _ => state,
        };
        let bytes = std::str::from_utf8(&told).unwrap().parse().ok();
        let sent = bytes.map_or(told, |bytes: usize| vec![b' '; bytes].into());
        Ok(Transition { state, effects: vec![Effect::forward("counts", sent)] })
    }

    fn listing(&self, Count(status): &Count) -> Listing {
        Listing::of(Status(*status), None)
    }

    fn open_since(&self, status: Status, at: Timestamp) -> Option<Timestamp> {
        (status == OPEN).then_some(at)
    }
}

/// Sends a value of a key in a trace of this number, and returns the number of the trace and the span of what comes of it.
fn told(world: &mut World, key: &str, value: &str, trace: u128) -> (u128, u64) {
    let headers = Headers::new().with("traceparent", format!("00-{trace:032x}-{:016x}-01", 1));
    let value = value.to_owned();
    let record = OutRecord::keyed(&Topic::new("events"), &Key::new(key), value.into()).with_headers(headers);
    produce(world, std::iter::once(record));
    run_until_idle(world);
    let records = world.broker().committed_records(&Topic::new("counts"));
    let context = TraceContext::of(&records.last().unwrap().headers).unwrap();
    (u128::from_be_bytes(context.trace.0), u64::from_be_bytes(context.span.0))
}

#[test]
fn an_entry_that_begins_anew_has_another_trace_and_one_that_stays_ended_takes_none() {
    let spans = Arc::new(Ended::default());
    let mut setup = setup(erase(Jobs), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setup.spans = Some(spans.clone());
    // One partition, so that the last record is that of the last step.
    setup.settings.topics.partitions = 1;
    let mut world = World::new(setup);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let of = |span: &Span| (u128::from_be_bytes(span.parent.trace.0), u64::from_be_bytes(span.id.0));
    let (trace, first) = told(&mut world, "x", "begin", 0xa);
    assert!(trace == 0xa && first != 1, "it is caused by the span of the entry");
    assert_eq!(told(&mut world, "x", "end", 0xb), (0xa, first));
    assert_eq!(told(&mut world, "x", "late", 0xc), (0xa, first), "it has ended, and keeps its trace");
    let (trace, second) = told(&mut world, "x", "begin", 0xd);
    assert!(trace == 0xd && second != first, "begun anew");
    assert_eq!(told(&mut world, "x", "end", 0xe), (0xd, second));
    assert_eq!(spans.of("counter").iter().map(of).collect::<Vec<_>>(), [(0xa, first), (0xd, second)]);
    let (trace, whole) = told(&mut world, "y", "whole", 0xf);
    assert_eq!((trace, spans.of("counter").last().map(of)), (0xf, Some((0xf, whole))), "begun and ended at once");
    assert_eq!(told(&mut world, "z", "nothing", 0x10), (0x10, 1), "no entry, no span");
    assert_eq!(spans.of("counter").len(), 3);
}

#[test]
fn a_record_that_fits_without_its_trace_only_is_written_without_it() {
    let mut setup = setup(erase(Jobs), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setup.settings.topics.partitions = 1;
    let limit = setup.settings.topics.record_bytes_max;
    let mut world = World::new(setup);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let mut forwarded = |bytes: usize| {
        let headers = Headers::new().with("traceparent", FIRST);
        let record = OutRecord::keyed(&Topic::new("events"), &Key::new("x"), bytes.to_string().into());
        produce(&world, std::iter::once(record.with_headers(headers)));
        run_until_idle(&mut world);
        let last = world.broker().committed_records(&Topic::new("counts")).last().cloned();
        last.filter(|record| record.value.as_ref().is_some_and(|value| value.len() == bytes))
    };
    assert_eq!(forwarded(9).unwrap().headers.text("traceparent"), Some(FIRST));
    // What a record takes beside its value is known to the runtime alone: the largest one that is forwarded is looked for.
    let largest = (limit - 2_048..limit).rev().step_by(16).find_map(forwarded);
    assert_eq!(largest.unwrap().headers.text("traceparent"), None);
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
