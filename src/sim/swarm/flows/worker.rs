//! Workers, customers and operators: they answer once, twice, late, early, wrongly or never.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use super::definition::{Flow, Sends, Step};
use super::message::{self, Ask, Says};
use crate::model::TopicPartition;
use crate::processor::flow::commands::{CANCEL, COMPLETE, DOWNSTREAM, FAIL, RERUN, SKIP, STEP};

/// The share of flows with a step that always fails, in percent.
const STUBBORN: u8 = 15;
/// Rounds of [`Workers::settle`] between two messages of customers.
const CUSTOMER_ROUNDS: u32 = 10;

/// An operator's command.
#[derive(Clone, Debug)]
pub(in crate::sim::swarm) struct Order {
    pub(in crate::sim::swarm) id: Uuid,
    pub(in crate::sim::swarm) key: String,
    pub(in crate::sim::swarm) name: &'static str,
    pub(in crate::sim::swarm) arguments: BTreeMap<String, String>,
    /// How often it is sent.
    pub(in crate::sim::swarm) times: usize,
}

/// All people and services around the flows of a run.
pub(in crate::sim::swarm) struct Workers {
    flow: Flow,
    rng: fastrand::Rng,
    /// The messages that begin flows, not yet written.
    starts: Vec<Value>,
    /// The written ones, by key.
    begun: BTreeMap<String, Value>,
    /// Messages, and when they are written.
    planned: Vec<(Duration, Bytes)>,
    /// The ids of the attempts of each key and step, in their order.
    asks: BTreeMap<(String, &'static str), Vec<String>>,
    /// The keys and steps whose worker always fails.
    stubborn: BTreeSet<(String, &'static str)>,
    /// The ids that are answered at the end.
    settled: BTreeSet<String>,
    rounds: u32,
    is_settled: bool,
    numbers: u64,
    /// The commands that were written.
    pub(in crate::sim::swarm) orders: Vec<Order>,
    /// The offsets up to which workers have read.
    pub(in crate::sim::swarm) seen: BTreeMap<TopicPartition, i64>,
    /// The partitions of the topic of events at its first use.
    pub(in crate::sim::swarm) partitions: Option<i32>,
}

impl Workers {
    pub(in crate::sim::swarm) fn new(flow: Flow, seed: u64) -> Self {
        Self {
            flow,
            rng: fastrand::Rng::with_seed(seed ^ 0xf10e),
            starts: Vec::new(),
            begun: BTreeMap::new(),
            planned: Vec::new(),
            asks: BTreeMap::new(),
            stubborn: BTreeSet::new(),
            settled: BTreeSet::new(),
            rounds: 0,
            is_settled: false,
            numbers: 0,
            orders: Vec::new(),
            seen: BTreeMap::new(),
            partitions: None,
        }
    }

    /// The definition of the flows.
    pub(in crate::sim::swarm) const fn flow(&self) -> Flow {
        self.flow
    }

    /// Plans to begin some more flows.
    pub(in crate::sim::swarm) fn begin_more(&mut self, count: u32) {
        for _ in 0..count {
            self.numbers += 1;
            let key = format!("f-{}", self.numbers);
            self.starts.push(message::start(self.flow, &key, self.rng.u64(0..1_000)));
        }
    }

    /// True if everything was answered.
    pub(in crate::sim::swarm) const fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// The number of flows.
    pub(in crate::sim::swarm) fn count(&self) -> usize {
        self.begun.len()
    }

    /// A random number of milliseconds.
    pub(in crate::sim::swarm) fn millis(&mut self, max: u64) -> u64 {
        self.rng.u64(0..max)
    }

    /// True if flows are still to begin.
    pub(in crate::sim::swarm) fn has_starts(&self) -> bool {
        !self.starts.is_empty()
    }

    /// What is written now: the next start, answers that are due, and now and then what nobody asked for.
    pub(in crate::sim::swarm) fn due(&mut self, now: Duration) -> Vec<Bytes> {
        let mut due: Vec<Bytes> = Vec::new();
        if self.rng.u8(0..100) < 60
            && let Some(start) = self.starts.pop()
        {
            self.begin(start.clone(), now);
            due.push(message::bytes(&start));
        }
        self.planned.sort_by_key(|(at, _)| *at);
        let ready = self.planned.partition_point(|(at, _)| *at <= now);
        due.extend(self.planned.drain(..ready).map(|(_, value)| value));
        due.extend(self.noise());
        due
    }

    fn begin(&mut self, start: Value, now: Duration) {
        let key = message::text(&start, "business_ref_no").to_owned();
        if self.rng.u8(0..100) < STUBBORN {
            let steps: Vec<&Step> =
                self.flow.steps().iter().filter(|step| matches!(step.sends, Sends::Task(_))).collect();
            if let Some(step) = self.rng.choice(steps) {
                self.stubborn.insert((key.clone(), step.name));
            }
        }
        for step in self.flow.steps().iter().filter(|step| matches!(step.sends, Sends::Await(_))) {
            if self.rng.u8(0..100) < 70 {
                self.plan(now, 0..15_000, &message::answer(&key, step, Says::Done, None));
            }
        }
        self.begun.insert(key, start);
    }

    fn plan(&mut self, now: Duration, after: std::ops::Range<u64>, value: &Value) {
        let at = now.saturating_add(Duration::from_millis(self.rng.u64(after)));
        self.planned.push((at, message::bytes(value)));
    }

    /// Decides how a step that asks is answered.
    pub(in crate::sim::swarm) fn asked(&mut self, ask: &Ask, now: Duration) {
        let Some(step) = ask.step else { return };
        let former = self.asks.entry((ask.key.clone(), step.name)).or_default();
        let last = former.last().cloned();
        former.push(ask.id.clone());
        if !step.is_answered() {
            return;
        }
        let of = |says, id: Option<String>| message::answer(&ask.key, step, says, id);
        let id = if self.rng.u8(0..100) < 70 { Some(ask.id.clone()) } else { None };
        if let Some(last) = last
            && self.rng.u8(0..100) < 50
        {
            let says = if self.rng.u8(0..4) > 0 { Says::Done } else { Says::Failed };
            self.plan(now, 0..2_000, &of(says, Some(last)));
        }
        if self.rng.u8(0..100) < 8 {
            let wrong = Uuid::from_u128(self.rng.u128(..)).to_string();
            self.plan(now, 0..2_000, &of(Says::Done, Some(wrong)));
        }
        if self.stubborn.contains(&(ask.key.clone(), step.name)) {
            return self.plan(now, 0..2_000, &of(Says::Failed, id));
        }
        match self.rng.u8(0..100) {
            0..55 => self.plan(now, 0..3_000, &of(Says::Done, id)),
            55..67 => {
                self.plan(now, 0..3_000, &of(Says::Done, id.clone()));
                self.plan(now, 0..6_000, &of(Says::Done, id));
            }
            67..76 => self.plan(now, 0..3_000, &of(Says::Failed, id)),
            76..81 => self.plan(now, 0..3_000, &of(Says::Refused, id)),
            81..85 => self.plan(now, 0..3_000, &of(Says::Pending, id)),
            85..92 => self.plan(now, 8_000..30_000, &of(Says::Done, Some(ask.id.clone()))),
            _ => {}
        }
    }

    /// A message that nobody has asked for.
    fn noise(&mut self) -> Option<Bytes> {
        if self.rng.u8(0..100) >= 20 {
            return None;
        }
        let keys: Vec<&String> = self.begun.keys().collect();
        let key = self.rng.choice(keys)?.clone();
        let start = self.begun.get(&key).cloned().unwrap_or_default();
        let steps: Vec<&Step> = self.flow.steps().iter().filter(|step| step.is_answered()).collect();
        let step = self.rng.choice(steps)?;
        let with = |mut value: Value, name: &str, to: Value| {
            value.as_object_mut().map(|fields| fields.insert(name.to_owned(), to));
            message::bytes(&value)
        };
        let done = message::answer(&key, step, Says::Done, None);
        let number = self.rng.u64(..);
        Some(match self.rng.u8(0..20) {
            0 => Bytes::from(format!("no message {number}")),
            1 => with(done, "event_name", Value::from("SomethingElse")),
            2 => with(done, "business_ref_no", Value::from(format!("nobody-{number}"))),
            3 if matches!(step.sends, Sends::Task(_)) => with(done, "task_name", Value::from("no-task")),
            4 => message::bytes(&start),
            5 => with(start, "other", Value::from(number)),
            6 => {
                let start = with(start, "restart", Value::from(true));
                let start: Value = serde_json::from_slice(&start).unwrap_or_default();
                with(start, "number", Value::from(number))
            }
            7..9 => message::bytes(&message::answer(&key, step, Says::Refused, None)),
            9..11 => message::bytes(&message::answer(&key, step, Says::Failed, None)),
            _ => message::bytes(&done),
        })
    }

    /// A command of an operator.
    pub(in crate::sim::swarm) fn order(&mut self) -> Option<Order> {
        let rng = &mut self.rng;
        if rng.u32(0..1_000) >= 80 {
            return None;
        }
        let keys: Vec<&String> = self.begun.keys().collect();
        let key = rng.choice(keys)?.clone();
        let step = rng.choice(self.flow.steps())?;
        let name = *rng.choice(&[RERUN, RERUN, COMPLETE, SKIP, FAIL, CANCEL])?;
        let mut arguments = BTreeMap::new();
        if name != CANCEL {
            arguments.insert(STEP.to_owned(), step.name.to_owned());
        }
        if name == RERUN && rng.bool() {
            arguments.insert(DOWNSTREAM.to_owned(), "yes".to_owned());
        }
        let times = if rng.u8(0..100) < 30 { 2 } else { 1 };
        Some(Order { id: Uuid::from_u128(rng.u128(..)), key, name, arguments, times })
    }

    /// The command for a step that is held.
    pub(in crate::sim::swarm) fn complete(&mut self, key: &str, step: &str) -> Order {
        let arguments = [(STEP.to_owned(), step.to_owned())].into();
        Order { id: Uuid::from_u128(self.rng.u128(..)), key: key.to_owned(), name: COMPLETE, arguments, times: 1 }
    }

    /// Forgets what was planned: from now on everything is answered.
    pub(in crate::sim::swarm) fn settle_down(&mut self) {
        self.planned.clear();
        self.is_settled = true;
    }

    /// The answers to all that is asked and not answered since [`Workers::settle_down`], of these flows.
    pub(in crate::sim::swarm) fn settle(&mut self, open: &BTreeSet<String>) -> Vec<Bytes> {
        let mut answers = Vec::new();
        for ((key, name), ids) in &self.asks {
            let step = self.flow.step(name).filter(|step| step.is_answered() && open.contains(key));
            if let (Some(step), Some(id)) = (step, ids.last())
                && self.settled.insert(id.clone())
            {
                answers.push(message::bytes(&message::answer(key, step, Says::Done, Some(id.clone()))));
            }
        }
        if self.rounds.is_multiple_of(CUSTOMER_ROUNDS) {
            for step in self.flow.steps().iter().filter(|step| matches!(step.sends, Sends::Await(_))) {
                let to = open.iter().map(|key| message::bytes(&message::answer(key, step, Says::Done, None)));
                answers.extend(to);
            }
        }
        self.rounds += 1;
        answers
    }
}
