//! Moves records: stream threads, tasks, transactions, restores.
//!
//! ```text
//!            ┌────────────── stream thread: turn, turn, turn ──────────────┐
//!  sources ─▶│ keying ──▶ outputs                                          │
//!  inboxes ─▶│ task ──▶ step ──▶ overlay, outputs, acts ──▶ commit ──▶ act │──▶ sink
//!            └──────┬──────────────────────────────────────────────────────┘
//!                   │ store, out and back
//!               restorer ◀── changelog
//! ```
//!
//! # Order of duties
//!
//! One operating-system thread per stream thread: one consumer, one transactional producer, nothing asynchronous inside.
//!
//! 1. Fetch batches; take the record with the lowest timestamp among the thread's source partitions.
//! 2. Read state through the overlay, step. Due timers are read through the overlay too: this transaction may have
//!    unscheduled them.
//! 3. Writes go to the overlay, effects to the transaction; nothing is produced yet.
//! 4. Commit when a size or time limit is reached or the input is idle: produce in one burst one changelog record per
//!    changed key, the outputs, the dead letters.
//! 5. Wait for their deliveries on the event queue.
//! 6. `send_offsets_to_transaction` with the position of **every** owned input partition, restoring ones too, and only
//!    with a valid generation of the group.
//! 7. Commit.
//! 8. Each task applies its changes to the write-behind buffer, and flushes dirty entries that are some seconds old to its
//!    store, in ONE write batch: entries, timer index, act index, changelog position, input position.
//! 9. Hand acts to the sink, count metrics.
//!
//! | crash after | on restart |
//! |---|---|
//! | 1 to 6 | nothing local was written; the broker aborts the transaction; input is read again |
//! | 7, 8 | restoring replays the changelog from the stores' positions; pending acts are found in the act index |
//!
//! An observer ([`FaultObserver`]) can end the process at the [`FaultPoint`] between any two duties.
//!
//! At assignment the order is: `init_transactions`, assignment, committed offsets (stable), only then the changelog's
//! high watermark, up to which the store is restored.

mod alert;
mod application;
mod audit;
mod audit_log;
mod changelog;
mod checkpoint;
mod clock;
mod command_sender;
mod context;
mod dead_letter;
mod decisions;
mod definitions;
mod envelope;
mod error;
mod fault_point;
mod former_topic;
pub mod generation;
mod genesis;
mod handoff;
mod history;
mod housekeeping;
mod incarnation;
mod instance;
mod instances;
mod keying;
mod mailbox;
mod memory_budget;
mod missing_topics;
mod mutation;
mod notice;
mod open_entries;
mod peer;
mod query;
mod reminder;
pub mod replay;
mod republish;
mod running_tasks;
mod settings;
mod span_id;
mod standstill;
mod status;
mod stored_entry;
mod task;
mod thread;
mod thread_state;
mod topic_kind;
mod topics;
mod topology_plan;
mod transaction;
mod turn;
mod waiting;
mod waker;
mod watermark;
mod watermark_round;
mod watermark_rounds;
mod whole_topic;

/// The kinds of alerts of the runtime itself.
pub const ALERTS: [&str; 1] = [watermark_rounds::HELD];

pub use application::{Application, NoSink};
pub use audit::{Audit, AuditVerdict};
pub use audit_log::{AuditFilter, AuditLog, AuditPage};
pub use changelog::Restorer;
pub use clock::SystemClock;
pub use command_sender::{CommandError, CommandSender};
pub use context::Context;
pub use envelope::command_record;
pub use error::{Error, Histories, History, MissingOffset, Result};
pub use fault_point::{FaultObserver, FaultPoint, NoObserver};
pub use handoff::Job;
pub use housekeeping::Housekeeper;
pub use incarnation::Incarnation;
pub use instance::Instance;
pub use instances::Predecessor;
pub use mailbox::{Answer, EntryAnswer, Mailbox, QueryError, ThreadHealth};
pub use memory_budget::MemoryBudget;
#[doc(hidden)]
pub use mutation::Mutation;
pub use open_entries::OpenEntries;
pub use peer::Peer;
pub use query::{
    CountsAnswer, Failure as QueryFailure, Filter, FilterError, Incomplete, Item, Page, Position, Queries,
};
pub use republish::{Republisher, StoredTask};
pub use running_tasks::{RunningTask, RunningTasks};
pub use settings::{Limits, Processing, RECORD_MAX, Settings, TopicSettings};
pub use status::Status;
pub use stored_entry::{ShowError, StoredEntry, show, show_in};
pub use thread::StreamThread;
pub use thread_state::{TaskCounts, ThreadState};
pub use topics::prepare;
pub use topology_plan::{NodeTopics, Role, TopologyPlan};
pub use turn::Turn;
