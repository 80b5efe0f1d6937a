//! A process that is killed at each fault point in turn.

use std::os::unix::process::ExitStatusExt as _;

use sheaf::runtime::FaultPoint;

use super::bundle::{bundles, shuffled};
use super::deployment::Deployment;
use super::process::{Process, until};

/// The number of bundles per fault point.
const BUNDLES: usize = 8;

#[test]
fn nothing_is_lost_or_duplicated_at_any_fault_point() {
    let Some(deployment) = Deployment::open("e2e-point") else { return };
    let mut chance = fastrand::Rng::with_seed(79);
    let all = bundles(BUNDLES * (FaultPoint::ALL.len() + 1), &mut chance);
    let mut parts = all.chunks(BUNDLES);
    // The first round writes entries for the restores of later ones.
    let mut events = shuffled(parts.next().expect("a part"), 0, &mut chance);
    deployment.write_events(&events);
    let mut instance = deployment.run("a");
    until("some are delivered", || deployment.folders() > 0);
    for (point, part) in FaultPoint::ALL.into_iter().zip(parts) {
        events = shuffled(part, 10, &mut chance);
        let (before, after) = events.split_at(events.len() / 2);
        deployment.write_events(before);
        instance.kill();
        if point == FaultPoint::RestoreBatch {
            std::fs::remove_dir_all(deployment.state("a")).expect("removed");
        }
        let mut crashing = deployment.start_with("a", &[("SHEAF_FAULT_POINT", point.as_str())]);
        let other = provoke(&deployment, point, &mut crashing);
        deployment.write_events(after);
        until(&format!("the process comes to `{point}`"), || crashing.ended().is_some());
        let ended = crashing.ended().and_then(|status| status.signal());
        assert_eq!(ended, Some(9), "at {point}: {}", crashing.log_text());
        if let Some(mut other) = other {
            assert_eq!(other.terminate(), Some(0), "{}", other.log_text());
        }
        instance = deployment.run("a");
        assert!(instance.metric("sheaf_store_rebuilds_total", "") < 0.5, "after {point}: {}", instance.log_text());
    }
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

/// Causes the events of fault points that the load does not reach.
fn provoke(deployment: &Deployment, point: FaultPoint, crashing: &mut Process) -> Option<Process> {
    if point == FaultPoint::Revoked {
        // A second member gets a share.
        crashing.ready();
        return Some(deployment.start("b"));
    }
    if point == FaultPoint::Recovering {
        // Another producer with the same transactional id: the outcome of the transaction is unknown.
        crashing.ready();
        drop(deployment.fixture.producer("app-0/a", &[]));
    }
    None
}
