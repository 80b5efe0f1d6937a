//! The errors of a broker, classified for the runtime.

use crate::model::{ErrorClass, TopicPartition};

/// The result of the port's operations.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a broker operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No broker is reachable.
    #[error("no broker at {address} is reachable: {detail}")]
    Unreachable {
        /// The bootstrap servers.
        address: String,
        /// The client's message.
        detail: String,
    },
    /// An operation timed out; whether it was executed is unknown.
    #[error("{operation} timed out: {detail}")]
    TimedOut {
        /// The operation.
        operation: &'static str,
        /// The client's message.
        detail: String,
    },
    /// The transaction must be aborted; afterwards the producer is usable.
    #[error("the transaction must be aborted: {detail}")]
    Abortable {
        /// The client's message.
        detail: String,
    },
    /// A newer producer or member has fenced this one.
    #[error("fenced by {by}: {detail}")]
    Fenced {
        /// The newer one.
        by: FencedBy,
        /// The client's message.
        detail: String,
    },
    /// The committed offset is part of an open transaction.
    #[error("a committed offset is part of an open transaction")]
    Unstable,
    /// The offset is out of the log's range: deleted by retention, or the topic was created anew.
    #[error("offset of {partition} is not in the log (deleted by retention, or the topic was created anew)")]
    OutOfRange {
        /// The partition.
        partition: TopicPartition,
    },
    /// A fetch of a partition failed, or returned invalid bytes. No record was skipped, and the client retries.
    #[error("fetching {partition} failed: {detail}")]
    FetchFailed {
        /// The partition.
        partition: TopicPartition,
        /// The client's message.
        detail: String,
    },
    /// The record is larger than the limit of the producer or the topic.
    #[error("a record of {size} bytes is larger than allowed: {detail}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The client's message.
        detail: String,
    },
    /// A retriable failure.
    #[error("{operation} failed: {detail}")]
    Transient {
        /// The operation.
        operation: &'static str,
        /// The client's message.
        detail: String,
    },
    /// A permanent failure: authorization, configuration, a bug.
    #[error("{operation} failed permanently: {detail}")]
    Fatal {
        /// The operation.
        operation: &'static str,
        /// The client's message.
        detail: String,
    },
}

/// The cause of fencing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FencedBy {
    /// A newer producer with the same transactional id, or the coordinator after a transaction time-out.
    Producer,
    /// A newer generation of the group, or an unknown member.
    Generation,
    /// A newer process with the same static member name.
    Instance,
}

impl std::fmt::Display for FencedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Producer => "a newer producer of the same transactional id",
            Self::Generation => "a newer generation of the group",
            Self::Instance => "a newer member of the same instance id",
        })
    }
}

impl Error {
    /// The class, which decides how the runtime handles it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Abortable { .. }
            | Self::Unstable
            | Self::FetchFailed { .. }
            | Self::Transient { .. } => ErrorClass::Retry,
            Self::Fenced { .. } => ErrorClass::Fenced,
            Self::TooLarge { .. } => ErrorClass::Reject,
            Self::OutOfRange { .. } | Self::Fatal { .. } => ErrorClass::Fatal,
        }
    }
}
