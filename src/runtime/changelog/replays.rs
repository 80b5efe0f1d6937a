//! The read loop of restores and standbys.

use std::collections::BTreeMap;
use std::time::Duration;

use super::batch::{Read, Step};
use super::head_reader::{First, HeadReader};
use super::limit::{BATCH_MAX, POLL};
use super::reader::ChangelogReader;
use super::replay::Replay;
use super::token_bucket::TokenBucket;
use crate::broker::{self, Purpose, Start};
use crate::model::{ErrorClass, Timestamp, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::{Error, Result};

/// A replay with its purpose.
pub(super) trait Replaying {
    /// The replay.
    fn replay(&self) -> &Replay;

    /// True if there may be records to read.
    fn is_reading(&self) -> bool;

    /// The index of its reader, from 0.
    fn reader(&self) -> usize;

    /// True for a bulk load, which shares the memory for batches with the other bulk loads.
    fn is_bulk(&self) -> bool;

    /// Takes records of the changelog; `bulk` is the number of bulk loads. [`Step::Done`]: no more records are needed.
    fn advance(&mut self, read: Read, bulk: usize, context: &Context, now: Timestamp) -> Result<Step>;
}

/// The result of a replay in a round.
pub(super) enum ReplayResult {
    /// It has taken records, or has reached its end.
    Step(Result<Step>),
    /// Its first record is not at the low watermark any more.
    HeadMoved,
    /// Its position is out of the changelog's range.
    OutOfRange,
}

/// A stage of a round.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    /// Reads the first records of changelogs whose genesis is not verified.
    Heads,
    /// Reads the replays of one reader.
    Reader(usize),
}

/// A set of replays with their readers.
pub(super) struct Replays<T> {
    members: BTreeMap<TopicPartition, T>,
    readers: Vec<ChangelogReader>,
    head_reader: HeadReader,
    /// True if readers may wait for the next record, because the thread has nothing else to do.
    waits: bool,
}

impl<T: Replaying> Replays<T> {
    /// No replays, with this number of readers.
    pub(super) fn new(purpose: Purpose, readers: usize, waits: bool) -> Self {
        let readers = (0..readers).map(|_| ChangelogReader::new(purpose)).collect();
        Self { members: BTreeMap::new(), readers, head_reader: HeadReader::default(), waits }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.members.values()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&TopicPartition, &mut T)> {
        self.members.iter_mut()
    }

    /// Adds a replay.
    pub(super) fn add(&mut self, replay: T) {
        self.change();
        self.members.insert(replay.replay().changelog().clone(), replay);
    }

    /// Removes a replay. Its reader still reads it until the next change of the set; those records are ignored.
    pub(super) fn remove(&mut self, changelog: &TopicPartition) -> Option<T> {
        self.members.remove(changelog)
    }

