//! A topology as a text diagram, for `sheaf topology describe`.

use super::{Node, Topology, internal_topic};

/// A diagram of the topics that each processor reads and writes.
///
/// ```text
/// bundle
///
///   ctm-parent-events   ─┐
///   ctm-children-events ─┴─▶ ctm-bundle-inbox ─▶ [bundle] ─┬─▶ ctm-submissions       submissions
///                                                          ├─▶ ctm-bundle-changelog  state
///                                                          ├─▶ ctm-alerts            alerts
///                                                          └─▶ ctm-dead-letters      dead letters
/// ```
pub fn describe(topology: &Topology, application: &str) -> String {
    let mut lines = vec![format!("topology {}, application {application}", topology.name)];
    for (index, node) in topology.nodes.iter().enumerate() {
        let sources: Vec<&str> =
            topology.sources.iter().filter(|source| source.node == index).map(|source| source.topic.as_str()).collect();
        lines.extend([String::new(), node.name.to_string(), String::new()]);
        lines.extend(diagram(&sources, node, application).iter().map(|row| format!("  {}", row.trim_end())));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Sources are above and left of the processor, outputs right and below.
fn diagram(sources: &[&str], node: &Node, application: &str) -> Vec<String> {
    let left = joined(sources);
    let inbox = node.inbox(application);
    let middle = format!("─▶ {inbox} ─▶ [{}] ─", node.name);
    let right = branched(&outputs(node, application));
    let (above, beside) = (left.len().saturating_sub(1), left.last().map_or("", String::as_str));
    let mut rows: Vec<String> = left.iter().take(above).cloned().collect();
    let indent = " ".repeat(beside.chars().count() + middle.chars().count());
    for (index, output) in right.iter().enumerate() {
        rows.push(if index == 0 { format!("{beside}{middle}{output}") } else { format!("{indent}{output}") });
    }
    rows
}

fn outputs<'a>(node: &'a Node, application: &str) -> Vec<(String, &'a str)> {
    let own = |rest: &str| internal_topic(application, rest).as_str().to_owned();
    let named = node.outputs.iter().map(|output| (output.topic.as_str().to_owned(), &*output.name));
    let state = (node.changelog(application).as_str().to_owned(), "state");
    let alerts = (!node.processor.alerts().is_empty()).then(|| (own("alerts"), "alerts"));
    let dead_letters = (own("dead-letters"), "dead letters");
    let history = node.history.then(|| (own("history"), "history"));
    named.chain([state]).chain(alerts).chain([dead_letters]).chain(history).collect()
}

fn joined(sources: &[&str]) -> Vec<String> {
    let width = widest(sources.iter().copied());
    let last = sources.len().saturating_sub(1);
    let row = |(index, source): (usize, &&str)| {
        let line = match index {
            0 if last == 0 => "───",
            0 => "─┐",
            _ if index == last => "─┴",
            _ => "─┤",
        };
        format!("{source:width$} {line}")
    };
    sources.iter().enumerate().map(row).collect()
}

fn branched(outputs: &[(String, &str)]) -> Vec<String> {
    let width = widest(outputs.iter().map(|(topic, _)| topic.as_str()));
    let last = outputs.len().saturating_sub(1);
    let row = |(index, (topic, name)): (usize, &(String, &str))| {
        let line = match index {
            0 if last == 0 => "─",
            0 => "┬",
            _ if index == last => "└",
            _ => "├",
        };
        format!("{line}─▶ {topic:width$}  {name}")
    };
    outputs.iter().enumerate().map(row).collect()
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}
