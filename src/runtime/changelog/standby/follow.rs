//! What standbys do all day: read, apply, and find out when a store is of no use.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Standbys;
use crate::broker::{self, Start};
use crate::model::{TaskId, Timestamp, TopicPartition};
use crate::runtime::changelog::batch::{Read, Step};
use crate::runtime::changelog::head_reader::First;
use crate::runtime::changelog::{BACK_OFF, BATCH_MAX};
use crate::runtime::error::{Error, Result};

impl Standbys {
    /// Looks at the first records of those changelogs that are not known to be their stores'; true when one was there.
    pub(super) fn verify(&mut self, now: Timestamp) -> Result<bool> {
        let open: BTreeMap<TopicPartition, i64> = self
            .following
            .iter()
            .filter(|(_, standby)| !standby.replay.is_verified())
            .map(|(changelog, standby)| (changelog.clone(), standby.replay.next()))
            .collect();
        let firsts = match self.head_reader.look(&*self.context.broker, &open, Duration::ZERO) {
            Ok(firsts) => firsts,
            Err(broker::Error::OutOfRange { partition }) => {
                self.head_reader.reset();
                self.look_again(&partition);
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let mut steps = Vec::new();
        let standbys = self.following.len();
        for First { partition, record, position } in firsts {
            if let Some(standby) = self.following.get_mut(&partition) {
                let read = Read { records: record.into_iter().collect(), position };
                let step = standby.advance(read, standbys, &self.context, now);
                // From here on it is read at another place, and by another reader.
                if standby.replay.is_verified() {
                    self.reader.change();
                }
                steps.push((partition, step));
            }
        }
        Ok(self.settle(steps))
    }

    /// Reads and applies; true when there was something.
    pub(super) fn follow(&mut self, now: Timestamp) -> Result<bool> {
        let verified = self.following.iter().filter(|(_, standby)| standby.replay.is_verified());
        let at: Vec<_> =
            verified.map(|(changelog, standby)| (changelog.clone(), Start::At(standby.replay.next()))).collect();
        if at.is_empty() {
            self.reader.close();
            return Ok(false);
        }
        let mut by_changelog = match self.reader.read(&*self.context.broker, &at, BATCH_MAX, false) {
            Ok(records) => records,
            Err(broker::Error::OutOfRange { partition }) => {
                self.look_again(&partition);
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let worked = !by_changelog.is_empty();
        let mut steps = Vec::new();
        let standbys = self.following.len();
        for (changelog, standby) in self.following.iter_mut().filter(|(_, standby)| standby.replay.is_verified()) {
            let records = by_changelog.remove(changelog).unwrap_or_default();
            let read = Read { records, position: self.reader.position(changelog) };
            let step = standby.advance(read, standbys, &self.context, now);
            steps.push((changelog.clone(), step));
        }
        Ok(self.settle(steps) | worked)
    }

    /// Does what steps have come to; true when something has.
    fn settle(&mut self, steps: Vec<(TopicPartition, Result<Step>)>) -> bool {
        let mut worked = false;
        for (changelog, step) in steps {
            let error = match step {
                // The end is where it stays.
                Ok(Step::Reading | Step::Done) => continue,
                Ok(Step::Moved) => {
                    self.reader.change();
                    worked = true;
                    continue;
                }
                Ok(Step::Outdated) => None,
                Err(error) => Some(error),
            };
            worked = true;
            let Some(standby) = self.close(&changelog) else { continue };
            let task = standby.replay.task().clone();
            drop(standby);
            match error {
                Some(error) => self.put_off(&task, &error),
                None => self.renew(&task),
            }
        }
        worked
    }

    /// Closes a standby whose position is not in its changelog. Whether the topic is another one is found out when the
    /// store is opened anew.
    fn look_again(&mut self, changelog: &TopicPartition) {
        tracing::warn!(partition = %changelog, "a standby's position is not in its changelog any more: looking at it anew");
        if let Some(standby) = self.close(changelog) {
            let until = self.context.clock.uptime().saturating_add(BACK_OFF);
            self.later.insert(standby.replay.task().clone(), until);
        }
    }

    /// A store that is too old, or whose position is gone: what it has is thrown away, and the next turns begin anew. The
    /// changelog has been found to be its own.
    fn renew(&mut self, task: &TaskId) {
        tracing::warn!(sheaf.task = %task, "a standby's store is too old for its changelog: making it anew");
        self.context.metrics.store_rebuilt(task);
        if let Err(source) = self.context.stores.destroy(&task.to_string()) {
            self.put_off(task, &Error::store(task, source));
        }
    }
}
