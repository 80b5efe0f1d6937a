//! Properties: any order gives the same bundle, duplicates change nothing, states round-trip, no bytes panic.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the inputs of strategies are valid, or the test fails"
)]

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use sheaf::codec::json::Pointer;
use sheaf::codec::{Head, Part, Versioned as _, Writer, entry};
use sheaf::model::{Headers, Key, Moment, Record, Timer, Timestamp, Topic, TopicPartition};
use sheaf::processor::bundle::{
    AtLeast, Bundle, DEADLINE, KeyFormat, MemberKeying, NamedChildren, Role, Rules, SourceRules, State,
};
use sheaf::processor::{Effect, Event, Forward, Input, Keying as _, Processor as _};
use sheaf::template::Expression;

const START: i64 = 1_767_225_600_000;

fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

/// Rules in which the parent has the number of children, or only the rules have it.
fn rules(children: u32, parent_has_count: bool) -> Rules {
    let source = |topic: &str, member, bundle| SourceRules {
        expects: parent_has_count.then(|| pointer("/children").into()),
        position: Some(pointer("/position").into()),
        ..SourceRules::new(topic, member, pointer(bundle).into(), pointer("/id").into())
    };
    let sources = vec![source("parents", Role::Parent, "/id"), source("children", Role::Child, "/parent_id")];
    Rules { children, key: KeyFormat::Text, ..Rules::new(sources) }
}

fn record(topic: &str, value: Vec<u8>, minutes: i64) -> Record {
    Record {
        source: TopicPartition::new(&Topic::new(topic), 0),
        offset: 0,
        timestamp: Timestamp::from_millis(START + minutes * 60_000),
        key: None,
        value: Some(Bytes::from(value)),
        headers: Headers::new(),
    }
}

fn event(role: Role, value: &Value, minutes: i64) -> Input {
    let topic = if role == Role::Parent { "parents" } else { "children" };
    let record = record(topic, value.to_string().into_bytes(), minutes);
    Input::Record(Event::new(role.as_str(), record.timestamp, record))
}

/// The results of a series of inputs to one bundle.
#[derive(Debug, Default)]
struct Run {
    state: Option<State>,
    parts: Vec<Part>,
    forwards: Vec<Forward>,
    alerts: Vec<String>,
    /// The alerts with their times and messages.
    told: Vec<String>,
    /// The due time of the deadline.
    deadline: Option<Timestamp>,
}

impl Run {
    fn step(&mut self, bundle: &Bundle, input: &Input) {
        let now = Timestamp::from_millis(START + 100 * 3_600_000);
        let Ok(next) = bundle.step(&Key::new("p"), self.state.clone(), input.clone(), Moment::at(now)) else { return };
        self.state = next.state;
        for effect in next.effects {
            match effect {
                Effect::Forward(forward) => self.forwards.push(forward),
                Effect::Alert(alert) => {
                    self.told.push(format!("{} {} {}", alert.kind, alert.at, alert.message));
                    self.alerts.push(alert.kind);
                }
                Effect::Schedule(Timer { kind: DEADLINE, due }) => self.deadline = Some(due),
                Effect::Unschedule(DEADLINE) => self.deadline = None,
                Effect::AddPart(bytes) => {
                    self.parts.push(Part { version: State::VERSION, writer: Writer::default(), bytes });
                }
                Effect::DropParts => self.parts.clear(),
                Effect::Schedule(_)
                | Effect::Unschedule(_)
                | Effect::Act(_)
                | Effect::Settle(_)
                | Effect::Count(_)
                | Effect::CountMany(..)
                | Effect::Observe(_)
                | Effect::DeadLetter(_) => {}
            }
        }
    }

