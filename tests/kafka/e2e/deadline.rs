//! An outage of all instances that is longer than the deadlines of open bundles.
#![expect(clippy::disallowed_methods, reason = "a deadline on a real Kafka passes in real time")]

use std::collections::BTreeSet;
use std::time::Duration;

use super::bundle::{Bundle, Event, bundles, shuffled};
use super::deployment::Deployment;
use super::process::{Process, until};

/// The time from the first event of a bundle to its deadline.
const SLA: &str = "20s";
/// Written during the outage, so that the missing children are not in the first batches.
const OTHERS: usize = 3_000;

/// The keys of the alerts of a kind.
fn alerts(deployment: &Deployment, kind: &str) -> Vec<String> {
    let kind = format!(r#""kind":"{kind}""#);
    let records = deployment.read(&deployment.own("alerts")).into_iter();
    let of_kind = records
        .filter(|record| record.value.as_deref().is_some_and(|value| String::from_utf8_lossy(value).contains(&kind)));
    of_kind.map(|record| String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned()).collect()
}

fn ids(bundles: &[Bundle]) -> BTreeSet<String> {
    bundles.iter().map(|bundle| bundle.id.clone()).collect()
}

#[test]
fn an_outage_raises_no_alert_for_members_that_were_written_in_time() {
    let Some(mut deployment) = Deployment::open("e2e-deadline") else { return };
    deployment.sla = SLA;
    let mut chance = fastrand::Rng::with_seed(171);
    let (waiting, missing) = (bundles(30, &mut chance), bundles(5, &mut chance));
    let others = bundles(OTHERS, &mut chance);
    let parents =
        |bundles: &[Bundle]| -> Vec<Event> { bundles.iter().map(|bundle| (true, bundle.parent.clone())).collect() };
    let children = |bundles: &[Bundle]| -> Vec<Event> {
        bundles.iter().flat_map(Bundle::events).filter(|(is_parent, _)| !is_parent).collect()
    };
    let mut instances = ["a", "b"].map(|name| deployment.run(name));
    deployment.write_events(&parents(&waiting));
    deployment.write_events(&parents(&missing));
    let open = [&*waiting, &*missing].concat();
    deployment.wait_for_entries(&deployment.own("bundle-changelog"), &open);
    instances.iter_mut().for_each(Process::kill);

    // In time for the deadlines, which pass while nobody is there.
    deployment.write_events(&shuffled(&others, 0, &mut chance));
    deployment.write_events(&children(&waiting));
    std::thread::sleep(Duration::from_secs(25));

    let mut instances = ["a", "b"].map(|name| deployment.run(name));
    deployment.wait_for_deliveries(&[&*waiting, &*others].concat());
    until("the alerts of what is missing are there", || alerts(&deployment, "sla_breach").len() >= missing.len());
    assert_eq!(alerts(&deployment, "sla_breach").into_iter().collect::<BTreeSet<_>>(), ids(&missing));
    assert_eq!(alerts(&deployment, "sla_breach").len(), missing.len(), "each once");
    assert_eq!(alerts(&deployment, "late"), [""; 0]);
    assert_eq!(instances.each_mut().map(Process::terminate), [Some(0); 2]);
}
