//! The administration of a group: its members, and offsets of one without members.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::RDKafkaErrorCode as Code;

use super::admin::KafkaAdmin;
use super::deadline::Deadline;
use super::failure::Failure;
use super::native::MemberState;
use super::partition_list;
use crate::broker::{Error, FencedBy, Result, Start};
use crate::model::TopicPartition;

impl KafkaAdmin {
    pub(super) fn group_members(&self, group: &str, timeout: Duration) -> Result<Vec<String>> {
        const READING: &str = "reading the members of the group";
        let found = self.native.group_state(group, Deadline::after(timeout).left_ms()).map_err(|failure| {
            self.error(READING, failure.lacks("DESCRIBE", &format!("group {group}"), &self.settings.principal()))
        })?;
        let named = |member: &MemberState| format!("{} on {}", member.client_id, member.client_host);
        Ok(found.map(|found| found.members.iter().map(named).collect()).unwrap_or_default())
    }

    pub(super) fn commit_for_group(&self, group: &str, offsets: &[(TopicPartition, i64)]) -> Result<()> {
        const COMMITTING: &str = "committing offsets of the group";
        if group != self.settings.group {
            let detail = format!("this client is of the group {}, not of {group}", self.settings.group);
            return Err(Error::Fatal { operation: COMMITTING, detail });
        }
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            partition_list::add(&mut list, partition, Start::At(*offset))
                .map_err(|error| self.error(COMMITTING, Failure::from_kafka(&error)))?;
        }
        self.metadata_client.commit(&list, CommitMode::Sync).map_err(|error| {
            let failure = Failure::from_kafka(&error);
            if matches!(failure.code, Code::UnknownMemberId | Code::IllegalGeneration | Code::RebalanceInProgress) {
                let detail = format!("the group {group} has members: {}", failure.detail);
                return Error::Fenced { by: FencedBy::Generation, detail };
            }
            self.error(COMMITTING, failure.lacks("READ", &format!("group {group}"), &self.settings.principal()))
        })
    }
}
