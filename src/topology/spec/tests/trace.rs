//! Tests of `trace`.

use std::time::Duration;

use super::{Processor, Spec, problems};
use crate::codec::json::Pointer;
use crate::processor::place::{Format, Place};
use crate::processor::trace::Reads;
use crate::topology::StartAt;

const BUNDLE: &str =
    "sources: [{ topic: p, member: parent, bundle: /id, id: /id }, { topic: c, member: child, bundle: /p, id: /id }]\n";

#[test]
fn a_file_may_have_a_trace_only() {
    let spec = Spec::parse("t.yaml", include_str!("../../../../topologies/trace.yaml")).unwrap();
    let [Processor::Trace(trace)] = spec.processors.as_slice() else { panic!("a trace") };
    let [retail, parcels] = trace.settings.reads.as_slice() else { panic!("two topics") };
    let expected = Reads {
        topic: "flowing-retail".to_owned(),
        format: Format::Json,
        id: Place::Value(Pointer::parse("/traceid").unwrap()),
        name: Place::Header("type".to_owned()),
    };
    assert_eq!(*retail, expected);
    assert_eq!((parcels.format, &parcels.name), (Format::CloudEvents, &Place::Attribute("type".to_owned())));
    assert_eq!(trace.starts, [Some(StartAt::Earliest), None]);
    assert!(spec.bundle().is_none());
    let topology = spec.assemble("app", |_| None).unwrap();
    let topics: Vec<_> = topology.sources.iter().map(|source| (source.topic.as_str(), source.node)).collect();
    assert_eq!((topics, &*topology.nodes[0].name), (vec![("flowing-retail", 0), ("parcels", 0)], "trace"));
}

#[test]
fn a_trace_stands_beside_a_bundle_and_has_defaults() {
    let text = format!(
        "name: t\n{BUNDLE}history: true\ntrace: {{ reads: [{{ topic: x, id: {{ key: text }}, type: /type }}] }}\n"
    );
    let spec = Spec::parse("t.yaml", &text).unwrap();
    let [Processor::Bundle(_), Processor::Trace(trace)] = spec.processors.as_slice() else { panic!("both") };
    assert_eq!((trace.settings.keep, &*trace.starts), (Duration::from_hours(7 * 24), &[None][..]));
    let topology = spec.assemble("app", |_| None).unwrap();
    let nodes: Vec<_> = topology.nodes.iter().map(|node| (&*node.name, node.history)).collect();
    assert_eq!(nodes, [("bundle", true), ("trace", true)]);
    assert_eq!(topology.sources.last().map(|source| source.node), Some(1));
}

#[test]
fn all_mistakes_of_a_trace_are_reported_at_once() {
    let text = "name: t
trace:
  keep: 0s
  kep: 1d
  reads:
    - { topic: 'a b', id: traceid, type: { header: sheaf-type }, format: xml, start: soon }
    - { topic: x, id: { ce: id } }
    - { topic: y, id: /id, type: /type }
    - { topic: y, id: /id, type: /type }
bundel: { children: 1 }
";
    let problems = problems(text);
    for expected in [
        "t.yaml:3:9: trace.keep: this must be longer than 0",
        "trace.kep: this key is unknown",
        "trace.reads[0].topic: `a b` is not a topic's name",
        "trace.reads[0].id: `traceid` is not a JSON pointer",
        "trace.reads[0].type.header: headers that begin with `sheaf-` are sheaf's own",
        "trace.reads[0].format: expected one of `json`, `confluent`, `cloudevents`, found `xml`",
        "trace.reads[0].start: expected `earliest`",
        "trace.reads[1].id.ce: only CloudEvents have attributes",
        "trace.reads[1].type: this key is required and missing",
        "trace.reads[3]: topic `y` is traced already",
        "bundel: this key is unknown",
        "did you mean `bundle`?",
    ] {
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
    let empty = self::problems("name: t\ntrace: { reads: [] }\n");
    assert!(empty.contains("trace.reads: there is no topic"), "{empty}");
    let lonely = self::problems("name: t\ntrace: { reads: [{ topic: x, id: /id, type: /t }] }\nsubmissions: s\n");
    assert!(lonely.contains("sources: this key is required and missing"), "{lonely}");
}

#[test]
fn a_topic_of_another_processor_of_the_file_is_not_traced() {
    let deliver = "submissions: done\ndeliver: { control_m: { template: t.json, server: s } }\n";
    let trace = "trace: { reads: [{ topic: x, id: /id, type: /t }, { topic: c, id: /id, type: /t }, { topic: done, id: /id, type: /t }] }\n";
    let shared = problems(&format!("name: t\n{BUNDLE}{deliver}{trace}"));
    for expected in [
        "trace.reads[1]: the bundle reads `c` already",
        "trace.reads[2]: the delivery reads `done` already",
        "write the trace into a topology file of its own",
    ] {
        assert!(shared.contains(expected), "{expected}\n---\n{shared}");
    }
    assert!(!shared.contains("trace.reads[0]"), "{shared}");
}
