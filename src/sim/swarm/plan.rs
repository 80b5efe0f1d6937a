//! What a run draws from its seed before it begins: how much of everything, and which trouble how often.

use std::time::Duration;

use crate::broker::memory::{FaultKind, Protocol};
use crate::runtime::{FaultPoint, Guarantee};

/// The draw of one run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub guarantee: Guarantee,
    pub instances: usize,
    pub threads: usize,
    pub partitions: i32,
    pub standbys: usize,
    /// Whether events may skip their inbox.
    pub direct: bool,
    pub protocol: Protocol,
    pub fetch_max: usize,
    pub inputs_max: usize,
    pub bundles: u32,
    /// How long a decided transaction stays without its markers.
    pub marker_delay: Duration,
    /// How long what is committed may be in memory and in the changelog alone.
    pub write_behind: Duration,
    /// After how long without a poll a member is expelled.
    pub session_timeout: Duration,
    /// How long a transaction may be open.
    pub transaction_timeout: Duration,
    /// Of a thousand calls to the broker, how many fail in which way.
    pub calls: Vec<(FaultKind, u32)>,
    /// Of ten thousand visits, how many end the process at which point.
    pub points: Vec<(FaultPoint, u32)>,
    pub odds: Odds,
}

/// Of a thousand steps, in how many it happens; and of a thousand acts.
#[derive(Clone, Debug)]
pub(super) struct Odds {
    pub kill: u32,
    pub stop: u32,
    pub lost_disk: u32,
    pub old_disk: u32,
    pub zombie: u32,
    pub outage: u32,
    pub clock: u32,
    pub slow_restore: u32,
    pub stuck_sink: u32,
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

impl Plan {
    /// The same for a runtime that may do things twice. Nobody stands still: who wakes up inside a batch writes over
    /// newer state, and that is what transactions are for.
    pub(super) fn draw_at_least_once(rng: &mut fastrand::Rng) -> Self {
        let mut plan = Self::draw(rng);
        plan.guarantee = Guarantee::AtLeastOnce;
        plan.odds.zombie = 0;
        plan
    }

    /// Draws. Each kind of trouble is off in almost half of the runs, so that none hides another for good.
    pub(super) fn draw(rng: &mut fastrand::Rng) -> Self {
        let mut some = |max: u32| if rng.u8(0..100) < 45 { 0 } else { rng.u32(1..=max) };
        let calls = CALLS.map(|kind| (kind, some(oddity(kind)))).to_vec();
        let points = FaultPoint::ALL.map(|point| (point, some(rarity(point)))).to_vec();
        let odds = Odds {
            kill: some(30),
            stop: some(30),
            lost_disk: some(500),
            old_disk: some(500),
            zombie: some(60),
            outage: some(20),
            clock: some(20),
            slow_restore: some(40),
            stuck_sink: some(20),
            partitions: some(10),
            duplicate: some(200),
            poison: some(50),
            answer_lost: some(300),
            submit_lost: some(200),
            busy: some(300),
        };
        Self {
            guarantee: Guarantee::ExactlyOnce,
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
            calls,
            points,
            odds,
            write_behind: Duration::from_millis(if rng.u8(0..3) > 0 { rng.u64(1..5_000) } else { 0 }),
        }
    }
}

/// Of a thousand calls, how many fail in this way at most. Markers that come one by one are told from others only by who
/// takes a task over just then.
fn oddity(kind: FaultKind) -> u32 {
    if kind == FaultKind::ScatteredMarkers { 60 } else { 8 }
}

/// Points that are seldom come by end the process more often.
fn rarity(point: FaultPoint) -> u32 {
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
