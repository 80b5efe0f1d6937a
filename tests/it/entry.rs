//! The bytes of entries: they round-trip, they do not change, and invalid bytes are errors.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use sheaf::codec::entry::{self, EntryTrace, FORMAT};
use sheaf::codec::{Error, Head, Versioned, Writer, binary};
use sheaf::model::{Act, ActSlot, Status, Statuses, Target, Timer, TimerKind, Timestamp, TraceContext};

const ENVELOPE_BYTES: usize = 6;
/// An entry of each format; all stay readable.
const GOLDEN: [&str; 5] = [
    include_str!("../golden/entry/format-1.hex"),
    include_str!("../golden/entry/format-2.hex"),
    include_str!("../golden/entry/format-3.hex"),
    include_str!("../golden/entry/format-4.hex"),
    include_str!("../golden/entry/format-5.hex"),
];
const GOLDEN_VERSION: u16 = 3;
const GOLDEN_BODY: &[u8] = b"body";

/// A state in its third version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Basket {
    owner: String,
    apples: Vec<u32>,
}

impl Versioned for Basket {
    const VERSION: u16 = 3;
    const NAME: &'static str = "basket";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        binary::encode(self, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, Error> {
        binary::decode(bytes)
    }
}

/// The head of a format's golden file: before format 3 acts have no target, and there are no statuses.
fn golden_head(format: u8) -> Head {
    let timer = |kind, due| Timer { kind, due: Timestamp::from_millis(due) };
    Head {
        timers: vec![timer(TimerKind::Deadline(1), 1_700_000_000_000), timer(TimerKind::Delay(2), -1)],
        acts: vec![Act {
            slot: ActSlot(4),
            attempt: 300,
            to: Target::new(if format < 3 { "control_m" } else { "dock" }),
            valid_for: Duration::from_millis(90_500),
            request: r#"{"a":1}"#.to_owned(),
        }],
        queued: if format < 4 { Vec::new() } else { vec![ActSlot(4)] },
        parts: if format == 1 { 0..0 } else { 3..300 },
        statuses: if format < 3 { Statuses::none() } else { Statuses::two(Status(1), Status(0x0102_0304_0506_0708)) },
        at: Timestamp::from_millis(if format < 3 { 0 } else { 1_700_000_000_000 }),
        trace: (format >= 5).then(|| Arc::new(trace("rojo=00f067aa0ba902b7", 1_700_000_000_000))),
    }
}

