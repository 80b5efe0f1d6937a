//! Which calls of which instance fail, and at which points one ends.

use std::collections::BTreeMap;

use super::coverage::{Coverage, Trouble};
use super::plan::Plan;
use crate::broker::memory::{Call, FaultKind, Operation};
use crate::runtime::FaultPoint;

/// How much more often than another call a commit fails: whatever happens there matters most.
const COMMITS: u32 = 10;

/// Strikes instances by chance, and counts.
#[derive(Debug)]
pub(super) struct Faults {
    rng: fastrand::Rng,
    calls: Vec<(FaultKind, u32)>,
    points: Vec<(FaultPoint, u32)>,
    /// False before the beginning and after the end.
    pub(super) rages: bool,
    /// Where each instance was last.
    last: BTreeMap<String, FaultPoint>,
    pub(super) met: Coverage,
    /// What has been struck since it was last told.
    pub(super) told: Vec<String>,
}

impl Faults {
    pub(super) fn new(plan: &Plan, rng: fastrand::Rng) -> Self {
        Self {
            rng,
            calls: plan.calls.clone(),
            points: plan.points.clone(),
            rages: false,
            last: BTreeMap::new(),
            met: Coverage::default(),
            told: Vec::new(),
        }
    }

    /// Judges a call to the broker.
    pub(super) fn on_call(&mut self, call: &Call<'_>, is_instance: bool) -> Option<FaultKind> {
        if !self.rages || !is_instance {
            return None;
        }
        let rng = &mut self.rng;
        let weight = if call.operation == Operation::Commit { COMMITS } else { 1 };
        let (kind, _) = *self.calls.iter().find(|(_, per_mille)| rng.u32(0..1_000) < *per_mille * weight)?;
        if matches!(kind, FaultKind::LateMarkers | FaultKind::ScatteredMarkers) && call.operation != Operation::Commit {
            return None;
        }
        self.met.count(match kind {
            FaultKind::LateMarkers => Trouble::MarkersAfterAnswer,
            FaultKind::ScatteredMarkers => Trouble::OffsetsFirst,
            FaultKind::TimeoutBefore => Trouble::RequestLost,
            FaultKind::TimeoutAfter => Trouble::AnswerLost,
            FaultKind::TimeoutPrepared => Trouble::MarkersLate,
            FaultKind::Transient if call.operation == Operation::Fetch => Trouble::FetchFailed,
            FaultKind::Transient => Trouble::Transient,
            FaultKind::Unreachable => Trouble::Unreachable,
            FaultKind::CrashBefore | FaultKind::CrashAfter => Trouble::CrashAtCall,
        });
        self.told.push(format!("{}: {} fails: {kind:?}", call.process, call.operation.as_str()));
        Some(kind)
    }

    /// Judges a visit of a point; true ends the process.
    pub(super) fn on_point(&mut self, name: &str, point: FaultPoint) -> bool {
        let last = self.last.insert(name.to_owned(), point);
        if !self.rages {
            return false;
        }
        if point == FaultPoint::Revoked && matches!(last, Some(FaultPoint::Stored | FaultPoint::HandedOver)) {
            self.met.count(Trouble::RebalanceInTransaction);
        }
        let odds = self.points.iter().find(|(other, _)| *other == point).map_or(0, |(_, odds)| *odds);
        if self.rng.u32(0..10_000) >= odds {
            return false;
        }
        self.met.count(Trouble::CrashAtPoint(point));
        self.told.push(format!("{name}: ends at `{point}`"));
        true
    }
}
