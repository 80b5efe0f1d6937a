//! Tests of rendering, with hostile values.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{At, Error, Payload, Template};

fn render(source: &str, context: &Value) -> Result<String, Error> {
    Template::compile("t.json", source).unwrap().render(context).map(|rendered| rendered.text)
}

fn value(source: &str, context: &Value) -> Value {
    serde_json::from_str(&render(source, context).unwrap()).unwrap()
}

#[test]
fn a_plain_value_inside_quotes_is_unchanged() {
    assert_eq!(render(r#"{"a": "{{ x }}"}"#, &json!({"x": "smprod"})).unwrap(), r#"{"a": "smprod"}"#);
}

#[test]
fn numbers_and_booleans_are_allowed_inside_and_outside_quotes() {
    let source = r#"{"a": {{ n }}, "b": {{ t }}, "c": "{{ n }}-{{ t }}", "d": {{ f }}}"#;
    let text = render(source, &json!({"n": 14, "t": true, "f": 1.5})).unwrap();
    assert_eq!(text, r#"{"a": 14, "b": true, "c": "14-true", "d": 1.5}"#);
}

#[test]
fn hostile_text_stays_inside_its_string() {
    for hostile in [
        r#"1","RunAs":"root"#,
        "two\nlines\r\n\ttab",
        r#"back\slash and "quotes""#,
        "\u{0}\u{1}\u{1f}\u{7f}\u{2028}",
        "{{ server }} {% for x in y %} {# #}",
        "ünïcödé 漢字 \u{1F600}",
        "\u{FDD0}\u{FDD1}\u{FDD2}",
        "\\",
        "",
        "50 % of 7%",
    ] {
        let context = json!({"x": hostile});
        let quoted = value(r#"{"a": "-{{ x }}-", "b": {{ x | tojson }}, "c": {{ [x] }}}"#, &context);
        assert_eq!(quoted, json!({"a": format!("-{hostile}-"), "b": hostile, "c": [hostile]}));
    }
}

#[test]
fn any_text_outside_quotes_is_refused() {
    for text in ["1", "true", r#"{"RunAs":"root"}"#, r#"1,"RunAs":"root""#, "[]"] {
        let error = render(r#"{"a": {{ x }}}"#, &json!({"x": text})).unwrap_err();
        assert_eq!(error.kind(), "misplaced", "{error}");
    }
}

#[test]
fn a_whole_value_inside_quotes_is_refused() {
    for source in [r#"{"a": "{{ x | tojson }}"}"#, r#"["{{ x | tojson }}"]"#, r#"{"a": "{{ none }}"}"#] {
        let error = render(source, &json!({"x": ","})).unwrap_err();
        assert_eq!(error.kind(), "misplaced", "{error}");
    }
}

#[test]
fn a_value_after_a_backslash_is_refused() {
    let error = render(r#"{"a": "C:\{{ x }}"}"#, &json!({"x": "\"temp"})).unwrap_err();
    assert_eq!(error.kind(), "misplaced", "{error}");
    assert_eq!(value(r#"{"a": "C:\\{{ x }}"}"#, &json!({"x": "temp"})), json!({"a": "C:\\temp"}));
}

#[test]
fn a_comma_between_members_may_come_from_an_expression() {
    let source = r#"{"a": [{% for x in xs %}"{{ x }}"{{ ", " if not loop.last }}{% endfor %}]}"#;
    assert_eq!(value(source, &json!({"xs": ["a", "b"]})), json!({"a": ["a", "b"]}));
}

#[test]
fn macros_and_blocks_are_escaped_once() {
    let source = r#"{% macro job(n) %}"job-{{ n }}"{% endmacro %}{% set s %}<{{ x }}>{% endset %}
        {"a": {{ job(x) }}, "b": "{{ s }}"}"#;
    assert_eq!(value(source, &json!({"x": "q\"q"})), json!({"a": "job-q\"q", "b": "<q\"q>"}));
}

#[test]
fn filters_that_pass_text_unescaped_do_not_exist() {
    for filter in ["safe", "escape", "e"] {
        let compiled = Template::compile("t.json", &format!(r#"{{"a": "{{{{ x | {filter} }}}}"}}"#));
        let error = compiled.and_then(|template| template.render(&json!({"x": "\"", "n": 1}))).unwrap_err();
        assert!(error.to_string().contains(filter), "{error}");
    }
    let off = r#"{"a": "{% autoescape false %}{{ x }}{% endautoescape %}"}"#;
    assert_eq!(value(off, &json!({"x": "\",\"b\":\""})), json!({"a": "\",\"b\":\""}));
}

#[test]
fn a_control_m_variable_in_a_value_is_refused_by_name() {
    let source = "{\n\"a\": \"{{ parent.description }}\"}";
    let error = render(source, &json!({"parent": {"description": "%%$ODATE"}})).unwrap_err();
    assert_eq!(
        error,
        Error::Injection {
            at: At { template: "t.json".into(), line: 2, rendered: false },
            expression: "`parent.description`".into()
        }
    );
    let nested = render(r#"{"a": {{ parent | tojson }}}"#, &json!({"parent": {"description": "%%X"}})).unwrap_err();
    assert_eq!(nested.kind(), "injection", "{nested}");
}

#[test]
fn a_control_m_variable_cannot_be_composed_of_two_values() {
    for source in [r#"{"a": "%{{ x }}"}"#, r#"{"a": "{{ x }}{{ x }}"}"#, r#"{"a": "{{ y }}%X"}"#] {
        let error = render(source, &json!({"x": "%X", "y": "a%"})).err();
        let kind = error.as_ref().map(Error::kind);
        assert_eq!(kind, if source.contains("x }}{{") { None } else { Some("injection") }, "{source}: {error:?}");
    }
    let error = render(r#"{"a": "{{ x }}{{ x }}"}"#, &json!({"x": "%"})).unwrap_err();
    assert_eq!(error.kind(), "injection", "{error}");
}

#[test]
fn a_template_may_name_a_control_m_variable_itself() {
    assert_eq!(value(r#"{"a": "%%JOBNAME {{ x }}"}"#, &json!({"x": "5%"})), json!({"a": "%%JOBNAME 5%"}));
}

#[test]
fn a_missing_variable_is_named_with_its_line() {
    for (source, expression) in [
        ("{\n\"a\": \"{{ nothing }}\"}", "nothing"),
        ("{\n\"a\": \"{{ parent.nothing }}\"}", "parent.nothing"),
        ("{\n\"a\": {{ parent.nothing.more | tojson }}}", "parent.nothing.more"),
    ] {
        let error = render(source, &json!({"parent": {}})).unwrap_err();
        assert_eq!(error.kind(), "undefined", "{error}");
        let message = error.to_string();
        assert!(message.starts_with("template t.json, line 2: ") && message.contains(expression), "{message}");
    }
}

#[test]
fn an_endless_template_is_ended() {
    let source = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}{}";
    assert_eq!(render(source, &json!({})).unwrap_err().kind(), "fuel");
    let source = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}";
    assert_eq!(render(source, &json!({})).unwrap_err().kind(), "evaluation");
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    let error = render(r#"{"a": "{{ x }}"}"#, &json!({"x": "x".repeat(super::TEXT_BYTES_MAX)})).unwrap_err();
    assert_eq!(error.kind(), "too_large");
}

#[test]
fn a_syntax_error_has_name_and_line() {
    let error = Template::compile("b.json", "{\n{% if %}").unwrap_err();
    assert!(error.to_string().starts_with("template b.json, line 2: "), "{error}");
    assert_eq!(error.kind(), "syntax");
    assert_eq!(Template::compile("b.json", "{}\n\u{FDD1}").unwrap_err().kind(), "syntax");
}

#[test]
fn the_result_is_one_object_without_a_duplicate_key() {
    for source in
        ["[]", "1", "", "{} {}", r#"{"a": 1,}"#, r#"{"a": 1, "a": 2}"#, r#"{"x": [{"b": {"a": 1, "\u0061": 2}}]}"#]
    {
        let error = render(source, &json!({})).unwrap_err();
        assert_eq!(error.kind(), "invalid_json", "{source}: {error}");
    }
    let error = render("{\"a\": 1,\n\"{{ x }}\": 2}", &json!({"x": "a"})).unwrap_err();
    assert!(error.to_string().contains("line 2 of the rendered text") && error.to_string().contains("`a`"), "{error}");
}

#[test]
fn the_revision_depends_on_the_source_only() {
    let one = Template::compile("one", "{}").unwrap();
    assert_eq!(one.revision(), Template::compile("two", "{}").unwrap().revision());
    assert_ne!(one.revision(), Template::compile("one", "{ }").unwrap().revision());
    assert_eq!(one.revision(), "56bd00e89408", "as uuid.uuid5 of Python gives it");
}

/// The shape of the original parent template: a folder with a parent job, an application job that waits for the child's
/// event, and an SLA job, in a flow; all placeholders stand inside quotes.
const PARENT: &str = r#"{
  "folder-{{parentid}}": {
    "Type": "Folder", "ControlmServer": "{{server_name}}", "OrderMethod": "Manual",
    "prnt-{{parentid}}": {"Type": "Job:Command", "Command": "echo Parent {{parentid}}", "pool": {"Type": "Resource:Pool", "Quantity": "1"}},
    "appl-{{parentid}}": {"Type": "Job:Command", "Command": "echo done",
      "wait": {"Type": "WaitForEvents", "Events": [{"Event": "child-{{parentid}}"}]},
      "clear": {"Type": "DeleteEvents", "Events": [{"Event": "child-{{parentid}}"}]},
      "failed": {"Type": "If", "CompletionStatus": "NOTOK", "mail": {"Type": "Mail", "To": "ops@example.com", "Message": "%%JOBNAME failed"}}},
    "service-{{parentid}}": {"Type": "Job:SLAManagement", "ServiceName": "Service parent-id {{parentid}}", "CompleteIn": {"Time": "{{ctmsla}}"}},
    "flowParent": {"Type": "Flow", "Sequence": ["prnt-{{parentid}}", "appl-{{parentid}}", "service-{{parentid}}"]}
  }
}"#;

/// The shape of the original child template: a folder of its own whose job adds the event.
const CHILD: &str = r#"{
  "folder-{{parentid}}-child": {
    "Type": "Folder", "ControlmServer": "{{server_name}}",
    "child-{{parentid}}": {"Type": "Job:Command", "Command": "echo Child",
      "add": {"Type": "AddEvents", "Events": [{"Event": "child-{{parentid}}"}]}}
  }
}"#;

/// The shape of the original template for an orphan: it waits for parent and child.
const NO_PARENT: &str = r#"{
  "folder-{{parentid}}": {
    "Type": "Folder", "ControlmServer": "{{server_name}}",
    "appl-{{parentid}}": {"Type": "Job:Command", "Command": "echo done",
      "wait": {"Type": "WaitForEvents", "Events": [{"Event": "parent-{{parentid}}"}, {"Event": "child-{{parentid}}"}]}}
  }
}"#;

#[test]
fn the_shapes_of_the_three_original_templates_render() {
    let id = "0190c7a4-5b1e-4c5e-9d3e-1f2a3b4c5d6e";
    let context = json!({
        "server_name": "smprod", "retention_days": 14, "job_name": format!("prnt-{id}"), "parentid": id,
        "ctmsla": "23:59", "parent_job_name": format!("prnt-{id}"),
    });
    for source in [PARENT, CHILD, NO_PARENT] {
        let by_hand =
            source.replace("{{parentid}}", id).replace("{{server_name}}", "smprod").replace("{{ctmsla}}", "23:59");
        assert_eq!(render(source, &context).unwrap(), by_hand);
    }
    let hostile = json!({
        "server_name": r#"1","RunAs":"root"#, "parentid": "x\"},\"y\":{\"z", "ctmsla": "\"}",
    });
    for source in [PARENT, CHILD, NO_PARENT] {
        let rendered = value(source, &hostile);
        assert_eq!(rendered.as_object().map(serde_json::Map::len), Some(1), "no key was added");
        assert!(!rendered.to_string().contains(r#""RunAs":"#), "{rendered}");
    }
}

proptest! {
    #[test]
    fn any_text_comes_back_as_it_was(text in any::<String>()) {
        let source = r#"{"quoted": "{{ x }}", "whole": {{ x | tojson }}, "{{ x }}-key": 1}"#;
        match render(source, &json!({"x": text})) {
            Ok(rendered) => {
                let mut expected = json!({"quoted": text, "whole": text});
                expected[format!("{text}-key")] = json!(1);
                prop_assert_eq!(serde_json::from_str::<Value>(&rendered).unwrap(), expected);
            }
            Err(error) => prop_assert!(text.contains("%%"), "{}", error),
        }
    }
}

#[test]
fn a_replaced_template_reaches_its_clones_and_not_what_was_fixed() {
    let template = Template::compile("t", r#"{"a": 1}"#).unwrap();
    let (clone, fixed) = (template.clone(), template.fixed());
    assert!(!template.replace(&Template::compile("t", r#"{"a": 1}"#).unwrap()), "it is the same");
    assert!(template.replace(&Template::compile("t", r#"{"a": 2}"#).unwrap()));
    let text = |template: &Template| template.render(&()).unwrap().text;
    assert_eq!((text(&clone), text(&fixed)), (r#"{"a": 2}"#.to_owned(), r#"{"a": 1}"#.to_owned()));
    assert_eq!(clone.revision(), template.revision());
    assert_ne!(fixed.revision(), template.revision());
}

/// Renders a template with `parent` as a payload of this JSON text.
fn with_parent(source: &str, parent: &str) -> Result<String, Error> {
    let parent: Payload = serde_json::from_str(parent).unwrap();
    Template::compile("t.json", source)
        .unwrap()
        .render(&std::collections::BTreeMap::from([("parent", parent)]))
        .map(|rendered| rendered.text)
}

const NUMBERS: &str = r#"{"z":10.10,"account":123456789012345678901234567890,"a":[0.1000,1E5,-0,100.00],"big":18446744073709551616,"low":-9223372036854775809,"long":1234567890123456789012345678901234567890,"huge":1e400,"x":0.30000000000000004,"n":7}"#;

#[test]
fn numbers_have_the_digits_that_were_sent() {
    let names = ["z", "account", "a[0]", "a[1]", "a[2]", "a[3]", "big", "low", "long", "huge", "x", "n"];
    let digits = [
        "10.10",
        "123456789012345678901234567890",
        "0.1000",
        "1E5",
        "-0",
        "100.00",
        "18446744073709551616",
        "-9223372036854775809",
        "1234567890123456789012345678901234567890",
        "1e400",
        "0.30000000000000004",
        "7",
    ];
    for (name, digits) in names.iter().zip(digits) {
        for (expression, expected) in [
            (format!(r#""{{{{ parent.{name} }}}}""#), format!("\"{digits}\"")),
            (format!("{{{{ parent.{name} | tojson }}}}"), digits.to_owned()),
            (format!(r#""{{{{ parent.{name} | string }}}}""#), format!("\"{digits}\"")),
            (format!(r#""{{{{ "EUR " ~ parent.{name} }}}}""#), format!("\"EUR {digits}\"")),
            (format!("{{% set y = parent.{name} %}}{{{{ y }}}}"), digits.to_owned()),
        ] {
            // A 64-bit parser cannot read what is beyond its range; Control-M is sent it as it is.
            let rendered = with_parent(&format!(r#"{{"a": {expression}}}"#), NUMBERS);
            if digits == "1e400" && !expected.starts_with('"') {
                assert_eq!(rendered.unwrap_err().kind(), "invalid_json");
                continue;
            }
            assert_eq!(rendered.unwrap(), format!(r#"{{"a": {expected}}}"#), "{expression}");
        }
    }
}

#[test]
fn an_object_keeps_the_order_of_its_fields_and_the_spelling_of_its_numbers() {
    let parent = r#"{"z":10.10,"a":{"y":[1E5,{"x":null,"b":"\u00e9\"","c":true}],"d":{}},"m":[]}"#;
    let written = r#"{"z":10.10,"a":{"y":[1E5,{"x":null,"b":"é\"","c":true}],"d":{}},"m":[]}"#;
    assert_eq!(with_parent(r#"{"a": {{ parent | tojson }}}"#, parent).unwrap(), format!(r#"{{"a": {written}}}"#));
    assert_eq!(with_parent(r#"{"a": {{ parent }}}"#, parent).unwrap(), format!(r#"{{"a": {written}}}"#));
}

#[test]
fn a_template_may_calculate_with_numbers_and_write_them_as_they_were_sent() {
    let source = r#"{
      "more": {{ parent.z > 10 }}, "less": {{ parent.z < parent.a[3] }}, "equal": {{ parent.z == 10.1 }},
      "twice": {{ parent.z * 2 }}, "sum": {{ parent.n + parent.account }}, "next": {{ parent.big + 1 }},
      "half": {{ parent.a | sum }}, "if": "{{ "dear" if parent.a[1] >= 100000 else "cheap" }}", "sent": {{ parent.z }},
      "list": {{ parent.a | tojson }}
    }"#;
    let parent = NUMBERS.replace(r#","huge":1e400"#, "");
    let text = with_parent(source, &parent).unwrap();
    let compact: String = text.split_whitespace().collect();
    let expected = r#"{"more":true,"less":true,"equal":true,"twice":20.2,"sum":123456789012345678901234567897,"next":18446744073709551617,"half":100100.1,"if":"dear","sent":10.10,"list":[0.1000,1E5,-0,100.00]}"#;
    assert_eq!(compact, expected);
}

#[test]
fn two_spellings_of_one_value_are_told_apart_or_refused() {
    let parent = r#"{"a":10.10,"b":10.100,"c":10.1}"#;
    let rendered = with_parent(r#"{"a": [{{ parent.a }}, {{ parent.b }}, {{ parent.c }}]}"#, parent).unwrap();
    assert_eq!(rendered, r#"{"a": [10.10, 10.100, 10.1]}"#);
    let error = with_parent(r#"{"a": {{ parent.a if parent.a < 11 else 0 }}}"#, parent).unwrap_err().to_string();
    assert!(error.contains("several spellings") && error.contains("| float"), "{error}");
    let converted = r#"{"a": {{ parent.a if parent.a | float < 11 else 0 }}}"#;
    assert_eq!(with_parent(converted, parent).unwrap(), r#"{"a": 10.10}"#);
}

#[test]
fn what_a_template_has_rendered_is_a_text_without_marks_and_escapes() {
    let parent = r#"{"a":"x\"y","n":10.10}"#;
    let text = r#"{"a":"x\"y","n":10.10}"#;
    for (expression, expected) in [
        ("{{ parent | tojson | tojson }}", text),
        ("{% set whole = parent | tojson %}\"{{ whole ~ '' }}\"", text),
        ("{% macro label(x) %}<{{ x }}>{% endmacro %}\"{{ label(parent.a) ~ '-1' }}\"", r#"<x"y>-1"#),
        ("{% set block %}{{ parent.a }}{% endset %}\"{{ block | upper }}\"", r#"X"Y"#),
        ("{% set block %}{{ parent.a }}{% endset %}{{ block | tojson }}", r#"x"y"#),
        ("{% set block %}{{ parent.a }}{% endset %}\"{{ block }}\"", r#"x"y"#),
    ] {
        let rendered = with_parent(&format!(r#"{{"a": {expression}}}"#), parent);
        let rendered = rendered.unwrap_or_else(|error| panic!("{expression}: {error}"));
        let rendered: Value = serde_json::from_str(&rendered).unwrap_or_else(|error| panic!("{rendered}: {error}"));
        assert_eq!(rendered["a"], expected, "{expression}");
    }
    for broken in ["block[:2]", "block | first"] {
        let source = format!(r#"{{% set block %}}{{{{ parent.a }}}}{{% endset %}}{{"a": "{{{{ {broken} }}}}"}}"#);
        let error = with_parent(&source, parent).unwrap_err().to_string();
        assert!(error.contains("a filter has changed that"), "{broken}: {error}");
    }
}

#[test]
fn a_text_with_the_marks_of_numbers_is_written_as_it_is() {
    let parent = "{\"a\":\"\u{FDD3}1\u{FDD4}2\u{FDD5}\",\"b\":10.10}";
    let rendered = with_parent(r#"{"a": "{{ parent.a }}", "b": {{ parent.b }}}"#, parent).unwrap();
    assert_eq!(rendered, "{\"a\": \"\u{FDD3}1\u{FDD4}2\u{FDD5}\", \"b\": 10.10}");
}

#[test]
fn what_a_template_cannot_hold_is_refused_when_it_is_read() {
    let read = |text: &str| serde_json::from_str::<Payload>(text).unwrap_err().to_string();
    assert!(read(r#"{"a":"\ud83d"}"#).contains("has a string that is not Unicode"));
    assert!(read(&["[".repeat(129), "]".repeat(129)].concat()).contains("nested deeper than 128"));
    assert!(serde_json::from_str::<Payload>(&["[".repeat(128), "]".repeat(128)].concat()).is_ok());
}
