//! A run of threads of a script: its events, and the checks of it.

use std::collections::BTreeMap;

use super::run::Run;
use super::scripts::{EVENTS, STEP_MS_MAX, TOPICS, Threads, expected, key};
use crate::model::{Key, OutRecord, Topic};

impl Run {
    /// Plans some more threads; nothing in a run of something else.
    pub(super) fn begin_threads(&mut self) {
        let count = self.plan.bundles;
        if let Some(threads) = &mut self.threads {
            threads.begin_more(count);
        }
    }

    /// The number of threads.
    pub(super) fn count_threads(&self) -> usize {
        self.threads.as_ref().map_or(0, Threads::count)
    }

    /// True if events of threads are still to be written.
    pub(super) fn has_thread_events(&self) -> bool {
        self.threads.as_ref().is_some_and(|threads| !threads.is_done())
    }

    /// Writes some events of threads. False in a run of something else.
    pub(super) fn step_threads(&mut self) -> bool {
        let Some(mut threads) = self.threads.take() else { return false };
        if threads.partitions.is_none() {
            threads.partitions = self.partitions_of(EVENTS);
        }
        if let Some(partitions) = threads.partitions {
            for _ in 0..threads.rng.usize(1..6) {
                let Some((number, event)) = threads.next() else { break };
                self.log(&format!("written: {} {event}", key(number)));
                let number_of_partition = i32::try_from(number).unwrap_or_default() % partitions.max(1);
                let record = OutRecord::keyed(&Topic::new(EVENTS), &Key::new(&key(number)), event.into());
                self.write_record(OutRecord { partition: Some(number_of_partition), ..record });
            }
        }
        let millis = threads.rng.u64(0..STEP_MS_MAX);
        self.advance(millis);
        self.threads = Some(threads);
        true
    }

    /// Checks threads; `None` for a run of something else. Each has written what it has to, in this order, and nothing else.
    pub(super) fn check_threads(&self) -> Option<Vec<String>> {
        let threads = self.threads.as_ref()?;
        let mut found: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
        for topic in TOPICS {
            for record in self.world.broker().committed_records(&Topic::new(topic)) {
                let text =
                    |bytes: Option<bytes::Bytes>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
                found.entry((text(record.key), topic)).or_default().push(text(record.value));
            }
        }
        let mut violations = Vec::new();
        for (number, events) in &threads.written {
            let key = key(*number);
            for (topic, expected) in expected(&key, events) {
                let written = found.remove(&(key.clone(), topic)).unwrap_or_default();
                if written != expected {
                    violations.push(format!("thread {key} has written {written:?} to {topic}, and not {expected:?}"));
                }
            }
        }
        violations.extend(
            found.into_keys().map(|(key, topic)| format!("{topic} has records of {key}, which was not written")),
        );
        let letters = self.world.broker().committed_records(&self.world.plan().dead_letters);
        violations.extend(letters.iter().map(|letter| format!("a dead letter: {letter:?}")));
        Some(violations)
    }
}