    /// The state, encoded and decoded.
    fn decoded(&self) -> State {
        let (state, mut bytes) = (self.state.as_ref().unwrap(), Vec::new());
        state.encode(&mut bytes).unwrap();
        let head = Head { parts: 3..3 + u32::try_from(self.parts.len()).unwrap(), ..Head::default() };
        let mut stored = Vec::new();
        entry::encode(&head, state.version(), &bytes, &mut stored).unwrap();
        let entry = entry::decode(&stored).unwrap();
        assert_eq!(entry.head.parts.len(), self.parts.len());
        entry::decode_body(&entry, self.parts.clone()).unwrap()
    }

    /// What the bundle is, whatever was told of it: the state without its timeline, which has each event.
    fn bundle(&self) -> Option<State> {
        let mut state = self.state.clone();
        match &mut state {
            Some(State::Open(gathering) | State::Breached(gathering)) => gathering.story.timeline = None,
            Some(State::Closed(marker)) => {
                marker.story.timeline = None;
                marker.kept = None;
            }
            None => {}
        }
        state
    }

    /// What happened to the bundle, without duplicates and repeated records. What is of one time may be in any order.
    fn timeline(&self, bundle: &Bundle) -> Vec<Value> {
        let Some(state) = &self.state else { return Vec::new() };
        let mut timeline = bundle.show(&Key::new("p"), state)["timeline"].as_array().cloned().unwrap();
        timeline.retain(|item| item["what"] != "duplicate");
        let mut told = Vec::new();
        timeline.retain(|item| {
            let is_new = !told.contains(item);
            told.push(item.clone());
            is_new
        });
        for of_one_time in timeline.chunk_by_mut(|one, other| one["at"] == other["at"]) {
            of_one_time.sort_by_key(ToString::to_string);
        }
        timeline
    }

    /// Fires the deadlines until the bundle has ended, and sorts the alerts.
    fn finish(mut self, bundle: &Bundle) -> Self {
        while let Some(due) = self.deadline.take() {
            self.step(bundle, &Input::Timer(Timer { kind: DEADLINE, due }));
        }
        self.told.sort_unstable();
        self
    }

    fn of(bundle: &Bundle, inputs: &[Input]) -> Self {
        let mut run = Self::default();
        for input in inputs {
            run.step(bundle, input);
        }
        run
    }
}

/// Rules, and the members of a bundle that is complete by them.
fn complete_bundle() -> impl Strategy<Value = (Rules, Vec<Input>)> {
    let child = (0..2880_i64, any::<bool>(), "[a-c]{0,2}");
    (prop::collection::vec(child, 0..5), 0..2880_i64, any::<bool>()).prop_map(
        |(children, parent_at, parent_has_count)| {
            let count = u32::try_from(children.len()).unwrap();
            let parent = json!({ "id": "p", "children": count });
            let mut members = vec![event(Role::Parent, &parent, parent_at)];
            for (index, (at, placed, note)) in children.into_iter().enumerate() {
                let mut value = json!({ "id": format!("c{index}"), "parent_id": "p", "note": note });
                if placed {
                    value["position"] = json!(index + 1);
                }
                members.push(event(Role::Child, &value, at));
            }
            (rules(if parent_has_count { 1 } else { count }, parent_has_count), members)
        },
    )
}

/// The rules, the members, the members in another order, and the duplicates: which member, and where.
type Arrivals = (Rules, Vec<Input>, Vec<Input>, Vec<(Index, Index)>);

/// A complete bundle with an order of arrival and duplicates.
fn arrivals() -> impl Strategy<Value = Arrivals> {
    complete_bundle().prop_flat_map(|(rules, members)| {
        let duplicates = prop::collection::vec(any::<(Index, Index)>(), 0..4);
        (Just(rules), Just(members.clone()), Just(members).prop_shuffle(), duplicates)
    })
}

