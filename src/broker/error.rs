//! What can go wrong with a broker, in the words that the runtime branches on.

use crate::model::{ErrorClass, TopicPartition};

/// An error of a broker operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No broker answers.
    #[error("no broker at {address} answers: {detail}")]
    Unreachable {
        /// The bootstrap servers.
        address: String,
        /// The client's words.
        detail: String,
    },
    /// An operation did not end in time; whether it was executed is not known.
    #[error("{operation} did not end in time: {detail}")]
    TimedOut {
        /// Which one.
        operation: &'static str,
        /// The client's words.
        detail: String,
    },
    /// The transaction cannot be committed; after an abort the producer is usable.
    #[error("the transaction must be aborted: {detail}")]
    Abortable {
        /// The client's words.
        detail: String,
    },
    /// Somebody else has taken the place of this producer or member.
    #[error("fenced by {by}: {detail}")]
    Fenced {
        /// Who.
        by: FencedBy,
        /// The client's words.
        detail: String,
    },
    /// The committed offset belongs to a transaction that is still open.
    #[error("an offset is part of a transaction that is still open")]
    Unstable,
    /// The offset is not in the log: deleted by retention, or the topic was created anew.
    #[error("offset of {partition} is not in the log (deleted by retention, or the topic was created anew)")]
    OutOfRange {
        /// Where.
        partition: TopicPartition,
    },
    /// The broker has answered a fetch of a partition with an error, or with bytes that cannot be read. Nothing was passed
    /// over, and the client goes on trying.
    #[error("fetching {partition} failed: {detail}")]
    FetchFailed {
        /// Of which partition.
        partition: TopicPartition,
        /// The client's words.
        detail: String,
    },
    /// The record is larger than the producer or the topic takes.
    #[error("a record of {size} bytes is larger than allowed: {detail}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The client's words.
        detail: String,
    },
    /// A failure that may pass.
    #[error("{operation} failed: {detail}")]
    Transient {
        /// What failed.
        operation: &'static str,
        /// The client's words.
        detail: String,
    },
    /// A failure that does not pass by itself: authorisation, configuration, a bug.
    #[error("{operation} failed for good: {detail}")]
    Fatal {
        /// What failed.
        operation: &'static str,
        /// The client's words.
        detail: String,
    },
}

/// Who fenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FencedBy {
    /// A newer producer with the same transactional id, or the coordinator after a transaction time-out.
    Producer,
    /// A newer generation of the group.
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
    /// What is to be done about it.
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
