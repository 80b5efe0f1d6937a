//! Fault injection: which calls to the broker fail, and at which fault points an instance crashes.

use std::collections::BTreeMap;

use super::coverage::{Coverage, CoveragePoint};
use super::plan::Plan;
use crate::broker::memory::{Call, FaultKind, Operation};
use crate::runtime::FaultPoint;

/// How many times more often a commit fails than another call: failures there have the most consequences.
const COMMIT_WEIGHT: u32 = 10;

/// Injects faults with the probabilities of the plan, and counts them.
#[derive(Debug)]
pub(super) struct Faults {
    rng: fastrand::Rng,
    calls: Vec<(FaultKind, u32)>,
    points: Vec<(FaultPoint, u32)>,
    /// True while faults are injected.
    pub(super) enabled: bool,
    /// The last fault point of each instance.
    last_points: BTreeMap<String, FaultPoint>,
    pub(super) coverage: Coverage,
    /// The log lines of faults, until the run takes them.
    pub(super) log: Vec<String>,
}

impl Faults {
    pub(super) fn new(plan: &Plan, rng: fastrand::Rng) -> Self {
        Self {
            rng,
            calls: plan.calls.clone(),
            points: plan.points.clone(),
            enabled: false,
            last_points: BTreeMap::new(),
            coverage: Coverage::default(),
            log: Vec::new(),
        }
    }

    /// The fault of a call to the broker; `None`: it succeeds.
    pub(super) fn on_call(&mut self, call: &Call<'_>, is_instance: bool) -> Option<FaultKind> {
        if !self.enabled || !is_instance {
            return None;
        }
        let rng = &mut self.rng;
        let weight = if call.operation == Operation::Commit { COMMIT_WEIGHT } else { 1 };
        let (kind, _) = *self.calls.iter().find(|(_, per_mille)| rng.u32(0..1_000) < *per_mille * weight)?;
        if matches!(kind, FaultKind::LateMarkers | FaultKind::ScatteredMarkers) && call.operation != Operation::Commit {
            return None;
        }
        self.coverage.count(match kind {
            FaultKind::LateMarkers => CoveragePoint::MarkersAfterAnswer,
            FaultKind::ScatteredMarkers => CoveragePoint::OffsetsFirst,
            FaultKind::TimeoutBefore => CoveragePoint::RequestLost,
            FaultKind::TimeoutAfter => CoveragePoint::AnswerLost,
            FaultKind::TimeoutPrepared => CoveragePoint::MarkersLate,
            FaultKind::Transient if call.operation == Operation::Fetch => CoveragePoint::FetchFailed,
            FaultKind::Transient => CoveragePoint::Transient,
            FaultKind::Unreachable => CoveragePoint::Unreachable,
            FaultKind::CrashBefore | FaultKind::CrashAfter => CoveragePoint::CrashAtCall,
        });
        self.log.push(format!("{}: {} fails: {kind:?}", call.process, call.operation.as_str()));
        Some(kind)
    }

    /// True if the process crashes at the fault point that it has reached.
    pub(super) fn on_point(&mut self, name: &str, point: FaultPoint) -> bool {
        let last = self.last_points.insert(name.to_owned(), point);
        if !self.enabled {
            return false;
        }
        if point == FaultPoint::Revoked && matches!(last, Some(FaultPoint::Stored | FaultPoint::HandedOver)) {
            self.coverage.count(CoveragePoint::RebalanceInTransaction);
        }
        let probabilities =
            self.points.iter().find(|(other, _)| *other == point).map_or(0, |(_, probabilities)| *probabilities);
        if self.rng.u32(0..10_000) >= probabilities {
            return false;
        }
        self.coverage.count(CoveragePoint::CrashAtPoint(point));
        self.log.push(format!("{name}: crashes at `{point}`"));
        true
    }
}
