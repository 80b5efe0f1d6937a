//! Random operations on a state.

use std::time::Duration;

use proptest::prelude::*;
use sheaf::codec::Head;
use sheaf::model::{Act, ActSlot, Key, Status, Statuses, Target, Timer, TimerKind};

use super::at;

/// The last two are as long as a key that is stored inline can be, and longer.
pub(super) const KEYS: [&str; 8] = [
    "",
    "a",
    "a\0",
    "ab",
    "b",
    "c",
    "0d3c5b0e-57c4-5f0b-9a54-2c9f1d6e8b37:\0",
    "0d3c5b0e-57c4-5f0b-9a54-2c9f1d6e8b37:\0\0",
];
const KINDS: [TimerKind; 4] =
    [TimerKind::Deadline(0), TimerKind::Deadline(7), TimerKind::Delay(0), TimerKind::Delay(255)];
const SLOTS: [u8; 3] = [0, 1, b'b'];
pub(super) const DUE_MAX: i64 = 6;

#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// Puts an entry; whether it drops its parts, and the number of parts that it adds.
    Put(Key, Head, bool, u8),
    Delete(Key),
    Commit,
    Abort,
    /// Crashes, also within a transaction, and restores the changelog from the store's position.
    Crash,
    /// Flushes all dirty entries to the store.
    Flush,
}

fn keys() -> impl Strategy<Value = Key> {
    prop::sample::select(&KEYS[..]).prop_map(Key::new)
}

fn heads() -> impl Strategy<Value = Head> {
    let timers = prop::collection::vec(prop::option::of(0..DUE_MAX), KINDS.len());
    let acts = prop::collection::vec(prop::option::of(1..3_u32), SLOTS.len());
    // Statuses and times of three minutes.
    (timers, acts, prop::option::of((0..2_u64, prop::bool::weighted(0.2))), -1..2_i64).prop_map(
        |(dues, attempts, status, minute)| {
            let timer = |(kind, due): (TimerKind, Option<i64>)| due.map(|due| Timer { kind, due: at(due) });
            let act = |(slot, attempt): (u8, Option<u32>)| {
                let valid_for = Duration::from_secs(1);
                attempt.map(|attempt| Act {
                    slot: ActSlot(slot),
                    attempt,
                    to: Target::new("t"),
                    valid_for,
                    request: "{}".to_owned(),
                })
            };
            Head {
                timers: KINDS.into_iter().zip(dues).filter_map(timer).collect(),
                acts: SLOTS.into_iter().zip(attempts).filter_map(act).collect(),
                statuses: match status {
                    None => Statuses::none(),
                    Some((status, false)) => Statuses::one(Status(status)),
                    Some((status, true)) => Statuses::two(Status(status), Status(2)),
                },
                at: at(minute * 60_000 + 59_999),
                ..Head::default()
            }
        },
    )
}

pub(super) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        8 => (keys(), heads(), prop::bool::weighted(0.2), 0..4_u8)
            .prop_map(|(key, head, drops, adds)| Operation::Put(key, head, drops, adds)),
        4 => keys().prop_map(Operation::Delete),
        3 => Just(Operation::Commit),
        1 => Just(Operation::Abort),
        1 => Just(Operation::Crash),
        1 => Just(Operation::Flush),
    ];
    prop::collection::vec(operation, 1..40)
}
