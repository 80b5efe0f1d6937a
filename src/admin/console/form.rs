//! The form of a person's task: a field for each property of its JSON Schema, and the result that they make.

use std::collections::BTreeMap;

use minijinja::{Value as View, context};
use serde_json::Value;
use serde_json::value::RawValue;

use super::api::field;

/// The beginning of the names of its fields.
pub(super) const PREFIX: &str = "field.";

/// A text that may be longer than this is edited in several lines, in characters.
const LINE_MAX: u64 = 200;

/// The form of a step that waits.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    schema: &'a Value,
    wait: &'a Value,
}

/// What a field is.
enum Kind {
    /// One of some values.
    Choice(Vec<Value>),
    /// A number; true for an integer.
    Number(bool),
    /// A text, as an input of this type.
    Text(&'static str),
    /// A text of several lines.
    Lines,
    /// JSON.
    Json,
}

impl<'a> Form<'a> {
    /// The form of what a flow waits for; `None` without one, or without fields.
    pub(super) fn of(wait: &'a Value) -> Option<Self> {
        let form = Self { schema: field(wait, "form"), wait };
        form.names().next().is_some().then_some(form)
    }

    fn names(self) -> impl Iterator<Item = &'a str> {
        field(self.wait, "form_fields").as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    fn property(self, name: &str) -> &'a Value {
        field(field(self.schema, "properties"), name)
    }

    fn is_required(self, name: &str) -> bool {
        field(self.schema, "required").as_array().is_some_and(|required| required.iter().any(|it| *it == *name))
    }

    /// Its fields, with what was sent before, or else their defaults.
    pub(super) fn fields(self, sent: &BTreeMap<String, String>) -> Vec<View> {
        let was_sent = sent.keys().any(|name| name.starts_with(PREFIX));
        let view = |name: &str| {
            let property = self.property(name);
            let kind = Kind::of(property);
            let text = |key: &str| field(property, key).as_str().map(str::to_owned);
            let value = match sent.get(&format!("{PREFIX}{name}")) {
                Some(value) => value.clone(),
                None if was_sent => String::new(),
                None => written(field(property, "default"), &kind),
            };
            let number = |key: &str| field(property, key).as_number().map(ToString::to_string);
            let shared = context! {
                name => format!("{PREFIX}{name}"),
                label => text("title").unwrap_or_else(|| name.to_owned()),
                help => text("description"),
                required => self.is_required(name),
                value,
            };
            let own = match &kind {
                Kind::Choice(values) => {
                    context! { choices => values.iter().map(|it| written(it, &kind)).collect::<Vec<_>>() }
                }
                Kind::Number(is_integer) => context! {
                    type => "number", step => if *is_integer { "1" } else { "any" }, min => number("minimum"), max => number("maximum"),
                },
                Kind::Text(kind) => {
                    context! { type => *kind, minlength => number("minLength"), maxlength => number("maxLength") }
                }
                Kind::Lines => context! { is_long => true },
                Kind::Json => context! { is_long => true, is_json => true },
            };
            context! { ..own, ..shared }
        };
        self.names().map(view).collect()
    }

    /// The result, as a JSON text: the properties whose fields are not empty.
    ///
    /// # Errors
    /// The fields that cannot be read.
    pub(super) fn result(self, sent: &BTreeMap<String, String>) -> Result<String, String> {
        let (mut result, mut mistakes) = (BTreeMap::new(), Vec::new());
        for name in self.names() {
            let Some(value) = sent.get(&format!("{PREFIX}{name}")).filter(|value| !value.is_empty()) else { continue };
            match read(value, &Kind::of(self.property(name))) {
                Ok(value) => drop(result.insert(name, value)),
                Err(why) => mistakes.push(format!("`{name}` {why}")),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes.join("; "));
        }
        serde_json::to_string(&result).map_err(|error| error.to_string())
    }
}

