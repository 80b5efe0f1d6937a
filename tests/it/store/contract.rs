//! The contract of the port, tested on both adapters.

use sheaf::model::{ActSlot, Key, Timer};
use sheaf::store::{Change, Error, Store, TimerClock};

use super::{TASK, act, at, batch, bulk_batch, deadline, delay, on_both, put, value};

fn schedule(store: &mut dyn Store, timers: &[(&str, Timer)]) {
    let changes = timers.iter().map(|(key, timer)| Change::PutTimer(Key::new(key), *timer));
    store.apply(&batch(changes)).unwrap();
}

fn due(store: &dyn Store, clock: TimerClock, now: i64, limit: usize) -> Vec<(String, Timer)> {
    let due = store.due(clock, at(now), limit).unwrap();
    due.into_iter().map(|(key, timer)| (key.text().into_owned(), timer)).collect()
}

#[test]
fn an_entry_is_the_latest_put() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        assert_eq!(value(&*store, "a"), None);
        store.apply(&batch([put("a", "1"), put("a", "2"), put("b", "3")])).unwrap();
        assert_eq!(value(&*store, "a").as_deref(), Some("2"));
        store.apply(&batch([Change::DeleteEntry(Key::new("a")), put("b", "")])).unwrap();
        assert_eq!(value(&*store, "a"), None);
        assert_eq!(value(&*store, "b").as_deref(), Some(""));
    });
}

#[test]
fn timers_are_ordered_by_due_time_slot_and_key() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        let sorted = [
            ("z", deadline(0, i64::MIN)),
            ("z", deadline(0, -1)),
            ("", deadline(0, 0)),
            ("a", deadline(0, 0)),
            ("a\0", deadline(0, 0)),
            ("ab", deadline(0, 0)),
            ("a", deadline(1, 0)),
            ("a", deadline(255, 0)),
            ("a", deadline(0, 1)),
            ("a", deadline(0, 256)),
            ("a", deadline(0, i64::MAX)),
        ];
        let mut shuffled = sorted;
        shuffled.reverse();
        schedule(&mut *store, &shuffled);
        let sorted = sorted.map(|(key, timer)| (key.to_owned(), timer));
        assert_eq!(due(&*store, TimerClock::Deadline, i64::MAX, usize::MAX), sorted);
        assert_eq!(due(&*store, TimerClock::Deadline, 0, usize::MAX), sorted[..8]);
        assert_eq!(due(&*store, TimerClock::Deadline, i64::MAX, 3), sorted[..3]);
        assert_eq!(due(&*store, TimerClock::Deadline, i64::MIN, usize::MAX), sorted[..1]);
        assert_eq!(due(&*store, TimerClock::Deadline, i64::MAX, 0), []);
    });
}

#[test]
fn the_timers_of_the_two_clocks_are_separate() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        schedule(&mut *store, &[("a", delay(3, 5))]);
        assert_eq!(store.next_due(TimerClock::Deadline).unwrap(), None);
        assert_eq!(due(&*store, TimerClock::Deadline, 9, 9), []);
        assert_eq!(due(&*store, TimerClock::Delay, 9, 9), [("a".to_owned(), delay(3, 5))]);
        schedule(&mut *store, &[("b", deadline(3, 7))]);
        assert_eq!(store.next_due(TimerClock::Deadline).unwrap(), Some(at(7)));
        assert_eq!(store.next_due(TimerClock::Delay).unwrap(), Some(at(5)));
    });
}

#[test]
fn a_deleted_timer_is_not_due_and_an_earlier_one_put_later_is() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        schedule(&mut *store, &[("a", deadline(0, 5)), ("b", deadline(0, 6))]);
        store.apply(&batch([Change::DeleteTimer(Key::new("a"), deadline(0, 5))])).unwrap();
        assert_eq!(due(&*store, TimerClock::Deadline, 9, 9), [("b".to_owned(), deadline(0, 6))]);
        store.apply(&batch([Change::DeleteTimer(Key::new("b"), deadline(0, 6))])).unwrap();
        assert_eq!(store.next_due(TimerClock::Deadline).unwrap(), None);
        assert_eq!(due(&*store, TimerClock::Deadline, 9, 9), []);
        schedule(&mut *store, &[("c", deadline(0, 1))]);
        assert_eq!(store.next_due(TimerClock::Deadline).unwrap(), Some(at(1)));
        assert_eq!(due(&*store, TimerClock::Deadline, 9, 9), [("c".to_owned(), deadline(0, 1))]);
    });
}

