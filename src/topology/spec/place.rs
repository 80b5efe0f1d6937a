//! Places of a record, and conditions on them.

use crate::codec::json::Pointer;
use crate::codec::yaml::{Fields, Item, Value};
use crate::model::Headers;
use crate::processor::place::{Condition, Format, Literal, Place};

/// Reads a place: a JSON pointer into the value, `{ header: NAME }`, `{ key: text }`, `{ key: /pointer }` or `{ ce: ATTRIBUTE }`.
pub(super) fn place(item: &Item<'_>) -> Option<Place> {
    if !matches!(item.node().value, Value::Map(_)) {
        return item.parsed(Pointer::parse).map(Place::Value);
    }
    let mut fields = item.fields()?;
    let found = fields.at_least_one(&["header", "key", "ce"]);
    fields.finish();
    let [header, key, attribute] = <[Option<Item<'_>>; 3]>::try_from(found).ok()?;
    match (header, key, attribute) {
        (Some(header), None, None) => header.parsed(of_header),
        (None, Some(key), None) => key.parsed(of_key),
        (None, None, Some(name)) => name.parsed(of_attribute),
        (None, None, None) => None,
        (_, Some(other), _) | (_, None, Some(other)) => {
            other.problem("a place is a header, the key or an attribute", Some("keep one of them".to_owned()));
            None
        }
    }
}

fn of_attribute(name: &str) -> Result<Place, String> {
    if ["data", "data_base64"].contains(&name) {
        return Err(format!(
            "`{name}` is no attribute: a field of the data is a JSON pointer into it, such as `/order/id`"
        ));
    }
    if let Some(rest) = name.strip_prefix("ce_") {
        return Err(format!("`{name}` is the name of a header: write the attribute, `{rest}`"));
    }
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if is_name {
        return Ok(Place::Attribute(name.to_owned()));
    }
    Err(format!("`{name}` is not an attribute of a CloudEvent: their names have letters from a to z and digits only"))
}

/// Reads the key `format` of a source.
pub(super) fn format<'a>(fields: &mut Fields<'a>, source: &Item<'a>) -> Option<Format> {
    let formats = [("json", Format::Json), ("confluent", Format::Confluent), ("cloudevents", Format::CloudEvents)];
    let format = fields.item("format").map_or(Some(Format::Json), |item| item.word(&formats));
    if let Some(Format::Json | Format::Confluent) = format {
        refuse_attributes(source);
    }
    format
}

/// Refuses attributes as places anywhere in a source whose events are no `CloudEvents`.
fn refuse_attributes(item: &Item<'_>) {
    if let Value::List(_) = item.node().value {
        item.items().into_iter().flatten().for_each(|item| refuse_attributes(&item));
    }
    for entry in item.node().entries() {
        let below = item.below(&entry.key, &entry.node);
        match (&*entry.key, &entry.node.value) {
            ("ce", Value::Text(name) | Value::Loose(name)) => {
                let hint =
                    format!("add `format: cloudevents` to the source, or name the header: `{{ header: ce_{name} }}`");
                below.problem("only CloudEvents have attributes", Some(hint));
            }
            _ => refuse_attributes(&below),
        }
    }
}

fn of_header(name: &str) -> Result<Place, String> {
    let reserved = Headers::RESERVED_PREFIX;
    if name.starts_with(reserved) {
        return Err(format!(
            "headers that begin with `{reserved}` are sheaf's own: let the producer write it under another name"
        ));
    }
    Ok(Place::Header(name.to_owned()))
}

fn of_key(text: &str) -> Result<Place, String> {
    match text {
        "text" => Ok(Place::Key),
        _ => Pointer::parse(text).map(Place::KeyField).map_err(|_no_pointer| {
            format!("`{text}` is no place of the key: write `text` for the whole key, or a JSON pointer such as `/id` into it")
        }),
    }
}

/// Reads the conditions of a source.
pub(super) fn conditions(list: &Item<'_>) -> Option<Vec<Condition>> {
    let items = list.items()?;
    if items.is_empty() {
        list.problem("there is no condition", Some("write `- { at: /type, is: order.created }`".to_owned()));
    }
    let read: Vec<Option<Condition>> = items.iter().map(condition).collect();
    read.into_iter().collect()
}

fn condition(item: &Item<'_>) -> Option<Condition> {
    let mut fields = item.fields()?;
    let at = fields.required_item("at").and_then(|item| place(&item));
    let is = fields.required_item("is").and_then(|item| literals(&item));
    fields.finish();
    Some(Condition { at: at?, is: is? })
}

/// Reads a value, or a list of values.
fn literals(item: &Item<'_>) -> Option<Vec<Literal>> {
    if !matches!(item.node().value, Value::List(_)) {
        return literal(item).map(|literal| vec![literal]);
    }
    let items = item.items()?;
    if items.is_empty() {
        item.problem("there is no value, so that no record could be an event", Some("name at least one".to_owned()));
    }
    let read: Vec<Option<Literal>> = items.iter().map(literal).collect();
    read.into_iter().collect()
}

fn literal(item: &Item<'_>) -> Option<Literal> {
    match &item.node().value {
        Value::Text(text) | Value::Loose(text) => Some(Literal::Text(text.clone())),
        Value::Integer(number) => Some(Literal::Integer(*number)),
        Value::Bool(value) => Some(Literal::Boolean(*value)),
        Value::Null | Value::Float(_) | Value::List(_) | Value::Map(_) => {
            item.problem("a condition compares with a text, a whole number, `true` or `false`", None);
            None
        }
    }
}
