//! Two topologies in one process: two applications, one topic that both read, a kill and a restart.

use std::time::Duration;

use bytes::Bytes;
use sheaf::model::{OutRecord, Timestamp, Topic};

use super::deployment::{Deployment, PARTITIONS, unkeyed};
use super::process::{Process, until};
use crate::prometheus;

/// A deployment with the topologies `paid` and `sent`, which both read the parents.
struct Shop {
    deployment: Deployment,
    topologies: String,
}

impl Shop {
    /// `start` is that of the children of `sent`.
    fn open(test: &str, start: &str) -> Option<Self> {
        let deployment = Deployment::open(test)?;
        deployment.fixture.topic("parcels", PARTITIONS);
        let file = |name: &str, children: &str, start: &str| {
            let (parents, children) = (deployment.topic("parents"), deployment.topic(children));
            let content = format!(
                "name: {name}\nsources:\n  - {{ topic: {parents}, member: parent, bundle: /id, id: /id, start: earliest }}\n  \
                 - {{ topic: {children}, member: child, bundle: /order, id: /id{start} }}\nbundle: {{ key: text, children: 1 }}\n"
            );
            let path = deployment.directory.join(format!("{name}.yaml"));
            std::fs::write(&path, content).expect("written");
            path.display().to_string()
        };
        let topologies =
            format!("topologies={},{}", file("paid", "children", ", start: earliest"), file("sent", "parcels", start));
        Some(Self { deployment, topologies })
    }

    fn start(&self) -> Process {
        self.deployment.command(&["run", "--set", &self.topologies], "a", "a")
    }

    /// Writes an event of each of these orders.
    fn write(&self, topic: &str, orders: &[String]) {
        let topic = self.deployment.topic(topic);
        let event = |order: &String| Bytes::from(format!(r#"{{"id":"{order}","order":"{order}"}}"#));
        self.deployment.write(orders.iter().map(|order| (&topic, event(order))));
    }

    /// The orders of the submissions of an application, sorted.
    fn submitted(&self, topology: &str) -> Vec<String> {
        let records = self.deployment.read(&self.own(topology, "submissions"));
        let key = |record: sheaf::model::Record| String::from_utf8(record.key.expect("a key").to_vec()).expect("text");
        let mut keys: Vec<String> = records.into_iter().map(key).collect();
        keys.sort();
        keys
    }

    fn own(&self, topology: &str, what: &str) -> Topic {
        Topic::new(&format!("{}-{topology}-{what}", self.deployment.application()))
    }
}

fn orders(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("o{number:05}")).collect()
}

#[test]
fn two_topologies_in_a_killed_process_lose_nothing_and_repeat_nothing() {
    let Some(shop) = Shop::open("e2e-several", ", start: earliest") else { return };
    let mut process = shop.start();
    process.ready();
    let all = orders(0..8_000);
    let (before, after) = all.split_at(6_000);
    shop.write("parents", before);
    std::thread::scope(|scope| {
        scope.spawn(|| shop.write("children", before));
        scope.spawn(|| shop.write("parcels", before.get(..3_000).expect("so many")));
        let read = |topic: &str| process.metric("sheaf_consumer_records_total", shop.deployment.topic(topic).as_str());
        until("both are in the middle of it", || ["children", "parcels"].into_iter().all(|topic| read(topic) > 10.0));
        process.kill();
    });
    let at_the_kill = ["paid", "sent"].map(|topology| shop.submitted(topology).len());
    println!("at the kill: {at_the_kill:?} submitted");
    assert!(at_the_kill.iter().sum::<usize>() < 9_000, "the kill was too late: {at_the_kill:?}");

    shop.write("parents", after);
    shop.write("children", after);
    let mut process = shop.start();
    shop.write("parcels", all.get(3_000..).expect("so many"));
    process.ready();
    for topology in ["paid", "sent"] {
        until(&format!("all are submitted by {topology}"), || shop.submitted(topology).len() >= all.len());
        assert_eq!(shop.submitted(topology), all, "{topology}: nothing is lost, nothing comes twice");
        let dead = shop.deployment.read(&shop.own(topology, "dead-letters"));
        assert!(dead.is_empty(), "{topology}: {} dead letters", dead.len());
    }

    let (_, text) = process.http_get("/metrics").expect("metrics");
    let series = prometheus::read(&text).unwrap_or_else(|error| panic!("{error}"));
    for topology in ["paid", "sent"] {
        let application = format!("{}-{topology}", shop.deployment.application());
        let states = series.iter().filter(|((name, labels), value)| {
            name == "sheaf_instance_state" && labels["application"] == application && **value > 0.5
        });
        assert_eq!(states.map(|((_, labels), _)| &*labels["state"]).collect::<Vec<_>>(), ["running"], "{application}");
    }
    let (_, health) = process.http_get("/readyz").expect("an answer");
    let health: serde_json::Value = serde_json::from_str(&health).expect("JSON");
    let paid = format!("{}-paid", shop.deployment.application());
    assert_eq!(health["applications"][&paid]["state"], "running", "{health}");
    let named = format!(r#""span":{{"id":"{paid}","name":"application"}}"#);
    assert!(process.log_text().contains(&named), "no log line of {paid}: {}", process.log_text());
    assert_eq!(process.terminate(), Some(0));
    assert_eq!(shop.submitted("paid"), all);
}

#[test]
fn a_topology_that_fails_stops_the_process_and_is_named() {
    let Some(shop) = Shop::open("e2e-several-failed", "") else { return };
    // A long history and no `start`: the stream thread refuses the first start, and the other application runs.
    let (parcels, old) = (shop.deployment.topic("parcels"), Timestamp::from_millis(1_700_000_000_000));
    let record = |order: &String| {
        let record = unkeyed(&parcels, Some(Bytes::from(format!(r#"{{"id":"{order}","order":"{order}"}}"#))));
        OutRecord { timestamp: Some(old), ..record }
    };
    shop.deployment.produce(&orders(0..200).iter().map(record).collect::<Vec<_>>());
    let mut process = shop.start();
    assert_eq!(process.exit_code(), Some(78), "{}", process.log_text());
    let log = process.log_text();
    let named = format!("error: application {}-sent: ", shop.deployment.application());
    assert!(log.contains(&named) && log.contains("`start"), "{log}");
    assert!(!log.contains(&format!("error: application {}-paid", shop.deployment.application())), "{log}");
    // A moment later it may start again, as a supervisor would start it: nothing of it is left that is in the way.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(shop.start().exit_code(), Some(78));
}
