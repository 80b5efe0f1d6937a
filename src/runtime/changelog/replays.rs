//! The one loop that reads changelogs: for restores, and for standbys.

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

/// A replay with what it is for.
pub(super) trait Replaying {
    /// The replay.
    fn replay(&self) -> &Replay;

    /// True when there may be records to read.
    fn is_reading(&self) -> bool;

    /// Which of the readers it is read by, from 0.
    fn reader(&self) -> usize;

    /// True for one that loads its store in large batches, and shares the memory for them with the others that do.
    fn is_bulk(&self) -> bool;

    /// Takes records of the changelog, as one of so many that load their stores at a time. [`Step::Done`] says that nothing of
    /// it is to be read any more.
    fn advance(&mut self, read: Read, bulk: usize, context: &Context, now: Timestamp) -> Result<Step>;
}

/// What came of one replay in a round.
pub(super) enum Came {
    /// It has taken records, or is at its end.
    Step(Result<Step>),
    /// Its first record is not where the changelog began a moment ago.
    HeadMoved,
    /// Its position is not in the changelog any more.
    OutOfRange,
}

/// A part of a round.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    /// The first records of changelogs that are not known to be their stores'.
    Heads,
    /// The replays of one reader.
    Reader(usize),
}

/// Replays that are read together.
pub(super) struct Replays<T> {
    members: BTreeMap<TopicPartition, T>,
    readers: Vec<ChangelogReader>,
    head_reader: HeadReader,
    /// True when readers may wait for the next record, because nothing else is to be done meanwhile.
    waits: bool,
}

impl<T: Replaying> Replays<T> {
    /// No replays, with so many readers.
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

    /// Takes a replay out. Its reader goes on with it until something else changes, which does no harm.
    pub(super) fn remove(&mut self, changelog: &TopicPartition) -> Option<T> {
        self.members.remove(changelog)
    }

    /// Keeps only these.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&T) -> bool) {
        let before = self.members.len();
        self.members.retain(|_, member| is_kept(member));
        if self.members.len() != before {
            self.change();
        }
    }

    /// The readers read something else from the next round on.
    pub(super) fn change(&mut self) {
        self.readers.iter_mut().for_each(ChangelogReader::change);
    }

    /// Closes all readers: there is nothing to read.
    pub(super) fn close(&mut self) {
        self.readers.iter_mut().for_each(ChangelogReader::close);
        self.head_reader.reset();
    }

    /// Reading has failed: it goes on where it was.
    pub(super) fn interrupted(&mut self, error: &Error) {
        if error.class() == ErrorClass::Retry {
            self.change();
            self.head_reader.reset();
        } else {
            self.close();
        }
    }

    /// The stages of a round, in their order. What came of one is to be acted on before the next begins.
    pub(super) fn stages(&self) -> impl Iterator<Item = Stage> + use<T> {
        std::iter::once(Stage::Heads).chain((0..self.readers.len()).map(Stage::Reader))
    }

    /// One stage of a round, in which at most as many records are applied as `tokens` has. Returns what came of which replay;
    /// nothing, when there was nothing to do.
    pub(super) fn turn(
        &mut self,
        stage: Stage,
        tokens: &mut TokenBucket,
        context: &Context,
        now: Timestamp,
    ) -> Result<Vec<(TopicPartition, Came)>> {
        match stage {
            Stage::Heads => self.verify(context, now),
            Stage::Reader(reader) => self.read(reader, tokens, context, now),
        }
    }

    fn verify(&mut self, context: &Context, now: Timestamp) -> Result<Vec<(TopicPartition, Came)>> {
        let open: BTreeMap<TopicPartition, i64> = self
            .members
            .iter()
            .filter(|(_, member)| !member.replay().is_verified())
            .map(|(changelog, member)| (changelog.clone(), member.replay().next()))
            .collect();
        let timeout = if self.waits && open.len() == self.members.len() { POLL } else { Duration::ZERO };
        let firsts = match self.head_reader.look(&*context.broker, &open, timeout) {
            Ok(firsts) => firsts,
            Err(broker::Error::OutOfRange { partition }) => {
                self.head_reader.reset();
                return Ok(vec![(partition, Came::HeadMoved)]);
            }
            Err(error) => return Err(error.into()),
        };
        let bulk = self.bulk();
        let mut came = Vec::new();
        for First { partition, record, position } in firsts {
            let Some(member) = self.members.get_mut(&partition) else { continue };
            let read = Read { records: record.into_iter().collect(), position };
            let step = member.advance(read, bulk, context, now);
            let stays = !matches!(step, Ok(Step::Done));
            if member.replay().is_verified() && stays {
                // From here on it is read at another place, and by another reader.
                self.readers.iter_mut().for_each(ChangelogReader::change);
            }
            if !matches!(step, Ok(Step::Reading)) {
                came.push((partition, Came::Step(step)));
            }
        }
        Ok(came)
    }

    /// How many replays load their stores in large batches.
    fn bulk(&self) -> usize {
        self.members.values().filter(|member| member.is_bulk() && member.is_reading()).count()
    }

    fn read(
        &mut self,
        number: usize,
        tokens: &mut TokenBucket,
        context: &Context,
        now: Timestamp,
    ) -> Result<Vec<(TopicPartition, Came)>> {
        let (bulk, count) = (self.bulk(), self.members.len());
        let Some(reader) = self.readers.get_mut(number) else { return Ok(Vec::new()) };
        let is_here = |member: &T| member.replay().is_verified() && member.reader() == number;
        let reading = self.members.iter().filter(|(_, member)| is_here(member) && member.is_reading());
        let at: Vec<_> =
            reading.map(|(changelog, member)| (changelog.clone(), Start::At(member.replay().next()))).collect();
        let allowed = tokens.at(context.clock.uptime()).min(BATCH_MAX);
        let mut by_changelog = BTreeMap::new();
        if at.is_empty() {
            reader.close();
        } else if allowed > 0 {
            match reader.read(&*context.broker, &at, allowed, self.waits && at.len() == count) {
                Ok(records) => by_changelog = records,
                Err(broker::Error::OutOfRange { partition }) => return Ok(vec![(partition, Came::OutOfRange)]),
                Err(error) => return Err(error.into()),
            }
        }
        let mut came = Vec::new();
        for (changelog, member) in self.members.iter_mut().filter(|(_, member)| is_here(member)) {
            let records = by_changelog.remove(changelog).unwrap_or_default();
            tokens.take(records.len());
            let is_new = !records.is_empty();
            let read = Read { records, position: reader.position(changelog) };
            let step = member.advance(read, bulk, context, now);
            if is_new || !matches!(step, Ok(Step::Reading)) {
                came.push((changelog.clone(), Came::Step(step)));
            }
        }
        Ok(came)
    }
}
