//! How evenly each assignor spreads the topics of topologies/control-m.yaml; printed, not asserted, and ignored by default:
//!
//! ```sh
//! cargo test --test it -- --ignored --nocapture --exact kafka::assignor::how_evenly_assignors_spread_topics
//! ```
#![expect(clippy::disallowed_methods, reason = "this is a stop-watch")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sheaf::broker::kafka::{Assignor, KafkaBroker, KafkaSettings};
use sheaf::broker::{Broker, Consumer, ConsumerSpec, GroupEvent, Start, Waker};
use sheaf::model::{Topic, TopicPartition};
use sheaf::runtime::Settings;

use super::fixture::{Fixture, LIMIT};

/// The time without an event after which a group is stable; with the cooperative protocol members rejoin after half a second.
const STABLE_AFTER: Duration = Duration::from_millis(2_500);
const SESSION: Duration = Duration::from_secs(6);
/// The number of groups measured at a time.
const PARALLEL_GROUPS: usize = 6;
/// The topics, ordered by name, with their columns in the table.
const TOPICS: [(&str, &str); 5] = [
    ("ctm-bundle-inbox", "bundle-inbox"),
    ("ctm-children-events", "children"),
    ("ctm-delivery-inbox", "delivery-inbox"),
    ("ctm-parent-events", "parents"),
    ("ctm-submissions", "submissions"),
];

/// One stream thread's member.
struct Thread {
    consumer: Box<dyn Consumer>,
    owned: BTreeSet<TopicPartition>,
}

/// A group whose members belong to instances.
struct Group {
    settings: KafkaSettings,
    name: String,
    topics: Vec<Topic>,
    partitions: usize,
    threads: usize,
    instances: BTreeMap<char, Vec<Thread>>,
    /// The owners when it was last stable.
    before: BTreeMap<TopicPartition, char>,
    /// The partitions without an owner and since when, and the longest such time.
    orphans: BTreeMap<TopicPartition, Instant>,
    longest: BTreeMap<TopicPartition, Duration>,
    revoked: usize,
}

impl Group {
    fn new(fixture: &Fixture, assignor: Assignor, partitions: usize, threads: usize, what: &str) -> Self {
        let mut settings = fixture.settings.clone();
        settings.assignor = assignor;
        settings.session_timeout = SESSION;
        let topics = TOPICS.map(|(topic, _)| Topic::new(&fixture.name(&format!("{partitions}-{topic}")))).into();
        Self {
            settings,
            name: fixture.name(&format!("{}-{partitions}-{threads}-{what}", assignor.as_str())),
            topics,
            partitions,
            threads,
            instances: BTreeMap::new(),
            before: BTreeMap::new(),
            orphans: BTreeMap::new(),
            longest: BTreeMap::new(),
            revoked: 0,
        }
    }

    fn start(&mut self, instance: char) {
        let threads = (0..self.threads).map(|thread| {
            let broker = KafkaBroker::new(self.settings.clone()).expect("settings");
            let group_instance = Some(Settings::new(&self.name, &instance.to_string()).member_name(thread));
            let spec = ConsumerSpec { group: self.name.clone(), group_instance, waker: Waker::none() };
            let mut consumer = broker.consumer(&spec).expect("a consumer");
            consumer.subscribe(&self.topics).expect("subscribed");
            Thread { consumer, owned: BTreeSet::new() }
        });
        let threads = threads.collect();
        self.instances.insert(instance, threads);
    }

    /// Stops an instance; its membership stays until its session times out.
    fn kill(&mut self, instance: char) {
        for thread in self.instances.remove(&instance).unwrap_or_default() {
            self.orphans.extend(thread.owned.iter().map(|partition| (partition.clone(), Instant::now())));
            thread.consumer.close(LIMIT).expect("closed");
        }
    }

    /// True if there was an event.
    fn turn(&mut self) -> bool {
        let mut happened = false;
        for thread in self.instances.values_mut().flatten() {
            while let Some(event) = thread.consumer.poll().expect("polled") {
                happened = true;
                match event {
                    GroupEvent::Assigned(list) => {
                        let starts: Vec<_> = list.iter().map(|partition| (partition.clone(), Start::End)).collect();
                        thread.consumer.assign(&starts).expect("assigned");
                        for partition in list {
                            if let Some(since) = self.orphans.remove(&partition) {
                                let longest = self.longest.entry(partition.clone()).or_default();
                                *longest = (*longest).max(since.elapsed());
                            }
                            thread.owned.insert(partition);
                        }
                    }
                    GroupEvent::Revoked(list) | GroupEvent::Lost(list) => {
                        thread.consumer.unassign(&list).expect("unassigned");
                        self.revoked += list.len();
                        for partition in list {
                            thread.owned.remove(&partition);
                            self.orphans.insert(partition, Instant::now());
                        }
                    }
                }
            }
        }
        happened
    }

