//! Tells what has happened in a topology since it was last looked at, in the lines of golden text.

use std::collections::{BTreeMap, BTreeSet};

use super::json;
use crate::codec::{Head, entry};
use crate::model::{Key, Record, Timer, TimerKind, Topic};
use crate::processor::Count;
use crate::processor::bundle::count::MEMBERS;
use crate::processor::dead_letter::DEAD_LETTER;
use crate::testing::golden::hours;
use crate::testing::{DriverError, PendingAct, Raised, TestDriver};
use crate::topology::Node;

/// The parts of the output that a scenario switches on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    /// The headers of forwarded records.
    pub headers: bool,
    /// The contents of requests.
    pub requests: bool,
}

/// What was seen of a topology so far.
#[derive(Debug, Default)]
pub(super) struct Observer {
    entries: BTreeMap<(usize, Key), Vec<u8>>,
    counts: BTreeMap<Count, u64>,
    passed: BTreeMap<String, u64>,
    acts: Vec<PendingAct>,
    /// The records that the scenario has sent: topic and offset.
    sent: BTreeSet<(Topic, i64)>,
}

type Result<T> = std::result::Result<T, DriverError>;

impl Observer {
    /// A record is sent by the scenario, and so is none that the topology forwards.
    pub(super) fn sent(&mut self, topic: &Topic, offset: i64) {
        self.sent.insert((topic.clone(), offset));
    }

    /// The lines of what has happened: by processor, upstream first, then acts, alerts and dead letters.
    pub(super) fn observe(&mut self, driver: &mut TestDriver, shown: Shown) -> Result<Vec<String>> {
        let nodes = driver.plan().topology.nodes.clone();
        let before = std::mem::replace(&mut self.entries, driver.entries()?);
        let mut lines = self.passed(driver);
        // What becomes of dead letters is the operators' business and not the topology's.
        for (index, node) in nodes.iter().enumerate().filter(|(_, node)| *node.name != *DEAD_LETTER) {
            lines.extend(self.states(index, node, &before)?);
            lines.extend(self.counts(driver, node));
            for output in &node.outputs {
                let mut records = driver.read(output.topic.as_str())?;
                // What the scenario sends itself stands in it.
                records.retain(|record| !self.sent.contains(&(record.source.topic.clone(), record.offset)));
                for record in records {
                    lines.extend(forward(&output.name, &record, shown.headers));
                }
            }
        }
        lines.extend(self.acts(driver, shown.requests));
        driver.alerts()?.iter().for_each(|raised| lines.extend(alert(raised)));
        let letters = driver.dead_letters()?;
        lines.extend(letters.iter().map(|letter| format!("dead    {}: {}", letter.reason, letter.detail)));
        Ok(lines.into_iter().map(|line| line.trim_end().to_owned()).collect())
    }

    /// The topics with records that were passed over.
    fn passed(&mut self, driver: &TestDriver) -> Vec<String> {
        let Some(metrics) = driver.metrics() else { return Vec::new() };
        let sources = driver.plan().topology.sources.iter();
        let lines = sources.filter_map(|source| {
            let now = metrics.consumer.passed_of(&source.topic);
            let before = self.passed.insert(source.topic.to_string(), now).unwrap_or(0);
            (now > before).then(|| format!("pass    {}{}", source.topic, times(now - before)))
        });
        lines.collect()
    }

    /// The entries of a processor that have changed, with their timers.
    fn states(&self, index: usize, node: &Node, before: &BTreeMap<(usize, Key), Vec<u8>>) -> Result<Vec<String>> {
        let of_node = |entries: &BTreeMap<(usize, Key), Vec<u8>>| -> Vec<Key> {
            entries.keys().filter(|(node, _)| *node == index).map(|(_, key)| key.clone()).collect()
        };
        let mut keys = [of_node(before), of_node(&self.entries)].concat();
        keys.sort_unstable();
        keys.dedup();
        let mut lines = Vec::new();
        for key in keys {
            let at = (index, key);
            let (old, new) = (before.get(&at), self.entries.get(&at));
            if old == new {
                continue;
            }
            let (old, new) = (old.map(|bytes| head(bytes)).transpose()?, new.map(|bytes| head(bytes)).transpose()?);
            let subject = format!("{} {}", node.name, at.1);
            lines.push(format!("state   {subject} {}", new.as_ref().map_or("none".to_owned(), |new| name(node, new))));
            let Some(new) = new else { continue };
            let old = old.map(|old| old.timers).unwrap_or_default();
            lines.extend(timers(&subject, &old, &new.timers));
        }
        Ok(lines)
    }

