//! librdkafka's C interface where rust-rdkafka has no safe binding: all unsafe code of sheaf, behind a safe interface.
//!
//! | file | what | why not rust-rdkafka |
//! |---|---|---|
//! | `queue`, `message` | batches of one partition's queue | it has no batch consumption, and `poll` per message costs three times as much |
//! | `event` | the events of a producer | its `poll` and `flush` run for their whole time-out, so a commit costs 100 ms |
//! | `produce` | records for a topic | it looks the topic up and makes a C string for each record |
//! | `transaction` | transactions, offsets | its `commit_transaction` flushes, as above; it hides the group's generation |
//! | `admin` | topics and groups | it has no ids of topics, and drops what the brokers that answer say of a group |
//! | `token` | tokens of OAUTHBEARER | it asks for one by an event that a client's owner has to serve |
//! | `client`, `convert` | what the others share | |
//!
//! Why the interface is safe: every object holds its client ([`Client`], reference-counted), so no queue, topic or
//! message outlives the client that made it; librdkafka itself may be called from any thread.
#![expect(unsafe_code, reason = "librdkafka's C functions need it; all other files of sheaf forbid it")]

mod admin;
mod client;
mod convert;
mod event;
mod message;
mod produce;
mod queue;
mod token;
mod transaction;

pub(super) use admin::{GroupState, MemberState, TopicConfigs};
pub(super) use client::Client;
pub(super) use event::EventContent;
pub(super) use message::Message;
pub(super) use produce::{Outgoing, TopicHandle};
pub(super) use queue::Queue;
pub(super) use transaction::Group;
