//! Why a replay is refused. Nothing was changed then, unless the message says so.

use std::time::Duration;

use crate::model::{Topic, TopicPartition};
use crate::{broker, runtime};

/// Why a replay is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReplayError {
    /// An error of the broker.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// An error of the runtime.
    #[error(transparent)]
    Runtime(#[from] runtime::Error),
    /// The topology has no such processor.
    #[error("the topology has no processor `{processor}`; it has {}", known.join(", "))]
    NoProcessor {
        /// The processor.
        processor: String,
        /// Those of the topology.
        known: Vec<String>,
    },
    /// A processor that must not be processed again.
    #[error("{processor} cannot be reprocessed: {why}")]
    Refused {
        /// The processor.
        processor: String,
        /// Why.
        why: &'static str,
    },
    /// Instances are running, or have just stopped.
    #[error(
        "the group {group} is not empty: {}. Stop all instances; the place of one that has stopped is kept for its session time-out \
         (45 s unless set otherwise)",
        members.join(", ")
    )]
    GroupNotEmpty {
        /// The group.
        group: String,
        /// Its members.
        members: Vec<String>,
    },
    /// A source without a committed offset, or an application that has never run.
    #[error("{partition} was never processed: the group has no offset of it, so there is nothing to process again")]
    NeverRead {
        /// The partition.
        partition: TopicPartition,
    },
    /// No topic of that name.
    #[error("topic {topic} does not exist: has the application run on this cluster?")]
    NoTopic {
        /// The topic.
        topic: Topic,
    },
    /// An offset that is not in the log.
    #[error("offset {offset} of {partition} is not in its log, which has {earliest} to {end}")]
    NotInLog {
        /// The partition.
        partition: TopicPartition,
        /// The offset.
        offset: i64,
        /// The first offset of the log.
        earliest: i64,
        /// Its end.
        end: i64,
    },
    /// A partition without an offset in a list of them.
    #[error(
        "the offsets have none of {partition}: the new state begins empty, so each partition of each source needs one"
    )]
    NoOffset {
        /// The partition.
        partition: TopicPartition,
    },
    /// An offset beyond what was processed.
    #[error(
        "offset {offset} of {partition} is beyond {saved}, up to which it was processed: what lies between would be lost"
    )]
    Forward {
        /// The partition.
        partition: TopicPartition,
        /// The offset.
        offset: i64,
        /// The group's offset.
        saved: i64,
    },
    /// Nothing to process again.
    #[error("there is nothing to process again: {processor} has processed no record since then")]
    Nothing {
        /// The processor.
        processor: String,
    },
    /// A plan of another application or processor, or of another time.
    #[error("the plan does not fit: {detail}. Make a new one with `sheaf replay plan`")]
    Stale {
        /// What differs.
        detail: String,
    },
    /// A plan that is too old.
    #[error("the plan is {} minutes old, and is valid for {}: make a new one with `sheaf replay plan`", age.as_secs() / 60, valid.as_secs() / 60)]
    Expired {
        /// Its age.
        age: Duration,
        /// For how long plans are valid.
        valid: Duration,
    },
    /// Another change is under way.
    #[error("a replay of {processor} is under way: {remedy}")]
    UnderWay {
        /// The processor.
        processor: String,
        /// What to do.
        remedy: String,
    },
    /// Nothing to abort, or to prune.
    #[error("{processor} has no replay to {what}: {why}")]
    NoReplay {
        /// The processor.
        processor: String,
        /// `abort`, `prune`.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The offsets are not those that were committed.
    #[error(
        "{partition} has the committed offset {found:?} and not {wanted}: something else commits offsets of the group; run the same command again"
    )]
    NotCommitted {
        /// The partition.
        partition: TopicPartition,
        /// The offset that was committed.
        wanted: i64,
        /// The group's offset.
        found: Option<i64>,
    },
    /// Interrupted on purpose, by a test.
    #[error("interrupted before: {0}")]
    Interrupted(String),
}
