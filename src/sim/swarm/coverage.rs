//! The kinds of trouble that a run may meet, and how often each was met.

use std::collections::BTreeMap;
use std::fmt;

use crate::runtime::FaultPoint;

/// A kind of trouble. A run draws which of them it meets, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// A process ends at a point between two duties.
    CrashAtPoint(FaultPoint),
    /// A process ends before or after a call to the broker.
    CrashAtCall,
    /// A process ends between two turns.
    Kill,
    /// A process is stopped in order and started again.
    Stop,
    /// The disk of a task is gone after a crash.
    LostDisk,
    /// The disk of a task is as it was some time ago: a backup was put in its place.
    OldDisk,
    /// A process stands still for longer than its session lasts, and wakes up.
    Zombie,
    /// The same, between two duties of one turn.
    ZombieInTurn,
    /// Partitions are revoked while a transaction is being gathered.
    RebalanceInTransaction,
    /// A call to the broker times out and was not executed.
    RequestLost,
    /// A call to the broker times out and was executed.
    AnswerLost,
    /// The answer to a commit is lost after the decision and before its markers.
    MarkersLate,
    /// A commit is answered, and its markers take their time.
    MarkersAfterAnswer,
    /// The same, but the offsets are stable at once.
    OffsetsFirst,
    /// A call to the broker fails with an error that passes.
    Transient,
    /// A fetch of a partition is answered with an error.
    FetchFailed,
    /// A call to the broker finds nobody.
    Unreachable,
    /// No broker can be reached for a while.
    Outage,
    /// The wall clock is set forward.
    ClockForward,
    /// The wall clock is set back.
    ClockBack,
    /// A restore does not get on for a while.
    SlowRestore,
    /// The sink answers nothing for a while.
    StuckSink,
    /// A submit is executed and its answer is lost.
    SubmitAnswerLost,
    /// A submit is lost on its way.
    SubmitLost,
    /// The other side says that it is busy.
    Busy,
    /// An act has expired before it was sent.
    Expired,
    /// An act that an earlier owner began is found in the state.
    Inherited,
    /// An event is written twice.
    Duplicate,
    /// A record that is no event.
    Poison,
    /// A source gets more partitions.
    PartitionsAdded,
    /// An event is stepped on without its inbox.
    Direct,
    /// An event goes through its inbox.
    Detour,
    /// A bundle is stored in parts.
    Parts,
}

impl Trouble {
    /// All of them.
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
            Self::StuckSink,
            Self::SubmitAnswerLost,
            Self::SubmitLost,
            Self::Busy,
            Self::Expired,
            Self::Inherited,
            Self::Duplicate,
            Self::Poison,
            Self::PartitionsAdded,
            Self::Direct,
            Self::Detour,
            Self::Parts,
        ];
        FaultPoint::ALL.into_iter().map(Self::CrashAtPoint).chain(others).collect()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::CrashAtPoint(point) => return write!(f, "crash at `{point}`"),
            Self::CrashAtCall => "crash at a call to the broker",
            Self::Kill => "kill -9 between two turns",
            Self::Stop => "orderly stop",
            Self::LostDisk => "disk lost",
            Self::OldDisk => "disk from a backup",
            Self::Zombie => "zombie that wakes up",
            Self::ZombieInTurn => "zombie in the middle of a turn",
            Self::RebalanceInTransaction => "rebalance in a transaction",
            Self::RequestLost => "time-out, not executed",
            Self::AnswerLost => "time-out, executed",
            Self::MarkersLate => "time-out, markers late",
            Self::MarkersAfterAnswer => "markers after the answer",
            Self::OffsetsFirst => "offsets stable before the records",
            Self::Transient => "passing broker error",
            Self::FetchFailed => "fetch of a partition fails",
            Self::Unreachable => "broker not reached",
            Self::Outage => "outage",
            Self::ClockForward => "wall clock set forward",
            Self::ClockBack => "wall clock set back",
            Self::SlowRestore => "slow restore",
            Self::StuckSink => "sink stuck",
            Self::SubmitAnswerLost => "submit executed, answer lost",
            Self::SubmitLost => "submit lost",
            Self::Busy => "sink busy",
            Self::Expired => "act expired unsent",
            Self::Inherited => "act inherited",
            Self::Duplicate => "event written twice",
            Self::Poison => "poison record",
            Self::PartitionsAdded => "source partitions added",
            Self::Direct => "event without its inbox",
            Self::Detour => "event through its inbox",
            Self::Parts => "bundle in parts",
        };
        f.write_str(text)
    }
}

/// How often each kind was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<Trouble, u64>);

impl Coverage {
    /// Once more.
    pub fn count(&mut self, kind: Trouble) {
        *self.0.entry(kind).or_default() += 1;
    }

    /// How often.
    pub fn of(&self, kind: Trouble) -> u64 {
        self.0.get(&kind).copied().unwrap_or(0)
    }

    /// Another run's besides.
    pub fn add(&mut self, other: &Self) {
        for (kind, times) in &other.0 {
            *self.0.entry(*kind).or_default() += times;
        }
    }

    /// The kinds that were never met.
    pub fn missing(&self) -> Vec<Trouble> {
        Trouble::all().into_iter().filter(|kind| self.of(*kind) == 0).collect()
    }
}