    /// The counters of a processor that have increased.
    fn counts(&mut self, driver: &TestDriver, node: &Node) -> Vec<String> {
        let Some(metrics) = driver.metrics() else { return Vec::new() };
        let families = node.processor.metrics();
        // The members that leave follow from the rest.
        let shown = families.iter().filter(|family| family.name != MEMBERS);
        let counts =
            shown.flat_map(|family| family.series.iter().map(|labels| Count { family: family.name, labels: *labels }));
        let lines = counts.filter_map(|count| {
            let now = metrics.counted(count);
            let before = self.counts.insert(count, now).unwrap_or(0);
            let labels = count.labels.join(" ");
            (now > before).then(|| {
                format!("count   {} {}", count.family, labels.trim()).trim_end().to_owned() + &times(now - before)
            })
        });
        lines.collect()
    }

    /// The acts that were started.
    fn acts(&mut self, driver: &TestDriver, with_contents: bool) -> Vec<String> {
        let pending = driver.acts();
        let new = pending.iter().filter(|act| !self.acts.contains(act));
        let lines = new.flat_map(|act| print_act(act, with_contents)).collect();
        self.acts = pending;
        lines
    }
}

fn head(bytes: &[u8]) -> Result<Head> {
    Ok(entry::decode(bytes)?.head)
}

/// The names of an entry's statuses.
fn name(node: &Node, head: &Head) -> String {
    let names = head.statuses.as_slice().iter().map(|status| node.processor.status_name(*status).into_owned());
    let names: Vec<String> = names.collect();
    if names.is_empty() { "stored".to_owned() } else { names.join(" ") }
}

fn timers(subject: &str, old: &[Timer], new: &[Timer]) -> Vec<String> {
    let set = new.iter().filter(|timer| !old.contains(timer));
    let set = set.map(|timer| format!("timer   {subject} {} due={}", timer_name(timer.kind), hours(timer.due)));
    let gone = old.iter().filter(|timer| !new.iter().any(|other| other.kind == timer.kind));
    set.chain(gone.map(|timer| format!("untimer {subject} {}", timer_name(timer.kind)))).collect()
}

/// `deadline` or `delay`, with the slot if it is not the first one.
fn timer_name(kind: TimerKind) -> String {
    let (name, slot) = match kind {
        TimerKind::Deadline(slot) => ("deadline", slot),
        TimerKind::Delay(slot) => ("delay", slot),
    };
    if slot == 0 { name.to_owned() } else { format!("{name}-{slot}") }
}

fn forward(output: &str, record: &Record, with_headers: bool) -> Vec<String> {
    let text = |bytes: &Option<bytes::Bytes>| {
        bytes.as_deref().map_or_else(|| "null".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    // A line is a line, also in a value that has several.
    let value = text(&record.value).replace(['\n', '\r'], " ");
    let mut lines = vec![format!("forward {output} key={} {value}", text(&record.key))];
    for header in record.headers.iter().filter(|_| with_headers) {
        lines.push(format!("        {}: {}", header.name, text(&header.value)));
    }
    lines
}

/// An act in one line. What a text field of its request holds as JSON of its own is content: with it, the lines below show it.
fn print_act(pending: &PendingAct, with_contents: bool) -> Vec<String> {
    let PendingAct { key, act } = pending;
    let mut contents = Vec::new();
    let request = match serde_json::from_str::<BTreeMap<String, serde_json::Value>>(&act.request) {
        Ok(mut fields) => {
            fields.retain(|name, value| {
                let content = value.as_str().and_then(json::pretty);
                content.map(|lines| contents.push((name.clone(), lines))).is_none()
            });
            serde_json::to_string(&fields).unwrap_or_default()
        }
        Err(_) => act.request.clone(),
    };
    let mut lines = vec![format!("act     {} key={key} attempt={} {request}", act.to, act.attempt)];
    for (name, content) in contents.into_iter().filter(|_| with_contents) {
        lines.push(format!("        {name}:"));
        lines.extend(content.iter().map(|line| format!("          {line}")));
    }
    lines
}

fn alert(raised: &Raised) -> [String; 2] {
    let Raised { key, alert } = raised;
    let severity = format!("{:?}", alert.severity).to_lowercase();
    let details = serde_json::to_string(&alert.details).unwrap_or_default();
    let (kind, at, message) = (&alert.kind, hours(alert.at), &alert.message);
    [format!("alert   {kind} {severity} key={key} at={at}: {message}"), format!("        {details}")]
}

/// ` x3` for more than one.
fn times(number: u64) -> String {
    if number == 1 { String::new() } else { format!(" x{number}") }
}
