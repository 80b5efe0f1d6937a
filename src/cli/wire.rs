//! Builds the parts of a runtime from the configuration, the topology and the template.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Handle;

use super::exit::Failure;
use super::load::Loaded;
use crate::aws::{self, SecretsManager};
use crate::broker::kafka::{Assignor, KafkaBroker, KafkaSettings};
use crate::config::{Config, ProcessingGuarantee, Reference};
use crate::metric::{Build, Metrics};
use crate::model::{Clock, Sink, Target};
use crate::processor::delivery::{self, Delivery};
use crate::runtime::{CommitLimits, Guarantee, RestoreSettings, Settings, SystemClock, TopicSettings};
use crate::secret::{Secret, SecretRef, Source, Sources};
use crate::sink::Sinks;
use crate::sink::control_m::{self, ControlM};
use crate::store::rocks::{RocksOptions, RocksStores};
use crate::topology::Topology;
use crate::topology::spec::{self, DeliveryKind};

/// Resolves references to secrets.
#[derive(Debug)]
pub(super) struct Secrets(Sources);

impl Secrets {
    /// Reads from AWS only when the configuration has such a reference, because the client looks for credentials at once.
    pub(super) fn new(config: &Config, handle: &Handle) -> Self {
        let control_m = config.control_m.iter().flat_map(|it| it.api_key.iter().chain([&it.base_url]));
        let mut references = config.kafka.properties.values().chain(control_m);
        if references.any(|reference| reference.as_str().starts_with("${aws-sm:")) {
            let source = SecretsManager::new(&aws::load(handle), handle.clone());
            Self(Sources::new().with_aws(Arc::new(source)))
        } else {
            Self(Sources::new())
        }
    }

    /// The secret that a reference names, or the literal text.
    fn resolve(&self, field: &str, reference: &Reference) -> Result<Secret, Failure> {
        let wrong = |error: crate::secret::Error| Failure::Configuration(format!("error: {field}: {error}"));
        match SecretRef::parse(reference.as_str()).map_err(wrong)? {
            None => Ok(Secret::new(reference.as_str().to_owned())),
            Some(named) => self.0.fetch(&named).map_err(wrong),
        }
    }
}

/// The client of the broker; it does not connect yet. `transaction_timeout` overrides the configured one.
pub(super) fn broker(
    config: &Config,
    secrets: &Secrets,
    transaction_timeout: Option<Duration>,
) -> Result<KafkaBroker, Failure> {
    let mut settings = KafkaSettings::new(&config.kafka.bootstrap_servers);
    settings.client_id = format!("{}-{}", config.application_id, config.instance_id);
    for (name, value) in &config.kafka.properties {
        let value = secrets.resolve(&format!("kafka.properties.{name}"), value)?;
        set_property(&mut settings, name, value.expose())?;
    }
    if let Some(timeout) = transaction_timeout {
        settings.transaction_timeout = timeout;
    }
    KafkaBroker::new(settings).map_err(|error| Failure::Configuration(format!("error: kafka.properties: {error}")))
}

/// Sets a property of librdkafka. Four of them are settings of sheaf's client; the others are passed on as they are.
fn set_property(settings: &mut KafkaSettings, name: &str, value: &str) -> Result<(), Failure> {
    let wrong =
        |expected: &str| Failure::Configuration(format!("error: kafka.properties.{name}: `{value}` is not {expected}"));
    let millis = || value.parse().map(Duration::from_millis).map_err(|_not_a_number| wrong("a number of milliseconds"));
    match name {
        "session.timeout.ms" => {
            settings.session_timeout = millis()?;
            // A take-over waits for the open transaction of the dead instance too. The properties are in the order of
            // their names, so `transaction.timeout.ms` is set after this one and overrides it.
            settings.transaction_timeout = settings.transaction_timeout.min(settings.session_timeout);
        }
        "max.poll.interval.ms" => settings.max_poll_interval = millis()?,
        "transaction.timeout.ms" => settings.transaction_timeout = millis()?,
        "partition.assignment.strategy" => {
            let known = Assignor::ALL.into_iter().find(|assignor| assignor.as_str() == value);
            settings.assignor =
                known.ok_or_else(|| wrong(&format!("one of {}", Assignor::ALL.map(Assignor::as_str).join(", "))))?;
        }
        _ => drop(settings.properties.insert(name.to_owned(), value.to_owned())),
    }
    Ok(())
}

