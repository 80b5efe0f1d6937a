//! The targets of sheaf, as ratios to Kafka Streams in one run of the benchmark.

use super::contender::Contender;

/// One line of the table of targets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) what: &'static str,
    pub(crate) phase: &'static str,
    pub(crate) figure: &'static str,
    /// `None`: the target is an upper bound of the figure itself.
    pub(crate) against: Option<Contender>,
    pub(crate) at_least: f64,
    pub(crate) aim: f64,
}

const fn times(
    what: &'static str,
    (phase, figure): (&'static str, &'static str),
    against: Contender,
    (at_least, aim): (f64, f64),
) -> Target {
    Target { what, phase, figure, against: Some(against), at_least, aim }
}

use Contender::{Peer, Quick};

/// All targets, in the order of the table.
pub(crate) const TARGETS: [Target; 15] = [
    times("CPU of the program, from cold, s", ("cold", "cpu_s"), Peer, (5.0, 8.0)),
    times("the same, marginal, s a million", ("marginal", "cpu_s"), Peer, (3.0, 5.0)),
    times("wall time, from cold, s", ("cold", "wall_s"), Peer, (3.0, 4.0)),
    times("CPU of the broker, from cold, s", ("cold", "broker_cpu_s"), Peer, (2.0, 4.0)),
    times("peak memory, from cold, MiB", ("cold", "peak_mib"), Peer, (3.5, 5.0)),
    times("peak memory at 2,000 events/s, MiB", ("rate", "peak_mib_at_2000"), Peer, (6.0, 8.0)),
    times("p50 at 2,000 events/s, ms", ("rate", "p50_ms_at_2000"), Peer, (10.0, 15.0)),
    times("p99 at 2,000 events/s, ms", ("rate", "p99_ms_at_2000"), Peer, (5.0, 8.0)),
    times("p50 at 2,000 events/s, ms", ("rate", "p50_ms_at_2000"), Quick, (1.3, 2.0)),
    times("p95 at 2,000 events/s, ms", ("rate", "p95_ms_at_2000"), Quick, (1.3, 2.0)),
    times("p99 at 2,000 events/s, ms", ("rate", "p99_ms_at_2000"), Quick, (1.0, 1.5)),
    Target {
        what: "p99 at 10,000 events/s, ms",
        phase: "rate",
        figure: "p99_ms_at_10000",
        against: None,
        at_least: 100.0,
        aim: 40.0,
    },
    times("restore of open bundles, s", ("restore", "wall_s"), Peer, (2.5, 4.0)),
    times("restore of open bundles, CPU s", ("restore", "cpu_s"), Peer, (3.5, 5.0)),
    times("kill -9 to the first new output, s", ("kill", "first_output_s"), Peer, (3.0, 5.0)),
];
