//! Records that are written when they are due, although instances are killed.

use std::collections::BTreeMap;

use sheaf::model::Topic;

use super::super::fixture::keyed;
use super::clock::now;
use super::deployment::{Deployment, PARTITIONS};
use super::process::{Process, until};

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
            &[("SHEAF_DEADLINE__GRACE", "0s")],
        )
    }

    fn requests(&self) -> Topic {
        self.deployment.topic("requests")
    }

    fn ask(&self, keys: impl Iterator<Item = String>, delay_ms: u32) {
        let record = |key: String| keyed(&self.requests(), &key, &delay_ms.to_string());
        self.deployment.produce(&keys.map(record).collect::<Vec<_>>());
    }

    /// The requests to come, with the times of those in the topic.
    fn asked(&self) -> BTreeMap<String, i64> {
        let records = self.deployment.read(&self.requests());
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

fn key(number: usize) -> String {
    format!(r#"thread-{number}|{{"ref":"{number}:1|x"}}"#)
}

#[test]
fn each_record_is_written_once_and_a_cancelled_one_never_although_instances_are_killed() {
    let Some(reminders) = Reminders::open("e2e-schedule") else { return };
    let mut instances = ["a", "b"].map(|name| reminders.start(name));
    instances.iter_mut().for_each(Process::ready);
    // The first ones are due while nobody runs, and half of them are cancelled before by requests that nobody reads until then.
    reminders.ask((0..40).map(key), 8_000);
    let waits = |instances: &mut [Process; 2]| {
        instances.iter_mut().map(|it| it.metric("sheaf_schedule_records_total", "\"set\"")).sum::<f64>()
    };
    until("all requests are read", || waits(&mut instances) >= 40.0);
    instances.iter_mut().for_each(Process::kill);
    reminders.ask((20..40).map(key), 0);
    let cancelled = |number: usize| (20..40).contains(&number);
    let times = reminders.asked();
    let last_due = (0..20).map(|number| times[&key(number)] + 8_000).max().expect("some");
    until("they are overdue", || now().as_millis() > last_due);
    assert_eq!(reminders.written(), [], "nobody runs");

    let mut instances = ["a", "b"].map(|name| reminders.start(name));
    // The others become due while instances are killed.
    reminders.ask((40..400).map(key), 3_000);
    for _ in 0..3 {
        let written = reminders.written().len();
        until("some more are written", || reminders.written().len() > written + 10 || reminders.written().len() >= 380);
        instances[0].kill();
        instances[0] = reminders.start("a");
    }
    until("all are written", || reminders.written().len() >= 380);
    for instance in &mut instances {
        assert_eq!(instance.terminate(), Some(0));
    }

    let times = reminders.asked();
    let delay = |number: usize| if number < 20 { 8_000 } else { 3_000 };
    let expected =
        (0..400).filter(|number| !cancelled(*number)).map(|number| (key(number), times[&key(number)] + delay(number)));
    let mut written = reminders.written();
    written.sort();
    let mut expected: Vec<_> = expected.collect();
    expected.sort();
    assert_eq!(written, expected, "each once, with the time at which it was due");
    assert!(reminders.deployment.dead_letters().is_empty());
}
