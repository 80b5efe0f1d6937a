//! One conformance suite for all adapters of the broker port: real Kafka is the reference, memory must behave alike.
//!
//! A check is a named function over a [`Cluster`]; [`run`] runs all of them and names each that fails. Features of a
//! single adapter (faults, the eager protocol, time-outs of a coordinator) are tested with that adapter.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a check fails by panicking")]

mod driver;
mod group;
mod log;
mod memory;
mod offset;
mod topic;
mod transaction;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use sheaf::broker::Broker;

/// A cluster under test.
pub(crate) trait Cluster {
    /// The adapter.
    fn broker(&self) -> &dyn Broker;

    /// Advances the time: sleeps, or advances the clock.
    fn advance(&self, time: Duration);

    /// A name that is not in use on this cluster.
    fn unique_name(&self, name: &str) -> String;

    /// The largest record of the adapter's producers, in bytes.
    fn record_bytes_max(&self) -> usize;
}

/// A check with its name.
pub(crate) type Check = (&'static str, fn(&dyn Cluster));

/// Runs every check on its own cluster (a new one, or a handle on a shared one) and names those that failed.
pub(crate) fn run(make: &dyn Fn() -> Box<dyn Cluster>) {
    let tables = [log::CHECKS, topic::CHECKS, transaction::CHECKS, offset::CHECKS, group::CHECKS];
    let all: Vec<&Check> = tables.into_iter().flatten().collect();
    let failed: Vec<_> = all
        .iter()
        .filter(|(_, check)| catch_unwind(AssertUnwindSafe(|| check(make().as_ref()))).is_err())
        .map(|(name, _)| *name)
        .collect();
    assert!(failed.is_empty(), "{} of {} checks failed: {}", failed.len(), all.len(), failed.join(", "));
}
