//! The broker port: the operations of Kafka that sheaf uses.
//!
//! Two adapters: `kafka` (librdkafka, the reference) and `memory` (an in-process log for the demo, the simulator and
//! tests that need a crash at an exact point). One conformance suite runs against both; where they differ, memory is
//! wrong.
//!
//! ```text
//!  Broker ──▶ Consumer   a member of the group: rebalances as events, records per partition
//!         ──▶ Producer   transactional: begin, produce, drain, send offsets, commit | abort; or plain
//!         ──▶ Reader     no group, manual assignment: restores, look-ups
//!         ──▶ Admin      topics, watermarks, purges
//! ```
//!
//! All operations block for at most their time-out, and there are no callbacks: a rebalance is an event of
//! [`Consumer::poll`], and it takes effect when the owner answers it with [`Consumer::assign`] or
//! [`Consumer::unassign`]. So the owner can commit its transaction first.

mod admin;
mod error;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod memory;
mod waker;

pub use admin::{Admin, NewTopic, TopicDescription};
pub use error::{Error, FencedBy, Result};
pub use waker::{Wake, Waker};

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::metric::{ConnectionFigures, TokenFigures};
use crate::model::{OutRecord, Record, Topic, TopicPartition};

/// A Kafka cluster.
pub trait Broker: Send + Sync + fmt::Debug {
    /// A member of a consumer group. It joins when it subscribes.
    fn consumer(&self, spec: &ConsumerSpec) -> Result<Box<dyn Consumer>>;

    /// A producer; [`Producer::init`] comes first.
    fn producer(&self, spec: &ProducerSpec) -> Result<Box<dyn Producer>>;

    /// A reader without a group.
    fn reader(&self, isolation: Isolation) -> Result<Box<dyn Reader>>;

    /// A `read_committed` reader that is tuned for a purpose.
    fn reader_to(&self, purpose: Purpose) -> Result<Box<dyn Reader>> {
        let (Purpose::Restore | Purpose::Follow | Purpose::Peek) = purpose;
        self.reader(Isolation::ReadCommitted)
    }

    /// The administration of topics.
    fn admin(&self) -> Result<Box<dyn Admin>>;

    /// What has happened at the connections of the group members of this process, by the id of the broker, since the last call.
    fn connections(&self) -> BTreeMap<i32, ConnectionFigures> {
        BTreeMap::new()
    }

    /// The tokens with which its clients log in; `None` if they have none.
    fn tokens(&self) -> Option<TokenFigures> {
        None
    }
}

impl<B: Broker + ?Sized> Broker for Arc<B> {
    fn consumer(&self, spec: &ConsumerSpec) -> Result<Box<dyn Consumer>> {
        (**self).consumer(spec)
    }

    fn producer(&self, spec: &ProducerSpec) -> Result<Box<dyn Producer>> {
        (**self).producer(spec)
    }

    fn reader(&self, isolation: Isolation) -> Result<Box<dyn Reader>> {
        (**self).reader(isolation)
    }

    fn reader_to(&self, purpose: Purpose) -> Result<Box<dyn Reader>> {
        (**self).reader_to(purpose)
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        (**self).admin()
    }

    fn connections(&self) -> BTreeMap<i32, ConnectionFigures> {
        (**self).connections()
    }

    fn tokens(&self) -> Option<TokenFigures> {
        (**self).tokens()
    }
}

/// A member of a consumer group.
#[derive(Clone, Debug)]
pub struct ConsumerSpec {
    /// The group, which is the application's id.
    pub group: String,
    /// The static member name (`group.instance.id`): a restart under the same name replaces the member at once.
    pub group_instance: Option<String>,
    /// Wakes the owner when records or events have arrived.
    pub waker: Waker,
}

/// A producer.
#[derive(Clone, Debug, Default)]
pub struct ProducerSpec {
    /// `transactional.id`: the last producer that initializes it fences all earlier ones.
    ///
    /// `None`: a producer without transactions, for at-least-once. Acknowledged records are visible at once,
    /// [`Producer::begin`] and [`Producer::commit`] only delimit a batch, [`Producer::abort`] does not undo writes, and
    /// [`Producer::send_offsets`] is refused: see [`Consumer::commit`].
    pub transactional_id: Option<String>,
    /// The topics whose end offsets [`Producer::drain`] reports: the changelogs.
    pub tracked: Vec<Topic>,
    /// The most bytes of a batch of several records; `None`: the client's default. A broker refuses a batch that is larger
    /// than `max.message.bytes` of its topic.
    pub batch_bytes_max: Option<usize>,
}

