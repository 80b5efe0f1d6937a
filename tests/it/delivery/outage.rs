//! Hours in which Control-M takes nothing: nothing fails, nothing is lost, and the reason can be seen.

use std::time::Duration;

use serde_json::{Value, json};
use sheaf::mock::control_m::{Action, Fault};
use sheaf::sink::Rate;

use super::cluster::{Cluster, TEMPLATE, TOPOLOGY, bundle, short};

/// The time between two turns of hours without an event; shorter than the session time-out.
const COARSE: Duration = Duration::from_millis(1_900);

fn started(seed: u64) -> Cluster {
    let mut cluster = Cluster::new(seed, false, &short());
    cluster.world.start("a").unwrap();
    cluster.advance(Duration::from_secs(5));
    cluster
}

fn assert_nothing_was_told(cluster: &Cluster) {
    assert_eq!(cluster.values("outcomes"), Vec::<Value>::new());
    assert_eq!(cluster.dead_letters(), Vec::<String>::new());
    assert_eq!(cluster.values("alerts"), Vec::<Value>::new());
}

fn assert_all_are_submitted_once(cluster: &mut Cluster, count: usize, within: Duration) {
    cluster.until(within, |cluster| cluster.records("outcomes").len() >= count);
    cluster.advance(Duration::from_mins(1));
    let outcomes = cluster.values("outcomes");
    assert!(outcomes.iter().all(|outcome| outcome["outcome"] == json!("submitted")));
    let folders = cluster.simulator.dump().folders;
    assert_eq!((outcomes.len(), folders.len()), (count, count));
    assert!(folders.values().all(|folder| folder.submits == 1));
    assert_eq!(cluster.dead_letters(), Vec::<String>::new());
    assert_eq!(cluster.values("alerts"), Vec::<Value>::new());
}

/// From Friday evening until Tuesday morning, which is longer than `deliver.give_up_after`.
#[test]
fn a_long_weekend_without_control_m_fails_nothing_and_loses_nothing() {
    let mut cluster = started(5);
    cluster.set_down(true);
    for hour in 0..84 {
        cluster.complete((5 * hour..5 * hour + 5).map(bundle));
        cluster.pass(Duration::from_hours(1), COARSE);
    }
    assert_nothing_was_told(&cluster);
    let reason = cluster.suspension();
    assert!(reason.contains("/automation-api") && reason.contains("onnect"), "{reason}");
    cluster.set_down(false);
    assert_all_are_submitted_once(&mut cluster, 5 * 84, Duration::from_mins(10));
    assert_eq!(cluster.suspension(), "");
}

#[test]
fn a_storm_of_429_fails_nothing_and_is_not_met_with_a_storm_of_calls() {
    let mut cluster = started(6);
    let body = r#"{"errors":[{"message":"too many requests"}]}"#.to_owned();
    let headers = [("Retry-After".to_owned(), "300".to_owned())].into();
    let action = Action::Respond { status: 429, body, headers };
    cluster.simulator.inject(Fault::always("POST", "/run/ondemand", action));
    cluster.complete((0..200).map(bundle));
    cluster.pass(Duration::from_hours(4), COARSE);
    assert_nothing_was_told(&cluster);
    let calls = cluster.simulator.dump().calls("POST /run/ondemand");
    assert!((200 * 30..=200 * 49).contains(&calls), "{calls}: as often as the server asks for");
    let metrics = cluster.world.metrics("a").unwrap().encode().unwrap();
    let busy = metrics.lines().find(|line| line.contains("sink_retries_total") && line.contains(r#"reason="busy""#));
    let busy: u64 = busy.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(calls - busy <= 16, "{busy} of {calls} calls are counted, but for those whose outcome is not committed");
    cluster.heal();
    assert_all_are_submitted_once(&mut cluster, 200, Duration::from_mins(10));
}

/// What has waited for Control-M does not come all at once.
#[test]
fn after_an_outage_the_queue_drains_within_the_rate_of_control_m() {
    const BUNDLES: usize = 90;
    let rate = Rate { calls: 60, per: Duration::from_mins(1), burst: 5 };
    let mut cluster = Cluster::made((7, TOPOLOGY), &short(), TEMPLATE, |_, of_sink| of_sink.limits.rate = Some(rate));
    cluster.world.start("a").unwrap();
    cluster.advance(Duration::from_secs(5));
    cluster.set_down(true);
    cluster.complete((0..BUNDLES).map(bundle));
    cluster.pass(Duration::from_hours(1), COARSE);
    assert_nothing_was_told(&cluster);
    cluster.set_down(false);
    let mut drained = vec![0];
    while drained.last() != Some(&BUNDLES) {
        cluster.advance(Duration::from_secs(5));
        drained.push(cluster.simulator.dump().folders.len());
        assert!(drained.len() < 60, "it drains: {drained:?}");
    }
    for (earlier, later) in drained.iter().zip(drained.iter().skip(2)) {
        // Each advance is a step longer than it says.
        assert!(later - earlier <= 11 + 5, "at most one a second and a burst of 5: {drained:?}");
    }
    assert_all_are_submitted_once(&mut cluster, BUNDLES, Duration::from_mins(1));
}
