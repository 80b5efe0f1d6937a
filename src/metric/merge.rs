//! The metrics of several applications of one process as one text.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use prometheus::TextEncoder;
use prometheus::proto::MetricFamily;

use super::{Error, Metrics};

/// The families that are of the process, because its applications share sinks and log.
const OF_PROCESS: [&str; 6] = [
    "sheaf_http_request_duration_seconds",
    "sheaf_http_requests_total",
    "sheaf_log_messages_total",
    "sheaf_sink_in_flight",
    "sheaf_sink_request_duration_seconds",
    "sheaf_sink_suspended",
];
/// The beginning of the names of the families of Prometheus' process collector.
const PROCESS: &str = "process_";

/// All metrics of a process in Prometheus' text format, which takes each family once: those of the sinks, the log and the process
/// itself are those of `process`, and all others those of the applications together.
pub fn encode(process: &Metrics, applications: &[Arc<Metrics>]) -> Result<String, Error> {
    let shared = process.registry.gather().into_iter().filter(is_of_process);
    let own = applications.iter().flat_map(|metrics| metrics.registry.gather()).filter(|family| !is_of_process(family));
    let mut families: BTreeMap<String, MetricFamily> = BTreeMap::new();
    for mut family in shared.chain(own) {
        match families.entry(family.name().to_owned()) {
            Entry::Vacant(place) => drop(place.insert(family)),
            Entry::Occupied(mut known) => known.get_mut().mut_metric().append(family.mut_metric()),
        }
    }
    let families: Vec<MetricFamily> = families.into_values().collect();
    Ok(TextEncoder::new().encode_to_string(&families)?)
}

fn is_of_process(family: &MetricFamily) -> bool {
    family.name().starts_with(PROCESS) || OF_PROCESS.contains(&family.name())
}
