//! One suite of questions for every adapter of the broker port: real Kafka is the truth, memory has to agree.
//!
//! A check is a named function over a [`Cluster`]; [`run`] asks all of them and names each that fails. What only one
//! adapter can do (faults, the eager protocol, time-outs of a coordinator) is tested beside that adapter.
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

/// What the checks need to know of a cluster beyond the port.
pub(crate) trait Cluster {
    /// The adapter.
    fn broker(&self) -> &dyn Broker;

    /// Lets time pass: sleeps, or moves the clock.
    fn pass(&self, time: Duration);

    /// A name that nobody has used on this cluster.
    fn fresh(&self, name: &str) -> String;

    /// The largest record that the adapter's producers take, in bytes.
    fn record_bytes_max(&self) -> usize;
}

/// A question with its name.
pub(crate) type Check = (&'static str, fn(&dyn Cluster));

/// Asks every question of a cluster of its own (a fresh one, or a handle on a shared one) and names those that failed.
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
