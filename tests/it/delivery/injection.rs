//! No field of an event can change the structure of a definition: hostile texts in every field, for the shipped templates and those
//! with the constructs of the original project (`tests/fixtures/templates`).

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sheaf::model::RejectReason;
use sheaf::processor::delivery::control_m::Folders;
use sheaf::template::{Severity, Template};

const TEMPLATES: [(&str, &str); 5] = [
    ("bundle.json", include_str!("../../../templates/bundle.json")),
    ("chain.json", include_str!("../../../templates/chain.json")),
    ("order.json", include_str!("../../../templates/order.json")),
    ("pair.json", include_str!("../../fixtures/templates/pair.json")),
    ("waiting.json", include_str!("../../fixtures/templates/waiting.json")),
];

fn folders((name, source): (&str, &str)) -> Folders {
    let template = Template::compile(name, source).unwrap();
    let external_events = if name == "waiting.json" { vec!["child-*".to_owned()] } else { Vec::new() };
    Folders { retention_days: 14, external_events, ..Folders::new(template, "smprod") }
}

/// A bundle with these texts in its fields.
fn bundle(id: &str, text: impl Fn(usize) -> String) -> Value {
    let payload = |first: usize| {
        json!({
            "id": text(first), "description": text(first + 1), "note": text(first + 2), "title": text(first + 3),
            "carrier": text(first + 4), "shipmentId": text(first + 5), "parent_id": text(first + 6),
        })
    };
    json!({
        "bundle_id": id, "parent": payload(0), "children": [payload(7), payload(14)], "names": ["payment", "shipment"],
        "first_event_at": text(21), "completed_at": text(22), "late": false,
    })
}

/// A definition without its texts: the keys, with `ID` for the bundle's id, and the types.
fn structure(value: &Value, id: &str) -> Value {
    match value {
        Value::Object(object) => {
            let members = object.iter().map(|(key, value)| (key.replace(id, "ID"), structure(value, id)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| structure(item, id)).collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!(0),
        Value::Bool(_) | Value::Null => value.clone(),
    }
}

/// The number of `%%` in the texts of a definition.
fn variables(definition: &str) -> usize {
    definition.matches("%%").count()
}

const HARMLESS: &str = "0190c7a4-5b1e-4c5e-9d3e-1f2a3b4c5d6e";

/// Renders a bundle with each template; if it renders, its structure is that of a harmless one. Returns how many did.
fn check(id: &str, texts: &[String]) -> Result<usize, TestCaseError> {
    let mut rendered = 0;
    for template in TEMPLATES {
        let folders = folders(template);
        let good = folders.preview(bundle(HARMLESS, |_| "x1".to_owned()).to_string().as_bytes()).unwrap();
        let hostile = bundle(id, |index| texts[index % texts.len()].clone());
        match folders.preview(hostile.to_string().as_bytes()) {
            Ok(bad) => {
                let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
                let (is, expected) =
                    (structure(&parsed(&bad.definition), id), structure(&parsed(&good.definition), HARMLESS));
                prop_assert_eq!(is, expected, "{}", template.0);
                prop_assert_eq!(variables(&bad.definition), variables(&good.definition), "{}", template.0);
                rendered += 1;
            }
            Err(reject) => {
                let refused = matches!(reject.reason, RejectReason::BadId | RejectReason::Render);
                prop_assert!(refused, "{}: {:?}", template.0, reject);
                let has_reason = reject.reason == RejectReason::BadId || texts.iter().any(|text| text.contains('%'));
                prop_assert!(has_reason || id.contains('%'), "{}: {}", template.0, reject.detail);
            }
        }
    }
    Ok(rendered)
}

const HOSTILE: [&str; 18] = [
    r#"","RunAs":"root"#,
    r#""},"x":{"Type":"Job:Command","Command":"reboot"},"y":{"z":""#,
    "%%VAR",
    "%",
    "a%",
    "%%$ODATE",
    "\\",
    "\\\"",
    "\\u0022",
    "line\nline\r\n\tline",
    "\u{0}\u{1}\u{7F}\u{85}",
    "\u{2028}\u{FEFF}\u{FDD0}\u{FDD2}\u{202E}",
    "{{ 7 * 7 }}{% raw %}{#",
    "'; reboot #",
    "$(reboot) `reboot` | reboot & reboot",
    "</script><b>",
    "é \u{1F600}",
    "",
];

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(&HOSTILE[..]).prop_map(str::to_owned),
        2 => any::<String>(),
        2 => prop::collection::vec(prop::sample::select(&HOSTILE[..]), 2..4).prop_map(|parts| parts.concat()),
        1 => prop::sample::select(&HOSTILE[..]).prop_map(|text| text.repeat(2_000)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_field_changes_the_structure(texts in prop::collection::vec(hostile(), 1..24), id in hostile()) {
        check(HARMLESS, &texts)?;
        check(&format!("0190c7a4{id}"), &["x1".to_owned()])?;
    }
}

#[test]
fn each_hostile_text_is_one_text_or_refused() {
    let mut rendered = 0;
    for text in HOSTILE {
        rendered += check(HARMLESS, &[text.to_owned()]).unwrap();
    }
    assert!(rendered > TEMPLATES.len() * HOSTILE.len() / 2, "most are texts: {rendered}");
}

#[test]
fn the_templates_break_no_rule_with_harmless_bundles() {
    for template in TEMPLATES {
        let preview = folders(template).preview(bundle(HARMLESS, |_| "x1".to_owned()).to_string().as_bytes()).unwrap();
        assert!(preview.findings.is_empty(), "{}: {:?}", template.0, preview.findings);
    }
}

#[test]
fn a_command_gets_no_hostile_text() {
    for (index, text) in [(0, "x; reboot"), (10, "$(reboot)"), (10, "\" & reboot")] {
        let texts = |other: usize| if other == index { text.to_owned() } else { "x1".to_owned() };
        let id = if index == 0 { "a;reboot" } else { HARMLESS };
        let preview = folders(TEMPLATES[3]).preview(bundle(id, texts).to_string().as_bytes()).unwrap();
        let is_told = |found: &sheaf::template::Finding| {
            found.severity == Severity::Error && found.text.contains("(rule command_value)")
        };
        assert!(preview.findings.iter().any(is_told), "{text}: {:?}", preview.findings);
    }
}
