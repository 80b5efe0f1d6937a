//! Kills an instance of a [`World`] in the middle of a transaction, and tells what was in danger.

use std::time::Duration;

use super::World;
use crate::model::Topic;
use crate::runtime::{self, FaultPoint, Status};

/// The moment of the kill: outputs and offsets of a transaction are sent, and it is not committed.
const MOMENT: FaultPoint = FaultPoint::OffsetsSent;
/// The most rounds of turns until an instance reaches it with an output.
const ROUNDS_MAX: usize = 1_000;

/// The processor that an instance executes when it is killed.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Its name.
    pub processor: String,
    /// Its sources and its inbox.
    pub inputs: Vec<Topic>,
    /// The topic of the output that the killed transaction holds.
    pub output: Topic,
}

/// What a killed instance leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Killed {
    /// Its name.
    pub instance: String,
    /// The open entries of its tasks, by its own count.
    pub open: u64,
    /// The inputs beyond the committed offsets of the group.
    pub inputs: usize,
    /// The outputs in its open transaction.
    pub outputs: usize,
}

/// Kills the instance that reaches [`MOMENT`] with an output; `None` if none does.
pub(super) fn kill(world: &mut World, target: &Target) -> runtime::Result<Option<Killed>> {
    let names: Vec<String> = world.running().map(str::to_owned).collect();
    let before = uncommitted_outputs(world, target);
    for _ in 0..ROUNDS_MAX {
        for name in &names {
            let open = open_entries(world, name, target);
            if !world.turn_until(name, MOMENT)? {
                continue;
            }
            let outputs = uncommitted_outputs(world, target).saturating_sub(before);
            if outputs == 0 {
                world.resume(name)?;
                continue;
            }
            let inputs = uncommitted_inputs(world, target);
            world.crash(name);
            return Ok(Some(Killed { instance: name.clone(), open, inputs, outputs }));
        }
        world.clock().advance(Duration::from_millis(10));
    }
    Ok(None)
}

fn open_entries(world: &World, name: &str, target: &Target) -> u64 {
    let entries = world.status(name).map(Status::entries).unwrap_or_default();
    entries.get(target.processor.as_str()).map_or(0, |entries| entries.open)
}

/// The outputs in open and aborted transactions.
fn uncommitted_outputs(world: &World, target: &Target) -> usize {
    let broker = world.broker();
    broker.all_records(&target.output).len().saturating_sub(broker.committed_records(&target.output).len())
}

fn uncommitted_inputs(world: &World, target: &Target) -> usize {
    let (broker, group) = (world.broker(), world.application());
    let records = target.inputs.iter().flat_map(|topic| broker.committed_records(topic));
    records.filter(|record| record.offset >= broker.committed_offset(group, &record.source).unwrap_or(0)).count()
}
