//! Public and own outputs, targets of acts, the registry of instances, the mailbox of stream threads.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use sheaf::broker::{Broker, NewTopic, memory};
use sheaf::model::{Act, ActSlot, Completion, Execution, Key, Moment, Reject, Sink, Target, Topic};
use sheaf::processor::{Effect, Input, Processor, Transition, by_key, erase};
use sheaf::runtime::{QueryError, ThreadState};
use sheaf::sim::{Setup, World};
use sheaf::topology::{OutputKind, Topology};

use super::support::{BROKER_TIMEOUT, Empty, NoSink, failure_of, produce, run_until_idle, send, setup, values};

/// Forwards as many bytes as the record's value says.
struct Sized;

impl Processor for Sized {
    type State = Empty;

    fn step(&self, _: &Key, _: Option<Empty>, input: Input, _: Moment) -> Result<Transition<Empty>, Reject> {
        let Input::Record(event) = input else { return Ok(Transition::to(Empty)) };
        let value = event.record.value.unwrap_or_default();
        let size: usize = std::str::from_utf8(&value).unwrap().parse().unwrap();
        Ok(Transition::to(Empty).with(Effect::forward("counts", "x".repeat(size))))
    }
}

/// A world whose output topic exists, with a limit of 1,000 bytes.
fn limited(kind: OutputKind) -> World {
    let mut setup: Setup = setup(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setup.topology.nodes[0].outputs[0].kind = kind;
    let world = World::new(setup);
    let config = [("max.message.bytes".to_owned(), "1000".to_owned())].into();
    let topic = NewTopic { topic: Topic::new("counts"), partitions: 1, replication: None, config };
    world.broker().admin().unwrap().create(&[topic], BROKER_TIMEOUT).unwrap();
    world
}

#[test]
fn a_public_output_keeps_its_record_limit_and_larger_records_are_dead_letters() {
    let mut world = limited(OutputKind::Public);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("100")), ("y", Some("2000")), ("z", Some("101"))]);
    run_until_idle(&mut world);
    let written: Vec<usize> = values(&world, "counts").iter().map(|value| value.len() - "x=".len()).collect();
    assert_eq!(written, [100, 101]);
    let letters = world.broker().committed_records(&world.plan().dead_letters);
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.headers.text("__sheaf.errors.reason"), Some("too_large"));
    let detail = letter.headers.text("__sheaf.errors.message").unwrap();
    assert!(detail.contains("counts") && detail.contains("at most 1000 (max.message.bytes)"), "{detail}");
}

#[test]
fn own_topics_with_a_small_record_limit_are_refused_at_once_with_the_remedy() {
    let world = limited(OutputKind::Own);
    let config = [("max.message.bytes".to_owned(), "2000".to_owned())].into();
    let alerts = NewTopic { topic: world.plan().alerts.clone(), partitions: 1, replication: None, config };
    world.broker().admin().unwrap().create(&[alerts], BROKER_TIMEOUT).unwrap();
    let error = { world }.start("a").unwrap_err().to_string();
    let remedy =
        "kafka-configs --alter --entity-type topics --entity-name app-alerts --add-config max.message.bytes=10485760";
    assert!(error.contains("is less for app-alerts 2000, counts 1000") && error.contains(remedy), "{error}");
}

#[test]
fn records_follow_the_limits_of_topics_that_allow_8_mib() {
    let mut world = World::new(setup(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default()));
    let plan = world.plan();
    let config = |policy: &str| {
        [("max.message.bytes", "8388608"), ("cleanup.policy", policy)].map(|(name, value)| (name.into(), value.into()))
    };
    let topic = |topic: &Topic, partitions, policy| {
        let config = config(policy).into_iter().collect();
        NewTopic { topic: topic.clone(), partitions, replication: None, config }
    };
    let topics = [
        topic(&plan.nodes[0].inbox, 4, "delete"),
        topic(&plan.nodes[0].changelog, 4, "compact"),
        topic(&plan.instances, 1, "compact"),
        topic(&plan.alerts, 4, "delete"),
        topic(&plan.dead_letters, 4, "delete"),
        topic(&Topic::new("counts"), 4, "delete"),
    ];
    world.broker().admin().unwrap().create(&topics, BROKER_TIMEOUT).unwrap();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("8380000")), ("y", Some("8388600"))]);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts").iter().map(String::len).collect::<Vec<_>>(), [8_380_002]);
    let letters = world.broker().committed_records(&world.plan().dead_letters);
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    let detail = letter.headers.text("__sheaf.errors.message").unwrap();
    assert!(detail.contains("at most 8388608 (max.message.bytes)"), "{detail}");
}

