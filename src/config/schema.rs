//! The table of fields as JSON Schema, for editors.

use serde_json::{Map, Value, json};

use super::FIELDS;
use super::field::{Default, Field, Kind};

/// The JSON Schema of a configuration file. A file may lack a required field, because a later one or a variable may have it.
pub fn json_schema() -> Value {
    let fields: Vec<(&str, &Field)> = FIELDS.iter().map(|field| (field.path, field)).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of sheaf",
        "type": "object",
        "additionalProperties": false,
        "properties": properties(&fields),
    })
}

/// The properties of a section, whose fields have these paths below it.
fn properties(fields: &[(&str, &Field)]) -> Map<String, Value> {
    let mut all = Map::new();
    for (path, field) in fields {
        let Some((section, _)) = path.split_once('.') else {
            all.insert((*path).to_owned(), of(field).into());
            continue;
        };
        if !all.contains_key(section) {
            let below = fields.iter().filter_map(|(path, field)| {
                let rest = path.strip_prefix(section)?.strip_prefix('.')?;
                Some((rest, *field))
            });
            let below: Vec<(&str, &Field)> = below.collect();
            let section_of =
                json!({ "type": "object", "additionalProperties": false, "properties": properties(&below) });
            all.insert(section.to_owned(), section_of);
        }
    }
    all
}

fn of(field: &Field) -> Map<String, Value> {
    let schema = match field.kind {
        Kind::Integer(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Duration => json!({ "type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))+$" }),
        Kind::Paths | Kind::List => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Map => json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } }),
        Kind::Tree => json!({ "type": ["object", "array"] }),
        Kind::Text | Kind::Name | Kind::Reference | Kind::Address | Kind::Zone | Kind::Path => {
            json!({ "type": "string" })
        }
    };
    let mut schema = if let Value::Object(schema) = schema { schema } else { Map::new() };
    schema.insert("description".to_owned(), field.doc.into());
    if let Default::Value(text) = field.default {
        let number = matches!(field.kind, Kind::Integer(..)).then(|| text.parse::<i64>().ok()).flatten();
        schema.insert("default".to_owned(), number.map_or_else(|| text.into(), Value::from));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_in_the_schema_and_nothing_else_is_allowed() {
        let schema = json_schema();
        for field in FIELDS.iter() {
            let pointer = field.path.split('.').fold(String::new(), |at, key| format!("{at}/properties/{key}"));
            let found = schema.pointer(&pointer).unwrap_or_else(|| panic!("{} is missing", field.path));
            assert_eq!(found["description"], field.doc);
            let parent = pointer.rsplit_once("/properties/").unwrap().0;
            assert_eq!(schema.pointer(parent).unwrap()["additionalProperties"], false, "{}", field.path);
        }
        assert_eq!(schema.pointer("/properties/partitions/default"), Some(&4.into()));
    }
}
