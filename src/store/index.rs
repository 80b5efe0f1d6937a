//! The index rows of an entry, and their changes when the entry changes.
//!
//! The indexes are derived: every row follows from the head of an entry, so restoring the entries restores the indexes.
//! A new attempt of an act in the same slot keeps its row.

use super::status_row::StatusRow;
use super::{Change, TimerClock};
use crate::codec::Head;
use crate::model::{Act, Key, Timer, TimerKind, Timestamp};

/// A row of the timer index, ordered as it is stored: by clock, then in the order of firing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerRow {
    /// The clock of the timer.
    pub clock: TimerClock,
    /// The due time.
    pub due: Timestamp,
    /// The slot of the timer in its entry, unique per clock.
    pub slot: u8,
    /// The key of its entry.
    pub key: Key,
}

impl TimerRow {
    /// The row of an entry's timer.
    pub fn new(key: &Key, timer: Timer) -> Self {
        let (TimerKind::Deadline(slot) | TimerKind::Delay(slot)) = timer.kind;
        Self { clock: TimerClock::of(timer.kind), due: timer.due, slot, key: key.clone() }
    }

    /// The smallest possible row of a clock, as the lower bound of a range.
    pub fn first(clock: TimerClock) -> Self {
        Self { clock, due: Timestamp::MIN, slot: 0, key: Key::new("") }
    }

    /// True if the row is of this clock and due at `now`.
    pub fn is_due(&self, clock: TimerClock, now: Timestamp) -> bool {
        self.clock == clock && self.due <= now
    }

    /// The timer of the row.
    pub const fn timer(&self) -> Timer {
        let kind = match self.clock {
            TimerClock::Deadline => TimerKind::Deadline(self.slot),
            TimerClock::Delay => TimerKind::Delay(self.slot),
        };
        Timer { kind, due: self.due }
    }

    /// The key of the entry, and the timer.
    pub fn into_timer(self) -> (Key, Timer) {
        let timer = self.timer();
        (self.key, timer)
    }
}

/// The difference between the index rows of two versions of an entry.
#[derive(Clone, Copy, Debug)]
pub struct Diff<'a> {
    /// The head before; `None` if there was no entry.
    pub old: Option<&'a Head>,
    /// The head after; `None` if the entry is deleted.
    pub new: Option<&'a Head>,
}

impl<'a> Diff<'a> {
    /// The timers whose rows are deleted: fired, unscheduled or rescheduled.
    pub fn removed_timers(self) -> impl Iterator<Item = Timer> + 'a {
        without(timers(self.old), timers(self.new))
    }

    /// The timers whose rows are added: scheduled or rescheduled.
    pub fn added_timers(self) -> impl Iterator<Item = Timer> + 'a {
        without(timers(self.new), timers(self.old))
    }

    /// The difference as changes of a batch for the entry of `key`, deletions first. A new attempt of an act keeps its
    /// row.
    pub fn changes(self, key: &'a Key) -> impl Iterator<Item = Change> + 'a {
        let removed_timers = self.removed_timers().map(|timer| Change::DeleteTimer(key.clone(), timer));
        let added_timers = self.added_timers().map(|timer| Change::PutTimer(key.clone(), timer));
        let (old, new) = (acts(self.old), acts(self.new));
        let is_of = |acts: &[Act], slot| acts.iter().any(|act| act.slot == slot);
        let acts_gone = old.iter().map(|act| act.slot).filter(move |slot| !is_of(new, *slot));
        let acts_new = new.iter().map(|act| act.slot).filter(move |slot| !is_of(old, *slot));
        let acts_gone = acts_gone.map(|slot| Change::DeleteAct(key.clone(), slot));
        let acts_new = acts_new.map(|slot| Change::PutAct(key.clone(), slot));
        let statuses_gone = unlisted(key, self.old, self.new).map(Change::DeleteStatus);
        let statuses_new = unlisted(key, self.new, self.old).map(Change::PutStatus);
        let timers = removed_timers.chain(added_timers);
        timers.chain(acts_gone).chain(acts_new).chain(statuses_gone).chain(statuses_new)
    }
}

/// The status rows of `some` that `other` does not have.
fn unlisted<'a>(key: &'a Key, some: Option<&'a Head>, other: Option<&'a Head>) -> impl Iterator<Item = StatusRow> + 'a {
    let is_same = |one: &Head, two: &Head| one.at == two.at && one.statuses == two.statuses;
    // Most changes of an entry change neither.
    let some = some.filter(|some| other.is_none_or(|other| !is_same(some, other)));
    let has = move |row: &StatusRow| {
        other.is_some_and(|other| other.at == row.at && other.statuses.as_slice().contains(&row.status))
    };
    some.into_iter().flat_map(|some| StatusRow::of(key, some)).filter(move |row| !has(row))
}

