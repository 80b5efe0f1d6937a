//! The broker port: what sheaf asks of Kafka, and nothing more.
//!
//! Two adapters: `kafka` (librdkafka, the truth) and `memory` (an in-process log for the demo, the simulator and tests
//! that need a crash at an exact point). One conformance suite runs against both; where they differ, memory is wrong.
//!
//! ```text
//!  Broker ──▶ Consumer   a member of the group: rebalances as events, records per partition
//!         ──▶ Producer   transactional: begin, produce, drain, send offsets, commit | abort; or plain
//!         ──▶ Reader     no group, assigned by hand: restores, looks things up
//!         ──▶ Admin      topics, watermarks, purges
//! ```
//!
//! Everything blocks for at most the time-out that it is given, and nothing calls back: a rebalance is an event that
//! [`Consumer::poll`] returns, and it takes effect when the owner answers it with [`Consumer::assign`] or
//! [`Consumer::unassign`]. So the owner can end its transaction first, in its own words and on its own stack.

mod error;
pub mod kafka;
pub mod memory;

pub use error::{Error, FencedBy};

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::model::{OutRecord, Record, Topic, TopicPartition};

/// What the operations of the port return.
pub type Result<T> = std::result::Result<T, Error>;

/// A Kafka cluster.
pub trait Broker: Send + Sync + fmt::Debug {
    /// A member of a consumer group. It joins when it subscribes.
    fn consumer(&self, spec: &ConsumerSpec) -> Result<Box<dyn Consumer>>;

    /// A transactional producer; [`Producer::init`] comes first.
    fn producer(&self, spec: &ProducerSpec) -> Result<Box<dyn Producer>>;

    /// A producer without transactions, for who may write twice: what is acknowledged is there for everybody at once.
    /// [`Producer::begin`] and [`Producer::commit`] then only say where a batch begins and ends, nothing takes back what
    /// was written before an [`Producer::abort`], and [`Producer::send_offsets`] is refused: see [`Consumer::commit`].
    fn plain_producer(&self, tracked: &[Topic]) -> Result<Box<dyn Producer>>;

    /// A reader without a group.
    fn reader(&self, isolation: Isolation) -> Result<Box<dyn Reader>>;

    /// A `read_committed` reader that is good at one thing.
    fn reader_to(&self, purpose: Purpose) -> Result<Box<dyn Reader>> {
        let (Purpose::Restore | Purpose::Follow | Purpose::Peek) = purpose;
        self.reader(Isolation::ReadCommitted)
    }

    /// The administration of topics.
    fn admin(&self) -> Result<Box<dyn Admin>>;
}

/// Who joins which group.
#[derive(Clone, Debug)]
pub struct ConsumerSpec {
    /// The group, which is the application's id.
    pub group: String,
    /// The static member's name (`group.instance.id`): a restart under the same name takes its place at once.
    pub group_instance: Option<String>,
    /// Wakes the owner when something has arrived.
    pub waker: Waker,
}

/// Who writes.
#[derive(Clone, Debug)]
pub struct ProducerSpec {
    /// `transactional.id`: whoever initialises it last fences everyone before.
    pub transactional_id: String,
    /// Topics whose highest acknowledged offset [`Producer::drain`] is to report, by partition: the changelogs.
    pub tracked: Vec<Topic>,
}

/// Which records a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Committed records, up to the last stable offset.
    ReadCommitted,
    /// All records, up to the high watermark.
    ReadUncommitted,
}

/// What a reader without a group is good at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reading much, once, and learning soon that the end is reached.
    Restore,
    /// Staying at the end: what is written arrives at once, but nobody asks often while nothing is, and learns late that
    /// the end is reached.
    Follow,
    /// Looking at the first records of many partitions, and not fetching what comes after them.
    Peek,
}

/// Where to begin reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// At the first record that is there.
    Beginning,
    /// At the end as the reader's isolation sees it: the last stable offset, or the high watermark.
    End,
    /// At this offset. When it is gone or not there yet, the next fetch is [`Error::OutOfRange`].
    At(i64),
}

/// What happened to the group, as the owner must answer it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupEvent {
    /// These partitions are to be added; answer with [`Consumer::assign`]. With the cooperative protocol the list is
    /// what is new (it may be empty); with the eager protocol it is everything.
    Assigned(Vec<TopicPartition>),
    /// These partitions are to be given up; commit, then answer with [`Consumer::unassign`]. With the eager protocol the
    /// list is everything.
    Revoked(Vec<TopicPartition>),
    /// These partitions already belong to somebody else; commit nothing, then answer with [`Consumer::unassign`].
    Lost(Vec<TopicPartition>),
}

