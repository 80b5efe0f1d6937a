//! Sends commands to entries, and waits for their audits.
//!
//! Any program can do so that reaches the brokers: an instance takes a command from the inbox of its partition, and the audit topic has
//! the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::audit::Audit;
use super::envelope::command_record;
use super::generation::{self, Generations};
use crate::broker::{self, Broker, Isolation, Producer, ProducerSpec, Reader, Start};
use crate::model::{Clock, Key, Record, Topic, TopicPartition};
use crate::processor::Command;
use crate::topology::{self, internal_topic};

/// The longest wait of one poll.
const POLL: Duration = Duration::from_millis(100);
/// The most records of one poll.
const RECORDS_MAX: usize = 1_000;

/// Why a command has no audit.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommandError {
    /// An error of the broker. A command that was being written may be executed all the same; it can be repeated.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// A topic of the application is missing.
    #[error(
        "there is no topic {topic}: has an instance of application {application} with this processor run on this cluster? Check \
         application_id and kafka.bootstrap_servers"
    )]
    NoTopic {
        /// The topic.
        topic: Topic,
        /// The application.
        application: String,
    },
    /// No audit came in time.
    #[error(
        "command {id} is written and was not executed within {} s: is an instance running, and is the task of this entry restored? It \
         will be executed once one is; the answer will be in {audit}",
        waited.as_secs()
    )]
    TimedOut {
        /// The id of the command.
        id: Uuid,
        /// The audit topic.
        audit: Topic,
        /// The time-out.
        waited: Duration,
    },
}

/// Sends commands to entries, and waits for their audits.
pub struct CommandSender {
    application: String,
    clock: Arc<dyn Clock>,
    producer: Box<dyn Producer>,
    reader: Box<dyn Reader>,
    admin: Box<dyn broker::Admin>,
    audit: Topic,
    /// The generations of the processors' states.
    generations: Generations,
    /// The inboxes that are known to exist.
    inboxes: BTreeSet<Topic>,
    /// The audits that have come and were not asked for yet.
    audits: BTreeMap<Uuid, Audit>,
    /// The commands without an audit.
    waiting: BTreeSet<Uuid>,
    /// The time-out of a call to the broker.
    timeout: Duration,
}

impl fmt::Debug for CommandSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandSender").field("application", &self.application).finish_non_exhaustive()
    }
}

impl CommandSender {
    /// A sender to the entries of an application. It reads the audits that are written from now on.
    pub fn new(
        broker: &dyn Broker,
        application: &str,
        clock: Arc<dyn Clock>,
        timeout: Duration,
    ) -> Result<Self, CommandError> {
        let audit = internal_topic(application, "audit");
        let mut admin = broker.admin()?;
        let partition = TopicPartition::new(&audit, 0);
        if admin.partitions(&audit, timeout)?.is_empty() {
            return Err(CommandError::NoTopic { topic: audit, application: application.to_owned() });
        }
        let generations = generation::read((broker, &mut *admin), application, timeout)?;
        // Before the first command is sent, so that no audit of one is missed.
        let (_, end) = admin.watermarks(&partition, timeout)?;
        let mut reader = broker.reader(Isolation::ReadCommitted)?;
        reader.assign(&[(partition, Start::At(end))])?;
        let mut producer = broker.producer(&ProducerSpec::default())?;
        producer.init(timeout)?;
        Ok(Self {
            application: application.to_owned(),
            clock,
            producer,
            reader,
            admin,
            audit,
            generations,
            inboxes: BTreeSet::new(),
            audits: BTreeMap::new(),
            waiting: BTreeSet::new(),
            timeout,
        })
    }

    /// Writes a command to the inbox of a processor. It is not checked against [`commands`](crate::processor::Processor::commands).
    pub fn send(&mut self, processor: &str, key: &Key, command: &Command) -> Result<(), CommandError> {
        let number = self.generations.get(processor).map_or(0, |generation| generation.number);
        let inbox = topology::inbox(&self.application, processor, number);
        if !self.inboxes.contains(&inbox) {
            if self.admin.partitions(&inbox, self.timeout)?.is_empty() {
                return Err(CommandError::NoTopic { topic: inbox, application: self.application.clone() });
            }
            self.inboxes.insert(inbox.clone());
        }
        self.waiting.insert(command.id);
        self.producer.transact(&[command_record(key, command, &inbox)], self.timeout)?;
        Ok(())
    }

    /// Waits for the audit of a command that was sent.
    pub fn wait(&mut self, id: Uuid, timeout: Duration) -> Result<Audit, CommandError> {
        let until = self.clock.uptime().saturating_add(timeout);
        loop {
            if let Some(audit) = self.take(id) {
                return Ok(audit);
            }
            let left = until.saturating_sub(self.clock.uptime());
            if left.is_zero() {
                return Err(self.give_up(id, timeout));
            }
            self.poll(left.min(POLL))?;
        }
    }

    /// The audit of a command that was sent, if [`poll`](Self::poll) has read it.
    pub fn take(&mut self, id: Uuid) -> Option<Audit> {
        self.audits.remove(&id)
    }

    /// Waits no longer for the audit of a command, after this time.
    pub fn give_up(&mut self, id: Uuid, waited: Duration) -> CommandError {
        self.waiting.remove(&id);
        CommandError::TimedOut { id, audit: self.audit.clone(), waited }
    }

    /// Writes a command, and waits for its audit.
    pub fn execute(
        &mut self,
        processor: &str,
        key: &Key,
        command: &Command,
        timeout: Duration,
    ) -> Result<Audit, CommandError> {
        self.send(processor, key, command)?;
        self.wait(command.id, timeout)
    }

    /// Reads audits for at most `timeout`; [`wait`](Self::wait) returns them.
    pub fn poll(&mut self, timeout: Duration) -> Result<(), CommandError> {
        let mut records: Vec<Record> = Vec::new();
        self.reader.poll(RECORDS_MAX, &mut records, timeout)?;
        for audit in records.iter().filter_map(Audit::read) {
            // Of a command that was executed twice, without transactions, the first one tells what it has changed.
            if self.waiting.remove(&audit.id) {
                self.audits.insert(audit.id, audit);
            }
        }
        Ok(())
    }
}
