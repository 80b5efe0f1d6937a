//! The coverage of runs: how often each fault happened, and each path through the code was taken.

use std::collections::BTreeMap;
use std::fmt;

use crate::runtime::FaultPoint;

/// A fault or a path whose occurrences are counted. A run draws from its seed which faults happen, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoveragePoint {
    /// A process crashes at a fault point.
    CrashAtPoint(FaultPoint),
    /// A process crashes before or after a call to the broker.
    CrashAtCall,
    /// A process is killed between two turns.
    Kill,
    /// A process is stopped in order and started again.
    Stop,
    /// The disk of a task is lost in a crash.
    LostDisk,
    /// The disk of a task is restored from a backup, so it is older than the changelog.
    OldDisk,
    /// A process is paused for longer than its session time-out, and resumes.
    Zombie,
    /// A process is paused at a fault point, in the middle of a turn.
    ZombieInTurn,
    /// Partitions are revoked during a transaction.
    RebalanceInTransaction,
    /// A call to the broker times out and was not executed.
    RequestLost,
    /// A call to the broker times out and was executed.
    AnswerLost,
    /// The answer to a commit is lost, and the transaction's markers are written later.
    MarkersLate,
    /// A commit is answered before its markers are written.
    MarkersAfterAnswer,
    /// A commit is answered before its markers are written, except those of the offsets.
    OffsetsFirst,
    /// A call to the broker fails with a retriable error.
    Transient,
    /// A fetch of a partition fails.
    FetchFailed,
    /// A call finds no broker reachable.
    Unreachable,
    /// No broker is reachable for some time.
    Outage,
    /// The wall clock is set forward.
    ClockForward,
    /// The wall clock is set back.
    ClockBack,
    /// A restore makes no progress for some time.
    SlowRestore,
    /// The sink answers nothing for some time.
    StalledSink,
    /// A submit is executed and its answer is lost.
    SubmitAnswerLost,
    /// A submit is lost before it is executed.
    SubmitLost,
    /// Control-M answers that it is busy.
    Busy,
    /// An act expires before it is sent.
    Expired,
    /// An act of an earlier owner is inherited with the state.
    Inherited,
    /// An event is written twice.
    Duplicate,
    /// A poison record is written: one that is no event.
    Poison,
    /// Partitions are added to a source.
    PartitionsAdded,
    /// An event is handed over directly, without the inbox.
    DirectHandover,
    /// An event goes through the inbox.
    Inbox,
    /// A bundle is stored in parts.
    Parts,
    /// An operator's command is accepted.
    CommandAccepted,
    /// An operator's command is rejected.
    CommandRejected,
    /// A dead letter is sent again.
    Redrive,
}

impl CoveragePoint {
    /// All coverage points.
    pub fn all() -> Vec<Self> {
        let others = [
            Self::CrashAtCall,
            Self::Kill,
            Self::Stop,
            Self::LostDisk,
            Self::OldDisk,
            Self::Zombie,
            Self::ZombieInTurn,
            Self::RebalanceInTransaction,
            Self::RequestLost,
            Self::AnswerLost,
            Self::MarkersLate,
            Self::MarkersAfterAnswer,
            Self::OffsetsFirst,
            Self::Transient,
            Self::FetchFailed,
            Self::Unreachable,
            Self::Outage,
            Self::ClockForward,
            Self::ClockBack,
            Self::SlowRestore,
            Self::StalledSink,
            Self::SubmitAnswerLost,
            Self::SubmitLost,
            Self::Busy,
            Self::Expired,
            Self::Inherited,
            Self::Duplicate,
            Self::Poison,
            Self::PartitionsAdded,
            Self::DirectHandover,
            Self::Inbox,
            Self::Parts,
            Self::CommandAccepted,
            Self::CommandRejected,
            Self::Redrive,
        ];
        FaultPoint::ALL.into_iter().map(Self::CrashAtPoint).chain(others).collect()
    }
}

impl fmt::Display for CoveragePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::CrashAtPoint(point) => return write!(f, "crash at `{point}`"),
            Self::CrashAtCall => "crash at a call to the broker",
            Self::Kill => "kill -9 between two turns",
            Self::Stop => "orderly stop",
            Self::LostDisk => "disk lost",
            Self::OldDisk => "disk from a backup",
            Self::Zombie => "zombie that resumes",
            Self::ZombieInTurn => "zombie in the middle of a turn",
            Self::RebalanceInTransaction => "rebalance in a transaction",
            Self::RequestLost => "time-out, not executed",
            Self::AnswerLost => "time-out, executed",
            Self::MarkersLate => "time-out, markers late",
            Self::MarkersAfterAnswer => "markers after the answer",
            Self::OffsetsFirst => "offsets stable before the records",
            Self::Transient => "transient broker error",
            Self::FetchFailed => "fetch of a partition fails",
            Self::Unreachable => "broker unreachable",
            Self::Outage => "outage",
            Self::ClockForward => "wall clock set forward",
            Self::ClockBack => "wall clock set back",
            Self::SlowRestore => "slow restore",
            Self::StalledSink => "sink stalled",
            Self::SubmitAnswerLost => "submit executed, answer lost",
            Self::SubmitLost => "submit lost",
            Self::Busy => "sink busy",
            Self::Expired => "act expired before it was sent",
            Self::Inherited => "act inherited",
            Self::Duplicate => "event written twice",
            Self::Poison => "poison record",
            Self::PartitionsAdded => "source partitions added",
            Self::DirectHandover => "event handed over directly",
            Self::Inbox => "event through the inbox",
            Self::Parts => "bundle in parts",
            Self::CommandAccepted => "command accepted",
            Self::CommandRejected => "command rejected",
            Self::Redrive => "dead letter sent again",
        };
        f.write_str(text)
    }
}

/// The number of occurrences of each coverage point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<CoveragePoint, u64>);

impl Coverage {
    /// Counts an occurrence.
    pub fn count(&mut self, point: CoveragePoint) {
        *self.0.entry(point).or_default() += 1;
    }

    /// The number of occurrences.
    pub fn of(&self, point: CoveragePoint) -> u64 {
        self.0.get(&point).copied().unwrap_or(0)
    }

    /// Adds the occurrences of another run.
    pub fn add(&mut self, other: &Self) {
        for (point, count) in &other.0 {
            *self.0.entry(*point).or_default() += count;
        }
    }

    /// The coverage points without an occurrence.
    pub fn missing(&self) -> Vec<CoveragePoint> {
        CoveragePoint::all().into_iter().filter(|point| self.of(*point) == 0).collect()
    }
}
