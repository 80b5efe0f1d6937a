//! What a runtime is told about itself: names, limits, time-outs.

use std::time::Duration;

use super::mutation::Mutation;
use crate::model::InstanceId;

/// Settings of one instance.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The application's id: the consumer group, and the first part of the names of sheaf's own topics.
    pub application: String,
    /// The instance's name, the same over restarts.
    pub instance: InstanceId,
    /// Where the instance's HTTP is, for the instances topic; empty when it has none.
    pub http: String,
    /// How many stream threads.
    pub stream_threads: usize,
    /// The topics that sheaf creates.
    pub topics: TopicSettings,
    /// Limits of a transaction.
    pub commit: CommitLimits,
    /// What the entries that are kept decoded may take in an instance, in bytes, about. An entry beyond that is read from
    /// its store and decoded for each of its events.
    pub cache_bytes: usize,
    /// How stores are brought to the ends of their changelogs, and kept there.
    pub restore: RestoreSettings,
    /// How long one call to the broker may take.
    pub broker_timeout: Duration,
    /// What a crash may leave behind.
    pub guarantee: Guarantee,
    /// Whether a source record whose task is on the thread that reads it skips its inbox, where its processor allows it.
    pub direct_handover: bool,
    /// The duty that is broken on purpose, in the test of the simulator; without the feature `mutation` it changes nothing.
    #[doc(hidden)]
    pub mutation: Option<Mutation>,
}

/// The topics that sheaf creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicSettings {
    /// Their partition count.
    pub partitions: i32,
    /// Their replication factor; `None`: the broker's default.
    pub replication: Option<i32>,
}

/// How stores are brought to the ends of their changelogs, and kept there.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestoreSettings {
    /// How many records of changelogs an instance replays per second at most; `None`: as many as it can.
    pub records_per_second_max: Option<u32>,
    /// How many other instances follow the changelog of each task.
    pub standby_replicas: usize,
}

/// What a crash may leave behind (`processing_guarantee`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guarantee {
    /// Nothing: outputs, state and offsets are one transaction.
    #[default]
    ExactlyOnce,
    /// Outputs and state of inputs that are processed again. There are no transactions, so nothing waits for their
    /// ends, and a member that lost its partitions without knowing is noticed only when it commits.
    AtLeastOnce,
}

/// When a transaction ends, and when the stores are written.
#[derive(Clone, Copy, Debug)]
pub struct CommitLimits {
    /// After this time, whatever is going on.
    pub interval: Duration,
    /// After this many inputs.
    pub inputs_max: usize,
    /// After this many bytes of records that went in, of outputs, or of entries: each of the three is kept in memory.
    pub bytes_max: usize,
    /// Not sooner after the previous commit than this, when the input is idle. A transaction that begins right after
    /// another's end meets its markers still being written, and librdkafka then sleeps for 20 ms.
    pub gap: Duration,
    /// How long a committed entry may stay dirty, in memory and in the changelog only, before its store has it: so much is
    /// restored after a crash. Zero: the stores are written with each transaction.
    pub write_behind: Duration,
}

impl Default for CommitLimits {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(200),
            inputs_max: 10_000,
            bytes_max: 16 << 20,
            gap: Duration::from_millis(6),
            write_behind: Duration::from_secs(5),
        }
    }
}

/// The largest record that sheaf writes to its own topics, in bytes. Kafka's default for what others send is 1 MiB, so
/// an inbox record or a dead letter always has room for its headers, and an entry for many members.
pub const RECORD_MAX: usize = 10 << 20;

/// What is added to a record's size before it is compared with [`RECORD_MAX`]: Kafka's own framing of it.
pub(super) const RECORD_OVERHEAD: usize = 512;

impl Settings {
    /// Names and the defaults: one stream thread, four partitions of what is created, the broker's replication factor.
    pub fn new(application: &str, instance: &str) -> Self {
        Self {
            application: application.to_owned(),
            instance: InstanceId::new(instance),
            http: String::new(),
            stream_threads: 1,
            topics: TopicSettings { partitions: 4, replication: None },
            commit: CommitLimits::default(),
            cache_bytes: 96 << 20,
            restore: RestoreSettings::default(),
            broker_timeout: Duration::from_secs(10),
            guarantee: Guarantee::ExactlyOnce,
            direct_handover: true,
            mutation: None,
        }
    }

    /// True when this duty is broken on purpose; never, without the feature `mutation`.
    pub(super) fn breaks(&self, mutation: Mutation) -> bool {
        cfg!(feature = "mutation") && self.mutation == Some(mutation)
    }

    /// `<application>-<instance>-<thread>`: the transactional id of a stream thread.
    pub fn thread_name(&self, thread: usize) -> String {
        format!("{}-{}-{thread}", self.application, self.instance)
    }

    /// `<application>-<thread>-<instance>`: the static member's name of a stream thread. Assignors serve members in the order
    /// of these names, so the first threads of all instances come before the second ones, and what does not divide evenly
    /// goes to different instances.
    pub fn member_name(&self, thread: usize) -> String {
        format!("{}-{thread:03}-{}", self.application, self.instance)
    }
}
