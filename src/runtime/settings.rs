//! The settings of an instance: names, limits and time-outs.

use std::fmt::Display;
use std::time::Duration;

use super::mutation::Mutation;
use crate::config::{Commit, Deadline, ProcessingGuarantee, Restore};
use crate::model::InstanceId;

/// The settings of an instance.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The application id: the consumer group, and the prefix of sheaf's own topics.
    pub application: String,
    /// The instance id, the same after a restart.
    pub instance: InstanceId,
    /// The HTTP address of the instance, for the instances topic; empty if it has none.
    pub http: String,
    /// The number of stream threads.
    pub stream_threads: usize,
    /// Settings of created topics.
    pub topics: TopicSettings,
    /// Limits of a transaction and of dirty entries, as configured.
    pub commit: Commit,
    /// Limits of memory and time.
    pub limits: Limits,
    /// The memory budget for decoded entries of an instance, in bytes, approximately. Entries beyond it are read from
    /// their store and decoded for each event.
    pub cache_bytes: usize,
    /// Limits of restores, as configured.
    pub restore: Restore,
    /// The number of standbys of each task.
    pub standby_replicas: usize,
    /// How records are processed.
    pub processing: Processing,
    /// The mutation for tests of the simulator; without the feature `mutation` it has no effect.
    #[doc(hidden)]
    pub mutation: Option<Mutation>,
}

/// Settings of created topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicSettings {
    /// Their partition count.
    pub partitions: i32,
    /// Their replication factor; `None`: the broker's default.
    pub replication: Option<i32>,
    /// The largest record, in bytes, with its overhead (`max.message.bytes`); existing topics may allow less.
    pub record_bytes_max: usize,
}

impl Default for TopicSettings {
    fn default() -> Self {
        Self { partitions: 4, replication: None, record_bytes_max: RECORD_MAX }
    }
}

/// How records are processed.
#[derive(Clone, Copy, Debug)]
pub struct Processing {
    /// The processing guarantee.
    pub guarantee: ProcessingGuarantee,
    /// True if source records skip their inbox when their task is on the same thread, if the processor allows it.
    pub direct_handover: bool,
    /// When deadlines fire, as configured.
    pub deadline: Deadline,
}

impl Default for Processing {
    fn default() -> Self {
        Self { guarantee: ProcessingGuarantee::ExactlyOnce, direct_handover: true, deadline: Deadline::default() }
    }
}

/// Limits of memory and time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes of input records, of outputs, or of entries of a transaction: each of the three is kept in memory.
    pub bytes_max: usize,
    /// The time-out of one call to the broker, as configured.
    pub broker_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes_max: 16 << 20, broker_timeout: Duration::from_secs(10) }
    }
}

/// The default of [`TopicSettings::record_bytes_max`]. Kafka's default for other producers is 1 MiB, so an inbox record
/// or a dead letter has room for its headers, and an entry for many members.
pub const RECORD_MAX: usize = 10 << 20;

/// Kafka's framing of a record in bytes, added to its size before the comparison with a limit.
pub(super) const RECORD_OVERHEAD: usize = 512;

impl Settings {
    /// Settings with these names and the defaults: one stream thread, four partitions for created topics, the broker's
    /// replication factor.
    pub fn new(application: &str, instance: &str) -> Self {
        Self {
            application: application.to_owned(),
            instance: InstanceId::new(instance),
            http: String::new(),
            stream_threads: 1,
            topics: TopicSettings::default(),
            commit: Commit::default(),
            limits: Limits::default(),
            cache_bytes: 96 << 20,
            restore: Restore::default(),
            standby_replicas: 0,
            processing: Processing::default(),
            mutation: None,
        }
    }

    /// True if this mutation is set; always false without the feature `mutation`.
    pub(super) fn breaks(&self, mutation: Mutation) -> bool {
        cfg!(feature = "mutation") && self.mutation == Some(mutation)
    }

    /// `<application>-<role>/<instance>`: the transactional id of a stream thread, by its number, or of another producer. As
    /// all that the application owns it begins with `<application>-`. No name has a `/` and no role a `-`, so two instances
    /// of any applications have different ids.
    pub fn transactional_id(&self, role: impl Display) -> String {
        format!("{}-{role}/{}", self.application, self.instance)
    }

    /// `<application>-<thread>-<instance>`: the static member name of a stream thread. Assignors order members by these
    /// names, so the first threads of all instances come first, and a remainder of partitions is spread over different
    /// instances. Kafka allows no `/` here; within the group, which is the application's, the names are unambiguous,
    /// because the number of the thread has three digits.
    pub fn member_name(&self, thread: usize) -> String {
        format!("{}-{thread:03}-{}", self.application, self.instance)
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn names_that_run_together_have_different_transactional_ids() {
        let (one, other) = (Settings::new("ctm", "prod-a"), Settings::new("ctm-prod", "a"));
        assert_eq!(
            (one.transactional_id(0), other.transactional_id(0)),
            ("ctm-0/prod-a".into(), "ctm-prod-0/a".into())
        );
        let (one, other) = (Settings::new("ctm", "1"), Settings::new("ctm-1", "1"));
        assert_ne!(one.transactional_id(1), other.transactional_id(1));
        let (one, other) = (Settings::new("ctm", "000-a"), Settings::new("ctm", "a"));
        assert_ne!(one.member_name(0), other.member_name(0));
    }
}
