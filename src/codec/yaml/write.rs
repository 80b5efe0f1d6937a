//! JSON values as YAML, in block style.

use std::fmt::Write as _;

use serde_json::Value;

/// Words that YAML 1.1 or 1.2 take for another type.
const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// The value as YAML, with a line break at its end. Text is plain if it can be nothing else, and quoted as in JSON otherwise.
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    out
}

/// Writes a value whose first line is begun already; further lines are indented by so many levels.
fn block(out: &mut String, value: &Value, level: usize) {
    let indent = "  ".repeat(level);
    let mut is_first = true;
    let mut begin = |out: &mut String| {
        if !std::mem::take(&mut is_first) {
            out.push_str(&indent);
        }
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                begin(out);
                out.push_str("- ");
                block(out, item, level + 1);
            }
        }
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                begin(out);
                let is_nested = matches!(value, Value::Array(items) if !items.is_empty())
                    || matches!(value, Value::Object(members) if !members.is_empty());
                out.push_str(&scalar(key));
                out.push(':');
                if is_nested {
                    out.push('\n');
                    out.push_str(&"  ".repeat(level + 1));
                } else {
                    out.push(' ');
                }
                block(out, value, level + 1);
            }
        }
        Value::String(text) => line(out, &scalar(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            line(out, &value.to_string());
        }
    }
}

fn line(out: &mut String, text: &str) {
    // Writing to a text does not fail.
    let (Ok(()) | Err(_)) = writeln!(out, "{text}");
}

fn scalar(text: &str) -> String {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_word { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Node, Value as Yaml, parse};
    use super::*;

    fn back(node: &Node) -> Value {
        match &node.value {
            Yaml::Null => Value::Null,
            Yaml::Bool(value) => (*value).into(),
            Yaml::Integer(value) => (*value).into(),
            Yaml::Float(value) => (*value).into(),
            Yaml::Text(text) | Yaml::Loose(text) => text.clone().into(),
            Yaml::List(nodes) => nodes.iter().map(back).collect(),
            Yaml::Map(entries) => {
                entries.iter().map(|it| (it.key.clone(), back(&it.node))).collect::<serde_json::Map<_, _>>().into()
            }
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let texts = [
            "", "a", "yes", "No", "null", "1", "1.5", "0x1", "- a", "a: b", "#", " a", "é", "\u{1b}", "\n", "~", "'",
            "\"", "a b", "*a", "${env:X}",
        ];
        let value = json!([
            { "a": 1, "b": { "c": [1, [2, { "d": null }], []], "e": {} }, "f g": true, "no": -1.5 },
            texts,
            [],
            [[], [["x"]]],
            "text",
        ]);
        let text = write(&value);
        assert_eq!(back(&parse("t", &text).unwrap()), value, "{text}");
    }
}
