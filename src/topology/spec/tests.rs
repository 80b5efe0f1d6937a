//! Tests of parsing topology files, and of the problems that are reported.

use std::path::Path;
use std::time::Duration;

use super::{Processor, Spec};
use crate::model::Timestamp;
use crate::processor::bundle::{KeyFormat, Role};
use crate::topology::StartAt;

const DEFAULT: &str = include_str!("../../../topologies/control-m.yaml");

fn problems(text: &str) -> String {
    Spec::parse("t.yaml", text).unwrap_err().to_string()
}

#[test]
fn the_default_file_is_parsed() {
    let spec = Spec::parse("topologies/control-m.yaml", DEFAULT).unwrap();
    let [Processor::Bundle(bundle), Processor::Delivery(delivery)] = spec.processors.as_slice() else {
        panic!("two processors")
    };
    assert_eq!((spec.name.as_str(), bundle.submissions.as_str()), ("control-m", "ctm-submissions"));
    assert_eq!(bundle.rules.children, 1);
    assert_eq!(bundle.rules.sla, Duration::from_hours(24));
    assert_eq!(bundle.rules.keep_closed, Duration::from_hours(7 * 24));
    assert_eq!(bundle.rules.key, KeyFormat::Uuid);
    let [parent, child] = bundle.rules.sources.as_slice() else { panic!("two sources") };
    assert_eq!((parent.member, parent.expects.as_ref().unwrap().as_str()), (Role::Parent, "/children"));
    assert_eq!((child.member, child.position.as_ref().unwrap().as_str()), (Role::Child, "/position"));
    let control_m = delivery.kind.control_m().unwrap();
    assert_eq!((&delivery.reads, delivery.kind.key()), (&bundle.submissions, "control_m"));
    assert_eq!((control_m.server.as_str(), control_m.retention_days), ("smprod", 14));
    assert_eq!(delivery.kind.template(), Path::new("templates/bundle.json"));
    assert_eq!(delivery.give_up_after, Duration::from_hours(3 * 24));
}

#[test]
fn absent_keys_have_defaults() {
    let text = "name: t\nsources:\n  - { topic: p, member: parent, bundle: /id, id: /id }\n  \
                - { topic: c, member: child, bundle: /p, id: /id, time: { pointer: /at, zone: Europe/Berlin } }\n";
    let spec = Spec::parse("t.yaml", text).unwrap();
    assert_eq!(spec.deliveries().count(), 0);
    let bundle = spec.bundle().unwrap();
    assert_eq!(bundle.submissions.as_str(), "ctm-submissions");
    assert_eq!(bundle.rules.children, 1);
    assert_eq!(bundle.rules.sources.last().unwrap().time.as_ref().unwrap().zone.as_deref(), Some("Europe/Berlin"));
}

