//! What to play, and why that may fail.

use std::sync::Arc;
use std::time::Duration;

use crate::broker::{self, Broker};
use crate::model::{Timestamp, Topic};
use crate::testing::DriverError;
use crate::topology::Topology;

/// Why there is no shadow run.
#[derive(Debug, thiserror::Error)]
pub enum ShadowError {
    /// An error of the broker.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// An error of the run in memory.
    #[error("the run in memory has failed: {0}")]
    Driver(#[from] DriverError),
    /// The topology has no such processor.
    #[error("the topology has no processor `{0}`")]
    NoProcessor(String),
    /// A topic is missing.
    #[error("topic {0} does not exist")]
    NoTopic(Topic),
}

/// The result of a shadow run.
pub type Result<T> = std::result::Result<T, ShadowError>;

/// What to play.
#[derive(Debug)]
pub struct Shadow<'a> {
    /// The cluster.
    pub broker: &'a Arc<dyn Broker>,
    /// The time-out of a call.
    pub timeout: Duration,
    /// The topology that is played.
    pub topology: &'a Topology,
    /// The processor of it, and of the running one.
    pub processor: &'a str,
    /// The application that runs.
    pub application: &'a str,
    /// The topic with what was really written, by the first output of its processor.
    pub real: &'a Topic,
    /// The begin of the window.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// The most records that are played: of more, a share of the entries is.
    pub records_max: usize,
}
