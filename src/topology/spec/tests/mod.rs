//! Tests of parsing topology files, and of the problems that are reported.

use std::path::Path;
use std::time::Duration;

use super::delivery::Track;
use super::{Processor, Spec};
use crate::model::{Timestamp, Topic};
use crate::processor::bundle::{Implausible, KeyFormat, Role, SourceRules, TimeUnit};
use crate::processor::delivery::control_m::Mode;
use crate::processor::place::{Format, Literal};
use crate::topology::StartAt;

mod flow;
mod progressive;
mod rules;
mod schedule;
mod trace;

const DEFAULT: &str = include_str!("../../../../topologies/control-m.yaml");

fn problems(text: &str) -> String {
    Spec::parse("t.yaml", text).unwrap_err().to_string()
}

#[test]
fn the_default_file_is_parsed() {
    let spec = Spec::parse("topologies/control-m.yaml", DEFAULT).unwrap();
    let [Processor::Bundle(bundle), Processor::Delivery(delivery)] = spec.processors.as_slice() else {
        panic!("two processors")
    };
    assert_eq!((spec.name.as_str(), bundle.submissions.topic("ctm").as_str()), ("control-m", "ctm-submissions"));
    assert_eq!(bundle.rules.children, 1);
    assert_eq!(bundle.rules.sla, Duration::from_hours(24));
    assert_eq!(bundle.rules.keep_closed, Duration::from_hours(7 * 24));
    assert_eq!((bundle.rules.warn_before, bundle.rules.expire), (None, Duration::from_hours(14 * 24)));
    assert_eq!(bundle.rules.key, KeyFormat::Uuid);
    let [parent, child] = bundle.rules.sources.as_slice() else { panic!("two sources") };
    assert_eq!((parent.member, parent.expects.as_ref().unwrap().to_string()), (Role::Parent, "/children".to_owned()));
    assert_eq!((child.member, child.position.as_ref().unwrap().to_string()), (Role::Child, "/position".to_owned()));
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
    assert_eq!((spec.deliveries().count(), spec.history), (0, false));
    assert!(Spec::parse("t.yaml", &format!("{text}history: true\n")).unwrap().history);
    let bundle = spec.bundle().unwrap();
    assert_eq!(bundle.submissions.topic("app").as_str(), "app-submissions");
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
history: often
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
        "history: expected `true` or `false`, found `often`",
        "deliver.control_m.retention_days: expected a whole number from 0 to 3650",
    ] {
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}

