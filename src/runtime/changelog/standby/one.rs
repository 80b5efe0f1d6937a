//! One standby.

use crate::model::Timestamp;
use crate::runtime::changelog::batch::{Batching, Read, Step};
use crate::runtime::changelog::replay::Replay;
use crate::runtime::changelog::replays::Replaying;
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

impl Replaying for Standby {
    fn replay(&self) -> &Replay {
        &self.replay
    }

    fn is_reading(&self) -> bool {
        self.replay.is_verified()
    }

    fn reader(&self) -> usize {
        0
    }

    /// While it catches up it is a restore; then it is kept as a task's own store is.
    fn is_bulk(&self) -> bool {
        self.current_at.is_none()
    }

    fn advance(&mut self, read: Read, bulk: usize, context: &Context, now: Timestamp) -> Result<Step> {
        let batching = if self.is_bulk() { Batching::Load { replays: bulk } } else { Batching::AtOnce };
        let (step, applied) = self.replay.advance(read, now, batching)?;
        if applied > 0 {
            context.metrics.standby_applied(self.replay.task(), applied);
            context.metrics.standby_lag(self.replay.task(), self.lag());
            context.fault_observer.reached(FaultPoint::RestoreBatch);
        }
        self.judge();
        // The end is where it stays: there is always more to come.
        Ok(if step == Step::Done { Step::Reading } else { step })
    }
}
