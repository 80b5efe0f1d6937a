//! The oracle of one flow: what it may send, by the inputs that it has taken, in their order.
//!
//! The inputs are the messages of the source, as they are written, and the commands of operators; the history tells their order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::asked::Asked;
use super::definition::{Flow, Sends, Step};
use super::message::{Ask, Says, id, text};
use super::transition::{Input, Transition};
use crate::processor::flow::commands::{COMPLETE, FAIL, RERUN, SKIP};

/// What a flow has sent, by output, in its order.
pub(super) type Sent = BTreeMap<String, VecDeque<Ask>>;

/// The oracle of one flow.
pub(super) struct Case<'a> {
    flow: Flow,
    key: &'a str,
    /// The message that has begun it.
    start: Option<String>,
    /// The steps that were over, and what the start says.
    facts: BTreeSet<String>,
    /// The steps that are done and not taken back.
    done: BTreeSet<&'static str>,
    asked: BTreeMap<&'static str, Asked>,
    /// The commands that were executed.
    commands: BTreeSet<String>,
    /// True if an operator or a second start has changed it: the order of its undos is not judged.
    is_touched: bool,
    /// How often it may have begun a request anew.
    pub(super) reruns: usize,
    /// The steps that operators have failed: each may be held once more.
    pub(super) failed_by_command: usize,
    pub(super) violations: Vec<String>,
}

impl<'a> Case<'a> {
    pub(super) fn new(flow: Flow, key: &'a str) -> Self {
        Self {
            flow,
            key,
            start: None,
            facts: BTreeSet::new(),
            done: BTreeSet::new(),
            asked: BTreeMap::new(),
            commands: BTreeSet::new(),
            is_touched: false,
            reruns: 0,
            failed_by_command: 0,
            violations: Vec::new(),
        }
    }

    fn violation(&mut self, what: &str) {
        self.violations.push(format!("flow {}: {what}", self.key));
    }

    /// Takes one step of the history.
    pub(super) fn take(&mut self, transition: &Transition<'_>, sent: &mut Sent) {
        let may_reopen = match &transition.input {
            Input::Message { value, raw } => self.on_message(value, raw, transition),
            Input::Command { id, name, step } => self.on_command((id, name, step), transition),
            Input::Deadline => {
                for step in self.flow.steps().iter().filter(|step| step.again_when_late) {
                    self.of(step).may_begin_anew = true;
                }
                false
            }
            Input::Answered => {
                self.facts.insert("charge".to_owned());
                false
            }
            Input::Other => false,
        };
        if transition.is_closed_before() && !may_reopen && transition.sends() {
            self.violation(&format!("it has ended and sends: {}", transition.text));
        }
        let ends = transition.forwards.iter().filter(|output| **output == "flows").count();
        let was_open = !transition.is_closed_before() || transition.is_reopened;
        let wanted = usize::from(was_open && transition.is_closed_after());
        if ends != wanted {
            self.violation(&format!("{ends} records of an end instead of {wanted}: {}", transition.text));
        }
        // One that was held before the end and is opened again had its alert.
        let may_be_held = transition.is_held_before() || transition.is_closed_before();
        if !may_be_held && transition.is_held_after() && !transition.alerts.contains(&"flow_held") {
            self.violation(&format!("it is held without an alert: {}", transition.text));
        }
        for output in transition.forwards.iter().filter(|output| **output != "flows") {
            match sent.get_mut(*output).and_then(VecDeque::pop_front) {
                Some(ask) => self.on_sent(&ask),
                None => self.violation(&format!("a record of `{output}` is missing: {}", transition.text)),
            }
        }
        for _ in &transition.acts {
            let unmet = self.flow.steps().iter().find(|step| step.sends == Sends::Call).map(|step| self.unmet(step));
            if unmet != Some(None) {
                self.violation(&format!("it calls before all that the call needs: {}", transition.text));
            }
        }
    }

