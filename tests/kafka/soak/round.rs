//! One round: a kill at any moment, and the way back.

use std::time::Duration;

use super::super::e2e::stage::PARTITIONS;
use super::super::verifier::now_ms;
use super::Soak;
use super::crew::Crew;

/// Of so many rounds one kills two at once, and one waits until others have taken over.
const DOUBLE_EVERY: u64 = 7;
const TAKE_OVER_EVERY: u64 = 10;
/// The kill comes within this time after the end of the round before, so that it comes at any moment of a start, too.
const DELAY_MAX_MS: u64 = 900;
/// After so long the group goes on without a silent member, and after so long more the others know.
pub(super) const SESSION: Duration = Duration::from_secs(6);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// One round in so many does not wait until those killed are ready: the next kill may strike a start.
const HASTY_EVERY: u64 = 4;

impl Soak {
    /// Kills, starts again, and waits until every partition gives fresh output.
    pub(super) fn round(&mut self) {
        let number = self.figures.rounds;
        let first = usize::try_from(number % 3).unwrap_or_default();
        let mut victims = vec![first];
        if number % DOUBLE_EVERY == DOUBLE_EVERY - 1 {
            victims.push((first + 1) % 3);
            self.figures.double_kills += 1;
        }
        let is_take_over = number % TAKE_OVER_EVERY == TAKE_OVER_EVERY - 1;
        let delay = Duration::from_millis(self.chance.u64(..DELAY_MAX_MS));
        self.look_for(delay);

        let tasks = self.crew.tasks(&victims);
        self.crew.kill(&victims, &mut self.figures);
        let killed_at_ms = now_ms();
        self.verifier.fresh_from(killed_at_ms);
        if is_take_over {
            self.look_for(SESSION + HEARTBEAT);
            self.until("others have taken over", Self::is_recovered);
        }
        self.crew.revive(&victims, &self.stage, &mut self.figures);
        self.until("every partition gives fresh output", Self::is_recovered);
        let took_ms = self.verifier.fresh().values().max().copied().unwrap_or_default() - killed_at_ms;
        if !number.is_multiple_of(HASTY_EVERY) {
            self.until("those killed are ready", |soak| soak.crew.are_ready(&victims));
        }
        let restored = self.crew.restored(&victims);
        if !is_take_over {
            self.figures.restored_records_max = self.figures.restored_records_max.max(restored);
        }
        self.figures.recovered(took_ms, is_take_over);
        self.figures.kills += u64::try_from(victims.len()).unwrap_or_default();
        self.figures.take_overs += u64::from(is_take_over);
        self.figures.rounds += 1;
        println!(
            "round {} killed {} ({tasks} tasks){}: recovered in {took_ms} ms, {restored} records restored",
            self.figures.rounds,
            Crew::names(&victims),
            if is_take_over { ", others took over" } else { "" },
        );
    }

    fn is_recovered(&mut self) -> bool {
        i32::try_from(self.verifier.fresh().len()) == Ok(PARTITIONS)
    }
}