#[test]
fn a_missing_public_output_is_created_for_the_largest_record() {
    let mut setup = setup(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setup.topology.nodes[0].outputs[0].kind = OutputKind::Public;
    let mut world = World::new(setup);
    world.start("a").unwrap();
    let found = world.broker().admin().unwrap().describe(&[Topic::new("counts")], BROKER_TIMEOUT).unwrap();
    let found = found[0].as_ref().unwrap();
    assert_eq!(found.config.get("max.message.bytes").map(String::as_str), Some("10485760"));
}

#[test]
fn an_output_that_is_not_wired_stops_the_instance_and_is_named() {
    let mut setup = setup(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setup.topology.nodes[0].outputs.clear();
    let mut world = World::new(setup);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1"))]);
    let error = failure_of(&mut world);
    assert!(error.contains("processor counter forwards to `counts`, which the topology does not wire"), "{error}");
}

/// Decides an act for its target with each record.
struct Caller(Target);

impl Processor for Caller {
    type State = Empty;

    fn step(&self, key: &Key, _: Option<Empty>, input: Input, _: Moment) -> Result<Transition<Empty>, Reject> {
        let next = Transition::to(Empty);
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

/// A sink without answers; its capacity is 1 for `full` and unlimited for other targets.
#[derive(Debug, Default)]
struct UnansweredSink(Mutex<Vec<(Target, String)>>);

impl UnansweredSink {
    fn of(&self, target: &Target) -> Vec<String> {
        self.0.lock().unwrap().iter().filter(|(to, _)| to == target).map(|(_, request)| request.clone()).collect()
    }
}

impl Sink for UnansweredSink {
    fn execute(&self, execution: Execution, _: Completion) {
        let Execution { act, .. } = execution;
        self.0.lock().unwrap().push((act.to, act.request));
    }

    fn capacity(&self, to: &Target) -> usize {
        if to.as_str() == "full" { 1_usize.saturating_sub(self.of(to).len()) } else { usize::MAX }
    }
}

#[test]
fn a_full_target_delays_only_the_tasks_that_call_it() {
    let [full, free] = ["full", "free"].map(Target::new);
    let sink = Arc::new(UnansweredSink::default());
    let mut setup = setup(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setup.topology = Topology::builder("two")
        .processor("slow", Caller(full.clone()))
        .reads("for-slow", by_key)
        .processor("quick", Caller(free.clone()))
        .reads("for-quick", by_key)
        .build()
        .unwrap();
    setup.settings.topics.partitions = 1;
    let given = Arc::clone(&sink);
    setup.sink = Box::new(move |_| given.clone());
    let mut world = World::new(setup);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    for round in 0..3 {
        for topic in ["for-slow", "for-quick"] {
            let (key, value) = (Key::new(&format!("key-{round}")), bytes::Bytes::from_static(b"1"));
            produce(&world, [sheaf::model::OutRecord::keyed(&Topic::new(topic), &key, value)].into_iter());
        }
        run_until_idle(&mut world);
    }
    assert_eq!(sink.of(&full), ["key-0"], "its input is delayed");
    assert_eq!(sink.of(&free), ["key-0", "key-1", "key-2"], "no other input is");
}

#[test]
fn an_instance_registers_its_tasks_and_its_protocol_level_without_standbys_too() {
    let mut world = World::new(setup(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default()));
    world.start("a").unwrap();
    run_until_idle(&mut world);
    world.clock().advance(Duration::from_secs(30));
    run_until_idle(&mut world);
    let records = world.broker().committed_records(&world.plan().instances);
    let registered = records.iter().rfind(|record| record.key.as_deref() == Some(b"owned-by/a")).unwrap();
    let registered: Value = serde_json::from_slice(registered.value.as_deref().unwrap()).unwrap();
    assert_eq!(registered["level"], 2);
    assert_eq!(registered["owned"], serde_json::json!(["counter-0", "counter-1", "counter-2", "counter-3"]));
}

#[test]
fn a_stream_thread_answers_requests_in_its_mailbox_with_its_next_turn() {
    let mut world = World::new(setup(erase(Sized), Box::new(|_| Arc::new(NoSink)), memory::Settings::default()));
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let answer = world.status("a").unwrap().mailboxes()[&0].health().unwrap();
    assert_eq!(answer.wait(Duration::ZERO).unwrap_err(), QueryError::TimedOut, "nothing is answered within a turn");
    world.turn().unwrap();
    let health = answer.wait(Duration::ZERO).unwrap();
    assert_eq!((health.state, health.tasks, health.acts_in_flight), (ThreadState::Running, [0, 0, 4, 0], 0));
    let answer = world.status("a").unwrap().mailboxes()[&0].health().unwrap();
    world.crash("a");
    assert_eq!(answer.wait(Duration::ZERO).unwrap_err(), QueryError::Ended);
}
