//! The delivery processor: its guarantee as a property, its stored bytes, another target than Control-M, the example template. Its
//! transitions are in `tests/golden/delivery`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy only recognizes #[test]; these are test helpers, which fail by panicking"
)]

mod cluster;
mod exact;
mod held;
mod injection;
mod outage;
mod progressive;
mod property;
pub(crate) mod recording;
mod runs;
mod secret;
mod stored;
mod target;
mod template;
mod trace;

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf::model::{Headers, Key, Record, Target, Timestamp, Topic, TopicPartition};
use sheaf::processor::delivery::control_m::{Folders, Mode, Submit};
use sheaf::processor::delivery::{Backoff, Delivery, Settings};
use sheaf::processor::{Event, Input};
use sheaf::template::Template;

/// A minimal template.
pub(crate) const SMALL: &str =
    r#"{"{{ folder }}": {"Type": "Folder", "job": {"Type": "Job:Dummy", "Description": "{{ parent.description }}"}}}"#;

/// A template of an order.
pub(crate) const ORDER: &str =
    r#"{"ctm": "{{ server_name }}", "folder": "ship", "variables": [{"ORDER": "{{ bundle_id }}"}]}"#;

/// The delivery of all tests, with this template.
pub(crate) fn delivery(source: &str) -> Delivery {
    Delivery::new(folders(source), settings())
}

/// The same by orders of a deployed folder.
pub(crate) fn delivery_of_orders() -> Delivery {
    Delivery::new(Folders { mode: Mode::Order, ..folders(ORDER) }, settings())
}

/// Control-M's folders, made by this template.
pub(crate) fn folders(source: &str) -> Folders {
    let template = Template::compile("test.json", source).unwrap();
    Folders {
        mode: Mode::OnDemand,
        submit: Submit::Bundle,
        template,
        server: "smprod".to_owned(),
        folder_prefix: "folder-".to_owned(),
        retention_days: 14,
        external_events: Vec::new(),
    }
}

/// The settings of all tests; sums of different durations are different.
pub(crate) fn settings() -> Settings {
    Settings {
        target: Target::new("control_m"),
        intent_valid_for: Duration::from_secs(30),
        request_timeout: Duration::from_mins(1),
        visibility_lag: Duration::from_secs(20),
        retry: Backoff { first: Duration::from_secs(5), factor: 2, max: Duration::from_mins(5), jitter_percent: 0 },
        give_up_after: Duration::from_hours(3 * 24),
        lookup_horizon: Duration::from_hours(20),
        keep: Duration::from_hours(7 * 24),
    }
}

/// The value of a submission with this many children.
pub(crate) fn submission(bundle: &str, children: usize) -> Value {
    let child = |n: usize| json!({"id": format!("c{n}"), "parent_id": bundle, "position": n});
    json!({
        "bundle_id": bundle,
        "parent": {"id": bundle, "description": "Parent event message"},
        "children": (1..=children).map(child).collect::<Vec<_>>(),
        "first_event_at": "2026-01-01T00:00:00.000Z",
        "completed_at": "2026-01-01T01:00:00.000Z",
        "late": false,
    })
}

/// A submission record as an input.
pub(crate) fn submitted(key: &Key, value: &Value) -> Input {
    let record = Record {
        source: TopicPartition::new(&Topic::new("ctm-submissions"), 3),
        offset: 42,
        timestamp: Timestamp::from_millis(0),
        key: Some(key.bytes()),
        value: Some(Bytes::from(value.to_string())),
        headers: Headers::new(),
    };
    Input::Record(Event::new("submission", record.timestamp, record))
}
