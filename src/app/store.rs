//! The state stores. A build without the feature `rocksdb` has none on disk.

use super::ApplicationSpec;
use super::error::Result;
use crate::config::Config;
use crate::store::Stores;

/// The state stores of the application, below `<state_dir>/<application_id>`.
#[cfg(feature = "rocksdb")]
pub fn stores(config: &Config) -> Result<Box<dyn Stores>> {
    use crate::store::rocks::{RocksOptions, RocksStores};

    let options = RocksOptions::new(config.state_dir.join(&config.application_id));
    let stores = RocksStores::open(options).map_err(super::Error::Stores)?;
    Ok(Box::new(stores))
}

/// The state stores of all applications of a process, which share their memory.
///
/// # Errors
/// [`OrphanedState`](super::Error::OrphanedState): the state exists of an application that one of the topologies was, before another
/// was added or removed.
#[cfg(feature = "rocksdb")]
pub fn all_stores(config: &Config, specs: &[ApplicationSpec]) -> Result<Vec<Box<dyn Stores>>> {
    use super::Error;
    use crate::store::rocks::{RocksOptions, RocksStores};

    let root = |id: &str| config.state_dir.join(id);
    if let Some(former) = ApplicationSpec::former(config, specs).filter(|former| root(former).exists()) {
        return Err(Error::OrphanedState { path: root(&former), id: former });
    }
    let mut opened: Vec<RocksStores> = Vec::new();
    for spec in specs {
        let root = root(spec.id());
        let stores = match opened.first() {
            Some(first) => first.beside(root),
            None => RocksStores::open(RocksOptions::new(root)),
        };
        opened.push(stores.map_err(Error::Stores)?);
    }
    Ok(opened.into_iter().map(|stores| -> Box<dyn Stores> { Box::new(stores) }).collect())
}

/// [`NotBuilt`](super::NotBuilt).
#[cfg(not(feature = "rocksdb"))]
pub fn all_stores(_config: &Config, _specs: &[ApplicationSpec]) -> Result<Vec<Box<dyn Stores>>> {
    Err(super::NotBuilt { part: "RocksDB", feature: "rocksdb" }.into())
}

/// [`NotBuilt`](super::NotBuilt).
#[cfg(not(feature = "rocksdb"))]
pub fn stores(_config: &Config) -> Result<Box<dyn Stores>> {
    Err(super::NotBuilt { part: "RocksDB", feature: "rocksdb" }.into())
}

/// The version of `RocksDB`, for the metric `sheaf_build_info`.
pub(super) const fn library_version() -> &'static str {
    #[cfg(feature = "rocksdb")]
    return crate::store::rocks::RocksStores::library_version();
    #[cfg(not(feature = "rocksdb"))]
    "none"
}
