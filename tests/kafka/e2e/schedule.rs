//! Records that are written when they are due, although instances are killed.

use std::collections::BTreeMap;

use super::super::fixture::keyed;
use super::clock::now;
use super::deployment::{Deployment, PARTITIONS};
use super::process::{Process, until};

/// The delay of those that are due while nobody runs, in milliseconds.
const FIRST: i64 = 20_000;
/// The number of requests that are read before those to cancel.
const BEFORE: i64 = 20_000;
/// The number of requests.
const ALL: i64 = 400;

struct Reminders {
    deployment: Deployment,
    topology: String,
}

impl Reminders {
    fn open(test: &str) -> Option<Self> {
        let deployment = Deployment::open(test)?;
        for topic in ["requests", "due"] {
            deployment.fixture.topic(topic, PARTITIONS);
        }
        let content = format!(
            "name: reminders\nschedule:\n  reads: [{{ topic: {}, start: earliest }}]\n  writes: {{ topic: {} }}\n",
            deployment.topic("requests"),
            deployment.topic("due"),
        );
        let path = deployment.directory.join("reminders.yaml");
        std::fs::write(&path, content).expect("written");
        Some(Self { topology: format!("topologies={}", path.display()), deployment })
    }

    fn start(&self, instance: &str) -> Process {
        self.deployment.process(
            &["run", "--set", &self.topology],
            instance,
            instance,
            &[("SHEAF_DEADLINE__GRACE", "100ms")],
        )
    }

    /// Asks for records after these delays, in milliseconds.
    fn ask(&self, requests: impl Iterator<Item = (String, i64)>) {
        let topic = self.deployment.topic("requests");
        let record = |(key, delay): (String, i64)| keyed(&topic, &key, &delay.to_string());
        self.deployment.produce(&requests.map(record).collect::<Vec<_>>());
    }

    /// The times of the last requests.
    fn requested(&self) -> BTreeMap<String, i64> {
        let records = self.deployment.read(&self.deployment.topic("requests"));
        records.into_iter().map(|record| (text(record.key.as_deref()), record.timestamp.as_millis())).collect()
    }

    /// What is written, by `<key>|<value>`, with the times.
    fn written(&self) -> Vec<(String, i64)> {
        let records = self.deployment.read(&self.deployment.topic("due")).into_iter();
        let whole = records.map(|record| {
            let key = format!("{}|{}", text(record.key.as_deref()), text(record.value.as_deref()));
            (key, record.timestamp.as_millis())
        });
        whole.collect()
    }
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8(bytes.unwrap_or_default().to_vec()).expect("text")
}

fn key(number: i64) -> String {
    format!(r#"thread-{number}|{{"ref":"{number}:1|x"}}"#)
}

#[test]
fn each_record_is_written_once_and_a_cancelled_one_never_although_instances_are_killed() {
    let Some(reminders) = Reminders::open("e2e-schedule") else { return };
    let mut instances = ["a", "b"].map(|name| reminders.start(name));
    instances.iter_mut().for_each(Process::ready);
    // The first ones are due while nobody runs, and half of them are cancelled before by requests that nobody reads until then.
    reminders.ask((0..40).map(|number| (key(number), FIRST)));
    let set = |instances: &[Process; 2]| {
        instances.iter().map(|it| it.metric("sheaf_schedule_records_total", "\"set\"")).sum::<f64>()
    };
    until("all requests are read", || set(&instances) >= 40.0);
    instances.iter_mut().for_each(Process::kill);
    let requested = reminders.requested();
    // They are read late, behind many others, when all is overdue.
    reminders.ask((0..BEFORE).map(|number| (key(1_000 + number), 0)));
    reminders.ask((20..40).map(|number| (key(number), 0)));
    let cancelled = reminders.requested();
    for number in 20..40 {
        assert!(cancelled[&key(number)] < requested[&key(number)] + FIRST, "this machine is too slow for this test");
    }
    let last_due = requested.values().max().expect("some") + FIRST;
    until("they are overdue", || now().as_millis() > last_due);
    assert_eq!(reminders.written(), [], "nobody runs");

    // The others become due one after the other, while instances are killed.
    let mut instances = ["a", "b"].map(|name| reminders.start(name));
    instances.iter_mut().for_each(Process::ready);
    let delay = |number: i64| 1_000 + 40 * number;
    reminders.ask((40..ALL).map(|number| (key(number), delay(number))));
    for round in 1..=3 {
        until("some more are written", || reminders.written().len() > round * 60);
        assert!(reminders.written().len() < 300, "it is killed while there is something to write");
        instances[0].kill();
        instances[0] = reminders.start("a");
    }
    instances.iter_mut().for_each(Process::ready);
    // One that is asked for now is due after all others.
    reminders.ask([(key(ALL), delay(ALL))].into_iter());
    until("the last one is written", || reminders.written().iter().any(|(written, _)| *written == key(ALL)));

    let last = reminders.requested();
    let due = |number: i64| match number {
        0..20 => requested[&key(number)] + FIRST,
        number => last[&key(number)] + delay(number),
    };
    let mut expected: Vec<_> = (0..20).chain(40..=ALL).map(|number| (key(number), due(number))).collect();
    expected.sort();
    until("all are written", || reminders.written().len() >= expected.len());
    let mut written = reminders.written();
    written.sort();
    assert_eq!(written, expected, "each once, with the time at which it was due");
    assert!(reminders.deployment.dead_letters().is_empty());
    for instance in &mut instances {
        assert_eq!(instance.terminate(), Some(0));
    }
}
