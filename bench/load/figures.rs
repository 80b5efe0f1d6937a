//! The figures of a phase, their medians over repetitions, and their table.

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

/// The result of one phase. Counts are floats too, because a median of two is their mean.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Figures {
    pub(crate) phase: String,
    pub(crate) events: f64,
    /// From the first event's production to the last submission's arrival.
    pub(crate) seconds: f64,
    pub(crate) events_per_second: f64,
    /// The time of writing alone: if it is nearly `seconds`, the generator was the limit.
    pub(crate) write_seconds: f64,
    /// From the production of a bundle's last member to the arrival of its submission.
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p95_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) max_ms: Option<f64>,
    pub(crate) sheaf_cpu_seconds: f64,
    pub(crate) sheaf_cores: f64,
    pub(crate) broker_cpu_seconds: f64,
    pub(crate) peak_mib: f64,
    pub(crate) transactions: f64,
    pub(crate) transactions_per_second: f64,
    /// The mean time from a transaction's beginning to its end.
    pub(crate) transaction_ms: f64,
    pub(crate) missing: f64,
    pub(crate) doubled: f64,
    pub(crate) wrong: f64,
}

impl Figures {
    /// True if every complete bundle was submitted once, with its members.
    pub(crate) fn is_correct(&self) -> bool {
        [self.missing, self.doubled, self.wrong].iter().all(|count| count.abs() < 0.5)
    }

    /// Sets the percentiles of these latencies.
    pub(crate) fn set_latencies(&mut self, latencies_ms: Vec<f64>) {
        [self.p50_ms, self.p95_ms, self.p99_ms, self.max_ms] = percentiles(latencies_ms);
    }
}

/// The median, the 95th and 99th percentile and the maximum.
pub(crate) fn percentiles(mut values: Vec<f64>) -> [Option<f64>; 4] {
    values.sort_by(f64::total_cmp);
    [500, 950, 990, 1_000].map(|per_mille| {
        let place = values.len().checked_sub(1)?.checked_mul(per_mille)?.checked_div(1_000)?;
        values.get(place).copied()
    })
}

/// One row per phase, in the order of their first runs, each figure the median of all runs.
pub(crate) fn medians(all: &[Figures]) -> Vec<Figures> {
    let mut phases: Vec<&str> = Vec::new();
    for figures in all {
        if !phases.contains(&figures.phase.as_str()) {
            phases.push(&figures.phase);
        }
    }
    phases.into_iter().map(|phase| of_phase(phase, all)).collect()
}

fn of_phase(phase: &str, all: &[Figures]) -> Figures {
    let runs: Vec<&Figures> = all.iter().filter(|figures| figures.phase == phase).collect();
    let some = |get: &dyn Fn(&Figures) -> Option<f64>| median(runs.iter().filter_map(|run| get(run)).collect());
    let of = |get: &dyn Fn(&Figures) -> f64| some(&|run| Some(get(run))).unwrap_or_default();
    Figures {
        phase: phase.to_owned(),
        events: of(&|run| run.events),
        seconds: of(&|run| run.seconds),
        events_per_second: of(&|run| run.events_per_second),
        write_seconds: of(&|run| run.write_seconds),
        p50_ms: some(&|run| run.p50_ms),
        p95_ms: some(&|run| run.p95_ms),
        p99_ms: some(&|run| run.p99_ms),
        max_ms: some(&|run| run.max_ms),
        sheaf_cpu_seconds: of(&|run| run.sheaf_cpu_seconds),
        sheaf_cores: of(&|run| run.sheaf_cores),
        broker_cpu_seconds: of(&|run| run.broker_cpu_seconds),
        peak_mib: of(&|run| run.peak_mib),
        transactions: of(&|run| run.transactions),
        transactions_per_second: of(&|run| run.transactions_per_second),
        transaction_ms: of(&|run| run.transaction_ms),
        missing: of(&|run| run.missing),
        doubled: of(&|run| run.doubled),
        wrong: of(&|run| run.wrong),
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get(values.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// The figures as a table.
pub(crate) fn table(rows: &[Figures]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header([
        "phase",
        "events/s",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "max ms",
        "tx/s",
        "tx ms",
        "cpu s",
        "cores",
        "broker cpu s",
        "peak MiB",
    ]);
    for row in rows {
        let dash = || "-".to_owned();
        let latency = |value: Option<f64>| value.map_or_else(dash, |value| format!("{value:.1}"));
        table.add_row(
            [
                row.phase.clone(),
                if row.events > 0.0 { format!("{:.0}", row.events_per_second) } else { dash() },
                latency(row.p50_ms),
                latency(row.p95_ms),
                latency(row.p99_ms),
                latency(row.max_ms),
                format!("{:.1}", row.transactions_per_second),
                if row.transactions > 0.0 { format!("{:.1}", row.transaction_ms) } else { dash() },
                format!("{:.2}", row.sheaf_cpu_seconds),
                format!("{:.3}", row.sheaf_cores),
                format!("{:.2}", row.broker_cpu_seconds),
                format!("{:.0}", row.peak_mib),
            ]
            .map(Cell::new),
        );
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
