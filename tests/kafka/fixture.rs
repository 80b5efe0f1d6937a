//! The fixture of a check: its own topics on the shared cluster, producers, readers, group members.
#![expect(clippy::disallowed_methods, reason = "a check against a real broker waits in real time, with a limit")]

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sheaf::broker::kafka::{Assignor, KafkaBroker, KafkaSettings};
use sheaf::broker::{
    Admin, Broker, Consumer, ConsumerSpec, Error, GroupEvent, Isolation, NewTopic, Producer, ProducerSpec, Reader,
    Start, Wake, Waker,
};
use sheaf::model::{Key, OutRecord, Record, Topic, TopicPartition};

/// The time-out of every step of a check, on a machine with 2 busy cores. A member that crashes while it joins delays its group by
/// a session time-out of 45 s.
pub(crate) const LIMIT: Duration = Duration::from_mins(3);

/// The fixture of one check.
pub(crate) struct Fixture {
    pub(crate) settings: KafkaSettings,
    pub(crate) broker: Box<dyn Broker>,
    name: String,
}

impl Fixture {
    /// A fixture whose names begin with the check's; `None` if tests on real Kafka are skipped.
    pub(crate) fn open(check: &str) -> Option<Self> {
        let settings = KafkaSettings::new(super::cluster::shared()?);
        Some(Self::on(check, settings))
    }

