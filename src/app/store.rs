//! The state stores.

use super::error::{Error, Result};
use crate::config::Config;
use crate::store::rocks::{RocksOptions, RocksStores};

/// The state stores of the application, below `<state_dir>/<application_id>`.
pub fn stores(config: &Config) -> Result<RocksStores> {
    RocksStores::open(RocksOptions::new(config.state_dir.join(&config.application_id))).map_err(Error::Stores)
}
