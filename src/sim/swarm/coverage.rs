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
    /// A flow is completed.
    FlowCompleted,
    /// A flow fails by a step.
    FlowFailed,
    /// A flow is cancelled by a command.
    FlowCancelled,
    /// A flow that has ended is opened again.
    FlowReopened,
    /// A step is held.
    StepHeld,
    /// A step has no answer in time.
    StepLate,
    /// A call of a flow is answered.
    CallAnswered,
    /// A command to a flow is accepted.
    CommandToFlow,
    /// A message to a flow is rejected.
    MessageRejected,
    /// An answer is repeated.
    AnswerRepeated,
    /// An answer is of a former attempt.
    AnswerStale,
    /// An answer comes after the trouble that is handled.
    AnswerTooLate,
    /// An answer comes after the end.
    AnswerAfterEnd,
    /// A start is repeated.
    StartRepeated,
}

/// The coverage points of flows, with the counts and alerts of the history by which they are known.
const FLOW_EVENTS: [(CoveragePoint, &str); 14] = [
    (CoveragePoint::FlowCompleted, "flows_total completed"),
    (CoveragePoint::FlowFailed, "flows_total failed"),
    (CoveragePoint::FlowCancelled, "flows_total cancelled"),
    (CoveragePoint::FlowReopened, "flows_total reopened"),
    (CoveragePoint::StepHeld, "flow_held"),
    (CoveragePoint::StepLate, "deadline"),
    (CoveragePoint::CallAnswered, "answered"),
    (CoveragePoint::CommandToFlow, "command"),
    (CoveragePoint::MessageRejected, "rejected"),
    (CoveragePoint::AnswerRepeated, "flow_messages_ignored_total repeated"),
    (CoveragePoint::AnswerStale, "flow_messages_ignored_total former_attempt"),
    (CoveragePoint::AnswerTooLate, "flow_messages_ignored_total too_late"),
    (CoveragePoint::AnswerAfterEnd, "flow_messages_ignored_total flow_ended"),
    (CoveragePoint::StartRepeated, "flow_messages_ignored_total already_started"),
];

impl CoveragePoint {
    /// The coverage points of flows alone.
    pub fn of_flows() -> Vec<Self> {
        FLOW_EVENTS.iter().map(|(point, _)| *point).collect()
    }

    /// The event by which the oracle of flows names it; empty for a point that is no path of flows.
    pub(super) fn event(self) -> &'static str {
        FLOW_EVENTS.iter().find(|(point, _)| *point == self).map_or("", |(_, event)| *event)
    }

    /// All coverage points of bundles and deliveries.
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
            Self::FlowCompleted => "flow completed",
            Self::FlowFailed => "flow failed",
            Self::FlowCancelled => "flow cancelled",
            Self::FlowReopened => "flow opened again",
            Self::StepHeld => "step held",
            Self::StepLate => "answers late",
            Self::CallAnswered => "call of a flow answered",
            Self::CommandToFlow => "command to a flow accepted",
            Self::MessageRejected => "message to a flow rejected",
            Self::AnswerRepeated => "answer repeated",
            Self::AnswerStale => "answer of a former attempt",
            Self::AnswerTooLate => "answer too late",
            Self::AnswerAfterEnd => "answer after the end",
            Self::StartRepeated => "start repeated",
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

    /// Counts occurrences.
    pub(super) fn count_many(&mut self, point: CoveragePoint, times: u64) {
        *self.0.entry(point).or_default() += times;
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
