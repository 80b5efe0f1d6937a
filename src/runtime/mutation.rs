//! Mutations of the protocol, one at a time, which the simulator must detect. They are set by code only, not by
//! configuration or environment, and have an effect only in builds with the feature `mutation`, which tests switch on
//! ([`Settings::breaks`](super::Settings)).

/// One mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// The store is written before the commit.
    StoreBeforeCommit,
    /// Acts are handed to the sink before the commit.
    ActBeforeCommit,
    /// The offsets of partitions without an input in this transaction are not sent.
    IdleOffsetsSkipped,
    /// No offsets are sent, so the member's generation is not checked.
    OffsetsSkipped,
    /// Tombstones are not written to the changelog.
    TombstonesSkipped,
    /// The parts of entries are not written to the changelog.
    PartsSkipped,
    /// An abort does not clear the overlay.
    OverlayKept,
    /// An abort does not clear the cache.
    CacheKept,
    /// The inputs of an aborted transaction are dropped.
    InputsForgotten,
    /// A commit of unknown outcome is treated as aborted.
    UnknownIsAborted,
    /// Restoring a task loses its queued acts.
    QueuedForgotten,
    /// An abort does not put released acts back into their queues.
    ReleasedForgotten,
    /// The outcome of an act is dropped.
    OutcomeForgotten,
    /// An act that an earlier owner may have executed is treated as not sent.
    LookUpSkipped,
    /// A restore ends when no more records arrive, while a transaction is still open.
    RestoreEndsEarly,
    /// Restoring an entry loses its timers.
    TimersForgotten,
    /// A failed fetch moves the position past the next record.
    FailedFetchPassed,
    /// The store's checkpoint is ahead of its changelog.
    PositionAhead,
    /// An operator's command is executed twice.
    CommandAppliedTwice,
    /// A watermark waits for the sources, and not for the inboxes that their records went to.
    WatermarkBeforeCommit,
    /// A watermark does not wait for one of the sources' partitions.
    WatermarkOfOnePartitionForgotten,
    /// A watermark does not wait for the partitions that other instances own.
    WatermarkOfAnOldOwner,
}

impl Mutation {
    /// The mutations that the simulator must find. [`QueuedForgotten`](Self::QueuedForgotten) and
    /// [`ReleasedForgotten`](Self::ReleasedForgotten) are not among them: its processors have one target each. Tests of the runtime
    /// find those.
    pub const ALL: [Self; 20] = [
        Self::StoreBeforeCommit,
        Self::ActBeforeCommit,
        Self::IdleOffsetsSkipped,
        Self::OffsetsSkipped,
        Self::TombstonesSkipped,
        Self::PartsSkipped,
        Self::OverlayKept,
        Self::CacheKept,
        Self::InputsForgotten,
        Self::UnknownIsAborted,
        Self::OutcomeForgotten,
        Self::LookUpSkipped,
        Self::RestoreEndsEarly,
        Self::TimersForgotten,
        Self::FailedFetchPassed,
        Self::PositionAhead,
        Self::CommandAppliedTwice,
        Self::WatermarkBeforeCommit,
        Self::WatermarkOfOnePartitionForgotten,
        Self::WatermarkOfAnOldOwner,
    ];
}