impl ProducerSpec {
    /// A transactional producer that tracks no topic.
    pub fn transactional(transactional_id: &str) -> Self {
        Self { transactional_id: Some(transactional_id.to_owned()), ..Self::default() }
    }
}

/// The isolation level of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Committed records, up to the last stable offset.
    ReadCommitted,
    /// All records, up to the high watermark.
    ReadUncommitted,
}

/// The purpose that a reader is tuned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reading much, once, and detecting the end quickly.
    Restore,
    /// Following the end: new records arrive at once, idle fetches are rare, and the end is detected late.
    Follow,
    /// Reading the first records of many partitions, without fetching what follows.
    Peek,
}

/// The start offset of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// The first record of the log.
    Beginning,
    /// The end for the reader's isolation level: the last stable offset, or the high watermark.
    End,
    /// This offset. If it is out of range, the next fetch fails with [`Error::OutOfRange`].
    At(i64),
}

/// An event of the group, which the owner must answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupEvent {
    /// Partitions were assigned; answer with [`Consumer::assign`]. With the cooperative protocol the list has the new
    /// ones (it may be empty), with the eager protocol all.
    Assigned(Vec<TopicPartition>),
    /// Partitions were revoked; commit, then answer with [`Consumer::unassign`]. With the eager protocol the list has
    /// all.
    Revoked(Vec<TopicPartition>),
    /// Other members own these partitions already; do not commit, answer with [`Consumer::unassign`].
    Lost(Vec<TopicPartition>),
}

/// A member of a consumer group. Dropping it leaves the group, unless the membership is static.
pub trait Consumer: Send {
    /// Subscribes to these topics and joins the group. Topics that do not exist yet are included when they are created.
    ///
    /// A static member that returns causes no rebalance, and gets the assignment of its predecessor: Kafka's broker compares neither
    /// topics nor owned partitions (`updateStaticMemberAndRebalance`; measured on Kafka 4.3 with librdkafka 2.12). So a member
    /// that reads several topics joins twice if something would have no owner until the next rebalance: first without the last
    /// of them, and again with all topics after its first assignment.
    /// - In a cooperative group always, because its predecessor may have died after a revocation and before its answer.
    /// - In an eager group if its predecessor read other topics, or nobody is assigned a partition of them.
    fn subscribe(&mut self, topics: &[Topic]) -> Result<()>;

    /// Serves the group's protocol without waiting, and returns the next event. To be called at least every
    /// `max.poll.interval.ms`.
    fn poll(&mut self) -> Result<Option<GroupEvent>>;

    /// Answers [`GroupEvent::Assigned`]: starts fetching these partitions there. Other partitions stay assigned with
    /// the cooperative protocol, and are given up with the eager one.
    fn assign(&mut self, partitions: &[(TopicPartition, Start)]) -> Result<()>;

    /// Answers [`GroupEvent::Revoked`] and [`GroupEvent::Lost`].
    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()>;

    /// Appends up to `max` fetched records of one assigned partition to `out`, in order, without waiting. The waker is
    /// woken for records that arrive at an empty queue, so before the owner sleeps it fetches until it gets less than
    /// `max`.
    ///
    /// [`Error::FetchFailed`]: a fetch of this partition failed; earlier records were returned. The position is that
    /// after the last record, and the client retries.
    fn fetch(&mut self, partition: &TopicPartition, max: usize, out: &mut Vec<Record>) -> Result<()>;

    /// The offset after all records that [`Consumer::fetch`] has returned, including skipped control records and
    /// aborted records; `None` before the first fetch of that partition.
    fn position(&mut self, partition: &TopicPartition) -> Option<i64>;

    /// The group's committed offsets; [`Error::Unstable`] while a transaction that commits offsets of these partitions
    /// is open.
    fn committed(&mut self, partitions: &[TopicPartition], timeout: Duration) -> Result<Vec<Option<i64>>>;

