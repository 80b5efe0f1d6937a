//! One round: a kill at a random time, and the recovery.

use std::time::Duration;

use super::super::e2e::deployment::PARTITIONS;
use super::super::verifier::now_ms;
use super::Soak;
use super::instances::Instances;

/// One of this many rounds kills two instances at once; and one waits until others have taken over.
const DOUBLE_EVERY: u64 = 7;
const TAKE_OVER_EVERY: u64 = 10;
/// The longest time between the previous round and the kill, so that kills hit all phases of a start.
const DELAY_MAX_MS: u64 = 900;
/// The session time-out, and the heartbeat interval after which the others know of the rebalance.
pub(super) const SESSION: Duration = Duration::from_secs(6);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// One of this many rounds does not wait until the killed instances are ready: the next kill may hit a start.
const HASTY_EVERY: u64 = 4;

impl Soak {
    /// Kills, starts again, and waits until every partition has fresh output.
    pub(super) fn round(&mut self) {
        let number = self.figures.rounds;
        let turns = if self.every.is_zero() { 3 } else { 2 };
        let first = usize::try_from(number % turns).unwrap_or_default();
        let mut killed = vec![first];
        if number % DOUBLE_EVERY == DOUBLE_EVERY - 1 {
            killed.push((first + 1) % usize::try_from(turns).unwrap_or_default());
            self.figures.double_kills += 1;
        }
        let is_take_over = number % TAKE_OVER_EVERY == TAKE_OVER_EVERY - 1;
        let delay = Duration::from_millis(self.chance.u64(..DELAY_MAX_MS));
        self.verify_for(delay);

        let tasks = self.instances.tasks(&killed);
        self.instances.kill(&killed, &mut self.figures);
        let killed_at_ms = now_ms();
        self.verifier.fresh_from(killed_at_ms);
        if is_take_over {
            self.verify_for(SESSION + HEARTBEAT);
            self.until("others have taken over", Self::is_recovered);
        }
        self.instances.restart(&killed, &self.deployment, &mut self.figures);
        self.until("every partition gives fresh output", Self::is_recovered);
        let took_ms = self.verifier.fresh().values().max().copied().unwrap_or_default() - killed_at_ms;
        if !number.is_multiple_of(HASTY_EVERY) {
            self.until("those killed are ready", |soak| soak.instances.are_ready(&killed));
        }
        let restored = self.instances.restored(&killed);
        if !is_take_over {
            self.figures.restored_records_max = self.figures.restored_records_max.max(restored);
        }
        self.figures.recovered(took_ms, is_take_over);
        self.figures.kills += u64::try_from(killed.len()).unwrap_or_default();
        self.figures.take_overs += u64::from(is_take_over);
        self.figures.rounds += 1;
        println!(
            "round {} killed {} ({tasks} tasks){}: recovered in {took_ms} ms, {restored} records restored",
            self.figures.rounds,
            Instances::names(&killed),
            if is_take_over { ", others took over" } else { "" },
        );
    }

    fn is_recovered(&mut self) -> bool {
        i32::try_from(self.verifier.fresh().len()) == Ok(PARTITIONS)
    }
}
