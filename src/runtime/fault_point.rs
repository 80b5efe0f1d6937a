//! Fault points: named moments between the duties of a thread. An observer can end the process there: the simulator
//! does, and `SHEAF_FAULT_POINT`.

use std::fmt;
use std::str::FromStr;

/// A moment between two duties, with the state that a crash leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultPoint {
    /// This incarnation is in the instances topic, and has not joined the group yet.
    Announced,
    /// Partitions are assigned; their committed offsets are not known yet.
    Assigned,
    /// The committed offsets are known, fetching has started, the tasks are with the restorer.
    OffsetsRead,
    /// A restore has applied a batch and is not at its end: the store is incomplete.
    RestoreBatch,
    /// A store is restored; its task is not running yet.
    Restored,
    /// Duty 1: records have been fetched and not been processed.
    Fetched,
    /// Duties 2 and 3: an input has been processed; nothing has been produced.
    Stepped,
    /// A transaction has begun in the client; the broker does not know it yet.
    Begun,
    /// Duty 4: the records are in the client; some may be in the log.
    Produced,
    /// Duty 5: the records are in the log, and the transaction is open.
    Drained,
    /// Duty 6: the offsets are part of the open transaction.
    OffsetsSent,
    /// Duty 7: the transaction is committed; no task has applied it.
    Committed,
    /// Duty 8: one task has applied the commit, perhaps to its store; others have not.
    Applied,
    /// Duty 8: all tasks have applied the commit; no act has been handed to the sink.
    Stored,
    /// Duty 9: an act is with the sink, without an outcome.
    HandedOver,
    /// Partitions are revoked: their work is committed, the group has no answer yet.
    Revoked,
    /// The outcome of a transaction is unknown; uncertain state has been dropped.
    Recovering,
}

impl FaultPoint {
    /// All fault points, in the order of an instance's life.
    pub const ALL: [Self; 17] = [
        Self::Announced,
        Self::Assigned,
        Self::OffsetsRead,
        Self::RestoreBatch,
        Self::Restored,
        Self::Fetched,
        Self::Stepped,
        Self::Begun,
        Self::Produced,
        Self::Drained,
        Self::OffsetsSent,
        Self::Committed,
        Self::Applied,
        Self::Stored,
        Self::HandedOver,
        Self::Revoked,
        Self::Recovering,
    ];

    /// Its name, as `SHEAF_FAULT_POINT` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Assigned => "assigned",
            Self::OffsetsRead => "offsets-read",
            Self::RestoreBatch => "restore-batch",
            Self::Restored => "restored",
            Self::Fetched => "fetched",
            Self::Stepped => "stepped",
            Self::Begun => "begun",
            Self::Produced => "produced",
            Self::Drained => "drained",
            Self::OffsetsSent => "offsets-sent",
            Self::Committed => "committed",
            Self::Applied => "applied",
            Self::Stored => "stored",
            Self::HandedOver => "handed-over",
            Self::Revoked => "revoked",
            Self::Recovering => "recovering",
        }
    }
}

impl fmt::Display for FaultPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FaultPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|point| point.as_str() == text).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is not a fault point; there are: {all}")
        })
    }
}

/// An observer of fault points. It is called on the thread of the duty, which continues when the call returns.
pub trait FaultObserver: Send + Sync + fmt::Debug {
    /// The thread has reached this point.
    fn reached(&self, point: FaultPoint);
}

/// The observer that does nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoObserver;

impl FaultObserver for NoObserver {
    fn reached(&self, _point: FaultPoint) {}
}