/// A member of a consumer group. Dropping it leaves the group, unless the membership is static.
pub trait Consumer: Send {
    /// Joins the group for these topics. Topics that do not exist yet are taken up when they appear.
    ///
    /// A static member of a cooperative group that reads several topics joins twice: first without the last of them, and
    /// once more, with all, when it has answered its first assignment. Its predecessor may have died after it was told
    /// to give partitions up and before it said that it had: a static member that comes back causes no rebalance, so
    /// those partitions would belong to nobody for as long as nobody else comes or goes (measured on Kafka 4.3 with
    /// librdkafka 2.12; Kafka's broker compares neither topics nor what is owned in `updateStaticMemberAndRebalance`).
    fn subscribe(&mut self, topics: &[Topic]) -> Result<()>;

    /// Serves the group's protocol and returns what happened, without waiting. To be called at least every
    /// `max.poll.interval.ms`, whatever else is going on.
    fn poll(&mut self) -> Result<Option<GroupEvent>>;

    /// Answers [`GroupEvent::Assigned`]: begins to read these partitions there. Partitions that are not named are not
    /// touched by the cooperative protocol and given up by the eager one.
    fn assign(&mut self, partitions: &[(TopicPartition, Start)]) -> Result<()>;

    /// Answers [`GroupEvent::Revoked`] and [`GroupEvent::Lost`].
    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()>;

    /// Appends up to `max` records of one assigned partition that have already arrived to `out`, in order. The waker is
    /// woken for what arrives when nothing was waiting, so before the owner sleeps it fetches until it gets less than
    /// `max`.
    ///
    /// [`Error::FetchFailed`] says that the broker answers for this partition with an error; what had arrived before was
    /// handed out. The position is still that after the last record, and the client asks again by itself.
    fn fetch(&mut self, partition: &TopicPartition, max: usize, out: &mut Vec<Record>) -> Result<()>;

    /// The offset after everything that [`Consumer::fetch`] has handed out or passed over (control records, aborted
    /// records); `None` before the first fetch of that partition has arrived.
    fn position(&mut self, partition: &TopicPartition) -> Option<i64>;

    /// Stops and resumes fetching of assigned partitions. Records that have arrived stay, or are fetched again after the
    /// resumption: none is lost, none comes twice.
    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<()>;

    /// See [`Consumer::pause`].
    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<()>;

    /// The group's committed offsets, stable: while a transaction that commits offsets of one of them is open, this is
    /// [`Error::Unstable`].
    fn committed(&mut self, partitions: &[TopicPartition], timeout: Duration) -> Result<Vec<Option<i64>>>;

    /// Commits offsets of the group outside any transaction; errors as those of [`Producer::send_offsets`]. After
    /// [`Error::TimedOut`] it is not known whether they are committed.
    fn commit(&mut self, offsets: &[(TopicPartition, i64)], timeout: Duration) -> Result<()>;

    /// Who this member is at the moment, for [`Producer::send_offsets`].
    fn group(&self) -> Result<GroupMetadata>;

    /// The partition count that the broker reports now, `None` for a topic that does not exist.
    fn partitions(&mut self, topic: &Topic, timeout: Duration) -> Result<Option<i32>>;

    /// Leaves the group (a static member does not) and stops, within the time-out.
    fn close(self: Box<Self>, timeout: Duration) -> Result<()>;
}

/// Who a consumer is in its group: what fences a zombie's transaction.
pub struct GroupMetadata {
    /// The generation that the member has joined; negative when it is in none. Kafka accepts transactional offsets of
    /// generation -1 from anyone, so nothing is sent under a negative one.
    pub generation: i32,
    /// The group.
    pub group: String,
    /// The adapter's own form of it.
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

/// A transactional producer. Every call but `produce` blocks for at most its time-out.
///
/// After [`Error::TimedOut`] or [`Error::Transient`] from `init`, `send_offsets`, `commit` or `abort` the outcome is
/// unknown: the producer is dropped, a new one initialised, and the truth read from the broker. After
/// [`Error::Abortable`], and after [`Error::Fenced`] by a generation or an instance, the transaction has to be aborted and
/// the producer is as good as before. After [`Error::Fenced`] by a producer it is of no use any more.
pub trait Producer: Send {
    /// Fences every earlier producer of the same transactional id and ends its transaction.
    fn init(&mut self, timeout: Duration) -> Result<()>;

    /// Begins a transaction.
    fn begin(&mut self) -> Result<()>;

    /// Adds a record to the transaction, without waiting for it. [`Error::TooLarge`] leaves the transaction usable.
    fn produce(&mut self, record: &OutRecord) -> Result<()>;

    /// Waits until every record of the transaction is acknowledged; returns, for each partition of a tracked topic that
    /// was written since the transaction began, the offset after the last record. [`Error::TooLarge`] is here a record
    /// that the topic refuses, and the transaction has to be aborted.
    fn drain(&mut self, timeout: Duration) -> Result<BTreeMap<TopicPartition, i64>>;

