//! Workflows as code on a real Kafka: the examples do what the tests of their models say, and each record of each thread is written once, although instances are
//! killed.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cluster::root;
use super::super::fixture::keyed;
use super::deployment::{Deployment, PARTITIONS};
use super::process::{Process, until};
use crate::script::cases::{self, Case, with_offsets};

/// The number of threads.
const THREADS: usize = 120;
const KINDS: [&str; 3] = ["car", "hotel", "flight"];

/// The two examples, with topics of the test's own for their events. Those that they write to are as their scripts have them, so the test looks at those of
/// its own threads only, whose ids begin with the name of the test's topics.
struct Workflows {
    deployment: Deployment,
    topologies: String,
}

impl Workflows {
    /// With or without the scheduler beside each.
    fn open(test: &str, examples: &[&str], has_scheduler: bool) -> Option<Self> {
        let deployment = Deployment::open(test)?;
        let mut paths = Vec::new();
        for name in examples {
            deployment.fixture.topic(&events(name), PARTITIONS);
            let topology =
                std::fs::read_to_string(root().join(format!("examples/workflows/{name}.yaml"))).expect("the example");
            let own =
                topology.replace("topic: workflow-resume", &format!("topic: {}", deployment.topic(&events(name))));
            let (script, scheduler) = own.split_once("schedule:").expect("a scheduler");
            let content = if has_scheduler { format!("{script}schedule:{scheduler}") } else { script.to_owned() };
            let path = deployment.directory.join(format!("{name}.yaml"));
            std::fs::write(&path, content).expect("written");
            paths.push(path.display().to_string());
        }
        Some(Self { topologies: format!("topologies=[{}]", paths.join(",")), deployment })
    }

    fn start(&self, instance: &str) -> Process {
        let grace = [("SHEAF_DEADLINE__GRACE", "100ms")];
        self.deployment.process(&["run", "--set", &self.topologies], instance, instance, &grace)
    }

    /// What the ids of threads begin with.
    fn begin(&self) -> String {
        format!("{}-", self.deployment.application())
    }

    /// Writes events: example, thread, value.
    fn send(&self, events_of: impl IntoIterator<Item = (&'static str, String, String)>) {
        let record = |(example, thread, value): (&str, String, String)| {
            keyed(&self.deployment.topic(&events(example)), &(self.begin() + &thread), &value)
        };
        self.deployment.produce(&events_of.into_iter().map(record).collect::<Vec<_>>());
    }

    /// The records of the test's threads in a topic: the rest of the key and the value, in the order of their partitions.
    fn read(&self, topic: &str) -> Vec<(String, String)> {
        let text = |bytes: Option<bytes::Bytes>| String::from_utf8(bytes.unwrap_or_default().to_vec()).expect("text");
        let records = self.deployment.read(&sheaf::model::Topic::new(topic)).into_iter();
        let of = records.map(|record| (text(record.key), text(record.value)));
        of.filter_map(|(key, value)| Some((key.strip_prefix(&self.begin())?.to_owned(), value))).collect()
    }

    /// The same, with how often each stands there.
    fn counted(&self, topic: &str) -> BTreeMap<(String, String), usize> {
        let mut all = BTreeMap::new();
        self.read(topic).into_iter().for_each(|record| *all.entry(record).or_default() += 1);
        all
    }

    /// The offsets of the events of a thread.
    fn offsets(&self, example: &str, thread: &str) -> Vec<i64> {
        let records = self.deployment.read(&self.deployment.topic(&events(example))).into_iter();
        let key = self.begin() + thread;
        records.filter(|record| record.key.as_deref() == Some(key.as_bytes())).map(|record| record.offset).collect()
    }
}

/// The topic of the events of an example.
fn events(example: &str) -> String {
    format!("{example}-events")
}

#[test]
fn the_examples_do_what_the_tests_of_their_models_say() {
    let Some(workflows) = Workflows::open("e2e-workflows", &["trip", "shop"], false) else { return };
    let mut instance = workflows.start("a");
    instance.ready();
    let all: Vec<(usize, &Case)> = cases::all().enumerate().collect();
    let thread = |number: usize, thread: &str| format!("{number}-{thread}");
    // The offsets of the events that were sent, by case, in their order.
    let offsets = |case: &Case, number: usize, sent: usize| -> Vec<i64> {
        let mut left: BTreeMap<&str, std::vec::IntoIter<i64>> = BTreeMap::new();
        for (name, _) in case.events {
            left.entry(name).or_insert_with(|| workflows.offsets(case.script, &thread(number, name)).into_iter());
        }
        case.events
            .iter()
            .take(sent)
            .map(|(name, _)| left.get_mut(name).and_then(Iterator::next).expect("sent"))
            .collect()
    };
    for round in 0..all.iter().map(|(_, case)| case.events.len()).max().expect("cases") {
        let next = |&(number, case): &(usize, &Case)| {
            let (name, value) = case.events.get(round)?;
            Some((case.script, thread(number, name), with_offsets(value, &offsets(case, number, round))))
        };
        workflows.send(all.iter().filter_map(next).collect::<Vec<_>>());
    }
    let ends = || workflows.read("workflow-result").len() + workflows.read("workflow-error").len();
    until("all threads with an end have ended", || ends() >= all.len());
    assert_eq!(instance.terminate(), Some(0));
    let topics: BTreeSet<&str> =
        all.iter().flat_map(|(_, case)| case.records.iter().map(|(topic, ..)| *topic)).collect();
    let written: BTreeMap<&str, Vec<(String, String)>> =
        topics.iter().map(|topic| (*topic, workflows.read(topic))).collect();
    for (number, case) in all {
        // What one thread has written is in order; two threads of one case may lie in different partitions.
        let of = |records: &[(String, String)], name: &str| -> Vec<String> {
            let is_of = |key: &str| key == name || key.strip_prefix(name).is_some_and(|rest| rest.starts_with('|'));
            records.iter().filter(|(key, _)| is_of(key)).map(|(key, value)| format!("{key}={value}")).collect()
        };
        let expected = case.expected(&offsets(case, number, case.events.len()), &thread(number, ""));
        for name in case.events.iter().map(|(name, _)| thread(number, name)).collect::<BTreeSet<_>>() {
            for topic in &topics {
                let all = expected.get(*topic).map(Vec::as_slice).unwrap_or_default();
                let own =
                    |record: &&String| record.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['=', '|']));
                let wanted: Vec<String> = all.iter().filter(own).cloned().collect();
                // The keys of the scheduler differ, so its records may lie in any order.
                let (mut found, mut wanted) = (of(&written[topic], &name), wanted);
                if *topic == "workflow-scheduler" {
                    found.sort_unstable();
                    wanted.sort_unstable();
                }
                assert_eq!(found, wanted, "{}: {topic}", case.name);
            }
        }
    }
}