#[test]
fn acts_are_ordered_by_key_and_slot_and_pages_have_all() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        // If a slot followed its key without an end mark, ("a", 0x63) would sort after ("ab", 0).
        let sorted =
            [act("", 255), act("a", 0), act("a", 0x63), act("a\0", 0), act("a\0", 7), act("ab", 0), act("b", 1)];
        store.apply(&batch(sorted.iter().rev().map(|(key, slot)| Change::PutAct(key.clone(), *slot)))).unwrap();
        assert_eq!(store.acts(None, usize::MAX).unwrap(), sorted);
        let (mut paged, mut after) = (Vec::new(), None);
        while let Some(next) = store.acts(after.as_ref(), 1).unwrap().pop() {
            paged.push(next.clone());
            after = Some(next);
        }
        assert_eq!(paged, sorted);
        store.apply(&batch([Change::DeleteAct(Key::new("a"), ActSlot(0x63))])).unwrap();
        assert_eq!(store.acts(Some(&act("a", 0)), 1).unwrap(), [act("a\0", 0)]);
    });
}

#[test]
fn a_scan_in_pages_gives_every_entry_once_in_the_order_of_the_keys() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        let keys = ["", "\0", "a", "a\0", "a\0\0", "ab", "b", "ÿ"];
        store.apply(&batch(keys.iter().rev().map(|key| put(key, key)))).unwrap();
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = store.scan(after.as_ref(), 3).unwrap();
            assert!(page.len() <= 3);
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            paged.extend(page);
        }
        let expected = keys.map(|key| (Key::new(key), key.as_bytes().to_vec()));
        assert_eq!(paged, expected);
    });
}

#[test]
fn a_meta_value_is_the_latest_put() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        assert_eq!(store.meta("position").unwrap(), None);
        for position in [[1], [2]] {
            store.apply(&batch([Change::PutMeta("position".to_owned(), position.to_vec())])).unwrap();
        }
        assert_eq!(store.meta("position").unwrap(), Some(vec![2]));
    });
}

#[test]
fn a_reopened_store_has_its_batches_and_bulk_batches() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        let key = Key::new("a");
        store.apply(&batch([put("a", "1"), Change::PutTimer(key.clone(), delay(0, 5))])).unwrap();
        store.apply(&bulk_batch([put("b", "2"), Change::PutAct(key, ActSlot(1))])).unwrap();
        assert_eq!(value(&*store, "b").as_deref(), Some("2"), "a bulk batch can be read at once");
        store.apply(&bulk_batch([Change::PutMeta("position".to_owned(), vec![7])])).unwrap();
        drop(store);
        let store = stores.open(TASK).unwrap();
        assert_eq!(value(&*store, "a").as_deref(), Some("1"));
        assert_eq!(value(&*store, "b").as_deref(), Some("2"));
        assert_eq!(due(&*store, TimerClock::Delay, 5, 9), [("a".to_owned(), delay(0, 5))]);
        assert_eq!(store.acts(None, 9).unwrap(), [act("a", 1)]);
        assert_eq!(store.meta("position").unwrap(), Some(vec![7]));
    });
}

#[test]
fn a_store_that_is_open_cannot_be_opened_or_destroyed() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        assert!(matches!(stores.open(TASK).err(), Some(Error::Locked { path }) if path.ends_with(TASK)));
        assert!(matches!(stores.destroy(TASK), Err(Error::Locked { path }) if path.ends_with(TASK)));
        store.apply(&batch([put("a", "1")])).unwrap();
        drop(store);
        assert_eq!(value(&*stores.open(TASK).unwrap(), "a").as_deref(), Some("1"), "the refused calls changed nothing");
    });
}

#[test]
fn a_destroyed_store_is_gone_and_its_neighbour_stays() {
    on_both(|stores| {
        assert_eq!(stores.existing().unwrap(), [""; 0]);
        for task in ["delivery-10", TASK] {
            stores.open(task).unwrap().apply(&batch([put("a", task)])).unwrap();
        }
        assert_eq!(stores.existing().unwrap(), [TASK, "delivery-10"]);
        assert_eq!(value(&*stores.open(TASK).unwrap(), "a").as_deref(), Some(TASK), "tasks do not share entries");
        stores.destroy(TASK).unwrap();
        assert_eq!(stores.existing().unwrap(), ["delivery-10"]);
        assert_eq!(value(&*stores.open(TASK).unwrap(), "a"), None);
        assert_eq!(value(&*stores.open("delivery-10").unwrap(), "a").as_deref(), Some("delivery-10"));
        stores.destroy("never-there").unwrap();
    });
}

#[test]
fn the_estimate_of_entries_is_exact_if_each_was_put_once() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        assert_eq!(store.len_estimate(), 0);
        store.apply(&batch((0..100).map(|number| put(&number.to_string(), "x")))).unwrap();
        assert_eq!(store.len_estimate(), 100);
    });
}
