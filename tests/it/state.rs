//! `sheaf state show`: what the stores of a state directory have of a bundle and of a trace.

use std::path::Path;
use std::process::{Command, Output};

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf::codec::{Head, entry, part};
use sheaf::model::{Headers, Key, Moment, Record, Timestamp, Topic, TopicPartition};
use sheaf::processor::{Effect, Event, Input, Keyed, Transition};
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Batch, Change, Stores as _};
use sheaf::topology::Spec;

const TOPOLOGY: &str = "\
name: pairs
sources:
  - { topic: parents,  member: parent, bundle: /id,        id: /id }
  - { topic: children, member: child,  bundle: /parent_id, id: /id }
bundle: { children: 2, key: text }
submissions: pairs
";
const CONFIG: &str =
    "application_id: pairs\nkafka: { bootstrap_servers: nowhere:9092 }\ntopologies: [pairs.yaml]\nstate_dir: state\n";

/// The entry of a bundle after one event, as it is stored.
fn entry() -> Bytes {
    let spec = Spec::parse("pairs.yaml", TOPOLOGY).unwrap();
    let source = TopicPartition::new(&Topic::new("parents"), 3);
    let value = Some(Bytes::from_static(b"{\"id\":\"p1\"}"));
    let timestamp = Timestamp::from_millis(1_767_268_800_000);
    let record = Record { source, offset: 17, timestamp, key: None, value, headers: Headers::new() };
    let topology = spec.assemble("pairs", |_| None).unwrap();
    let Ok(Keyed::To(keyed)) = topology.sources[0].keying.key(&record) else { panic!("it is a parent") };
    let (key, event) = keyed.into_event(record);
    let bundle = &topology.nodes[0].processor;
    let Transition { state, .. } = bundle.step(&key, None, Input::Record(event), Moment::at(timestamp)).unwrap();
    let (state, mut body, mut bytes) = (state.unwrap(), Vec::new(), Vec::new());
    bundle.encode(&state, &mut body).unwrap();
    entry::encode(&Head::default(), bundle.version(&state).unwrap(), &body, &mut bytes).unwrap();
    bytes.into()
}

fn show(directory: &Path, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    let Output { status, stdout, stderr } =
        command.args(["state", "show"]).args(words).current_dir(directory).output().unwrap();
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

#[test]
fn a_bundle_is_shown_from_the_stores_without_a_broker() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("pairs.yaml"), TOPOLOGY).unwrap();
    std::fs::write(directory.path().join("sheaf.yaml"), CONFIG).unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path().join("state/pairs"))).unwrap();
    let mut store = stores.open("bundle-5").unwrap();
    let changes = vec![Change::PutEntry(Key::new("p1"), entry())];
    store.apply(&Batch { changes, is_bulk: false }).unwrap();
    let (code, printed) = show(directory.path(), &["p1"]);
    assert!(code == Some(1) && printed.contains("in use by another process"), "{printed}");
    drop((store, stores));
    let (code, printed) = show(directory.path(), &["p1"]);
    assert_eq!(code, Some(0), "{printed}");
    let shown: Value = serde_json::from_str(&printed).unwrap();
    let event =
        json!({ "at": "2026-01-01T12:00:00.000Z", "what": "accepted", "role": "parent", "source": "parents-3@17" });
    assert_eq!(shown["bundle"]["timeline"], json!([event]));
    assert_eq!(shown["bundle"]["missing"], json!(["child 1", "child 2"]));
    let (code, printed) = show(directory.path(), &["p2"]);
    assert!(code == Some(1) && printed.contains("no store of the state directory has p2"), "{printed}");
}

const TRACE: &str = "\
name: pairs
trace: { reads: [{ topic: messages, id: /traceid, type: /type }] }
";

/// The changes by the messages of a trace, as they are stored: its entry, and a part for each message.
fn traced(messages: &[&'static str]) -> Vec<Change> {
    let topology = Spec::parse("pairs.yaml", TRACE).unwrap().assemble("pairs", |_| None).unwrap();
    let (trace, key) = (&topology.nodes[0].processor, Key::new("t-1"));
    let (mut state, mut changes) = (None, Vec::new());
    for (number, message) in (0u32..).zip(messages) {
        let timestamp = Timestamp::from_millis(1_767_268_800_000 + 1_250 * i64::from(number));
        let source = TopicPartition::new(&Topic::new("messages"), 3);
        let value = Some(Bytes::from_static(message.as_bytes()));
        let record = Record { source, offset: i64::from(number), timestamp, key: None, value, headers: Headers::new() };
        let event = Event::new("record", timestamp, record);
        let next = trace.step(&key, state, Input::Record(event), Moment::at(timestamp)).unwrap();
        let added = next.effects.into_iter().find_map(|effect| {
            let Effect::AddPart(bytes) = effect else { return None };
            Some(bytes)
        });
        changes.push(Change::PutPart(key.clone(), number, part::encode(1, &added.unwrap())));
        state = next.state;
    }
    let (state, mut body, mut bytes) = (state.unwrap(), Vec::new(), Vec::new());
    trace.encode(&state, &mut body).unwrap();
    let head = Head { parts: 0..u32::try_from(messages.len()).unwrap(), ..Head::default() };
    entry::encode(&head, trace.version(&state).unwrap(), &body, &mut bytes).unwrap();
    changes.push(Change::PutEntry(key, bytes.into()));
    changes
}

#[test]
fn a_trace_is_shown_as_a_time_line() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("pairs.yaml"), TRACE).unwrap();
    std::fs::write(directory.path().join("sheaf.yaml"), CONFIG).unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path().join("state/pairs"))).unwrap();
    let mut store = stores.open("trace-5").unwrap();
    let messages = [r#"{"traceid":"t-1","type":"OrderPlaced"}"#, r#"{"traceid":"t-1","type":"PayCommand"}"#];
    store.apply(&Batch { changes: traced(&messages), is_bulk: false }).unwrap();
    drop((store, stores));
    let show = |words: &[&str]| show(directory.path(), words);
    let (code, printed) = show(&["t-1", "--processor", "trace"]);
    let expected = "trace t-1: 2 records from 2026-01-01 12:00:00.000Z to 2026-01-01 12:00:01.250Z

2026-01-01 12:00:00.000Z  Event    OrderPlaced  messages-3@0  38 bytes
2026-01-01 12:00:01.250Z  Command  PayCommand   messages-3@1  37 bytes
";
    assert_eq!((code, printed.as_str()), (Some(0), expected));
    let (_, printed) = show(&["t-1"]);
    let shown: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(shown["trace"]["records"][1]["kind"], "Command", "without the option it is JSON");
    let (code, printed) = show(&["t-1", "--processor", "bundle"]);
    assert!(code == Some(2) && printed.contains("the topology pairs has trace, dead-letter"), "{printed}");
    let (code, printed) = show(&["t-1", "--processor", "dead-letter"]);
    assert!(code == Some(1) && printed.contains("has t-1"), "{printed}");
}
