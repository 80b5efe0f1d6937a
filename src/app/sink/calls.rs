//! The runtime, the clock and the metrics of the calls of all sinks.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::metric::Metrics;
use crate::model::{Clock, Sink, Target};

/// A sink and its target.
pub(super) type Targeted = (Target, Arc<dyn Sink>);

/// The runtime, the clock and the metrics of calls by sinks.
#[derive(Clone, Debug)]
pub struct Calls {
    /// The tokio runtime that executes them.
    pub handle: Handle,
    /// The clock of time-outs and expiries.
    pub clock: Arc<dyn Clock>,
    /// The metrics of requests.
    pub metrics: Arc<Metrics>,
}
