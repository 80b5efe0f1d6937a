//! The whole way of a run that fails: submitted to the simulator, failed, rerun by a command, ended; the instance is killed between.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sheaf::model::{Clock as _, Key, Topic};
use sheaf::processor;
use sheaf::processor::tracking::RERUN;
use sheaf::runtime::{FaultPoint, command_record};

use super::cluster::{Cluster, bundle, short};

/// Lets the instance be killed at a point of its next work, and starts it again.
fn survive(cluster: &mut Cluster, point: FaultPoint, within: Duration) {
    let before = cluster.kills;
    cluster.kill_at(point);
    cluster.until(within, |cluster| cluster.kills > before);
    cluster.restart();
    cluster.advance(Duration::from_secs(10));
}

/// The values of the records about runs, by what they tell.
fn told(cluster: &Cluster) -> Vec<(String, Value)> {
    cluster.values("runs").into_iter().map(|run| (run["run"].as_str().unwrap().to_owned(), run)).collect()
}

fn words(cluster: &Cluster) -> Vec<String> {
    told(cluster).into_iter().map(|(word, _)| word).collect()
}

fn rerun(cluster: &mut Cluster, id: &str) {
    let command = processor::Command {
        id: uuid::Uuid::nil(),
        name: RERUN.to_owned(),
        arguments: BTreeMap::new(),
        by: "ann".to_owned(),
        why: "the disk has space again".to_owned(),
        at: cluster.world.clock().now(),
        traceparent: None,
    };
    cluster.write(&[command_record(&Key::new(id), &command, &Topic::new("app-tracking-inbox"))]);
}

fn run(point: FaultPoint) {
    let (mut cluster, id) = (Cluster::new(7, true, &short()), bundle(1));
    cluster.post_control("/outcomes", &json!({ "job": "appl-*", "exit": 7, "duration_ms": 60_000, "times": 1 }));
    cluster.world.start("a").unwrap();
    cluster.advance(Duration::from_secs(5));
    cluster.complete([id.clone()].into_iter());
    survive(&mut cluster, point, Duration::from_mins(1));
    cluster.until(Duration::from_mins(1), |cluster| cluster.values("outcomes").len() == 1);
    survive(&mut cluster, point, Duration::from_mins(3));
    cluster.until(Duration::from_mins(5), |cluster| !cluster.values("runs").is_empty());
    // Several questions more tell nothing anew.
    survive(&mut cluster, point, Duration::from_mins(3));
    cluster.advance(Duration::from_mins(2));

    let [(_, failed)] = &told(&cluster)[..] else { panic!("{:?}", told(&cluster)) };
    assert_eq!((&failed["run"], &failed["bundle_id"]), (&json!("ended_not_ok"), &json!(id)));
    assert_eq!(failed["job"], json!(format!("appl-{id}")));
    assert!(failed["log"].as_str().unwrap().contains("ENDED AT OSCOMPSTAT 7"), "{failed}");
    let alerts = cluster.values("alerts");
    let [alert] = &alerts[..] else { panic!("{alerts:?}") };
    crate::alert::assert_valid(alert);
    assert_eq!((&alert["kind"], &alert["details"]["job"]), (&json!("run_failed"), &failed["job"]));

    rerun(&mut cluster, &id);
    survive(&mut cluster, point, Duration::from_mins(3));
    if point == FaultPoint::Committed {
        // The call was decided and not made, which the next owner cannot know.
        let [letter] = &cluster.dead_letters()[..] else { panic!("{:?}", cluster.dead_letters()) };
        assert!(letter.contains("has no answer (the instance has ended)"), "{letter}");
        cluster.advance(Duration::from_mins(3));
        assert_eq!(words(&cluster), ["ended_not_ok"]);
        rerun(&mut cluster, &id);
    } else {
        assert_eq!(cluster.dead_letters(), Vec::<String>::new());
    }
    cluster.until(Duration::from_mins(5), |cluster| words(cluster).len() == 2);
    cluster.advance(Duration::from_mins(10));
    assert_eq!(words(&cluster), ["ended_not_ok", "ended_ok"], "{point:?}: each once");
    assert_eq!(cluster.values("alerts").len(), 1);
    let ids: Vec<_> = cluster.records("runs").iter().map(|it| it.headers.text("ce_id").map(str::to_owned)).collect();
    assert_ne!(ids[0], ids[1]);
    let dump = cluster.simulator.dump();
    assert_eq!(dump.folders.values().map(|folder| folder.submits).collect::<Vec<_>>(), [1]);
    let work = dump.jobs.iter().find(|row| row.name == format!("appl-{id}")).unwrap();
    assert_eq!(work.number_of_runs, 2, "the command was carried out once");
}

#[test]
fn a_run_that_fails_and_is_rerun_is_told_once_across_kills_before_the_commit() {
    run(FaultPoint::Drained);
}

#[test]
fn a_run_that_fails_and_is_rerun_is_told_once_across_kills_after_the_commit() {
    run(FaultPoint::Committed);
}
