//! Tests of `schedule`.

use super::{Processor, Spec, problems};
use crate::processor::schedule::Settings;
use crate::topology::StartAt;

#[test]
fn a_file_may_have_a_schedule_only() {
    let spec = Spec::parse("t.yaml", include_str!("../../../../topologies/schedule.yaml")).unwrap();
    let [Processor::Schedule(schedule)] = spec.processors.as_slice() else { panic!("a schedule") };
    let expected = Settings { reads: vec!["reminder-requests".to_owned()], writes: "reminders".to_owned() };
    assert_eq!((&schedule.settings, &*schedule.starts), (&expected, &[Some(StartAt::Earliest)][..]));
    let topology = spec.assemble("app", |_| None).unwrap();
    let outputs: Vec<_> = topology.nodes[0].outputs.iter().map(|output| output.topic.as_str()).collect();
    assert_eq!((topology.sources[0].topic.as_str(), outputs), ("reminder-requests", vec!["reminders"]));
}

#[test]
fn a_schedule_stands_beside_a_flow_and_a_trace() {
    let text = "name: t
flow: { templates: [meal.json], reads: [{ topic: messages }] }
schedule: { reads: [{ topic: requests }], writes: { topic: messages } }
trace: { reads: [{ topic: x, id: /t, type: /type }] }
";
    let spec = Spec::parse("t.yaml", text).unwrap();
    assert!(
        matches!(spec.processors.as_slice(), [Processor::Flow(_), Processor::Schedule(_), Processor::Trace(_)]),
        "{spec:?}"
    );
}

#[test]
fn all_mistakes_of_a_schedule_are_reported_at_once() {
    let text = "name: t
schedule:
  reads:
    - { topic: 'a b', start: soon }
    - { topic: c, at: /x }
    - { topic: d }
    - { topic: d }
  writes: { topik: e }
";
    let problems = problems(text);
    for expected in [
        "schedule.reads[0].topic: `a b` is not a topic's name",
        "schedule.reads[0].start: expected `earliest`",
        "schedule.reads[1].at: this key is unknown",
        "schedule.reads[3]: topic `d` is read already",
        "schedule.writes.topic: this key is required and missing",
        "schedule.writes.topik: this key is unknown",
    ] {
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
    for (text, expected) in [
        ("schedule: { reads: [], writes: { topic: b } }", "schedule.reads: there is no topic"),
        (
            "schedule: { reads: [{ topic: a }], writes: { topic: a } }",
            "schedule.writes.topic: `a` is read for requests",
        ),
        ("schedule: { reads: [{ topic: a }] }", "schedule.writes: this key is required and missing"),
    ] {
        let problems = self::problems(&format!("name: t\n{text}\n"));
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}

#[test]
fn a_topic_of_another_processor_of_the_file_is_not_read_by_a_schedule() {
    let text = "name: t
sources: [{ topic: c, member: child, bundle: /p, id: /id }]
bundle: { key: text, children: 1 }
schedule: { reads: [{ topic: a }, { topic: c }], writes: { topic: b } }
trace: { reads: [{ topic: a, id: /id, type: /t }] }
";
    let shared = problems(text);
    for expected in [
        "schedule.reads[1]: the bundle reads `c` already",
        "write the schedule into a topology file of its own",
        "trace.reads[0]: the schedule reads `a` already",
    ] {
        assert!(shared.contains(expected), "{expected}\n---\n{shared}");
    }
}