    /// The same with other settings.
    pub(crate) fn on(check: &str, settings: KafkaSettings) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{check}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self::named(name, settings)
    }

    /// The same with a given name.
    pub(crate) fn named(name: String, settings: KafkaSettings) -> Self {
        let broker = Box::new(KafkaBroker::new(settings.clone()).expect("settings"));
        Self { settings, broker, name }
    }

    /// The same names with changed settings.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut KafkaSettings)) -> Self {
        change(&mut self.settings);
        self.broker = Box::new(KafkaBroker::new(self.settings.clone()).expect("settings"));
        self
    }

    /// The same with the cooperative protocol.
    pub(crate) fn cooperative(self) -> Self {
        self.with(|settings| settings.assignor = Assignor::CooperativeSticky)
    }

    /// A name with this check's prefix.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.name)
    }

    /// A name that is not in use on this cluster; each call gives another.
    pub(crate) fn unique_name(&self, what: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        self.name(&format!("{what}-{}", COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn admin(&self) -> Box<dyn Admin> {
        self.broker.admin().expect("admin")
    }

    /// A new topic.
    pub(crate) fn topic(&self, what: &str, partitions: i32) -> Topic {
        self.topic_with(what, partitions, &[])
    }

    /// A new topic with a configuration.
    pub(crate) fn topic_with(&self, what: &str, partitions: i32, config: &[(&str, &str)]) -> Topic {
        let topic = Topic::new(&self.name(what));
        let config = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let new = NewTopic { topic: topic.clone(), partitions, replication: None, config };
        self.admin().create(&[new], LIMIT).expect("created");
        topic
    }

    /// An initialised producer that tracks these topics.
    pub(crate) fn producer(&self, id: &str, tracked: &[&Topic]) -> Box<dyn Producer> {
        let mut producer = self.raw_producer(id, tracked);
        producer.init(LIMIT).expect("initialised");
        producer
    }

    /// A producer that is not initialised.
    pub(crate) fn raw_producer(&self, id: &str, tracked: &[&Topic]) -> Box<dyn Producer> {
        let tracked = tracked.iter().map(|topic| (*topic).clone()).collect();
        self.broker
            .producer(&ProducerSpec { tracked, ..ProducerSpec::transactional(&self.name(id)) })
            .expect("producer")
    }

    /// A reader of these partitions, all from the same start.
    pub(crate) fn reader(&self, isolation: Isolation, partitions: &[TopicPartition], start: Start) -> Box<dyn Reader> {
        let mut reader = self.broker.reader(isolation).expect("reader");
        let starts: Vec<_> = partitions.iter().map(|partition| (partition.clone(), start)).collect();
        reader.assign(&starts).expect("assigned");
        reader
    }

    /// All records of a partition up to its high watermark.
    pub(crate) fn read(&self, isolation: Isolation, partition: &TopicPartition) -> Vec<Record> {
        let (_, high) = self.admin().watermarks(partition, LIMIT).expect("watermarks");
        let mut reader = self.reader(isolation, std::slice::from_ref(partition), Start::Beginning);
        let mut records = Vec::new();
        until("the reader has come to the end", || {
            reader.poll(1000, &mut records, Duration::from_millis(200)).expect("polled");
            reader.position(partition).is_some_and(|position| position >= high)
        });
        records
    }

    /// The committed offsets of a group.
    pub(crate) fn group_offsets(&self, group: &str, partitions: &[TopicPartition]) -> Vec<Option<i64>> {
        let settings = KafkaSettings { group: group.to_owned(), ..self.settings.clone() };
        let mut admin = KafkaBroker::new(settings).expect("settings").admin().expect("admin");
        admin.committed(group, partitions, LIMIT).expect("committed offsets")
    }

    /// Commits offsets for a group, as a temporary member.
    pub(crate) fn commit_group_offsets(&self, group: &str, offsets: &[(TopicPartition, i64)]) {
        let topics: BTreeSet<&Topic> = offsets.iter().map(|(partition, _)| &partition.topic).collect();
        let mut member = self.member_of(group.to_owned(), None, &topics.into_iter().collect::<Vec<_>>());
        member.until("everything is owned", |member| offsets.iter().all(|(it, _)| member.owned.contains(it)));
        let group = member.consumer.group().expect("a generation");
        let mut producer = self.producer("outsider", &[]);
        producer.begin().expect("begun");
        producer.send_offsets(offsets, &group, LIMIT).expect("sent");
        producer.commit(LIMIT).expect("committed");
        member.consumer.close(LIMIT).expect("closed");
    }

    /// A member of the check's group, subscribed.
    pub(crate) fn member(&self, topics: &[&Topic]) -> Member {
        self.member_named(None, topics)
    }

    /// A static member of the check's group, subscribed.
    pub(crate) fn member_named(&self, instance: Option<&str>, topics: &[&Topic]) -> Member {
        self.member_of(self.name("group"), instance, topics)
    }

    /// A member of another group, subscribed.
    pub(crate) fn member_of(&self, group: String, instance: Option<&str>, topics: &[&Topic]) -> Member {
        let waker = Arc::new(EventFdWaker::new());
        let spec = ConsumerSpec {
            group,
            group_instance: instance.map(str::to_owned),
            waker: Waker::new(Arc::<EventFdWaker>::clone(&waker)),
        };
        let mut consumer = self.broker.consumer(&spec).expect("consumer");
        let topics: Vec<Topic> = topics.iter().map(|topic| (*topic).clone()).collect();
        consumer.subscribe(&topics).expect("subscribed");
        Member { consumer, waker, owned: BTreeSet::new(), events: Vec::new(), records: Vec::new() }
    }
}

/// A waker with an eventfd, which the adapter writes to.
pub(crate) struct EventFdWaker(OwnedFd);

impl EventFdWaker {
    pub(crate) fn new() -> Self {
        Self(rustix::event::eventfd(0, rustix::event::EventfdFlags::NONBLOCK).expect("eventfd"))
    }

    /// Waits for a wake-up; false at the time-out.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let timeout = Timespec::try_from(timeout).expect("short");
        let woken = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&timeout)).expect("poll") > 0;
        let mut count = [0; 8];
        if woken {
            rustix::io::read(&self.0, &mut count).expect("read");
        }
        woken
    }
}

impl Wake for EventFdWaker {
    fn wake(&self) {
        rustix::io::write(&self.0, &1_u64.to_ne_bytes()).expect("write");
    }

    fn descriptor(&self) -> Option<i32> {
        Some(self.0.as_raw_fd())
    }
}

/// A member that answers each rebalance at once and collects the records that arrive.
pub(crate) struct Member {
    pub(crate) consumer: Box<dyn Consumer>,
    pub(crate) waker: Arc<EventFdWaker>,
    pub(crate) owned: BTreeSet<TopicPartition>,
    pub(crate) events: Vec<GroupEvent>,
    pub(crate) records: Vec<Record>,
}

