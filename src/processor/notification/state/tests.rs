//! Tests of the stored bytes, and of the bounds of an outbox.

use super::*;

/// Version 1 of the stored form, as it was when it was introduced.
const VERSION_1: &str = "01036f707301040501fbb0040101046c61746501fb780501fba00f0202fbd007fbd20701046c6174650102703101740662756e646c65fbd007016d01017201046c6174650102703101740662756e646c65fbd007016d00011000000000000000000123456789abcdef036f7073027b7d01730302fbe80301fb7017";

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn alert() -> Told {
    Told {
        kind: "late".to_owned(),
        severity: Severity::Warning,
        key: "p1".to_owned(),
        topology: "t".to_owned(),
        processor: "bundle".to_owned(),
        occurred_at: at(1_000),
        message: "m".to_owned(),
        remedy: Some("r".to_owned()),
    }
}

fn sample() -> Notifications {
    let batch = Batch {
        due: at(2_000),
        count: 2,
        severity: Severity::Critical,
        first_at: at(1_000),
        last_at: at(1_001),
        first: vec![alert()],
        last: vec![Told { remedy: None, ..alert() }],
    };
    let open = Open {
        id: Uuid::from_u128(0x0123_4567_89ab_cdef),
        to: Target::new("ops"),
        request: "{}".to_owned(),
        summary: "s".to_owned(),
        call: Call { number: 3, attempts: 2, since: at(500), retry_at: Some(at(3_000)) },
    };
    let group = Group { told_at: Some(at(700)), batch: Some(batch) };
    let outbox = Outbox {
        slot: 1,
        sequence: 4,
        calls: 5,
        begun: vec![at(600)],
        is_limited: true,
        groups: [("late".to_owned(), group)].into(),
        open: Some(open),
    };
    Notifications { outboxes: [("ops".to_owned(), outbox)].into() }
}

#[test]
fn the_stored_bytes_are_those_of_version_1() {
    let mut bytes = Vec::new();
    sample().encode(&mut bytes).unwrap();
    let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!(hex, VERSION_1);
    assert_eq!(Notifications::decode(1, &bytes).unwrap(), sample());
}

#[test]
fn a_full_outbox_counts_what_it_does_not_keep() {
    let mut outbox = Outbox::default();
    for number in 0..1_000 {
        for kind in 0..50 {
            let alert = Told { key: format!("p{number}"), message: "x".repeat(400), ..alert() };
            outbox.gather(&format!("kind-{kind:02}"), alert, |_| at(0));
        }
    }
    assert_eq!(outbox.groups.len(), GROUPS_MAX + 1);
    assert_eq!(outbox.batches().map(|(_, batch)| batch.count).sum::<u64>(), 50_000);
    let shown: u64 = outbox.batches().map(|(_, batch)| batch.count - batch.not_shown()).sum();
    assert_eq!(shown, 60);
    let mut bytes = Vec::new();
    Notifications { outboxes: [("ops".to_owned(), outbox)].into() }.encode(&mut bytes).unwrap();
    assert!(bytes.len() < 64 << 10, "{}", bytes.len());
}