    /// Makes the group's new offsets part of the transaction. An empty list is refused: it would skip the check of the
    /// member's generation.
    ///
    /// A member of an older generation, an unknown one or one without a generation is [`Error::Fenced`] by
    /// [`FencedBy::Generation`], a replaced static member by [`FencedBy::Instance`]. The producer itself is as good as
    /// before: the transaction must be aborted, and the assignment is gone.
    fn send_offsets(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        group: &GroupMetadata,
        timeout: Duration,
    ) -> Result<()>;

    /// Commits the transaction.
    fn commit(&mut self, timeout: Duration) -> Result<()>;

    /// Aborts the transaction; with none open it does nothing.
    fn abort(&mut self, timeout: Duration) -> Result<()>;

    /// Writes these records in a transaction of their own, each call for at most the time-out. Returns what
    /// [`drain`](Self::drain) does.
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
    /// Reads exactly these partitions from there on.
    fn assign(&mut self, partitions: &[(TopicPartition, Start)]) -> Result<()>;

    /// Appends up to `max` records to `out`, of any assigned partition, each partition in order. Waits for the first one
    /// for at most `timeout`. After [`Error::FetchFailed`] the reader has to be assigned anew, at the offsets after the
    /// last records that it has handed out.
    fn poll(&mut self, max: usize, out: &mut Vec<Record>, timeout: Duration) -> Result<()>;

    /// The offset after everything handed out or passed over; `None` until that is known.
    fn position(&mut self, partition: &TopicPartition) -> Option<i64>;
}

/// The administration of topics.
pub trait Admin: Send {
    /// The cluster's id, an opaque text.
    fn cluster_id(&mut self, timeout: Duration) -> Result<String>;

    /// The topics as they are, `None` for one that does not exist.
    fn describe(&mut self, topics: &[Topic], timeout: Duration) -> Result<Vec<Option<TopicDescription>>>;

    /// The id that the cluster gave the topic when it was created, so that a topic of the same name that was created anew is
    /// told apart; `None` for one that does not exist, and of brokers that give none (before Kafka 2.8).
    fn topic_id(&mut self, topic: &Topic, timeout: Duration) -> Result<Option<Uuid>>;

    /// Creates the topics; one that exists already is left as it is.
    fn create(&mut self, topics: &[NewTopic], timeout: Duration) -> Result<()>;

    /// Deletes the topics; one that does not exist is passed over.
    fn delete(&mut self, topics: &[Topic], timeout: Duration) -> Result<()>;

    /// Raises a topic's partition count.
    fn add_partitions(&mut self, topic: &Topic, count: i32, timeout: Duration) -> Result<()>;

    /// Deletes every record before the offset.
    fn delete_records(&mut self, before: &[(TopicPartition, i64)], timeout: Duration) -> Result<()>;

    /// The first offset that is there, and the offset after the last record (the high watermark, whatever
    /// transactions are open).
    fn watermarks(&mut self, partition: &TopicPartition, timeout: Duration) -> Result<(i64, i64)>;
}

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// How many partitions.
    pub partitions: i32,
    /// The replication factor of partition 0.
    pub replication: i32,
    /// Its configuration, by Kafka's names (`cleanup.policy`).
    pub config: BTreeMap<String, String>,
}

/// A topic to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// The name.
    pub topic: Topic,
    /// How many partitions.
    pub partitions: i32,
    /// `None`: the broker's default.
    pub replication: Option<i32>,
    /// Its configuration, by Kafka's names.
    pub config: BTreeMap<String, String>,
}

/// Wakes a stream thread that waits for something to do: the broker's adapter, a sink, the restorer hold a clone.
///
/// Waking is cheap and may be spurious; a wake-up between two waits is not lost.
#[derive(Clone)]
pub struct Waker(Arc<dyn Wake>);

/// What a [`Waker`] does; implemented by the owner of the wait.
pub trait Wake: Send + Sync {
    /// Ends the current wait, or the next one.
    fn wake(&self);

    /// A file descriptor to which writing eight bytes (a native-endian 1) wakes, for adapters that signal from C.
    fn descriptor(&self) -> Option<i32> {
        None
    }
}

impl Waker {
    /// A waker.
    pub fn new(wake: Arc<dyn Wake>) -> Self {
        Self(wake)
    }

    /// One that wakes nobody, for owners that never wait.
    pub fn none() -> Self {
        struct Nobody;
        impl Wake for Nobody {
            fn wake(&self) {}
        }
        Self(Arc::new(Nobody))
    }

    /// Ends the current wait, or the next one.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// See [`Wake::descriptor`].
    pub fn descriptor(&self) -> Option<i32> {
        self.0.descriptor()
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waker")
    }
}
