//! What a replay would do, after all checks that change nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ReplayError, Replays, Result};
use crate::broker::Isolation;
use crate::model::{Timestamp, TopicPartition};
use crate::runtime::generation::{Generation, Phase};
use crate::runtime::whole_topic;
use crate::topology::internal_topic;

/// For how long a plan may be applied.
pub const PLAN_VALID: Duration = Duration::from_mins(15);

/// Where sources are processed again from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The first record that is left.
    Earliest,
    /// The first record with this time or a later one, of each partition.
    Since(Timestamp),
    /// These offsets.
    Offsets(BTreeMap<TopicPartition, i64>),
}

/// What a replay would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The id of the replay.
    pub id: String,
    /// The application.
    pub application: String,
    /// The processor.
    pub processor: String,
    /// The time at which it was made.
    pub made_at: Timestamp,
    /// The generation in force.
    pub from: u32,
    /// The next one.
    pub to: u32,
    /// The last sign of life of the application: deadlines before it are not told to people again.
    pub last_run_at: Timestamp,
    /// The partitions of the sources.
    pub partitions: Vec<Partition>,
    /// What an operator should know.
    pub warnings: Vec<String>,
}

/// A partition of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// The partition, `<topic>-<partition>`.
    pub partition: String,
    /// The first offset of its log.
    pub earliest: i64,
    /// The group's offset, up to which it was processed.
    pub saved: i64,
    /// The offset from which it would be processed again.
    pub target: i64,
}

impl Plan {
    /// The number of offsets that would be processed again, transaction markers included.
    pub fn records(&self) -> i64 {
        self.partitions.iter().map(|it| it.saved - it.target).sum()
    }
}

impl Replays {
    /// Plans a replay of a processor, with this id.
    pub fn plan(&mut self, id: Uuid, processor: &str, start: &Start) -> Result<Plan> {
        let (index, node) = self.node(processor)?;
        let generation = self.generations()?.get(processor).cloned().unwrap_or_default();
        refuse_under_way(processor, &generation)?;
        let mut partitions = Vec::new();
        let topics: Vec<_> =
            self.topology.sources.iter().filter(|it| it.node == index).map(|it| it.topic.clone()).collect();
        for topic in topics {
            let found = self.admin.partitions(&topic, self.timeout)?;
            if found.is_empty() {
                return Err(ReplayError::NoTopic { topic });
            }
            partitions.extend(found);
        }
        let committed = self.admin.committed(&self.settings.application, &partitions, self.timeout)?;
        let by_time = match start {
            Start::Since(at) => self.admin.offsets_at(&partitions, *at, self.timeout)?,
            Start::Earliest | Start::Offsets(_) => vec![None; partitions.len()],
        };
        let mut planned = Vec::new();
        for ((partition, saved), by_time) in partitions.iter().zip(committed).zip(by_time) {
            let Some(saved) = saved else { return Err(ReplayError::NeverRead { partition: partition.clone() }) };
            let (earliest, end) = self.admin.watermarks(partition, self.timeout)?;
            let target = match start {
                Start::Earliest => earliest,
                // Without a record since then there is nothing to process again.
                Start::Since(_) => by_time.unwrap_or(saved).min(saved),
                Start::Offsets(offsets) => {
                    let offset = offsets.get(partition).copied();
                    offset.ok_or_else(|| ReplayError::NoOffset { partition: partition.clone() })?
                }
            };
            let of = |offset| (partition.clone(), offset);
            if target < earliest || target > end {
                let (partition, offset) = of(target);
                return Err(ReplayError::NotInLog { partition, offset, earliest, end });
            }
            if target > saved {
                let (partition, offset) = of(target);
                return Err(ReplayError::Forward { partition, offset, saved });
            }
            planned.push(Partition { partition: partition.to_string(), earliest, saved, target });
        }
        if planned.iter().all(|it| it.target == it.saved) {
            return Err(ReplayError::Nothing { processor: processor.to_owned() });
        }
        let plan = Plan {
            id: id.to_string(),
            application: self.settings.application.clone(),
            processor: processor.to_owned(),
            made_at: self.clock.now(),
            from: generation.number,
            to: generation.highest + 1,
            last_run_at: self.last_run_at()?,
            warnings: warnings(&planned, &node.name),
            partitions: planned,
        };
        Ok(plan)
    }

    /// The time of the newest heartbeat of an instance; the beginning of time if there was none.
    pub(super) fn last_run_at(&mut self) -> Result<Timestamp> {
        let instances = TopicPartition::new(&internal_topic(&self.settings.application, "instances"), 0);
        let mut newest = Timestamp::MIN;
        let mut reader = self.broker.reader(Isolation::ReadCommitted)?;
        whole_topic::read((&mut *self.admin, &mut *reader), &instances, self.timeout, |record| {
            let is_heartbeat = record.key.as_deref().is_some_and(|key| key.starts_with(b"owned-by/"));
            if is_heartbeat {
                newest = newest.max(record.timestamp);
            }
        })?;
        Ok(newest)
    }
}

/// Refuses while a change is under way.
pub(super) fn refuse_under_way(processor: &str, generation: &Generation) -> Result<()> {
    let remedy = match (generation.phase, &generation.replay) {
        (Phase::Settled, _) => return Ok(()),
        (Phase::Applying, Some(replay)) => {
            format!("finish it with the plan {}, or undo it with `sheaf replay abort {processor}`", replay.id)
        }
        (Phase::Applying | Phase::Aborting, _) => format!("finish it with `sheaf replay abort {processor}`"),
    };
    Err(ReplayError::UnderWay { processor: processor.to_owned(), remedy })
}

/// What an operator should know of these offsets.
fn warnings(partitions: &[Partition], processor: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let shortened: Vec<String> = partitions
        .iter()
        .filter(|it| it.earliest > 0)
        .map(|it| format!("{} ({} records)", it.partition, it.earliest))
        .collect();
    if !shortened.is_empty() {
        warnings.push(format!(
            "retention has deleted the beginning of {}: entries that have begun there will be incomplete",
            shortened.join(", ")
        ));
    }
    if partitions.iter().any(|it| it.target > it.earliest) {
        warnings.push(format!(
            "entries of {processor} that have begun before the chosen offsets will be incomplete: begin earlier by the longest time \
             that one gathers (`sla` and `expire` of a bundle)"
        ));
    }
    warnings.push(
        "what operators have sent again from the dead letters is not processed again: redrive or edit those letters once more".to_owned(),
    );
    warnings.push(
        "a submission whose delivery was forgotten (a week after its end, unless `keep` says otherwise) is held until a person \
         releases it: `sheaf deliveries list --status held`"
            .to_owned(),
    );
    warnings
}
