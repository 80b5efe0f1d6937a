//! Reads of a store by other threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sheaf::codec::{Head, entry};
use sheaf::model::{Key, Status, Statuses, Timestamp};
use sheaf::store::counts::{Bucket, Counts};
use sheaf::store::{Change, Error, StatusRow};

use super::{TASK, at, batch, on_both, put};

fn row(status: u64, time: i64, key: &str) -> StatusRow {
    StatusRow { status: Status(status), at: at(time), key: Key::new(key) }
}

fn names(rows: &[StatusRow]) -> Vec<String> {
    rows.iter().map(|row| row.key.text().into_owned()).collect()
}

const EVER: Timestamp = Timestamp::from_millis(i64::MAX);

#[test]
fn a_status_is_listed_in_order_and_in_pages() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        let reader = store.reader();
        let sorted = [
            row(7, i64::MIN, "z"),
            row(7, -1, "a"),
            row(7, 0, ""),
            row(7, 0, "a"),
            row(7, 0, "a\0"),
            row(7, 0, "ab"),
            row(7, i64::MAX, "a"),
        ];
        let others = [row(6, 0, "x"), row(8, 0, "x"), row(u64::MAX, i64::MAX, "x")];
        let changes = sorted.iter().rev().chain(&others).map(|row| Change::PutStatus(row.clone()));
        store.apply(&batch(changes)).unwrap();
        let first = StatusRow::first(Status(7), Timestamp::MIN);
        assert_eq!(reader.scan_status(&first, EVER, usize::MAX).unwrap(), sorted);
        assert_eq!(reader.scan_status(&StatusRow::first(Status(7), at(0)), at(0), 9).unwrap(), sorted[2..6]);
        assert_eq!(reader.scan_status(&first, at(-1), 9).unwrap(), sorted[..2]);
        assert_eq!(reader.scan_status(&StatusRow::first(Status(7), at(1)), at(0), 9).unwrap(), []);
        assert_eq!(reader.scan_status(&StatusRow::first(Status(u64::MAX), at(0)), EVER, 9).unwrap(), others[2..]);
        let (mut paged, mut from) = (Vec::new(), first);
        while let Some(next) = reader.scan_status(&from, EVER, 1).unwrap().pop() {
            from = StatusRow::after(next.status, (next.at, &next.key));
            paged.push(next);
        }
        assert_eq!(paged, sorted);
        store.apply(&batch([Change::DeleteStatus(sorted[3].clone())])).unwrap();
        assert_eq!(
            names(&reader.scan_status(&StatusRow::first(Status(7), at(0)), at(0), 9).unwrap()),
            ["", "a\0", "ab"]
        );
    });
}

#[test]
fn an_entry_is_read_with_the_parts_that_it_counts() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        let reader = store.reader();
        assert_eq!(reader.entry(&Key::new("a")).unwrap(), None);
        let head = Head { statuses: Statuses::one(Status(1)), parts: 1..3, ..Head::default() };
        let mut bytes = Vec::new();
        entry::encode(&head, 1, b"body", &mut bytes).unwrap();
        let part = |key, number, text: &str| Change::PutPart(Key::new(key), number, text.to_owned().into());
        let parts =
            [part("a", 0, "old"), part("a", 1, "one"), part("a", 2, "two"), part("a", 3, "new"), part("b", 1, "b")];
        let entry = Change::PutEntry(Key::new("a"), bytes.clone().into());
        store.apply(&batch([entry, put("b", "not an entry")].into_iter().chain(parts))).unwrap();
        let found = reader.entry(&Key::new("a")).unwrap().unwrap();
        assert_eq!((found.bytes.as_ref(), found.parts), (&*bytes, vec!["one".into(), "two".into()]));
        let found = reader.entries(&[&Key::new("b"), &Key::new("c"), &Key::new("a")]).unwrap();
        let parts: Vec<_> = found.iter().map(|entry| entry.as_ref().map(|entry| entry.parts.len())).collect();
        assert_eq!(parts, [Some(0), None, Some(2)]);
        let page = reader.scan(None, 1).unwrap();
        assert_eq!(page.iter().map(|(key, _)| key.text()).collect::<Vec<_>>(), ["a"]);
        assert_eq!(reader.scan(Some(&page[0].0), 9).unwrap().len(), 1);
    });
}

#[test]
fn a_reader_knows_the_counts_and_the_first_minute_of_a_status() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        let reader = store.reader();
        let bucket = |status, minute| Bucket { status: Some(Status(status)), minute };
        let numbers = [(bucket(1, 5), 2), (bucket(1, -3), 1), (bucket(2, 0), 4)];
        store.apply(&batch(numbers.map(|(bucket, number)| Change::Count(bucket, number)))).unwrap();
        let mut expected = Counts::default();
        for (bucket, number) in numbers {
            expected.add(bucket, number);
        }
        assert_eq!(reader.counts().unwrap(), expected);
        assert_eq!(reader.statuses().unwrap(), [Status(1), Status(2)]);
        let first = |from, until| reader.first_minute(Status(1), from..=until).unwrap();
        assert_eq!(
            [first(i64::MIN, i64::MAX), first(-2, 9), first(6, 9), first(9, 6)],
            [Some(-3), Some(5), None, None]
        );
        store.apply(&batch([Change::Count(bucket(1, -3), -1)])).unwrap();
        assert_eq!(reader.first_minute(Status(1), i64::MIN..=i64::MAX).unwrap(), Some(5));
    });
}

/// Reads from several threads while the store is closed and opened again: an opening meets no store that a reader still holds.
#[test]
fn a_closing_store_waits_for_its_readers_and_ends_them() {
    on_both(|stores| {
        let mut store = stores.open(TASK).unwrap();
        let rows = (0..2_000).map(|number| Change::PutStatus(row(1, number, "k")));
        store.apply(&batch(rows)).unwrap();
        for _ in 0..20 {
            let (reader, has_begun) = (store.reader(), AtomicBool::new(false));
            let read = || {
                loop {
                    let page = reader.scan_status(&StatusRow::first(Status(1), at(0)), EVER, 2_000);
                    match page {
                        Ok(rows) => assert_eq!(rows.len(), 2_000),
                        Err(error) => return assert!(matches!(error, Error::Closed { .. }), "{error}"),
                    }
                    has_begun.store(true, Ordering::Relaxed);
                }
            };
            store = std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(read);
                }
                while !has_begun.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_micros(50));
                }
                drop(store);
                stores.open(TASK).unwrap()
            });
            assert!(
                matches!(reader.entry(&Key::new("k")), Err(Error::Closed { .. })),
                "the reader of the former store"
            );
        }
    });
}
