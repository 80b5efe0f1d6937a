//! Tests of flows of staged templates: a bench that gives one flow its messages, commands and times, and the templates.

mod command;
mod defect;
mod definition;
mod message;
mod reply;
mod run;
mod shown;
mod template;

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::*;
use crate::model::{Alert, Headers, Record, RejectReason, Timer, TimerKind, Topic, TopicPartition};
use crate::processor::{Command, Count, Effect, Event, Forward, Keyed, Keying as _};

/// The topic of messages.
const TOPIC: &str = "workflow-events";
/// The time of the first input.
const NOON: i64 = 1_767_268_800_000;

/// A parcel: a stage without tasks, one with one, one with two that go out together and one after them, a person's task. With
/// tabs, and numbers of many digits.
const PARCEL: &str = r#"{
	"workflow_name": "Deliver Parcel",
	"component_name": "PARCEL",
	"stages": [
		{ "stage_name": "RECEIVED", "stage_order": 0.0 },
		{ "stage_name": "PAY", "stage_order": 1.0, "tasks": [
			{ "task_name": "charge_card", "parent_task": [], "task_queue": "charge_card_queue", "task_type": "SERVICE",
				"business_status": "PAID", "fee": 1.50, "account": 123456789012345678901234567890 } ] },
		{ "stage_name": "PACK", "stage_order": 2.0, "tasks": [
			{ "task_name": "pick_items", "parent_task": [], "task_type": "SERVICE", "task_queue": "pick_items_queue" },
			{ "task_name": "print_label", "parent_task": [], "task_type": "SERVICE", "task_queue": "print_label_queue" },
			{ "task_name": "seal_box", "parent_task": ["pick_items", "print_label"], "task_type": "SERVICE",
				"task_queue": "seal_box_queue", "business_status": "PARCEL PACKED" } ] },
		{ "stage_name": "HAND_OVER", "stage_order": 3.0, "tasks": [
			{ "task_name": "ring_bell", "parent_task": [], "task_type": "HUMAN", "task_queue": "ring_bell_queue",
				"assigned_to": "courier", "business_status": "PARCEL DELIVERED" } ] }
	]
}"#;

fn settings() -> Settings {
    Settings {
        application: "app".to_owned(),
        reads: vec![Reads::of_templates(TOPIC)],
        writes: None,
        keep_closed: KEEP_CLOSED_DEFAULT,
    }
}

fn parcel() -> Definition {
    parse_template(PARCEL).unwrap()
}

/// One flow, with its key and the effects of its latest input.
struct Bench {
    flows: Flows,
    key: Key,
    flow: Option<Flow>,
    effects: Vec<Effect>,
    now: Timestamp,
}

impl Bench {
    /// No flow yet, of these definitions.
    fn new(definitions: impl IntoIterator<Item = Definition>) -> Self {
        Self::of(Flows::new(settings(), Definitions::new(definitions)))
    }

    fn of(flows: Flows) -> Self {
        let now = Timestamp::from_millis(NOON);
        Self { flows, key: Key::new("P-001"), flow: None, effects: Vec::new(), now }
    }

    /// The flow of a parcel, after its `StartWorkflow`.
    fn parcel() -> Self {
        let mut bench = Self::new([parcel()]);
        bench.start();
        bench
    }

