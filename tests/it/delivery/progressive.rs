//! Folders that are made at the first event of a bundle: operators see it wait in Control-M, and its work is done once, when all
//! members are there, whatever fails.

use std::time::Duration;

use serde_json::{Value, json};
use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{OutRecord, Topic};
use sheaf::runtime::FaultPoint;

use super::cluster::{Cluster, bundle, short};

const TOPOLOGY: &str = include_str!("../../../topologies/progressive.yaml");
const TEMPLATE: &str = include_str!("../../../templates/progressive.json");
const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

/// A cluster with one instance, and work that takes a minute.
fn cluster(seed: u64, topology: &str) -> Cluster {
    let mut cluster = Cluster::of(seed, topology, &short(), TEMPLATE);
    cluster.post_control("/outcomes", &json!({ "job": "appl-*", "exit": 0, "duration_ms": 60_000 }));
    cluster.world.start("a").unwrap();
    cluster.advance(5 * SECOND);
    cluster
}

fn parent(cluster: &mut Cluster, id: &str) {
    write(cluster, "ctm-parent-events", &json!({ "id": id }));
}

fn child(cluster: &mut Cluster, id: &str) {
    write(cluster, "ctm-children-events", &json!({ "id": id.replace("-4000-", "-4001-"), "parent_id": id }));
}

fn write(cluster: &mut Cluster, topic: &str, event: &Value) {
    cluster.write(&[OutRecord::unkeyed(&Topic::new(topic), event.to_string().into())]);
}

/// The status of a job of a bundle.
fn job(cluster: &Cluster, prefix: &str, id: &str) -> String {
    let name = format!("{prefix}-{id}");
    let jobs = cluster.simulator.dump().jobs;
    jobs.into_iter().find(|row| row.name == name).map(|row| row.status).unwrap_or_default()
}

fn alerts(cluster: &Cluster) -> Vec<String> {
    let alerts = cluster.values("alerts");
    alerts
        .iter()
        .inspect(|alert| crate::alert::assert_valid(alert))
        .map(|it| it["kind"].as_str().unwrap().to_owned())
        .collect()
}

/// All is done, once: one folder, each of its jobs, and no event is left over.
fn assert_done_once(cluster: &Cluster, id: &str) {
    let dump = cluster.simulator.dump();
    assert_eq!(dump.folders[&format!("folder-{id}")].submits, 1, "{id}");
    for prefix in ["prnt", "child-1", "appl", "service"] {
        let name = format!("{prefix}-{id}");
        let [row] = &dump.jobs.iter().filter(|row| row.name == name).collect::<Vec<_>>()[..] else { panic!("{name}") };
        assert_eq!((row.status.as_str(), row.number_of_runs), ("Ended OK", 1), "{name}");
    }
    assert!(!dump.events.iter().any(|event| event.name.ends_with(id)), "{:?}", dump.events);
}

#[test]
fn a_child_before_its_parent_shows_a_folder_in_which_no_parent_is_made_up() {
    let (mut cluster, id) = (cluster(1, TOPOLOGY), bundle(1));
    child(&mut cluster, &id);
    cluster.until(MINUTE, |cluster| job(cluster, "child-1", &id) == "Ended OK");
    assert_eq!(["prnt", "appl", "service"].map(|prefix| job(&cluster, prefix, &id)), ["Wait Condition"; 3]);
    // Events have no date, and the folder is kept.
    for _ in 0..3 {
        cluster.post_control("/clock", &json!({ "advance": "new-day" }));
        cluster.advance(5 * SECOND);
    }
    assert_eq!(["prnt", "appl"].map(|prefix| job(&cluster, prefix, &id)), ["Wait Condition"; 2]);
    parent(&mut cluster, &id);
    cluster.until(3 * MINUTE, |cluster| job(cluster, "service", &id) == "Ended OK");
    assert_done_once(&cluster, &id);
    // Repeated events change nothing, also when all is done.
    parent(&mut cluster, &id);
    child(&mut cluster, &id);
    cluster.advance(MINUTE);
    assert_done_once(&cluster, &id);
    assert_eq!((alerts(&cluster), cluster.dead_letters()), (vec![], vec![]));
    let outcomes = cluster.values("outcomes");
    assert_eq!(outcomes.iter().map(|it| it["outcome"].as_str().unwrap()).collect::<Vec<_>>(), ["submitted"]);
}

