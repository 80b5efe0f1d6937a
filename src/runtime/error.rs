//! What can stop a stream thread, an assignment or a task.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::model::{ErrorClass, InstanceId, TaskId, Topic, TopicPartition};
use crate::{broker, codec, store};

/// What the operations of the runtime return.
pub type Result<T> = std::result::Result<T, Error>;

/// A partition that was read before, and of which the group has no committed offset any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Which.
    pub partition: TopicPartition,
    /// The offset up to which it was read, where that is known.
    pub offset: Option<i64>,
    /// The offsets that it has now.
    pub available: Range<i64>,
}

impl Unread {
    /// The command that sets the offset.
    fn remedy(&self, group: &str) -> String {
        let Self { partition: TopicPartition { topic, partition }, offset, .. } = self;
        let offset = offset.map_or_else(|| "N".to_owned(), |offset| offset.to_string());
        format!(
            "`kafka-consumer-groups --group {group} --topic {topic}:{partition} --reset-offsets --to-offset {offset} --execute`"
        )
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, offset, available: Range { start, end } } = self;
        match offset {
            Some(offset) => write!(f, "{partition} (read up to {offset}; it holds {start} to {end})"),
            None => write!(f, "{partition} (how far it was read is not known; it holds {start} to {end})"),
        }
    }
}

/// An error of the runtime.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The broker.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// A task's store.
    #[error("task {task}: {source}")]
    Store {
        /// Whose.
        task: TaskId,
        /// What.
        source: store::Error,
    },
    /// An entry that cannot be read.
    #[error("task {task}: entry {key}: {source}")]
    Entry {
        /// Whose.
        task: TaskId,
        /// Which.
        key: String,
        /// What.
        source: codec::Error,
    },
    /// An entry that stands in the changelog as it cannot be read.
    #[error(
        "task {task}: entry {key} cannot be read as it stands in changelog {changelog}: {source}. Nothing is guessed: \
         run the sheaf that wrote it, or drop the entry by writing a record with that key and no value to that partition"
    )]
    Unreadable {
        /// Whose.
        task: TaskId,
        /// Which changelog partition.
        changelog: String,
        /// Which.
        key: String,
        /// What.
        source: codec::Error,
    },
    /// The changelog does not belong to the store.
    #[error(
        "changelog {changelog} does not belong to the store of task {task}: {detail}. The topic was created anew or has \
         lost its beginning, or the configuration names another cluster. The store is kept. To write the changelog anew \
         delete the topic if it is not empty, and run `sheaf state republish --all` wherever there are stores of it; to \
         drop the store and follow the changelog delete the task's directory"
    )]
    Genesis {
        /// Whose.
        task: TaskId,
        /// Which changelog.
        changelog: TopicPartition,
        /// What was found.
        detail: String,
    },
    /// A topic that is not as it has to be.
    #[error("topic {topic}: {detail}: {remedy}")]
    Topic {
        /// Which.
        topic: Topic,
        /// What was found.
        detail: String,
        /// What to do.
        remedy: String,
    },
    /// The group has no offsets where it must have them.
    #[error(
        "the group {group} has no committed offset for {}, which this application has read before: its offsets have expired \
         (offsets.retention.minutes) or were deleted. None is guessed, because what is read twice is submitted twice. Stop \
         all instances, wait until the group is empty (a member's place is kept for its session time-out), and run {}",
        unread.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        unread.iter().map(|unread| unread.remedy(group)).collect::<Vec<_>>().join(", ")
    )]
    OffsetMissing {
        /// The group.
        group: String,
        /// Where.
        unread: Vec<Unread>,
    },
    /// The changelog is empty where it must have a beginning, and there is no store to write it from.
    #[error(
        "changelog {changelog} of task {task} is empty, although the group {group} has committed an offset of its inbox: \
         the topic was created anew or emptied, and this instance has no store of it. If another instance or an old state \
         directory has one, run `sheaf state republish --all` there. To begin again without any state stop all instances, \
         run `kafka-consumer-groups --group {group} --delete` and delete the inboxes and {group}-instances: the sources are then \
         read from their beginning"
    )]
    StateLost {
        /// Whose.
        task: TaskId,
        /// Which changelog.
        changelog: TopicPartition,
        /// The group.
        group: String,
    },
    /// Input was deleted before it was read.
    #[error(
        "input of {partition} was deleted by retention before it was read. Decide what that loss means; to go on with \
         what is left stop all instances and run \
         `kafka-consumer-groups --group {group} --topic {} --reset-offsets --to-earliest --execute`",
        partition.topic
    )]
    InputLost {
        /// The group.
        group: String,
        /// Where.
        partition: TopicPartition,
    },
    /// Another process runs under this instance's id.
    #[error(
        "another process took over instance id {instance}: {other}. Two processes must not share an instance id: give \
         each its own (instance_id, or SHEAF_INSTANCE_ID); this one stops"
    )]
    Replaced {
        /// The id.
        instance: InstanceId,
        /// Who has it now.
        other: String,
    },
    /// A step forwards to an output that the topology does not wire.
    #[error("processor {processor} forwards to `{output}`, which the topology does not wire: wire it with `writes`")]
    Unwired {
        /// The processor.
        processor: String,
        /// The name of the output.
        output: Arc<str>,
    },
    /// The metrics cannot be set up.
    #[error("metrics: {0}")]
    Metrics(String),
    /// A thread of the runtime cannot be started, or died.
    #[error("thread {thread}: {detail}")]
    Thread {
        /// Which.
        thread: String,
        /// What.
        detail: String,
    },
}

impl Error {
    /// A store's error with its task.
    pub(super) fn store(task: &TaskId, source: store::Error) -> Self {
        Self::Store { task: task.clone(), source }
    }

    /// What is to be done about it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Broker(error) => error.class(),
            Self::Store { source, .. } => source.class(),
            Self::Entry { source: codec::Error::Corrupt(_), .. } => ErrorClass::Corrupt,
            Self::Entry { source: codec::Error::UnknownVersion { .. }, .. }
            | Self::Unreadable { .. }
            | Self::Genesis { .. }
            | Self::Topic { .. }
            | Self::OffsetMissing { .. }
            | Self::StateLost { .. }
            | Self::InputLost { .. }
            | Self::Replaced { .. }
            | Self::Unwired { .. }
            | Self::Metrics(_)
            | Self::Thread { .. } => ErrorClass::Fatal,
        }
    }

    /// The task that it is about, when there is one.
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
            | Self::InputLost { .. }
            | Self::Replaced { .. }
            | Self::Unwired { .. }
            | Self::Metrics(_)
            | Self::Thread { .. } => None,
        }
    }
}
