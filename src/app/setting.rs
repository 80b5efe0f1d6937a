//! The settings of the runtime.

use crate::config::Config;
use crate::runtime::{Limits, Processing, Settings, TopicSettings};

/// The settings of the runtime; `http` is the address of the instance's HTTP server, empty if it has none.
pub fn settings(config: &Config, http: String) -> Settings {
    Settings {
        instance: config.instance_id.clone(),
        http,
        stream_threads: usize::from(config.num_stream_threads),
        topics: TopicSettings {
            partitions: config.partitions,
            replication: config.replication_factor,
            record_bytes_max: config.max_record_bytes,
        },
        commit: config.commit,
        limits: Limits { broker_timeout: config.kafka.api_timeout, ..Limits::default() },
        cache_bytes: config.state_cache_mib << 20,
        restore: config.restore,
        standby_replicas: usize::from(config.num_standby_replicas),
        processing: Processing {
            guarantee: config.processing_guarantee,
            direct_handover: config.direct_handover,
            deadline: config.deadline,
        },
        ..Settings::new(&config.application_id, config.instance_id.as_str())
    }
}
