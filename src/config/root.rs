//! The root of the file: the fields outside of sections, and the sections.

use std::path::PathBuf;
use std::time::Duration;

use super::field::{Default, Field, Kind};
use super::reader::Reader;
use super::{
    Alerts, Commit, ControlM, Deadline, Http, Kafka, Log, Otlp, Restore, Sinks, alerts, commit, control_m, deadline,
    http, kafka, log, otlp, restore, sinks,
};
use crate::model::InstanceId;

/// The settings of an instance. `docs/configuration.md` is the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The consumer group, and the prefix of the names of all topics that sheaf owns.
    pub application_id: String,
    /// The instance's name, the same after each restart.
    pub instance_id: InstanceId,
    /// The topology files.
    pub topologies: Vec<PathBuf>,
    /// The processing guarantee.
    pub processing_guarantee: ProcessingGuarantee,
    /// True if an event is processed without the inbox by the thread that reads it and owns its bundle.
    pub direct_handover: bool,
    /// The number of stream threads.
    pub num_stream_threads: u16,
    /// The number of standby replicas of each task, on other instances.
    pub num_standby_replicas: u8,
    /// The number of partitions of the topics that sheaf creates.
    pub partitions: i32,
    /// The replication factor of the topics that sheaf creates; `None`: the broker's default.
    pub replication_factor: Option<i32>,
    /// The largest record that sheaf writes, in bytes.
    pub max_record_bytes: usize,
    /// The directory of the state stores.
    pub state_dir: PathBuf,
    /// The size of the cache of entries, in MiB.
    pub state_cache_mib: usize,
    /// The time-out of an orderly stop.
    pub shutdown_timeout: Duration,
    /// The Kafka cluster.
    pub kafka: Kafka,
    /// The limits of a transaction, and of the time until the stores are written.
    pub commit: Commit,
    /// When deadlines fire.
    pub deadline: Deadline,
    /// The limits of a restore.
    pub restore: Restore,
    /// The HTTP server.
    pub http: Http,
    /// Control-M; `None` without `control_m.base_url`.
    pub control_m: Option<ControlM>,
    /// The sinks of messages, by name.
    pub sinks: Sinks,
    /// Which alerts people are told.
    pub alerts: Alerts,
    /// Where spans are exported to.
    pub otlp: Otlp,
    /// The log.
    pub log: Log,
}