    /// Keeps the matching replays.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&T) -> bool) {
        let before = self.members.len();
        self.members.retain(|_, member| is_kept(member));
        if self.members.len() != before {
            self.change();
        }
    }

    /// Renews the assignments of the readers with the next round.
    pub(super) fn change(&mut self) {
        self.readers.iter_mut().for_each(ChangelogReader::change);
    }

    /// Closes all readers.
    pub(super) fn close(&mut self) {
        self.readers.iter_mut().for_each(ChangelogReader::close);
        self.head_reader.reset();
    }

    /// Handles a read error: readers restart from the replays' positions.
    pub(super) fn interrupted(&mut self, error: &Error) {
        if error.class() == ErrorClass::Retry {
            self.change();
            self.head_reader.reset();
        } else {
            self.close();
        }
    }

    /// The stages of a round, in order. Handle the results of one before the next.
    pub(super) fn stages(&self) -> impl Iterator<Item = Stage> + use<T> {
        std::iter::once(Stage::Heads).chain((0..self.readers.len()).map(Stage::Reader))
    }

    /// Runs one stage, for at most as many records as there are `tokens`. Returns the results of the replays that made
    /// progress or failed.
    pub(super) fn turn(
        &mut self,
        stage: Stage,
        tokens: &mut TokenBucket,
        context: &Context,
        now: Timestamp,
    ) -> Result<Vec<(TopicPartition, ReplayResult)>> {
        match stage {
            Stage::Heads => self.verify(context, now),
            Stage::Reader(reader) => self.read(reader, tokens, context, now),
        }
    }

    fn verify(&mut self, context: &Context, now: Timestamp) -> Result<Vec<(TopicPartition, ReplayResult)>> {
        let open: BTreeMap<TopicPartition, i64> = self
            .members
            .iter()
            .filter(|(_, member)| !member.replay().is_verified())
            .map(|(changelog, member)| (changelog.clone(), member.replay().next()))
            .collect();
        let timeout = if self.waits && open.len() == self.members.len() { POLL } else { Duration::ZERO };
        let firsts = match self.head_reader.read_first(&*context.broker, &open, timeout) {
            Ok(firsts) => firsts,
            Err(broker::Error::OutOfRange { partition }) => {
                self.head_reader.reset();
                return Ok(vec![(partition, ReplayResult::HeadMoved)]);
            }
            Err(error) => return Err(error.into()),
        };
        let bulk = self.bulk();
        let mut results = Vec::new();
        for First { partition, record, position } in firsts {
            let Some(member) = self.members.get_mut(&partition) else { continue };
            let read = Read { records: record.into_iter().collect(), position };
            let step = member.advance(read, bulk, context, now);
            let stays = !matches!(step, Ok(Step::Done));
            if member.replay().is_verified() && stays {
                // From now on another reader reads it, at another offset.
                self.readers.iter_mut().for_each(ChangelogReader::change);
            }
            if !matches!(step, Ok(Step::Reading)) {
                results.push((partition, ReplayResult::Step(step)));
            }
        }
        Ok(results)
    }

    /// The number of bulk loads.
    fn bulk(&self) -> usize {
        self.members.values().filter(|member| member.is_bulk() && member.is_reading()).count()
    }

    fn read(
        &mut self,
        number: usize,
        tokens: &mut TokenBucket,
        context: &Context,
        now: Timestamp,
    ) -> Result<Vec<(TopicPartition, ReplayResult)>> {
        let (bulk, count) = (self.bulk(), self.members.len());
        let Some(reader) = self.readers.get_mut(number) else { return Ok(Vec::new()) };
        let is_here = |member: &T| member.replay().is_verified() && member.reader() == number;
        let reading = self.members.iter().filter(|(_, member)| is_here(member) && member.is_reading());
        let at: Vec<_> =
            reading.map(|(changelog, member)| (changelog.clone(), Start::At(member.replay().next()))).collect();
        let allowed = tokens.available(context.clock.uptime()).min(BATCH_MAX);
        let mut by_changelog = BTreeMap::new();
        if at.is_empty() {
            reader.close();
        } else if allowed > 0 {
            match reader.read(&*context.broker, &at, allowed, self.waits && at.len() == count) {
                Ok(records) => by_changelog = records,
                Err(broker::Error::OutOfRange { partition }) => return Ok(vec![(partition, ReplayResult::OutOfRange)]),
                Err(error) => return Err(error.into()),
            }
        }
        let mut results = Vec::new();
        for (changelog, member) in self.members.iter_mut().filter(|(_, member)| is_here(member)) {
            let records = by_changelog.remove(changelog).unwrap_or_default();
            tokens.take(records.len());
            let is_new = !records.is_empty();
            let read = Read { records, position: reader.position(changelog) };
            let step = member.advance(read, bulk, context, now);
            if is_new || !matches!(step, Ok(Step::Reading)) {
                results.push((changelog.clone(), ReplayResult::Step(step)));
            }
        }
        Ok(results)
    }
}
