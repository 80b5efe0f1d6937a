//! Each rule, with a definition that breaks it alone and one beside it that does not.

mod command;
mod signal;

use std::collections::BTreeSet;

use super::{RULES, Waiting, check};
use crate::template::{Severity, Template};

/// A definition that breaks no rule; `JOB` and `FOLDER` stand for more properties of its first job and of the folder.
const GOOD: &str = r#"{"f": {"Type": "Folder", "ControlmServer": "s", "DaysKeepActive": "3",
    "a": {"Type": "Job:Dummy", "adds": {"Type": "AddEvents", "Events": [{"Event": "a-done"}]} JOB},
    "b": {"Type": "Job:Command", "Command": "echo b",
          "waits": {"Type": "WaitForEvents", "Events": [{"Event": "a-done"}]},
          "deletes": {"Type": "DeleteEvents", "Events": [{"Event": "a-done"}]}}
    FOLDER}}"#;

/// The rules that a definition breaks, with the pointers.
fn broken(definition: &str) -> BTreeSet<(&'static str, String)> {
    found(definition, Waiting::default())
}

/// The same for a bundle that waits for events.
fn found(definition: &str, waiting: Waiting<'_>) -> BTreeSet<(&'static str, String)> {
    let template = Template::compile("t.json", definition).unwrap();
    let context = serde_json::json!({"x": "it; is", "id": "p-1", "sql": "a 'b' \"c\"", "job": {"Command": "rm; x"}});
    let rendered = template.render(&context).unwrap();
    let object = serde_json::from_str(&rendered.text).unwrap();
    let external = ["ext-*".to_owned()];
    let findings = check(&rendered, &object, (&external, waiting), &|text| template.is_constant(text));
    for finding in &findings {
        let value: serde_json::Value = serde_json::from_str(&rendered.text).unwrap();
        let parent = finding.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        assert!(value.pointer(parent).is_some(), "{finding}: no such place");
    }
    findings.into_iter().map(|finding| (finding.rule.name, finding.pointer)).collect()
}

/// The good definition with more properties.
fn with(job: &str, folder: &str) -> String {
    let more = |text: &str| if text.is_empty() { String::new() } else { format!(", {text}") };
    GOOD.replace(" JOB", &more(job)).replace("FOLDER", &more(folder))
}

