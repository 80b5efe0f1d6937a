//! The reference page of all families.

use std::collections::{BTreeMap, BTreeSet};

use super::registry::Made;
use super::{Build, Declared, Error, Metrics};

const HEAD: &str = "# Metrics

<!-- Generated from src/metric; a test compares it. SHEAF_UPDATE_DOCS=1 writes it anew. -->

`GET /metrics` returns these in Prometheus' text format. All of them also have the label `application`. The values in
brackets are all values of a label; their series are 0 from the start, so that `increase()` includes the first event. The
series of a partition or a task are removed with it. The metrics of the process (`process_*`: CPU, memory, open files) are
included.

| metric | kind | labels | meaning |
|---|---|---|---|
";

/// `docs/metrics.md`; `declared` has the families and alerts of this crate's processors.
pub fn reference_page(declared: Declared) -> Result<String, Error> {
    let metrics = Metrics::new("any", &Build::default(), declared)?;
    let known = known_values(&metrics);
    let mut made: Vec<&Made> = metrics.made.iter().collect();
    made.sort_by(|one, other| one.name.cmp(&other.name));
    let rows = made.into_iter().map(|made| {
        let Made { name, kind, help, .. } = made;
        let labels: Vec<String> = made.labels.iter().map(|label| shown(name, label, &known)).collect();
        format!("| `{name}` | {kind} | {} | {help} |\n", labels.join("; "))
    });
    Ok(rows.fold(HEAD.to_owned(), |page, row| page + &row))
}

type Known = BTreeMap<(String, String), BTreeSet<String>>;

/// The values of each family's labels at the start.
fn known_values(metrics: &Metrics) -> Known {
    let mut known = Known::new();
    for family in metrics.registry.gather() {
        for label in family.get_metric().iter().flat_map(prometheus::proto::Metric::get_label) {
            let place = (family.name().to_owned(), label.name().to_owned());
            known.entry(place).or_default().insert(label.value().to_owned());
        }
    }
    known
}

fn shown(name: &str, label: &str, known: &Known) -> String {
    let values = known.get(&(name.to_owned(), label.to_owned()));
    let values: Vec<&str> = values.into_iter().flatten().map(String::as_str).filter(|it| !it.is_empty()).collect();
    if values.is_empty() { format!("`{label}`") } else { format!("`{label}` ({})", values.join(", ")) }
}
