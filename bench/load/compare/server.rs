//! A new broker for each run, with the topics.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::kafka::{KafkaBroker, KafkaSettings};
use sheaf::broker::{Admin, Broker, Consumer, ConsumerSpec, Error, Isolation, NewTopic, ProducerSpec, Start, Waker};
use sheaf::model::{Key, OutRecord, Topic, TopicPartition};

use super::Options;
use super::clock::{now, pause};
use crate::Result;

/// The time-out of a call to the broker.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The partitions of every topic.
pub(crate) const PARTITIONS: i32 = 4;
/// The topics that exist before a contender starts.
const SOURCES: [&str; 2] = ["ctm-parent-events", "ctm-children-events"];
pub(crate) const SUBMISSIONS: &str = "ctm-submissions";
/// The topic of the warm-up.
const WARM_UP: &str = "warm-up";
/// The records of a transaction of the warm-up.
const WARM_UP_BATCH: usize = 500;
/// The most unread records of an inbox at its end: watermarks, which an instance writes all the time.
const LEFT_MAX: i64 = 500;
/// The time-out of a backlog.
const BACKLOG: Duration = Duration::from_mins(15);

/// A running Kafka; stopped and removed when dropped.
pub(crate) struct Server {
    directory: PathBuf,
    /// `host:port`.
    pub(crate) servers: String,
    pub(crate) pid: u32,
    pub(crate) broker: KafkaBroker,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl Server {
    /// Starts it.
    pub(crate) fn start(options: &Options) -> Result<Self> {
        let directory = options.work.join("kafka");
        let said = script(&directory, "start", &["--port", "0"])?;
        let servers = said.lines().find_map(|line| line.strip_prefix("bootstrap_servers="));
        let servers = servers.ok_or("scripts/kafka start named no servers")?.to_owned();
        let status = script(&directory, "status", &[])?;
        let pid = status.split("pid=").nth(1).and_then(|rest| rest.split_whitespace().next());
        let broker = KafkaBroker::new(KafkaSettings::new(&servers))?;
        let server = Self { directory, servers, pid: pid.ok_or("scripts/kafka status named no pid")?.parse()?, broker };
        let topics = SOURCES.iter().chain([&SUBMISSIONS, &WARM_UP]).map(|name| NewTopic {
            topic: Topic::new(name),
            partitions: PARTITIONS,
            replication: None,
            // sheaf requires this limit.
            config: [("max.message.bytes".to_owned(), "10485760".to_owned())].into(),
        });
        server.broker.admin()?.create(&topics.collect::<Vec<_>>(), TIMEOUT)?;
        server.warm_up(options)?;
        Ok(server)
    }

    /// Warms up the broker's JIT compiler with transactions on a separate topic and a reader, so that its costs are not part of
    /// a contender's figures.
    fn warm_up(&self, options: &Options) -> Result<()> {
        let until = now() + Duration::from_secs(u64::from(options.warm_up));
        let spec = ProducerSpec::transactional(WARM_UP);
        let mut producer = self.broker.producer(&spec)?;
        producer.init(TIMEOUT)?;
        let mut reader = self.broker.reader(Isolation::ReadCommitted)?;
        let topic = Topic::new(WARM_UP);
        let starts = (0..PARTITIONS).map(|number| (TopicPartition::new(&topic, number), Start::Beginning));
        reader.assign(&starts.collect::<Vec<_>>())?;
        let mut read = Vec::new();
        while now() < until {
            producer.begin()?;
            for number in 0..WARM_UP_BATCH {
                let (key, value) = (Key::new(&number.to_string()), Bytes::from(vec![b'x'; 200]));
                producer.produce(&OutRecord::keyed(&topic, &key, value))?;
            }
            producer.commit(TIMEOUT)?;
            reader.poll(WARM_UP_BATCH, &mut read, Duration::from_millis(10))?;
            read.clear();
        }
        Ok(())
    }

    /// Waits until a group has committed the ends of the sources and of its inbox.
    pub(crate) fn wait_for(&self, group: &str, inbox: &str) -> Result<()> {
        let spec = ConsumerSpec { group: group.to_owned(), group_instance: None, waker: Waker::none() };
        let mut consumer = self.broker.consumer(&spec)?;
        let mut admin = self.broker.admin()?;
        let mut calm = 0;
        let deadline = now() + BACKLOG;
        while calm < 3 {
            if now() > deadline {
                return Err(format!("{group} has not read everything within {BACKLOG:?}").into());
            }
            pause(Duration::from_millis(500));
            let mut sources = 0;
            for topic in SOURCES {
                sources += lag(&mut *consumer, &mut *admin, topic)?;
            }
            let rest = lag(&mut *consumer, &mut *admin, inbox)?;
            calm = if sources == 0 && rest <= LEFT_MAX { calm + 1 } else { 0 };
        }
        Ok(())
    }

    /// The ends of the submissions' partitions, whatever is committed of them.
    pub(crate) fn ends(&self) -> Result<Vec<i64>> {
        let mut admin = self.broker.admin()?;
        let mut end = |number| Ok(admin.watermarks(&TopicPartition::new(&Topic::new(SUBMISSIONS), number), TIMEOUT)?.1);
        (0..PARTITIONS).map(&mut end).collect()
    }
}

/// The lag of a group in a topic, in records.
fn lag(consumer: &mut dyn Consumer, admin: &mut dyn Admin, topic: &str) -> Result<i64> {
    let partitions: Vec<_> = (0..PARTITIONS).map(|number| TopicPartition::new(&Topic::new(topic), number)).collect();
    let committed = match consumer.committed(&partitions, TIMEOUT) {
        Err(Error::Unstable) => return Ok(i64::MAX / 8), // a transaction is open
        committed => committed?,
    };
    let mut behind = 0;
    for (partition, committed) in partitions.iter().zip(committed) {
        behind += admin.watermarks(partition, TIMEOUT)?.1 - committed.unwrap_or(0);
    }
    Ok(behind)
}

impl Drop for Server {
    fn drop(&mut self) {
        // bench/run repeats this at its end.
        let (Ok(_) | Err(_)) = script(&self.directory, "stop", &["--wipe"]);
    }
}

fn script(directory: &Path, command: &str, more: &[&str]) -> Result<String> {
    let output = Command::new("scripts/kafka")
        .arg(command)
        .arg("--dir")
        .arg(directory)
        .args(more)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!("scripts/kafka {command}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}
