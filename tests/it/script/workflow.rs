//! A script on the broker in memory.

use std::collections::BTreeMap;

use sheaf::model::{Key, OutRecord, Topic};
use sheaf::processor::script::{Script, Versions};
use sheaf::testing::TestDriver;
use sheaf::topology::Spec;

use super::cases::with_offsets;

/// The topic of the events.
pub(super) const RESUME: &str = "workflow-resume";

/// A script that runs, and what it writes to.
pub(super) struct Workflow {
    pub(super) driver: TestDriver,
    pub(super) topics: Vec<String>,
    /// The offsets of the events, in their order.
    pub(super) offsets: Vec<i64>,
}

impl Workflow {
    /// A script, and how much memory for realms is held; without any, each step runs all before it again.
    pub(super) fn of(text: &str, cache_mib: u16) -> Self {
        Self::with_keys(text, &format!("cache_mib: {cache_mib}"))
    }

    /// A script with more keys of `script`.
    pub(super) fn with_keys(text: &str, keys: &str) -> Self {
        let yaml = format!(
            "name: test\nscript:\n  file: test.ts\n  reads: [{{ topic: {RESUME}, start: earliest }}]\n  {keys}\n"
        );
        let mut spec = Spec::parse("test", &yaml).unwrap();
        let versions = Versions::new(Script::new("test.ts", text).unwrap());
        let topics = versions.newest().topics.clone();
        spec.script_mut().unwrap().versions = Some(versions);
        let driver = TestDriver::new(spec.assemble("test", |_delivery| None).unwrap()).unwrap();
        Self { driver, topics, offsets: Vec::new() }
    }

    /// Sends an event, in which `@3` is the offset of the event with this number.
    pub(super) fn send(&mut self, thread: &str, value: &str) {
        let value = with_offsets(value, &self.offsets);
        let record = OutRecord::keyed(&Topic::new(RESUME), &Key::new(thread), value.into());
        self.offsets.push(self.driver.send_record(&record).unwrap());
    }

    /// What was written since it was last read, by topic, each record as `key=value`.
    pub(super) fn read(&mut self) -> BTreeMap<String, Vec<String>> {
        let (driver, topics) = (&mut self.driver, &self.topics);
        let read = topics.iter().map(|topic| (topic.clone(), driver.read_text(topic).unwrap()));
        read.filter(|(_, records)| !records.is_empty()).collect()
    }

    /// True if a thread waits for these ids; for none, if it is not there.
    pub(super) fn waits_for(&mut self, thread: &str, ids: &[&str]) -> bool {
        let shown = self.driver.show("script", thread).unwrap();
        let waits: Vec<String> =
            shown.map_or_else(Vec::new, |it| serde_json::from_value(it["waits_for"].clone()).unwrap());
        waits == ids.iter().map(|id| with_offsets(id, &self.offsets)).collect::<Vec<_>>()
    }
}
