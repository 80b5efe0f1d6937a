//! All metrics, declared in one place.
//!
//! | file | content |
//! |---|---|
//! | `label` | the values of labels, as types |
//! | `family` | the families of the processors, counted by [`Count`] |
//! | `balance` | the balance sheet, from the counters of others |
//! | `consumer` | records read, lag, and the group |
//! | `producer` | records written, and transactions |
//! | `client` | the connections of the Kafka client |
//! | `task` | tasks, processors, restores |
//! | `store` | the stores, and their disk |
//! | `reload` | what a running process reads again |
//! | `sink` | calls to other systems |
//! | `http` | requests to the HTTP server |
//! | `diagnostics` | dead letters, alerts, log lines |
//! | `internal_error` | errors of sheaf itself that are ignored |
//! | `registry` | registers families |
//! | `merge` | the metrics of several applications as one text |
//! | `document` | all families as `docs/metrics.md` |
//! | `error` | the errors |
//!
//! Names begin with `sheaf_`, units are base units, counters end in `_total`, and every metric has the constant label
//! `application`. Labels have bounded values: never a key, an offset or a message. **A counter that starts at 1 is
//! invisible to `increase()`** (measured with promtool), so all label sets that are known beforehand exist at 0 from
//! the start. The series of a partition or a task are removed with it (`partition_revoked` of the consumer's,
//! `task_closed` of the task's), because otherwise two instances would report the same partition.

mod balance;
mod client;
mod consumer;
mod diagnostics;
mod document;
mod error;
mod family;
mod http;
mod internal_error;
mod label;
mod merge;
mod producer;
mod registry;
mod reload;
mod sink;
mod store;
mod task;

pub use client::{Client, ConnectionFigures, TokenFigures};
pub use consumer::Consumer;
pub use diagnostics::Diagnostics;
pub use document::reference_page;
pub use error::Error;
pub use http::Http;
pub use label::{Build, InstanceState, LogLevel, Rebalance, RecordEnd, Stage, TaskKind, TaskState, TransactionResult};
pub use merge::encode;
pub use producer::Producer;
pub use reload::Reload;
pub use sink::Sink;
pub use store::{Disk, Store, StoreFigures};
pub use task::Task;

use std::collections::BTreeSet;
use std::sync::Arc;

use prometheus::TextEncoder;
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Registry};

use crate::model::Timestamp;
use crate::processor::bundle::count::EVENTS;
use crate::processor::{Count, Family, Histogram, Observation};
use crate::topology::{Node, Topology};
use internal_error::InternalErrors;
use registry::{Made, Maker, seconds};

/// The metrics of an application, shared by all threads; the methods are cheap and cannot fail.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    made: Vec<Made>,
    instance_state: IntGaugeVec,
    clock: IntGaugeVec,
    internal_errors: InternalErrors,
    /// Records read, lag, and the group.
    pub consumer: Consumer,
    /// Records written, and transactions.
    pub producer: Producer,
    /// The connections of the Kafka client.
    pub client: Client,
    /// Tasks, processors and restores.
    pub task: Task,
    /// The stores, and their disk.
    pub store: Store,
    /// What the running process reads again.
    pub reload: Reload,
    /// Calls to other systems.
    pub sink: Sink,
    /// Requests to the HTTP server.
    pub http: Http,
    /// Dead letters, alerts and log lines.
    pub diagnostics: Diagnostics,
    families: family::Families,
    balance: balance::Balance,
}

/// The metrics and alerts that the processors of a topology declare.
#[derive(Debug, Default)]
pub struct Declared {
    /// Their families.
    pub families: Vec<Family>,
    /// Their histograms.
    pub histograms: Vec<Histogram>,
    /// Their kinds of alerts.
    pub alerts: BTreeSet<&'static str>,
    /// The names of those that gather bundles.
    pub bundles: BTreeSet<Arc<str>>,
}

impl Declared {
    /// The declarations of this topology's processors.
    pub fn by(topology: &Topology) -> Self {
        let is_bundle = |node: &&Node| node.processor.metrics().iter().any(|family| family.name == EVENTS);
        let processors = || topology.nodes.iter().map(|node| &node.processor);
        Self {
            families: processors().flat_map(|processor| processor.metrics()).collect(),
            histograms: processors().flat_map(|processor| processor.histograms()).cloned().collect(),
            alerts: processors().flat_map(|processor| processor.alerts()).copied().collect(),
            bundles: topology.nodes.iter().filter(is_bundle).map(|node| Arc::clone(&node.name)).collect(),
        }
    }
}