    fn start(&mut self) -> Vec<String> {
        self.send(r#"{"business_ref_no":"P-001","component_name":"PARCEL","event_name":"StartWorkflow"}"#)
    }

    /// An input. It changes nothing if it is rejected, and gives the same when it is given again, as after a crash.
    fn give(&mut self, input: &Input) -> Result<(), Reject> {
        let step = || self.flows.step(&self.key, self.flow.clone(), input.clone(), Moment::at(self.now));
        let given = step();
        assert_eq!(given, step(), "the same input gives the same");
        let Transition { state, effects } = given?;
        (self.flow, self.effects) = (state, effects);
        Ok(())
    }

    /// A message, through the keying step.
    fn try_send(&mut self, value: &str) -> Result<Vec<String>, Reject> {
        self.try_record(value, Headers::new())
    }

    fn try_record(&mut self, value: &str, headers: Headers) -> Result<Vec<String>, Reject> {
        let record = Record {
            source: TopicPartition::new(&Topic::new(TOPIC), 3),
            offset: 17,
            timestamp: self.now,
            key: None,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers,
        };
        let (_, keying) = self.flows.keyings().next().unwrap();
        let Keyed::To(addressed) = keying.key(&record)? else { panic!("{value} is passed over") };
        let (key, event) = addressed.into_event(record.clone());
        assert_eq!(key, self.key);
        let read = Event::new(event.role.clone(), event.at, record);
        let step = |event| {
            let input = Input::Record(event);
            self.flows.step(&self.key, self.flow.clone(), input, Moment::at(self.now))
        };
        assert_eq!(step(event.clone()), step(read), "what the keying step has read is what is in the record");
        self.give(&Input::Record(event))?;
        Ok(self.sent())
    }

    /// A message that is not rejected; returns what it sends.
    fn send(&mut self, value: &str) -> Vec<String> {
        self.try_send(value).unwrap()
    }

    /// A message of a worker about its task (`PAY/charge_card`).
    fn task(&mut self, word: &str, task: &str) -> Vec<String> {
        self.send(&task_message(word, task))
    }

    fn completed(&mut self, task: &str) -> Vec<String> {
        self.task("TaskCompleted", task)
    }

    /// A command, with arguments as `step=PAY/charge_card`.
    fn try_command(&mut self, name: &str, arguments: &[&str]) -> Result<Vec<String>, Reject> {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{name} {arguments:?} {}", self.now).as_bytes());
        self.give(&Input::Command(command(id, name, arguments)))?;
        Ok(self.sent())
    }

    fn command(&mut self, name: &str, arguments: &[&str]) -> Vec<String> {
        self.pass(1);
        self.try_command(name, arguments).unwrap()
    }

    /// The timer of the latest input fires when it is due.
    fn fire(&mut self, kind: TimerKind) -> Vec<String> {
        let timer = self.timer(kind).unwrap();
        self.now = self.now.max(timer.due);
        self.give(&Input::Timer(timer)).unwrap();
        self.sent()
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.saturating_add(Duration::from_secs(seconds));
    }

    /// The timer of this kind that the latest input has scheduled.
    fn timer(&self, kind: TimerKind) -> Option<Timer> {
        let scheduled = |effect: &Effect| if let Effect::Schedule(timer) = effect { Some(*timer) } else { None };
        self.effects.iter().filter_map(scheduled).find(|timer| timer.kind == kind)
    }

    fn forwards(&self) -> Vec<&Forward> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::Forward(it) = effect { Some(it) } else { None })
            .collect()
    }

    /// The records of the latest input: `topic: value`.
    fn sent(&self) -> Vec<String> {
        let text = |it: &&Forward| {
            format!("{}: {}", it.output, String::from_utf8_lossy(it.value.as_deref().unwrap_or_default()))
        };
        self.forwards().iter().map(text).collect()
    }

    /// The topics of the records of the latest input.
    fn topics(&self) -> Vec<&str> {
        self.forwards().iter().map(|it| &*it.output).collect()
    }

    /// The alerts of the latest input.
    fn alerts(&self) -> Vec<&Alert> {
        self.effects.iter().filter_map(|effect| if let Effect::Alert(it) = effect { Some(it) } else { None }).collect()
    }

    fn alert_kinds(&self) -> Vec<&str> {
        self.alerts().iter().map(|alert| &*alert.kind).collect()
    }

    fn has_counted(&self, count: Count) -> bool {
        self.effects.contains(&Effect::Count(count))
    }

    /// The flow for people.
    fn show(&self) -> Value {
        self.flows.show(&self.key, self.flow.as_ref().unwrap())
    }

    /// The status of each stage and task in the instance document: `PAY=ACTIVE charge_card=SCHEDULED`.
    fn statuses(&self) -> String {
        let shown = self.show();
        let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
        let mut words = Vec::new();
        for stage in shown["stages"].as_array().unwrap() {
            words.push(format!("{}={}", text(stage, "stage_name"), text(stage, "status")));
            for task in stage.get("tasks").and_then(Value::as_array).into_iter().flatten() {
                words.push(format!("{}={}", text(task, "task_name"), text(task, "status")));
            }
        }
        words.join(" ")
    }

    /// The names of the statuses for lists.
    fn listed(&self) -> Vec<String> {
        let listing = self.flows.listing(self.flow.as_ref().unwrap());
        listing.statuses.as_slice().iter().map(|status| self.flows.status_name(*status).into_owned()).collect()
    }
}

fn task_message(word: &str, task: &str) -> String {
    let (stage, name) = task.split_once('/').unwrap();
    let own = format!(r#""event_name":"{word}","stage_name":"{stage}","task_name":"{name}","task_type":"SERVICE""#);
    format!(r#"{{"business_ref_no":"P-001","component_name":"PARCEL",{own}}}"#)
}

fn command(id: Uuid, name: &str, arguments: &[&str]) -> Command {
    let arguments = arguments.iter().map(|argument| {
        let (name, value) = argument.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    Command {
        id,
        name: name.to_owned(),
        arguments: arguments.collect(),
        by: "ann".to_owned(),
        why: "it must be".to_owned(),
        at: Timestamp::from_millis(NOON),
        traceparent: None,
    }
}
