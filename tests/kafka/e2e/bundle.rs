//! Bundles that a test writes, and the check of their outputs from the topics and the simulator alone.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf::model::Topic;
use uuid::Uuid;

use super::deployment::Deployment;
use super::process::until;

/// One parent and its children.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) id: String,
    pub(crate) parent: Value,
    pub(crate) children: Vec<Value>,
}

/// An event; true for a parent's.
pub(crate) type Event = (bool, Value);

/// The parents of bundles, and then their children.
pub(crate) fn halves(bundles: &[Bundle]) -> (Vec<Event>, Vec<Event>) {
    bundles.iter().flat_map(Bundle::events).partition(|(is_parent, _)| *is_parent)
}

/// A number of bundles of 1 to 4 children each.
pub(crate) fn bundles(count: usize, chance: &mut fastrand::Rng) -> Vec<Bundle> {
    let id = |chance: &mut fastrand::Rng| uuid::Builder::from_random_bytes(chance.u128(..).to_be_bytes()).into_uuid();
    let text = |id: Uuid| id.hyphenated().to_string();
    (0..count)
        .map(|number| {
            let bundle = text(id(chance));
            let expected = chance.usize(1..=4);
            let children = (1..=expected).map(
                |position| json!({ "id": text(id(chance)), "parent_id": bundle, "position": position, "data": number }),
            );
            let children = children.collect();
            Bundle { parent: json!({ "id": bundle, "children": expected, "data": number }), id: bundle, children }
        })
        .collect()
}

impl Bundle {
    /// Its events, the parent first.
    pub(crate) fn events(&self) -> Vec<Event> {
        let children = self.children.iter().map(|child| (false, child.clone()));
        std::iter::once((true, self.parent.clone())).chain(children).collect()
    }
}

/// All events of the bundles in random order, some of them duplicated.
pub(crate) fn shuffled(bundles: &[Bundle], doubled_percent: usize, chance: &mut fastrand::Rng) -> Vec<Event> {
    let mut events: Vec<Event> = bundles.iter().flat_map(Bundle::events).collect();
    for at in 0..events.len() * doubled_percent / 100 {
        // At random; `at` alone would duplicate the first bundles.
        let event = events.get((at * 7_919 + chance.usize(..events.len())) % events.len()).cloned();
        events.extend(event);
    }
    chance.shuffle(&mut events);
    events
}

/// The number of bundles that these events complete.
pub(crate) fn complete_in(events: &[Event], bundles: &[Bundle]) -> usize {
    let ids: BTreeSet<&str> = events.iter().filter_map(|(_, value)| value["id"].as_str()).collect();
    let is_there = |(_, value): &Event| value["id"].as_str().is_some_and(|id| ids.contains(id));
    bundles.iter().filter(|bundle| bundle.events().iter().all(is_there)).count()
}

impl Deployment {
    /// Writes events to the sources, without keys.
    pub(crate) fn write_events(&self, events: &[Event]) {
        let (parents, children) = (self.topic("parents"), self.topic("children"));
        let topic = |is_parent: bool| -> &Topic { if is_parent { &parents } else { &children } };
        self.write(events.iter().map(|(is_parent, value)| (topic(*is_parent), Bytes::from(value.to_string()))));
    }

    /// Waits until each of these bundles has a folder, and its delivery has ended.
    pub(crate) fn wait_for_deliveries(&self, bundles: &[Bundle]) {
        until(&format!("{} bundles have a folder", bundles.len()), || self.folders() >= bundles.len());
        until(&format!("{} bundles have an outcome", bundles.len()), || {
            self.read(&self.own("outcomes")).len() >= bundles.len()
        });
    }

    /// Checks that exactly these bundles were submitted, each once and with its content, and nothing was rejected.
    pub(crate) fn assert_exactly(&self, bundles: &[Bundle]) {
        self.assert_submitted(bundles);
        assert_eq!(self.dead_letters(), [], "nothing is rejected");
    }

    /// Checks that exactly these bundles were submitted, each once and with its content.
    pub(crate) fn assert_submitted(&self, bundles: &[Bundle]) {
        let expected: BTreeMap<&str, &Bundle> = bundles.iter().map(|bundle| (bundle.id.as_str(), bundle)).collect();
        let mut seen = BTreeSet::new();
        for record in self.read(&self.topic("submissions")) {
            let value: Value = serde_json::from_slice(&record.value.expect("a value")).expect("JSON");
            let id = value["bundle_id"].as_str().expect("an id").to_owned();
            assert_eq!(record.key.as_deref(), Some(id.as_bytes()), "the key is the bundle's id");
            let bundle = expected.get(id.as_str()).unwrap_or_else(|| panic!("{id} is not complete: {value}"));
            assert_eq!(value["parent"], bundle.parent);
            assert_eq!(value["children"], Value::from(bundle.children.clone()), "in the order of their positions");
            assert!(seen.insert(id), "submitted twice: {value}");
        }
        assert_eq!(seen.len(), bundles.len(), "every complete bundle is in the submission topic");
        let dump = self.simulator.dump();
        let folders: BTreeSet<String> = dump.folders.keys().cloned().collect();
        assert_eq!(folders, bundles.iter().map(|bundle| format!("folder-{}", bundle.id)).collect());
        let twice: Vec<_> = dump.folders.iter().filter(|(_, folder)| folder.submits != 1).collect();
        assert!(twice.is_empty(), "submitted more than once to Control-M: {twice:?}");
        let outcomes: Vec<String> = self
            .read(&self.own("outcomes"))
            .into_iter()
            .map(|record| String::from_utf8(record.value.expect("a value").to_vec()).expect("text"))
            .collect();
        assert_eq!(outcomes.len(), bundles.len(), "one outcome for each delivery");
        assert!(outcomes.iter().all(|outcome| outcome.contains(r#""outcome":"submitted""#)), "{outcomes:?}");
    }
}