#[test]
fn times_have_a_unit_and_a_policy_and_need_no_field() {
    let file = |time: &str| {
        format!(
            "name: t\nsources:\n  - {{ topic: p, member: parent, bundle: /id, id: /id, time: {time} }}\n  \
             - {{ topic: c, member: child, bundle: /p, id: /id }}\n"
        )
    };
    let parent = |time: &str| {
        let spec = Spec::parse("t.yaml", &file(time)).unwrap();
        spec.bundle().unwrap().rules.sources.first().unwrap().clone()
    };
    let read = parent("{ pointer: /at, unit: us, implausible: reject }");
    assert_eq!((read.time.unwrap().unit, read.implausible), (Some(TimeUnit::Micros), Implausible::Reject));
    let read = parent("{ implausible: reject }");
    assert_eq!((read.time, read.implausible), (None, Implausible::Reject));
    assert_eq!(parent("{ pointer: /at }").implausible, Implausible::AppendTime);
    let problems = problems(&file("{ unit: minutes, implausible: ignore }"));
    for expected in [
        "sources[0].time.unit: `unit` is of the field that `pointer` names",
        "add `pointer: ..`",
        "sources[0].time.unit: expected one of `s`, `ms`, `us`, `ns`, found `minutes`",
        "sources[0].time.implausible: expected one of `append_time`, `reject`",
    ] {
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}

#[test]
fn a_source_may_name_fields_that_do_not_count() {
    let file = |ignore: &str| {
        format!(
            "name: t\nsources:\n  - {{ topic: p, member: parent, bundle: /id, id: /id, ignore: {ignore} }}\n  \
             - {{ topic: c, member: child, bundle: /p, id: /id }}\n"
        )
    };
    let spec = Spec::parse("t.yaml", &file("[/sent_at, /meta/retry]")).unwrap();
    let ignored = |source: &SourceRules| source.ignore.iter().map(ToString::to_string).collect::<Vec<_>>();
    let sources: Vec<_> = spec.bundle().unwrap().rules.sources.iter().map(ignored).collect();
    assert_eq!(sources, [vec!["/sent_at".to_owned(), "/meta/retry".to_owned()], vec![]]);
    let wrong = problems(&file("[sent_at]"));
    assert!(wrong.contains("sources[0].ignore[0]: `sent_at` is not a JSON pointer"), "{wrong}");
}

#[test]
fn children_are_counted_by_name_if_the_file_names_them() {
    let file = |member: &str, bundle: &str| {
        format!(
            "name: t\nsources:\n  - {{ topic: o, member: parent, bundle: /id, id: /id }}\n  \
             - {{ topic: p, member: {member}, bundle: /o, id: /id }}\n  \
             - {{ topic: s, member: shipment, bundle: /o, id: /id }}\nbundle: {bundle}\n"
        )
    };
    let spec = Spec::parse("t.yaml", &file("payment", "{ members: { payment: 1, shipment: 2 } }")).unwrap();
    let bundle = spec.bundle().unwrap();
    let names: Vec<_> = bundle.rules.members.iter().map(|named| (&*named.name, named.count)).collect();
    assert_eq!((names, bundle.rules.children()), (vec![("payment", 1), ("shipment", 2)], 3));
    let sources: Vec<_> = bundle.rules.sources.iter().map(|source| (source.member, source.name.as_deref())).collect();
    assert_eq!(sources, [(Role::Parent, None), (Role::Child, Some("payment")), (Role::Child, Some("shipment"))]);
    assert_eq!(bundle.counted_together(), Vec::<&str>::new());
    for (member, bundle, expected) in [
        (
            "child",
            "{ members: { payment: 1, shipment: 1 } }",
            "expected one of `parent`, `payment`, `shipment`, found `child`",
        ),
        ("payment", "{}", "sources[1].member: expected one of `parent`, `child`, found `payment`"),
        ("shipment", "{ members: { payment: 1, shipment: 1 } }", "there is no source of `payment`"),
        (
            "payment",
            "{ members: { payment: 1, shipment: 1 }, children: 2 }",
            "bundle.children: children are counted by name",
        ),
        (
            "payment",
            "{ members: { payment: 0, shipment: 1 } }",
            "bundle.members.payment: expected a whole number from 1",
        ),
        ("payment", "{ members: { payment: 9999, shipment: 2 } }", "these are 10001 children"),
        ("child", "{ members: { child: 1, shipment: 1 } }", "`child` is not a name of children"),
        ("payment", "{ members: [payment] }", "bundle.members: expected a map of names and numbers"),
    ] {
        let problems = problems(&file(member, bundle));
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
    let stated = file("payment", "{ members: { payment: 1, shipment: 1 } }")
        .replace("id: /id }\n  - { topic: p", "id: /id, expects: /n }\n  - { topic: p");
    assert!(problems(&stated).contains("sources[0].expects: children are counted by name"), "{}", problems(&stated));
    let together = file("child", "{ children: 2 }").replace("member: shipment", "member: child");
    assert_eq!(Spec::parse("t.yaml", &together).unwrap().bundle().unwrap().counted_together(), ["p", "s"]);
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
    assert!(twice.contains("add `where: [{ at: /type, is: .. }]` to each source of the topic"), "{twice}");
    let feedback =
        problems(&file(&[source("a", "parent"), source("b", "child")]).replace("name: t", "name: t\nsubmissions: a"));
    assert!(feedback.contains("is a source and the topic of submissions"), "{feedback}");
}

#[test]
fn places_are_pointers_headers_and_the_key() {
    let text = "name: t
sources:
  - { topic: a, member: parent, where: [{ at: { header: type }, is: [p, 1, true] }], bundle: { key: text }, id: { key: /id } }
  - { topic: a, member: child, where: [{ at: /t, is: c }], format: json, bundle: { header: p }, id: /id }
  - { topic: b, member: child, format: confluent, bundle: /p, id: /id, position: { header: n } }
bundle: { key: text, no_ids: [unset, '0'] }
";
    let spec = Spec::parse("t.yaml", text).unwrap();
    let rules = &spec.bundle().unwrap().rules;
    assert_eq!(rules.no_ids, ["unset", "0"]);
    let places: Vec<_> = rules.sources.iter().map(|it| (it.bundle.to_string(), it.id.to_string(), it.format)).collect();
    let expected =
        [("key", "key /id", Format::Json), ("header p", "/id", Format::Json), ("/p", "/id", Format::Confluent)];
    assert_eq!(places, expected.map(|(bundle, id, format)| (bundle.to_owned(), id.to_owned(), format)));
    let [condition] = rules.sources[0].conditions.as_slice() else { panic!("one condition") };
    let values = [Literal::Text("p".to_owned()), Literal::Integer(1), Literal::Boolean(true)];
    assert_eq!((condition.at.to_string().as_str(), condition.is.as_slice()), ("header type", values.as_slice()));
    let topics: Vec<_> = spec.assemble("app", |_| None).unwrap().sources.into_iter().map(|it| it.topic).collect();
    assert_eq!(topics.iter().map(Topic::as_str).collect::<Vec<_>>(), ["a", "b"], "each topic is read once");
}

#[test]
fn mistakes_in_places_and_conditions_are_reported_with_the_remedy() {
    let text = "name: t
sources:
  - { topic: a, member: parent, where: [], bundle: { header: x, key: text }, id: { key: id } }
  - { topic: b, member: child, where: [{ at: t, is: [] }, { is: 1.5 }], bundle: { haeder: x }, id: { header: sheaf-id } }
  - { topic: c, member: child, where: [{ at: /t, is: c }], bundle: /p, id: /id }
  - { topic: c, member: child, where: [{ at: /t, is: d }], format: confluent, bundle: /p, id: /id }
  - { topic: d, member: child, format: avro, bundle: /p, id: /id }
";
    let problems = problems(text);
    for expected in [
        "sources[0].where: there is no condition",
        "sources[0].bundle.key: a place is a header, the key or an attribute",
        "sources[0].id.key: `id` is no place of the key: write `text` for the whole key, or a JSON pointer",
        "sources[1].where[0].at: `t` is not a JSON pointer",
        "sources[1].where[0].is: there is no value",
        "sources[1].where[1].at: this key is required and missing",
        "sources[1].where[1].is: a condition compares with a text, a whole number, `true` or `false`",
        "sources[1].bundle.haeder: this key is unknown",
        "did you mean `header`?",
        "sources[1].id.header: headers that begin with `sheaf-` are sheaf's own",
        "sources[3]: topic `c` is a source of another format already",
        "give all sources of a topic the same `format`",
        "sources[4].format: expected one of `json`, `confluent`, `cloudevents`, found `avro`",
    ] {
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
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
fn a_delivery_to_control_m_has_a_mode() {
    let file = |more: &str| {
        format!(
            "name: t\nsources:\n  - {{ topic: p, member: parent, bundle: /id, id: /id }}\n  \
             - {{ topic: c, member: child, bundle: /p, id: /id }}\n\
             deliver: {{ control_m: {{ template: t.json, server: s{more} }} }}\n"
        )
    };
    for (more, expected) in [
        ("", Mode::OnDemand),
        (", mode: on_demand, track: true", Mode::OnDemand),
        (", mode: run, track: true", Mode::Run),
        (", mode: order, track: false", Mode::Order),
    ] {
        let spec = Spec::parse("t.yaml", &file(more)).unwrap();
        assert_eq!(spec.deliveries().next().unwrap().kind.control_m().unwrap().mode, expected, "{more}");
    }
    for (wrong, expected) in [
        (", mode: ondemand", "deliver.control_m.mode: expected one of `on_demand`, `run`, `order`, found `ondemand`"),
        (", mode: order, track: true", "deliver.control_m.track: an order has no folder of its own"),
        (", mode: order, external_events: [a]", "deliver.control_m.external_events: an order has no folder of its own"),
    ] {
        let problems = problems(&file(wrong));
        assert!(problems.contains(expected), "{wrong}: {problems}");
    }
}

#[test]
fn folders_may_begin_with_another_word() {
    let file = |more: &str| {
        format!(
            "name: t\nsources: [{{ topic: c, member: child, bundle: /b, id: /i }}]\nbundle: {{ children: 1 }}\n\
             deliver: {{ control_m: {{ template: t.json, server: s{more} }} }}\n"
        )
    };
    let prefix = |more: &str| {
        let spec = Spec::parse("t.yaml", &file(more)).unwrap();
        spec.deliveries().next().unwrap().kind.control_m().unwrap().folder_prefix.clone()
    };
    assert_eq!([prefix(""), prefix(", folder_prefix: shop-")], ["folder-", "shop-"]);
    let long = format!(", folder_prefix: {}", "x".repeat(29));
    for wrong in
        [&long, ", folder_prefix: \"\"", ", folder_prefix: \"a b\"", ", folder_prefix: order-a", ", folder_prefix: a*"]
    {
        let problems = problems(&file(wrong));
        assert!(problems.contains("deliver.control_m.folder_prefix: no name of a folder can begin so"), "{problems}");
    }
    let of_order = problems(&file(", mode: order, folder_prefix: a"));
    assert!(of_order.contains("deliver.control_m.folder_prefix: an order has no folder of its own"), "{of_order}");
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

#[test]
fn runs_are_followed_if_the_file_says_so() {
    let file = |track: &str| {
        format!(
            "name: t\nsources: [{{ topic: c, member: child, bundle: /b, id: /i }}]\nbundle: {{ children: 1 }}\n\
             deliver: {{ control_m: {{ template: t.json, server: s{track} }} }}\n"
        )
    };
    let track = |track: &str| {
        let spec = Spec::parse("t.yaml", &file(track)).unwrap();
        spec.deliveries().next().unwrap().kind.control_m().unwrap().track.clone()
    };
    assert_eq!([track(""), track(", track: false")], [None, None]);
    let (every, waiting) = (Duration::from_secs(30), Duration::from_hours(1));
    assert_eq!(track(", track: true"), Some(Track { every, waiting }));
    let every = Duration::from_mins(1);
    assert_eq!(track(", track: { every: 1m }"), Some(Track { every, waiting }));
    for (wrong, expected) in [
        (", track: yes please", "deliver.control_m.track"),
        (", track: { every: 10ms }", "deliver.control_m.track.every: this must be at least 1s"),
        (", track: { evry: 1m }", "deliver.control_m.track.evry"),
    ] {
        let problems = Spec::parse("t.yaml", &file(wrong)).unwrap_err().to_string();
        assert!(problems.contains(expected), "{wrong}: {problems}");
    }
}
