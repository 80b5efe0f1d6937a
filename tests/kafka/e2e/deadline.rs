//! Outages, sources that stand still and rebalances that are longer than the deadlines of open bundles.
#![expect(clippy::disallowed_methods, reason = "a deadline on a real Kafka passes in real time")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sheaf::model::{OutRecord, TopicPartition};

use super::super::fixture::{Fixture, LIMIT, begin_with};
use super::bundle::{Bundle, bundles, halves, shuffled};
use super::deployment::{Deployment, unkeyed};
use super::process::{Process, until};

/// The time from the first event of a bundle to its deadline.
const SLA: &str = "12s";
/// Longer than the SLA with the grace.
const PASSED: Duration = Duration::from_secs(16);
/// The deadlines of all bundles that were open at its begin pass in it.
const OUTAGE: Duration = Duration::from_hours(3);
/// Written during an outage, so that the missing children are not in the first batches.
const OTHERS: usize = 800;
/// The time within which the alerts come once everything is processed.
const ALERTED_WITHIN: Duration = Duration::from_secs(10);

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

/// Bundles whose children come during the outage, and bundles whose children never come.
struct Open {
    waiting: Vec<Bundle>,
    missing: Vec<Bundle>,
}

impl Open {
    /// Writes the parents, and waits until the bundles are stored.
    fn write(deployment: &Deployment, chance: &mut fastrand::Rng) -> Self {
        let open = Self { waiting: bundles(30, chance), missing: bundles(5, chance) };
        let all = [&*open.waiting, &*open.missing].concat();
        deployment.write_events(&halves(&all).0);
        deployment.wait_for_entries(&deployment.own("bundle-changelog"), &all);
        open
    }

    /// Checks that exactly the missing members are alerted, each once, soon after everything is processed.
    fn assert_alerts(&self, deployment: &Deployment) {
        let processed_at = Instant::now();
        let count = self.missing.len();
        until("the alerts of what is missing are there", || alerts(deployment, "sla_breach").len() >= count);
        let lasted = processed_at.elapsed();
        assert!(lasted < ALERTED_WITHIN, "the alerts came after {lasted:?}");
        let breached = alerts(deployment, "sla_breach");
        assert_eq!((breached.len(), breached.into_iter().collect()), (count, ids(&self.missing)), "each once");
        assert_eq!(alerts(deployment, "late"), [""; 0]);
    }
}

#[test]
fn an_outage_raises_no_alert_for_members_that_were_written_in_time() {
    let Some(mut deployment) = Deployment::open("e2e-deadline") else { return };
    deployment.sla = "1h";
    deployment.set_behind(OUTAGE);
    let mut chance = fastrand::Rng::with_seed(171);
    let mut instances = ["a", "b"].map(|name| deployment.run(name));
    let open = Open::write(&deployment, &mut chance);
    instances.iter_mut().for_each(Process::kill);

    // In time for the deadlines, which pass while nobody is there.
    let others = bundles(OTHERS, &mut chance);
    deployment.write_events(&shuffled(&others, 0, &mut chance));
    deployment.write_events(&halves(&open.waiting).1);
    deployment.set_behind(Duration::ZERO);

    let mut instances = ["a", "b"].map(|name| deployment.run(name));
    deployment.wait_for_deliveries(&[&*open.waiting, &*others].concat());
    open.assert_alerts(&deployment);
    assert_eq!(instances.each_mut().map(Process::terminate), [Some(0); 2]);
}

#[test]
#[ignore = "takes a minute; scripts/nightly runs it"]
fn a_rebalance_in_a_backlog_raises_no_alert_for_members_that_were_written_in_time() {
    let Some(mut deployment) = Deployment::open("e2e-deadline-rebalance") else { return };
    deployment.sla = "1h";
    deployment.set_behind(OUTAGE);
    let mut chance = fastrand::Rng::with_seed(172);
    let mut first = deployment.run("a");
    let open = Open::write(&deployment, &mut chance);
    first.kill();
    let others = bundles(5 * OTHERS, &mut chance);
    deployment.write_events(&shuffled(&others, 0, &mut chance));
    deployment.write_events(&halves(&open.waiting).1);
    deployment.set_behind(Duration::ZERO);

    let mut first = deployment.start("a");
    until("it is in the middle", || deployment.folders() > 0);
    let mut second = deployment.run("b");
    let at_the_join = deployment.folders();
    assert_eq!(first.terminate(), Some(0));
    assert!(at_the_join < others.len(), "it was in the middle: {at_the_join} folders");
    deployment.wait_for_deliveries(&[&*open.waiting, &*others].concat());
    open.assert_alerts(&deployment);
    assert_eq!(second.terminate(), Some(0));
}

#[test]
fn a_source_partition_that_stands_still_raises_no_alert_for_members_behind_it() {
    let Some(mut deployment) = Deployment::open("e2e-deadline-still") else { return };
    deployment.sla = SLA;
    let mut chance = fastrand::Rng::with_seed(173);
    let mut instances = ["a", "b"].map(|name| deployment.run(name));
    let still = TopicPartition::new(&deployment.topic("children"), 0);
    let long = deployment.fixture.settings.clone();
    let other = Fixture::named(deployment.fixture.name("other"), long).with(|it| it.transaction_timeout = LIMIT);
    let mut producer = other.producer("p", &[]);
    begin_with(&mut *producer, &still, &["{}"]);
    let open = Open::write(&deployment, &mut chance);

    // In time for the deadlines, and behind the open transaction.
    let behind = halves(&open.waiting).1.into_iter().map(|(_, value)| {
        let value = Some(Bytes::from(value.to_string()));
        OutRecord { partition: Some(still.partition), ..unkeyed(&still.topic, value) }
    });
    deployment.produce(&behind.collect::<Vec<_>>());
    std::thread::sleep(PASSED);
    assert_eq!(alerts(&deployment, "sla_breach"), [""; 0], "the deadlines wait for the partition");

    producer.abort(LIMIT).expect("aborted");
    deployment.wait_for_deliveries(&open.waiting);
    open.assert_alerts(&deployment);
    assert_eq!(instances.each_mut().map(Process::terminate), [Some(0); 2]);
}
