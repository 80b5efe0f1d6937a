//! Flows, as the events that Control-M makes of them: `a-TO-b`, added by `a`, waited for and deleted by `b`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::event::{DateRef, EventRef, Wait};
use super::node::Node;

/// Adds the events of a flow among the nodes that lie in `parent`. Names that are not there have been refused.
pub(super) fn expand(flow: &Map<String, Value>, parent: usize, nodes: &mut [Node], used: &mut BTreeMap<String, u32>) {
    let sequence = flow.get("Sequence").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let place = |name: &str| {
        let beside = nodes.iter().position(|node| node.parent == Some(parent) && node.name == name);
        beside.or_else(|| nodes.iter().position(|node| node.parent.is_some() && node.name == name))
    };
    let places: Vec<usize> = sequence.filter_map(place).collect();
    for pair in places.windows(2) {
        let [from, to] = *pair else { continue };
        let (Some(first), Some(second)) = (nodes.get(from), nodes.get(to)) else { continue };
        let event = EventRef { name: event_name(&first.name, &second.name, used), date: DateRef::OrderDate(0) };
        if let Some(from) = nodes.get_mut(from) {
            from.adds.push(event.clone());
        }
        if let Some(to) = nodes.get_mut(to) {
            to.waits.push(Wait::Event(event.clone()));
            to.deletes.push(event);
        }
    }
}

/// The name of the event of a pair; a pair that occurs again has a number.
fn event_name(from: &str, to: &str, used: &mut BTreeMap<String, u32>) -> String {
    let name = format!("{from}-TO-{to}");
    let count = used.entry(name.clone()).or_default();
    *count += 1;
    if *count > 1 { format!("{name}-{count}") } else { name }
}