#[test]
fn each_record_of_a_thread_is_written_once_although_instances_are_killed() {
    let Some(workflows) = Workflows::open("e2e-script", &["trip"], true) else { return };
    let mut instances = ["a", "b"].map(|name| workflows.start(name));
    instances.iter_mut().for_each(Process::ready);
    // Every third one has no flight in time.
    let is_late = |thread: usize| thread.is_multiple_of(3);
    let id = |thread: usize| format!("trip-{thread}");
    let begin = |thread: usize| {
        let limit = if is_late(thread) { 15_000 } else { 600_000 };
        ("trip", id(thread), format!("new:{{\"limitMs\":{limit}}}"))
    };
    workflows.send((0..THREADS).map(begin));
    let reserved = |kind: &str| -> BTreeMap<String, String> {
        workflows.read(&format!("saga-reserve-{kind}")).into_iter().collect()
    };
    let answer = |kind: &str, is_given: &dyn Fn(usize) -> bool| {
        until("all are asked for", || reserved(kind).len() == THREADS);
        let given = reserved(kind);
        let threads = (0..THREADS).filter(|thread| is_given(*thread));
        workflows.send(
            threads
                .map(|thread| ("trip", id(thread), format!("{{\"ref\":\"{}\"}}", given[&id(thread)])))
                .collect::<Vec<_>>(),
        );
    };
    until("some are begun", || !reserved("car").is_empty());
    instances[0].kill();
    answer("hotel", &|_| true);
    instances[0] = workflows.start("a");
    answer("car", &|_| true);
    instances[1].kill();
    instances[1] = workflows.start("b");
    answer("flight", &|thread| !is_late(thread));
    let ends = || workflows.read("workflow-result").len() + workflows.read("workflow-error").len();
    until("all have ended", || ends() >= THREADS);
    instances.iter_mut().for_each(Process::ready);
    for instance in &mut instances {
        assert_eq!(instance.terminate(), Some(0));
    }

    let once = |records: Vec<(usize, String)>| -> BTreeMap<(String, String), usize> {
        records.into_iter().map(|(thread, value)| ((id(thread), value), 1)).collect()
    };
    let ids = KINDS.map(|kind| {
        let found = workflows.counted(&format!("saga-reserve-{kind}"));
        assert_eq!((found.len(), found.values().sum::<usize>()), (THREADS, THREADS), "{kind}");
        found.into_keys().collect::<BTreeMap<String, String>>()
    });
    let whole = |thread: usize| {
        let [car, hotel, flight] = ids.each_ref().map(|of| format!("{{\"id\":\"{}\"}}", of[&id(thread)]));
        (thread, format!("{{\"car\":{car},\"hotel\":{hotel},\"flight\":{flight}}}"))
    };
    let (late, in_time): (Vec<usize>, Vec<usize>) = (0..THREADS).partition(|thread| is_late(*thread));
    assert_eq!(workflows.counted("workflow-result"), once(in_time.iter().map(|thread| whole(*thread)).collect()));
    let failed = late.iter().map(|thread| (*thread, r#""timeout""#.to_owned())).collect();
    assert_eq!(workflows.counted("workflow-error"), once(failed));
    for (kind, of) in KINDS.iter().zip(&ids) {
        let given_back = late.iter().map(|thread| (*thread, of[&id(*thread)].clone())).collect();
        assert_eq!(workflows.counted(&format!("saga-cancel-{kind}")), once(given_back), "{kind}");
    }
    assert!(workflows.deployment.dead_letters().is_empty());
}
