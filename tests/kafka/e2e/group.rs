//! What changes around a group: partitions that are added, another protocol, offsets that are gone or hang.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::kafka::KafkaSettings;
use sheaf::model::{OutRecord, TopicPartition};

use super::super::scene::{LIMIT, Scene};
use super::bundle::{Bundle, bundles, shuffled};
use super::java::java;
use super::process::until;
use super::stage::{PARTITIONS, Stage, unkeyed};

/// How soon a client hears of new partitions.
const REFRESH: (&str, &str) = ("topic.metadata.refresh.interval.ms", "500");

#[test]
fn source_partitions_that_are_added_are_read_from_their_beginning() {
    let Some(mut stage) = Stage::open("e2e-added") else { return };
    stage.properties.extend([REFRESH]);
    let mut instance = stage.run("a");
    let children = stage.topic("children");
    stage.scene.admin().add_partitions(&children, PARTITIONS + 1, LIMIT).expect("added");
    let all = bundles(10, &mut fastrand::Rng::with_seed(8));
    let parents = stage.topic("parents");
    let mut producer = stage.scene.producer("p", &[]);
    producer.begin().expect("begun");
    for (is_parent, value) in all.iter().flat_map(Bundle::events) {
        let value = Some(Bytes::from(value.to_string()));
        let record = if is_parent {
            unkeyed(&parents, value)
        } else {
            OutRecord { partition: Some(PARTITIONS), ..unkeyed(&children, value) }
        };
        producer.produce(&record).expect("produced");
    }
    producer.commit(LIMIT).expect("committed");
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_changed_partition_count_of_an_inbox_is_refused_with_the_remedy() {
    let Some(mut stage) = Stage::open("e2e-inbox") else { return };
    stage.properties.extend([REFRESH]);
    let mut running = stage.run("a");
    let inbox = stage.own("bundle-inbox");
    stage.scene.admin().add_partitions(&inbox, PARTITIONS + 2, LIMIT).expect("added");
    assert_eq!(running.exit_code(), Some(1), "while it runs");
    let mut starting = stage.start("a");
    assert_eq!(starting.exit_code(), Some(1), "when it starts");
    for said in [running.said(), starting.said()] {
        assert!(said.contains(inbox.as_str()), "{said}");
        assert!(said.contains("stop all instances, let the inbox run empty"), "{said}");
    }
}

#[test]
fn two_instances_share_a_cooperative_group() {
    let Some(mut stage) = Stage::open("e2e-cooperative") else { return };
    stage.properties.insert("partition.assignment.strategy", "cooperative-sticky");
    let mut chance = fastrand::Rng::with_seed(81);
    let all = bundles(300, &mut chance);
    let events = shuffled(&all, 5, &mut chance);
    let mut first = stage.run("a");
    let mut second = None;
    for (number, part) in events.chunks(events.len() / 4 + 1).enumerate() {
        stage.write_events(part);
        if number == 1 {
            second = Some(stage.run("b"));
        }
    }
    let mut second = second.expect("started");
    stage.delivered(&all);
    stage.exactly(&all);
    until("both have work", || {
        [&first, &second].iter().all(|instance| instance.metric("sheaf_consumer_assigned_partitions", "") > 0.0)
    });
    assert_eq!(first.terminate(), Some(0));
    assert_eq!(second.terminate(), Some(0));
}

#[test]
fn lost_offsets_are_not_guessed() {
    let Some(stage) = Stage::open("e2e-expired") else { return };
    let all = bundles(20, &mut fastrand::Rng::with_seed(9));
    let mut instance = stage.run("a");
    let parents: Vec<_> = all.iter().map(|bundle| (true, bundle.parent.clone())).collect();
    stage.write_events(&parents);
    stage.kept(&stage.own("bundle-changelog"), &all);
    assert_eq!(instance.terminate(), Some(0));
    let group = stage.application();
    let delete = [
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        "--bootstrap-server",
        &stage.scene.settings.bootstrap_servers,
        "--delete",
        "--group",
        &group,
    ];
    // A static member's place stays reserved until its session ends, and so long the group is not empty.
    until("the group is deleted", || {
        let output = java(&delete, "");
        String::from_utf8_lossy(&output.stdout).contains("was successful")
    });

    // The sources' are told first, then the inboxes'.
    for topic in [stage.topic("parents"), stage.own("bundle-inbox")] {
        let mut instance = stage.start("a");
        assert_eq!(instance.exit_code(), Some(1));
        let said = instance.said();
        assert!(said.contains(&format!("the group {group} has no committed offset for")), "{said}");
        let commands: Vec<&str> = said.split('`').filter(|part| part.starts_with("kafka-consumer-groups ")).collect();
        assert!(commands.iter().any(|command| command.contains(topic.as_str())), "{said}");
        for command in commands.iter().collect::<BTreeSet<_>>() {
            let words = command.split(' ').skip(1);
            let tool = ["org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server"];
            let server = stage.scene.settings.bootstrap_servers.as_str();
            let words: Vec<&str> = tool.into_iter().chain([server]).chain(words).collect();
            // While a member's place is reserved, the tool says so and sets nothing.
            until("the offset is set", || {
                let output = java(&words, "");
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                said.contains("NEW-OFFSET") && !said.contains("Error")
            });
        }
    }
    let mut instance = stage.run("a");
    stage.write_events(&all.iter().flat_map(Bundle::events).filter(|(is_parent, _)| !is_parent).collect::<Vec<_>>());
    stage.delivered(&all);
    stage.exactly(&all);
    assert!(instance.metric("sheaf_bundle_events_total", r#"outcome="duplicate""#) < 0.5, "nothing is read again");
    assert_eq!(instance.terminate(), Some(0));
}

/// As if the broker had lost the end of a transaction, which Kafka 4.3.1 does when it is stopped at the wrong moment.
#[test]
fn a_transaction_that_does_not_end_is_reported_and_waited_for() {
    let Some(stage) = Stage::open("e2e-hanging") else { return };
    let settings = KafkaSettings { transaction_timeout: Duration::from_mins(10), ..stage.scene.settings.clone() };
    let other = Scene::named(stage.scene.name("other"), settings);
    let source = stage.topic("parents");
    let mut member = other.member_of(stage.application(), None, &[&source]);
    member.owns(usize::try_from(PARTITIONS).expect("a count"));
    let mut producer = other.producer("p", &[]);
    producer.begin().expect("begun");
    let group = member.consumer.group().expect("a member");
    producer.send_offsets(&[(TopicPartition::new(&source, 0), 0)], &group, LIMIT).expect("sent");
    member.consumer.close(LIMIT).expect("closed");
    let mut instance = stage.start("a");
    instance.says("committed offsets are part of a transaction that does not end");
    assert!(!instance.is_ready(), "it reads nothing");
    producer.abort(LIMIT).expect("aborted");
    instance.ready();
    let all = bundles(10, &mut fastrand::Rng::with_seed(9));
    stage.write_events(&shuffled(&all, 0, &mut fastrand::Rng::with_seed(9)));
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}
