//! The metrics of an application.

use std::sync::Arc;

use super::error::{Error, Result};
use super::{broker, store};
use crate::config::Config;
use crate::metric::{Build, Declared, Metrics};
use crate::topology::Topology;

/// The metrics of an application and of its topology's processors, at 0.
pub fn metrics(application: &str, topology: &Topology) -> Result<Arc<Metrics>> {
    Metrics::of(application, &build(), topology).map(Arc::new).map_err(Error::Metrics)
}

/// The metrics of a process with several applications, in which its sinks and its log are counted.
pub(super) fn of_process(config: &Config) -> Result<Arc<Metrics>> {
    Metrics::new(&config.application_id, &build(), Declared::default()).map(Arc::new).map_err(Error::Metrics)
}

/// The versions of sheaf, its compiler and its libraries.
pub fn build() -> Build {
    Build {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: option_env!("SHEAF_REVISION").unwrap_or("unknown").to_owned(),
        rustc: env!("BUILD_RUSTC_VERSION").to_owned(),
        librdkafka: broker::client_version(),
        rocksdb: store::library_version().to_owned(),
    }
}
