//! Tests of what comes for a former attempt: it changes nothing. Found by the simulator.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::message::Incoming;
use super::{
    Action, Call, Definition, Definitions, Flow, Flows, Form, Graph, KEEP_CLOSED_DEFAULT, Kind, Reads, Retry, Settings,
    Step, Task,
};
use crate::model::{ActSlot, Key, Outcome, Timer, TimerKind, Timestamp, Verdict};
use crate::processor::call::{Certainty, Method};
use crate::processor::delivery::webhook::Rules;
use crate::processor::{Effect, Transition};
use crate::template::PathTemplate;

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// A flow of one step, with two tries.
fn flows(action: Action) -> Flows {
    let mut definition = Definition::new("one", Form::Steps, "one");
    let step = Step {
        retry: Retry { tries: 2, delay: Duration::from_secs(1) },
        ..Step::new("only", Graph::ROOT, Kind::Request)
    };
    let id = definition.graph.add_step(step);
    definition.set_action(id, action);
    let settings = Settings {
        application: "test".to_owned(),
        reads: vec![Reads::of_templates("events")],
        writes: None,
        keep_closed: KEEP_CLOSED_DEFAULT,
    };
    Flows::new(settings, Definitions::new([definition]))
}

fn task() -> Action {
    Action::Task(Task {
        queue: "work".into(),
        role: None,
        is_human: false,
        extras: Vec::new(),
        input: None,
        form: None,
    })
}

fn call() -> Action {
    Action::Call(Call {
        to: Arc::from("card"),
        method: Method::Post,
        path: PathTemplate::compile("only", "").unwrap(),
        body: None,
        key_header: "Idempotency-Key".to_owned(),
        certainty: Certainty::Idempotent,
        rules: Rules::default(),
    })
}

fn send(flows: &Flows, state: Option<Flow>, (kind, data): (&str, &str), id: Option<&str>) -> Transition<Flow> {
    let incoming = Incoming {
        kind: kind.to_owned(),
        correlation: id.map(str::to_owned),
        data: Bytes::from(data.to_owned()),
        text: Bytes::from(data.to_owned()),
    };
    flows.on_message(&Key::new("k"), state, &incoming, NOW).unwrap()
}

/// The ids of the messages to workers.
fn ids(transition: &Transition<Flow>) -> Vec<String> {
    let id = |effect: &Effect| {
        let Effect::Forward(forward) = effect else { return None };
        forward.headers.text("id").map(str::to_owned)
    };
    transition.effects.iter().filter_map(id).collect()
}

const START: (&str, &str) = ("StartWorkflow", r#"{"component_name":"one"}"#);

#[test]
fn a_flow_that_begins_anew_sends_no_id_again() {
    let flows = flows(task());
    let first = send(&flows, None, START, None);
    let again = r#"{"component_name":"one","restart":true}"#;
    let second = send(&flows, first.state.clone(), ("StartWorkflow", again), None);
    let (first_ids, second_ids) = (ids(&first), ids(&second));
    assert_eq!((first_ids.len(), second_ids.len()), (1, 1));
    assert_ne!(first_ids, second_ids);
    let done = ("TaskCompleted", r#"{"task_name":"only"}"#);
    let of_first = send(&flows, second.state.clone(), done, Some(&first_ids[0])).state.unwrap();
    assert_eq!(of_first.progress.ending, None, "the answer of the former run does not count");
    let of_second = send(&flows, second.state, done, Some(&second_ids[0])).state.unwrap();
    assert!(of_second.progress.ending.is_some());
}

#[test]
fn a_former_attempt_cannot_be_asked_for_again() {
    let flows = flows(task());
    let first = send(&flows, None, START, None);
    let pending = ("TaskPending", r#"{"task_name":"only"}"#);
    let id = ids(&first).remove(0);
    let second = send(&flows, first.state, pending, Some(&id));
    assert_eq!(ids(&second).len(), 1, "it is the latest attempt");
    let third = send(&flows, second.state, pending, Some(&id));
    assert_eq!(ids(&third), [""; 0], "it is a former one");
}

#[test]
fn an_outcome_that_is_told_again_does_not_remove_the_act_of_the_next_attempt() {
    let flows = flows(call());
    let key = Key::new("k");
    let first = send(&flows, None, START, None).state.unwrap();
    let inherited = || Outcome { slot: ActSlot(0), attempt: 1, verdict: Verdict::Inherited };
    let has_settled = |transition: &Transition<Flow>| {
        transition.effects.iter().any(|effect| matches!(effect, Effect::Settle(ActSlot(0))))
    };
    let rests = flows.on_outcome(&key, first, inherited(), NOW).unwrap();
    assert!(has_settled(&rests));
    let timer = Timer { kind: TimerKind::Delay(0), due: NOW };
    let second = flows.on_timer(&key, rests.state.unwrap(), timer, NOW).unwrap();
    assert!(second.effects.iter().any(|effect| matches!(effect, Effect::Act(act) if act.attempt == 2)));
    let again = flows.on_outcome(&key, second.state.unwrap(), inherited(), NOW).unwrap();
    assert!(!has_settled(&again));
}