impl Kind {
    fn of(property: &Value) -> Self {
        if let Some(values) = field(property, "enum").as_array() {
            return Self::Choice(values.clone());
        }
        let types = field(property, "type");
        let is_type = |name: &str| {
            let mut others = types.as_array().into_iter().flatten().filter(|it| *it != "null");
            *types == *name || others.next().is_some_and(|only| *only == *name) && others.next().is_none()
        };
        let is_long = || {
            field(property, "maxLength").as_u64().is_some_and(|length| length > LINE_MAX)
                || *field(property, "format") == *"textarea"
        };
        if is_type("boolean") {
            Self::Choice(vec![Value::Bool(true), Value::Bool(false)])
        } else if is_type("integer") || is_type("number") {
            Self::Number(is_type("integer"))
        } else if !is_type("string") {
            Self::Json
        } else if is_long() {
            Self::Lines
        } else {
            Self::Text(match field(property, "format").as_str() {
                Some("date") => "date",
                Some("email") => "email",
                Some("uri") => "url",
                _ => "text",
            })
        }
    }
}

/// A value as it stands in its field.
fn written(value: &Value, kind: &Kind) -> String {
    match (value, kind) {
        (Value::Null, _) => String::new(),
        (Value::Bool(true), Kind::Choice(_)) => "yes".to_owned(),
        (Value::Bool(false), Kind::Choice(_)) => "no".to_owned(),
        (Value::String(text), _) => text.clone(),
        (other, Kind::Json) => serde_json::to_string_pretty(other).unwrap_or_default(),
        (other, _) => other.to_string(),
    }
}