    /// A message; true if it may open an ended flow again.
    fn on_message(&mut self, value: &Value, raw: &str, transition: &Transition<'_>) -> bool {
        let is_start = text(value, "event_name") == self.flow.start();
        let step = self.step_of(value);
        let is_restart = value.get("restart") == Some(&Value::Bool(true));
        let is_same = self.start.as_deref() == Some(raw);
        let must_reject = match (self.start.is_some(), is_start) {
            (false, false) => true,
            (false, true) => false,
            (true, true) => !is_same && !is_restart,
            (true, false) => step.is_none(),
        };
        if transition.is_rejected != must_reject {
            let is = if transition.is_rejected { "is rejected" } else { "is not rejected" };
            self.violation(&format!("a message {is}: {raw}"));
        }
        if transition.is_rejected {
            return false;
        }
        if transition.is_ignored && (transition.sends() || transition.before != transition.after) {
            self.violation(&format!("an ignored message has an effect: {raw}: {}", transition.text));
        }
        if is_start {
            if is_same != transition.is_ignored {
                self.violation(&format!("a start that is the same as the first one: {is_same}, and is ignored: {raw}"));
            }
            if !is_same {
                self.begin(value, raw);
            }
            return !is_same;
        }
        if let Some(step) = step {
            self.on_answer(step, value, transition.is_ignored);
        }
        false
    }

    fn begin(&mut self, value: &Value, raw: &str) {
        if self.start.replace(raw.to_owned()).is_some() {
            self.begin_anew();
            self.is_touched = true;
        }
        self.facts.clear();
        self.done.clear();
        let is_express = value.get("express") == Some(&Value::Bool(true));
        let is_free = value.get("amount").and_then(Value::as_u64) == Some(0);
        self.facts.insert(if is_express { "!express" } else { "!standard" }.to_owned());
        self.facts.insert(if is_free { "!free" } else { "!amount" }.to_owned());
    }

