//! The encoding of index rows as `RocksDB` keys whose byte order is the order of the port.
//!
//! | row | bytes |
//! |---|---|
//! | timer | clock u8 (0 deadline, 1 delay), due u64 BE with the sign bit flipped, slot u8, key as it is |
//! | status | `02`, in the timers' family; status u64 BE, sort key u64 BE with the sign bit flipped, key as it is |
//! | act | key with each `00` written as `00 FF`, then `00 00`, then slot u8 |
//! | part | key in the same way, then number u32 BE |
//!
//! A timer's key is last, so it needs no end mark. An act's key is followed by its slot: without an end mark, (`a`,
//! slot `63`) would be `61 63` and sort after (`ab`, slot `00`), which is `61 62 00`, though `a` sorts before `ab`.
//! With it a key sorts before all longer keys with that prefix, because `00 00` is smaller than `00 FF` and than any
//! other byte.

use crate::model::{ActSlot, Key, Status, Timer, TimerKind, Timestamp};
use crate::store::{StatusRow, TimerClock};

const SIGN: u64 = 1 << 63;
/// The first byte of status rows, after those of the clocks.
const STATUS: u8 = 2;
const ESCAPED_ZERO: u8 = 0xff;
const END: [u8; 2] = [0, 0];

/// The key of a timer's row.
pub(super) fn timer(key: &Key, timer: Timer) -> Vec<u8> {
    let (TimerKind::Deadline(slot) | TimerKind::Delay(slot)) = timer.kind;
    let mut bytes = Vec::with_capacity(10 + key.as_bytes().len());
    bytes.push(clock_byte(TimerClock::of(timer.kind)));
    bytes.extend(due_bytes(timer.due));
    bytes.push(slot);
    bytes.extend(key.as_bytes());
    bytes
}

/// The row of a timer's key; `None` for invalid bytes.
pub(super) fn timer_of(bytes: &[u8]) -> Option<(Key, Timer)> {
    let (&clock, rest) = bytes.split_first()?;
    let (due, rest) = rest.split_first_chunk::<8>()?;
    let (&slot, key) = rest.split_first()?;
    let kind = match clock {
        0 => TimerKind::Deadline(slot),
        1 => TimerKind::Delay(slot),
        _ => return None,
    };
    let due = Timestamp::from_millis((u64::from_be_bytes(*due) ^ SIGN).cast_signed());
    Some((Key::from_slice(key), Timer { kind, due }))
}

/// A lower bound of the timers of the clock.
pub(super) fn clock_start(clock: TimerClock) -> Vec<u8> {
    vec![clock_byte(clock)]
}

/// An upper bound of the timers of the clock, exclusive.
pub(super) fn clock_end(clock: TimerClock) -> Vec<u8> {
    vec![clock_byte(clock) + 1]
}

/// The end of the timers of the clock that are due at `now`, exclusive.
pub(super) fn due_end(clock: TimerClock, now: Timestamp) -> Vec<u8> {
    let Some(next) = now.as_millis().checked_add(1) else { return clock_end(clock) };
    let mut bytes = clock_start(clock);
    bytes.extend(due_bytes(Timestamp::from_millis(next)));
    bytes
}

/// The key of a status row.
pub(super) fn status(row: &StatusRow) -> Vec<u8> {
    let StatusRow { status, at, key } = row;
    let mut bytes = Vec::with_capacity(17 + key.as_bytes().len());
    bytes.push(STATUS);
    bytes.extend(status.0.to_be_bytes());
    bytes.extend(due_bytes(*at));
    bytes.extend(key.as_bytes());
    bytes
}

/// The status row of a key; `None` for invalid bytes.
pub(super) fn status_of(bytes: &[u8]) -> Option<StatusRow> {
    let (&STATUS, rest) = bytes.split_first()? else { return None };
    let (status, rest) = rest.split_first_chunk::<8>()?;
    let (at, key) = rest.split_first_chunk::<8>()?;
    let at = Timestamp::from_millis((u64::from_be_bytes(*at) ^ SIGN).cast_signed());
    Some(StatusRow { status: Status(u64::from_be_bytes(*status)), at, key: Key::from_slice(key) })
}

/// The end of the rows of a status up to a sort key, exclusive.
pub(super) fn status_end(of: Status, until: Timestamp) -> Vec<u8> {
    match (until.as_millis().checked_add(1), of.0.checked_add(1)) {
        (Some(next), _) => status(&StatusRow::first(of, Timestamp::from_millis(next))),
        (None, Some(next)) => status(&StatusRow::first(Status(next), Timestamp::MIN)),
        (None, None) => vec![STATUS + 1],
    }
}

/// The range of all status rows, its end exclusive.
pub(super) const STATUS_ROWS: [&[u8]; 2] = [&[STATUS], &[STATUS + 1]];

/// The key of a pending act's row.
pub(super) fn act(key: &Key, slot: ActSlot) -> Vec<u8> {
    let mut bytes = ended(key);
    bytes.push(slot.0);
    bytes
}

/// The row of an act's key; `None` for invalid bytes.
pub(super) fn act_of(bytes: &[u8]) -> Option<(Key, ActSlot)> {
    let (&slot, rest) = bytes.split_last()?;
    Some((of_ended(rest)?, ActSlot(slot)))
}

/// The key of a part's row.
pub(super) fn part(key: &Key, number: u32) -> Vec<u8> {
    let mut bytes = ended(key);
    bytes.extend(number.to_be_bytes());
    bytes
}

