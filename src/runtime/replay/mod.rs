//! Replays: sources are processed again from an earlier offset, with a new state.
//!
//! ```text
//!            check                     the group is empty, the offsets are those of the plan
//!  apply ──▶ generation: applying      from now on no instance starts
//!        ──▶ topics                    inbox and changelog of the next generation
//!        ──▶ offsets                   of the sources, which Kafka refuses while the group has members
//!        ──▶ generation: settled       with what was processed before, in one transaction
//! ```
//!
//! After a crash between any two of these, the same plan finishes it, and [`Replays::abort`] undoes it. The former generation stays as
//! it is until [`Replays::prune`].
//!
//! Nothing is submitted twice: what comes of records that were processed before is marked ([`Replay`](crate::model::Replay)). A delivery
//! that is known suppresses it, one that is not is held until a person decides, and a step on it calls nobody.
//!
//! | file | content |
//! |---|---|
//! | `plan` | what would be done, and all checks |
//! | `step` | the steps that write |
//! | `error` | the refusals |

mod error;
mod plan;
mod step;

pub use error::ReplayError;
pub use plan::{PLAN_VALID, Partition, Plan, Start};
pub use step::{Operator, State, Status};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::generation::{self, Generations};
use super::settings::Settings;
use crate::broker::{Admin, Broker};
use crate::model::Clock;
use crate::topology::spec::{BUNDLE, SIGNAL};
use crate::topology::{Node, Topology};

/// Why bundles of a progressive delivery are not processed again.
const SIGNALLED: &str = "its deliveries are progressive: folders at the target wait for the events of members, which are not added a second time";

/// The result of the operations of a replay.
pub type Result<T> = std::result::Result<T, ReplayError>;

/// The replays of an application. Each operation may wait for the brokers.
pub struct Replays {
    topology: Topology,
    settings: Settings,
    broker: Arc<dyn Broker>,
    admin: Box<dyn Admin>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl fmt::Debug for Replays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replays").field("application", &self.settings.application).finish_non_exhaustive()
    }
}

impl Replays {
    /// Of the application of this topology.
    pub fn new(topology: Topology, settings: Settings, broker: Arc<dyn Broker>, clock: Arc<dyn Clock>) -> Result<Self> {
        let (admin, timeout) = (broker.admin()?, settings.limits.broker_timeout);
        Ok(Self { topology, settings, broker, admin, clock, timeout })
    }

    /// The processor of this name, which may be processed again.
    fn node(&self, processor: &str) -> Result<(usize, Node)> {
        let mut nodes = self.topology.nodes.iter().enumerate();
        let Some((index, node)) = nodes.find(|(_, node)| *node.name == *processor) else {
            let known = self.topology.nodes.iter().map(|node| node.name.to_string()).collect();
            return Err(ReplayError::NoProcessor { processor: processor.to_owned(), known });
        };
        // Its folders wait for the signals of members, and would wait for those of the replay for ever.
        let signals = self.topology.nodes.iter().any(|node| &*node.name == SIGNAL);
        if signals && &*node.name == BUNDLE {
            return Err(ReplayError::Refused { processor: processor.to_owned(), why: SIGNALLED });
        }
        match node.processor.refuses_replay() {
            Some(why) => Err(ReplayError::Refused { processor: processor.to_owned(), why }),
            None => Ok((index, node.clone())),
        }
    }

    fn generations(&mut self) -> Result<Generations> {
        Ok(self.known()?.0)
    }

    /// The generations, and what was processed before.
    fn known(&mut self) -> Result<generation::All> {
        Ok(generation::read_all((&*self.broker, &mut *self.admin), &self.settings.application, self.timeout)?)
    }

    /// An error while the group has members: instances that run, or have just stopped.
    pub fn refuse_members(&mut self) -> Result<()> {
        let group = &self.settings.application;
        let members = self.admin.members(group, self.timeout)?;
        if members.is_empty() {
            return Ok(());
        }
        Err(ReplayError::GroupNotEmpty { group: group.clone(), members })
    }
}
