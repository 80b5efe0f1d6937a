//! The limits of a sink's calls.

use crate::config;
use crate::sink::{BreakerLimits, Limits, Rate};

/// The limits of a configuration.
pub(super) fn limits(config: &config::Limits) -> Limits {
    let config::Breaker { failures, pause, pause_max } = config.breaker;
    Limits {
        in_flight_max: config.in_flight_max,
        rate: config.rate.map(|rate| Rate {
            calls: rate.calls,
            per: rate.per,
            burst: config.burst.unwrap_or_else(|| rate.of_a_second()),
        }),
        breaker: BreakerLimits { failures, pause, pause_max },
    }
}