#[test]
fn all_mistakes_are_reported_at_once_with_position_and_remedy() {
    let text = "name: t t
sources:
  - { topic: 'p p', member: parent, bundle: id, id: /a~2, expects: /n }
  - { topic: c, member: sibling, bundle: /p, id: /id, time: { pointer: /at, zone: Europe/Berlim } }
  - { topic: d, member: parent, bundle: /p, id: /id, position: /n, tine: { pointer: /at } }
bundle: { children: 0, slo: 24h, sla: 24, key: guid }
submissions: ..
deliver: { give_up_after: 0s, control_m: { templat: x, server: s, retention_days: -1 } }
";
    let problems = problems(text);
    for expected in [
        "t.yaml:1:7: name: `t t` is not a name",
        "t.yaml:3:14: sources[0].topic: `p p` is not a topic's name",
        "sources[0].bundle: `id` is not a JSON pointer: it must begin with `/`",
        "sources[0].id: `/a~2` is not a JSON pointer",
        "sources[1].member: expected one of `parent`, `child`, found `sibling`",
        "sources[1].time.zone: the zone `Europe/Berlim` is not known",
        "sources[2].position: only a source with `member: child` has this",
        "sources[2].tine: this key is unknown",
        "^^^^ did you mean `time`?",
        "bundle.children: expected a whole number from 1 to 10000, found the number 0",
        "t.yaml:6:24: bundle.slo: this key is unknown",
        "^^^ did you mean `sla`?",
        "bundle.sla: expected a duration, found the number 24",
        "bundle.key: expected one of `uuid`, `text`",
        "submissions: `..` is not a topic's name",
        "deliver.give_up_after: this must be longer than 0",
        "deliver.control_m.templat: this key is unknown",
        "deliver.control_m.template: this key is required",
        "deliver.control_m.retention_days: expected a whole number from 0 to 3650",
    ] {
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}

#[test]
fn sources_are_checked_together() {
    let source = |topic, member| format!("  - {{ topic: {topic}, member: {member}, bundle: /p, id: /id }}\n");
    let file = |sources: &[String]| format!("name: t\nsources:\n{}", sources.concat());
    let two_parents = problems(&file(&[source("a", "parent"), source("b", "parent"), source("c", "child")]));
    assert!(two_parents.contains("t.yaml:4:5: sources[1]: this is a second source of parents"), "{two_parents}");
    let no_child = problems(&file(&[source("a", "parent")]));
    assert!(no_child.contains("there is no source of children"), "{no_child}");
    assert!(no_child.contains("add a source with `member: child`"), "{no_child}");
    assert!(problems(&file(&[source("a", "child")])).contains("there is no source of parents"));
    let twice = problems(&file(&[source("a", "parent"), source("a", "child")]));
    assert!(twice.contains("sources[1]: topic `a` is a source already"), "{twice}");
    let feedback = problems(&file(&[source("a", "parent"), source("ctm-submissions", "child")]));
    assert!(feedback.contains("is a source and the topic of submissions"), "{feedback}");
}

#[test]
fn a_delivery_of_no_known_kind_is_refused() {
    let sources = "sources:\n  - { topic: p, member: parent, bundle: /id, id: /id }\n  \
                   - { topic: c, member: child, bundle: /p, id: /id }\n";
    let file = |deliver: &str| format!("name: t\n{sources}deliver: {deliver}\n");
    let empty = problems(&file("{}"));
    assert!(empty.contains("t.yaml:5:10: deliver.control_m: this key is required and missing"), "{empty}");
    assert!(empty.contains("add `control_m: ..`"), "{empty}");
    let unknown = problems(&file("{ nowhere: {} }"));
    assert!(unknown.contains("deliver.nowhere: this key is unknown"), "{unknown}");
    assert!(unknown.contains("known keys: `control_m`"), "{unknown}");
    assert_eq!(Spec::parse("t.yaml", &file("")).unwrap().deliveries().count(), 0);
}

#[test]
fn a_source_says_where_its_first_start_begins() {
    let spec = |start: &str| {
        let text = format!(
            "name: t\nsources:\n  - {{ topic: p, member: parent, bundle: /id, id: /id, start: {start} }}\n  - {{ topic: c, member: child, bundle: /p, id: /id }}\n"
        );
        Spec::parse("t.yaml", &text).map(|spec| spec.bundle().unwrap().starts.clone())
    };
    let day = StartAt::Ago(Duration::from_hours(24));
    let time = StartAt::Time(Timestamp::from_millis(1_795_845_600_000));
    let known = [("earliest", StartAt::Earliest), ("latest", StartAt::Latest), ("24h", day)];
    for (text, start) in known.into_iter().chain([("2026-11-28T06:00:00Z", time)]) {
        assert_eq!(spec(text).unwrap(), [Some(start), None], "{text}");
    }
    for text in ["newest", "24", "24x", "2026-11-28", "2026-11-28T06:00:00"] {
        let said = spec(text).unwrap_err().to_string();
        assert!(said.contains("sources[0].start") && said.contains(":3:"), "{said}");
    }
}
