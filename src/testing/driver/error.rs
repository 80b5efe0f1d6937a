//! Why a driver cannot go on.

use crate::model::Topic;
use crate::{broker, codec, metric, runtime, store};

/// What the driver's methods return.
pub(super) type Result<T> = std::result::Result<T, DriverError>;

/// Why a driver cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The instance has stopped with an error, as it would on Kafka.
    #[error("the instance has stopped: {0}")]
    Runtime(#[from] runtime::Error),
    /// The broker refuses a record or a call.
    #[error("the broker refuses it: {0}")]
    Broker(#[from] broker::Error),
    /// A store cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// An entry cannot be read, or has a state of another type.
    #[error("the entry cannot be read: {0}")]
    Codec(#[from] codec::Error),
    /// The metrics cannot be set up.
    #[error(transparent)]
    Metrics(metric::Error),
    /// The topology neither reads nor writes this topic.
    #[error("there is no topic `{topic}`; there are {known}")]
    NoTopic {
        /// The topic.
        topic: Topic,
        /// The names of its topics.
        known: String,
    },
    /// The topology has no processor of this name.
    #[error("there is no processor `{processor}`; there are {known}")]
    NoProcessor {
        /// The processor.
        processor: String,
        /// The names of its processors.
        known: String,
    },
    /// No act of this key waits for an answer.
    #[error("no act of key `{key}` waits for an answer: `acts` shows what does")]
    NoPendingAct {
        /// The key.
        key: String,
    },
    /// A record of the alerts topic is no alert.
    #[error("record {offset} of the alerts topic is no alert: {detail}")]
    Alert {
        /// The offset of the record.
        offset: i64,
        /// The reader's words.
        detail: String,
    },
    /// Steps cause each other without an end.
    #[error(
        "the topology does not come to rest: does a processor read what it writes, or set a timer that is due already?"
    )]
    Restless,
}
