//! `sheaf state show`: what the stores of a state directory have of a bundle.

use std::path::Path;
use std::process::{Command, Output};

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf::codec::{Head, entry};
use sheaf::model::{Headers, Key, Moment, Record, Timestamp, Topic, TopicPartition};
use sheaf::processor::{Input, Keyed, Transition};
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

fn show(directory: &Path, key: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    let Output { status, stdout, stderr } =
        command.args(["state", "show", key]).current_dir(directory).output().unwrap();
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
    let (code, printed) = show(directory.path(), "p1");
    assert!(code == Some(1) && printed.contains("in use by another process"), "{printed}");
    drop((store, stores));
    let (code, printed) = show(directory.path(), "p1");
    assert_eq!(code, Some(0), "{printed}");
    let shown: Value = serde_json::from_str(&printed).unwrap();
    let event =
        json!({ "at": "2026-01-01T12:00:00.000Z", "what": "accepted", "role": "parent", "source": "parents-3@17" });
    assert_eq!(shown["bundle"]["timeline"], json!([event]));
    assert_eq!(shown["bundle"]["missing"], json!(["child 1", "child 2"]));
    let (code, printed) = show(directory.path(), "p2");
    assert!(code == Some(1) && printed.contains("no store of the state directory has p2"), "{printed}");
}