/// The processing guarantee, as in Kafka Streams (`processing.guarantee`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessingGuarantee {
    /// Each input takes effect once: outputs, state and offsets are committed in one transaction.
    ExactlyOnce,
    /// Inputs may be processed again, so outputs may be written twice.
    AtLeastOnce,
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "application_id",
        kind: Kind::Name,
        default: Default::Required,
        doc: "The consumer group, and the prefix of the names of all topics and state directories that sheaf owns. \
              The same for all instances of an application. Changing it starts a new application with empty state. With \
              several `topologies` it is the beginning of their ids, and the label `application` of the metrics that the \
              process has only once.",
    },
    Field {
        path: "instance_id",
        kind: Kind::Name,
        default: Default::None("the host's name"),
        doc: "This instance's name, its static membership in the consumer group (`group.instance.id`): a restart \
              under the same name resumes that membership at once. It must stay the same over restarts and be \
              different for every instance.",
    },
    Field {
        path: "topologies",
        kind: Kind::Paths,
        default: Default::Value("[topologies/control-m.yaml]"),
        doc: "The topology files. Each is an application of its own: consumer group, topics, threads and state. The id of the \
              only one is `application_id`, those of several are `<application_id>-<name of the topology>`, and a file may \
              name its own (`application_id`). They share the process: Kafka client, sinks, memory budgets, HTTP server, log.",
    },
    Field {
        path: "processing_guarantee",
        kind: Kind::Word(&["exactly_once", "at_least_once"]),
        default: Default::Value("exactly_once"),
        doc: "`exactly_once`: outputs, state and offsets are committed in one transaction. `at_least_once`: no \
              transactions, so outputs come sooner and cost less; after a crash or a lost answer submissions, alerts \
              and dead letters may be written twice, and an instance that was paused for longer than its session \
              time-out may overwrite newer state. All instances of an application must have the same value; it can \
              be changed while they are stopped.",
    },
    Field {
        path: "direct_handover",
        kind: Kind::Word(&["on", "off"]),
        default: Default::Value("on"),
        doc: "`on`: an event whose bundle belongs to the stream thread that has read it is processed at once, in the \
              same transaction. `off`: every event goes through the inbox, as events of other threads' bundles \
              always do. The results are the same; `off` costs more.",
    },
    Field {
        path: "num_stream_threads",
        kind: Kind::Integer(1, 256),
        default: Default::Value("1"),
        doc: "How many stream threads this instance runs, for each topology. Threads beyond the number of partitions are idle.",
    },
    Field {
        path: "num_standby_replicas",
        kind: Kind::Integer(0, 16),
        default: Default::Value("0"),
        doc: "How many other instances keep a standby replica of each task's state, by following its changelog, so \
              that a task that moves to one of them restores only the rest. Each replica takes the disk space of a \
              task and some of its CPU. All instances should have the same value; with one fewer than there are \
              instances, each instance has the state of every task.",
    },
    Field {
        path: "partitions",
        kind: Kind::Integer(1, 10_000),
        default: Default::Value("4"),
        doc: "How many partitions the topics get that sheaf creates: the most tasks per processor that can run at \
              once. It cannot be changed once there is state.",
    },
    Field {
        path: "replication_factor",
        kind: Kind::Integer(1, 100),
        default: Default::None("the broker's default"),
        doc: "The replication factor of the topics that sheaf creates.",
    },
    Field {
        path: "max_record_bytes",
        kind: Kind::Integer(1 << 20, 1 << 29),
        default: Default::Value("10485760"),
        doc: "The largest record that sheaf writes, in bytes: `max.message.bytes` of the topics that it creates. A cluster \
              may allow less (8388608 is common). A topic that exists and allows less keeps its limit: what does not fit \
              is a dead letter, and the start logs it.",
    },
    Field {
        path: "state_dir",
        kind: Kind::Path,
        default: Default::Value("state"),
        doc: "The directory of the state stores, each in a directory per task below `<state_dir>/<application_id>`. \
              Two processes of one application cannot share it.",
    },
    Field {
        path: "state_cache_mib",
        kind: Kind::Integer(1, 1 << 20),
        default: Default::Value("96"),
        doc: "The size of the cache of entries that wait for more events, for all tasks of this process together, \
              in MiB. An event whose entry is in the cache needs no read from the store. The default has room for \
              75,000 open bundles of a parent and three children. With 375,000 of them open and a full cache an \
              event takes a quarter more CPU than with room for all. `sheaf_processor_entries_read_total` counts the \
              reads. Each task has at least 256 KiB.",
    },
    Field {
        path: "shutdown_timeout",
        kind: Kind::Duration,
        default: Default::Value("8s"),
        doc: "The longest time that an orderly stop (SIGTERM, SIGINT) may take. Then the process ends all the same, \
              for instance because no broker answers: nothing is lost, but the input of the last transaction is \
              processed again. Half of it is for calls in flight, whose answers are waited for. A second signal ends \
              the process at once.",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Config> {
    // All fields are read before the first `?`, so that all problems are reported.
    let application_id = from.name("application_id");
    let instance_id = from.name("instance_id");
    let topologies = from.paths("topologies");
    let guarantees =
        [("exactly_once", ProcessingGuarantee::ExactlyOnce), ("at_least_once", ProcessingGuarantee::AtLeastOnce)];
    let processing_guarantee = from.word("processing_guarantee", &guarantees);
    let direct_handover = from.word("direct_handover", &[("on", true), ("off", false)]);
    let num_stream_threads = from.integer("num_stream_threads");
    let num_standby_replicas = from.integer("num_standby_replicas");
    let partitions = from.integer("partitions");
    let replication_factor = from.integer("replication_factor");
    let max_record_bytes = from.integer("max_record_bytes");
    let state_dir = from.value("state_dir");
    let state_cache_mib = from.integer("state_cache_mib");
    let shutdown_timeout = from.duration("shutdown_timeout");
    let kafka = kafka::read(from);
    let commit = commit::read(from);
    let deadline = deadline::read(from);
    let restore = restore::read(from);
    let http = http::read(from);
    let control_m = control_m::read(from);
    let sinks = sinks::read(from);
    let alerts = alerts::read(from, sinks.as_ref());
    let otlp = otlp::read(from);
    let log = log::read(from);
    Some(Config {
        application_id: application_id?,
        instance_id: InstanceId::new(&instance_id?),
        topologies: topologies?,
        processing_guarantee: processing_guarantee?,
        direct_handover: direct_handover?,
        num_stream_threads: num_stream_threads?,
        num_standby_replicas: num_standby_replicas?,
        partitions: partitions?,
        replication_factor,
        max_record_bytes: max_record_bytes?,
        state_dir: state_dir?,
        state_cache_mib: state_cache_mib?,
        shutdown_timeout: shutdown_timeout?,
        kafka: kafka?,
        commit: commit?,
        deadline: deadline?,
        restore,
        http: http?,
        control_m,
        sinks: sinks?,
        alerts: alerts?,
        otlp: otlp?,
        log: log?,
    })
}
