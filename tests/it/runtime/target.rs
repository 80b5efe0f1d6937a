//! What an instance knows of others' things: topics that are anybody's, targets of acts, what other instances can read.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use sheaf::broker::{Broker, NewTopic, memory};
use sheaf::codec::{self, Versioned};
use sheaf::model::{Act, ActSlot, Completion, Key, Moment, Reject, Sink, Target, TaskId, Topic};
use sheaf::processor::{Effect, Input, Processor, Transition, by_key, erase};
use sheaf::runtime::{QueryError, ThreadState};
use sheaf::sim::{Setup, World};
use sheaf::topology::{OutputKind, Topology};

use super::support::{BROKER_TIMEOUT, NoSink, produce, send, setting, settle, stops, values};

#[derive(Clone)]
struct Nothing;

impl Versioned for Nothing {
    const VERSION: u16 = 1;
    const NAME: &'static str = "nothing";

    fn encode(&self, _: &mut Vec<u8>) -> Result<(), codec::Error> {
        Ok(())
    }

    fn decode(_: u16, _: &[u8]) -> Result<Self, codec::Error> {
        Ok(Self)
    }
}

/// Forwards as many bytes as a record's value says.
struct Sized;

impl Processor for Sized {
    type State = Nothing;

    fn step(&self, _: &Key, _: Option<Nothing>, input: Input, _: Moment) -> Result<Transition<Nothing>, Reject> {
        let Input::Record(event) = input else { return Ok(Transition::to(Nothing)) };
        let value = event.record.value.unwrap_or_default();
        let size: usize = std::str::from_utf8(&value).unwrap().parse().unwrap();
        Ok(Transition::to(Nothing).with(Effect::forward("counts", "x".repeat(size))))
    }
}

/// A world whose output topic was created by somebody else, with a limit of 1,000 bytes.
fn limited(kind: OutputKind) -> World {
    let mut setting: Setup = setting(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setting.topology.nodes[0].outputs[0].kind = kind;
    let world = World::new(setting);
    let config = [("max.message.bytes".to_owned(), "1000".to_owned())].into();
    let topic = NewTopic { topic: Topic::new("counts"), partitions: 1, replication: None, config };
    world.broker().admin().unwrap().create(&[topic], BROKER_TIMEOUT).unwrap();
    world
}

#[test]
fn a_public_output_keeps_its_record_limit_and_larger_records_are_dead_letters() {
    let mut world = limited(OutputKind::Public);
    world.start("a").unwrap();
    settle(&mut world);
    send(&world, &[("x", Some("100")), ("y", Some("2000")), ("z", Some("101"))]);
    settle(&mut world);
    let written: Vec<usize> = values(&world, "counts").iter().map(|value| value.len() - "x=".len()).collect();
    assert_eq!(written, [100, 101]);
    let letters = world.broker().committed_records(&world.plan().dead_letters);
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.headers.text("__sheaf.errors.reason"), Some("too_large"));
    let detail = letter.headers.text("__sheaf.errors.message").unwrap();
    assert!(detail.contains("counts") && detail.contains("at most 1000 (max.message.bytes)"), "{detail}");
}

#[test]
fn an_own_output_with_a_small_record_limit_is_refused_with_the_remedy() {
    let said = limited(OutputKind::Own).start("a").unwrap_err().to_string();
    let remedy =
        "kafka-configs --alter --entity-type topics --entity-name counts --add-config max.message.bytes=10485760";
    assert!(said.contains("its max.message.bytes is 1000") && said.contains(remedy), "{said}");
}

