//! The end of a demo: the table of bundles, and the verdict of the oracle.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde_json::json;

use crate::model::Timestamp;
use crate::sim::Sent;
use crate::sim::oracle::{self, Outcome};

/// A table with a row for each bundle.
pub(super) fn table(sent: &[Sent], outcome: &Outcome, start: Timestamp) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["bundle", "members", "first", "complete", "submissions", "folders", "alerts"]);
    let mut rows: Vec<_> = oracle::expected(sent).into_iter().collect();
    rows.sort_by_key(|(_, bundle)| bundle.first);
    for (number, (id, bundle)) in rows.into_iter().enumerate() {
        let key = id.to_string();
        let of_bundle = |record: &&crate::model::Record| record.key.as_deref() == Some(key.as_bytes());
        let wanted = bundle.children.map_or_else(|| "?".to_owned(), |children| (children + 1).to_string());
        table.add_row([
            format!("{:>2}  {}", number + 1, key.split('-').next().unwrap_or_default()),
            format!("{} of {wanted}", bundle.members.len()),
            time(bundle.first, start),
            bundle.completed.map_or_else(|| "never".to_owned(), |at| time(at, start)),
            outcome.submissions.iter().filter(of_bundle).count().to_string(),
            outcome.folders.get(&format!("folder-{key}")).copied().unwrap_or(0).to_string(),
            outcome.alerts.iter().filter(of_bundle).count().to_string(),
        ]);
    }
    format!("\n{table}")
}

/// The verdict as text.
pub(super) fn sentence(sent: &[Sent], outcome: &Outcome, violations: &[String], colours: bool) -> String {
    let bundles = oracle::expected(sent).len();
    if violations.is_empty() {
        let alerts = match outcome.alerts.len() {
            1 => "1 alert".to_owned(),
            number => format!("{number} alerts"),
        };
        let text = format!(
            "The oracle agrees: {} events of {bundles} bundles; {} complete, each submitted\n\
             exactly once; {}; nothing lost, nothing doubled.",
            sent.len(),
            outcome.submissions.len(),
            alerts,
        );
        return if colours { format!("\x1b[1;32m{text}\x1b[0m") } else { text };
    }
    let text = format!("The oracle disagrees:\n  {}", violations.join("\n  "));
    if colours { format!("\x1b[1;31m{text}\x1b[0m") } else { text }
}

/// The verdict as JSON.
pub(super) fn json(violations: &[String]) -> String {
    json!({ "verdict": if violations.is_empty() { "right" } else { "wrong" }, "violations": violations }).to_string()
}

fn time(at: Timestamp, start: Timestamp) -> String {
    let minutes = at.since(start).as_secs() / 60;
    format!("{:>2}:{:02}h", minutes / 60, minutes % 60)
}
