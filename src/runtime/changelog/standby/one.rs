//! One standby.

use crate::model::Timestamp;
use crate::runtime::changelog::batch::{Batching, Read, Step};
use crate::runtime::changelog::replay::Replay;
use crate::runtime::changelog::replays::Replaying;
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::fault_point::FaultPoint;

/// The store of a standby with its replay.
pub(super) struct Standby {
    pub(super) replay: Replay,
    /// The end of the changelog at the last measurement, and its time.
    pub(super) measured: Option<(i64, Timestamp)>,
    /// The last time at which the store was complete.
    pub(super) current_at: Option<Timestamp>,
}

impl Standby {
    /// Notes if the store has reached the measured end of the changelog.
    pub(super) fn update_current_at(&mut self) {
        if let Some((end, at)) = self.measured
            && self.replay.is_verified()
            && self.replay.is_applied()
            && self.replay.next() >= end
        {
            self.current_at = Some(at);
        }
    }

    /// The number of missing offsets at the last measurement.
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

    /// A bulk load while it catches up.
    fn is_bulk(&self) -> bool {
        self.current_at.is_none()
    }

    fn advance(&mut self, read: Read, bulk: usize, context: &Context, now: Timestamp) -> Result<Step> {
        let batching = if self.is_bulk() { Batching::Bulk { replays: bulk } } else { Batching::AtOnce };
        let (step, applied) = self.replay.advance(read, now, batching)?;
        if applied > 0 {
            context.metrics.task.standby_applied(self.replay.task(), applied);
            context.metrics.task.standby_lag(self.replay.task(), self.lag());
            context.fault_observer.reached(FaultPoint::RestoreBatch);
        }
        self.update_current_at();
        // It has no end: more records will come.
        Ok(if step == Step::Done { Step::Reading } else { step })
    }
}
