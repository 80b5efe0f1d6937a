//! The health of an instance.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::admin::Health;
use crate::metric::Metrics;
use crate::model::{Clock, Sink as _};
use crate::runtime::{Queries, Status, ThreadState};
use crate::sink::Sinks;

/// The time-out of requests to stream threads by `/healthz` and `/readyz`. A thread in a call to the broker does not answer.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(100);
/// The age of a stream thread's last turn from which `/healthz` fails: longer than any call to the broker.
const TURN_AGE_MAX: Duration = Duration::from_mins(2);

/// The status and the metrics of an instance.
#[derive(Clone, Debug)]
pub struct InstanceStatus {
    /// The states of its threads and tasks.
    pub status: Arc<Status>,
    /// Its queries, once its topics are known.
    pub queries: Arc<OnceLock<Queries>>,
    /// Its metrics.
    pub metrics: Arc<Metrics>,
    /// The clock of its threads.
    pub clock: Arc<dyn Clock>,
    /// The sinks of its acts.
    pub sinks: Sinks,
}

impl InstanceStatus {
    /// The current health.
    pub fn health(&self) -> Health {
        let state = self.status.state();
        let turn_age = self.status.oldest_turn_age(self.clock.uptime());
        let threads = self.status.threads().into_iter();
        let mut details: BTreeMap<String, String> = threads
            .map(|(number, state)| (format!("stream-{number}"), state.instance_state().as_str().to_owned()))
            .collect();
        for (state, number) in self.status.tasks() {
            details.insert(format!("tasks {}", state.as_str()), number.to_string());
        }
        for (state, number) in self.status.standby_tasks().into_iter().filter(|(_, number)| *number > 0) {
            details.insert(format!("standby tasks {}", state.as_str()), number.to_string());
        }
        details.extend(self.thread_details(turn_age));
        details.extend(self.entry_details());
        let records: i64 = self.status.holds().values().map(|hold| hold.records).sum();
        details.extend((records > 0).then(|| ("deadlines wait for records".to_owned(), records.to_string())));
        let standing = self.status.standing().into_iter();
        details.extend(standing.map(|(partition, detail)| (format!("source {partition}"), detail)));
        let missing = self.status.missing().into_iter();
        details.extend(missing.map(|(topic, detail)| (format!("topic {topic}"), detail)));
        details.extend(self.status.obstacle().map(|obstacle| ("waiting for".to_owned(), obstacle)));
        let suspensions = self.sinks.suspensions().into_iter();
        details.extend(suspensions.map(|(target, text)| (format!("sink {target}"), text)));
        let failing = self.status.failing().into_iter();
        details.extend(failing.map(|(partition, detail)| (format!("fetch {partition}"), format!("fails: {detail}"))));
        Health {
            alive: turn_age < TURN_AGE_MAX && state != ThreadState::Failed,
            ready: self.status.is_ready(),
            state: state.instance_state().as_str().to_owned(),
            details,
            applications: BTreeMap::new(),
        }
    }

    /// The details on the entries of the processors, and on the disk.
    fn entry_details(&self) -> BTreeMap<String, String> {
        let mut details = BTreeMap::new();
        for (processor, entries) in self.status.entries() {
            details.insert(format!("{processor}: open entries"), entries.open.to_string());
            let times = [("oldest open entry since", entries.oldest), ("next deadline", entries.next_deadline)];
            for (name, time) in times {
                details.extend(time.map(|time| (format!("{processor}: {name}"), time.to_string())));
            }
        }
        details
            .extend(self.status.disk_free().map(|bytes| ("state_dir free MiB".to_owned(), (bytes >> 20).to_string())));
        details
    }

    /// The details from stream threads that answer within [`ANSWER_TIMEOUT`]; `turn_age` is the largest age of a last turn.
    fn thread_details(&self, turn_age: Duration) -> BTreeMap<String, String> {
        let mailboxes = self.status.mailboxes().into_iter();
        let answers: Vec<_> = mailboxes.map(|(number, mailbox)| (number, mailbox.health())).collect();
        let until = self.clock.uptime().saturating_add(ANSWER_TIMEOUT);
        let (mut details, mut acts) = (BTreeMap::new(), 0);
        for (number, answer) in answers {
            match answer.and_then(|answer| answer.wait(until.saturating_sub(self.clock.uptime()))) {
                Ok(health) => acts += health.acts_in_flight,
                Err(error) => {
                    let detail = format!("{error}; its last turn ended at most {} ms ago", turn_age.as_millis());
                    details.insert(format!("stream-{number} does not answer"), detail);
                }
            }
        }
        details.insert("acts in flight".to_owned(), acts.to_string());
        details
    }
}
