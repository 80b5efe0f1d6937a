//! The published schema of alerts: every alert of the golden files, of the scenarios and of whole runs is valid, and every kind is described.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};
use sheaf::metric::Declared;
use sheaf::model::Timestamp;
use sheaf::processor::delivery::{Delivery, control_m};
use sheaf::template::Template;
use sheaf::topology::Spec;

const SCHEMA: &str = include_str!("../../docs/schemas/alert.schema.json");

/// Fails unless the value of an alert is valid by the schema.
pub(crate) fn assert_valid(alert: &Value) {
    assert_valid_by(SCHEMA, alert);
}

/// Fails unless a value is valid by this schema.
pub(crate) fn assert_valid_by(schema: &str, value: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let wrong = check(&schema, &schema, value);
    assert_eq!(wrong, [""; 0], "{value:#}");
}

/// What is wrong with a value, by the keywords of draft 2020-12 that the schema uses; others fail the test.
fn check(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let keywords = schema.as_object().unwrap();
    keywords.iter().flat_map(|(keyword, argument)| by_keyword(root, (keyword, argument, keywords), value)).collect()
}

fn by_keyword(
    root: &Value,
    (keyword, argument, all): (&str, &Value, &Map<String, Value>),
    value: &Value,
) -> Vec<String> {
    let unless = |is_right: bool| if is_right { vec![] } else { vec![format!("{value} against {keyword} {argument}")] };
    match keyword {
        "$schema" | "$id" | "$defs" | "title" | "description" => vec![],
        "$ref" => check(root, root.pointer(argument.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(), value),
        "type" => unless(match argument.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            other => panic!("type {other}"),
        }),
        "const" => unless(value == argument),
        "enum" => unless(argument.as_array().unwrap().contains(value)),
        "minimum" => unless(value.as_i64() >= argument.as_i64()),
        "format" => unless(*argument == json!("date-time") && is_date_time(value.as_str().unwrap())),
        "required" => {
            unless(argument.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()))
        }
        "properties" => argument
            .as_object()
            .unwrap()
            .iter()
            .filter_map(|(name, schema)| Some(check(root, schema, value.get(name)?)))
            .flatten()
            .collect(),
        "additionalProperties" => {
            let known = all["properties"].as_object().unwrap();
            unless(*argument == json!(false) && value.as_object().unwrap().keys().all(|name| known.contains_key(name)))
        }
        "items" => value.as_array().unwrap().iter().flat_map(|item| check(root, argument, item)).collect(),
        "oneOf" => {
            let wrong: Vec<_> = argument.as_array().unwrap().iter().map(|schema| check(root, schema, value)).collect();
            match wrong.iter().filter(|wrong| wrong.is_empty()).count() {
                1 => vec![],
                0 => wrong.into_iter().min_by_key(Vec::len).unwrap(),
                several => vec![format!("{several} alternatives of {argument}")],
            }
        }
        other => panic!("the check does not know the keyword {other}"),
    }
}

fn is_date_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

/// The alerts of a golden file or of a scenario, which names their keys, with what the runtime adds.
fn alerts_of(text: &str) -> Vec<Value> {
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.iter().zip(lines.iter().skip(1));
    let alerts = pairs.filter_map(|(line, details)| {
        let (head, message) = line.strip_prefix("alert   ")?.split_once(": ")?;
        let words: Vec<&str> = head.split(' ').filter(|word| !word.starts_with("key=")).collect();
        let [kind, severity, _at] = words.try_into().unwrap();
        let at = Timestamp::from_millis(1_767_225_600_000);
        Some(json!({
            "key": "b", "topology": "t", "processor": "p", "raised_at": at.to_string(), "occurred_at": at.to_string(),
            "kind": kind, "severity": severity, "at": at.as_millis(), "message": message,
            "details": serde_json::from_str::<Value>(details).unwrap(),
        }))
    });
    alerts.collect()
}

/// The alerts of all golden files and scenarios below a directory.
fn golden(directory: &Path) -> Vec<Value> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let of_entry = |path: std::path::PathBuf| match path.extension().and_then(|it| it.to_str()) {
        _ if path.is_dir() => golden(&path),
        Some("txt" | "scenario") => alerts_of(&std::fs::read_to_string(path).unwrap()),
        _ => vec![],
    };
    entries.flat_map(of_entry).collect()
}

/// The kinds that sheaf's processors and its runtime raise.
fn kinds() -> BTreeSet<String> {
    let text =
        include_str!("../../topologies/progressive.yaml").replace("server: smprod", "server: smprod, track: true");
    let spec = Spec::parse("t", &text).unwrap();
    let template = Template::compile("t", "{}").unwrap();
    let folders = control_m::Folders::new(template, "s");
    let delivery = Delivery::new(folders, control_m::usual_settings());
    let declared = Declared::by(&spec.assemble("ctm", |_| Some(delivery.clone())).unwrap());
    let flows = Spec::parse("meal", include_str!("../../examples/food/steps.yaml")).unwrap();
    let of_flows = Declared::by(&flows.assemble("meal", |_| None).unwrap());
    declared.alerts.into_iter().chain(of_flows.alerts).chain(["deadlines_held"]).map(str::to_owned).collect()
}

#[test]
fn every_alert_of_the_golden_files_is_valid_by_the_published_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let alerts = ["tests/golden", "topologies", "examples"].map(|directory| golden(&root.join(directory))).concat();
    alerts.iter().for_each(assert_valid);
    let shown: BTreeSet<_> = alerts.iter().map(|alert| alert["kind"].as_str().unwrap().to_owned()).collect();
    let missing: Vec<_> = kinds().into_iter().filter(|kind| !shown.contains(kind)).collect();
    assert_eq!(missing, ["deadlines_held"], "a test of the runtime has that one");
}

#[test]
fn the_schema_and_the_table_of_alerts_have_every_kind() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let described: BTreeSet<_> = schema["properties"]["kind"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(described, kinds());
    let page = include_str!("../../docs/operations.md");
    for kind in described {
        assert!(
            page.lines().any(|line| line.starts_with(&format!("| `{kind}` |"))),
            "docs/operations.md has no row of {kind}"
        );
    }
}

#[test]
fn an_alert_that_is_not_as_described_is_found() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let [valid, ..] = &*golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bundle")) else {
        panic!("none")
    };
    assert_eq!(check(&schema, &schema, valid), [""; 0]);
    for (place, wrong) in [
        ("/kind", json!("other")),
        ("/severity", json!("info")),
        ("/at", json!("now")),
        ("/raised_at", json!("2026-13-01T00:00:00Z")),
        ("/details", json!({})),
    ] {
        let mut alert = valid.clone();
        *alert.pointer_mut(place).unwrap() = wrong;
        assert!(!check(&schema, &schema, &alert).is_empty(), "{place}: {alert}");
    }
    let mut more = valid.clone();
    more["further"] = json!(1);
    assert!(!check(&schema, &schema, &more).is_empty());
}
