//! One standby.

use crate::model::Timestamp;
use crate::runtime::changelog::batch::{Batching, Read, Step};
use crate::runtime::changelog::replay::Replay;
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::fault_point::FaultPoint;

/// A store that follows its changelog.
pub(super) struct Standby {
    pub(super) replay: Replay,
    /// The changelog's end when it was measured last, and when that was.
    pub(super) measured: Option<(i64, Timestamp)>,
    /// When it was last known to have all that there was.
    pub(super) current_at: Option<Timestamp>,
}

impl Standby {
    /// Takes records of the changelog, as one of so many standbys.
    pub(super) fn advance(&mut self, read: Read, standbys: usize, context: &Context, now: Timestamp) -> Result<Step> {
        // While it catches up it is a restore; then it is kept as a task's own store is.
        let is_current = self.current_at.is_some();
        let batching = if is_current { Batching::AtOnce } else { Batching::Load { replays: standbys } };
        let (step, applied) = self.replay.advance(read, now, batching)?;
        if applied > 0 {
            context.metrics.standby_applied(self.replay.task(), applied);
            context.metrics.standby_lag(self.replay.task(), self.lag());
            context.fault_observer.reached(FaultPoint::RestoreBatch);
        }
        self.judge();
        Ok(step)
    }

    /// Notes whether it has all that there was when its changelog's end was measured.
    pub(super) fn judge(&mut self) {
        if let Some((end, at)) = self.measured
            && self.replay.is_verified()
            && self.replay.is_applied()
            && self.replay.next() >= end
        {
            self.current_at = Some(at);
        }
    }

    /// How many offsets were missing when the end was measured last.
    pub(super) fn lag(&self) -> u64 {
        let (end, _) = self.measured.unwrap_or_default();
        u64::try_from(end - self.replay.next()).unwrap_or(0)
    }
}