    /// Turns until all partitions are owned and there are no more events.
    fn settle(&mut self) {
        let (start, mut last) = (Instant::now(), Instant::now());
        loop {
            if self.turn() {
                last = Instant::now();
            }
            let owned: usize = self.instances.values().flatten().map(|thread| thread.owned.len()).sum();
            if owned == self.partitions * TOPICS.len() && last.elapsed() > STABLE_AFTER {
                return;
            }
            assert!(start.elapsed() < LIMIT, "{} does not become stable: {owned} partitions are owned", self.name);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn owners(&self) -> BTreeMap<TopicPartition, char> {
        let threads = self.instances.iter().flat_map(|(name, threads)| threads.iter().map(move |it| (*name, it)));
        threads.flat_map(|(name, thread)| thread.owned.iter().map(move |it| (it.clone(), name))).collect()
    }

    /// A row of the table; resets the measurements.
    fn row(&mut self, what: &str) -> String {
        let owners = self.owners();
        let mut row = format!(
            "{:<18} {:>2} {:>1}  {:<22}",
            self.settings.assignor.as_str(),
            self.partitions,
            self.threads,
            format!("{what} ({})", self.instances.len())
        );
        for topic in &self.topics {
            let count = |name: &char| owners.iter().filter(|(it, owner)| it.topic == *topic && *owner == name).count();
            let counts: Vec<String> = self.instances.keys().map(|name| count(name).to_string()).collect();
            write!(row, " {:>11}", counts.join("/")).expect("text");
        }
        let moved = |inbox: bool| {
            let was = |it: &TopicPartition| self.before.get(it);
            let of = |it: &TopicPartition| !inbox || it.topic.as_str().ends_with("-inbox");
            owners.iter().filter(|(it, owner)| of(it) && was(it).is_some_and(|was| was != *owner)).count()
        };
        let stayed = self.longest.iter().filter(|(it, _)| self.before.get(*it) == owners.get(*it));
        let pause = stayed.map(|(_, pause)| *pause).max().unwrap_or_default();
        let all = self.longest.values().max().copied().unwrap_or_default();
        write!(
            row,
            "  {:>3} {:>3} {:>4}  {:>5} {:>5}",
            moved(false),
            moved(true),
            self.revoked,
            pause.as_millis(),
            all.as_millis()
        )
        .expect("text");
        self.before = owners;
        self.longest.clear();
        self.orphans.clear();
        self.revoked = 0;
        row
    }
}

/// All rows of one configuration.
fn measure(fixture: &Fixture, assignor: Assignor, partitions: usize, threads: usize) -> Vec<String> {
    let mut rows = Vec::new();
    for count in 2..=4 {
        let names: Vec<char> = ('a'..).take(count).collect();
        let mut group = Group::new(fixture, assignor, partitions, threads, &format!("together-{count}"));
        for name in names {
            group.start(name);
        }
        group.settle();
        rows.push(group.row("together"));
    }
    for count in 2..=4 {
        let names: Vec<char> = ('a'..).take(count).collect();
        let mut group = Group::new(fixture, assignor, partitions, threads, &format!("chain-{count}"));
        for (number, name) in names.iter().enumerate() {
            group.start(*name);
            group.settle();
            let row = group.row(&format!("{name} joins"));
            if number > 0 && count == 4 {
                rows.push(row);
            }
        }
        group.kill('a');
        group.start('a');
        group.settle();
        rows.push(group.row("a restarts"));
        group.kill('a');
        group.settle();
        rows.push(group.row("a is gone"));
        group.start('a');
        group.settle();
        rows.push(group.row("a comes back"));
    }
    rows
}

#[test]
#[ignore = "a measurement of some minutes"]
fn how_evenly_assignors_spread_topics() {
    let Some(fixture) = Fixture::open("assignors") else { return };
    for partitions in [4, 12] {
        for (topic, _) in TOPICS {
            fixture.topic(&format!("{partitions}-{topic}"), partitions);
        }
    }
    let settings = Assignor::ALL.into_iter().flat_map(|it| [4, 12].map(|count| (it, count)));
    let settings: Vec<_> = settings.flat_map(|(it, count)| [1, 2].map(|threads| (it, count, threads))).collect();
    let done: Mutex<BTreeMap<usize, Vec<String>>> = Mutex::default();
    for (number, part) in settings.chunks(PARALLEL_GROUPS).enumerate() {
        std::thread::scope(|scope| {
            for (at, (assignor, partitions, threads)) in part.iter().enumerate() {
                let (fixture, done) = (&fixture, &done);
                scope.spawn(move || {
                    let rows = measure(fixture, *assignor, *partitions, *threads);
                    done.lock().expect("whole").insert(number * PARALLEL_GROUPS + at, rows);
                });
            }
        });
    }
    let topics = TOPICS.map(|(_, word)| format!("{word:>11}")).join(" ");
    println!("assignor            P T  what (instances)       {topics}  moved, inboxes, revoked, pause ms, of all ms");
    for row in done.into_inner().expect("whole").values().flatten() {
        println!("{row}");
    }
}
