//! The broker port on librdkafka.
//!
//! ```text
//!  settings ──▶ KafkaBroker ──▶ consumer   records by batch calls on one queue per partition
//!                           │    └ assigned   one of its partitions
//!                           ──▶ producer   own event loop, transactions by C calls
//!                           ──▶ reader     all partitions forwarded to one queue
//!                           ──▶ admin      rust-rdkafka's admin client, and metadata
//!  context         librdkafka's callbacks: log lines, errors, rebalances
//!  failure         librdkafka's errors as errors of the port
//!  group           the members of a group, and offsets of an empty one
//!  standing        the assignment that a group has, before a static member returns
//!  java            properties of Java clients, and librdkafka's for the same
//!  login           which ways to log in this build of librdkafka has
//!  record          messages to records
//!  coordinator     why a cluster has no coordinator
//!  wait            waiting for a future of the admin client
//!  partition_list  partitions and start offsets as librdkafka's lists
//!  token           tokens of OAUTHBEARER, for all clients
//!  recipient       a client that is given them
//!  native          the C interface, and all unsafe code
//!  deadline        the rest of a time-out
//!  tuning          the properties that sheaf tunes
//!  statistics      what librdkafka tells of its connections
//! ```
//!
//! # Contract with librdkafka 2.12.1
//! - A rebalance is only queued by the callback; [`super::Consumer::assign`] and its counterpart carry it out.
//! - Each partition's queue is detached from the consumer's queue *before* the assignment, so the consumer's queue has events
//!   only, and the batch call never meets a rebalance (it would answer it by itself, wrongly).
//! - A queue wakes its owner when it changes from empty to not empty, so the owner fetches until it gets less than it asked
//!   for, and polls until [`super::Consumer::poll`] returns nothing; otherwise it is not woken again. If `poll` leaves events
//!   behind, it wakes the owner itself.
//! - `rd_kafka_position` skips control records and aborted records as they are taken from the queue, also by batch calls
//!   (`rd_kafka_q_serve_rkmessages`); an error message moves it past the next record, so it is reset then (`assigned`), and
//!   `enable.partition.eof` is off for group members.
//! - Only sheaf serves the producer's events, so no function of librdkafka that waits for deliveries (flush, commit, abort) is
//!   called while one is outstanding.
//! - Pausing drops messages that have not been fetched; resuming fetches them again from the position.
//!
//! A [`super::Waker`] without a descriptor is not woken by this adapter: its owner polls.

mod admin;
mod assigned;
mod consumer;
mod context;
mod coordinator;
mod deadline;
mod failure;
mod group;
mod java;
mod login;
mod native;
mod partition_list;
mod producer;
mod reader;
mod recipient;
mod record;
mod settings;
mod standing;
mod statistics;
mod token;
mod tuning;
mod wait;

pub use settings::{Assignor, KafkaSettings};
pub use token::{Token, TokenError, TokenSource, Tokens, is_extension};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::metric::{ConnectionFigures, TokenFigures};

use self::statistics::Statistics;
use super::{
    Admin, Broker, Consumer, ConsumerSpec, Isolation, Producer, ProducerSpec, Purpose, Reader, Result,
    kafka::admin::KafkaAdmin, kafka::consumer::KafkaConsumer, kafka::producer::KafkaProducer,
    kafka::reader::KafkaReader,
};

/// A Kafka cluster behind librdkafka.
#[derive(Clone, Debug)]
pub struct KafkaBroker {
    settings: Arc<KafkaSettings>,
    /// What the group members tell of their connections.
    statistics: Arc<Statistics>,
}

impl KafkaBroker {
    /// A cluster as the settings describe it. Nothing is connected yet; settings that librdkafka does not take, and
    /// properties that sheaf sets itself, are [`Error::Fatal`](super::Error::Fatal) with the property's name.
    pub fn new(settings: KafkaSettings) -> Result<Self> {
        settings.check()?;
        Ok(Self { settings: Arc::new(settings), statistics: Arc::default() })
    }

    /// The same cluster for another application: its group, and the name of its clients.
    #[must_use]
    pub fn of_application(&self, group: &str, client_id: &str) -> Self {
        let (group, client_id) = (group.to_owned(), client_id.to_owned());
        let settings = Arc::new(KafkaSettings { client_id, group, ..(*self.settings).clone() });
        Self { settings, statistics: Arc::default() }
    }

    /// Opens and closes clients that know no broker: the values of properties are checked against each other then.
    pub fn open(&self) -> Result<()> {
        self.settings.open()
    }

    /// The version of librdkafka that is linked in.
    pub fn client_version() -> String {
        rdkafka::util::get_rdkafka_version().1
    }
}

impl Broker for KafkaBroker {
    fn consumer(&self, spec: &ConsumerSpec) -> Result<Box<dyn Consumer>> {
        Ok(Box::new(KafkaConsumer::new(&self.settings, spec, &self.statistics)?))
    }

    fn producer(&self, spec: &ProducerSpec) -> Result<Box<dyn Producer>> {
        Ok(Box::new(KafkaProducer::new(&self.settings, spec.clone())?))
    }

    fn reader(&self, isolation: Isolation) -> Result<Box<dyn Reader>> {
        Ok(Box::new(KafkaReader::new(&self.settings, isolation, Purpose::Restore)?))
    }

    fn reader_to(&self, purpose: Purpose) -> Result<Box<dyn Reader>> {
        Ok(Box::new(KafkaReader::new(&self.settings, Isolation::ReadCommitted, purpose)?))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(KafkaAdmin::new(&self.settings)?))
    }

    fn connections(&self) -> BTreeMap<i32, ConnectionFigures> {
        self.statistics.take()
    }

    fn tokens(&self) -> Option<TokenFigures> {
        self.settings.tokens.as_ref().map(Tokens::figures)
    }
}
