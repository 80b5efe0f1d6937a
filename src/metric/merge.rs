//! The metrics of several applications of one process as one text.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prometheus::TextEncoder;
use prometheus::proto::MetricFamily;

use super::{Error, Metrics};

/// The beginning of the names of the families of Prometheus' process collector.
const PROCESS: &str = "process_";

/// All metrics of a process in Prometheus' text format, which takes each family once: those of the sinks, the log and the process
/// itself are those of `process`, and all others those of the applications together.
pub fn encode(process: &Metrics, applications: &[Arc<Metrics>]) -> Result<String, Error> {
    let shared: BTreeSet<&str> =
        process.made.iter().filter(|made| made.is_of_process).map(|made| made.name.as_str()).collect();
    let is_of_process = |family: &MetricFamily| family.name().starts_with(PROCESS) || shared.contains(family.name());
    let of_process = process.gather().into_iter().filter(is_of_process);
    let own = applications.iter().flat_map(|metrics| metrics.gather()).filter(|family| !is_of_process(family));
    let mut families: BTreeMap<String, MetricFamily> = BTreeMap::new();
    for mut family in of_process.chain(own) {
        match families.entry(family.name().to_owned()) {
            Entry::Vacant(place) => drop(place.insert(family)),
            Entry::Occupied(mut known) => known.get_mut().mut_metric().append(family.mut_metric()),
        }
    }
    let families: Vec<MetricFamily> = families.into_values().collect();
    Ok(TextEncoder::new().encode_to_string(&families)?)
}

#[cfg(test)]
mod tests {
    use super::super::{Build, Declared, RecordEnd};
    use super::*;

    #[test]
    fn what_applications_share_is_the_processes_and_the_rest_is_each_ones() {
        let metrics = |name: &str| Metrics::new(name, &Build::default(), Declared::default()).unwrap();
        let (process, application) = (metrics("process"), Arc::new(metrics("a")));
        for metrics in [&process, &*application] {
            metrics.sink.rate_limited("t", true);
            metrics.sink.in_flight("t", 1);
            metrics.producer.target(&crate::model::Topic::new("out"));
        }
        let text = encode(&process, &[Arc::clone(&application)]).unwrap();
        let of = |family: &str| text.lines().filter(|line| line.starts_with(family)).collect::<Vec<_>>();
        assert_eq!(of("sheaf_sink_rate_limited"), ["sheaf_sink_rate_limited{application=\"process\",target=\"t\"} 1"]);
        assert_eq!(of("sheaf_sink_in_flight").len(), 1);
        assert!(of("sheaf_log_messages_total").iter().all(|line| line.contains("application=\"process\"")), "{text}");
        let written = of("sheaf_producer_records_total");
        assert!(!written.is_empty() && written.iter().all(|line| line.contains("application=\"a\"")), "{text}");
    }

    #[test]
    fn the_balance_sheet_is_worked_out_when_it_is_read() {
        let bundles = ["bundle".into()].into();
        let process = Metrics::new("process", &Build::default(), Declared::default()).unwrap();
        let metrics = Metrics::new("a", &Build::default(), Declared { bundles, ..Declared::default() }).unwrap();
        metrics.task.ended("bundle", RecordEnd::DeadLetter, 3);
        let text = encode(&process, &[Arc::new(metrics)]).unwrap();
        for column in ["in", "dead_letter"] {
            let expected = format!("sheaf_balance_records{{application=\"a\",column=\"{column}\"}} 3");
            assert!(text.lines().any(|line| line == expected), "{text}");
        }
    }
}
