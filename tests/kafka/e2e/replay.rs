//! Replays, and offsets that were reset with Kafka's own tool: nothing is submitted twice.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use sheaf::model::Topic;

use super::super::cluster::root;
use super::super::fixture::LIMIT;
use super::bundle::{Bundle, bundles, shuffled};
use super::deployment::Deployment;
use super::java::java;
use super::process::{Process, binary, until};

const COUNT: usize = 60;

/// A command of an operator who needs no running instance.
fn sheaf(deployment: &Deployment, words: &str) -> Output {
    let mut command = Command::new(binary());
    command.args(words.split_whitespace()).current_dir(root());
    command.env("SHEAF_CONFIG", deployment.directory.join("a-0.yaml")).env_remove("SHEAF_LOG");
    command.output().expect("the command")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}

fn succeeds(deployment: &Deployment, words: &str) -> String {
    let output = sheaf(deployment, words);
    assert!(output.status.success(), "{words}: {}", said(&output));
    said(&output)
}

/// The submissions without and with the mark of a replay.
fn submissions(deployment: &Deployment) -> [usize; 2] {
    let records = deployment.read(&deployment.topic("submissions"));
    let marked = records.iter().filter(|record| record.headers.replay().is_some()).count();
    [records.len() - marked, marked]
}

fn duplicates(instances: [&Process; 2]) -> f64 {
    let of = |instance: &Process| instance.metric("sheaf_sink_submissions_total", r#"outcome="suppressed_duplicate""#);
    instances.into_iter().map(of).sum()
}

fn stop(instances: &mut [Process]) {
    for instance in instances {
        assert_eq!(instance.terminate(), Some(0));
    }
}

fn gather(deployment: &Deployment, bundles: &[Bundle], seed: u64) {
    deployment.write_events(&shuffled(bundles, 0, &mut fastrand::Rng::with_seed(seed)));
}

#[test]
fn bundles_are_gathered_again_and_none_is_submitted_twice() {
    let Some(deployment) = Deployment::open("e2e-replay-all") else { return };
    let mut chance = fastrand::Rng::with_seed(45);
    let (first, later) = (bundles(COUNT, &mut chance), bundles(10, &mut chance));
    let mut instances = [deployment.run("a"), deployment.run("b")];
    gather(&deployment, &first, 1);
    deployment.wait_for_deliveries(&first);
    let plan = deployment.directory.join("replay.json");
    let plan = plan.to_str().expect("text");
    let told = succeeds(&deployment, &format!("replay plan --from earliest -o {plan}"));
    assert!(told.contains("generation 0 to 1"), "{told}");
    let busy = sheaf(&deployment, &format!("replay apply {plan} --yes --wait 0 --why test"));
    assert_eq!(busy.status.code(), Some(75), "{}", said(&busy));
    assert!(said(&busy).contains("is not empty"), "{}", said(&busy));
    stop(&mut instances);

    let applied = apply_with_kills(&deployment, plan);
    assert!(applied.contains("applied"), "{applied}");
    let mut instances = [deployment.run("a"), deployment.run("b")];
    until("everything is processed again", || {
        let status: Value = serde_json::from_str(&succeeds(&deployment, "replay status -o json")).expect("JSON");
        status[0]["state"] == "done"
    });
    until("each bundle is completed again", || submissions(&deployment) == [COUNT, COUNT]);
    until("each is suppressed", || duplicates([&instances[0], &instances[1]]) >= 60.0);
    assert_eq!(deployment.folders(), COUNT, "nothing is submitted again");
    gather(&deployment, &later, 2);
    until("what is new is submitted", || deployment.folders() == COUNT + 10);
    assert_eq!(submissions(&deployment), [COUNT + 10, COUNT]);
    stop(&mut instances);

    // Back to the former state, which knows the first bundles, and processes the later ones anew.
    succeeds(&deployment, "replay abort --yes --why test");
    let mut instances = [deployment.run("a"), deployment.run("b")];
    until("the later ones are completed by the former state", || submissions(&deployment) == [COUNT + 10, COUNT + 10]);
    until("they are suppressed", || duplicates([&instances[0], &instances[1]]) >= 10.0);
    assert_eq!(deployment.folders(), COUNT + 10);
    let pruned = succeeds(&deployment, "replay prune --yes --why test");
    assert!(pruned.contains("bundle.g1-changelog"), "{pruned}");
    let audit = succeeds(&deployment, "audit tail -n 10");
    assert!(audit.contains("replay apply") && audit.contains("replay abort"), "{audit}");
    assert_eq!(deployment.dead_letters(), []);
    stop(&mut instances);
}

/// Applies a plan, and kills the command with `kill -9` at later and later moments, until it has ended before it was killed.
fn apply_with_kills(deployment: &Deployment, plan: &str) -> String {
    let words = ["replay", "apply", plan, "--yes", "--why", "test"];
    // The group keeps the places of its members for the session, for which the first one waits.
    let mut process = deployment.process(&words, "a", "a", &[]);
    process.wait_for_log("waiting until the group");
    let (mut admin, group) = (deployment.fixture.admin(), deployment.application());
    until("the group is empty", || admin.members(&group, LIMIT).expect("its members").is_empty());
    process.kill();
    for moment in 1..40 {
        let mut process = deployment.process(&words, "a", "a", &[]);
        std::thread::sleep(Duration::from_millis(20 * moment));
        if process.ended().is_some() {
            assert_eq!(process.exit_code(), Some(0), "{}", process.log_text());
            break;
        }
        process.kill();
    }
    succeeds(deployment, &words.join(" "))
}

/// Resets the offsets of a topic with Kafka's tool, once the group is empty.
fn reset(deployment: &Deployment, topic: &Topic, to: &str) {
    let group = deployment.application();
    let words = [
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        "--bootstrap-server",
        &deployment.fixture.settings.bootstrap_servers,
        "--group",
        &group,
        "--topic",
        topic.as_str(),
        "--reset-offsets",
        to,
        "--execute",
    ];
    until("the offsets are reset", || {
        let output = java(&words, "");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        told.contains("NEW-OFFSET") && !told.contains("Error")
    });
}

#[test]
fn offsets_that_are_reset_with_kafkas_tool_submit_nothing_twice() {
    let Some(deployment) = Deployment::open("e2e-replay-reset") else { return };
    let mut chance = fastrand::Rng::with_seed(46);
    let (first, later) = (bundles(COUNT, &mut chance), bundles(10, &mut chance));
    let mut instance = deployment.run("a");
    gather(&deployment, &first, 1);
    deployment.wait_for_deliveries(&first);
    assert_eq!(instance.terminate(), Some(0));

    for (round, topic) in
        [deployment.topic("parents"), deployment.own("bundle-inbox"), deployment.own("delivery-inbox")]
            .iter()
            .enumerate()
    {
        reset(&deployment, topic, "--to-earliest");
        let mut instance = deployment.run("a");
        until("everything is read", || {
            instance.try_metric("sheaf_consumer_lag_records", "").is_some_and(|lag| lag < 0.5)
        });
        if round == 0 {
            assert!(
                instance.log_text().contains("was set back while the application did not run"),
                "{}",
                instance.log_text()
            );
        }
        assert_eq!(instance.terminate(), Some(0));
        assert_eq!(deployment.folders(), COUNT, "after a reset of {topic}");
        assert_eq!(deployment.dead_letters(), [], "after a reset of {topic}");
    }
    let mut instance = deployment.run("a");
    gather(&deployment, &later, 2);
    until("what is new is submitted", || deployment.folders() == COUNT + 10);
    assert_eq!(instance.terminate(), Some(0));
    assert!(Path::new(&deployment.state("a")).exists());
    commands_know_the_generation(&deployment, &first[0].id);
}

/// `sheaf state show` and `sheaf doctor` after a replay, before the former state is pruned and afterwards.
fn commands_know_the_generation(deployment: &Deployment, bundle: &str) {
    let plan = deployment.directory.join("replay.json");
    let plan = plan.to_str().expect("text");
    succeeds(deployment, &format!("replay plan --from earliest -o {plan}"));
    succeeds(deployment, &format!("replay apply {plan} --yes --why test"));
    let mut instance = deployment.run("a");
    until("everything is processed again", || {
        let status: Value = serde_json::from_str(&succeeds(deployment, "replay status -o json")).expect("JSON");
        status[0]["state"] == "done"
    });
    // The sources are; the rest may be in the inbox.
    until("each bundle is completed again", || submissions(deployment)[1] == COUNT + 10);
    assert_eq!(instance.terminate(), Some(0));
    let shown: Value = serde_json::from_str(&succeeds(deployment, &format!("state show {bundle}"))).expect("JSON");
    assert!(shown["bundle"].is_object() && shown["bundle.g1"].is_object(), "{shown}");
    let pruned = succeeds(deployment, "replay prune --yes --why test");
    assert!(pruned.contains("bundle-changelog"), "{pruned}");
    let found = said(&sheaf(deployment, "doctor"));
    assert!(found.contains("inboxes and changelogs") && !found.contains("are missing"), "{found}");
}

#[test]
fn a_shadow_of_the_same_topology_has_no_differences_and_one_of_another_has_the_right_ones() {
    let Some(deployment) = Deployment::open("e2e-replay-shadow") else { return };
    let mut chance = fastrand::Rng::with_seed(48);
    let mut all = bundles(COUNT, &mut chance);
    let mut instance = deployment.run("a");
    gather(&deployment, &all, 1);
    deployment.wait_for_deliveries(&all);
    let same = sheaf(&deployment, "replay shadow --from earliest -o json");
    assert!(same.status.success(), "{}", said(&same));
    assert!(said(&same).contains(&format!("the same as was written: {COUNT}; different: 0")), "{}", said(&same));

    // A topology that does not take the parents of three bundles.
    let topology = std::fs::read_to_string(deployment.directory.join("topology.yaml")).expect("the topology");
    let [one, two, three] = [0, 1, 2].map(|number| all[number].id.clone());
    let taken: Vec<&str> = all.iter().skip(3).map(|bundle| &*bundle.id).collect();
    let refused = format!("member: parent, where: [{{ at: /id, is: ['{}'] }}]", taken.join("', '"));
    let changed = topology.replacen("member: parent", &refused, 1);
    assert_ne!(changed, topology);
    let path = deployment.directory.join("next.yaml");
    std::fs::write(&path, changed).expect("written");
    let other = sheaf(&deployment, &format!("replay shadow --from 1h --with {} -o json", path.display()));
    assert_eq!(other.status.code(), Some(1), "{}", said(&other));
    let differences: Vec<Value> = serde_json::from_slice(&other.stdout).expect("JSON");
    let mut keys: Vec<&str> = differences.iter().map(|it| it["key"].as_str().expect("a key")).collect();
    keys.sort_unstable();
    let mut expected = vec![&*one, &*two, &*three];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert!(differences.iter().all(|it| it["difference"] == "would be missing"), "{differences:?}");

    // It writes nothing, and takes no place in the group.
    let more = bundles(5, &mut chance);
    gather(&deployment, &more, 3);
    all.extend(more);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}