    /// The step of an answer; `None`: the flow has no such task.
    fn step_of(&self, value: &Value) -> Option<&'static Step> {
        let (kind, task) = (text(value, "event_name"), text(value, "task_name"));
        self.flow.steps().iter().find(|step| match step.sends {
            Sends::Task(_) => kind.starts_with("Task") && step.name == task,
            Sends::Message(_, reply) => reply == Some(kind),
            Sends::Await(reply) => reply == kind,
            Sends::Call => false,
        })
    }

    fn of(&mut self, step: &Step) -> &mut Asked {
        self.asked.entry(step.name).or_default()
    }

    fn on_answer(&mut self, step: &'static Step, value: &Value, is_ignored: bool) {
        let says = match text(value, "event_name") {
            "TaskFailed" if value.get("refused").is_some() => Says::Refused,
            "TaskFailed" => Says::Failed,
            "TaskPending" => Says::Pending,
            _ => Says::Done,
        };
        let correlation = value.get("correlationid").and_then(Value::as_str);
        let (flow, key) = (self.flow, self.key);
        let is_unmet = self.unmet(step).is_some();
        let is_untouched = self.commands.is_empty();
        let asked = self.of(step);
        let number = asked.number;
        let is_stale = correlation.is_some_and(|own| number == 0 || own != id(flow, key, step, number));
        let is_repeated = asked.is_done && says == Says::Done;
        if is_ignored {
            return;
        }
        if correlation.is_none() {
            asked.free += 1;
            // What is kept for an undo is dropped when it begins.
            if step.undoes.is_some() && asked.times == 0 {
                return;
            }
            asked.came_before |= is_untouched && asked.times == 0 && asked.free == 1 && is_unmet;
        }
        match says {
            Says::Done => asked.is_done = true,
            Says::Failed => asked.has_failed = true,
            Says::Refused => asked.may_begin_anew |= step.again_when_refused,
            Says::Pending => (asked.may_begin_anew, asked.is_done) = (true, false),
        }
        // A message of a type that is awaited needs no id.
        if is_stale && !matches!(step.sends, Sends::Await(_)) {
            self.violation(&format!("an answer that is not of the latest attempt {number} counts: {value}"));
        }
        if is_repeated {
            self.violation(&format!("a second answer counts: {value}"));
        }
        if says == Says::Done {
            self.is_over(step, true);
        }
    }

    /// A step is over.
    fn is_over(&mut self, step: &Step, is_done: bool) {
        self.facts.insert(step.name.to_owned());
        match step.undoes {
            Some(undone) => drop(self.done.remove(undone)),
            None if is_done => drop(self.done.insert(self.flow.step(step.name).map_or("", |step| step.name))),
            None => {}
        }
    }

    /// What a skipped step needs is not needed any more.
    fn is_skipped(&mut self, step: &Step) {
        for name in step.needs.iter().copied().flatten() {
            if self.facts.insert((*name).to_owned())
                && let Some(needed) = self.flow.step(name)
            {
                self.is_skipped(needed);
            }
        }
    }

    /// A command; true if it may open an ended flow again.
    fn on_command(&mut self, (id, name, step): (&str, &str, &str), transition: &Transition<'_>) -> bool {
        if transition.is_rejected {
            return false;
        }
        if !self.commands.insert(id.to_owned()) {
            if transition.sends() || transition.before != transition.after {
                self.violation(&format!("a repeated command has an effect: {}", transition.text));
            }
            return false;
        }
        self.is_touched = true;
        for asked in self.asked.values_mut() {
            asked.came_before = false;
        }
        let own = step.rsplit('/').next().and_then(|own| self.flow.step(own));
        if name == RERUN {
            self.begin_anew();
            // A step whose trouble was handled is over too.
            let handled = self.flow.steps().iter().filter(|step| step.is_handled);
            self.facts.extend(handled.map(|step| step.name.to_owned()));
        }
        match own {
            Some(step) if name == COMPLETE => {
                self.of(step).is_done = true;
                self.is_over(step, true);
            }
            Some(step) if name == SKIP => {
                self.is_over(step, false);
                self.is_skipped(step);
            }
            Some(step) if name == FAIL => {
                self.failed_by_command += 1;
                self.of(step).may_begin_anew |= step.again_when_refused;
            }
            Some(_) | None => {}
        }
        name == RERUN
    }

    /// Each step may begin again.
    fn begin_anew(&mut self) {
        self.reruns += 1;
        for step in self.flow.steps() {
            let asked = self.of(step);
            (asked.may_begin_anew, asked.is_done, asked.came_before) = (true, false, false);
        }
    }

    /// What a step needs and what is not over.
    fn unmet(&self, step: &Step) -> Option<&'static [&'static str]> {
        let is_unmet = |group: &&&'static [&'static str]| !group.iter().any(|name| self.facts.contains(*name));
        step.needs.iter().find(is_unmet).copied()
    }

    /// A step has sent its record.
    fn on_sent(&mut self, ask: &Ask) {
        let Some(step) = ask.step else { return self.violation("it sends a record of no step") };
        let name = step.name;
        if let Some(unmet) = self.unmet(step) {
            self.violation(&format!("`{name}` begins before {unmet:?}"));
        }
        let (flow, key) = (self.flow, self.key);
        let mut problems = self.of(step).sent(step.tries, &ask.id, |number| id(flow, key, step, number));
        if !self.is_touched && step.undone_before.is_some_and(|before| self.done.contains(before)) {
            problems.push("takes back what was done before another step that is not taken back");
        }
        if !self.is_touched && step.undoes.is_some_and(|undone| !self.done.contains(undone)) {
            problems.push("takes back what is not done");
        }
        if matches!(step.sends, Sends::Message(_, None)) {
            self.is_over(step, true);
        }
        for problem in problems {
            self.violation(&format!("`{name}` {problem}"));
        }
    }
}