/// The instance is killed in each phase: with the first event, with its calls, and with the last event.
fn kill_at(point: FaultPoint) {
    let (mut cluster, bundles) = (cluster(2, TOPOLOGY), (0..8).map(bundle).collect::<Vec<_>>());
    let mut kills = 0;
    // The last round repeats events of what is done already.
    for round in 0..3 {
        for half in bundles.chunks(4) {
            if round < 2 {
                cluster.kill_at(point);
            }
            for id in half {
                if round == 0 { child(&mut cluster, id) } else { parent(&mut cluster, id) }
            }
            if round < 2 {
                kills += 1;
                cluster.until(MINUTE, |cluster| cluster.kills == kills);
            }
            cluster.restart();
            cluster.advance(3 * SECOND);
        }
    }
    let is_done = |cluster: &Cluster| bundles.iter().all(|id| job(cluster, "service", id) == "Ended OK");
    cluster.until(10 * MINUTE, is_done);
    cluster.advance(MINUTE);
    for id in &bundles {
        assert_done_once(&cluster, id);
    }
    assert_eq!((alerts(&cluster), cluster.dead_letters()), (vec![], vec![]), "{point:?}");
}

#[test]
fn a_bundle_is_done_once_if_its_instance_is_killed_before_the_commit() {
    kill_at(FaultPoint::Stepped);
    kill_at(FaultPoint::Drained);
}

#[test]
fn a_bundle_is_done_once_if_its_instance_is_killed_after_the_commit() {
    kill_at(FaultPoint::Committed);
    kill_at(FaultPoint::Applied);
    kill_at(FaultPoint::Stored);
}

#[test]
fn a_bundle_is_done_once_if_its_instance_is_killed_with_calls_in_flight() {
    kill_at(FaultPoint::HandedOver);
}

/// An event that is there already is an error to Control-M, and done to sheaf.
#[test]
fn an_event_whose_answer_is_lost_is_added_again_and_counts_once() {
    let busy = r#"{"errors":[{"message":"the server is busy"}]}"#;
    for action in [
        Action::ResetAfter,
        Action::RespondAfter { status: 503, body: String::new() },
        Action::TruncateAfter,
        Action::ResetBefore,
        Action::respond(500, busy),
        Action::respond(429, busy),
    ] {
        let (mut cluster, id) = (cluster(3, TOPOLOGY), bundle(1));
        cluster.simulator.inject(Fault { times: Some(2), ..Fault::once("POST", "/run/event/*", action.clone()) });
        child(&mut cluster, &id);
        parent(&mut cluster, &id);
        cluster.until(5 * MINUTE, |cluster| job(cluster, "service", &id) == "Ended OK");
        assert_done_once(&cluster, &id);
        assert_eq!((alerts(&cluster), cluster.dead_letters()), (vec![], vec![]), "{action:?}");
    }
}

#[test]
fn an_event_that_is_refused_is_told_with_what_to_do() {
    let (mut cluster, id) = (cluster(4, TOPOLOGY), bundle(1));
    let refusal = Action::respond(400, r#"{"errors":[{"message":"no such server"}]}"#);
    cluster.simulator.inject(Fault::once("POST", "/run/event/*", refusal));
    child(&mut cluster, &id);
    cluster.until(MINUTE, |cluster| !cluster.values("alerts").is_empty());
    assert_eq!(alerts(&cluster), ["signal_failed"]);
    let alert = &cluster.values("alerts")[0];
    let expected = format!(
        "the event child-1-{id} was not added, and the folder of bundle {id} waits for it: HTTP 400: no such server"
    );
    assert_eq!(alert["message"], expected);
    assert_eq!(
        alert["details"]["remedy"],
        "mend the cause, and add the event to the server smprod in Control-M by hand, without a date"
    );
    assert_eq!(cluster.dead_letters().len(), 1);
}

#[test]
fn a_late_child_completes_its_folder_and_one_after_the_end_does_not() {
    let topology = TOPOLOGY.replace("sla: 24h", "sla: 5m, expire: 20m");
    let (mut cluster, late, never) = (cluster(5, &topology), bundle(1), bundle(2));
    parent(&mut cluster, &late);
    parent(&mut cluster, &never);
    cluster.pass(8 * MINUTE, SECOND);
    assert_eq!(alerts(&cluster), ["sla_breach"; 2]);
    child(&mut cluster, &late);
    cluster.until(5 * MINUTE, |cluster| job(cluster, "service", &late) == "Ended OK");
    assert_done_once(&cluster, &late);
    cluster.pass(15 * MINUTE, SECOND);
    assert!(alerts(&cluster).contains(&"expired".to_owned()), "{:?}", alerts(&cluster));
    child(&mut cluster, &never);
    cluster.advance(MINUTE);
    assert!(alerts(&cluster).contains(&"after_closing".to_owned()), "{:?}", alerts(&cluster));
    assert_eq!(["child-1", "appl"].map(|prefix| job(&cluster, prefix, &never)), ["Wait Condition"; 2]);
}
