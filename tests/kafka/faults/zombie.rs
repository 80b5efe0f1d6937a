//! Instances that are paused for longer than their session time-out, taken over, and resumed.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;

use super::super::e2e::bundle::bundles;
use super::super::verifier::now_ms;
use super::{VerifiedDeployment, cluster};

/// How long each is paused: longer than the session time-out of 6 s.
const PAUSE: Duration = Duration::from_secs(8);

#[test]
fn a_zombie_that_resumes_under_load_writes_no_committed_record() {
    let Some(cluster) = cluster() else { return };
    let mut verified = VerifiedDeployment::open("faults-zombie", &cluster);
    let mut instances = verified.run(&["a", "b"]);
    let load = verified.load();
    verified.wait_for_output();
    for zombie in &mut instances {
        let stopped_at_ms = now_ms();
        zombie.signal(Signal::STOP);
        std::thread::sleep(PAUSE);
        println!("taken over after {:?}", verified.wait_for_recovery(stopped_at_ms));
        zombie.signal(Signal::CONT);
        zombie.wait_for_log("partitions lost");
        verified.wait_for_output();
        zombie.ready();
    }
    verified.complete(load);
    for instance in &mut instances {
        assert_eq!(instance.terminate(), Some(0));
    }
}

#[test]
fn a_timer_that_is_due_for_a_zombie_and_its_successor_alerts_once() {
    let Some(cluster) = cluster() else { return };
    let mut verified = VerifiedDeployment::open("faults-timer", &cluster);
    verified.deployment.sla = "12s";
    let mut zombie = verified.run(&["a"]).remove(0);
    let all = bundles(40, &mut fastrand::Rng::with_seed(5));
    let parents: Vec<_> = all.iter().map(|bundle| (true, bundle.parent.clone())).collect();
    verified.deployment.write_events(&parents);
    verified.deployment.wait_for_entries(&verified.deployment.own("bundle-changelog"), &all);
    // It is paused from before they are due until the successor's timers have fired; only its timers cause work then.
    zombie.signal(Signal::STOP);
    let mut successor = verified.deployment.run("b");
    let breaches = |verified: &mut VerifiedDeployment| {
        let audit = verified.audit();
        audit.alerts.into_iter().filter(|(alert, _)| alert.starts_with("sla_breach ")).collect::<Vec<_>>()
    };
    verified.until("the successor's timers have fired", |verifier| verifier.alerts() >= all.len());
    zombie.signal(Signal::CONT);
    zombie.wait_for_log("partitions lost");
    zombie.ready();
    assert_eq!(zombie.terminate(), Some(0));
    assert_eq!(successor.terminate(), Some(0));
    let found = breaches(&mut verified);
    let expected: BTreeSet<_> = all.iter().map(|bundle| (format!("sla_breach {}", bundle.id), 1)).collect();
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "each bundle is alerted once");
}