fn job(properties: &str) -> String {
    with("", &format!(r#""j": {{{properties}}}"#))
}

#[test]
fn a_good_definition_breaks_no_rule() {
    assert_eq!(broken(&with("", "")), BTreeSet::new());
}

#[test]
fn each_rule_is_broken_by_its_definition_alone_and_kept_by_its_neighbour() {
    let mut told = BTreeSet::new();
    for (rule, pointer, bad, good) in cases() {
        let found = broken(&bad);
        assert_eq!(found, BTreeSet::from([(rule, pointer.clone())]), "{bad}");
        assert_eq!(broken(&good), BTreeSet::new(), "{good}");
        told.insert(rule);
    }
    told.extend(signal::TESTED);
    let all: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(told, all, "each rule has a case");
    assert_eq!(all.len(), RULES.len(), "each rule has a name of its own");
}

/// A rule, the place that breaks it, the definition that does, and one that does not.
type Case = (&'static str, String, String, String);

fn cases() -> Vec<Case> {
    [names(), structure(), events(), services(), command::cases()].concat()
}

fn case(rule: &'static str, pointer: &str, bad: String, good: String) -> Case {
    (rule, pointer.to_owned(), bad, good)
}

fn names() -> Vec<Case> {
    let folder = |name: &str| with("", "").replace("\"f\"", &format!("\"{name}\""));
    let named = |name: &str| with("", &format!(r#""{name}": {{"Type": "Job:Dummy"}}"#));
    let (fits, long) = ("n".repeat(64), "n".repeat(65));
    let event =
        |name: &str| with(&format!(r#""also": {{"Type": "AddEvents", "Events": [{{"Event": "{name}"}}]}}"#), "");
    vec![
        case("folder_name", &format!("/{long}"), folder(&long), folder(&fits)),
        case("folder_name", "/a b", folder("a b"), folder("a-b")),
        case("job_name", &format!("/f/{long}"), named(&long), named(&fits)),
        case("job_name_unique", "/f/f", named("f"), named("g")),
        case(
            "job_name_unique",
            "/f/Jobs/1",
            with("", r#""Jobs": [{"Name": "j", "Type": "Job:Dummy"}, {"Name": "j", "Type": "Job:Dummy"}]"#),
            with(
                "",
                r#""Jobs": [{"Name": "j", "Type": "Job:Dummy"}], "s": {"Type": "SubFolder", "j": {"Type": "Job:Dummy"}}"#,
            ),
        ),
        case("job_name_colon", "/f/a:b", named("a:b"), named(r"a\\:b")),
        case("name_property", "/f/a/RunAs", with(r#""RunAs": "x y""#, ""), with(r#""RunAs": "xy""#, "")),
        case(
            "name_property",
            "/f/Application",
            with("", &format!(r#""Application": "{long}""#)),
            with("", &format!(r#""Application": "{fits}""#)),
        ),
        case("event_name", "/f/a/also", event("a (b)"), event("a-b")),
        case("event_name", "/f/a/also", event(&"e".repeat(256)), event(&"e".repeat(255))),
    ]
}

fn structure() -> Vec<Case> {
    let folder = |properties: &str| with("", "").replace(r#""Type": "Folder", "ControlmServer": "s""#, properties);
    let unkept = |job: &str| with(job, "").replace(r#", "DaysKeepActive": "3""#, "");
    let pool = |quantity: &str| with(&format!(r#""p": {{"Type": "Resource:Pool", "Quantity": {quantity}}}"#), "");
    let action = |kind: &str| {
        with("", "").replacen(
            '{',
            &format!(r#"{{"Defaults": {{"Job": {{"if": {{"Type": "If", "m": {{{kind} "To": "x"}}}}}}}},"#),
            1,
        )
    };
    vec![
        case("folder", "", "{}".to_owned(), with("", "")),
        case("folder", "/x", with("", "").replacen('{', "{\"x\": 1, ", 1), with("", "")),
        case("folder_type", "/f/Type", folder(r#""Type": "Foldr", "ControlmServer": "s""#), with("", "")),
        case(
            "folder_server",
            "/f",
            folder(r#""Type": "Folder""#),
            folder(r#""Type": "SimpleFolder""#).replacen('{', r#"{"Defaults": {"ControlmServer": "s"}, "#, 1),
        ),
        case("folder_keep", "/f", unkept(""), unkept(r#""DaysKeepActive": 1"#)),
        case("folder_keep", "/f", unkept(r#""DaysKeepActive": "0""#), unkept(r#""DaysKeepActive": "Forever""#)),
        case(
            "folder_keep",
            "/f",
            with("", r#""ActiveRetentionPolicy": "CleanEndedOK""#),
            with("", r#""ActiveRetentionPolicy": "KeepAll""#),
        ),
        case(
            "folder_jobs",
            "/g",
            with("", "").replacen('{', r#"{"g": {"Type": "Folder", "ControlmServer": "s"}, "#, 1),
            with("", ""),
        ),
        case("required", "/f/j", job(r#""Type": "Job:Command""#), job(r#""Type": "Job:Command", "Command": "x""#)),
        case(
            "required",
            "/f/j",
            job(r#""Type": "Job:Script", "FileName": "x""#),
            job(r#""Type": "Job:Script", "FileName": "x", "FilePath": "/opt""#),
        ),
        case(
            "required",
            "/f/j",
            job(r#""Type": "Job:EmbeddedScript", "Script": "x""#),
            job(r#""Type": "Job:EmbeddedScript", "Script": "x", "FileName": "y""#),
        ),
        case(
            "required",
            "/f/j",
            job(r#""Type": "Job:SLAManagement""#),
            job(r#""Type": "Job:SLAManagement", "ServiceName": "s""#),
        ),
        case(
            "flow",
            "/f/w/Sequence",
            with("", r#""w": {"Type": "Flow", "Sequence": ["a"]}"#),
            with("", r#""w": {"Type": "Flow", "Sequence": ["a", "b"]}"#),
        ),
        case("flow", "/f/w/Sequence", with("", r#""w": {"Type": "Flow", "Sequence": ["a", "c"]}"#), with("", "")),
        case("pool_quantity", "/f/a/p/Quantity", pool("\"one\""), pool("\"1\"")),
        case("pool_quantity", "/f/a/p/Quantity", pool("\"\""), pool("1")),
        case("action_type", "/Defaults/Job/if/m", action(""), action("\"Type\": \"Mail\",")),
    ]
}

fn events() -> Vec<Case> {
    let waits = |event: &str| with(&format!(r#""waits": {{"Type": "WaitForEvents", "Events": [{event}]}}"#), "");
    let adds = |events: &str| with(&format!(r#""also": {{"Type": "AddEvents", "Events": [{events}]}}"#), "");
    let of = |events: usize| adds(&vec![r#"{"Event": "e"}"#; events].join(", "));
    let both = |add: &str| {
        let events = r#"{"Event": "x", "Date": "NoDate"}"#;
        with(
            &format!(r#""also": {{"Type": "AddEvents", "Events": [{add}]}}"#),
            &format!(
                r#""j": {{"Type": "Job:Dummy", "w": {{"Type": "WaitForEvents", "Events": [{events}]}}, "d": {{"Type": "DeleteEvents", "Events": [{events}]}}}}"#
            ),
        )
    };
    let kept = |days: &str| {
        let waits = r#""waits": {"Type": "WaitForEvents", "Events": [{"Event": "ext-1", "Date": "NoDate"}]}"#;
        with(&format!("{waits}, {days}"), "")
    };
    let own = |added: &str| {
        let list =
            |kind: &str, event: &str| format!(r#""{kind}": {{"Type": "{kind}", "Events": [{{"Event": "{event}"}}]}}"#);
        let other = r#""o": {"Type": "Job:Dummy", "adds": {"Type": "AddEvents", "Events": [{"Event": "own"}]}}"#;
        let own =
            format!(r#""j": {{"Type": "Job:Dummy", {}, {}}}"#, list("WaitForEvents", "own"), list("AddEvents", added));
        with("", &if added == "own" { own } else { format!("{own}, {other}") })
    };
    let external = r#"{"Event": "ext-1", "Date": "NoDate"}"#;
    vec![
        case("event_count", "/f/a/also", of(100), of(99)),
        case("event_producer", "/f/a/waits", waits(r#"{"Event": "nobodys"}"#), waits(external)),
        case("event_producer", "/f/j/w", both(r#"{"Event": "x"}"#), both(r#"{"Event": "x", "Date": "STAT"}"#)),
        case("event_producer", "/f/a/waits", waits(r#"{"Event": "x", "Date": "AnyDate"}"#), waits(external)),
        case("event_cycle", "/f/j", own("own"), own("other")),
        case("event_leak", "/f/a", adds(r#"{"Event": "x", "Date": "NoDate"}"#), adds(r#"{"Event": "x"}"#)),
        case("event_date", "/f/a/waits", waits(r#"{"Event": "ext-1"}"#), waits(external)),
        case("event_keep", "/f/a", kept(r#""DaysKeepActive": "0""#), kept(r#""DaysKeepActive": "Forever""#)),
    ]
}

fn services() -> Vec<Case> {
    let service =
        |name: &str, times: &str| job(&format!(r#""Type": "Job:SLAManagement", "ServiceName": "{name}"{times}"#));
    let within = |time: &str| service("s", &format!(r#", "CompleteIn": {{"Time": "{time}"}}"#));
    let place = "/f/j/ServiceName";
    vec![
        case("service_name", place, service(&"s".repeat(65), ""), service(&"s".repeat(64), "")),
        case("service_name_blank", place, service("a b", ""), service("a-b", "")),
        case("complete_in", "/f/j/CompleteIn", within("1h"), within("35:00")),
        case("complete_in", "/f/j/CompleteIn", within("1234:00"), within("0:5")),
        case(
            "complete_once",
            "/f/j",
            service("s", r#", "CompleteIn": {"Time": "1:00"}, "CompleteBy": {"Time": "1:00"}"#),
            service("s", r#", "CompleteBy": {"Time": "1:00", "Days": "0"}"#),
        ),
    ]
}

#[test]
fn a_cycle_through_events_is_found_and_an_alternative_breaks_it() {
    let two = |wait_of_a: &str| {
        with(
            &format!(r#""w": {{"Type": "WaitForEvents", "Events": [{wait_of_a}]}}"#),
            r#""c": {"Type": "Job:Dummy",
                     "w": {"Type": "WaitForEvents", "Events": [{"Event": "a-done"}]},
                     "a": {"Type": "AddEvents", "Events": [{"Event": "c-done"}]}}"#,
        )
    };
    let names: BTreeSet<_> = broken(&two(r#"{"Event": "c-done"}"#)).into_iter().collect();
    let expected = ["/f/a", "/f/b", "/f/c"].map(|pointer| ("event_cycle", pointer.to_owned()));
    assert_eq!(names, BTreeSet::from(expected));
    assert_eq!(broken(&two(r#"{"Event": "c-done"}, "OR", {"Event": "ext-1", "Date": "NoDate"}"#)), BTreeSet::new());
}

#[test]
fn the_severities_are_those_of_the_facts() {
    let warnings: Vec<&str> =
        RULES.iter().filter(|rule| rule.severity == Severity::Warning).map(|rule| rule.name).collect();
    let expected = [
        "folder_server",
        "folder_keep",
        "job_name_colon",
        "event_leak",
        "event_date",
        "event_keep",
        "signal_leak",
        "action_type",
        "service_name_blank",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn the_page_of_deliveries_has_each_rule() {
    let page = include_str!("../../../../../../docs/delivery.md");
    for rule in &RULES {
        let severity = if rule.severity == Severity::Error { "error" } else { "warning" };
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", rule.name)));
        assert!(row.is_some_and(|row| row.contains(&format!("| {severity} |"))), "docs/delivery.md: {}", rule.name);
    }
}
