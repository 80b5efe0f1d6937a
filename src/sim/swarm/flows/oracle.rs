//! The oracle of a run of flows: from what was written and committed, in the order of the history.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

use super::case::{Case, Sent};
use super::definition::Flow;
use super::message::{Ask, text, value};
use super::transition::{Input, Transition};
use super::worker::Order;
use crate::model::Record;

/// The messages by place: as JSON, and as they are written.
type Sources = BTreeMap<String, (Value, String)>;
/// How often the message at each place was taken.
type Taken<'a> = BTreeMap<&'a str, usize>;

/// All that was committed.
#[derive(Debug, Default)]
pub(in crate::sim::swarm) struct Observed {
    /// The messages to flows.
    pub(in crate::sim::swarm) sources: Vec<Record>,
    pub(in crate::sim::swarm) history: Vec<Record>,
    /// The records of all outputs but the ends.
    pub(in crate::sim::swarm) sent: Vec<Record>,
    pub(in crate::sim::swarm) ends: Vec<Record>,
    pub(in crate::sim::swarm) alerts: Vec<Record>,
    pub(in crate::sim::swarm) dead_letters: Vec<Record>,
    /// The commands that were written.
    pub(in crate::sim::swarm) orders: Vec<Order>,
    /// The requests that the card service has executed: flow and key.
    pub(in crate::sim::swarm) requests: BTreeSet<(String, String)>,
}

/// What the oracle has found.
#[derive(Debug, Default)]
pub(in crate::sim::swarm) struct Found {
    pub(in crate::sim::swarm) violations: Vec<String>,
    /// The statuses of each flow after its latest step.
    pub(in crate::sim::swarm) statuses: BTreeMap<String, Vec<String>>,
    /// How often each count, alert, and word of a rejection was in the history.
    pub(in crate::sim::swarm) events: BTreeMap<String, u64>,
}

impl Found {
    /// The flows that have not ended.
    pub(in crate::sim::swarm) fn open(&self) -> BTreeSet<String> {
        let is_open = |statuses: &[String]| statuses.iter().any(|status| status.starts_with("open/"));
        self.statuses.iter().filter(|(_, statuses)| is_open(statuses)).map(|(key, _)| key.clone()).collect()
    }
}

/// Checks a run.
pub(in crate::sim::swarm) fn check(flow: Flow, observed: &Observed) -> Found {
    let mut found = Found::default();
    let sources: Sources =
        observed.sources.iter().map(|record| (place(record), (value(record), raw(record)))).collect();
    let orders: BTreeMap<String, &Order> = observed.orders.iter().map(|order| (order.id.to_string(), order)).collect();
    let mut sent = sent_by_flow(flow, observed, &mut found);
    let history: Vec<Value> = observed.history.iter().map(value).collect();
    let mut by_key: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for step in &history {
        by_key.entry(text(step, "key")).or_default().push(step);
    }
    let mut steps = Taken::new();
    let mut letters: Vec<Bytes> = Vec::new();
    for (key, history) in by_key {
        let mut case = Case::new(flow, key);
        let mut own = sent.remove(key).unwrap_or_default();
        for step in history {
            let Some(input) = input(step, &sources, &orders, &mut steps) else {
                found.violations.push(format!("flow {key}: an input that nobody has written: {step}"));
                continue;
            };
            let transition = Transition::read(step, input);
            if transition.is_rejected
                && let Input::Message { raw, .. } = transition.input
            {
                letters.push(Bytes::from(raw.to_owned()));
            }
            case.take(&transition, &mut own);
            let after = transition.after.iter().map(|status| (*status).to_owned()).collect();
            count(&transition, step, &mut found.events);
            found.statuses.insert(key.to_owned(), after);
        }
        let left = own.values().map(std::collections::VecDeque::len).sum::<usize>();
        if left > 0 {
            found.violations.push(format!("flow {key}: {left} records are sent by no step"));
        }
        check_alerts(key, &case, observed, &mut found.violations);
        let keys = observed.requests.iter().filter(|(flow, _)| flow == key).count();
        if keys > 1 + case.reruns {
            let reruns = case.reruns;
            let what = format!("flow {key}: its call has {keys} keys, and it has begun anew {reruns} times");
            found.violations.push(what);
        }
        found.violations.append(&mut case.violations);
    }
    found.violations.extend(sent.keys().map(|key| format!("flow {key}: it sends without a step")));
    check_sources(flow, observed, (&sources, &steps), letters, &mut found.violations);
    check_ends(observed, &mut found.violations);
    found
}

