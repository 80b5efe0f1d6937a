//! The form of a person's task: what its result is, as a JSON Schema.

use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value};

use crate::codec::json::fields;

/// The field of a task with its form.
pub const FORM: &str = "form";

/// The most mistakes of a result that are told.
const MISTAKES_MAX: usize = 10;

/// A form: a JSON Schema of an object (<https://json-schema.org/draft/2020-12>, and the drafts before it by `$schema`).
#[derive(Clone, Debug)]
pub struct TaskForm {
    schema: Arc<Value>,
    /// The names of its properties, in their order.
    properties: Arc<[String]>,
    validator: Arc<Validator>,
}

impl TaskForm {
    /// Reads a form from its JSON text. Nothing is loaded from elsewhere, and patterns are those of the crate `regex`, in linear time.
    ///
    /// # Errors
    /// What is wrong: the text is no schema, refers to another document, or is one of something else than an object.
    pub fn parse(text: &str) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if schema.get("type").is_some_and(|kind| kind != "object") {
            return Err("a result is an object: write `type: object`".to_owned());
        }
        let options = jsonschema::options().should_validate_formats(true).with_pattern_options(PatternOptions::regex());
        let validator = options.build(&schema).map_err(|error| told(&error))?;
        let properties = names(text).unwrap_or_default().into();
        Ok(Self { schema: Arc::new(schema), properties, validator: Arc::new(validator) })
    }

    /// The schema.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// The names of its properties, in the order in which they are written.
    pub fn properties(&self) -> &[String] {
        &self.properties
    }

    /// Checks a result.
    ///
    /// # Errors
    /// Its mistakes, each with its place.
    pub fn check(&self, result: Map<String, Value>) -> Result<(), String> {
        let result = Value::Object(result);
        let mistakes: Vec<String> =
            self.validator.iter_errors(&result).take(MISTAKES_MAX).map(|it| told(&it)).collect();
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("; ")) }
    }
}

/// The names of the properties of a schema, in the order in which they are written.
fn names(text: &str) -> Option<Vec<String>> {
    let all = fields(text.as_bytes()).ok()?;
    let (_, properties) = all.into_iter().rev().find(|(name, _)| name == "properties")?;
    let properties = fields(properties.get().as_bytes()).ok()?;
    Some(properties.into_iter().map(|(name, _)| name).collect())
}

/// A mistake in words: its place, and what is wrong.
fn told(error: &jsonschema::ValidationError<'_>) -> String {
    let place = error.instance_path().as_str();
    if place.is_empty() { error.to_string() } else { format!("`{place}`: {error}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(form: &Value, result: Value) -> Result<(), String> {
        let Value::Object(result) = result else { unreachable!("a result is an object") };
        TaskForm::parse(&form.to_string()).unwrap().check(result)
    }

    #[test]
    fn a_result_is_checked_with_all_its_mistakes() {
        let form = json!({
            "type": "object",
            "properties": {
                "signed_by": { "type": "string", "minLength": 1 },
                "left_at": { "enum": ["door", "hand"] },
                "at": { "type": "string", "format": "date" },
            },
            "required": ["signed_by"],
            "additionalProperties": false,
        });
        assert_eq!(check(&form, json!({ "signed_by": "bob", "left_at": "door", "at": "2026-03-01" })), Ok(()));
        let mistakes = check(&form, json!({ "left_at": 7, "at": "soon", "x": 1 })).unwrap_err();
        for part in [
            "`/left_at`: 7 is not one of",
            "`/at`: \"soon\" is not a \"date\"",
            "'x'",
            "\"signed_by\" is a required property",
        ] {
            assert!(mistakes.contains(part), "{part} in {mistakes}");
        }
    }

    #[test]
    fn only_a_schema_of_an_object_that_needs_no_other_document_is_a_form() {
        let refused = |text: &str| TaskForm::parse(text).unwrap_err();
        assert!(refused("{").contains("EOF"), "{}", refused("{"));
        assert!(refused(r#"{"type": "string"}"#).contains("type: object"));
        assert!(refused(r#"{"properties": {"a": {"type": "text"}}}"#).contains("`/properties/a/type`"));
        assert!(!refused(r#"{"$ref": "http://127.0.0.1:1/form.json"}"#).is_empty());
        assert!(!refused(r#"{"$ref": "file:///etc/hostname"}"#).is_empty());
        assert!(!refused(r#"{"properties": {"a": {"pattern": "(a)\\1"}}}"#).is_empty(), "no references back");
    }

    #[test]
    fn a_long_text_that_patterns_of_backtracking_engines_take_for_ever_for_is_refused_at_once() {
        let form = json!({ "properties": { "a": { "pattern": "^(a+)+$" } } });
        check(&form, json!({ "a": format!("{}b", "a".repeat(100_000)) })).unwrap_err();
    }
}
