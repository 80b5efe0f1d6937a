//! Sends operators' commands to entries of a topology under test.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::TestDriver;
use super::error::{DriverError, Result};
use crate::model::Key;
use crate::processor::{self, Command};
use crate::runtime::{Audit, command_record};
use crate::topology::internal_topic;

impl TestDriver {
    /// Sends a command to the entry of a key, and returns its audit. It is checked as the command line checks it. Its id is a function
    /// of what is sent, and of the time.
    pub fn command(&mut self, processor: &str, key: &str, name: &str, arguments: &[(&str, &str)]) -> Result<Audit> {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let text = format!("{processor}/{key}/{name}/{}", self.now());
        let command = Command {
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()),
            name: name.to_owned(),
            arguments: arguments.collect::<BTreeMap<_, _>>(),
            by: "a test".to_owned(),
            why: "it is tested".to_owned(),
            at: self.now(),
            traceparent: None,
        };
        let node = self.node(processor)?;
        processor::check(node.processor.commands(), &command)
            .map_err(|error| DriverError::Command { detail: error.to_string() })?;
        self.send_command(processor, key, &command)?
            .ok_or_else(|| DriverError::Command { detail: format!("command {name} has no audit") })
    }

    /// Writes a command to the inbox of a processor without checking it, and returns its first audit; `None` if it has none.
    pub fn send_command(&mut self, processor: &str, key: &str, command: &Command) -> Result<Option<Audit>> {
        let inbox = internal_topic(super::NAME, &format!("{processor}-inbox"));
        self.send_records(&[command_record(&Key::new(key), command, &inbox)])?;
        let audits = self.audits();
        Ok(audits.into_iter().find(|audit| audit.id == command.id))
    }

    /// The audits of all commands so far.
    pub fn audits(&self) -> Vec<Audit> {
        self.world.broker().committed_records(&self.world.plan().audit).iter().filter_map(Audit::read).collect()
    }
}