fn trace(state: &str, since: i64) -> EntryTrace {
    let context = TraceContext::new("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Some(state));
    EntryTrace { context: context.unwrap(), since: Timestamp::from_millis(since) }
}

/// The bytes of a golden file; `None` matches any byte.
fn golden_bytes(format: u8) -> Vec<Option<u8>> {
    let tokens =
        GOLDEN[usize::from(format) - 1].lines().flat_map(|line| line.split('#').next().unwrap().split_whitespace());
    tokens.map(|token| (token != "??").then(|| u8::from_str_radix(token, 16).unwrap())).collect()
}

/// The golden bytes as written by sheaf 9.8.7.
fn golden_of_another_version(format: u8) -> Vec<u8> {
    let mut writer = [9, 8, 7].into_iter();
    golden_bytes(format).into_iter().map(|byte| byte.unwrap_or_else(|| writer.next().unwrap())).collect()
}

fn basket() -> Vec<u8> {
    let mut body = Vec::new();
    Basket { owner: "Eve".to_owned(), apples: vec![1, 300, 70_000] }.encode(&mut body).unwrap();
    let mut bytes = Vec::new();
    entry::encode(&golden_head(FORMAT), Basket::VERSION, &body, &mut bytes).unwrap();
    bytes
}

fn read_basket(bytes: &[u8]) -> Result<Basket, Error> {
    entry::decode_body(&entry::decode(bytes)?, Vec::new())
}

fn heads() -> impl Strategy<Value = Head> {
    let kind = prop_oneof![any::<u8>().prop_map(TimerKind::Deadline), any::<u8>().prop_map(TimerKind::Delay)];
    let timer = (kind, any::<i64>()).prop_map(|(kind, due)| Timer { kind, due: Timestamp::from_millis(due) });
    let act = (any::<u8>(), any::<u32>(), ".*", any::<Duration>(), ".*").prop_map(
        |(slot, attempt, to, valid_for, request)| Act {
            slot: ActSlot(slot),
            attempt,
            to: Target::new(&to),
            valid_for,
            request,
        },
    );
    let statuses = prop_oneof![
        Just(Statuses::none()),
        any::<u64>().prop_map(|status| Statuses::one(Status(status))),
        any::<(u64, u64)>().prop_map(|(first, second)| Statuses::two(Status(first), Status(second))),
    ];
    let parts = prop_oneof![
        Just(0..0),
        (1..u16::MAX, 0..5_u32).prop_map(|(first, count)| {
            let first = u32::from(first);
            first..first + count
        })
    ];
    let queued = prop::collection::vec(any::<u8>().prop_map(ActSlot), 0..3);
    let trace =
        prop::option::of(("[a-z]{0,9}", any::<i64>()).prop_map(|(state, since)| Arc::new(trace(&state, since))));
    let acts = (prop::collection::vec(act, 0..3), queued);
    (prop::collection::vec(timer, 0..5), acts, parts, statuses, any::<i64>(), trace).prop_map(
        |(timers, (acts, queued), parts, statuses, at, trace)| {
            let at = Timestamp::from_millis(at);
            Head { timers, acts, queued, parts, statuses, at, trace }
        },
    )
}

proptest! {
    #[test]
    fn an_entry_round_trips(head in heads(), version: u16, body: Vec<u8>) {
        let mut bytes = b"earlier bytes".to_vec();
        let start = bytes.len();
        entry::encode(&head, version, &body, &mut bytes).unwrap();
        let entry = entry::decode(&bytes[start..]).unwrap();
        prop_assert_eq!(&entry.head, &head);
        prop_assert_eq!((entry.version, entry.body), (version, &body[..]));
        prop_assert_eq!(entry.writer.to_string(), env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn garbage_is_an_error_or_an_entry_but_never_a_panic(bytes: Vec<u8>) {
        let _result = read_basket(&bytes);
    }

    #[test]
    fn garbage_after_a_valid_envelope_never_panics(garbage: Vec<u8>) {
        let mut bytes = basket();
        bytes.truncate(ENVELOPE_BYTES);
        bytes.extend(garbage);
        let _result = read_basket(&bytes);
    }

    #[test]
    fn one_changed_byte_never_panics(position in 0..basket().len(), byte: u8) {
        let mut bytes = basket();
        bytes[position] = byte;
        let _result = read_basket(&bytes);
    }
}

#[test]
fn the_bytes_of_an_entry_are_those_of_the_golden_file() {
    // Without queued acts, with them, and with a trace.
    for format in [3, 4, FORMAT] {
        let mut bytes = Vec::new();
        entry::encode(&golden_head(format), GOLDEN_VERSION, GOLDEN_BODY, &mut bytes).unwrap();
        let golden = golden_bytes(format);
        let matches = bytes.len() == golden.len() && bytes.iter().zip(&golden).all(|(b, g)| g.is_none_or(|g| g == *b));
        assert!(
            matches,
            "format {format} has changed, but entries in it are stored:\n  now    {bytes:02x?}\n  golden {golden:02x?}"
        );
    }
}

#[test]
fn the_golden_bytes_of_every_format_are_read() {
    for format in 1..=FORMAT {
        let bytes = golden_of_another_version(format);
        let entry = entry::decode(&bytes).unwrap();
        assert_eq!(entry.head, golden_head(format), "format {format}");
        let rest = (entry.version, entry.writer, entry.body);
        assert_eq!(rest, (GOLDEN_VERSION, Writer([9, 8, 7]), GOLDEN_BODY), "format {format}");
    }
}

#[test]
fn unknown_flags_are_corrupt() {
    let mut bytes = Vec::new();
    entry::encode(&Head::default(), 1, b"", &mut bytes).unwrap();
    let flags = ENVELOPE_BYTES + 2;
    assert_eq!(bytes[flags], 0);
    for flag in [0b11, 0b1000, 0b1000_0000] {
        bytes[flags] = flag;
        assert!(matches!(entry::decode(&bytes), Err(Error::Corrupt(_))), "{flag:#b}");
    }
}

#[test]
fn a_truncated_entry_is_corrupt_at_any_length() {
    let bytes = basket();
    read_basket(&bytes).unwrap();
    for length in 0..bytes.len() {
        assert!(matches!(read_basket(&bytes[..length]), Err(Error::Corrupt(_))), "cut to {length} bytes");
    }
}

#[test]
fn an_entry_with_bytes_after_its_end_is_corrupt() {
    let mut bytes = basket();
    bytes.push(0);
    assert!(matches!(read_basket(&bytes), Err(Error::Corrupt(_))));
}

#[test]
fn a_list_with_an_excessive_length_is_corrupt() {
    let mut bytes = basket();
    bytes.truncate(ENVELOPE_BYTES);
    bytes.push(0xfd);
    bytes.extend(u64::MAX.to_le_bytes());
    assert!(matches!(entry::decode(&bytes), Err(Error::Corrupt(_))));
}

#[test]
fn an_unknown_format_names_the_version_that_wrote_it() {
    let mut bytes = golden_of_another_version(FORMAT);
    bytes[0] = FORMAT + 1;
    let error = entry::decode(&bytes).unwrap_err();
    let (what, known) = ("the entry's format", u16::from(FORMAT));
    let found = known + 1;
    assert_eq!(error, Error::UnknownVersion { what, found, known, writer: "9.8.7".to_owned() });
    assert!(error.to_string().ends_with("run sheaf 9.8.7 or newer"), "{error}");
}

#[test]
fn an_unknown_body_version_names_the_version_that_wrote_it() {
    for found in [0, Basket::VERSION + 1, u16::MAX] {
        let mut bytes = golden_of_another_version(FORMAT);
        bytes[1..3].copy_from_slice(&found.to_be_bytes());
        let error = read_basket(&bytes).unwrap_err();
        let (what, known, writer) = (Basket::NAME, Basket::VERSION, "9.8.7".to_owned());
        assert_eq!(error, Error::UnknownVersion { what, found, known, writer });
    }
}