#[test]
fn a_missing_public_output_is_created_for_the_largest_record() {
    let mut setting = setting(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setting.topology.nodes[0].outputs[0].kind = OutputKind::Public;
    let mut world = World::new(setting);
    world.start("a").unwrap();
    let found = world.broker().admin().unwrap().describe(&[Topic::new("counts")], BROKER_TIMEOUT).unwrap();
    let found = found[0].as_ref().unwrap();
    assert_eq!(found.config.get("max.message.bytes").map(String::as_str), Some("10485760"));
}

#[test]
fn an_output_that_is_not_wired_stops_the_instance_and_is_named() {
    let mut setting = setting(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setting.topology.nodes[0].outputs.clear();
    let mut world = World::new(setting);
    world.start("a").unwrap();
    settle(&mut world);
    send(&world, &[("x", Some("1"))]);
    let said = stops(&mut world);
    assert!(said.contains("processor counter forwards to `counts`, which the topology does not wire"), "{said}");
}

/// Decides an act for its target with each record.
struct Calling(Target);

impl Processor for Calling {
    type State = Nothing;

    fn step(&self, key: &Key, _: Option<Nothing>, input: Input, _: Moment) -> Result<Transition<Nothing>, Reject> {
        let next = Transition::to(Nothing);
        Ok(match input {
            Input::Record(_) => {
                let (to, request) = (self.0.clone(), key.to_string());
                let act = Act { slot: ActSlot(0), attempt: 1, to, valid_for: Duration::from_hours(1), request };
                next.with(Effect::Act(act))
            }
            Input::Timer(_) | Input::Command(_) | Input::Outcome(_) => next,
        })
    }
}

/// Never answers; takes one act for `full`, and any number for other targets.
#[derive(Debug, Default)]
struct Silent(Mutex<Vec<(Target, String)>>);

impl Silent {
    fn of(&self, target: &Target) -> Vec<String> {
        self.0.lock().unwrap().iter().filter(|(to, _)| to == target).map(|(_, request)| request.clone()).collect()
    }
}

impl Sink for Silent {
    fn execute(&self, _: &TaskId, _: &Key, act: Act, _: Duration, _: Completion) {
        self.0.lock().unwrap().push((act.to, act.request));
    }

    fn capacity(&self, to: &Target) -> usize {
        if to.as_str() == "full" { 1_usize.saturating_sub(self.of(to).len()) } else { usize::MAX }
    }
}

#[test]
fn a_full_target_delays_only_the_tasks_that_call_it() {
    let [full, free] = ["full", "free"].map(Target::new);
    let sink = Arc::new(Silent::default());
    let mut setting = setting(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setting.topology = Topology::builder("two")
        .processor("slow", Calling(full.clone()))
        .reads("for-slow", by_key)
        .processor("quick", Calling(free.clone()))
        .reads("for-quick", by_key)
        .build()
        .unwrap();
    setting.settings.topics.partitions = 1;
    let given = Arc::clone(&sink);
    setting.sink = Box::new(move |_| given.clone());
    let mut world = World::new(setting);
    world.start("a").unwrap();
    settle(&mut world);
    for round in 0..3 {
        for topic in ["for-slow", "for-quick"] {
            let (key, value) = (Key::new(&format!("key-{round}")), bytes::Bytes::from_static(b"1"));
            produce(&world, [sheaf::model::OutRecord::keyed(&Topic::new(topic), &key, value)].into_iter());
        }
        settle(&mut world);
    }
    assert_eq!(sink.of(&full), ["key-0"], "its input waits");
    assert_eq!(sink.of(&free), ["key-0", "key-1", "key-2"], "and nobody else's");
}

#[test]
fn an_instance_registers_its_tasks_and_its_protocol_level_without_standbys_too() {
    let mut world = World::new(setting(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default()));
    world.start("a").unwrap();
    settle(&mut world);
    world.clock().advance(Duration::from_secs(30));
    settle(&mut world);
    let records = world.broker().committed_records(&world.plan().instances);
    let said = records.iter().rfind(|record| record.key.as_deref() == Some(b"owned-by/a")).unwrap();
    let said: Value = serde_json::from_slice(said.value.as_deref().unwrap()).unwrap();
    assert_eq!(said["level"], 2);
    assert_eq!(said["owned"], serde_json::json!(["counter-0", "counter-1", "counter-2", "counter-3"]));
}

#[test]
fn a_stream_thread_answers_requests_in_its_mailbox_with_its_next_turn() {
    let mut world = World::new(setting(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default()));
    world.start("a").unwrap();
    settle(&mut world);
    let answer = world.status("a").unwrap().mailboxes()[&0].health().unwrap();
    assert_eq!(answer.wait(Duration::ZERO).unwrap_err(), QueryError::TimedOut, "nothing is answered within a turn");
    world.turn().unwrap();
    let health = answer.wait(Duration::ZERO).unwrap();
    assert_eq!((health.state, health.tasks, health.acts_in_flight), (ThreadState::Running, [0, 0, 4, 0], 0));
    let answer = world.status("a").unwrap().mailboxes()[&0].health().unwrap();
    world.crash("a");
    assert_eq!(answer.wait(Duration::ZERO).unwrap_err(), QueryError::Ended);
}
