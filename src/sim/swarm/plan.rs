//! The plan of a run, drawn from its seed: sizes, time-outs, and the probabilities of faults.

use std::time::Duration;

use super::flows::Flow;
use crate::broker::memory::{FaultKind, Protocol};
use crate::config::ProcessingGuarantee;
use crate::processor::flow;
use crate::runtime::FaultPoint;

/// The plan of a run.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
pub(super) struct Plan {
    pub guarantee: ProcessingGuarantee,
    pub instances: usize,
    /// Stream threads per instance.
    pub threads: usize,
    pub partitions: i32,
    /// Standby replicas per task.
    pub standbys: usize,
    /// True if events may be handed over directly, without the inbox.
    pub direct: bool,
    pub protocol: Protocol,
    /// The most records of one fetch.
    pub fetch_max: usize,
    /// The most inputs of one transaction.
    pub inputs_max: usize,
    pub bundles: u32,
    /// The time from the first event of a bundle to its deadline.
    pub sla: Duration,
    /// True if each step is recorded in the history.
    pub history: bool,
    /// The flows of the run, and a mutation of their rules; `None`: it has bundles and deliveries.
    pub flows: Option<(Flow, Option<flow::Mutation>)>,
    /// True if the run has threads of a script.
    pub scripts: bool,
    /// True if operators send commands, and dead letters are kept.
    pub commands: bool,
    /// The time between the commit of a transaction and its markers, for faults that delay them.
    pub marker_delay: Duration,
    /// The longest time that committed entries stay dirty.
    pub write_behind: Duration,
    /// The session time-out of group members.
    pub session_timeout: Duration,
    /// The transaction time-out.
    pub transaction_timeout: Duration,
    /// The probability of each fault of a call to the broker, per 1,000 calls.
    pub calls: Vec<(FaultKind, u32)>,
    /// The probability of a crash at each fault point, per 10,000 visits.
    pub points: Vec<(FaultPoint, u32)>,
    pub probabilities: Probabilities,
}

/// What a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bundles and their deliveries.
    Bundles,
    /// The same, with a history.
    BundlesWithHistory,
    /// Flows, with a history, and with a mutation of their rules if one is given.
    Flows(Option<flow::Mutation>),
    /// Threads of a script.
    #[cfg(feature = "script")]
    Scripts,
}

/// Probabilities of faults, per 1,000 steps or acts; those of the disk per 1,000 crashes.
#[derive(Clone, Debug)]
pub(super) struct Probabilities {
    pub kill: u32,
    pub stop: u32,
    pub lost_disk: u32,
    pub old_disk: u32,
    pub zombie: u32,
    pub outage: u32,
    pub clock: u32,
    pub slow_restore: u32,
    pub stalled_sink: u32,
    pub partitions: u32,
    pub duplicate: u32,
    pub poison: u32,
    pub answer_lost: u32,
    pub submit_lost: u32,
    pub busy: u32,
}

const CALLS: [FaultKind; 9] = [
    FaultKind::TimeoutBefore,
    FaultKind::TimeoutAfter,
    FaultKind::TimeoutPrepared,
    FaultKind::LateMarkers,
    FaultKind::ScatteredMarkers,
    FaultKind::Transient,
    FaultKind::Unreachable,
    FaultKind::CrashBefore,
    FaultKind::CrashAfter,
];

/// That of the example topology.
const SLA: Duration = Duration::from_hours(24);

impl Plan {
    /// Draws the plan of a run without transactions. No instance is paused: one that resumes within a batch overwrites newer
    /// state, which only transactions prevent.
    pub(super) fn draw_at_least_once(rng: &mut fastrand::Rng) -> Self {
        let mut plan = Self::draw(rng);
        plan.guarantee = ProcessingGuarantee::AtLeastOnce;
        plan.probabilities.zombie = 0;
        plan
    }

    /// The plan with deadlines that lie in the outages, for every other seed. The clock is not set: the oracle goes by the times at
    /// which events were written.
    pub(super) fn with_deadlines(mut self, seed: u64) -> Self {
        if seed % 2 == 1 {
            self.sla = Duration::from_secs(5 + seed / 2 % 120);
            self.probabilities.clock = 0;
        }
        self
    }

    /// Draws the plan of a run. Each fault is off in almost half of the runs, so that no fault always masks another.
    pub(super) fn draw(rng: &mut fastrand::Rng) -> Self {
        let mut some = |max: u32| if rng.u8(0..100) < 45 { 0 } else { rng.u32(1..=max) };
        let calls = CALLS.map(|kind| (kind, some(fault_per_mille_max(kind)))).to_vec();
        let points = FaultPoint::ALL.map(|point| (point, some(crash_per_10_000_max(point)))).to_vec();
        let probabilities = Probabilities {
            kill: some(30),
            stop: some(30),
            lost_disk: some(500),
            old_disk: some(500),
            zombie: some(60),
            outage: some(20),
            clock: some(20),
            slow_restore: some(40),
            stalled_sink: some(20),
            partitions: some(10),
            duplicate: some(200),
            poison: some(50),
            answer_lost: some(300),
            submit_lost: some(200),
            busy: some(300),
        };
        Self {
            guarantee: ProcessingGuarantee::ExactlyOnce,
            instances: rng.usize(1..=4),
            threads: rng.usize(1..=2),
            partitions: rng.i32(1..=4),
            standbys: 0,
            direct: rng.u8(0..3) > 0,
            protocol: if rng.bool() { Protocol::Cooperative } else { Protocol::Eager },
            fetch_max: rng.usize(1..20),
            inputs_max: rng.usize(1..40),
            bundles: rng.u32(4..24),
            session_timeout: Duration::from_secs(rng.u64(6..45)),
            transaction_timeout: Duration::from_secs(rng.u64(10..100)),
            marker_delay: Duration::from_millis(rng.u64(200..40_000)),
            sla: SLA,
            history: false,
            flows: None,
            scripts: false,
            commands: false,
            calls,
            points,
            probabilities,
            write_behind: Duration::from_millis(if rng.u8(0..3) > 0 { rng.u64(1..5_000) } else { 0 }),
        }
    }
}

/// The highest probability of a fault, per 1,000 calls. Scattered markers only matter during a take-over, so they are more
/// frequent.
fn fault_per_mille_max(kind: FaultKind) -> u32 {
    if kind == FaultKind::ScatteredMarkers { 60 } else { 8 }
}

/// The highest probability of a crash, per 10,000 visits; higher for fault points that are reached seldom.
fn crash_per_10_000_max(point: FaultPoint) -> u32 {
    match point {
        FaultPoint::Fetched | FaultPoint::Stepped => 60,
        FaultPoint::Begun
        | FaultPoint::Produced
        | FaultPoint::Drained
        | FaultPoint::OffsetsSent
        | FaultPoint::Committed
        | FaultPoint::Applied
        | FaultPoint::Stored => 200,
        FaultPoint::Announced
        | FaultPoint::Assigned
        | FaultPoint::OffsetsRead
        | FaultPoint::Restored
        | FaultPoint::HandedOver => 400,
        FaultPoint::RestoreBatch | FaultPoint::Revoked | FaultPoint::Recovering => 1_500,
    }
}