impl Member {
    /// Answers events and takes records, without waiting.
    pub(crate) fn turn(&mut self) -> Result<(), Error> {
        while let Some(event) = self.consumer.poll()? {
            self.events.push(event.clone());
            match event {
                GroupEvent::Assigned(list) => {
                    let offsets = self.committed(&list)?;
                    let start = |offset: Option<i64>| offset.map_or(Start::Beginning, Start::At);
                    let starts: Vec<_> = list.iter().cloned().zip(offsets.into_iter().map(start)).collect();
                    self.consumer.assign(&starts)?;
                    self.owned.extend(list);
                }
                GroupEvent::Revoked(list) | GroupEvent::Lost(list) => {
                    self.consumer.unassign(&list)?;
                    for partition in list {
                        self.owned.remove(&partition);
                    }
                }
            }
        }
        for partition in &self.owned {
            self.consumer.fetch(partition, usize::MAX, &mut self.records)?;
        }
        Ok(())
    }

    /// The committed offsets, once they are stable.
    pub(crate) fn committed(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<i64>>, Error> {
        let start = Instant::now();
        loop {
            match self.consumer.committed(partitions, Duration::from_secs(5)) {
                Err(Error::Unstable | Error::TimedOut { .. } | Error::Transient { .. }) if start.elapsed() < LIMIT => {}
                result => return result,
            }
        }
    }

    /// Turns until the condition is true, waiting for the waker in between; fails at the time-out.
    pub(crate) fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        loop {
            self.turn().expect("a turn");
            if condition(self) {
                return;
            }
            assert!(start.elapsed() < LIMIT, "timed out waiting until {what}");
            self.waker.wait(Duration::from_secs(1));
        }
    }

    /// Turns until it owns this many partitions.
    pub(crate) fn owns(&mut self, count: usize) {
        self.until(&format!("{count} partitions are owned"), |member| member.owned.len() == count);
    }
}

/// Turns both members until each owns this many partitions: a rebalance waits for the answers of all.
pub(crate) fn share(first: &mut Member, second: &mut Member, each: usize) {
    until(&format!("each of two members owns {each} partitions"), || {
        first.turn().expect("a turn");
        second.turn().expect("a turn");
        first.owned.len() == each && second.owned.len() == each
    });
}

/// Repeats until the condition is true; fails at the time-out.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LIMIT, "timed out waiting until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A record with a key and a value.
pub(crate) fn keyed(topic: &Topic, key: &str, value: &str) -> OutRecord {
    OutRecord::keyed(topic, &Key::new(key), Bytes::copy_from_slice(value.as_bytes()))
}

/// A record for a partition.
pub(crate) fn placed(partition: &TopicPartition, value: &str) -> OutRecord {
    OutRecord { partition: Some(partition.partition), ..keyed(&partition.topic, "k", value) }
}

/// Writes the values to a partition in one transaction and commits it.
pub(crate) fn write(producer: &mut dyn Producer, partition: &TopicPartition, values: &[&str]) {
    begin_with(producer, partition, values);
    producer.commit(LIMIT).expect("committed");
}

/// Begins a transaction and writes the values to a partition.
pub(crate) fn begin_with(producer: &mut dyn Producer, partition: &TopicPartition, values: &[&str]) {
    producer.begin().expect("begun");
    for value in values {
        producer.produce(&placed(partition, value)).expect("produced");
    }
    producer.drain(LIMIT).expect("drained");
}

/// The values of records, as text.
pub(crate) fn values(records: &[Record]) -> Vec<String> {
    records
        .iter()
        .map(|record| String::from_utf8(record.value.clone().unwrap_or_default().to_vec()).expect("text"))
        .collect()
}

/// The number of records of each partition.
pub(crate) fn per_partition(records: &[Record]) -> BTreeMap<TopicPartition, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        *counts.entry(record.source.clone()).or_default() += 1;
    }
    counts
}
