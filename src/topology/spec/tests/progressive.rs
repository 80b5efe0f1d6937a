//! Tests of `submit: progressive`.

use std::time::Duration;

use super::{Spec, problems};
use crate::processor::bundle::{OPENINGS, SIGNALS};
use crate::processor::delivery::{Delivery, control_m};
use crate::template::Template;
use crate::topology::spec::delivery::Track;

/// A file with more in its child, its bundle and its delivery.
fn file(child: &str, bundle: &str, deliver: &str) -> String {
    format!(
        "name: t\nsources:\n  - {{ topic: p, member: parent, bundle: /id, id: /id }}\n  \
         - {{ topic: c, member: child, bundle: /p, id: /id{child} }}\nbundle: {bundle}\n\
         deliver: {{ control_m: {{ submit: progressive, template: t.json, server: s{deliver} }} }}\n"
    )
}

#[test]
fn a_folder_that_waits_has_topics_and_a_processor_of_its_own() {
    let spec = Spec::parse("t.yaml", &file("", "{ children: 2 }", ", track: true")).unwrap();
    let template = Template::compile("t.json", "{}").unwrap();
    let deliver = |to: &super::super::Delivery| {
        let folders = to.kind.control_m()?.folders(template.clone());
        Some(Delivery::new(folders, control_m::usual_settings()))
    };
    let topology = spec.assemble("ctm", deliver).unwrap();
    let names: Vec<&str> = topology.nodes.iter().map(|node| &*node.name).collect();
    assert_eq!(names, ["bundle", "delivery", "signal", "tracking"]);
    let sources: Vec<_> = topology.sources.iter().map(|source| (source.topic.as_str(), source.node)).collect();
    assert_eq!(sources, [("p", 0), ("c", 0), ("ctm-openings", 1), ("ctm-signals", 2), ("ctm-outcomes", 3)]);
    let [bundle, ..] = topology.nodes.as_slice() else { panic!("four processors") };
    let topics = [OPENINGS, SIGNALS].map(|name| bundle.output(name).unwrap().as_str());
    assert_eq!(topics, ["ctm-openings", "ctm-signals"]);
}

#[test]
fn a_finished_bundle_is_remembered_until_none_of_its_events_could_open_it_again() {
    let keep = |bundle: &str| {
        Spec::parse("t.yaml", &file("", bundle, ", retention_days: 30")).unwrap().bundle().unwrap().rules.keep_closed
    };
    let days = |days: u64| Duration::from_hours(24 * days);
    assert_eq!([keep("{}"), keep("{ expire: 3d }"), keep("{ expire: 20d }")], [days(14), days(7), days(20)]);
    assert_eq!(keep("{ keep_closed: 15d }"), days(15));
}

#[test]
fn a_run_waits_for_members_without_an_alert_until_its_bundle_is_late() {
    let track = |bundle: &str, deliver: &str| {
        let spec = Spec::parse("t.yaml", &file("", bundle, deliver)).unwrap();
        spec.deliveries().next().unwrap().kind.control_m().unwrap().track.clone()
    };
    let waiting = |hours| Some(Track { waiting: Duration::from_hours(hours), ..Track::default() });
    assert_eq!(track("{ sla: 10h }", ", track: true"), waiting(11));
    assert_eq!(track("{ cut_off: { at: \"23:59\", zone: UTC } }", ", track: {}"), waiting(26));
    assert_eq!(track("{ sla: 10h }", ", track: { waiting: 2h }"), waiting(2));
    assert_eq!(track("{ sla: 10h }", ""), None);
}

#[test]
fn what_does_not_fit_a_folder_that_waits_is_refused() {
    let number = "deliver.control_m.submit: the folder is made at the first event of a bundle, when the number";
    for (text, expected) in [
        (file(", expects: /n", "{}", ""), number),
        (file("", "{ complete_when: \"children | length > 2\" }", ""), number),
        (file("", "{ children: 3, at_least: { children: 2, after: 1h } }", ""), number),
        (file("", "{ members: { a: 1..2 } }", "").replace("member: child", "member: a"), number),
        (
            file("", "{ expire: 15d }", ""),
            "deliver.control_m: Control-M would remove the folder before its bundle expires",
        ),
        (file("", "{}", ", retention_days: 13"), "deliver.control_m.retention_days: Control-M would remove the folder"),
        (file("", "{}", ", retention_days: 13"), "write 14 or more, or a shorter `bundle.expire`"),
        (
            file("", "{ keep_closed: 7d }", ""),
            "bundle.keep_closed: with `submit: progressive` a repeated event of a forgotten bundle would submit",
        ),
        (file("", "{}", ", mode: order"), "deliver.control_m.submit: an order has no folder of its own"),
        (file("", "{}", "").replace("progressive", "early"), "submit: expected one of `bundle`, `progressive`"),
    ] {
        let problems = problems(&text);
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}
