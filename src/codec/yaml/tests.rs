//! Tests of the YAML readers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Collector, Item, Node, Position, Problems, Read, TEXT_BYTES_MAX, Value, parse};

fn read<T>(text: &str, reader: impl FnOnce(&Item<'_>) -> Option<T>) -> Result<T, Problems> {
    let tree = parse("test.yaml", text)?;
    let collector = Collector::default();
    let value = reader(&Item::root(&tree, &collector));
    collector.finish(&tree.at, value)
}

fn field<T: Read>(text: &str) -> Result<T, Problems> {
    read(text, |root| {
        let mut fields = root.fields()?;
        let value = fields.required("a");
        fields.finish();
        value
    })
}

#[test]
fn a_misspelt_key_is_quoted_with_its_line_and_a_hint() {
    let text = "name: x\nbundle: { children: 1, slo: 24h }\n";
    let problems = read(text, |root| {
        let mut fields = root.fields()?;
        let name: Option<String> = fields.required("name");
        let mut bundle = fields.required_item("bundle")?.fields()?;
        let children: Option<u32> = bundle.required_item("children").and_then(|item| item.integer(1..=9));
        let sla: Option<Duration> = bundle.item("sla").and_then(|item| item.read());
        bundle.finish();
        fields.finish();
        Some((name, children, sla))
    })
    .unwrap_err();
    assert_eq!(
        problems.to_string(),
        "test.yaml:2:24: bundle.slo: this key is unknown\n   \
         2 | bundle: { children: 1, slo: 24h }\n     \
         |                        ^^^ did you mean `sla`?"
    );
}

#[test]
fn all_problems_are_reported_in_the_order_of_the_text() {
    let problems = read("a: [1]\nb: 5\nc: maybe\n", |root| {
        let mut fields = root.fields()?;
        let c = fields.required_item("c").and_then(|item| item.word(&[("yes", true), ("no", false)]));
        let b: Option<Duration> = fields.required("b");
        let a: Option<String> = fields.required("a");
        let d: Option<String> = fields.required("d");
        Some((a?, b?, c?, d?))
    })
    .unwrap_err();
    let messages: Vec<String> =
        problems.iter().map(|problem| format!("{} {}", problem.path, problem.message)).collect();
    assert_eq!(
        messages,
        [
            "d this key is required and missing",
            "a expected a text, found a list",
            "b expected a duration, found the number 5",
            "c expected one of `yes`, `no`, found `maybe`",
        ]
    );
}

#[test]
fn of_several_keys_one_is_required() {
    let which = |text| {
        read(text, |root| {
            let mut fields = root.fields()?;
            let found = fields.at_least_one(&["a", "b"]);
            fields.finish();
            Some(found.iter().map(Option::is_some).collect::<Vec<bool>>())
        })
    };
    assert_eq!(which("b: 1\n").unwrap(), [false, true]);
    assert_eq!(which("a: 1\nb: 1\n").unwrap(), [true, true]);
    let missing = which("a:\n").unwrap_err().to_string();
    assert!(missing.contains("test.yaml:1:1: a: this key is required and missing"), "{missing}");
    assert!(missing.contains("add `a: ..` or `b: ..`"), "{missing}");
}

#[test]
fn a_syntax_error_has_line_and_column() {
    let problems = parse("test.yaml", "a: 1\nb: [1, 2\n").unwrap_err().to_string();
    assert!(problems.starts_with("test.yaml:3:1: this is not valid YAML: "), "{problems}");
}

#[test]
fn a_key_twice_in_one_map_is_an_error() {
    let problems = parse("test.yaml", "a: 1\nb: 2\na: 3\n").unwrap_err().to_string();
    assert!(problems.starts_with("test.yaml:3:1: this is not valid YAML: duplicated key"), "{problems}");
}

#[test]
fn a_second_document_and_a_tag_are_refused() {
    assert!(parse("test.yaml", "a: 1\n---\na: 2\n").unwrap_err().to_string().contains("a second document"));
    for tagged in ["a: !secret x\n", "a: !secret [x]\n"] {
        assert!(parse("test.yaml", tagged).unwrap_err().to_string().contains("a tag"), "{tagged}");
    }
}

#[test]
fn alias_expansion_is_limited() {
    let mut lines = vec!["l0: &l0 [x, x, x, x, x, x, x, x, x, x]".to_owned()];
    for level in 1..9 {
        let aliases = vec![format!("*l{}", level - 1); 10].join(", ");
        lines.push(format!("l{level}: &l{level} [{aliases}]"));
    }
    let problems = parse("test.yaml", &lines.join("\n")).unwrap_err().to_string();
    assert!(problems.contains("alias expansion") || problems.contains("more than 10000"), "{problems}");
}

#[test]
fn deep_nesting_is_an_error_and_not_a_stack_overflow() {
    for text in ["[".repeat(50_000), "{a: ".repeat(50_000), "- ".repeat(50_000), "? ".repeat(50_000)] {
        parse("test.yaml", &text).unwrap_err();
    }
    let stairs: Vec<String> = (0..600).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(parse("test.yaml", &stairs.concat()).unwrap_err().to_string().contains("indented by"));
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let text = "#".repeat(TEXT_BYTES_MAX + 1);
    assert!(parse("test.yaml", &text).unwrap_err().to_string().contains("bytes"));
}

#[test]
fn an_empty_file_is_an_empty_map() {
    for text in ["", "# nothing but a comment\n", "---\n"] {
        assert_eq!(parse("test.yaml", text).unwrap().value, Value::Map(Vec::new()), "{text:?}");
    }
}

#[test]
fn a_duration_needs_a_unit() {
    assert_eq!(field::<Duration>("a: 24h").unwrap(), Duration::from_hours(24));
    assert_eq!(field::<Duration>("a: 1h30m5s100ms").unwrap(), Duration::from_millis(5_405_100));
    assert_eq!(field::<Duration>("a: 7d").unwrap(), Duration::from_hours(7 * 24));
    for wrong in ["a: 24", "a: h", "a: 24 h", "a: 1.5h", "a: -1s", "a: ''", "a: 99999999999999999999d", "a: 1w"] {
        field::<Duration>(wrong).unwrap_err();
    }
}

#[test]
fn a_property_may_be_a_number_or_a_boolean() {
    let map: BTreeMap<String, String> = field("a: { linger.ms: 5, ssl: true, x: y }").unwrap();
    assert_eq!(map.values().map(String::as_str).collect::<Vec<_>>(), ["5", "true", "y"]);
}

#[test]
fn a_secret_is_not_shown_with_its_line() {
    let text = "a: { api_key: \"hunter2, and\", sasl.password: hunter2, wrong: 1 }";
    let shown = field::<String>(text).unwrap_err().to_string();
    assert!(!shown.contains("hunter2") && shown.contains("wrong: 1"), "{shown}");
}

#[test]
fn an_override_keeps_its_origin() {
    let mut tree = parse("test.yaml", "a: { b: 1, c: 2 }").unwrap();
    let over = Node { value: Value::Loose("x".to_owned()), at: Position::named("SHEAF_A__B") };
    tree.merge(over.under(&["a", "b"]));
    let collector = Collector::default();
    let node = tree.get("a").and_then(|a| a.get("b")).unwrap();
    let number: Option<u32> = Item::root(node, &collector).integer(0..=9);
    let problems = collector.finish(&tree.at, number).unwrap_err();
    assert_eq!(problems.to_string(), "SHEAF_A__B: expected a whole number from 0 to 9, found `x`");
    assert_eq!(tree.get("a").and_then(|a| a.get("c")).unwrap().value, Value::Integer(2));
}

#[test]
fn the_hint_for_an_unrecognizable_key_lists_the_known_keys() {
    let problems = field::<String>("a: x\nzebra: 1\n").unwrap_err().to_string();
    assert!(problems.contains("known keys: `a`"), "{problems}");
}
