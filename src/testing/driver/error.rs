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
    /// A record that the broker does not take.
    #[error("the broker refuses it: {0}")]
    Broker(#[from] broker::Error),
    /// A store that cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// An entry that is not of the type that was asked for.
    #[error("the entry cannot be read: {0}")]
    Codec(#[from] codec::Error),
    /// The metrics cannot be set up.
    #[error(transparent)]
    Metrics(metric::Error),
    /// A topic that the topology neither reads nor writes.
    #[error("there is no topic `{topic}`; there are {known}")]
    NoTopic {
        /// The topic.
        topic: Topic,
        /// Those that there are.
        known: String,
    },
    /// A processor that the topology does not have.
    #[error("there is no processor `{processor}`; there are {known}")]
    NoProcessor {
        /// The processor.
        processor: String,
        /// Those that there are.
        known: String,
    },
    /// No act of this key waits for an answer.
    #[error("no act of key `{key}` waits for an answer: `acts` shows what does")]
    NoPendingAct {
        /// The key.
        key: String,
    },
    /// An alert that does not read as one.
    #[error("record {offset} of the alerts topic is no alert: {detail}")]
    Alert {
        /// Where.
        offset: i64,
        /// Why.
        detail: String,
    },
    /// Steps that cause each other for ever.
    #[error(
        "the topology does not come to rest: does a processor read what it writes, or set a timer that is due already?"
    )]
    Restless,
}