/// The row of a part's key; `None` for invalid bytes.
pub(super) fn part_of(bytes: &[u8]) -> Option<(Key, u32)> {
    let (rest, number) = bytes.split_last_chunk()?;
    Some((of_ended(rest)?, u32::from_be_bytes(*number)))
}

/// A lower bound of the parts of the entry.
pub(super) fn parts_start(key: &Key) -> Vec<u8> {
    ended(key)
}

/// An upper bound of the parts of the entry, exclusive.
pub(super) fn parts_end(key: &Key) -> Vec<u8> {
    after(part(key, u32::MAX))
}

/// A key with an end mark: it sorts before all longer keys with that prefix.
fn ended(key: &Key) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.as_bytes().len() + 6);
    for &byte in key.as_bytes() {
        bytes.push(byte);
        if byte == 0 {
            bytes.push(ESCAPED_ZERO);
        }
    }
    bytes.extend(END);
    bytes
}

fn of_ended(bytes: &[u8]) -> Option<Key> {
    let mut escaped = bytes.strip_suffix(&END)?.iter();
    let mut key = Vec::with_capacity(bytes.len());
    while let Some(&byte) = escaped.next() {
        key.push(byte);
        if byte == 0 && escaped.next() != Some(&ESCAPED_ZERO) {
            return None;
        }
    }
    Some(Key::from_slice(&key))
}

/// The smallest key after this one.
pub(super) fn after(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.push(0);
    bytes
}

const fn clock_byte(clock: TimerClock) -> u8 {
    match clock {
        TimerClock::Deadline => 0,
        TimerClock::Delay => 1,
    }
}

fn due_bytes(due: Timestamp) -> [u8; 8] {
    (due.as_millis().cast_unsigned() ^ SIGN).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::index::TimerRow;

    /// Keys of few different bytes, so that prefixes of each other, zeros and escapes are frequent.
    fn keys() -> impl Strategy<Value = Key> {
        let byte = prop_oneof![Just(0_u8), Just(1), Just(b'a'), Just(0xfe), Just(0xff)];
        let length = prop_oneof![4 => 0..4_usize, 1 => 37..41_usize];
        length
            .prop_flat_map(move |length| prop::collection::vec(byte.clone(), length))
            .prop_map(|bytes| Key::from_slice(&bytes))
    }

    fn slots() -> impl Strategy<Value = u8> {
        prop_oneof![Just(0_u8), Just(1), Just(b'a'), Just(0xff)]
    }

    fn timers() -> impl Strategy<Value = Timer> {
        let due = prop_oneof![Just(i64::MIN), Just(-1), Just(0), Just(1), Just(i64::MAX), any::<i64>()];
        let kind = prop_oneof![slots().prop_map(TimerKind::Deadline), slots().prop_map(TimerKind::Delay)];
        (kind, due).prop_map(|(kind, due)| Timer { kind, due: Timestamp::from_millis(due) })
    }

    proptest! {
        #[test]
        fn an_acts_key_sorts_as_its_row_and_reads_back(a in (keys(), slots()), b in (keys(), slots())) {
            let (a, b) = ((a.0, ActSlot(a.1)), (b.0, ActSlot(b.1)));
            let (bytes_a, bytes_b) = (act(&a.0, a.1), act(&b.0, b.1));
            prop_assert_eq!(bytes_a.cmp(&bytes_b), a.cmp(&b));
            prop_assert_eq!(act_of(&bytes_a), Some(a));
        }

        #[test]
        fn a_parts_key_sorts_as_its_row_and_reads_back(a in (keys(), any::<u32>()), b in (keys(), any::<u32>())) {
            let (bytes_a, bytes_b) = (part(&a.0, a.1), part(&b.0, b.1));
            prop_assert_eq!(bytes_a.cmp(&bytes_b), a.cmp(&b));
            prop_assert_eq!(part_of(&bytes_a), Some(a.clone()));
            let is_within = (parts_start(&b.0)..parts_end(&b.0)).contains(&bytes_a);
            prop_assert_eq!(is_within, a.0 == b.0);
        }

        #[test]
        fn a_timers_key_sorts_as_its_row_and_reads_back(a in (keys(), timers()), b in (keys(), timers())) {
            let (bytes_a, bytes_b) = (timer(&a.0, a.1), timer(&b.0, b.1));
            let (row_a, row_b) = (TimerRow::new(&a.0, a.1), TimerRow::new(&b.0, b.1));
            prop_assert_eq!(bytes_a.cmp(&bytes_b), row_a.cmp(&row_b));
            prop_assert_eq!(timer_of(&bytes_a), Some(a));
        }

        #[test]
        fn the_end_of_what_is_due_parts_due_from_later(key in keys(), a in timers(), now in timers()) {
            let clock = TimerClock::of(a.kind);
            prop_assert_eq!(timer(&key, a) < due_end(clock, now.due), a.due <= now.due);
            prop_assert!(timer(&key, a) >= clock_start(clock));
            prop_assert!(timer(&key, a) < clock_end(clock));
        }

        #[test]
        fn foreign_bytes_are_refused_or_read_but_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..16)) {
            if let Some((key, slot)) = act_of(&bytes) {
                prop_assert_eq!(act(&key, slot), bytes.clone());
            }
            if let Some((key, row)) = timer_of(&bytes) {
                prop_assert_eq!(timer(&key, row), bytes);
            }
        }
    }
}
