//! A process that kills itself between any two duties, at each point in turn.

use std::os::unix::process::ExitStatusExt as _;

use sheaf::runtime::FaultPoint;

use super::bundle::{bundles, shuffled};
use super::process::{Process, until};
use super::stage::Stage;

/// How many bundles each point gets.
const BUNDLES: usize = 8;

#[test]
fn nothing_is_lost_or_duplicated_at_any_fault_point() {
    let Some(stage) = Stage::open("e2e-point") else { return };
    let mut chance = fastrand::Rng::with_seed(79);
    let all = bundles(BUNDLES * (FaultPoint::ALL.len() + 1), &mut chance);
    let mut parts = all.chunks(BUNDLES);
    // The first round makes entries for the restores of those after it.
    let mut events = shuffled(parts.next().expect("a part"), 0, &mut chance);
    stage.write_events(&events);
    let mut instance = stage.run("a");
    until("some are delivered", || stage.folders() > 0);
    for (point, part) in FaultPoint::ALL.into_iter().zip(parts) {
        events = shuffled(part, 10, &mut chance);
        let (before, after) = events.split_at(events.len() / 2);
        stage.write_events(before);
        instance.kill();
        if point == FaultPoint::RestoreBatch {
            std::fs::remove_dir_all(stage.state("a")).expect("removed");
        }
        let mut doomed = stage.start_with("a", &[("SHEAF_FAULT_POINT", point.as_str())]);
        let other = provoke(&stage, point, &mut doomed);
        stage.write_events(after);
        until(&format!("the process comes to `{point}`"), || doomed.ended().is_some());
        let ended = doomed.ended().and_then(|status| status.signal());
        assert_eq!(ended, Some(9), "at {point}: {}", doomed.said());
        if let Some(mut other) = other {
            assert_eq!(other.terminate(), Some(0), "{}", other.said());
        }
        instance = stage.run("a");
        assert!(instance.metric("sheaf_store_rebuilds_total", "") < 0.5, "after {point}: {}", instance.said());
    }
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

/// Brings about what leads to the points that no load leads to.
fn provoke(stage: &Stage, point: FaultPoint, doomed: &mut Process) -> Option<Process> {
    if point == FaultPoint::Revoked {
        // A second member takes its share.
        doomed.ready();
        return Some(stage.start("b"));
    }
    if point == FaultPoint::Recovering {
        // Somebody else under the same transactional id: what has become of the transaction is not known.
        doomed.ready();
        drop(stage.scene.producer("app-a-0", &[]));
    }
    None
}