/// The records of each flow by output, in their order; no id is there twice.
fn sent_by_flow(flow: Flow, observed: &Observed, found: &mut Found) -> BTreeMap<String, Sent> {
    let mut ids = BTreeSet::new();
    let mut sent: BTreeMap<String, Sent> = BTreeMap::new();
    for record in &observed.sent {
        let ask = Ask::read(flow, record);
        if ask.id.is_empty() || !ids.insert(ask.id.clone()) {
            found.violations.push(format!("flow {}: the id `{}` is written twice", ask.key, ask.id));
        }
        let output = ask.step.and_then(super::definition::Step::output).unwrap_or_default();
        sent.entry(ask.key.clone()).or_default().entry(output.to_owned()).or_default().push_back(ask);
    }
    sent
}

/// The input of a step of the history; `None` if nobody has written it.
fn input<'a>(
    step: &'a Value,
    sources: &'a Sources,
    orders: &BTreeMap<String, &'a Order>,
    steps: &mut Taken<'a>,
) -> Option<Input<'a>> {
    let input = step.get("input")?;
    Some(match text(input, "kind") {
        "record" => {
            let (place, (value, raw)) = sources.get_key_value(text(input, "source"))?;
            *steps.entry(place).or_default() += 1;
            Input::Message { value, raw }
        }
        "command" => {
            let order = orders.get(text(input, "id"))?;
            let step = order.arguments.get("step").map(String::as_str).unwrap_or_default();
            Input::Command { id: text(input, "id"), name: order.name, step }
        }
        "timer" if text(input, "name").starts_with("deadline") => Input::Deadline,
        "outcome" if text(input, "verdict") == "answered" => Input::Answered,
        _ => Input::Other,
    })
}

/// A held step has one alert, and one more for each time that an operator has failed it.
fn check_alerts(key: &str, case: &Case<'_>, observed: &Observed, violations: &mut Vec<String>) {
    let mut held: BTreeMap<String, usize> = BTreeMap::new();
    for alert in observed.alerts.iter().map(value) {
        if text(&alert, "kind") == "flow_held" && text(&alert, "key") == key {
            let part = |name: &str| alert.pointer(&format!("/details/{name}")).cloned().unwrap_or_default();
            *held.entry(format!("{} {}", part("step"), part("attempt"))).or_default() += 1;
        }
    }
    for (step, alerts) in held.into_iter().filter(|(_, alerts)| *alerts > 1 + case.failed_by_command) {
        violations.push(format!("flow {key}: {alerts} alerts that {step} is held"));
    }
}

/// Each message of a type that the flows know has one step; what is rejected is a dead letter, and nothing else is.
fn check_sources(
    flow: Flow,
    observed: &Observed,
    (sources, steps): (&Sources, &Taken<'_>),
    mut letters: Vec<Bytes>,
    violations: &mut Vec<String>,
) {
    for (place, (value, raw)) in sources {
        let is_known = !matches!(text(value, "event_name"), "" | "SomethingElse");
        let taken = steps.get(place.as_str()).copied().unwrap_or_default();
        if taken != usize::from(is_known) {
            violations.push(format!("{place} was taken {taken} times: {raw}"));
        }
        if !is_known && (value.is_null() || !flow.is_open()) {
            letters.push(Bytes::from(raw.clone()));
        }
    }
    let mut found: Vec<Bytes> =
        observed.dead_letters.iter().map(|letter| letter.value.clone().unwrap_or_default()).collect();
    found.sort();
    letters.sort();
    if found != letters {
        violations.push(format!("dead letters {found:?} instead of {letters:?}"));
    }
}

/// The ids of ends are there once, and count from 1.
fn check_ends(observed: &Observed, violations: &mut Vec<String>) {
    let mut numbers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for record in &observed.ends {
        let id = record.headers.text("ce_id").unwrap_or_default();
        let number = id.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default();
        numbers.entry(text(&value(record), "key").to_owned()).or_default().push(number);
    }
    for (key, numbers) in numbers {
        if numbers != (1..=numbers.len()).collect::<Vec<_>>() {
            violations.push(format!("flow {key}: its ends have the numbers {numbers:?}"));
        }
    }
}

/// Counts what happened in a step.
fn count(transition: &Transition<'_>, step: &Value, events: &mut BTreeMap<String, u64>) {
    let mut add = |what: &str| *events.entry(what.to_owned()).or_default() += 1;
    transition.alerts.iter().for_each(|alert| add(alert));
    for effect in step.get("effects").and_then(Value::as_array).into_iter().flatten() {
        if text(effect, "effect") == "count" {
            add(text(effect, "name"));
        }
    }
    if transition.is_rejected {
        add("rejected");
    }
    match transition.input {
        Input::Deadline => add("deadline"),
        Input::Answered => add("answered"),
        Input::Command { .. } if !transition.is_rejected => add("command"),
        Input::Message { .. } | Input::Command { .. } | Input::Other => {}
    }
}

/// The place of a record as the history names it.
fn place(record: &Record) -> String {
    format!("{}@{}", record.source, record.offset)
}

fn raw(record: &Record) -> String {
    String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
}
