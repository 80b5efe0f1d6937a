//! The state stores. A build without the feature `rocksdb` has none on disk.

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
