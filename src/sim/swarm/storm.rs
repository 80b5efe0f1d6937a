//! Which calls of which instance fail, and at which points one ends.

use std::collections::BTreeMap;

use super::kind::{Kind, Tally};
use super::plan::Plan;
use crate::broker::memory::{Call, FaultKind, Operation};
use crate::runtime::Point;

/// How much more often than another call a commit fails: whatever happens there matters most.
const COMMITS: u32 = 10;

/// Strikes instances by chance, and counts.
#[derive(Debug)]
pub(super) struct Storm {
    rng: fastrand::Rng,
    calls: Vec<(FaultKind, u32)>,
    points: Vec<(Point, u32)>,
    /// False before the beginning and after the end.
    pub(super) rages: bool,
    /// Where each instance was last.
    last: BTreeMap<String, Point>,
    pub(super) met: Tally,
    /// What has been struck since it was last told.
    pub(super) told: Vec<String>,
}

impl Storm {
    pub(super) fn new(plan: &Plan, rng: fastrand::Rng) -> Self {
        Self {
            rng,
            calls: plan.calls.clone(),
            points: plan.points.clone(),
            rages: false,
            last: BTreeMap::new(),
            met: Tally::default(),
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
            FaultKind::LateMarkers => Kind::MarkersAfterAnswer,
            FaultKind::ScatteredMarkers => Kind::OffsetsFirst,
            FaultKind::TimeoutBefore => Kind::RequestLost,
            FaultKind::TimeoutAfter => Kind::AnswerLost,
            FaultKind::TimeoutPrepared => Kind::MarkersLate,
            FaultKind::Transient if call.operation == Operation::Fetch => Kind::FetchFailed,
            FaultKind::Transient => Kind::Transient,
            FaultKind::Unreachable => Kind::Unreachable,
            FaultKind::CrashBefore | FaultKind::CrashAfter => Kind::CrashAtCall,
        });
        self.told.push(format!("{}: {} fails: {kind:?}", call.process, call.operation.as_str()));
        Some(kind)
    }

    /// Judges a visit of a point; true ends the process.
    pub(super) fn on_point(&mut self, name: &str, point: Point) -> bool {
        let last = self.last.insert(name.to_owned(), point);
        if !self.rages {
            return false;
        }
        if point == Point::Revoked && matches!(last, Some(Point::Stored | Point::HandedOver)) {
            self.met.count(Kind::RebalanceInTransaction);
        }
        let odds = self.points.iter().find(|(other, _)| *other == point).map_or(0, |(_, odds)| *odds);
        if self.rng.u32(0..10_000) >= odds {
            return false;
        }
        self.met.count(Kind::CrashAtPoint(point));
        self.told.push(format!("{name}: ends at `{point}`"));
        true
    }
}
