//! Ways to break the protocol, one at a time, for the proof of the proof: a simulator that does not find them proves
//! nothing. No configuration and no variable leads here, and only builds with the feature `mutation`, which tests switch on, do anything
//! about it ([`Settings::breaks`](super::Settings)).

/// One broken duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// The store is written before the transaction is committed.
    StoreBeforeCommit,
    /// Acts are handed over before the transaction is committed.
    ActBeforeCommit,
    /// Partitions of which this transaction took nothing do not get their offsets sent.
    IdleOffsetsSkipped,
    /// No offsets are sent at all, so nothing checks the member's generation.
    OffsetsSkipped,
    /// Deletions are not written to the changelog.
    TombstonesSkipped,
    /// The parts of entries are not written to the changelog.
    PartsSkipped,
    /// What an aborted transaction has written stays in the overlay.
    OverlayKept,
    /// What an aborted transaction has decoded stays in the cache.
    CacheKept,
    /// The inputs of an aborted transaction are not taken again.
    InputsForgotten,
    /// A commit of unknown outcome is taken for one that has failed.
    UnknownIsAborted,
    /// The outcome of an act is not stepped on.
    OutcomeForgotten,
    /// An act that an earlier owner may have begun is taken for one that was not sent.
    LookUpSkipped,
    /// A restore ends as soon as nothing more comes, before an open transaction has ended.
    RestoreEndsEarly,
    /// Restoring an entry does not restore its timers.
    TimersForgotten,
    /// A fetch that failed moves the position past the record that is still to come.
    FailedFetchPassed,
    /// The store says that it is further in its changelog than it is.
    PositionAhead,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 16] = [
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
    ];
}
