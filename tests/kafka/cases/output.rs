//! What a test of a case writes, and what comes out of the topics.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;
use sheaf::model::{Key, OutRecord, Record, Topic};

use super::super::cluster::shared;
use super::super::e2e::deployment::{Deployment, unkeyed};
use super::super::e2e::process::{Process, until};
use super::super::fixture::Fixture;

/// Allows any time, as brokers before Kafka 4 do.
const ANY_TIME: (&str, &str) = ("message.timestamp.after.max.ms", "9223372036854775807");

/// A deployment with these sources, whose topics (`@name`) are created with one partition; `None` if tests on a real Kafka are
/// skipped.
pub(super) fn open(case: &str, sources: &str) -> Option<Deployment> {
    let mut deployment = Deployment::at(case, shared()?);
    deployment.sources = Some(sources.to_owned());
    create_sources(&deployment.fixture, sources);
    Some(deployment)
}

fn create_sources(fixture: &Fixture, sources: &str) {
    let mut names: Vec<&str> =
        sources.split('@').skip(1).filter_map(|rest| rest.split([',', ' ', '}']).next()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        fixture.topic_with(name, 1, &[ANY_TIME]);
    }
}

/// An id of a bundle or a member.
pub(super) fn id(number: usize) -> String {
    format!("5eaf0000-0000-4000-8000-{number:012}")
}

impl Deployment {
    /// A record of a topic of the test; its key names it in the dead letters.
    pub(super) fn record(&self, topic: &str, label: &str, value: impl AsRef<[u8]>) -> OutRecord {
        let value = Some(Bytes::copy_from_slice(value.as_ref()));
        OutRecord { key: Some(Key::new(label)), ..unkeyed(&self.topic(topic), value) }
    }

    /// Waits until this number of deliveries has ended; all are submitted. Returns the submissions by bundle.
    pub(super) fn wait_for_submissions(&self, bundles: usize) -> BTreeMap<String, Value> {
        until(&format!("{bundles} bundles have an outcome"), || self.read(&self.own("outcomes")).len() >= bundles);
        let outcomes = self.values(&self.own("outcomes"));
        assert!(outcomes.iter().all(|outcome| outcome["outcome"] == "submitted"), "{outcomes:#?}");
        let submissions = self.values(&self.topic("submissions"));
        let id = |value: &Value| value["bundle_id"].as_str().expect("an id").to_owned();
        let found: BTreeMap<String, Value> = submissions.iter().map(|value| (id(value), value.clone())).collect();
        assert_eq!((submissions.len(), outcomes.len()), (bundles, bundles), "each once: {submissions:#?}");
        assert_eq!(found.len(), bundles, "each once: {submissions:#?}");
        let submits = self.simulator.dump().folders.into_values().map(|folder| folder.submits);
        assert_eq!(submits.collect::<Vec<_>>(), vec![1; bundles], "each once at Control-M");
        found
    }

    /// The values of a topic, as JSON.
    pub(super) fn values(&self, topic: &Topic) -> Vec<Value> {
        let json = |record: Record| serde_json::from_slice(&record.value.expect("a value")).expect("JSON");
        self.read(topic).into_iter().map(json).collect()
    }

    /// The kinds and messages of the alerts.
    pub(super) fn alerts(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let alerts = self.values(&self.own("alerts"));
        alerts.iter().map(|alert| (text(&alert["kind"]), text(&alert["message"]))).collect()
    }

    /// The reasons and messages of the dead letters by the labels of their records.
    pub(super) fn rejected(&self) -> BTreeMap<String, (String, String)> {
        let letters = self.dead_letters();
        let count = letters.len();
        let header = |letter: &Record, name: &str| {
            letter.headers.text(&format!("__sheaf.errors.{name}")).expect("a header").to_owned()
        };
        let label = |letter: &Record| String::from_utf8(letter.key.clone().expect("a key").to_vec()).expect("text");
        let found: BTreeMap<_, _> = letters
            .iter()
            .map(|letter| (label(letter), (header(letter, "reason"), header(letter, "message"))))
            .collect();
        assert_eq!(found.len(), count, "each record is a dead letter once");
        found
    }

    /// Checks that exactly these records are dead letters, with the reason, and with the words in the message.
    pub(super) fn assert_rejected(&self, expected: &[(&str, &str, &str)]) {
        let found = self.rejected();
        for (label, reason, words) in expected {
            let (found_reason, message) =
                found.get(*label).unwrap_or_else(|| panic!("no dead letter {label}: {found:#?}"));
            assert_eq!(found_reason, reason, "{label}: {message}");
            assert!(message.contains(words), "{label}: `{words}` is not in `{message}`");
        }
        assert_eq!(found.len(), expected.len(), "{found:#?}");
    }
}

impl Process {
    /// Waits until each of this number of source records is counted: as a member event, as passed over or as a dead letter.
    pub(super) fn wait_until_counted(&self, records: usize) {
        until(&format!("{records} records are counted"), || {
            let families =
                ["sheaf_bundle_events_total", "sheaf_consumer_passed_records_total", "sheaf_dlq_records_total"];
            let counts = families.iter().map(|name| self.try_metric(name, "").unwrap_or_default());
            counts.sum::<f64>() + 0.5 > f64::from(u32::try_from(records).expect("few"))
        });
    }
}
