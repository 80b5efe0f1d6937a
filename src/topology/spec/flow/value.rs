//! Values with expressions: a text that begins with `= ` is an expression, everything else is itself.

use std::fmt::Write as _;

use crate::codec::yaml::{Item, Value};
use crate::template::{Expression, Template};
use crate::topology::spec::expression;

/// The beginning of an expression.
const MARK: &str = "= ";

/// Reads a condition: an expression, with or without its mark.
pub(super) fn condition(item: &Item<'_>, variables: &[&str]) -> Option<Expression> {
    let text = item.text()?;
    expression::compile(item, text.strip_prefix(MARK).unwrap_or(text), variables)
}

/// Reads an object whose values may be expressions, as a template of its JSON text; `name` is its name in errors.
pub(super) fn object(item: &Item<'_>, (name, variables): (&str, &[&str])) -> Option<Template> {
    item.entries()?;
    let mut source = String::new();
    write(item, variables, &mut source)?;
    match Template::compile(name, &source) {
        Ok(template) => Some(template.with_percents()),
        Err(error) => {
            item.problem(error.to_string(), None);
            None
        }
    }
}

/// Appends the JSON text of a value, with its expressions as tags.
fn write(item: &Item<'_>, variables: &[&str], out: &mut String) -> Option<()> {
    match &item.node().value {
        Value::Map(_) => {
            out.push('{');
            let mut all = Some(());
            for (index, (key, value)) in item.entries()?.into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                literal(&serde_json::Value::from(key), out);
                out.push(':');
                all = write(&value, variables, out).and(all);
            }
            out.push('}');
            all
        }
        Value::List(_) => {
            out.push('[');
            let mut all = Some(());
            for (index, value) in item.items()?.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                all = write(value, variables, out).and(all);
            }
            out.push(']');
            all
        }
        Value::Text(text) | Value::Loose(text) => {
            if let Some(text) = text.strip_prefix(MARK) {
                let expression = expression::compile(item, text, variables)?;
                // Writing to a text does not fail.
                let (Ok(()) | Err(_)) = write!(out, "{{{{ ({}) | tojson }}}}", expression.text());
            } else {
                literal(&serde_json::Value::from(text.as_str()), out);
            }
            Some(())
        }
        Value::Null => {
            out.push_str("null");
            Some(())
        }
        Value::Bool(value) => {
            literal(&serde_json::Value::from(*value), out);
            Some(())
        }
        Value::Integer(number) => {
            literal(&serde_json::Value::from(*number), out);
            Some(())
        }
        Value::Float(number) => {
            literal(&serde_json::Value::from(*number), out);
            Some(())
        }
    }
}

/// A JSON text without braces in its strings, which could be taken for tags.
fn literal(value: &serde_json::Value, out: &mut String) {
    out.push_str(&value.to_string().replace('{', "\\u007b").replace('}', "\\u007d"));
}
