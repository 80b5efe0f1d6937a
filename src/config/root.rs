//! The root of the file: the fields that are in no section, and the sections.

use std::path::PathBuf;
use std::time::Duration;

use super::field::{Default, Field, Kind};
use super::reader::Reader;
use super::{Commit, ControlM, Http, Kafka, Log, Restore, commit, control_m, http, kafka, log, restore};
use crate::model::InstanceId;

/// Everything that can be set. `docs/configuration.md` is the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The application: the consumer group's name, and the first part of every topic that sheaf owns.
    pub application_id: String,
    /// The instance's name, stable over restarts.
    pub instance_id: InstanceId,
    /// The topology files.
    pub topologies: Vec<PathBuf>,
    /// What a crash may leave behind.
    pub processing_guarantee: ProcessingGuarantee,
    /// Whether events may skip the inbox.
    pub direct_handover: bool,
    /// How many stream threads.
    pub num_stream_threads: u16,
    /// How many other instances follow the changelog of each task.
    pub num_standby_replicas: u8,
    /// How many partitions the topics get that sheaf creates.
    pub partitions: i32,
    /// The replication factor of the topics that sheaf creates; `None`: the broker's default.
    pub replication_factor: Option<i32>,
    /// Where state is kept.
    pub state_dir: PathBuf,
    /// What the entries that are kept in memory may take, in MiB.
    pub state_cache_mib: usize,
    /// How long an orderly stop may take.
    pub shutdown_timeout: Duration,
    /// How Kafka is reached.
    pub kafka: Kafka,
    /// When a transaction is committed.
    pub commit: Commit,
    /// How state is restored.
    pub restore: Restore,
    /// The HTTP server's address.
    pub http: Http,
    /// Control-M; `None` when it is not set up.
    pub control_m: Option<ControlM>,
    /// What is logged, and how.
    pub log: Log,
}

/// What a crash may leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessingGuarantee {
    /// Nothing: outputs, state and offsets are one transaction.
    ExactlyOnce,
    /// Outputs and state of inputs that are processed again.
    AtLeastOnce,
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "application_id",
        kind: Kind::Name,
        default: Default::Required,
        doc: "The application: the consumer group, and the first part of the name of every topic and state directory \
              that sheaf owns. All instances of an application share it. Changing it starts a new application with \
              empty state.",
    },
    Field {
        path: "instance_id",
        kind: Kind::Name,
        default: Default::None("the host's name"),
        doc: "This instance's name, its static membership in the group (`group.instance.id`): a restart under the \
              same name takes its place at once. It must be stable over restarts and different for every instance.",
    },
    Field {
        path: "topologies",
        kind: Kind::Paths,
        default: Default::Value("[topologies/control-m.yaml]"),
        doc: "The topology files that this application runs.",
    },
    Field {
        path: "processing_guarantee",
        kind: Kind::Word(&["exactly_once", "at_least_once"]),
        default: Default::Value("exactly_once"),
        doc: "`exactly_once`: outputs, state and offsets are one transaction. `at_least_once`: no transactions, so \
              outputs come sooner and cost less; after a crash or a lost answer submissions, alerts and dead letters \
              may be written twice, and an instance that stood still for longer than its session may write over \
              newer state. All instances of an application have to agree; it can be changed while they are stopped.",
    },
    Field {
        path: "direct_handover",
        kind: Kind::Word(&["on", "off"]),
        default: Default::Value("on"),
        doc: "`on`: an event whose bundle is on the thread that reads it joins it at once, in the same transaction. \
              `off`: every event goes through the inbox, as those of other threads' bundles always do. The result is \
              the same; `off` costs more.",
    },
    Field {
        path: "num_stream_threads",
        kind: Kind::Integer(1, 256),
        default: Default::Value("1"),
        doc: "How many stream threads this instance runs. More than there are partitions stay idle.",
    },
    Field {
        path: "num_standby_replicas",
        kind: Kind::Integer(0, 16),
        default: Default::Value("0"),
        doc: "How many other instances keep a copy of each task's state, by following its changelog, so that a task \
              that moves to one of them has only the rest to restore. Each copy takes the disk, and some of the CPU, \
              of a task. All instances should agree on it; one fewer than there are instances always helps.",
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
        doc: "On how many brokers the topics lie that sheaf creates.",
    },
    Field {
        path: "state_dir",
        kind: Kind::Path,
        default: Default::Value("state"),
        doc: "Where state is kept, in one directory per task below `<state_dir>/<application_id>`. Two processes \
              cannot share it under one application.",
    },
    Field {
        path: "state_cache_mib",
        kind: Kind::Integer(1, 1 << 20),
        default: Default::Value("96"),
        doc: "How much memory the entries that wait for more may take in this instance, all its tasks together, in \
              MiB, so that an event of one needs no look into the store. The default has room for 75,000 open \
              bundles of a parent and three children. With 375,000 of them open and no more room an event takes a \
              quarter more CPU than with room for all. `sheaf_processor_entries_read_total` counts what had none. A \
              task has 256 KiB in any case.",
    },
    Field {
        path: "shutdown_timeout",
        kind: Kind::Duration,
        default: Default::Value("8s"),
        doc: "How long an orderly stop (TERM, INT) may take before the process ends all the same, for instance \
              because no broker answers; nothing is lost then, but the last transaction is done again. Half of it is \
              for answers of the executor that are under way. A second signal ends it at once.",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Config> {
    // Everything is read before anything is given up, so that all problems are reported.
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
    let state_dir = from.value("state_dir");
    let state_cache_mib = from.integer("state_cache_mib");
    let shutdown_timeout = from.duration("shutdown_timeout");
    let kafka = kafka::read(from);
    let commit = commit::read(from);
    let restore = restore::read(from);
    let http = http::read(from);
    let control_m = control_m::read(from);
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
        state_dir: state_dir?,
        state_cache_mib: state_cache_mib?,
        shutdown_timeout: shutdown_timeout?,
        kafka: kafka?,
        commit: commit?,
        restore,
        http: http?,
        control_m,
        log: log?,
    })
}
