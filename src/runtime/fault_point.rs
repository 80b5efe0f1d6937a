//! Named moments between the duties, at which somebody outside may look on: the simulator ends a process there, and so
//! does `SHEAF_FAULT_POINT`.

use std::fmt;
use std::str::FromStr;

/// A moment between two duties. What a crash there leaves behind stands at each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultPoint {
    /// This start stands in the instances topic, and has not joined the group yet.
    Announced,
    /// Partitions have been assigned; their offsets are not known yet.
    Assigned,
    /// The committed offsets are known, reading has begun, the tasks are with the restorer.
    OffsetsRead,
    /// A restore has applied a batch and is not at its end: the store is a part of what the changelog says.
    RestoreBatch,
    /// A store is at its changelog's end; its task does not run yet.
    Restored,
    /// Duty 1: records have been fetched; nothing has been done with them.
    Fetched,
    /// Duties 2 and 3: an input has been stepped on; nothing has been produced.
    Stepped,
    /// A transaction has begun, for the client only: the broker does not know of it.
    Begun,
    /// Duty 4: the burst is with the client; some of it may be in the log.
    Produced,
    /// Duty 5: the burst is in the log, and the transaction is open.
    Drained,
    /// Duty 6: the offsets are part of the open transaction.
    OffsetsSent,
    /// Duty 7: committed; no task knows it.
    Committed,
    /// Duty 8 for one task: it knows of the commit, and its store may; another task does not.
    Applied,
    /// Duty 8: every task knows of the commit; no act has been handed over.
    Stored,
    /// Duty 9: an act is with the sink, which has not answered.
    HandedOver,
    /// Partitions are to be given up: what was done with them is committed, the group has no answer yet.
    Revoked,
    /// The outcome of a transaction is not known; what was not committed for certain has been dropped.
    Recovering,
}

impl FaultPoint {
    /// All of them, in the order in which an instance comes by.
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
            format!("`{text}` is no fault point; there are: {all}")
        })
    }
}

/// Who looks on. It is called on the thread whose duty it is, which goes on when the call returns.
pub trait FaultObserver: Send + Sync + fmt::Debug {
    /// The thread is there.
    fn reached(&self, point: FaultPoint);
}

/// Nobody looks on.
#[derive(Clone, Copy, Debug)]
pub struct NoObserver;

impl FaultObserver for NoObserver {
    fn reached(&self, _point: FaultPoint) {}
}
