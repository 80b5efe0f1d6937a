//! Tests of the rules of a bundle.

use std::time::Duration;

use super::{Spec, problems};
use crate::processor::bundle::{AtLeast, EventOutcome, MissingVersion, Report, Resolution, Rules, TimeUnit};
use crate::processor::place::Format;

/// A file with a parent, a child, and this section `bundle`.
fn with_rules(rules: &str) -> String {
    format!(
        "name: t\nsources:\n  - {{ topic: p, member: parent, bundle: /id, id: /id }}\n  \
         - {{ topic: c, member: child, bundle: /p, id: /id }}\nbundle: {rules}\n"
    )
}

fn rules(text: &str) -> Rules {
    Spec::parse("t.yaml", &with_rules(text)).unwrap().bundle().unwrap().rules.clone()
}

#[test]
fn the_deadlines_of_a_bundle_are_in_order() {
    let hours = Duration::from_hours;
    let read = rules("{ sla: 24h, warn_before: 4h, expire: 3d }");
    assert_eq!((read.warn_before, read.expire), (Some(hours(4)), hours(72)));
    assert_eq!(rules("{ sla: 20d }").expire, hours(40 * 24), "a long SLA has a longer expiry");
    for (text, expected) in [
        ("{ warn_before: 24h }", "bundle.warn_before: this must be shorter than `sla`"),
        ("{ warn_before: 0s }", "bundle.warn_before: this must be longer than 0"),
        ("{ expire: 24h }", "bundle.expire: this must be longer than `sla`"),
        ("{ expires: 24h }", "did you mean `expire`?"),
    ] {
        let problems = problems(&with_rules(text));
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}

#[test]
fn a_topology_says_which_of_two_contents_counts_and_which_deviations_are_alerted() {
    let read = rules("{ conflicts: latest, deviations: { late: count, out_of_range: ignore, duplicate: alert } }");
    assert_eq!(read.conflicts, Resolution::Latest);
    for (deviation, report) in [
        (EventOutcome::Late, Report::Count),
        (EventOutcome::OutOfRange, Report::Ignore),
        (EventOutcome::Duplicate, Report::Alert),
        (EventOutcome::Conflict, Report::Alert),
    ] {
        assert_eq!(read.reports.of(deviation), report, "{deviation:?}");
    }
    assert_eq!(rules("{}").reports.of(EventOutcome::Duplicate), Report::Count);
    for (text, expected) in [
        ("{ conflicts: last }", "bundle.conflicts: expected one of `first`, `latest`, `reject`, found `last`"),
        ("{ deviations: { late: mail } }", "bundle.deviations.late: expected one of `alert`, `count`, `ignore`"),
        ("{ deviations: { out_of_rang: count } }", "did you mean `out_of_range`?"),
        ("{ deviations: [late] }", "bundle.deviations: expected a map"),
    ] {
        let problems = problems(&with_rules(text));
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}

#[test]
fn the_deadline_may_be_a_cut_off_or_stand_in_an_event() {
    let read = rules("{ cut_off: { at: \"23:59\", zone: Europe/Berlin }, warn_before: 1h }");
    assert_eq!(read.cut_off.unwrap().at, jiff::civil::time(23, 59, 0, 0));
    for (text, expected) in [
        (
            "{ cut_off: { at: \"23:59\", zone: Europe/Berlin }, sla: 24h }",
            "bundle.sla: the deadline is the cut-off here",
        ),
        ("{ cut_off: { at: \"24:00\", zone: UTC } }", "`24:00` is not a time of the day: write it as `23:59`"),
        ("{ cut_off: { at: \"23:59\", zone: Berlin } }", "bundle.cut_off.zone: the zone `Berlin` is not known"),
        ("{ cut_off: { at: \"23:59\" } }", "bundle.cut_off.zone: this key is required"),
        ("{ cut_off: { at: \"23:59\", zone: UTC }, expire: 1d }", "this must be longer than 25 hours, the longest day"),
    ] {
        let problems = problems(&with_rules(text));
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
    let parent =
        |deadline: &str| with_rules("{}").replacen("id: /id }", &format!("id: /id, deadline: {deadline} }}"), 1);
    let spec = Spec::parse("t.yaml", &parent("{ pointer: /due, zone: Europe/Berlin, unit: ms }")).unwrap();
    let deadline = spec.bundle().unwrap().rules.sources[0].deadline.clone().unwrap();
    assert_eq!((deadline.place.to_string().as_str(), deadline.unit), ("/due", Some(TimeUnit::Millis)));
    assert!(Spec::parse("t.yaml", &parent("/due")).is_ok());
    assert!(problems(&parent("{ pointer: due }")).contains("sources[0].deadline.pointer: `due` is not a JSON pointer"));
    let child = with_rules("{}").replace("bundle: /p, id: /id }", "bundle: /p, id: /id, deadline: /due }");
    assert!(
        problems(&child).contains("only a parent or a child with a name states the deadline"),
        "{}",
        problems(&child)
    );
}

#[test]
fn a_bundle_may_have_no_parent_and_a_number_of_members_that_varies() {
    let file = |sources: &[(&str, &str)], bundle: &str| {
        let source = |(member, more): &(&str, &str)| {
            format!("  - {{ topic: t-{member}, member: {member}, bundle: /o, id: /id{more} }}\n")
        };
        format!("name: t\nsources:\n{}bundle: {bundle}\n", sources.iter().map(source).collect::<String>())
    };
    let read = |sources: &[(&str, &str)], bundle: &str| {
        Spec::parse("t.yaml", &file(sources, bundle)).unwrap().bundle().unwrap().rules.clone()
    };
    let (child, parent) = (("child", ""), ("parent", ""));
    let (announcing, stating) = (("child", ", expects: /n"), ("parent", ", expects: /n"));
    let (quote, order) = (("quote", ""), ("order", ""));
    let names = read(&[quote, order], "{ members: { quote: 1..3, order: 1 } }").members;
    assert_eq!(names.iter().map(|it| (it.min, it.count)).collect::<Vec<_>>(), [(1, 3), (1, 1)]);
    assert_eq!(read(&[child], "{ children: 3 }").children, 3);
    assert!(read(&[announcing], "{}").sources[0].expects.is_some());
    let after = Duration::from_hours(2);
    let read_at_least = read(&[stating, child], "{ at_least: { children: 3, after: 2h } }").at_least;
    assert_eq!(read_at_least, Some(AtLeast { children: 3, after }));
    assert!(read(&[quote], "{ members: { quote: 2..3 }, at_least: { after: 2h } }").at_least.is_some());
    for (sources, bundle, expected) in [
        (&[parent, child][..], "{ complete_when: 'children |' }", "bundle.complete_when: syntax error"),
        (&[parent, child], "{ complete_when: 'childen | length > 1' }", "`childen`"),
        (&[stating, child], "{ complete_when: 'true' }", "with `complete_when` no event says the number of children"),
        (&[parent, child], "{ complete_when: 'true', at_least: { children: 1, after: 1h } }", "a condition says when"),
        (&[child], "{}", "there is no source of parents"),
        (&[child], "{}", "`bundle.children`, `bundle.members`, or `expects` of the children"),
        (
            &[quote],
            "{ members: { quote: 3..1 } }",
            "bundle.members.quote: expected a whole number from 1 to 10000, or a range",
        ),
        (&[quote], "{ members: { quote: 0..1 } }", "no member is required"),
        (&[stating, announcing], "{}", "parents and children both say how many children there are"),
        (&[announcing], "{ children: 2 }", "bundle.children: children say their number here"),
        (&[parent, child], "{ children: 3, at_least: { children: 3, after: 2h } }", "`at_least` names 3 children of 3"),
        (&[stating, child], "{ at_least: { after: 2h } }", "bundle.at_least: this says no number of children"),
        (&[stating, child], "{ at_least: { children: 3 } }", "bundle.at_least.after: this key is required"),
        (&[stating, child], "{ at_least: { children: 3, after: 20d } }", "`after` must be shorter than `expire`"),
        (&[quote], "{ members: { quote: 2 }, at_least: { after: 2h } }", "all members are needed"),
        (
            &[quote],
            "{ members: { quote: 1..2 }, at_least: { children: 1, after: 2h } }",
            "children are counted by name here",
        ),
    ] {
        let problems = problems(&file(sources, bundle));
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}

/// A file whose source of parents has these keys too, and these places of ids.
fn with_places(keys: &str, id: &str) -> String {
    format!(
        "name: t\nsources:\n  - {{ topic: p, member: parent, bundle: /id, id: {id}{keys} }}\n  \
         - {{ topic: c, member: child, bundle: /p, id: /id }}\n"
    )
}

#[test]
fn attributes_are_places_in_cloud_events_only() {
    let spec =
        Spec::parse("t.yaml", &with_places(", format: cloudevents, ignore: [{ ce: traceparent }]", "{ ce: id }"));
    let parent = spec.unwrap().bundle().unwrap().rules.sources[0].clone();
    assert_eq!((parent.format, parent.id.to_string().as_str()), (Format::CloudEvents, "ce id"));
    assert_eq!(parent.ignore.iter().map(ToString::to_string).collect::<Vec<_>>(), ["ce traceparent"]);
    for (keys, id, expected) in [
        ("", "{ ce: id }", "t.yaml:3:56: sources[0].id.ce: only CloudEvents have attributes"),
        ("", "{ ce: id }", "add `format: cloudevents` to the source, or name the header: `{ header: ce_id }`"),
        (
            ", where: [{ at: { ce: type }, is: a }]",
            "/id",
            "sources[0].where[0].at.ce: only CloudEvents have attributes",
        ),
        (
            ", format: cloudevents",
            "{ ce: ce_id }",
            "sources[0].id.ce: `ce_id` is the name of a header: write the attribute, `id`",
        ),
        (", format: cloudevents", "{ ce: data }", "`data` is no attribute: a field of the data is a JSON pointer"),
        (
            ", format: cloudevents",
            "{ ce: Id }",
            "`Id` is not an attribute of a CloudEvent: their names have letters from a to z",
        ),
        (", format: cloudevents", "{ ce: id, header: x }", "a place is a header, the key or an attribute"),
        (", ignore: [{ header: x }]", "/id", "sources[0].ignore[0]: headers and key do not count anyway"),
    ] {
        let problems = problems(&with_places(keys, id));
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}

#[test]
fn a_source_says_which_schema_versions_it_takes() {
    let read = |version: &str| {
        let spec = Spec::parse("t.yaml", &with_places(&format!(", version: {version}"), "/id")).unwrap();
        let rule = spec.bundle().unwrap().rules.sources[0].version.clone().unwrap();
        let accepts: Vec<String> = rule.accepts.iter().map(ToString::to_string).collect();
        (rule.at.to_string(), accepts.join(" "), rule.missing)
    };
    let expected = |at: &str, accepts: &str, missing| (at.to_owned(), accepts.to_owned(), missing);
    assert_eq!(read("{ at: /v, accepts: 1 }"), expected("/v", "1", MissingVersion::Reject));
    let several = read("{ at: { header: v }, accepts: [1, \"2.*\"], missing: accept }");
    assert_eq!(several, expected("header v", "1 2.*", MissingVersion::Accept));
    for (version, expected) in [
        ("{ accepts: 1 }", "sources[0].version.at: this key is required and missing"),
        ("{ at: /v }", "sources[0].version.accepts: this key is required and missing"),
        ("{ at: /v, accepts: [] }", "sources[0].version.accepts: no version is accepted"),
        ("{ at: /v, accepts: [1, 1.1] }", "sources[0].version.accepts[1]: expected a text or a whole number"),
        ("{ at: /v, accepts: 1.0 }", "write it in quotes, as in `\"1.0\"`"),
        ("{ at: /v, accepts: \"*1*\" }", "sources[0].version.accepts: `*1*` has more than one `*`"),
        ("{ at: /v, accepts: 1, missing: maybe }", "sources[0].version.missing: expected one of `reject`, `accept`"),
        ("{ at: { ce: dataschema }, accepts: 1 }", "sources[0].version.at.ce: only CloudEvents have attributes"),
        ("{ at: /v, accept: 1 }", "did you mean `accepts`?"),
    ] {
        let problems = problems(&with_places(&format!(", version: {version}"), "/id"));
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}
