//! Workflows as code: each record of each thread is written once, although instances are killed.

use std::collections::BTreeMap;

use super::super::cluster::root;
use super::super::fixture::keyed;
use super::deployment::{Deployment, PARTITIONS};
use super::process::{Process, until};

/// The topics of the example, which the script names.
const TOPICS: [&str; 6] = ["schedule", "reserve", "cancel", "workflow-result", "workflow-error", "workflow-resume"];
/// The number of threads.
const THREADS: usize = 120;

struct Trips {
    deployment: Deployment,
    topology: String,
}

impl Trips {
    /// The example with topics of the test's own.
    fn open(test: &str) -> Option<Self> {
        let deployment = Deployment::open(test)?;
        let [mut script, mut topology] = ["workflows/trip.ts", "topologies/trip.yaml"]
            .map(|path| std::fs::read_to_string(root().join(path)).expect("the example"));
        let path = deployment.directory.join("trip.ts");
        topology = topology.replace("workflows/trip.ts", &path.display().to_string());
        for topic in TOPICS {
            deployment.fixture.topic(topic, PARTITIONS);
            let own = deployment.topic(topic);
            script = script.replace(&format!("\"{topic}\""), &format!("\"{own}\""));
            topology = topology.replace(&format!("topic: {topic}"), &format!("topic: {own}"));
        }
        let ends = format!(
            "W.config.resultTopic = \"{}\";\nW.config.errorTopic = \"{}\";\nW.config.outputTopics.add(W.config.resultTopic).add(W.config.errorTopic);\n\ntype Kind",
            deployment.topic("workflow-result"),
            deployment.topic("workflow-error")
        );
        std::fs::write(&path, script.replace("type Kind", &ends)).expect("written");
        let path = deployment.directory.join("trip.yaml");
        std::fs::write(&path, topology).expect("written");
        Some(Self { topology: format!("topologies={}", path.display()), deployment })
    }

    fn start(&self, instance: &str) -> Process {
        let grace = [("SHEAF_DEADLINE__GRACE", "100ms")];
        self.deployment.process(&["run", "--set", &self.topology], instance, instance, &grace)
    }

    fn send(&self, events: impl Iterator<Item = (usize, String)>) {
        let topic = self.deployment.topic("workflow-resume");
        let record = |(thread, value): (usize, String)| keyed(&topic, &format!("trip-{thread}"), &value);
        self.deployment.produce(&events.map(record).collect::<Vec<_>>());
    }

    /// The records of a topic, as key and value, with their numbers.
    fn read(&self, topic: &str) -> BTreeMap<(String, String), usize> {
        let mut all = BTreeMap::new();
        for record in self.deployment.read(&self.deployment.topic(topic)) {
            let text =
                |bytes: Option<bytes::Bytes>| String::from_utf8(bytes.unwrap_or_default().to_vec()).expect("text");
            *all.entry((text(record.key), text(record.value))).or_default() += 1;
        }
        all
    }
}

fn given(thread: usize, kind: &str) -> (usize, String) {
    (thread, format!(r#"{{"ref":"{kind}","value":"{kind}-{thread}"}}"#))
}

#[test]
fn each_record_of_a_thread_is_written_once_although_instances_are_killed() {
    let Some(trips) = Trips::open("e2e-script") else { return };
    let mut instances = ["a", "b"].map(|name| trips.start(name));
    instances.iter_mut().for_each(Process::ready);
    // Every third one has no flight in time.
    let is_late = |thread: &usize| thread.is_multiple_of(3);
    trips.send(
        (0..THREADS)
            .map(|thread| (thread, format!("new:{{\"ms\":{}}}", if is_late(&thread) { 9_000 } else { 600_000 }))),
    );
    until("some are begun", || trips.read("reserve").len() > THREADS);
    instances[0].kill();
    trips.send((0..THREADS).map(|thread| given(thread, "hotel")));
    instances[0] = trips.start("a");
    trips.send((0..THREADS).map(|thread| given(thread, "car")));
    instances[1].kill();
    instances[1] = trips.start("b");
    trips.send((0..THREADS).filter(|thread| !is_late(thread)).map(|thread| given(thread, "flight")));
    until("all have ended", || trips.read("workflow-result").len() + trips.read("workflow-error").len() >= THREADS);
    instances.iter_mut().for_each(Process::ready);
    for instance in &mut instances {
        assert_eq!(instance.terminate(), Some(0));
    }

    let once = |records: Vec<(usize, String)>| -> BTreeMap<(String, String), usize> {
        records.into_iter().map(|(thread, value)| ((format!("trip-{thread}"), value), 1)).collect()
    };
    let all = || 0..THREADS;
    let kinds = ["car", "hotel", "flight"];
    assert_eq!(
        trips.read("reserve"),
        once(all().flat_map(|thread| kinds.map(|kind| (thread, kind.to_owned()))).collect())
    );
    let whole = |thread: usize| (thread, format!(r#"["car-{thread}","hotel-{thread}","flight-{thread}"]"#));
    assert_eq!(trips.read("workflow-result"), once(all().filter(|thread| !is_late(thread)).map(whole).collect()));
    let late: Vec<usize> = all().filter(is_late).collect();
    assert_eq!(
        trips.read("workflow-error"),
        once(late.iter().map(|thread| (*thread, r#""too late""#.to_owned())).collect())
    );
    let undone = |thread: &usize| ["car", "hotel"].map(|kind| (*thread, format!("{kind} {kind}-{thread}")));
    assert_eq!(trips.read("cancel"), once(late.iter().flat_map(undone).collect()));
    assert!(trips.deployment.dead_letters().is_empty());
}
