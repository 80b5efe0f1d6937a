//! Which index rows an entry has, and how they change with it.
//!
//! The indexes hold nothing of their own: every row follows from the head of an entry, so restoring the entries restores
//! the indexes. An act that is decided again in the same slot keeps its row, whatever its attempt.

use super::{Change, TimerClock};
use crate::codec::Head;
use crate::model::{ActSlot, Key, Timer, TimerKind, Timestamp};

/// A row of the timer index. Rows sort as they are stored: by clock, then in the order in which they fire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerRow {
    /// Which clock drives the timer.
    pub clock: TimerClock,
    /// When it is due.
    pub due: Timestamp,
    /// Which of its entry's timers of this clock it is.
    pub slot: u8,
    /// Whose it is.
    pub key: Key,
}

impl TimerRow {
    /// The row of an entry's timer.
    pub fn new(key: &Key, timer: Timer) -> Self {
        let (TimerKind::Deadline(slot) | TimerKind::Delay(slot)) = timer.kind;
        Self { clock: TimerClock::of(timer.kind), due: timer.due, slot, key: key.clone() }
    }

    /// The smallest row that a clock can have, as the lower bound of a range.
    pub fn first(clock: TimerClock) -> Self {
        Self { clock, due: Timestamp::MIN, slot: 0, key: Key::new("") }
    }

    /// True when this row belongs to `clock` and is due at `now`.
    pub fn is_due(&self, clock: TimerClock, now: Timestamp) -> bool {
        self.clock == clock && self.due <= now
    }

    /// The timer that the row stands for.
    pub const fn timer(&self) -> Timer {
        let kind = match self.clock {
            TimerClock::Deadline => TimerKind::Deadline(self.slot),
            TimerClock::Delay => TimerKind::Delay(self.slot),
        };
        Timer { kind, due: self.due }
    }
}

/// How the index rows of one entry change; what stays is not named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Timers that lose their row: fired, unscheduled, or moved away from this time.
    pub timers_gone: Vec<Timer>,
    /// Timers that get a row: scheduled, or moved to this time.
    pub timers_new: Vec<Timer>,
    /// Slots whose act was settled.
    pub acts_gone: Vec<ActSlot>,
    /// Slots that had no act and now have one.
    pub acts_new: Vec<ActSlot>,
}

impl Diff {
    /// What changes in the indexes when an entry's head goes from `old` to `new`; `None` is an entry that is not there.
    pub fn between(old: Option<&Head>, new: Option<&Head>) -> Self {
        let timers = |head: Option<&Head>| head.map_or_else(Vec::new, |head| head.timers.clone());
        let acts = |head: Option<&Head>| -> Vec<_> { head.iter().flat_map(|h| &h.acts).map(|act| act.slot).collect() };
        let (timers_old, timers_new) = (timers(old), timers(new));
        let (acts_old, acts_new) = (acts(old), acts(new));
        Self {
            timers_gone: without(&timers_old, &timers_new),
            timers_new: without(&timers_new, &timers_old),
            acts_gone: without(&acts_old, &acts_new),
            acts_new: without(&acts_new, &acts_old),
        }
    }

    /// The same as changes of a batch, for the entry of `key`: rows that go before rows that come.
    pub fn changes(&self, key: &Key) -> impl Iterator<Item = Change> {
        let timers_gone = self.timers_gone.iter().map(|timer| Change::DeleteTimer(key.clone(), *timer));
        let timers_new = self.timers_new.iter().map(|timer| Change::PutTimer(key.clone(), *timer));
        let acts_gone = self.acts_gone.iter().map(|slot| Change::DeleteAct(key.clone(), *slot));
        let acts_new = self.acts_new.iter().map(|slot| Change::PutAct(key.clone(), *slot));
        timers_gone.chain(timers_new).chain(acts_gone).chain(acts_new)
    }
}

/// The items of `some` that `others` does not have. An entry has a handful of rows, so looking through them is cheapest.
fn without<T: Copy + PartialEq>(some: &[T], others: &[T]) -> Vec<T> {
    some.iter().filter(|item| !others.contains(item)).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Act;

    fn timer(kind: TimerKind, due: i64) -> Timer {
        Timer { kind, due: Timestamp::from_millis(due) }
    }

    fn act(slot: u8, attempt: u32) -> Act {
        Act { slot: ActSlot(slot), attempt, valid_for: Duration::from_secs(1), request: String::new() }
    }

    #[test]
    fn a_new_entry_brings_all_its_rows() {
        let head = Head { timers: vec![timer(TimerKind::Deadline(1), 5)], acts: vec![act(2, 1)] };
        let key = Key::new("k");
        let changes: Vec<_> = Diff::between(None, Some(&head)).changes(&key).collect();
        let timer = timer(TimerKind::Deadline(1), 5);
        assert_eq!(changes, [Change::PutTimer(key.clone(), timer), Change::PutAct(key, ActSlot(2))]);
    }

    #[test]
    fn a_deleted_entry_takes_all_its_rows_along() {
        let head = Head { timers: vec![timer(TimerKind::Delay(0), 5)], acts: vec![act(2, 1)] };
        let key = Key::new("k");
        let changes: Vec<_> = Diff::between(Some(&head), None).changes(&key).collect();
        let timer = timer(TimerKind::Delay(0), 5);
        assert_eq!(changes, [Change::DeleteTimer(key.clone(), timer), Change::DeleteAct(key, ActSlot(2))]);
    }

    #[test]
    fn a_moved_timer_changes_its_row_and_its_neighbour_stays() {
        let stays = timer(TimerKind::Delay(1), 5);
        let old = Head { timers: vec![timer(TimerKind::Deadline(1), 5), stays], acts: vec![] };
        let new = Head { timers: vec![timer(TimerKind::Deadline(1), 9), stays], acts: vec![] };
        let expected = Diff {
            timers_gone: vec![timer(TimerKind::Deadline(1), 5)],
            timers_new: vec![timer(TimerKind::Deadline(1), 9)],
            ..Diff::default()
        };
        assert_eq!(Diff::between(Some(&old), Some(&new)), expected);
    }

    #[test]
    fn a_second_attempt_in_the_same_slot_keeps_its_row() {
        let old = Head { timers: vec![], acts: vec![act(0, 1)] };
        let new = Head { timers: vec![], acts: vec![act(0, 2)] };
        assert_eq!(Diff::between(Some(&old), Some(&new)), Diff::default());
    }
}
