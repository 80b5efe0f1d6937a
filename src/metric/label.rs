//! The values of labels as types, so that none is an arbitrary text.

/// The versions of a build.
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// sheaf's version.
    pub version: String,
    /// The source's revision.
    pub revision: String,
    /// The compiler's version.
    pub rustc: String,
    /// librdkafka's version.
    pub librdkafka: String,
    /// `RocksDB`'s version.
    pub rocksdb: String,
}

/// The state of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// Not started.
    Created,
    /// Joining the group.
    Joining,
    /// At least one task is restoring.
    Restoring,
    /// All tasks are running.
    Running,
    /// Stopping gracefully.
    Draining,
    /// Stopping after an error.
    Error,
}

impl InstanceState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Created, Self::Joining, Self::Restoring, Self::Running, Self::Draining, Self::Error];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Joining => "joining",
            Self::Restoring => "restoring",
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Error => "error",
        }
    }
}

/// The kind of a change of the assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// Partitions were added.
    Assign,
    /// Partitions were given up.
    Revoke,
    /// Partitions were lost to other members.
    Lost,
}

impl Rebalance {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Assign, Self::Revoke, Self::Lost];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Revoke => "revoke",
            Self::Lost => "lost",
        }
    }
}

/// The result of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionResult {
    /// Committed.
    Committed,
    /// Aborted.
    Aborted,
    /// Fenced by a newer producer or member.
    Fenced,
}

impl TransactionResult {
    /// All results.
    pub const ALL: [Self; 3] = [Self::Committed, Self::Aborted, Self::Fenced];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Aborted => "aborted",
            Self::Fenced => "fenced",
        }
    }
}

/// The kind of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// It processes input.
    Active,
    /// It replays the changelog, for a fast take-over.
    Standby,
}

impl TaskKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Active, Self::Standby];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Standby => "standby",
        }
    }
}

/// The state of a task, in Kafka Streams' words. Closed tasks are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskState {
    /// Not started.
    Created,
    /// Restoring from its changelog.
    Restoring,
    /// Processing.
    Running,
    /// Revoked, perhaps assigned again.
    Suspended,
}

impl TaskState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Created, Self::Restoring, Self::Running, Self::Suspended];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Restoring => "restoring",
            Self::Running => "running",
            Self::Suspended => "suspended",
        }
    }
}

/// Where a source record ends that a processor reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordEnd {
    /// In a step, which did not reject it.
    Processed,
    /// Passed over: it belongs to no entry of this application.
    Passed,
    /// In the dead letters: the keying step or the step has rejected it.
    DeadLetter,
}

impl RecordEnd {
    /// All ends.
    pub const ALL: [Self; 3] = [Self::Processed, Self::Passed, Self::DeadLetter];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processed => "processed",
            Self::Passed => "passed",
            Self::DeadLetter => "dead_letter",
        }
    }
}

/// The stage at which a record became a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The keying step.
    Decode,
    /// A step of a processor.
    Process,
}

impl Stage {
    /// All stages.
    pub const ALL: [Self; 2] = [Self::Decode, Self::Process];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Process => "process",
        }
    }
}

/// The counted log levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Unexpected, but nothing is lost.
    Warn,
    /// Somebody must act.
    Error,
}

impl LogLevel {
    /// All counted levels.
    pub const ALL: [Self; 2] = [Self::Warn, Self::Error];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}