    /// Commits offsets of the group outside of a transaction; errors as those of [`Producer::send_offsets`]. After
    /// [`Error::TimedOut`] it is unknown whether they are committed.
    fn commit(&mut self, offsets: &[(TopicPartition, i64)], timeout: Duration) -> Result<()>;

    /// The metadata of this member, for [`Producer::send_offsets`].
    fn group(&self) -> Result<GroupMetadata>;

    /// Closes the consumer within the time-out; a dynamic member leaves the group, a static one does not.
    fn close(self: Box<Self>, timeout: Duration) -> Result<()>;
}

/// The metadata of a group member, which fences a zombie's transaction.
pub struct GroupMetadata {
    /// The generation of the member; negative without one. Kafka accepts transactional offsets of generation -1 from
    /// anyone, so none are sent with a negative one.
    pub generation: i32,
    /// The group.
    pub group: String,
    /// The adapter's own representation.
    pub native: Box<dyn Any + Send>,
}

impl fmt::Debug for GroupMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupMetadata")
            .field("generation", &self.generation)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

/// A producer. Every call but `produce` blocks for at most its time-out.
///
/// After [`Error::TimedOut`] or [`Error::Transient`] from `init`, `send_offsets`, `commit` or `abort` the outcome is
/// unknown: drop the producer, initialize a new one, and read the committed state from the broker. After
/// [`Error::Abortable`], and after [`Error::Fenced`] by a generation or an instance, the transaction has to be aborted
/// and the producer stays usable. After [`Error::Fenced`] by a producer it is unusable.
pub trait Producer: Send {
    /// Fences all earlier producers with this transactional id and ends their transaction.
    fn init(&mut self, timeout: Duration) -> Result<()>;

    /// Begins a transaction.
    fn begin(&mut self) -> Result<()>;

    /// Adds a record to the transaction, without waiting. [`Error::TooLarge`] leaves the transaction usable.
    fn produce(&mut self, record: &OutRecord) -> Result<()>;

    /// Waits until all records of the transaction are acknowledged; returns the offset after the last record for each
    /// partition of a tracked topic that was written since the transaction began. Here [`Error::TooLarge`] is a record
    /// that the topic refuses, and the transaction has to be aborted.
    fn drain(&mut self, timeout: Duration) -> Result<BTreeMap<TopicPartition, i64>>;

    /// Adds the group's new offsets to the transaction. An empty list is refused, because it would skip the check of
    /// the member's generation.
    ///
    /// A member of an older generation, an unknown one or one without a generation is [`Error::Fenced`] by
    /// [`FencedBy::Generation`], a replaced static member by [`FencedBy::Instance`]. The producer stays usable: the
    /// transaction must be aborted, and the assignment is lost.
    fn send_offsets(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        group: &GroupMetadata,
        timeout: Duration,
    ) -> Result<()>;

    /// Commits the transaction.
    fn commit(&mut self, timeout: Duration) -> Result<()>;

    /// Aborts the transaction; does nothing without one.
    fn abort(&mut self, timeout: Duration) -> Result<()>;

    /// Writes records in a transaction of their own; `timeout` applies to each call. Returns the result of
    /// [`drain`](Self::drain).
    fn transact(&mut self, records: &[OutRecord], timeout: Duration) -> Result<BTreeMap<TopicPartition, i64>> {
        self.begin()?;
        records.iter().try_for_each(|record| self.produce(record))?;
        let ends = self.drain(timeout)?;
        self.commit(timeout)?;
        Ok(ends)
    }
}

/// A reader without a group.
pub trait Reader: Send {
    /// Reads exactly these partitions from these offsets.
    fn assign(&mut self, partitions: &[(TopicPartition, Start)]) -> Result<()>;

    /// Appends up to `max` records of all assigned partitions to `out`, in order per partition. Waits for the first one for at
    /// most `timeout`. After [`Error::FetchFailed`] the reader has to be assigned again, at the offsets after the last returned
    /// records.
    fn poll(&mut self, max: usize, out: &mut Vec<Record>, timeout: Duration) -> Result<()>;

    /// The offset after all returned records, including skipped ones; `None` while it is unknown.
    fn position(&mut self, partition: &TopicPartition) -> Option<i64>;
}