fn timers(head: Option<&Head>) -> &[Timer] {
    head.map_or(&[], |head| &head.timers)
}

fn acts(head: Option<&Head>) -> &[Act] {
    head.map_or(&[], |head| &head.acts)
}

/// The timers of `some` that are not in `others`. An entry has only a few timers, so a linear search is fastest.
fn without<'a>(some: &'a [Timer], others: &'a [Timer]) -> impl Iterator<Item = Timer> + 'a {
    some.iter().filter(|timer| !others.contains(timer)).copied()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{ActSlot, Status, Statuses, Target};

    fn timer(kind: TimerKind, due: i64) -> Timer {
        Timer { kind, due: Timestamp::from_millis(due) }
    }

    fn act(slot: u8, attempt: u32) -> Act {
        Act {
            slot: ActSlot(slot),
            attempt,
            to: Target::new("t"),
            valid_for: Duration::from_secs(1),
            request: String::new(),
        }
    }

    #[test]
    fn a_new_entry_brings_all_its_rows() {
        let head = Head { timers: vec![timer(TimerKind::Deadline(1), 5)], acts: vec![act(2, 1)], ..Head::default() };
        let key = Key::new("k");
        let changes: Vec<_> = Diff { old: None, new: Some(&head) }.changes(&key).collect();
        let timer = timer(TimerKind::Deadline(1), 5);
        assert_eq!(changes, [Change::PutTimer(key.clone(), timer), Change::PutAct(key, ActSlot(2))]);
    }

    #[test]
    fn a_deleted_entry_takes_all_its_rows_along() {
        let head = Head { timers: vec![timer(TimerKind::Delay(0), 5)], acts: vec![act(2, 1)], ..Head::default() };
        let key = Key::new("k");
        let changes: Vec<_> = Diff { old: Some(&head), new: None }.changes(&key).collect();
        let timer = timer(TimerKind::Delay(0), 5);
        assert_eq!(changes, [Change::DeleteTimer(key.clone(), timer), Change::DeleteAct(key, ActSlot(2))]);
    }

    #[test]
    fn a_moved_timer_changes_its_row_and_its_neighbour_stays() {
        let stays = timer(TimerKind::Delay(1), 5);
        let old = Head { timers: vec![timer(TimerKind::Deadline(1), 5), stays], acts: vec![], ..Head::default() };
        let new = Head { timers: vec![timer(TimerKind::Deadline(1), 9), stays], acts: vec![], ..Head::default() };
        let key = Key::new("k");
        let expected = [
            Change::DeleteTimer(key.clone(), timer(TimerKind::Deadline(1), 5)),
            Change::PutTimer(key.clone(), timer(TimerKind::Deadline(1), 9)),
        ];
        let diff = Diff { old: Some(&old), new: Some(&new) };
        assert_eq!(diff.changes(&key).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_entry_that_moves_to_another_status_moves_its_row() {
        let head = |status, at| Head {
            statuses: Statuses::two(Status(status), Status(9)),
            at: Timestamp::from_millis(at),
            ..Head::default()
        };
        let (key, old, new, later) = (Key::new("k"), head(1, 5), head(2, 5), head(2, 6));
        let row = |status, at| StatusRow { status: Status(status), at: Timestamp::from_millis(at), key: key.clone() };
        let changes = |old, new| Diff { old, new }.changes(&key).collect::<Vec<_>>();
        assert_eq!(changes(None, Some(&old)), [Change::PutStatus(row(1, 5)), Change::PutStatus(row(9, 5))]);
        assert_eq!(changes(Some(&old), Some(&new)), [Change::DeleteStatus(row(1, 5)), Change::PutStatus(row(2, 5))]);
        let moved = [(2, 5), (9, 5)].map(|(status, at)| Change::DeleteStatus(row(status, at)));
        let to = [(2, 6), (9, 6)].map(|(status, at)| Change::PutStatus(row(status, at)));
        assert_eq!(changes(Some(&new), Some(&later)), [moved, to].concat());
        assert_eq!(changes(Some(&later), Some(&later)), []);
        assert_eq!(changes(Some(&old), None), [Change::DeleteStatus(row(1, 5)), Change::DeleteStatus(row(9, 5))]);
    }

    #[test]
    fn a_second_attempt_in_the_same_slot_keeps_its_row() {
        let old = Head { timers: vec![], acts: vec![act(0, 1)], ..Head::default() };
        let new = Head { timers: vec![], acts: vec![act(0, 2)], ..Head::default() };
        assert_eq!(Diff { old: Some(&old), new: Some(&new) }.changes(&Key::new("k")).count(), 0);
    }
}
