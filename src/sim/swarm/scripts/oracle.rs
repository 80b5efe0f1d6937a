//! What a thread of `rounds.ts` writes, by its events in their order.

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) const ASKS: &str = "script-asks";
pub(super) const RESULTS: &str = "workflow-result";
pub(super) const ERRORS: &str = "workflow-error";

/// A thread that waits.
struct Open {
    names: Vec<String>,
    rounds: u64,
    got: BTreeMap<String, String>,
    answers: u64,
    all: Vec<String>,
}

/// What is written by topic.
pub(in crate::sim::swarm) type Written = BTreeMap<&'static str, Vec<String>>;

/// The records that come of the events of a thread.
pub(in crate::sim::swarm) fn expected(key: &str, events: &[String]) -> Written {
    let mut written = Written::from([ASKS, RESULTS, ERRORS].map(|topic| (topic, Vec::new())));
    let mut state: Option<Open> = None;
    for event in events {
        state = match event.strip_prefix("new:") {
            Some(argument) => Some(begin(argument, &mut written)),
            None => state.and_then(|open| on_event(key, open, event, &mut written)),
        };
    }
    written
}

fn write(written: &mut Written, topic: &'static str, value: String) {
    written.entry(topic).or_default().push(value);
}

fn begin(argument: &str, written: &mut Written) -> Open {
    let argument: Value = serde_json::from_str(argument).unwrap_or_default();
    let names = serde_json::from_value(argument.get("names").cloned().unwrap_or_default()).unwrap_or_default();
    let rounds = argument.get("rounds").and_then(Value::as_u64).unwrap_or_default();
    let open = Open { names, rounds, got: BTreeMap::new(), answers: 0, all: Vec::new() };
    ask(&open, written);
    open
}

fn ask(open: &Open, written: &mut Written) {
    open.names.iter().for_each(|name| write(written, ASKS, name.clone()));
}

fn on_event(key: &str, mut open: Open, event: &str, written: &mut Written) -> Option<Open> {
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    let name = event.get("ref").and_then(Value::as_str).unwrap_or_default();
    if !open.names.iter().any(|known| known == name) || open.got.contains_key(name) {
        return Some(open);
    }
    if let Some(error) = event.get("error") {
        for other in open.names.iter().filter(|other| *other != name && !open.got.contains_key(*other)) {
            write(written, ASKS, format!("cancel {other}"));
        }
        write(written, ERRORS, error.to_string());
        return None;
    }
    let value = event.get("value").and_then(Value::as_str).unwrap_or_default();
    open.got.insert(name.to_owned(), value.to_owned());
    open.answers += 1;
    if open.got.len() < open.names.len() {
        return Some(open);
    }
    let got = std::mem::take(&mut open.got);
    open.all.push(open.names.iter().filter_map(|name| got.get(name).cloned()).collect());
    if u64::try_from(open.all.len()).unwrap_or_default() < open.rounds {
        ask(&open, written);
        return Some(open);
    }
    // In the order of the script's object.
    let all = json!(open.all);
    write(written, RESULTS, format!("{{\"thread\":\"{key}\",\"answers\":{},\"all\":{all}}}", open.answers));
    None
}