/// The value of what was written in a field; a number keeps its digits. The error tells what is wrong with it.
fn read(text: &str, kind: &Kind) -> Result<Box<RawValue>, String> {
    let raw = |json: String| RawValue::from_string(json).map_err(|error| format!("is no JSON: {error}"));
    match kind {
        Kind::Choice(values) => {
            let found = values.iter().find(|value| written(value, kind) == text);
            raw(found.ok_or_else(|| "is none of its choices".to_owned())?.to_string())
        }
        Kind::Number(_) => {
            let text = text.trim();
            if text.parse::<serde_json::Number>().is_ok() {
                return raw(text.to_owned());
            }
            // HTML has more ways to write a number than JSON: `.5`, `03`.
            let number = text.parse::<i64>().map(serde_json::Number::from).ok();
            let number = number.or_else(|| serde_json::Number::from_f64(text.parse().ok()?));
            raw(number.ok_or_else(|| "is no number".to_owned())?.to_string())
        }
        Kind::Text(_) => raw(Value::from(text).to_string()),
        // Browsers send the ends of lines as those of mail.
        Kind::Lines => raw(Value::from(text.replace("\r\n", "\n")).to_string()),
        Kind::Json => raw(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wait() -> Value {
        json!({
            "step": "deliver",
            "form": {
                "type": "object",
                "properties": {
                    "signed_by": { "type": "string", "title": "Signed by", "description": "as on the paper", "maxLength": 80 },
                    "left_at": { "enum": ["door", "hand"], "default": "hand" },
                    "tip": { "type": ["number", "null"], "minimum": 0 },
                    "stairs": { "type": "integer" },
                    "cold": { "type": "boolean" },
                    "on": { "type": "string", "format": "date" },
                    "note": { "type": "string", "maxLength": 2_000 },
                    "bags": { "type": "array", "items": { "type": "string" }, "default": [] },
                },
                "required": ["signed_by"],
            },
            "form_fields": ["signed_by", "left_at", "tip", "stairs", "cold", "on", "note", "bags"],
        })
    }

    fn sent(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
        fields.iter().map(|(name, value)| (format!("{PREFIX}{name}"), (*value).to_owned())).collect()
    }

    #[test]
    fn each_property_is_a_field_in_the_order_of_the_schema() {
        let wait = wait();
        let fields = serde_json::to_value(Form::of(&wait).unwrap().fields(&BTreeMap::new())).unwrap();
        let fields = fields.as_array().unwrap();
        let labels: Vec<&str> = fields.iter().map(|it| it["label"].as_str().unwrap()).collect();
        assert_eq!(labels, ["Signed by", "left_at", "tip", "stairs", "cold", "on", "note", "bags"]);
        let types: Vec<&Value> = fields.iter().map(|it| &it["type"]).collect();
        let none = &Value::Null;
        assert_eq!(types, [&json!("text"), none, &json!("number"), &json!("number"), none, &json!("date"), none, none]);
        let required: Vec<bool> = fields.iter().map(|it| it["required"].as_bool().unwrap()).collect();
        assert_eq!(required, [true, false, false, false, false, false, false, false]);
        assert_eq!((&fields[0]["help"], &fields[0]["maxlength"]), (&json!("as on the paper"), &json!("80")));
        assert_eq!((&fields[1]["choices"], &fields[1]["value"]), (&json!(["door", "hand"]), &json!("hand")));
        assert_eq!(
            (&fields[2]["min"], &fields[2]["step"], &fields[3]["step"]),
            (&json!("0"), &json!("any"), &json!("1"))
        );
        assert_eq!(fields[4]["choices"], json!(["yes", "no"]));
        assert_eq!(
            (&fields[6]["is_long"], &fields[7]["is_json"], &fields[7]["value"]),
            (&json!(true), &json!(true), &json!("[]"))
        );
    }

    #[test]
    fn the_result_has_the_fields_that_are_not_empty_with_the_types_of_the_schema() {
        let wait = wait();
        let form = Form::of(&wait).unwrap();
        let all = sent(&[
            ("signed_by", "12"),
            ("left_at", "door"),
            ("tip", "2.50 "),
            ("stairs", "3"),
            ("cold", "no"),
            ("on", "2026-03-01"),
            ("note", "two\r\nlines"),
            ("bags", r#"["a"]"#),
            ("of_another_form", "1"),
        ]);
        let expected = json!({
            "signed_by": "12", "left_at": "door", "tip": 2.5, "stairs": 3, "cold": false, "on": "2026-03-01", "note": "two\nlines", "bags": ["a"],
        });
        let text = form.result(&all).unwrap();
        assert!(text.contains("\"tip\":2.50"), "money keeps its digits: {text}");
        let result: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(result, expected);
        assert_eq!(form.result(&sent(&[("tip", ".5"), ("stairs", "03")])).unwrap(), r#"{"stairs":3,"tip":0.5}"#);
        assert_eq!(form.result(&sent(&[("signed_by", ""), ("cold", "yes")])).unwrap(), r#"{"cold":true}"#);
        let fields = serde_json::to_value(form.fields(&all)).unwrap();
        assert_eq!((&fields[1]["value"], &fields[4]["value"]), (&json!("door"), &json!("no")), "as they were sent");
        assert_eq!(
            serde_json::to_value(form.fields(&sent(&[("tip", "1")]))).unwrap()[1]["value"],
            json!(""),
            "emptied on purpose"
        );
    }

    #[test]
    fn fields_that_cannot_be_read_are_told_together() {
        let wait = wait();
        let refused =
            Form::of(&wait).unwrap().result(&sent(&[("left_at", "roof"), ("tip", "much"), ("bags", "[")])).unwrap_err();
        assert_eq!(refused.split("; ").count(), 3, "{refused}");
        assert!(
            refused.starts_with("`left_at` is none of its choices; `tip` is no number; `bags` is no JSON"),
            "{refused}"
        );
    }

    #[test]
    fn without_properties_there_is_no_form() {
        assert!(Form::of(&json!({ "step": "a", "form": null, "form_fields": null })).is_none());
        assert!(Form::of(&json!({ "step": "a", "form": {}, "form_fields": [] })).is_none());
    }
}
