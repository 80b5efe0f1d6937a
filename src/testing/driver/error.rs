//! The errors of the test driver.

use crate::codec::yaml::Problems;
use crate::model::Topic;
use crate::topology::AssembleError;
use crate::{broker, codec, metric, runtime, store};

/// A result of the driver.
pub(super) type Result<T> = std::result::Result<T, DriverError>;

/// An error of the test driver.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The instance has failed, as it would on Kafka.
    #[error("the instance has failed: {0}")]
    Runtime(#[from] runtime::Error),
    /// The broker rejects a record or a call.
    #[error("the broker rejects it: {0}")]
    Broker(#[from] broker::Error),
    /// A store cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// An entry cannot be read, or has a state of another type.
    #[error("the entry cannot be read: {0}")]
    Codec(#[from] codec::Error),
    /// The metrics cannot be registered.
    #[error(transparent)]
    Metrics(metric::Error),
    /// The text of a topology file has mistakes.
    #[error(transparent)]
    Topology(#[from] Problems),
    /// It needs what only a configuration has, such as a delivery's target.
    #[error("the topology cannot be assembled without a configuration: {0}")]
    Assemble(#[from] AssembleError),
    /// The topology neither reads nor writes this topic.
    #[error("there is no topic `{topic}`; there are {known}")]
    NoTopic {
        /// The topic's name.
        topic: Topic,
        /// The names of its topics.
        known: String,
    },
    /// The topology has no processor of this name.
    #[error("there is no processor `{processor}`; there are {known}")]
    NoProcessor {
        /// The processor's name.
        processor: String,
        /// The names of its processors.
        known: String,
    },
    /// No act of this key is in flight.
    #[error("no act of key `{key}` is in flight: `acts` returns those that are")]
    NoPendingAct {
        /// The key.
        key: String,
    },
    /// A record of the alerts topic is not an alert.
    #[error("record {offset} of the alerts topic is not an alert: {detail}")]
    Alert {
        /// The offset of the record.
        offset: i64,
        /// The error of the JSON parser.
        detail: String,
    },
    /// A command that the processor does not have, or that was not executed.
    #[error("command: {detail}")]
    Command {
        /// The problem.
        detail: String,
    },
    /// Steps cause further steps without end.
    #[error(
        "the topology does not become idle: does a processor read its own output, or set a timer that is already due?"
    )]
    NotIdle,
}