/// The state stores of the application, below `state_dir`.
pub(super) fn stores(config: &Config) -> Result<RocksStores, Failure> {
    let root: PathBuf = config.state_dir.join(&config.application_id);
    Ok(RocksStores::open(RocksOptions::new(root)).context("state_dir")?)
}

/// The metrics, with those of the topology's processors at 0.
pub(super) fn metrics(application: &str, topology: &Topology) -> Result<Arc<Metrics>, Failure> {
    let build = Build {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: option_env!("SHEAF_REVISION").unwrap_or("unknown").to_owned(),
        rustc: env!("CARGO_PKG_RUST_VERSION").to_owned(),
        librdkafka: KafkaBroker::client_version(),
        rocksdb: "11.8.1".to_owned(),
    };
    Ok(Arc::new(Metrics::of(application, &build, topology).context("metrics")?))
}

/// The processor of a delivery; `None` when the configuration does not set it up.
fn deliver(delivery: &spec::Delivery, loaded: &Loaded) -> Option<Delivery> {
    let template = loaded.templates.get(delivery.kind.template())?.clone();
    match &delivery.kind {
        DeliveryKind::ControlM(to) => {
            let control_m = loaded.config.control_m.as_ref()?;
            let settings = delivery::Settings {
                intent_valid_for: control_m.intent_valid_for,
                request_timeout: control_m.request_timeout,
                visibility_lag: control_m.visibility_lag,
                ..delivery::control_m::usual_settings()
            };
            Some(Delivery::new(to.folders(template), settings))
        }
    }
}

/// The topology with its processors.
pub(super) fn topology(loaded: &Loaded) -> Result<Topology, Failure> {
    loaded
        .spec
        .assemble(&loaded.config.application_id, |delivery| deliver(delivery, loaded))
        .map_err(|error| Failure::Configuration(format!("error: {error}")))
}

/// The sink that executes acts: Control-M, or none when `control_m` is not set.
pub(super) fn sink(
    config: &Config,
    secrets: &Secrets,
    handle: &Handle,
    metrics: &Arc<Metrics>,
) -> Result<Arc<dyn Sink>, Failure> {
    let Some(settings) = &config.control_m else { return Ok(Arc::new(Sinks::new())) };
    let base_url = secrets.resolve("control_m.base_url", &settings.base_url)?;
    let api_key = match &settings.api_key {
        Some(key) => secrets.resolve("control_m.api_key", key)?,
        None => Secret::new(String::new()),
    };
    let settings = control_m::Settings {
        request_timeout: settings.request_timeout,
        in_flight_max: settings.in_flight_max,
        ..control_m::Settings::new(base_url.expose(), api_key)
    };
    let sink = ControlM::measured(&settings, handle.clone(), Arc::new(SystemClock), metrics.clone())
        .map_err(|error| Failure::Configuration(format!("error: {error}")))?;
    Ok(Arc::new(Sinks::new().with(Target::new(delivery::control_m::CONTROL_M), Arc::new(sink))))
}

/// The settings of the runtime; `http` is the address of the instance's HTTP server.
pub(super) fn settings(config: &Config, http: String) -> Settings {
    Settings {
        application: config.application_id.clone(),
        instance: config.instance_id.clone(),
        http,
        stream_threads: usize::from(config.num_stream_threads),
        topics: TopicSettings { partitions: config.partitions, replication: config.replication_factor },
        commit: CommitLimits {
            interval: config.commit.interval,
            inputs_max: config.commit.records_max,
            write_behind: config.commit.write_behind,
            ..CommitLimits::default()
        },
        cache_bytes: config.state_cache_mib << 20,
        restore: RestoreSettings {
            records_per_second_max: config.restore.records_per_second_max,
            standby_replicas: usize::from(config.num_standby_replicas),
        },
        broker_timeout: Duration::from_secs(10),
        guarantee: match config.processing_guarantee {
            ProcessingGuarantee::ExactlyOnce => Guarantee::ExactlyOnce,
            ProcessingGuarantee::AtLeastOnce => Guarantee::AtLeastOnce,
        },
        direct_handover: config.direct_handover,
        mutation: None,
    }
}

/// The system clock.
pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}
