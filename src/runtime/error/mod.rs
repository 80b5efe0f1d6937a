//! The errors of the runtime.

mod history;

pub(super) use history::CHOICES;
pub use history::{Histories, History};

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::model::{ErrorClass, InstanceId, TaskId, Topic, TopicPartition};
use crate::{broker, codec, store};

/// The result of the runtime's operations.
pub type Result<T> = std::result::Result<T, Error>;

/// A partition that has been read before, and for which the group has no committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingOffset {
    /// The partition.
    pub partition: TopicPartition,
    /// The position up to which it was read, if known.
    pub offset: Option<i64>,
    /// The range of its offsets in the log.
    pub available: Range<i64>,
}

impl MissingOffset {
    /// The command that resets the offset.
    fn remedy(&self, group: &str) -> String {
        let Self { partition: TopicPartition { topic, partition }, offset, available: Range { start, end } } = self;
        // An empty log has one position.
        let known = offset.or_else(|| (start == end).then_some(*end));
        let choice = format!(" (with N={start} to read all of it again, N={end} to pass over what was not read)");
        let (offset, choice) = known.map_or(("N".to_owned(), choice), |offset| (offset.to_string(), String::new()));
        format!(
            "`kafka-consumer-groups --group {group} --topic {topic}:{partition} --reset-offsets --to-offset {offset} \
             --execute`{choice}"
        )
    }
}

impl fmt::Display for MissingOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, offset, available: Range { start, end } } = self;
        match offset {
            Some(offset) => write!(f, "{partition} (read up to {offset}; its log has {start} to {end})"),
            None => write!(f, "{partition} (its last position is unknown; its log has {start} to {end})"),
        }
    }
}

/// An error of the runtime.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// An error of the broker.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// An error of a task's store.
    #[error("task {task}: {error}")]
    Store {
        /// The task.
        task: TaskId,
        /// The error of the store.
        error: store::Error,
    },
    /// An entry that cannot be decoded.
    #[error("task {task}: entry {key}: {error}")]
    Entry {
        /// The task.
        task: TaskId,
        /// The key of the entry.
        key: String,
        /// The error of the decoder.
        error: codec::Error,
    },
    /// An entry that cannot be decoded in the changelog either.
    #[error(
        "task {task}: entry {key} cannot be decoded from changelog {changelog}: {error}. Run the version of \
         sheaf that wrote it, or delete the entry by producing a tombstone with that key to that partition"
    )]
    Unreadable {
        /// The task.
        task: TaskId,
        /// The partition of the changelog.
        changelog: String,
        /// The key of the entry.
        key: String,
        /// The error of the decoder.
        error: codec::Error,
    },
    /// A changelog that does not belong to the store.
    #[error(
        "changelog {changelog} does not belong to the store of task {task}: {detail}. The topic was created anew or has \
         lost its beginning, or the configuration names another cluster. The store is kept. To write the changelog anew \
         delete the topic if it is not empty, and run `sheaf state republish --all` wherever there are stores of it; to \
         drop the store and follow the changelog delete the task's directory"
    )]
    Genesis {
        /// The task.
        task: TaskId,
        /// The partition of the changelog.
        changelog: TopicPartition,
        /// The mismatch.
        detail: String,
    },
    /// A topic with an unsuitable configuration.
    #[error("topic {topic}: {detail}: {remedy}")]
    Topic {
        /// The topic.
        topic: Topic,
        /// The problem.
        detail: String,
        /// The remedy.
        remedy: String,
    },
    /// A replay is being applied or aborted.
    #[error("a replay of {processor} of {application} is under way, so no instance may start: {remedy}")]
    Replaying {
        /// The application.
        application: String,
        /// The processor.
        processor: String,
        /// The remedy.
        remedy: &'static str,
    },
    /// A replay has begun another generation since this instance prepared its start.
    #[error(
        "a replay of {processor} of {application} has begun another generation of its state while this instance started: start it again"
    )]
    Replayed {
        /// The application.
        application: String,
        /// The processor.
        processor: String,
    },
    /// Missing committed offsets of partitions that have been read before.
    #[error(
        "the group {group} has no committed offset for {}, which this application has read before: its offsets have expired \
         (offsets.retention.minutes) or were deleted. None is guessed, because what is read twice is submitted twice. Stop \
         all instances, wait until the group is empty (a member's place is kept for its session time-out), and run {}",
        missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        missing.iter().map(|missing| missing.remedy(group)).collect::<Vec<_>>().join(", ")
    )]
    OffsetMissing {
        /// The group.
        group: String,
        /// The partitions.
        missing: Vec<MissingOffset>,
    },
    /// A first start on topics with a long history, for which the topology has no choice.
    #[error(
        "this would be the first start of {application}, and its sources hold a history: reading it submits every bundle that \
         is complete in it. Nothing was read yet. Say in the topology where each source begins, with `start: earliest`, \
         `start: latest`, a duration such as `start: 24h`, or a time such as `start: 2026-11-28T06:00:00Z`. That reads\n{histories}"
    )]
    FirstStart {
        /// The application.
        application: String,
        /// What each choice would read.
        histories: Histories,
    },
    /// An empty changelog of a task whose inbox has a committed offset, and no store to republish it from.
    #[error(
        "changelog {changelog} of task {task} is empty, although the group {group} has committed an offset of its inbox: \
         the topic was created anew or emptied, and this instance has no store of it. If another instance or an old state \
         directory has one, run `sheaf state republish --all` there. To begin again without any state stop all instances, \
         run `kafka-consumer-groups --group {group} --delete` and delete the inboxes and {group}-instances: that is a first \
         start, for which `start` at each source of the topology says where to begin"
    )]
    StateLost {
        /// The task.
        task: TaskId,
        /// The partition of the changelog.
        changelog: TopicPartition,
        /// The group.
        group: String,
    },
    /// Records that were deleted before they were read.
    #[error(
        "input of {partition} was deleted by retention before it was read. Decide what that loss means; to go on with \
         what is left stop all instances and run \
         `kafka-consumer-groups --group {group} --topic {}:{} --reset-offsets --to-earliest --execute`",
        partition.topic, partition.partition
    )]
    InputLost {
        /// The group.
        group: String,
        /// The partition.
        partition: TopicPartition,
    },
    /// A source that was deleted and created anew while it was read.
    #[error(
        "topic {topic} was deleted and created anew while this application read it: the new topic's records up to the position in \
         the former one would be passed over. To read it from its beginning stop all instances and run \
         `kafka-consumer-groups --group {group} --topic {topic} --reset-offsets --to-earliest --execute`"
    )]
    SourceRecreated {
        /// The group.
        group: String,
        /// The topic.
        topic: Topic,
    },
    /// Another process with this instance id.
    #[error(
        "another process took over instance id {instance}: {other}. Two processes must not share an instance id: give \
         each its own (instance_id, or SHEAF_INSTANCE_ID); this one stops"
    )]
    Replaced {
        /// The id.
        instance: InstanceId,
        /// The other process, as text.
        other: String,
    },
    /// An output that the topology does not wire.
    #[error("processor {processor} forwards to `{output}`, which the topology does not wire: wire it with `writes`")]
    Unwired {
        /// The processor.
        processor: String,
        /// The name of the output.
        output: Arc<str>,
    },
    /// An error in setting up the metrics.
    #[error("metrics: {0}")]
    Metrics(String),
    /// A thread that cannot be started, or has ended.
    #[error("thread {thread}: {detail}")]
    Thread {
        /// The name of the thread.
        thread: String,
        /// The reason.
        detail: String,
    },
}

