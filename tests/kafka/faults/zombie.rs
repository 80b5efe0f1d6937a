//! Instances that are stopped for longer than their session, taken over, and wake up.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;

use super::super::e2e::bundle::bundles;
use super::super::verifier::now_ms;
use super::{Trial, cluster};

/// How long each sleeps: longer than the session time-out of 6 s.
const SLEEP: Duration = Duration::from_secs(8);

#[test]
fn a_zombie_that_resumes_under_load_writes_no_committed_record() {
    let Some(cluster) = cluster() else { return };
    let mut trial = Trial::open("faults-zombie", &cluster);
    let mut instances = trial.run(&["a", "b"]);
    let load = trial.load();
    trial.goes_on();
    for zombie in &mut instances {
        let stopped_at_ms = now_ms();
        zombie.signal(Signal::STOP);
        std::thread::sleep(SLEEP);
        println!("taken over after {:?}", trial.recovers(stopped_at_ms));
        zombie.signal(Signal::CONT);
        zombie.says("partitions lost");
        trial.goes_on();
        zombie.ready();
    }
    trial.complete(load);
    for instance in &mut instances {
        assert_eq!(instance.terminate(), Some(0));
    }
}

#[test]
fn a_timer_that_is_due_for_a_zombie_and_its_successor_alerts_once() {
    let Some(cluster) = cluster() else { return };
    let mut trial = Trial::open("faults-timer", &cluster);
    trial.stage.sla = "12s";
    let mut zombie = trial.run(&["a"]).remove(0);
    let all = bundles(40, &mut fastrand::Rng::with_seed(5));
    let parents: Vec<_> = all.iter().map(|bundle| (true, bundle.parent.clone())).collect();
    trial.stage.write_events(&parents);
    trial.stage.kept(&trial.stage.own("bundle-changelog"), &all);
    // It sleeps from before they are due until the heir's have fired; nothing else but its timers wakes it to work.
    zombie.signal(Signal::STOP);
    let mut heir = trial.stage.run("b");
    let breaches = |trial: &mut Trial| {
        let audit = trial.audit();
        audit.alerts.into_iter().filter(|(alert, _)| alert.starts_with("sla_breach ")).collect::<Vec<_>>()
    };
    trial.until("the heir's timers have fired", |verifier| verifier.alerts() >= all.len());
    zombie.signal(Signal::CONT);
    zombie.says("partitions lost");
    zombie.ready();
    assert_eq!(zombie.terminate(), Some(0));
    assert_eq!(heir.terminate(), Some(0));
    let found = breaches(&mut trial);
    let expected: BTreeSet<_> = all.iter().map(|bundle| (format!("sla_breach {}", bundle.id), 1)).collect();
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "each bundle is alerted once");
}
