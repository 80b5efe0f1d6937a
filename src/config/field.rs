//! The table of every field: the reader reads by it and `docs/configuration.md` is made from it, so neither can drift.

/// One field of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its keys from the root, with dots.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What it is when nothing is set, as it would be written.
    pub default: Default,
    /// What it means, for the reference page.
    pub doc: &'static str,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A name that Kafka takes in topics and groups.
    Name,
    /// A text or a reference to a secret.
    Reference,
    /// A whole number between these, both included.
    Integer(i64, i64),
    /// A time span with its unit.
    Duration,
    /// An IP address and a port.
    Address,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A path.
    Path,
    /// A list of paths.
    Paths,
    /// Names and values that are handed on.
    Map,
}

/// What a field is when nothing is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// It must be set.
    Required,
    /// Nothing; the text says what that means.
    None(&'static str),
    /// This value.
    Value(&'static str),
}

const fn field(path: &'static str, kind: Kind, default: Default, doc: &'static str) -> Field {
    Field { path, kind, default, doc }
}

pub(super) const APPLICATION_ID: Field = field(
    "application_id",
    Kind::Name,
    Default::Required,
    "The application: the consumer group, and the first part of the name of every topic and state directory that sheaf \
     owns. All instances of an application share it. Changing it starts a new application with empty state.",
);
pub(super) const INSTANCE_ID: Field = field(
    "instance_id",
    Kind::Name,
    Default::None("the host's name"),
    "This instance's name, its static membership in the group (`group.instance.id`): a restart under the same name takes \
     its place at once. It must be stable over restarts and different for every instance.",
);
pub(super) const BOOTSTRAP_SERVERS: Field = field(
    "kafka.bootstrap_servers",
    Kind::Text,
    Default::Required,
    "Kafka's brokers, as `host:port` separated by commas.",
);
pub(super) const PROPERTIES: Field = field(
    "kafka.properties",
    Kind::Map,
    Default::None("none"),
    "Handed to librdkafka as they are, by its names (`security.protocol: SASL_SSL`); values may be references to \
     secrets. In a variable's name, `_` after `PROPERTIES__` stands for `.` \
     (`SHEAF_KAFKA__PROPERTIES__SECURITY_PROTOCOL`).",
);
pub(super) const PROCESSING_GUARANTEE: Field = field(
    "processing_guarantee",
    Kind::Word(&["exactly_once", "at_least_once"]),
    Default::Value("exactly_once"),
    "`exactly_once`: outputs, state and offsets are one transaction. `at_least_once`: no transactions, so outputs come \
     sooner and cost less; after a crash or a lost answer submissions, alerts and dead letters may be written twice, and \
     an instance that stood still for longer than its session may write over newer state. All instances of an \
     application have to agree; it can be changed while they are stopped.",
);
pub(super) const DIRECT_HANDOVER: Field = field(
    "direct_handover",
    Kind::Word(&["on", "off"]),
    Default::Value("on"),
    "`on`: an event whose bundle is on the thread that reads it joins it at once, in the same transaction. `off`: every \
     event goes through the inbox, as those of other threads' bundles always do. The result is the same; `off` costs more.",
);
pub(super) const NUM_STREAM_THREADS: Field = field(
    "num_stream_threads",
    Kind::Integer(1, 256),
    Default::Value("1"),
    "How many stream threads this instance runs. More than there are partitions stay idle.",
);
pub(super) const PARTITIONS: Field = field(
    "partitions",
    Kind::Integer(1, 10_000),
    Default::Value("4"),
    "How many partitions the topics get that sheaf creates: the most tasks per processor that can run at once. It cannot \
     be changed once there is state.",
);
pub(super) const REPLICATION_FACTOR: Field = field(
    "replication_factor",
    Kind::Integer(1, 100),
    Default::None("the broker's default"),
    "On how many brokers the topics lie that sheaf creates.",
);
pub(super) const STATE_DIR: Field = field(
    "state_dir",
    Kind::Path,
    Default::Value("state"),
    "Where state is kept, in one directory per task below `<state_dir>/<application_id>`. Two processes cannot share it \
     under one application.",
);
pub(super) const STATE_CACHE_MIB: Field = field(
    "state_cache_mib",
    Kind::Integer(1, 1 << 20),
    Default::Value("96"),
    "How much memory the entries that wait for more may take in this instance, all its tasks together, in MiB, so that an \
     event of one needs no look into the store. The default has room for 75,000 open bundles of a parent and three \
     children. With 375,000 of them open and no more room an event takes a quarter more CPU than with room for all. \
     `sheaf_processor_entries_read_total` counts what had none. A task has 256 KiB in any case.",
);
pub(super) const HTTP_BIND: Field = field(
    "http.bind",
    Kind::Address,
    Default::Value("127.0.0.1:8080"),
    "Where `/healthz`, `/readyz` and `/metrics` are served. Port 0 takes a free one, which is logged. There is no log-in: \
     bind an address that only those reach who may read it.",
);
pub(super) const CONTROL_M_BASE_URL: Field = field(
    "control_m.base_url",
    Kind::Reference,
    Default::None("no Control-M"),
    "The Control-M Automation API, up to and with `/automation-api`. Needed by every topology that delivers to Control-M.",
);
pub(super) const CONTROL_M_API_KEY: Field = field(
    "control_m.api_key",
    Kind::Reference,
    Default::None("no key is sent"),
    "The key that is sent as `x-api-key`; write a reference, such as `${env:CTM_API_KEY}`.",
);
pub(super) const CONTROL_M_VISIBILITY_LAG: Field = field(
    "control_m.visibility_lag",
    Kind::Duration,
    Default::Value("30s"),
    "How long after a submit its folder may still be invisible to a look-up. A submit whose answer was lost is looked up \
     only after that time.",
);
pub(super) const CONTROL_M_REQUEST_TIMEOUT: Field =
    field("control_m.request_timeout", Kind::Duration, Default::Value("60s"), "How long one call may take.");
pub(super) const CONTROL_M_INTENT_VALID_FOR: Field = field(
    "control_m.intent_valid_for",
    Kind::Duration,
    Default::Value("30s"),
    "How long after it was decided a submit may still be begun. A process that was stopped meanwhile does not send; a new \
     owner waits for this time, the request time-out and the visibility lag before it looks up.",
);
pub(super) const CONTROL_M_IN_FLIGHT_MAX: Field = field(
    "control_m.in_flight_max",
    Kind::Integer(1, 1_000),
    Default::Value("16"),
    "How many calls to Control-M may be under way at once, per instance.",
);
pub(super) const NUM_STANDBY_REPLICAS: Field = field(
    "num_standby_replicas",
    Kind::Integer(0, 16),
    Default::Value("0"),
    "How many other instances keep a copy of each task's state, by following its changelog, so that a task that moves to \
     one of them has only the rest to restore. Each copy takes the disk, and some of the CPU, of a task. All instances \
     should agree on it; one fewer than there are instances always helps.",
);
pub(super) const RESTORE_RECORDS_PER_SECOND_MAX: Field = field(
    "restore.records_per_second_max",
    Kind::Integer(1, 1_000_000_000),
    Default::None("no limit"),
    "How many records of changelogs this instance replays per second at most, over all tasks that it restores: spares a \
     disk that others share. What is restored takes longer then; its other tasks go on meanwhile.",
);
pub(super) const COMMIT_INTERVAL: Field = field(
    "commit.interval",
    Kind::Duration,
    Default::Value("200ms"),
    "The longest that a transaction stays open. It is committed earlier when the input is idle.",
);
pub(super) const COMMIT_RECORDS_MAX: Field = field(
    "commit.records_max",
    Kind::Integer(1, 1_000_000),
    Default::Value("10000"),
    "The most records that are processed in one transaction.",
);
pub(super) const COMMIT_WRITE_BEHIND: Field = field(
    "commit.write_behind",
    Kind::Duration,
    Default::Value("5s"),
    "How long what is committed may be in memory and in the changelog alone before the stores on disk have it. An entry \
     that changes several times within that is written once. So much is read from the changelog after a crash; an orderly \
     stop writes everything. At most `1m`; `1ms`: the stores are written with each transaction.",
);
pub(super) const SHUTDOWN_TIMEOUT: Field = field(
    "shutdown_timeout",
    Kind::Duration,
    Default::Value("8s"),
    "How long an orderly stop (TERM, INT) may take before the process ends all the same, for instance because no broker \
     answers; nothing is lost then, but the last transaction is done again. Half of it is for answers of the executor \
     that are under way. A second signal ends it at once.",
);
pub(super) const LOG_FORMAT: Field = field(
    "log.format",
    Kind::Word(&["text", "json", "auto"]),
    Default::Value("auto"),
    "The form of log lines: for people, for machines, or by whether standard error is a terminal.",
);
pub(super) const LOG_LEVEL: Field = field(
    "log.level",
    Kind::Text,
    Default::Value("info"),
    "The least level that is logged (`error`, `warn`, `info`, `debug`, `trace`), or a filter such as \
     `info,sheaf::runtime=debug`. The variable `SHEAF_LOG` goes before it.",
);
pub(super) const TOPOLOGIES: Field = field(
    "topologies",
    Kind::Paths,
    Default::Value("[topologies/control-m.yaml]"),
    "The topology files that this application runs.",
);

/// Every field, in the order of the reference page.
pub const FIELDS: [&Field; 27] = [
    &APPLICATION_ID,
    &INSTANCE_ID,
    &BOOTSTRAP_SERVERS,
    &PROPERTIES,
    &PROCESSING_GUARANTEE,
    &DIRECT_HANDOVER,
    &NUM_STREAM_THREADS,
    &PARTITIONS,
    &REPLICATION_FACTOR,
    &STATE_DIR,
    &STATE_CACHE_MIB,
    &HTTP_BIND,
    &CONTROL_M_BASE_URL,
    &CONTROL_M_API_KEY,
    &CONTROL_M_VISIBILITY_LAG,
    &CONTROL_M_REQUEST_TIMEOUT,
    &CONTROL_M_INTENT_VALID_FOR,
    &CONTROL_M_IN_FLIGHT_MAX,
    &NUM_STANDBY_REPLICAS,
    &RESTORE_RECORDS_PER_SECOND_MAX,
    &COMMIT_INTERVAL,
    &COMMIT_RECORDS_MAX,
    &COMMIT_WRITE_BEHIND,
    &SHUTDOWN_TIMEOUT,
    &LOG_FORMAT,
    &LOG_LEVEL,
    &TOPOLOGIES,
];

impl Field {
    /// The variable that sets it: `SHEAF_CONTROL_M__API_KEY`.
    pub fn variable(&self) -> String {
        format!("SHEAF_{}", self.path.replace('.', "__").to_uppercase())
    }
}