/// Any inputs: other contents, positions that do not exist, deadlines at any time.
fn any_input() -> impl Strategy<Value = Input> {
    let position = prop::option::of(-1..5_i64);
    let child =
        (0..4_u8, position, 0..2_u8, 0..2880_i64, any::<bool>()).prop_map(|(id, position, note, at, is_long)| {
            // With two long ones the bundle is stored in parts.
            let note = format!("{note}{}", if is_long { "x".repeat(2_000) } else { String::new() });
            let mut value = json!({ "id": format!("c{id}"), "parent_id": "p", "note": note });
            if let Some(position) = position {
                value["position"] = json!(position);
            }
            event(Role::Child, &value, at)
        });
    let parent = (0..4_u8, 0..2_u8, 0..2880_i64).prop_map(|(children, note, at)| {
        event(Role::Parent, &json!({"id": "p", "children": children, "note": note}), at)
    });
    prop_oneof![4 => child, 1 => parent, 1 => Just(sla_due())]
}

fn sla_due() -> Input {
    Input::Timer(Timer { kind: DEADLINE, due: Timestamp::from_millis(START) })
}

proptest! {
    #[test]
    fn any_order_of_arrival_gives_the_same_submission(
        (rules, members, shuffled, _) in arrivals(),
        breach in any::<Index>(),
    ) {
        let bundle = Bundle::new("t", rules);
        let sorted = Run::of(&bundle, &members);
        prop_assert_eq!(sorted.forwards.len(), 1);
        let other = Run::of(&bundle, &shuffled);
        prop_assert_eq!(&other.forwards, &sorted.forwards);
        prop_assert_eq!(&other.state, &sorted.state);

        // Whether the deadline is missed depends on the members' times, not on their order; it is alerted once.
        let value: Value = serde_json::from_slice(sorted.forwards[0].value.as_deref().unwrap()).unwrap();
        for run in [&sorted, &other] {
            let breaches = run.alerts.iter().filter(|kind| *kind == "sla_breach").count();
            prop_assert_eq!(breaches, usize::from(value["late"] == json!(true)));
        }

        // The time at which the timer fires does not matter either.
        let mut interrupted = shuffled;
        interrupted.insert(breach.index(interrupted.len()), sla_due());
        prop_assert_eq!(&Run::of(&bundle, &interrupted).forwards, &sorted.forwards);
    }

    #[test]
    fn events_that_the_watermark_has_not_passed_give_the_same_bundle_and_the_same_alerts(
        times in prop::collection::vec(0..6000_i64, 1..5),
        parent_at in prop::option::of(0..6000_i64),
        (least, after_hours) in (1..4_u32, 1..60_u64),
        kind in 0..4_u8,
        order in any::<u64>(),
        doubled in any::<Index>(),
    ) {
        let mut rules = rules(4, false);
        let hours = std::time::Duration::from_hours;
        (rules.expire, rules.warn_before) = (hours(72), Some(hours(4)));
        match kind {
            0 => {}
            1 => rules.at_least = Some(AtLeast { children: least, after: hours(after_hours) }),
            2 => {
                rules.sources[1].name = Some("quote".into());
                rules.members = vec![NamedChildren { name: "quote".into(), count: 4, min: least }];
            }
            _ => {
                rules.children = 1;
                let text = "(children | map(attribute='n') | sum) > 3";
                rules.complete_when = Some(Expression::compile(text).unwrap());
            }
        }
        let role = if kind == 2 { "quote" } else { "child" };
        let bundle = Bundle::new("t", rules);
        let mut inputs: Vec<Input> = parent_at.iter().map(|at| event(Role::Parent, &json!({ "id": "p" }), *at)).collect();
        inputs.extend(times.iter().enumerate().map(|(index, at)| {
            let value = json!({ "id": format!("c{index}"), "parent_id": "p", "n": index });
            let offset = i64::try_from(index).unwrap();
            let record = Record { offset, ..record("children", value.to_string().into_bytes(), *at) };
            Input::Record(Event::new(role, record.timestamp, record))
        }));
        let sorted = Run::of(&bundle, &inputs).finish(&bundle);
        let mut shuffled = inputs.clone();
        shuffled.sort_by_key(|input| format!("{input:?}").bytes().fold(order, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())));
        shuffled.push(inputs[doubled.index(inputs.len())].clone());
        let other = Run::of(&bundle, &shuffled).finish(&bundle);
        prop_assert_eq!(&other.forwards, &sorted.forwards);
        prop_assert_eq!(&other.told, &sorted.told);
        prop_assert_eq!(other.bundle(), sorted.bundle());
        let timeline = other.timeline(&bundle);
        prop_assert_eq!(&timeline, &sorted.timeline(&bundle));
        let events = timeline.iter().filter(|item| item["source"].is_string()).count();
        prop_assert_eq!(events, inputs.len(), "each event is told of once");
    }

    #[test]
    fn duplicates_change_nothing((rules, _, shuffled, duplicates) in arrivals()) {
        let bundle = Bundle::new("t", rules);
        let once = Run::of(&bundle, &shuffled);
        let mut doubled = shuffled;
        for (which, position) in duplicates {
            let copy = doubled[which.index(doubled.len())].clone();
            doubled.insert(position.index(doubled.len() + 1), copy);
        }
        let twice = Run::of(&bundle, &doubled);
        prop_assert_eq!(&twice.forwards, &once.forwards);
        prop_assert_eq!(twice.bundle(), once.bundle());
    }

    #[test]
    fn a_repeated_input_has_no_further_outputs(inputs in prop::collection::vec(any_input(), 0..12), parent_has_count in any::<bool>()) {
        let bundle = Bundle::new("t", rules(2, parent_has_count));
        let mut run = Run::default();
        for input in &inputs {
            run.step(&bundle, input);
            let (state, forwards, alerts) = (run.bundle(), run.forwards.len(), run.alerts.len());
            prop_assert!(forwards <= 1);
            if state.is_some() {
                run.step(&bundle, input);
                prop_assert_eq!((run.bundle(), run.forwards.len(), run.alerts.len()), (state, forwards, alerts));
            }
        }
    }

    #[test]
    fn states_round_trip(inputs in prop::collection::vec(any_input(), 0..12), parent_has_count in any::<bool>()) {
        let bundle = Bundle::new("t", rules(2, parent_has_count));
        let mut run = Run::default();
        for input in &inputs {
            run.step(&bundle, input);
            if let Some(state) = &run.state {
                prop_assert_eq!(&run.decoded(), state);
                let version = run.bundle().unwrap().version();
                prop_assert!(run.parts.is_empty() == (version == 1));
            }
        }
    }

    #[test]
    fn no_bytes_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        text in "\\{\"(id|parent_id|children|position)\":[\"a0-9.{}\\[\\]e-]{0,6}(,\"(id|position|children)\":(-?[0-9]{1,20}|null|\"x\"))?\\}",
    ) {
        let rules = rules(1, true);
        let bundle = Bundle::new("t", rules.clone());
        for (source, topic) in ["parents", "children"].into_iter().enumerate() {
            let keying = MemberKeying::new(&rules, source).unwrap();
            for value in [bytes.clone(), text.clone().into_bytes()] {
                let record = record(topic, value, 0);
                let keyed = keying.key(&record);
                let role = rules.sources[source].member.as_str().to_owned();
                let input = Input::Record(Event::new(role, record.timestamp, record));
                let step = bundle.step(&Key::new("p"), None, input, Moment::at(Timestamp::from_millis(START)));
                // A record that the keying step accepts is valid for the bundle.
                prop_assert!(keyed.is_err() || step.is_ok());
            }
        }
        if let Ok(state) = State::decode(State::VERSION, &bytes) {
            let input = event(Role::Child, &json!({ "id": "c", "parent_id": "p" }), 0);
            drop(bundle.step(&Key::new("p"), Some(state), input, Moment::at(Timestamp::from_millis(START))));
        }
    }
}