impl Metrics {
    /// All families with all known label sets at 0; `declared` has those of the processors.
    pub fn new(application: &str, build: &Build, declared: Declared) -> Result<Self, Error> {
        let maker = Maker::new(application);
        let info = maker.gauges(
            "build_info",
            "The versions of the build; always 1.",
            &["version", "revision", "rustc", "librdkafka", "rocksdb"],
        )?;
        let values = [&build.version, &build.revision, &build.rustc, &build.librdkafka, &build.rocksdb];
        info.with_label_values(&values).set(1);
        let states = "The instance's state: exactly one is 1.";
        let instance_state = maker.gauges("instance_state", states, &["state"])?;
        let clock = "The wall clock of the process when it gave this answer.";
        let clock = maker.of_process(|maker| maker.gauges("clock_timestamp_seconds", clock, &[]))?;
        let internal_errors = InternalErrors::new(&maker)?;
        let consumer = Consumer::new(&maker)?;
        let producer = Producer::new(&maker)?;
        let client = Client::new(&maker)?;
        let task = Task::new(&maker)?;
        let store = Store::new(&maker)?;
        let reload = maker.of_process(Reload::new)?;
        let sink = maker.of_process(Sink::new)?;
        let http = maker.of_process(Http::new)?;
        let diagnostics = Diagnostics::new(&maker, declared.alerts, internal_errors.clone())?;
        let families = family::Families::new(&maker, declared.families, declared.histograms)?;
        let balance = balance::Balance::new(&maker, declared.bundles)?;
        balance.update(&task, &families);
        let (registry, made) = maker.into_parts();
        let metrics = Self {
            registry,
            made,
            instance_state,
            clock,
            internal_errors,
            consumer,
            producer,
            client,
            task,
            store,
            reload,
            sink,
            http,
            diagnostics,
            families,
            balance,
        };
        metrics.registry.register(Box::new(ProcessCollector::for_self()))?;
        metrics.instance(InstanceState::Created);
        Ok(metrics)
    }

    /// All families with all label sets of a topology at 0.
    pub fn of(application: &str, build: &Build, topology: &Topology) -> Result<Self, Error> {
        let metrics = Self::new(application, build, Declared::by(topology))?;
        for node in &topology.nodes {
            metrics.task.processor(&node.name);
            metrics.store.declare(&node.name);
            node.outputs.iter().for_each(|output| metrics.producer.target(&output.topic));
        }
        topology.sources.iter().for_each(|source| metrics.consumer.source(&source.topic));
        Ok(metrics)
    }

    /// Sets the state of the instance.
    pub fn instance(&self, now: InstanceState) {
        for state in InstanceState::ALL {
            self.instance_state.with_label_values(&[state.as_str()]).set(i64::from(state == now));
        }
    }

    /// Sets the time of the wall clock, before the metrics are read.
    pub fn clock(&self, now: Timestamp) {
        self.clock.with_label_values::<&str>(&[]).set(seconds(now));
    }

    /// Increments the counter of a step.
    pub fn count(&self, count: Count, times: u64) {
        if let Err(error) = self.families.count(count, times) {
            self.internal_errors.count(error);
        }
    }

    /// Counts a duration of a step.
    pub fn observe(&self, observation: Observation) {
        if let Err(error) = self.families.observe(observation) {
            self.internal_errors.count(error);
        }
    }

    /// The value of a counter of a processor; 0 for an undeclared one.
    pub fn counted(&self, count: Count) -> u64 {
        self.families.value(count)
    }

    /// All metrics in Prometheus' text format.
    pub fn encode(&self) -> Result<String, Error> {
        Ok(TextEncoder::new().encode_to_string(&self.gather())?)
    }

    /// All metrics, as they are now: those that are worked out from others are worked out first.
    fn gather(&self) -> Vec<MetricFamily> {
        self.balance.update(&self.task, &self.families);
        self.registry.gather()
    }
}

#[cfg(test)]
mod tests;