impl Error {
    /// A store's error with its task.
    pub(super) fn store(task: &TaskId, error: store::Error) -> Self {
        Self::Store { task: task.clone(), error }
    }

    /// The class, which decides how the runtime handles it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Broker(error) => error.class(),
            Self::Store { error, .. } => error.class(),
            Self::Entry { error: codec::Error::Corrupt(_), .. } => ErrorClass::Corrupt,
            Self::Entry { error: codec::Error::UnknownVersion { .. }, .. }
            | Self::Unreadable { .. }
            | Self::Genesis { .. }
            | Self::Topic { .. }
            | Self::OffsetMissing { .. }
            | Self::FirstStart { .. }
            | Self::StateLost { .. }
            | Self::InputLost { .. }
            | Self::SourceRecreated { .. }
            | Self::Replaced { .. }
            | Self::Replaying { .. }
            | Self::Replayed { .. }
            | Self::Unwired { .. }
            | Self::Metrics(_)
            | Self::Thread { .. } => ErrorClass::Fatal,
        }
    }

    /// The task of the error, if it has one.
    pub const fn task(&self) -> Option<&TaskId> {
        match self {
            Self::Store { task, .. }
            | Self::Entry { task, .. }
            | Self::Unreadable { task, .. }
            | Self::Genesis { task, .. }
            | Self::StateLost { task, .. } => Some(task),
            Self::Broker(_)
            | Self::Topic { .. }
            | Self::OffsetMissing { .. }
            | Self::FirstStart { .. }
            | Self::InputLost { .. }
            | Self::SourceRecreated { .. }
            | Self::Replaced { .. }
            | Self::Replaying { .. }
            | Self::Replayed { .. }
            | Self::Unwired { .. }
            | Self::Metrics(_)
            | Self::Thread { .. } => None,
        }
    }
}
