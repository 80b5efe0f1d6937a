//! The values that labels take, as types, so that none is a text at the place where something is counted.

/// What a process was built from.
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

/// The state of an instance as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// It has not begun.
    Created,
    /// It joins the group.
    Joining,
    /// At least one of its tasks restores.
    Restoring,
    /// All of its tasks run.
    Running,
    /// It stops in good order.
    Draining,
    /// It stops because it cannot go on.
    Error,
}

impl InstanceState {
    /// Every state.
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

/// What happened to the group's assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// Partitions were added.
    Assign,
    /// Partitions were given up.
    Revoke,
    /// Partitions were found to belong to somebody else.
    Lost,
}

impl Rebalance {
    /// Every kind.
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

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionResult {
    /// It is committed.
    Committed,
    /// It was taken back.
    Aborted,
    /// Somebody else has taken over.
    Fenced,
}

impl TransactionResult {
    /// Every result.
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

/// What a task is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// It processes.
    Active,
    /// It follows the changelog, to take over quickly.
    Standby,
}

impl TaskKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Active, Self::Standby];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Standby => "standby",
        }
    }
}

/// The state of a task, in Kafka Streams' words. A closed task is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskState {
    /// It has not begun.
    Created,
    /// It reads its changelog.
    Restoring,
    /// It processes.
    Running,
    /// It waits to be given up or resumed.
    Suspended,
}

impl TaskState {
    /// Every state.
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

/// Where on its way a record became a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its key could not be found.
    Decode,
    /// A step refused it.
    Process,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 2] = [Self::Decode, Self::Process];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Process => "process",
        }
    }
}

/// The levels of log lines that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Unexpected, but nothing is lost.
    Warn,
    /// Somebody must act.
    Error,
}

impl LogLevel {
    /// Every level that is counted.
    pub const ALL: [Self; 2] = [Self::Warn, Self::Error];

    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Something that must not happen was asked of the metrics; it is counted instead of failing a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InternalError {
    /// A count of a family that is not there.
    UnknownFamily,
    /// A series that was not declared.
    UnknownLabel,
}

impl InternalError {
    /// Every error.
    pub(super) const ALL: [Self; 2] = [Self::UnknownFamily, Self::UnknownLabel];

    /// The label's value.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownFamily => "unknown_family",
            Self::UnknownLabel => "unknown_label",
        }
    }
}
