//! What the calls of all sinks have in common.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::metric::Metrics;
use crate::model::{Clock, Sink, Target};

/// A sink and its target.
pub(super) type Targeted = (Target, Arc<dyn Sink>);

/// What the calls of sinks run on, are timed by and are counted in.
#[derive(Clone, Debug)]
pub struct Calls {
    /// The tokio runtime.
    pub handle: Handle,
    /// The clock of time-outs and expiries.
    pub clock: Arc<dyn Clock>,
    /// The metrics of requests.
    pub metrics: Arc<Metrics>,
}
